"""Results made by hand: a ban whose resilience triangles are known, without network or engine."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np

from sim.analysis.result import RunResult
from sim.engine.record import LoggedEvent, RunRecord, Series
from sim.model.labels import NodeLabel, RunLabels

START = date(2026, 1, 5)
ONSET = 26
STEPS = 156
WATCH = ("USA", "JPN")
GALLIUM, WAFER = "gallium/primary_metal", "gallium/gaas_wafer"


@dataclass(frozen=True)
class FakeDisruption:
    kind: str = "export_restriction"
    label: str | None = None
    start: date = date(2026, 7, 6)
    duration_days: float | None = 364.0


@dataclass(frozen=True)
class FakeScenario:
    name: str = "ban_by_hand"
    title: str = "A stop of gallium exports, by hand"
    prices: str = "off"
    disruptions: tuple[Any, ...] = (FakeDisruption(),)


def triangle(depth: float, first: int, bottom: int, back: int, steps: int = STEPS) -> np.ndarray:
    """q falls in a straight line from 1 at `first` to 1 - depth at `bottom`, back at 1 at `back`."""
    return np.interp(np.arange(steps), [0, first, bottom, back, steps], [1.0, 1.0, 1.0 - depth, 1.0, 1.0])


def box(depth: float, first: int, end: int, steps: int = STEPS) -> np.ndarray:
    """q is 1 - depth in the steps from `first` to before `end`."""
    q = np.ones(steps)
    q[first:end] = 1.0 - depth
    return q


def empty(steps: int, groups: int, rows: int, piles: int, arcs: int = 0) -> Series:
    per_group = [np.zeros((steps, groups)) for _ in range(7)]
    per_row = [np.zeros((steps, rows)) for _ in range(5)]
    per_pile = [np.zeros((steps, piles)) for _ in range(4)]
    return Series(*per_group, *per_row, *per_pile, np.zeros((steps, arcs) if arcs else (0, 0)))


def labels(watch: tuple[str, ...] = WATCH) -> RunLabels:
    groups = tuple(sorted((m, c) for m in (GALLIUM, WAFER) for c in (*watch, "CHN")))
    nodes = (
        *(NodeLabel(f"chips.{c}", c, "end_use", "chips", "chips", "unit", 0.0, 1e6) for c in watch),
        NodeLabel("chips.USA.plant", "USA", "end_use", "chips", "chips", "unit", 0.0, 1e6),
        NodeLabel("smelting.CHN", "CHN", "refining", GALLIUM, "", "t", 1.0, math.nan),
    )
    piles = (("reserve", "JPN", GALLIUM),)
    units = tuple("t Ga" for _ in groups)
    return RunLabels(
        groups, units, nodes, piles, (400_000.0,), (("smelting.CHN", "chips.USA", GALLIUM),), watch
    )


def fill(series: Series, names: RunLabels, q: dict[str, np.ndarray]) -> None:
    """Set demand of 10 a step, deliveries of 10 q, stocks of 8 weeks that follow q."""
    for column, (_, country) in enumerate(names.groups):
        if country not in names.watch:
            continue
        series.demand[:, column] = 10.0
        series.consumption[:, column] = 10.0 * q[country]
        series.inventory[:, column] = 80.0 * q[country]
        series.in_transit[:, column] = 40.0
    for row, node in enumerate(names.nodes):
        if node.sector:
            series.node_demand[:, row] = 5.0
            series.node_activity[:, row] = 5.0 * q[node.country]
            series.node_capacity[:, row] = math.inf
        else:
            series.node_activity[:, row] = 100.0
            series.node_capacity[:, row] = 120.0


def result(
    q: dict[str, np.ndarray] | None = None,
    *,
    name: str = "ban_by_hand",
    manifest: dict[str, Any] | None = None,
) -> RunResult:
    """USA: a box of depth 0.6 over 20 weeks; JPN: a triangle of depth 0.5 over 40 weeks (area 10)."""
    shapes = q or {
        "USA": box(0.6, ONSET + 4, ONSET + 24),
        "JPN": triangle(0.5, ONSET + 10, ONSET + 30, ONSET + 50),
    }
    names = labels(tuple(shapes))
    run, base = (empty(STEPS, len(names.groups), len(names.nodes), 1, 1) for _ in range(2))
    fill(run, names, shapes)
    fill(base, names, dict.fromkeys(shapes, np.ones(STEPS)))
    base.pile_stock[:] = 100.0
    run.pile_stock[:, 0] = np.clip(100.0 - 5.0 * (np.arange(STEPS) - ONSET - 11), 0.0, 100.0)
    run.pile_released[ONSET + 12 : ONSET + 32, 0] = 5.0
    base.flow[:] = 3.0
    run.flow[:ONSET] = 3.0
    events = [
        LoggedEvent(ONSET, "arc_cap", "export_restriction", "starts: CHN"),
        LoggedEvent(ONSET + 12, "pile_rate", "stockpile_release", "opens: reserve"),
        LoggedEvent(ONSET + 52, "arc_cap", "export_restriction", "ends"),
    ]
    scenario: Any = FakeScenario(name=name)
    return RunResult(
        scenario=scenario,
        labels=names,
        record=RunRecord(run, events, 1e-14, STEPS),
        baseline=RunRecord(base, [], 1e-15, STEPS),
        step_days=7,
        start=START,
        first_disruption_step=ONSET,
        manifest=manifest if manifest is not None else {"seed": 7, "counts": {"nodes": 4, "arcs": 1}},
    )
