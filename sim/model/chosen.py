"""What disruptions and responses act on: end uses, arcs of a route, preferred customers, recyclers, slots."""

from __future__ import annotations

from collections.abc import Iterable

from sim.model.network import Arc, Input, Network, Node
from sim.model.scenario import (
    DemandRestraint,
    DemandSurge,
    MandatoryCover,
    PreferentialAllocation,
    RecyclingBoost,
    RouteClosure,
)
from sim.model.targets import nodes_of_target
from sim.vocab import Stage


def countries_of(network: Network, names: Iterable[str] | str) -> frozenset[str]:
    """Return the country codes that a list stands for; every country for ``all``.

    Raises
    ------
    NetworkError
        If a name is unknown.
    """
    if names == "all":
        return frozenset(network.countries)
    return frozenset(code for name in names for code in network.members(name))


def materials_of(network: Network, selectors: Iterable[str]) -> frozenset[str]:
    """Return the materials that a list of selectors stands for; every one for an empty list."""
    chosen = [name for selector in selectors for name in network.select_materials(selector)]
    return frozenset(chosen or network.materials)


def end_uses(network: Network, spec: DemandSurge | DemandRestraint) -> list[Node]:
    """Return the end uses whose demand changes."""
    nodes = nodes_of_target(network, spec.users) if spec.users is not None else list(network.nodes.values())
    return [n for n in nodes if n.is_end_use and (not spec.sectors or n.sector in spec.sectors)]


def closed_arcs(network: Network, spec: RouteClosure) -> list[Arc]:
    """Return the arcs, used and latent, that pass one of the closed chokepoints."""
    closed = set(spec.chokepoints)
    return [arc for arc in network.arcs if closed & set(arc.route)]


def detour_days(network: Network, spec: RouteClosure, arc: Arc) -> float | None:
    """Return the extra days of an arc's way round what is closed; None where there is no way round.

    One way round may avoid several closed places: the longest detour counts, they are not added.
    """
    closed = [name for name in arc.route if name in spec.chokepoints]
    if spec.detour_days is not None:
        return spec.detour_days
    if any(name not in network.detour_days for name in closed):
        return None
    return max(network.detour_days[name] for name in closed)


def preferred_arcs(network: Network, spec: PreferentialAllocation, arcs: Iterable[Arc]) -> list[Arc]:
    """Return those of `arcs` whose supplier prefers the customer."""
    suppliers, customers = countries_of(network, spec.suppliers), countries_of(network, spec.customers)
    materials = materials_of(network, spec.materials)
    return [
        arc
        for arc in arcs
        if arc.material in materials
        and network.nodes[arc.supplier].country in suppliers
        and network.nodes[arc.customer].country in customers
        and (not spec.sectors or network.nodes[arc.customer].sector in spec.sectors)
    ]


def covered_inputs(network: Network, spec: MandatoryCover) -> list[tuple[Node, Input]]:
    """Return the inputs whose cover is below what is mandated."""
    countries, materials = countries_of(network, spec.countries), materials_of(network, spec.materials)
    return [
        (node, entry)
        for node in network.nodes.values()
        if node.country in countries
        for entry in node.inputs
        if entry.material in materials and entry.cover_days < spec.cover_days
    ]


def recyclers(network: Network, spec: RecyclingBoost) -> list[Node]:
    """Return the recycling nodes that are boosted."""
    countries, materials = countries_of(network, spec.countries), materials_of(network, spec.materials)
    return [
        node
        for node in network.nodes.values()
        if node.stage is Stage.RECYCLING
        and node.country in countries
        and any(output.material in materials for output in node.outputs)
    ]
