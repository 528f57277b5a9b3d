"""What a network holds: totals, and the account of one node."""

from __future__ import annotations

from collections import Counter
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from sim.errors import NetworkError, suggestion

if TYPE_CHECKING:
    from sim.model.network import Arc, Network

Row = dict[str, Any]


def network_summary(network: Network) -> Row:
    """Return counts by stage and status, and a row for each material; ready for JSON.

    Returns
    -------
    dict
        name, year, counts, stages, countries, and materials: rows of material, basis, producers, users,
        flow_t_per_year, largest_supplier, largest_share, stockpiled_t.
    """
    used = [arc for arc in network.arcs if arc.flow_t_per_year > 0]
    stages = Counter(str(node.stage) for node in network.nodes.values())
    counts = {
        "nodes": len(network.nodes),
        "materials": len(network.materials),
        "countries": len(network.countries),
        "used_arcs": len(used),
        "latent_arcs": len(network.arcs) - len(used),
        "stockpiles": len(network.stockpiles),
        "scrap_sources": len(network.scrap),
    }
    head = {
        "network": network.name,
        "year": network.year,
        "tables_hash": network.tables_hash,
        "counts": counts,
    }
    materials = [_material_row(network, name, used) for name in sorted(network.materials)]
    return head | {"stages": dict(sorted(stages.items())), "materials": materials}


def _material_row(network: Network, material: str, used: list[Arc]) -> Row:
    flows = [arc for arc in used if arc.material == material]
    total = sum(arc.flow_t_per_year for arc in flows)
    by_country: dict[str, float] = {}
    for arc in flows:
        country = network.nodes[arc.supplier].country
        by_country[country] = by_country.get(country, 0.0) + arc.flow_t_per_year
    largest = max(sorted(by_country), key=lambda country: by_country[country], default="")
    return {
        "material": material,
        "basis": network.materials[material].basis,
        "producers": sum(1 for _ in network.suppliers_of(material)),
        "users": sum(1 for _ in network.users_of(material)),
        "flow_t_per_year": total,
        "largest_supplier": largest,
        "largest_share": by_country[largest] / total if total > 0 else 0.0,
        "stockpiled_t": sum(pile.opening_t for pile in network.stockpiles if pile.material == material),
    }


def node_account(network: Network, node: str) -> Row:
    """Return all that the network says of one node; ready for JSON.

    Returns
    -------
    dict
        The node's own fields, inputs (with suppliers and their flows) and outputs (with customers).

    Raises
    ------
    NetworkError
        If there is no such node.
    """
    if node not in network.nodes:
        raise NetworkError(f"'{node}' is not a node of this network{suggestion(node, network.nodes)}")
    found = network.nodes[node]
    incoming = [arc for arc in network.arcs if arc.customer == node]
    outgoing = [arc for arc in network.arcs if arc.supplier == node]
    skipped = ("inputs", "outputs", "stage", "status")
    own = {f.name: getattr(found, f.name) for f in fields(found) if f.name not in skipped}
    own |= {"stage": str(found.stage), "status": str(found.status)}
    inputs = [
        {
            "material": slot.material,
            "input_per_unit": slot.input_per_unit,
            "use_t_per_year": slot.input_per_unit * found.planned_per_year,
            "cover_days": slot.cover_days,
            "essential": slot.essential,
            "share": slot.share,
            "line": slot.line,
            "suppliers": _partners(incoming, slot.material, "supplier"),
        }
        for slot in found.inputs
    ]
    outputs = [
        {
            "material": port.material,
            "output_per_unit": port.output_per_unit,
            "output_t_per_year": port.output_per_unit * found.planned_per_year,
            "drives": port.drives,
            "disposable": port.disposable,
            "customers": _partners(outgoing, port.material, "customer"),
        }
        for port in found.outputs
    ]
    scrap = [
        {"scrap_of": s.scrap_of, "material": s.material, "collection": s.collection, "recovery": s.recovery}
        for s in network.scrap
        if s.node == node
    ]
    return own | {"inputs": inputs, "outputs": outputs, "scrap_sources": scrap}


def _partners(arcs: list[Arc], material: str, end: str) -> list[Row]:
    """Return the arcs of one material, largest flow first; latent ones are counted with flow 0."""
    chosen = sorted(
        (arc for arc in arcs if arc.material == material), key=lambda a: (-a.flow_t_per_year, a.key)
    )
    total = sum(arc.flow_t_per_year for arc in chosen)
    return [
        {
            end: getattr(arc, end),
            "flow_t_per_year": arc.flow_t_per_year,
            "share": arc.flow_t_per_year / total if total > 0 else 0.0,
            "lead_time_days": arc.lead_time_days,
            "evidence": str(arc.evidence),
        }
        for arc in chosen
    ]
