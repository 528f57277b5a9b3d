"""Base-year trade between countries: what maps and flow charts draw."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import networkx as nx
import numpy as np

if TYPE_CHECKING:
    from sim.model.network import Network


@dataclass(frozen=True, slots=True)
class CountryFlow:
    """Shipments of one material from a country to a country in the base year."""

    material: str
    origin: str
    destination: str
    t_per_year: float
    usd_per_year: float
    """At the reference price; 0 where there is none."""


def country_flows(network: Network, materials: tuple[str, ...]) -> list[CountryFlow]:
    """Return flows by material and pair of countries, own country included, largest value first."""
    sums: defaultdict[tuple[str, str, str], float] = defaultdict(float)
    chosen = set(materials)
    for arc in network.arcs:
        if arc.material in chosen and arc.flow_t_per_year > 0:
            ends = (network.nodes[arc.supplier].country, network.nodes[arc.customer].country)
            sums[arc.material, *ends] += arc.flow_t_per_year
    found = [
        CountryFlow(material, origin, destination, flow, flow * _price(network, material))
        for (material, origin, destination), flow in sums.items()
    ]
    return sorted(found, key=lambda f: (-f.usd_per_year, -f.t_per_year, f.material, f.origin, f.destination))


def _price(network: Network, material: str) -> float:
    price = network.materials[material].price_usd_per_t
    return price if np.isfinite(price) else 0.0


def in_order(network: Network, materials: tuple[str, ...]) -> list[str]:
    """Return materials from the ore to the good: each after what it is made from."""
    graph: nx.DiGraph[str] = nx.DiGraph()
    graph.add_nodes_from(sorted(materials))
    for node in network.nodes.values():
        if node.stage == "recycling":
            continue  # scrap leads back: the only circle
        graph.add_edges_from(
            (entry.material, output.material)
            for entry in node.inputs
            for output in node.outputs
            if entry.material in graph and output.material in graph and entry.material != output.material
        )
    return list(nx.lexicographical_topological_sort(graph))
