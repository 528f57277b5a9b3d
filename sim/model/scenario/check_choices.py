"""Demand, routes, preference, cover and recycling against a network: names, and that something is reached."""

from __future__ import annotations

from typing import Any

from sim.errors import suggestion
from sim.model.scenario.checker import Checker, shown
from sim.model.scenario.disruptions import DemandSurge, RouteClosure
from sim.model.scenario.responses import (
    DemandRestraint,
    MandatoryCover,
    PreferentialAllocation,
    RecyclingBoost,
)


def check_demand_or_route(checker: Checker, path: str, spec: Any) -> None:
    """Check a surge of demand or the closure of a route."""
    if isinstance(spec, DemandSurge):
        _check_end_uses(checker, path, spec)
    elif isinstance(spec, RouteClosure):
        _check_closure(checker, path, spec)


def check_choice(checker: Checker, path: str, spec: Any) -> None:
    """Check the names of one response."""
    if isinstance(spec, DemandRestraint):
        _check_end_uses(checker, path, spec)
    elif isinstance(spec, PreferentialAllocation):
        _check_preference(checker, path, spec)
    elif isinstance(spec, MandatoryCover):
        _check_cover(checker, path, spec)
    elif isinstance(spec, RecyclingBoost):
        _check_recycling(checker, path, spec)


def _check_end_uses(checker: Checker, path: str, spec: DemandSurge | DemandRestraint) -> None:
    """Check users and sectors, and that there is an end use among them."""
    from sim.model.chosen import end_uses

    users = checker.target(f"{path}.users", spec.users) if spec.users is not None else []
    known = checker.sectors(f"{path}.sectors", spec.sectors)
    if known and (spec.users is None or users) and not end_uses(checker.network, spec):
        names = sorted({node.sector for node in checker.network.nodes.values() if node.is_end_use})
        checker.fault(path, f"names no end use; sectors that are one: {shown(names)}")


def _check_closure(checker: Checker, path: str, spec: RouteClosure) -> None:
    """Check the chokepoints, and that some arc passes them."""
    from sim.model.chosen import closed_arcs, detour_days

    used = {name for arc in checker.network.arcs for name in arc.route}
    known = sorted(used | set(checker.network.detour_days))
    checker.no_repeats(f"{path}.chokepoints", spec.chokepoints)
    unknown = False
    for i, name in enumerate(spec.chokepoints):
        where = f"{path}.chokepoints[{i}]"
        if name not in known:
            unknown = True
            checker.fault(where, f"= '{name}' is not a chokepoint{suggestion(name, known)}")
        elif name not in used:
            checker.warn(where, f"= '{name}' is on no route of this network: it changes nothing")
    arcs = closed_arcs(checker.network, spec)
    if not arcs and not unknown:
        checker.fault(path, f"closes nothing: no route passes it; routes pass {shown(sorted(used))}")
    stopped = sorted({arc.material for arc in arcs if detour_days(checker.network, spec, arc) is None})
    if stopped and not unknown:
        checker.warn(path, f"has no way round for {shown(stopped)}: these flows are cut, not delayed")


def _places(checker: Checker, path: str, names: Any) -> bool:
    """Return whether all countries, regions and blocs of a list (or ``all``) are known."""
    return names == "all" or bool(checker.countries(path, names))


def _check_preference(checker: Checker, path: str, spec: PreferentialAllocation) -> None:
    """Check the names, and that some supplier has a preferred customer and another one."""
    from sim.model.chosen import preferred_arcs

    sides = [_places(checker, f"{path}.{side}", getattr(spec, side)) for side in ("suppliers", "customers")]
    groups = checker.materials(f"{path}.materials", spec.materials)
    if not (checker.sectors(f"{path}.sectors", spec.sectors) and all(sides) and all(groups)):
        return
    if not preferred_arcs(checker.network, spec, checker.network.arcs):
        checker.fault(path, "prefers nobody: no arc leads from these suppliers to these customers")


def _check_cover(checker: Checker, path: str, spec: MandatoryCover) -> None:
    """Check the names; warn when everybody holds as much already."""
    from sim.model.chosen import covered_inputs

    places = checker.countries(f"{path}.countries", spec.countries)
    groups = checker.materials(f"{path}.materials", spec.materials)
    if places and all(groups) and not covered_inputs(checker.network, spec):
        checker.warn(f"{path}.cover", f"= {spec.cover_days:g} days is held by all of them already")


def _check_recycling(checker: Checker, path: str, spec: RecyclingBoost) -> None:
    """Check the names, and that there is a recycler."""
    from sim.model.chosen import recyclers

    places = _places(checker, f"{path}.countries", spec.countries)
    groups = checker.materials(f"{path}.materials", spec.materials)
    if places and all(groups) and not recyclers(checker.network, spec):
        made = sorted(
            {o.material for n in checker.network.nodes.values() if n.stage == "recycling" for o in n.outputs}
        )
        checker.fault(path, f"finds no recycler; recyclers make {shown(made)}")
