"""Dates of a scenario against its own horizon, and what is rounded to whole steps."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import date, timedelta
from typing import NamedTuple

from sim.model.scenario.responses import FundProject, StockpileBuild
from sim.model.scenario.schema import Scenario


class Dated(NamedTuple):
    """A date in a scenario, and how long what begins there holds (None: to the end of the run)."""

    path: str
    day: date
    duration_path: str = ""
    duration_days: float | None = None
    more_days: float = 0.0
    """Delay before it, or recovery after it."""

    @property
    def last_day(self) -> date | None:
        """First day after the duration; None without one."""
        return last_day(self.day, self.duration_days)


def last_day(start: date, duration_days: float | None) -> date | None:
    """Return the first day after a duration, rounded up to a whole day; None without a duration."""
    return None if duration_days is None else start + timedelta(days=math.ceil(duration_days - 1e-9))


def dates_of(scenario: Scenario) -> Iterator[Dated]:
    """Yield every date on which something begins, in the order of the file."""
    for i, disruption in enumerate(scenario.disruptions):
        path = f"disruptions[{i}]"
        recovery_days = getattr(disruption, "recovery_time_days", 0.0)
        duration = (f"{path}.duration", disruption.duration_days)
        yield Dated(f"{path}.start", disruption.start, *duration, recovery_days)
    for i, response in enumerate(scenario.responses):
        path = f"responses[{i}]"
        if isinstance(response, FundProject):
            continue
        if isinstance(response, StockpileBuild):
            if response.purchase is not None and response.purchase.start is not None:
                yield Dated(f"{path}.purchase.start", response.purchase.start)
            continue
        start, delay_days = getattr(response, "start", None), getattr(response, "delay_days", 0.0)
        duration = (f"{path}.duration", response.duration_days)
        if start is not None:
            yield Dated(f"{path}.start", start, *duration, delay_days)
        trigger = getattr(response, "trigger", None)
        if trigger is not None and trigger.on is not None:
            yield Dated(f"{path}.trigger.on", trigger.on, *duration, delay_days)


def date_faults(scenario: Scenario) -> list[str]:
    """Return what begins after the end of the run, or is over before it starts."""
    found = []
    for dated in dates_of(scenario):
        place = scenario.locate(dated.path)
        if dated.day >= scenario.end:
            found.append(
                f"{place} = '{dated.day}' is not before the end of the run, {scenario.end}; "
                "set an earlier date or a longer horizon"
            )
        elif _is_over(dated, scenario.start):
            found.append(
                f"{place} = '{dated.day}' with duration {dated.duration_days:g} days is over before the run "
                f"starts on {scenario.start}"
            )
    return found


def _is_over(dated: Dated, start: date) -> bool:
    """Return whether what a date begins, with its delay or recovery, is over before the run starts."""
    if dated.duration_days is None or dated.day >= start:
        return False
    end = last_day(dated.day, dated.duration_days + dated.more_days)
    return end is not None and end <= start


def date_warnings(scenario: Scenario) -> list[str]:
    """Return what was rounded to whole steps (one text), what lasts 0 days and what began before the run."""
    found = []
    for dated in dates_of(scenario):
        if dated.duration_days == 0:
            found.append(f"{scenario.locate(dated.duration_path)} is 0: it never holds")
        elif dated.last_day is not None and _acts_from(scenario, dated.day) >= _acts_from(
            scenario, dated.last_day
        ):
            found.append(f"{scenario.locate(dated.path)} and its end lie inside one week: use step: day")
        if dated.day < scenario.start:
            found.append(
                f"{scenario.locate(dated.path)} = {dated.day} is before the run: acts from its first day"
            )
    rounded = list(_rounded(scenario))
    if rounded:
        found.append(f"rounded up to whole {scenario.step}s: {'; '.join(rounded)}")
    return found


def _rounded(scenario: Scenario) -> Iterator[str]:
    """Yield each edge that lies inside a step, with the day from which it acts."""
    if math.ceil(scenario.horizon_days - 1e-9) % scenario.step_days:
        yield f"horizon {scenario.horizon_days:g} days is {scenario.n_steps} steps"
    for dated in dates_of(scenario):
        acts = _acts_from(scenario, dated.day)
        if acts != dated.day:
            yield f"{dated.path} {dated.day} acts from {acts}"
        end = dated.last_day
        if end is not None and end < scenario.end and _acts_from(scenario, end) != end:
            yield f"{dated.duration_path} ends {end}, acts until {_acts_from(scenario, end)}"


def _acts_from(scenario: Scenario, day: date) -> date:
    """Return the first day of the first step that starts on or after `day`; days before the run stay."""
    if day <= scenario.start:
        return day
    return day + timedelta(days=-(day - scenario.start).days % scenario.step_days)
