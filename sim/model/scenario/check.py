"""Names and dates of a scenario against a network: every fault at once, then the warnings."""

from __future__ import annotations

import math
from itertools import combinations
from typing import TYPE_CHECKING

from sim.model.scenario.check_choices import check_demand_or_route
from sim.model.scenario.check_projects import check_slippage
from sim.model.scenario.check_responses import check_response, check_stockpiles
from sim.model.scenario.check_watch import warn_of_watch, warn_of_year
from sim.model.scenario.checker import Checker, shown
from sim.model.scenario.dates import date_faults, date_warnings, last_day
from sim.model.scenario.disruptions import (
    CapacityLoss,
    DemandSurge,
    Disruption,
    ExportRestriction,
    ProjectSlippage,
    RouteClosure,
)
from sim.model.scenario.responses import StockpileBuild, StockpileRelease, Substitution
from sim.model.scenario.schema import Scenario

if TYPE_CHECKING:
    from sim.model.network import Arc, Network


OVERLAPS = {"export_restriction": "the tighter cap counts", "route_closure": "delays add"}


def check_scenario(scenario: Scenario, network: Network) -> tuple[str, ...]:
    """Refuse a scenario that names what the network does not have, or that does nothing it says.

    Parameters
    ----------
    scenario : Scenario
    network : Network

    Returns
    -------
    tuple of str
        Warnings: what was rounded to steps, what has no effect. The run says each once.

    Raises
    ------
    ScenarioError
        One line a fault, with file:line:column where the scenario came from a file.
    """
    checker = Checker(scenario, network)
    for message in date_faults(scenario):
        checker.faults.add(message)
    checker.countries("watch", scenario.watch)
    _check_labels(checker)
    for i, disruption in enumerate(scenario.disruptions):
        if isinstance(disruption, ExportRestriction):
            _check_restriction(checker, f"disruptions[{i}]", disruption)
        elif isinstance(disruption, CapacityLoss):
            _check_capacity_loss(checker, f"disruptions[{i}]", disruption)
        elif isinstance(disruption, ProjectSlippage):
            check_slippage(checker, f"disruptions[{i}]", disruption)
        else:
            check_demand_or_route(checker, f"disruptions[{i}]", disruption)
    check_stockpiles(checker)
    for i, response in enumerate(scenario.responses):
        check_response(checker, f"responses[{i}]", response)
    checker.faults.raise_if_any()
    warn_of_watch(checker)
    warn_of_year(checker)
    _warn_of_overlaps(checker)
    _warn_of_fixed_sourcing(checker)
    return tuple(dict.fromkeys([*date_warnings(scenario), *checker.warnings]))


def _check_labels(checker: Checker) -> None:
    """Refuse two parts of one name: the calendar, the log and the triggers go by it."""
    seen: dict[str, str] = {}
    for group, specs in (
        ("disruptions", checker.scenario.disruptions),
        ("responses", checker.scenario.responses),
    ):
        for i, spec in enumerate(specs):
            path, name = f"{group}[{i}]", spec.label or f"{spec.kind}[{i}]"
            if name in seen:
                checker.fault(f"{path}.label", f"= '{name}' is the name of {seen[name]} already")
            seen.setdefault(name, path)


# -- export restrictions -----------------------------------------------------------------------------------


def _check_restriction(checker: Checker, path: str, spec: ExportRestriction) -> None:
    """Check the names of an export restriction, and that it holds some arc."""
    from sim.model.plan import destination_countries, restricted_arcs

    origin = checker.country(f"{path}.origin", spec.origin)
    materials = checker.materials(f"{path}.materials", spec.materials)
    named = () if spec.destinations == "all" else spec.destinations
    places = checker.countries(f"{path}.destinations", named)
    for i, code in enumerate(spec.leakage_hubs):
        if origin and set(checker.country(f"{path}.leakage_hubs[{i}]", code)) & set(origin):
            checker.fault(f"{path}.leakage_hubs[{i}]", f"= '{code}' belongs to the origin {spec.origin}")
    by_destination = spec.licence.by_destination if spec.licence is not None else {}
    approved = {
        name: checker.country(f"{path}.licence.by_destination.{name}", name) for name in by_destination
    }
    if not origin or not all(materials) or (named and not places):
        return
    destinations = destination_countries(checker.network, spec)
    if not destinations:
        checker.fault(f"{path}.destinations", f"names only the origin {spec.origin}")
        return
    for name, codes in approved.items():
        if codes and not destinations & set(codes):
            checker.fault(f"{path}.licence.by_destination.{name}", "is not among the destinations")
    arcs = restricted_arcs(checker.network, spec)
    if not arcs:
        _no_arc(checker, path, spec, origin, materials)
        return
    _check_quota(checker, path, spec, arcs)
    _warn_of_restriction(checker, path, spec, arcs, materials)


def _no_arc(
    checker: Checker,
    path: str,
    spec: ExportRestriction,
    origin: tuple[str, ...],
    materials: list[tuple[str, ...]],
) -> None:
    """Keep the fault of a restriction that holds nothing; say what the origin exports, and who else does."""
    network = checker.network
    wanted = {material for group in materials for material in group}
    abroad = [
        (arc.material, network.nodes[arc.supplier].country)
        for arc in network.arcs
        if network.nodes[arc.supplier].country != network.nodes[arc.customer].country
    ]
    exports = sorted({material for material, country in abroad if country in origin})
    others = sorted({country for material, country in abroad if material in wanted})
    checker.fault(
        path,
        f"holds nothing: no arc carries {', '.join(spec.materials)} out of {spec.origin} to these "
        f"destinations; {spec.origin} exports {shown(exports)}; exporters of these: {shown(others)}",
    )


def _check_quota(checker: Checker, path: str, spec: ExportRestriction, arcs: list[Arc]) -> None:
    """Refuse a quota over tonnes of different basis; warn of one that does not bind."""
    if spec.quota_t_per_year is None:
        return
    bases = sorted({checker.network.materials[arc.material].basis for arc in arcs})
    if len(bases) > 1:
        checker.fault(
            f"{path}.quota",
            f"adds tonnes of different basis ({', '.join(bases)}); write one restriction for each material",
        )
        return
    base_t_per_year = sum(arc.flow_t_per_year for arc in arcs)
    if spec.quota_t_per_year >= base_t_per_year:
        checker.warn(
            f"{path}.quota",
            f"= {spec.quota_t_per_year:g} t/year is not below the base flow of {base_t_per_year:.4g} t/year: "
            "it only stops growth",
        )


def _warn_of_restriction(
    checker: Checker, path: str, spec: ExportRestriction, arcs: list[Arc], materials: list[tuple[str, ...]]
) -> None:
    """Warn of parts of a restriction that do nothing."""
    held = {arc.material for arc in arcs}
    for i, group in enumerate(materials):
        if not held & set(group):
            checker.warn(
                f"{path}.materials[{i}]", f"= '{spec.materials[i]}' is not exported: it changes nothing"
            )
    if all(arc.flow_t_per_year <= 0 for arc in arcs):
        checker.warn(path, "closes latent arcs only: nothing flows there in the base year")
    if spec.severity == 0:
        checker.warn(f"{path}.severity", "= 0 is no restriction at all")
    if spec.announced is not None and spec.announced < checker.scenario.start:
        checker.warn(
            f"{path}.announced", f"= {spec.announced} is before the run: buying ahead begins with the run"
        )


# -- capacity losses ---------------------------------------------------------------------------------------


def _check_capacity_loss(checker: Checker, path: str, spec: CapacityLoss) -> None:
    """Check the target of a capacity loss."""
    nodes = checker.target(f"{path}.target", spec.target)
    if spec.severity == 0:
        checker.warn(f"{path}.severity", "= 0 is no loss at all")
    unlimited = [node.id for node in nodes if math.isinf(node.capacity_per_year)]
    if unlimited and 0 < spec.severity < 1:
        checker.warn(
            f"{path}.severity",
            f"= {spec.severity:g} changes nothing at nodes without a capacity limit: {shown(unlimited)}",
        )
    elif unlimited and spec.severity == 1 and spec.recovery != "step":
        checker.warn(
            f"{path}.recovery",
            f"= {spec.recovery} is at once at nodes without a capacity limit: {shown(unlimited)}",
        )
    if nodes and all(node.planned_per_year <= 0 for node in nodes):
        checker.warn(
            f"{path}.target",
            f"names only nodes that stand idle in the base year: {shown(n.id for n in nodes)}",
        )


# -- fixed sourcing --------------------------------------------------------------------------------------


def _warn_of_fixed_sourcing(checker: Checker) -> None:
    """Warn of what users never turn to while `resourcing` is off: it changes nothing."""
    scenario = checker.scenario
    if scenario.behaviour.resourcing != "off":
        return
    for i, disruption in enumerate(scenario.disruptions):
        if isinstance(disruption, ExportRestriction) and disruption.leakage > 0:
            checker.warn(
                f"disruptions[{i}].leakage", "needs resourcing: on, since nobody asks for what leaks"
            )
    for i, response in enumerate(scenario.responses):
        if isinstance(response, StockpileRelease):
            checker.warn(f"responses[{i}]", "needs resourcing: on, since nobody turns to a stockpile")
        elif isinstance(response, StockpileBuild) and response.purchase is not None:
            checker.warn(
                f"responses[{i}].purchase", "needs resourcing: on, since stockpiles neither sell nor buy"
            )
        elif isinstance(response, Substitution) and response.substitute is not None:
            checker.warn(
                f"responses[{i}].substitute", "needs resourcing: on, since new suppliers are not asked"
            )


# -- overlaps ----------------------------------------------------------------------------------------------


def _warn_of_overlaps(checker: Checker) -> None:
    """Warn where two disruptions act on the same place at the same time; they are well defined."""
    reached = [(i, spec, _reached(checker, spec)) for i, spec in enumerate(checker.scenario.disruptions)]
    for (i, first, one), (j, second, other) in combinations(reached, 2):
        if first.kind != second.kind or not one & other or not _meet(first, second):
            continue
        rule = OVERLAPS.get(first.kind, "what is left multiplies")
        checker.warn(f"disruptions[{j}]", f"overlaps with disruptions[{i}] in place and time: {rule}")


def _reached(checker: Checker, spec: Disruption) -> set[tuple[str, ...]]:
    """Return the arcs or nodes that a disruption acts on."""
    from sim.model.chosen import closed_arcs, end_uses
    from sim.model.plan import restricted_arcs
    from sim.model.targets import nodes_of_target

    if isinstance(spec, ExportRestriction):
        return {arc.key for arc in restricted_arcs(checker.network, spec)}
    if isinstance(spec, CapacityLoss):
        return {(node.id,) for node in nodes_of_target(checker.network, spec.target)}
    if isinstance(spec, RouteClosure):
        return {arc.key for arc in closed_arcs(checker.network, spec)}
    if isinstance(spec, DemandSurge):
        return {(node.id,) for node in end_uses(checker.network, spec)}
    return set()


def _meet(first: Disruption, second: Disruption) -> bool:
    """Return whether two disruptions hold at one time."""
    ends = [last_day(spec.start, spec.duration_days) for spec in (first, second)]
    return (ends[0] is None or second.start < ends[0]) and (ends[1] is None or first.start < ends[1])
