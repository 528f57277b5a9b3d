"""The network as a networkx graph: topology questions and export."""

from __future__ import annotations

from typing import TYPE_CHECKING

import networkx as nx

if TYPE_CHECKING:
    from sim.model.network import Network


def to_digraph(network: Network, *, latent: bool = False) -> nx.DiGraph[str]:
    """Return `network` as a DiGraph; parallel arcs of several materials share one edge.

    Parameters
    ----------
    network : Network
    latent : bool
        Also include arcs without base flow.
    """
    graph: nx.DiGraph[str] = nx.DiGraph(name=network.name)
    for node in network.nodes.values():
        graph.add_node(
            node.id,
            stage=str(node.stage),
            country=node.country,
            sector=node.sector,
            planned_per_year=node.planned_per_year,
            capacity_per_year=node.capacity_per_year,
            activity_unit=node.activity_unit,
        )
    for arc in network.arcs:
        if arc.flow_t_per_year <= 0 and not latent:
            continue
        _add_flow(graph, arc.supplier, arc.customer, arc.material, arc.flow_t_per_year, arc.lead_time_days)
    for source in network.scrap:
        _add_flow(graph, source.scrap_of, source.node, source.material, 0.0, source.lifetime_days)
        graph.edges[source.scrap_of, source.node]["scrap"] = True
    return graph


def _add_flow(
    graph: nx.DiGraph[str], tail: str, head: str, material: str, flow_t_per_year: float, lead_time_days: float
) -> None:
    """Add one material's flow to the edge from `tail` to `head`, making it when it is new."""
    if not graph.has_edge(tail, head):
        graph.add_edge(
            tail, head, materials={}, flow_t_per_year=0.0, lead_time_days=lead_time_days, scrap=False
        )
    edge = graph.edges[tail, head]
    edge["materials"][material] = edge["materials"].get(material, 0.0) + flow_t_per_year
    edge["flow_t_per_year"] += flow_t_per_year
    edge["lead_time_days"] = min(edge["lead_time_days"], lead_time_days)
