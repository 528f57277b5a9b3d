"""What a scenario says about announced projects, against those of the network."""

from __future__ import annotations

from collections.abc import Iterable

from sim.errors import suggestion
from sim.model.announced import Part
from sim.model.scenario.checker import Checker, shown
from sim.model.scenario.disruptions import ProjectSlippage
from sim.model.scenario.responses import FundProject

PLACE = "network.projects"
ALL = "all"


def check_fund(checker: Checker, path: str, spec: FundProject) -> None:
    """Refuse money for a project that the network does not have; warn where it changes nothing."""
    if spec.project == ALL:
        if not checker.network.announced.parts:
            choice = checker.scenario.network.projects
            checker.fault(f"{path}.project", f"= 'all', but this network has none ({PLACE}: {choice})")
        return
    parts = _parts_of(checker, f"{path}.project", spec.project)
    coming = [part for part in parts if part.start]
    if parts and not coming:
        checker.warn(f"{path}.project", f"= '{spec.project}' runs already: money changes nothing")
    elif coming and not any(part.success + spec.odds >= 0.5 for part in coming):
        best = max(part.success for part in coming)
        checker.warn(
            f"{path}.odds", f"= {spec.odds:g} on top of {best:.0%} stays below even: it is not built"
        )


def check_slippage(checker: Checker, path: str, spec: ProjectSlippage) -> None:
    """Refuse a slippage that names no project of the network."""
    for i, name in enumerate(spec.projects):
        _parts_of(checker, f"{path}.projects[{i}]", name)
    checker.no_repeats(f"{path}.projects", spec.projects)
    if spec.country is not None and not checker.country(f"{path}.country", spec.country):
        return
    from sim.model.schedule import slips

    if not any(slips(spec, part) and part.start for part in checker.network.announced.parts):
        there = shown(part.project for part in checker.network.announced.parts if part.start)
        choice = checker.scenario.network.projects
        checker.fault(path, f"names no project that is still to come; {PLACE}: {choice} has {there}")


def _parts_of(checker: Checker, path: str, project: str) -> list[Part]:
    """Return the parts of a project; empty, with a fault that says what the network has, when it has none."""
    parts = checker.network.announced.parts
    found = [part for part in parts if part.project == project]
    if not found:
        choice = checker.scenario.network.projects
        checker.fault(
            path,
            f"= '{project}' is no project of this network ({PLACE}: {choice}){_near(project, parts)}",
        )
    return found


def _near(project: str, parts: Iterable[Part]) -> str:
    return suggestion(project, sorted({part.project for part in parts}))
