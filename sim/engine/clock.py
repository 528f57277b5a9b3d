"""The calendar: a SimPy process for every dated or triggered effect changes the parameters.

Effects of one instant act in the order of `EffectKind`, then by name. Several effects on one position
combine: factors multiply, caps and permissions take the smallest, additions add, switches the largest.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Sequence

import numpy as np
import simpy

from sim.engine.record import LoggedEvent
from sim.model.arrays import Effect, EffectKind, Parameters
from sim.vocab import FloatArray

Combine = Callable[[FloatArray, FloatArray], FloatArray]

FIELDS: dict[EffectKind, tuple[str, Combine]] = {
    EffectKind.AVAILABILITY: ("availability", np.multiply),
    EffectKind.CAPACITY_FACTOR: ("capacity_factor", np.multiply),
    EffectKind.DEMAND_FACTOR: ("demand_factor", np.multiply),
    EffectKind.RESTRICTED: ("restricted", np.maximum),
    EffectKind.ARC_CAP: ("arc_cap", np.minimum),
    EffectKind.INPUT_FACTOR: ("input_factor", np.multiply),
    EffectKind.INPUT_ADDED: ("input_added", np.add),
    EffectKind.ESSENTIAL_ADDED: ("essential_added", np.add),
    EffectKind.EXTRA_COVER: ("extra_cover", np.add),
    EffectKind.PILE_RATE: ("pile_rate", np.maximum),
    EffectKind.PILE_BUYING: ("pile_buying", np.maximum),
    EffectKind.BUY_OPEN: ("buy_open", np.minimum),
    EffectKind.TRIGGER_ARMED: ("trigger_armed", np.minimum),
    EffectKind.ARC_DELAY: ("arc_delay", np.add),
    EffectKind.SEGMENT_RANK: ("segment_rank", np.add),
    EffectKind.SCRAP_FACTOR: ("scrap_factor", np.multiply),
    EffectKind.CAPACITY_ADDED: ("capacity_added", np.add),
    EffectKind.PLANNED_ADDED: ("planned_added", np.add),
    EffectKind.TARGET_ADDED: ("target_added", np.add),
    EffectKind.ENTRY: ("entry", np.add),
}


class Calendar:
    """Holds what is in force and tells when it next changes.

    Parameters
    ----------
    base, parameters : Parameters
        Values without effects, and the writable copy that the kernel reads.
    effects : sequence of Effect
    fired : sequence of int
        Step at which each trigger fired, -1 if it did not yet.
    now : int
        Step to start from; effects before it are taken up silently.
    """

    def __init__(
        self,
        base: Parameters,
        parameters: Parameters,
        effects: Sequence[Effect],
        fired: Sequence[int],
        now: int = 0,
    ) -> None:
        self.log: list[LoggedEvent] = []
        self._base, self._parameters = base, parameters
        self._effects = sorted(effects, key=lambda effect: (effect.kind, effect.name))
        self._row = [-1] * len(self._effects)
        self._resumed_at = now
        # one step back, so that what acted before `now` can be taken up apart from what acts in it
        self._environment = simpy.Environment(initial_time=now - 1)
        self._triggers = [self._environment.event() for _ in fired]
        self._changed: set[EffectKind] = set()
        self._due: list[tuple[int, int, LoggedEvent]] = []
        for number, step in enumerate(fired):
            if step >= 0:
                self._triggers[number].succeed(step)
        for number, effect in enumerate(self._effects):
            self._environment.process(self._live(number, effect))

    def _live(self, number: int, effect: Effect) -> Generator[simpy.Event, int, None]:
        """Put the rows of one effect in force, each at its step."""
        origin = 0
        if effect.trigger >= 0:
            origin = 1 + (yield self._triggers[effect.trigger])
        for row, (step, label) in enumerate(zip(effect.steps.tolist(), effect.labels, strict=True)):
            at = origin + step
            if at > self._environment.now:
                yield self._environment.timeout(at - self._environment.now)
            self._row[number] = row
            self._changed.add(effect.kind)
            if label and at >= self._resumed_at:
                self._due.append((at, number, LoggedEvent(at, effect.kind.name.lower(), effect.name, label)))

    def act(self, step: int) -> set[EffectKind]:
        """Do everything due up to `step`; return the kinds of parameter that changed."""
        while self._environment.peek() <= step:
            self._environment.step()
        # simpy serves one instant in the order of scheduling, which a restored calendar does not share
        self._due.sort(key=lambda due: due[:2])
        self.log.extend(event for _, _, event in self._due)
        self._due.clear()
        changed, self._changed = self._changed, set()
        for kind in sorted(changed):
            self._combine(kind)
        return changed

    def next_change(self) -> float:
        """Return the step of the next dated change; inf when there is none."""
        return float(self._environment.peek())

    def move_to(self, step: int) -> None:
        """Set the clock; nothing may be due before `step`."""
        if step > self._environment.now:
            self._environment.run(until=step)

    def fire(self, trigger: int, step: int, name: str) -> None:
        """Tell the effects that wait for `trigger` that it fired at the end of `step`."""
        self.log.append(LoggedEvent(step, "trigger", name, "fired"))
        self._triggers[trigger].succeed(step)

    def _combine(self, kind: EffectKind) -> None:
        """Recompute one parameter field from its base and all effects in force, in sorted order."""
        name, operation = FIELDS[kind]
        target: FloatArray = getattr(self._parameters, name)
        target[:] = getattr(self._base, name)
        for row, effect in zip(self._row, self._effects, strict=True):
            if effect.kind is kind and row >= 0 and effect.index.size:
                target[effect.index] = operation(target[effect.index], effect.values[row])


def whole_step(time: float, end: int) -> int:
    """Return the first whole step at or after `time`, at most `end`."""
    return end if math.isinf(time) else min(end, math.ceil(time))
