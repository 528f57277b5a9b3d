"""Time of the engine on layered networks: one trajectory, its growth with size, and plain SimPy beside it.

Each measurement also asserts how much was done, so that speed is never bought by doing less. Run by
``make bench``; the bars are those of the project's issues and hold on one core of an idle machine.
"""

from __future__ import annotations

import time

import numpy as np
import pytest

from sim.engine.run import Engine
from sim.model.arrays import CompiledRun
from tests.bench.layered import BAN_END, layered_run
from tests.bench.plain_simpy import PlainWorld

pytestmark = pytest.mark.bench
TRAJECTORY_S = 0.030
GROWTH_TO_A_MILLION, GROWTH_BEYOND_200_000 = 5.0, 1.5
TIMES_FASTER_THAN_PLAIN = 30.0
SIZES = ((2500, 520, 20), (20_000, 520, 5), (200_000, 260, 3), (1_000_000, 260, 2))
"""Arcs, steps, repeats."""


def trajectory(compiled: CompiledRun) -> Engine:
    """Run from start to end, calendar included."""
    engine = Engine(compiled)
    engine.advance(compiled.n_steps)
    return engine


def seconds(compiled: CompiledRun, repeats: int) -> float:
    """Return the least time of a warm trajectory."""
    trajectory(compiled)
    taken = []
    for _ in range(repeats):
        start = time.perf_counter()
        trajectory(compiled)
        taken.append(time.perf_counter() - start)
    return min(taken)


def test_ten_years_of_six_hundred_nodes(benchmark: object) -> None:
    """2,500 arcs, 520 weeks, a ban: start, calendar and kernel."""
    compiled = layered_run(2500, n_steps=520)
    assert len(compiled.arrays.arc_port) == 2500
    assert 580 <= len(compiled.arrays.node_planned) <= 620
    engine = benchmark.pedantic(trajectory, (compiled,), rounds=30, warmup_rounds=3)  # type: ignore[attr-defined]
    assert engine.step == 520
    assert [event.step for event in engine.events] == [26, BAN_END]
    lost = 1.0 - engine.record.series.node_activity[26:BAN_END] / engine.record.series.node_demand[26:BAN_END]
    assert lost.max() > 0.005  # users are short: re-sourcing has work to do
    assert benchmark.stats.stats.min <= TRAJECTORY_S  # type: ignore[attr-defined]


def test_cost_of_an_arc_grows_little_to_a_million_arcs() -> None:
    """Caches, not the algorithm, make large networks dearer."""
    cost = {}
    for n_arc, n_steps, repeats in SIZES:
        compiled = layered_run(n_arc, n_steps=n_steps)
        cost[n_arc] = seconds(compiled, repeats) / (n_steps * len(compiled.arrays.arc_port))
        print(f"{n_arc:>9,} arcs: {cost[n_arc] * 1e9:6.1f} ns an arc and step")
    assert cost[1_000_000] <= GROWTH_TO_A_MILLION * cost[2500]
    assert cost[1_000_000] <= GROWTH_BEYOND_200_000 * cost[200_000]


def test_the_kernel_beside_plain_simpy() -> None:
    """Node-steps a second of the same rules on the same network."""
    steps = BAN_END + 26
    compiled = layered_run(2500, n_steps=steps)
    node_steps = steps * len(compiled.arrays.node_planned)
    kernel = node_steps / seconds(compiled, 20)
    start = time.perf_counter()
    world = PlainWorld(compiled)
    world.run(steps)
    plain = node_steps / (time.perf_counter() - start)
    engine = Engine(compiled, trace=True)
    engine.advance(steps)
    ours = np.array(engine.trace["activity"]) if engine.trace else np.zeros(0)
    theirs = np.array([plant.history for plant in world.plants]).T
    assert np.abs(ours - theirs).max() <= 1e-9 * ours.max()
    print(f"kernel {kernel:,.0f} node-steps/s, plain SimPy {plain:,.0f}: {kernel / plain:,.0f} times")
    assert kernel >= TIMES_FASTER_THAN_PLAIN * plain
