"""When a part comes on stream and how far it has come: the median path, and what a scenario makes of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from sim.model.announced import EVEN, QUARTER_DAYS, Part
from sim.model.scenario import FundProject, ProjectSlippage, Scenario

CERTAIN = 1.0
ALL = "all"  # of `fund_project`: every project of the network


@dataclass(frozen=True, slots=True)
class Course:
    """What becomes of a part in one run.

    Attributes
    ----------
    success : float
        Odds after what the scenario adds.
    first_output : date or None
        None for a running plant that does not grow, and for one whose date was never announced.
    cancelled : bool
        The scenario ends it.
    """

    success: float
    first_output: date | None
    cancelled: bool = False

    @property
    def built(self) -> bool:
        """Whether it comes: odds even or better, and not cancelled."""
        return self.success >= EVEN and not self.cancelled


def course_of(part: Part, scenario: Scenario | None) -> Course:
    """Return the course of a part on the median path; without a scenario that of every baseline.

    Parameters
    ----------
    part : Part
    scenario : Scenario, optional
        Its `fund_project` responses and `project_slippage` disruptions count.
    """
    success, first, cancelled = part.success, part.median_start, False
    if scenario is None:
        return Course(success, first)
    for spec in _funds(scenario, part):
        success = min(CERTAIN, success + spec.odds)
        if first is not None and first > scenario.start:
            soonest = max(scenario.start, date.fromisoformat(part.start))
            first = max(soonest, first - timedelta(days=round(spec.earlier_days)))
    for slip in _slips(scenario, part):
        if first is None or first < slip.start:
            continue
        cancelled = cancelled or slip.cancelled
        first = first + timedelta(days=round(slip.delay_days))
    return Course(success, first, cancelled)


def _funds(scenario: Scenario, part: Part) -> Iterable[FundProject]:
    """Yield the responses that fund a part."""
    for spec in scenario.responses:
        if isinstance(spec, FundProject) and spec.project in (ALL, part.project):
            yield spec


def _slips(scenario: Scenario, part: Part) -> Iterable[ProjectSlippage]:
    """Yield the disruptions that delay or end a part."""
    for spec in scenario.disruptions:
        if isinstance(spec, ProjectSlippage) and slips(spec, part):
            yield spec


def slips(spec: ProjectSlippage, part: Part) -> bool:
    """Return whether a slippage names a part."""
    return (
        (not spec.projects or part.project in spec.projects)
        and (spec.country is None or part.country == spec.country)
        and (spec.status is None or part.status == spec.status)
    )


def share_of_capacity(part: Part, days: float) -> float:
    """Return the share of capacity some days after the first output, in a line between quarters."""
    if days <= 0 or not part.curve:
        return 0.0
    quarter = days / QUARTER_DAYS
    done = int(quarter)
    if done >= len(part.curve):
        return part.curve[-1]
    before = part.curve[done - 1] if done > 0 else 0.0
    return before + (quarter - done) * (part.curve[done] - before)
