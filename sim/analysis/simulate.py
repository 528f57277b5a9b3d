"""Runs scenarios: `simulate` from start to end, `World` step by step. The only callers of the engine."""

from __future__ import annotations

import pickle
import time
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Literal

import numpy as np

from sim.analysis.result import RunResult
from sim.engine.record import RunRecord
from sim.engine.run import Engine
from sim.errors import EngineError, ResultError, ScenarioError, suggestion
from sim.model.arrays import CompiledRun, NetworkArrays
from sim.model.compile import Compilation, compile_network
from sim.model.network import Network
from sim.model.scenario import FundProject, ProjectSlippage, Scenario

Record = Literal["watched", "all", "flows"]
STRETCH_STEPS = 104  # between two calls of `progress`
RECORDED = ("slot_group", "port_group", "node_row")  # arrays that follow from what a scenario watches
CHECKPOINT_MARK = "critmin-sim checkpoint 2"

_last_baseline: list[tuple[CompiledRun, RunRecord]] = []
"""The latest baseline: scenarios that differ by their events alone share it."""


def simulate(
    network: Network,
    scenario: Scenario,
    *,
    seed: int = 0,
    record: Record = "watched",
    check: bool = False,
    progress: Callable[[float], None] | None = None,
) -> RunResult:
    """Run a scenario and its baseline on a network.

    Parameters
    ----------
    network : Network
    scenario : Scenario
    seed : int
        Of every random stream; kept in the result. No rule of this version draws.
    record : {'watched', 'all', 'flows'}
        Histories of the watched countries; of all countries; of all and every arc.
    check : bool
        Check stocks and mass balance after every stretch between calendar events.
    progress : callable, optional
        Hears the share that is done.

    Returns
    -------
    RunResult

    Raises
    ------
    ScenarioError
        If the scenario names what the network does not have.
    MassBalanceError
        If mass is not conserved to 1e-9.
    """
    started = time.perf_counter()
    compilation = compile_network(network, scenario, record=record)
    compiled_at = time.perf_counter()
    tell = progress or (lambda _: None)
    run = compilation.run
    outcome = _trajectory(run, check, lambda share: tell(0.5 * share))
    baseline = _baseline(compilation, check, lambda share: tell(0.5 + 0.5 * share))
    finished = time.perf_counter()
    manifest = {
        "seed": seed,
        "record": record,
        "tables_hash": network.tables_hash,
        "counts": _counts(network, run, outcome),
        "timings_s": {"compile": compiled_at - started, "engine": finished - compiled_at},
        "notes": list(run.notes),
    }
    return RunResult(
        scenario=scenario,
        labels=compilation.labels,
        record=outcome,
        baseline=baseline,
        step_days=run.step_days,
        start=scenario.start,
        first_disruption_step=run.first_disruption_step,
        manifest=manifest,
    )


def _trajectory(run: CompiledRun, check: bool, progress: Callable[[float], None]) -> RunRecord:
    """Run one trajectory in stretches, telling the share that is done; verify its balance."""
    engine = Engine(run, check=check)
    while engine.step < run.n_steps:
        engine.advance(STRETCH_STEPS)
        progress(engine.step / run.n_steps)
    return engine.finish()


def _baseline(compilation: Compilation, check: bool, progress: Callable[[float], None]) -> RunRecord:
    """Return the baseline of a run; the latest one is reused when its input is the same."""
    calm = compilation.baseline()
    for known, record in _last_baseline:
        if _same_input(known, calm):
            return record
    record = _trajectory(calm, check, progress)
    _last_baseline[:] = [(calm, record)]
    return record


def _same_input(left: CompiledRun, right: CompiledRun) -> bool:
    """Return whether two runs have the same input, array by array."""
    plain = ("n_steps", "step_days", "record_flows", "record_groups", "record_nodes", "behaviour")
    if any(getattr(left, name) != getattr(right, name) for name in plain):
        return False
    pairs: list[tuple[Any, Any]] = [
        *zip(left.arrays, right.arrays, strict=True),
        *zip(left.base, right.base, strict=True),
    ]
    return all(np.array_equal(a, b) for a, b in pairs) and _same_effects(left, right)


def _same_effects(left: CompiledRun, right: CompiledRun) -> bool:
    """Return whether two calendars hold the same."""
    if len(left.effects) != len(right.effects):
        return False
    return all(
        (a.kind, a.name, a.labels, a.trigger) == (b.kind, b.name, b.labels, b.trigger)
        and all(np.array_equal(getattr(a, name), getattr(b, name)) for name in ("index", "steps", "values"))
        for a, b in zip(left.effects, right.effects, strict=True)
    )


def _counts(network: Network, run: CompiledRun, outcome: RunRecord) -> dict[str, int]:
    """Return the sizes that the manifest names."""
    arrays: NetworkArrays = run.arrays
    used = int(arrays.slot_arc_start[-1])
    return {
        "nodes": len(network.nodes),
        "slots": len(arrays.slot_node),
        "arcs": used,
        "latent_arcs": len(arrays.arc_port) - used,
        "steps": run.n_steps,
        "events": len(outcome.events),
    }


class World:
    """A run driven from outside: advance, read, change, save, load, go on.

    Parameters
    ----------
    network : Network
    scenario : Scenario
    seed : int
    record : {'watched', 'all', 'flows'}

    Examples
    --------
    >>> world = World(network, scenario)  # doctest: +SKIP
    >>> world.advance(52)  # doctest: +SKIP
    >>> world.read("inventory", material="gallium/primary_metal", country="JPN")  # doctest: +SKIP
    """

    def __init__(
        self, network: Network, scenario: Scenario, *, seed: int = 0, record: Record = "all"
    ) -> None:
        self.network, self.scenario = network, scenario
        self._seed, self._record = seed, record
        self._compilation = compile_network(network, scenario, record=record)
        self._engine = Engine(self._compilation.run)
        self._onset = self._compilation.run.first_disruption_step

    @property
    def step(self) -> int:
        """Steps done."""
        return self._engine.step

    @property
    def date(self) -> date:
        """First day of the next step."""
        return self.scenario.start + timedelta(days=self.step * self.scenario.step_days)

    def advance(self, n_steps: int = 1) -> None:
        """Do `n_steps` steps, at most to the end of the horizon.

        Raises
        ------
        EngineError
            If the horizon is over already, or `n_steps` is negative: `restore` goes back, `advance` does not.
        """
        if n_steps < 0:
            raise EngineError(f"n_steps = {n_steps} is negative; restore a checkpoint to go back")
        self._engine.advance(n_steps)

    def read(self, variable: str, *, material: str, country: str) -> np.ndarray[Any, np.dtype[np.float64]]:
        """Return the history so far of one variable of a material in a country.

        Parameters
        ----------
        variable : str
            ``demand``, ``consumption``, ``inventory``, ``in_transit``, ``production`` or ``port_stock``.
        material, country : str

        Returns
        -------
        ndarray, shape (steps done,), t or t/step

        Raises
        ------
        ResultError
            If the run does not record it.
        """
        groups = self._compilation.labels.groups
        if variable not in ("demand", "consumption", "inventory", "in_transit", "production", "port_stock"):
            raise ResultError(f"'{variable}' is not a variable of groups; see the docstring of World.read")
        if (material, country) not in groups:
            there = [name for name, place in groups if place == country]
            hint = suggestion(material, there) or suggestion(country, (place for _, place in groups))
            raise ResultError(f"the run does not record '{material}' in '{country}'{hint}")
        column = groups.index((material, country))
        history: np.ndarray[Any, np.dtype[np.float64]] = getattr(self._engine.record.series, variable)
        return history[: self.step, column].copy()

    def change(self, scenario: Scenario) -> None:
        """Go on under other events: those of `scenario` that start from now on are added.

        Parameters
        ----------
        scenario : Scenario
            Same start, step, horizon and network; its disruptions and responses join those in force.

        Raises
        ------
        ScenarioError
            If it would change the arrays (detours, stockpiles and what they hold, substitutes, triggers),
            the rules of behaviour or the time axis: the engine would go on with the old ones.
        """
        for name in ("start", "step", "horizon_days"):
            given, kept = getattr(scenario, name), getattr(self.scenario, name)
            if given != kept:
                raise ScenarioError(f"{name} = {given} of the change is not that of the world, {kept}")
        if any(
            isinstance(s, (FundProject, ProjectSlippage))
            for s in (*scenario.disruptions, *scenario.responses)
        ):
            raise ScenarioError("projects cannot change their course midway; start the world from a scenario")
        other = compile_network(self.network, scenario, record=self._record)
        if not _same_world(self._compilation.run, other.run):
            raise ScenarioError(
                "the change needs arcs, stockpiles, triggers or rules that the world was not started with; "
                "start it from a scenario that names them"
            )
        for effect in other.imposed:
            self._engine.add_effect(effect)
        begins = max(self.step, other.run.first_disruption_step)
        if scenario.disruptions and (self._onset < 0 or begins < self._onset):
            self._onset = begins

    def save(self, path: Path | str) -> Path:
        """Write a checkpoint file; `load` goes on from it to the same bytes."""
        target = Path(path)
        partial = target.with_name(target.name + ".partial")
        content = {
            "mark": CHECKPOINT_MARK,
            "engine": self._engine.checkpoint(),
            "onset": self._onset,
            "scenario": self.scenario,
        }
        try:
            partial.write_bytes(pickle.dumps(content, protocol=5))
            partial.replace(target)
        except OSError as error:
            raise ResultError(f"{target}: cannot be written: {error.strerror}") from None
        return target

    def restore(self, path: Path | str) -> None:
        """Go back to a checkpoint of this world. Load only files that you wrote: they are pickles.

        Raises
        ------
        ResultError
            If the file is not a checkpoint.
        EngineError
            If it is of another run.
        """
        try:
            content = pickle.loads(Path(path).read_bytes())
        except OSError as error:
            raise ResultError(f"{path}: cannot be read: {error.strerror}") from None
        except (pickle.UnpicklingError, EOFError, AttributeError, ImportError, IndexError, ValueError):
            raise ResultError(f"{path}: is not a checkpoint of this version") from None
        if not isinstance(content, dict) or content.get("mark") != CHECKPOINT_MARK:
            raise ResultError(f"{path}: is not a checkpoint of this version")
        self._engine.restore(content["engine"])
        self._onset = content["onset"]

    def result(self) -> RunResult:
        """Return the result of a world that has run to its end.

        Raises
        ------
        ResultError
            If steps are left to do.
        """
        run = self._compilation.run
        if self.step < run.n_steps:
            raise ResultError(f"{run.n_steps - self.step} of {run.n_steps} steps are left to do")
        outcome = self._engine.finish()
        baseline = _baseline(self._compilation, False, lambda _: None)
        manifest = {
            "seed": self._seed,
            "record": self._record,
            "tables_hash": self.network.tables_hash,
            "counts": _counts(self.network, run, outcome),
            "timings_s": {},
            "notes": list(run.notes),
        }
        return RunResult(
            self.scenario,
            self._compilation.labels,
            outcome,
            baseline,
            run.step_days,
            self.scenario.start,
            self._onset,
            manifest,
        )


def _same_world(left: CompiledRun, right: CompiledRun) -> bool:
    """Return whether two runs have the same rules and arrays, what is recorded aside."""
    names = (name for name in left.arrays._fields if name not in RECORDED)
    return left.behaviour == right.behaviour and all(
        np.array_equal(getattr(left.arrays, name), getattr(right.arrays, name)) for name in names
    )
