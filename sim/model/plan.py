"""What a scenario adds to the network before it becomes arrays: detours, substitute inputs, stockpiles.

All additions are at rest in the baseline (no flow, no order), so that a scenario and its baseline share
one set of arrays and differ by their calendar alone.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass, replace
from statistics import median

from sim.model.chosen import closed_arcs, detour_days, preferred_arcs
from sim.model.network import Arc, Input, Network, Node, Stockpile
from sim.model.scenario import (
    ExportRestriction,
    PreferentialAllocation,
    RouteClosure,
    Scenario,
    StockpileBuild,
    StockpileRelease,
    Substitution,
    SurgeCapacity,
)
from sim.model.scenario.readers import Amount, Rate
from sim.vocab import DAYS_PER_YEAR

DEFAULT_LEAKAGE_DELAY_DAYS = 90.0  # where the network brings no parameter of that name
LATENT_SUBSTITUTE_LEAD_DAYS = 40.0  # where no arc of the substitute exists to take a lead time from


@dataclass(frozen=True, slots=True)
class PlannedArc:
    """An arc and what it is for: empty tag for the network's own, else the disruption that opens it."""

    arc: Arc
    tag: str = ""
    delay_days: float = 0.0
    """Most that closed routes can add to its lead time in this run."""
    preferred: tuple[int, ...] = ()
    """Responses by which its supplier serves this customer before others of its class."""
    enters: bool = False
    """A project or redirect will use it, though it carries nothing in the base year."""
    feed: float = 0.0
    """Share of a new plant's intake that it will bring."""


@dataclass(frozen=True, slots=True)
class PlannedPile:
    """A stockpile of one material as the run sees it."""

    stockpile: Stockpile
    members: tuple[str, ...]
    """Country codes, groups resolved."""
    unit_cost_usd_per_t: float = 0.0
    own_stock_first: bool = False
    last_class: int | None = None
    """Users of a later priority class are not served; None serves all."""
    buys_from_start: bool = False
    """A stockpile of the network that buys in its tables; one that a response builds buys by its date."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Nodes, arcs and stockpiles of a run, in the order in which arrays number them."""

    nodes: tuple[Node, ...]
    arcs: tuple[PlannedArc, ...]
    piles: tuple[PlannedPile, ...]


def plan_run(network: Network, scenario: Scenario) -> Plan:
    """Return the network's parts together with what the scenario's responses and detours add.

    Parameters
    ----------
    network : Network
    scenario : Scenario
        Checked against `network` before.
    """
    nodes = dict(network.nodes)
    entering = {(e.supplier, e.customer, e.material) for e in network.announced.entries if e.share > 0}
    feeds = {(f.supplier, f.customer, f.material): f.share for f in network.announced.feeds}
    arcs = [
        PlannedArc(arc, enters=(key := arc.key) in entering or key in feeds, feed=feeds.get(key, 0.0))
        if entering or feeds
        else PlannedArc(arc)
        for arc in network.arcs
    ]
    for spec in scenario.responses:
        if isinstance(spec, Substitution) and spec.substitute is not None:
            arcs.extend(PlannedArc(arc) for arc in _add_substitute(network, nodes, spec))
    for number, disruption in enumerate(scenario.disruptions):
        if isinstance(disruption, ExportRestriction):
            arcs.extend(_detours(network, disruption, number))
    ordered = tuple(nodes[name] for name in sorted(nodes))
    return Plan(ordered, _marked(network, scenario, arcs), _piles(network, scenario))


def _marked(network: Network, scenario: Scenario, arcs: list[PlannedArc]) -> tuple[PlannedArc, ...]:
    """Return the arcs with the delays and preferences that disruptions and responses may bring them."""
    delays: defaultdict[tuple[str, str, str], float] = defaultdict(float)
    for disruption in scenario.disruptions:
        if isinstance(disruption, RouteClosure):
            for arc in closed_arcs(network, disruption):
                delays[arc.key] += (detour_days(network, disruption, arc) or 0.0) + scenario.step_days
    preferred: defaultdict[tuple[str, str, str], tuple[int, ...]] = defaultdict(tuple)
    for number, response in enumerate(scenario.responses):
        if isinstance(response, PreferentialAllocation):
            for arc in preferred_arcs(network, response, network.arcs):
                preferred[arc.key] = (*preferred[arc.key], number)
    if not delays and not preferred:
        return tuple(arcs)
    return tuple(
        replace(planned, delay_days=delays[planned.arc.key], preferred=preferred[planned.arc.key])
        for planned in arcs
    )


# -- restrictions ------------------------------------------------------------------------------------------


def restricted_arcs(network: Network, spec: ExportRestriction) -> list[Arc]:
    """Return the arcs that an export restriction holds, used and latent.

    Goods that stay inside the origin (a region's members included) are not exports.
    """
    origin = set(network.members(spec.origin))
    materials = {name for selector in spec.materials for name in network.select_materials(selector)}
    destinations = destination_countries(network, spec)
    return [
        arc
        for arc in network.arcs
        if arc.material in materials
        and network.nodes[arc.supplier].country in origin
        and network.nodes[arc.customer].country in destinations
    ]


def destination_countries(network: Network, spec: ExportRestriction) -> frozenset[str]:
    """Return the countries that an export restriction names, the origin left out."""
    origin = set(network.members(spec.origin))
    if spec.destinations == "all":
        named = set(network.countries)
    else:
        named = {code for name in spec.destinations for code in network.members(name)}
    return frozenset(named - origin)


def leak_tag(number: int) -> str:
    """Return the tag of twin arcs through which disruption `number` leaks."""
    return f"leak:{number}"


def diversion_tag(number: int) -> str:
    """Return the tag of twin arcs through destinations that disruption `number` spares."""
    return f"divert:{number}"


def diverts(spec: ExportRestriction) -> bool:
    """Return whether goods may reach restricted users through destinations that are spared."""
    return spec.destinations != "all" and not spec.end_use_checks


def _detours(network: Network, spec: ExportRestriction, number: int) -> list[PlannedArc]:
    """Return twins of the used restricted arcs, with longer lead times."""
    tags = [leak_tag(number)] if spec.leakage > 0 else []
    if diverts(spec):
        tags.append(diversion_tag(number))
    used = [arc for arc in restricted_arcs(network, spec) if arc.flow_t_per_year > 0] if tags else []
    return [
        PlannedArc(
            replace(
                arc,
                flow_t_per_year=0.0,
                lead_time_days=_detour_lead_days(network, spec, arc),
                capacity_t_per_year=math.inf,
                qualification_days=0.0,
            ),
            tag,
        )
        for tag in tags
        for arc in used
    ]


def _detour_lead_days(network: Network, spec: ExportRestriction, arc: Arc) -> float:
    """Return the lead time through the quickest hub, or the arc's own with the usual delay."""
    delay = network.parameters.get("leakage_delay", DEFAULT_LEAKAGE_DELAY_DAYS)
    start, end = network.nodes[arc.supplier].country, network.nodes[arc.customer].country
    legs = [
        (_usual_lead_days(network, start, hub), _usual_lead_days(network, hub, end))
        for name in spec.leakage_hubs
        for hub in network.members(name)
    ]
    known = [first + second for first, second in legs if first is not None and second is not None]
    return max(arc.lead_time_days, min(known, default=arc.lead_time_days)) + delay


def _usual_lead_days(network: Network, start: str, end: str) -> float | None:
    """Return the median lead time of arcs between two countries, None when there is no arc."""
    leads = [
        arc.lead_time_days
        for arc in network.arcs
        if network.nodes[arc.supplier].country == start and network.nodes[arc.customer].country == end
    ]
    return median(leads) if leads else None


# -- substitution ------------------------------------------------------------------------------------------


def substituting_nodes(network: Network, spec: Substitution) -> list[tuple[Node, str]]:
    """Return the nodes that replace a material, with the material each replaces."""
    from sim.model.targets import nodes_of_target

    materials = network.select_materials(spec.material)
    chosen = {n.id for n in nodes_of_target(network, spec.users)} if spec.users is not None else None
    return [
        (node, entry.material)
        for node in network.nodes.values()
        for entry in node.inputs
        if entry.material in materials
        and (chosen is None or node.id in chosen)
        and (not spec.sectors or node.sector in spec.sectors)
    ]


def _add_substitute(network: Network, nodes: dict[str, Node], spec: Substitution) -> list[Arc]:
    """Give every substituting node a resting slot of the substitute; return latent arcs to it.

    Nothing rests on the slot at first: as substitution proceeds, its effect makes it essential.
    """
    assert spec.substitute is not None
    leads = [arc.lead_time_days for arc in network.arcs if arc.material == spec.substitute]
    lead_days = median(leads) if leads else LATENT_SUBSTITUTE_LEAD_DAYS
    arcs: list[Arc] = []
    for node, replaced in substituting_nodes(network, spec):
        present = nodes[node.id]
        if any(entry.material == spec.substitute for entry in present.inputs):
            continue
        like = next(entry for entry in present.inputs if entry.material == replaced)
        slot = Input(spec.substitute, 0.0, like.cover_days, 0.0, like.share, like.line)
        nodes[node.id] = replace(present, inputs=(*present.inputs, slot))
        arcs.extend(
            Arc(supplier.id, node.id, spec.substitute, 0.0, lead_days)
            for supplier in network.suppliers_of(spec.substitute)
        )
    return arcs


# -- surge -------------------------------------------------------------------------------------------------


def surging_nodes(network: Network, spec: SurgeCapacity) -> dict[str, list[Node]]:
    """Return the nodes that add capacity, by the product that drives each most; end uses under ``""``."""
    from sim.model.targets import nodes_of_target

    found: dict[str, list[Node]] = {}
    for node in nodes_of_target(network, spec.target):
        main = max(node.outputs, key=lambda o: (o.drives, o.output_per_unit), default=None)
        found.setdefault(main.material if main is not None else "", []).append(node)
    return dict(sorted(found.items()))


# -- stockpiles --------------------------------------------------------------------------------------------


def member_use_t_per_day(network: Network, members: tuple[str, ...], material: str) -> float:
    """Return base-year use of `material` in the member countries, t/day."""
    return math.fsum(
        entry.input_per_unit * node.planned_per_year / DAYS_PER_YEAR
        for node in network.nodes.values()
        if node.country in members
        for entry in node.inputs
        if entry.material == material
    )


def amount_t(network: Network, amount: Amount | None, members: tuple[str, ...], material: str) -> float:
    """Return the tonnes of `material` that an amount stands for; 0 for None."""
    if amount is None:
        return 0.0
    if amount.days_of_use is not None:
        return amount.days_of_use * member_use_t_per_day(network, members, material)
    masses = amount.t_by_material or {}
    for selector, mass_t in masses.items():
        names = network.select_materials(selector)
        if material in names:
            return mass_t / len(names)  # a commodity's mass is split evenly over the forms it selects
    return 0.0


def rate_t_per_day(
    network: Network, rate: Rate | None, members: tuple[str, ...], material: str, opening_t: float
) -> float:
    """Return the t/day of `material` that a rate stands for; inf for None."""
    if rate is None:
        return math.inf
    if rate.t_per_day is not None:
        return rate.t_per_day
    if rate.days_of_use_per_year is not None:
        return rate.days_of_use_per_year * member_use_t_per_day(network, members, material) / DAYS_PER_YEAR
    assert rate.share_per_week is not None
    return rate.share_per_week * opening_t / 7.0


def resolve_members(network: Network, names: tuple[str, ...]) -> tuple[str, ...]:
    """Return the country codes that a list of countries, regions and blocs stands for."""
    return tuple(dict.fromkeys(code for name in names for code in network.members(name)))


def _piles(network: Network, scenario: Scenario) -> tuple[PlannedPile, ...]:
    """Return the network's stockpiles and those that responses build, one for each material."""
    found = [
        PlannedPile(
            pile,
            resolve_members(network, pile.members),
            _price(network, pile.material),
            buys_from_start=pile.purchase_t_per_day > 0,
        )
        for pile in network.stockpiles
    ]
    for spec in scenario.responses:
        if isinstance(spec, StockpileBuild):
            found.extend(_built(network, spec))
    releases = [spec for spec in scenario.responses if isinstance(spec, StockpileRelease)]
    ordered = sorted(found, key=lambda pile: (pile.stockpile.id, pile.stockpile.material))
    return tuple(_with_release_rules(network, pile, releases) for pile in ordered)


def _price(network: Network, material: str) -> float:
    """Return the reference price, 0 where the tables have none."""
    price = network.materials[material].price_usd_per_t
    return price if math.isfinite(price) else 0.0


def _built(network: Network, spec: StockpileBuild) -> list[PlannedPile]:
    """Return the stockpiles of one `stockpile_build`."""
    members = resolve_members(network, spec.members)
    piles = []
    for material in sorted({m for selector in spec.materials for m in network.select_materials(selector)}):
        opening_t = amount_t(network, spec.opening, members, material)
        target_t, purchase, budget_usd, premium = opening_t, 0.0, math.inf, 0.0
        if spec.purchase is not None:
            bought = spec.purchase
            target_t = amount_t(network, bought.target, members, material)
            purchase = rate_t_per_day(network, bought.rate, members, material, opening_t)
            budget_usd = bought.budget_usd if bought.budget_usd is not None else math.inf
            premium = bought.premium
        pile = Stockpile(
            id=spec.stockpile,
            country=spec.country,
            material=material,
            members=spec.members,
            opening_t=opening_t,
            target_t=target_t,
            purchase_t_per_day=purchase,
            budget_usd=budget_usd,
        )
        piles.append(PlannedPile(pile, members, _price(network, material) * (1.0 + premium)))
    return _share_budget(piles)


def _share_budget(piles: list[PlannedPile]) -> list[PlannedPile]:
    """Divide a common budget over the materials by the cost of what is to be bought."""
    costs = [p.unit_cost_usd_per_t * max(0.0, p.stockpile.target_t - p.stockpile.opening_t) for p in piles]
    total = math.fsum(costs)
    if not piles or not math.isfinite(piles[0].stockpile.budget_usd) or total <= 0:
        return piles
    return [
        replace(p, stockpile=replace(p.stockpile, budget_usd=p.stockpile.budget_usd * cost / total))
        for p, cost in zip(piles, costs, strict=True)
    ]


def _with_release_rules(network: Network, pile: PlannedPile, releases: list[StockpileRelease]) -> PlannedPile:
    """Return the pile with order of use and class of the release that opens it."""
    for spec in releases:
        if releases_pile(network, spec, pile):
            first = spec.order_of_use == "own_stock_first"
            return replace(pile, own_stock_first=first, last_class=spec.priority)
    return pile


def releases_pile(network: Network, spec: StockpileRelease, pile: PlannedPile) -> bool:
    """Return whether a release opens this pile."""
    if spec.stockpile != pile.stockpile.id:
        return False
    if spec.materials is None:
        return True
    return any(pile.stockpile.material in network.select_materials(s) for s in spec.materials)
