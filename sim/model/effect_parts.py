"""What every effect function works with: the context, windows of values, stairs of a path."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

import numpy as np

from sim.model.arrays import Effect, EffectKind, NetworkArrays
from sim.model.index import Index, integers
from sim.model.network import Network
from sim.model.plan import Plan
from sim.model.scenario import Scenario
from sim.units import steps_up
from sim.vocab import FloatArray

PATH_STEP_DAYS = 28  # recovery, ramp and approval paths change in stairs of four weeks


@dataclass(frozen=True)
class Context:
    """What an effect function may look at."""

    network: Network
    plan: Plan
    index: Index
    arrays: NetworkArrays
    scenario: Scenario
    triggers: dict[str, int]
    """Number of each trigger by its label."""

    def step_of(self, day: date) -> int:
        """Return the first step that starts on or after `day`; 0 for days before the start."""
        return max(0, self.step_from(day))

    def step_from(self, day: date, delay_days: float = 0.0) -> int:
        """Return the same after a delay, below 0 before the start: ramps and recoveries count from there."""
        return steps_up((day - self.scenario.start).days + delay_days, self.index.step_days)

    def end_step(self, start: date, duration_days: float | None) -> int | None:
        """Return the first step after the duration, maybe below 0; None when it has no end."""
        if duration_days is None:
            return None
        return self.step_from(start, duration_days)


def name_of(spec: object, number: int) -> str:
    """Return the label of a disruption or response, or its kind and number."""
    label = getattr(spec, "label", None)
    return label or f"{getattr(spec, 'kind', 'spec')}[{number}]"


def trigger_name(label: str, material: str) -> str:
    """Return the name of the trigger that watches one material of a release."""
    return f"{label}: {material}"


def window(
    kind: EffectKind,
    name: str,
    index: Sequence[int],
    steps: Sequence[int],
    values: Sequence[FloatArray],
    labels: Sequence[str],
    trigger: int = -1,
) -> list[Effect]:
    """Return one effect, or none when it touches nothing.

    Of the rows before the first step of the run, the last one acts from that step on.
    """
    if not len(index):
        return []
    first = max((row for row, step in enumerate(steps) if step <= 0), default=0)
    starts = [max(0, step) for step in steps[first:]]
    stacked = np.vstack([np.broadcast_to(v, (len(index),)) for v in values[first:]]).astype(np.float64)
    words = (labels[first] or labels[0], *labels[first + 1 :])
    return [Effect(kind, name, integers(list(index)), integers(starts), stacked, words, trigger)]


def stairs(days: float, step_days: int) -> list[tuple[int, float]]:
    """Return (step, share of the way done) in stairs over `days`; the last share is 1.

    Each stair holds the share reached in its middle, so that the sum over the path is that of a line.
    """
    if days <= 0:
        return [(0, 1.0)]
    total = steps_up(days, step_days)
    stair = max(1, PATH_STEP_DAYS // step_days)
    stairs = [(at, min(1.0, (at + 0.5 * min(stair, total - at)) / total)) for at in range(0, total, stair)]
    return [*stairs, (total, 1.0)]


def path(
    start: date, duration_days: float | None, ramp_days: float, context: Context
) -> tuple[list[int], list[float], list[str]]:
    """Return steps, shares of the way done and labels of a change that ramps up, holds and ends."""
    first, end = context.step_from(start), context.end_step(start, duration_days)
    rows = [(first + at, done) for at, done in stairs(ramp_days, context.index.step_days)]
    rows = [(step, done) for step, done in rows if end is None or step < end]
    labels = ["starts", *([""] * (len(rows) - 1))] if rows else []
    if end is not None and rows:
        rows, labels = [*rows, (end, 0.0)], [*labels, "ends"]
    return [step for step, _ in rows], [done for _, done in rows], labels


class Dated(Protocol):
    """A disruption or response that begins on a date."""

    @property
    def start(self) -> date:
        """First day."""

    @property
    def duration_days(self) -> float | None:
        """How long it holds; None to the end."""


def ramped(
    kind: EffectKind,
    spec: Dated,
    number: int,
    index: Sequence[int],
    change: float | FloatArray,
    ramp_days: float,
    context: Context,
    *,
    neutral: float = 1.0,
) -> list[Effect]:
    """Return the effect that moves a parameter by `change` from its neutral value, along a ramp."""
    steps, shares, labels = path(spec.start, spec.duration_days, ramp_days, context)
    if not steps:
        return []
    values = [np.asarray(neutral + share * np.asarray(change)) for share in shares]
    return window(kind, name_of(spec, number), index, steps, values, labels)
