"""One trajectory: the calendar and the kernel take turns (``docs/background/model.md``)."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import numpy as np

from sim.engine.clock import Calendar, whole_step
from sim.engine.entries import ENTRY_KINDS, move_base
from sim.engine.invariants import balance_error, check_state
from sim.engine.record import LoggedEvent, RunRecord, empty_series
from sim.engine.state import (
    State,
    copy_parameters,
    read_only,
    refresh_mean_leads,
    refresh_switches,
    steady_state,
)
from sim.engine.step import advance
from sim.errors import EngineError
from sim.model.arrays import CompiledRun, Effect, EffectKind
from sim.vocab import FloatArray

TRACED = (
    "on_hand", "transit", "port_stock", "activity", "want", "cap", "draw", "order", "orders",
    "weight", "use_smoothed", "deferred", "scrap_stock", "pile_stock",
)  # fmt: skip


class Engine:
    """A run that can be driven from outside: advance, read, change, save, restore, go on.

    Parameters
    ----------
    compiled : CompiledRun
    check : bool
        Check stocks and mass balance after every stretch of steps.
    trace : bool
        Keep the state of every step in `trace` (slow; for tests).

    Examples
    --------
    >>> engine = Engine(compiled)  # doctest: +SKIP
    >>> engine.advance(52)  # doctest: +SKIP
    >>> saved = engine.checkpoint()  # doctest: +SKIP
    """

    def __init__(self, compiled: CompiledRun, *, check: bool = False, trace: bool = False) -> None:
        self.compiled = compiled
        self._net = read_only(compiled.arrays)
        self.step = 0
        self.parameters = copy_parameters(compiled.base)
        self.state = steady_state(compiled.arrays, compiled.behaviour, compiled.base)
        self.record = RunRecord(empty_series(compiled))
        self.trace: dict[str, list[FloatArray]] | None = (
            {name: [] for name in (*TRACED, "granted")} if trace else None
        )
        self.opening = State._make(values.copy() for values in self.state)
        self._check = check
        self._added: tuple[Effect, ...] = ()
        self._start_calendar()

    def _start_calendar(self) -> None:
        effects = (*self.compiled.effects, *self._added)
        fired = self.state.fired.tolist()
        self._calendar = Calendar(self.compiled.base, self.parameters, effects, fired, self.step)

    @property
    def events(self) -> list[LoggedEvent]:
        """What happened so far, in the order of work."""
        return [*self.record.events, *self._calendar.log]

    def advance(self, n_steps: int) -> None:
        """Do `n_steps` steps, at most to the end of the horizon.

        Raises
        ------
        EngineError
            If the horizon is over already, or a check fails.
        """
        if self.step >= self.compiled.n_steps and n_steps > 0:
            raise EngineError(f"the run has ended: all {self.compiled.n_steps} steps are done")
        target = min(self.step + n_steps, self.compiled.n_steps)
        while self.step < target:
            self._act()
            stop = whole_step(self._calendar.next_change(), target)
            if self.trace is not None:
                stop = self.step + 1
            self._stretch(stop)
        self.record.steps_done = self.step

    def _act(self) -> None:
        """Let the calendar change what is due now."""
        changed = self._calendar.act(self.step)
        if changed & ENTRY_KINDS:
            move_base(self.compiled.arrays, self.parameters, self.state)
        if EffectKind.ARC_CAP in changed:
            refresh_switches(self.compiled.arrays, self.compiled.behaviour, self.parameters, self.state)
        if EffectKind.ARC_DELAY in changed:
            refresh_mean_leads(self.compiled.arrays, self.parameters, self.state)

    def _stretch(self, stop: int) -> None:
        """Run the kernel from the present step to `stop` or to a trigger."""
        net, state, run = self._net, self.state, self.compiled
        waiting = state.fired < 0
        self.step = advance(
            net, run.behaviour, self.parameters, state, self.record.series, self.step, stop, run.step_days
        )
        self._calendar.move_to(self.step)
        for trigger in np.flatnonzero(waiting & (state.fired >= 0)).tolist():
            self._calendar.fire(trigger, self.step - 1, run.trigger_names[trigger])
        if self._check:
            check_state(net, self.opening, state, self.step)
        if self.trace is not None:
            for name in TRACED:
                self.trace[name].append(getattr(state, name).copy())
            self.trace["granted"].append(state.arc_order.copy())

    def add_effect(self, effect: Effect) -> None:
        """Change the world from now on: rows of `effect` before the present step act at once."""
        self._added = (*self._added, effect)
        self.record.events = self.events
        self._start_calendar()

    def finish(self) -> RunRecord:
        """Return the record with its event log and balance error."""
        self.record.events = self.events
        self._calendar.log.clear()
        self.record.max_relative_balance_error = balance_error(self.compiled.arrays, self.opening, self.state)
        return self.record

    def checkpoint(self) -> dict[str, Any]:
        """Return all that is needed to go on from here, as plain arrays and tuples."""
        return {
            "step": self.step,
            "state": {name: values.copy() for name, values in self.state._asdict().items()},
            "series": {
                name: values[: self.step].copy() for name, values in self.record.series._asdict().items()
            },
            "events": [(event.step, event.kind, event.name, event.label) for event in self.events],
            "added": copy.deepcopy(self._added),
        }

    def restore(self, saved: Mapping[str, Any]) -> None:
        """Go back (or forward) to a checkpoint of the same compiled run.

        Raises
        ------
        EngineError
            If the checkpoint has other shapes: it is of another run.
        """
        for name, values in saved["state"].items():
            if values.shape != getattr(self.state, name).shape:
                raise EngineError(f"the checkpoint is of another run: {name} has shape {values.shape}")
            getattr(self.state, name)[...] = values
        self.step = int(saved["step"])
        self.record.series = empty_series(self.compiled)
        for name, values in saved["series"].items():
            getattr(self.record.series, name)[: self.step] = values
        self.record.events = [LoggedEvent(*event) for event in saved["events"]]
        self._added = tuple(saved["added"])
        self.parameters = copy_parameters(self.compiled.base)
        self._start_calendar()
        self._calendar.act(self.step - 1)  # the state holds the switches that followed from these changes


def run(compiled: CompiledRun, *, check: bool = False) -> RunRecord:
    """Run `compiled` from start to end and return its record."""
    engine = Engine(compiled, check=check)
    engine.advance(compiled.n_steps)
    return engine.finish()
