"""Mass goes somewhere: balances added up here, from the trace, not with the engine's own books."""

from __future__ import annotations

import numpy as np
from hypothesis import HealthCheck, given, settings

from sim.engine.run import Engine
from sim.model.arrays import CompiledRun, NetworkArrays
from tests.comparison import histories, largest
from tests.oracles import Oracle
from tests.strategies import compiled_runs

STOCKS = ("on_hand", "transit", "port_stock", "scrap_stock", "pile_stock")

MANY = settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


def by_material(values: np.ndarray, material: np.ndarray, count: int) -> np.ndarray:
    """Sum the columns of a history by material."""
    total = np.zeros((len(values), count))
    for column, row in enumerate(material.tolist()):
        total[:, row] += values[:, column]
    return total


def matured(net: NetworkArrays, activity: np.ndarray) -> np.ndarray:
    """Return the activity that left the process in each step: that of `process_steps` steps ago."""
    result = activity.copy()
    for n, steps in enumerate(net.node_process_steps.tolist()):
        result[:steps, n] = net.node_planned[n]
        result[steps:, n] = activity[: len(activity) - steps, n]
    return result


def balances(compiled: CompiledRun, engine: Engine) -> tuple[np.ndarray, np.ndarray]:
    """Return, step by material, all stock and what was produced less what was drawn so far; t."""
    net, trace = compiled.arrays, histories(engine)
    count = 1 + max(int(net.slot_material.max()), int(net.port_material.max()))
    bought = np.cumsum(engine.record.series.pile_bought, axis=0)
    released = np.cumsum(engine.record.series.pile_released, axis=0)
    assert np.allclose(trace["pile_stock"], net.pile_opening + bought - released, rtol=1e-9, atol=1e-9)
    stock = by_material(trace["on_hand"] + trace["transit"], net.slot_material, count)
    stock += by_material(trace["port_stock"], net.port_material, count)
    stock += by_material(trace["pile_stock"], net.pile_material, count)
    made = matured(net, trace["activity"])[:, net.port_node] * net.port_output_per_unit
    moved = by_material(np.cumsum(made, axis=0), net.port_material, count)
    moved -= by_material(np.cumsum(trace["draw"], axis=0), net.slot_material, count)
    return stock, moved


def opening_stock(compiled: CompiledRun, count: int) -> np.ndarray:
    """Return the stock of the table "Start" by material, t."""
    net = compiled.arrays
    opening = Oracle(compiled).opening_state()
    row = [np.array([opening[name]]) for name in ("on_hand", "transit", "port_stock", "pile_stock")]
    total = by_material(row[0] + row[1], net.slot_material, count)
    total += by_material(row[2], net.port_material, count)
    return (total + by_material(row[3], net.pile_material, count))[0]


@MANY
@given(compiled_runs(n_steps=100, off=frozenset({"joint", "piles"})))
def test_mass_is_conserved_in_every_step(compiled: CompiledRun) -> None:
    """Opening + produced = drawn + stock + sold off by idle plants, in every step and material."""
    engine = Engine(compiled, check=True, trace=True)
    engine.advance(compiled.n_steps)
    stock, moved = balances(compiled, engine)
    opening = opening_stock(compiled, stock.shape[1])
    surplus = by_material(engine.state.surplus[None, :], compiled.arrays.port_material, stock.shape[1])[0]
    sold, rounding = opening + moved - stock, 1e-9 * max(largest(stock), largest(moved))
    assert (np.diff(sold, axis=0, prepend=0.0) >= -rounding).all()
    assert np.abs(sold[-1] - surplus).max() <= rounding


@MANY
@given(compiled_runs(n_steps=100, on=frozenset({"joint", "piles"})))
def test_mass_is_conserved_with_surplus_and_stockpiles(compiled: CompiledRun) -> None:
    """What is missing at the end is booked as surplus or is on its way to a stockpile, nothing else."""
    engine = Engine(compiled, check=True, trace=True)
    engine.advance(compiled.n_steps)
    stock, moved = balances(compiled, engine)
    net, count = compiled.arrays, stock.shape[1]
    under_way = by_material(engine.state.pile_under_way[None, :], net.pile_material, count)[0]
    surplus = by_material(engine.state.surplus[None, :], net.port_material, count)[0]
    idle_at_rest = net.node_planned[net.port_node] == 0.0
    assert not engine.state.surplus[~net.port_disposable & ~idle_at_rest].any()
    left = opening_stock(compiled, count) + moved[-1] - stock[-1] - under_way - surplus
    assert np.abs(left).max() <= 1e-9 * max(largest(stock), largest(moved))
    assert engine.finish().max_relative_balance_error <= 1e-9


@MANY
@given(compiled_runs(n_steps=100, on=frozenset({"recycling"})))
def test_scrap_is_conserved(compiled: CompiledRun) -> None:
    """Opening + generated = recycled + lost + disposed of + closing, over chains and recycling nodes."""
    engine = Engine(compiled, check=True, trace=True)
    net, trace = compiled.arrays, engine.trace
    opening = engine.state.chain.sum() + engine.state.scrap_stock[net.node_recycling].sum()
    engine.advance(compiled.n_steps)
    assert trace is not None
    draw, activity = np.array(trace["draw"]), np.array(trace["activity"])
    kept = net.scrap_output_per_unit * activity[:, net.slot_node[net.scrap_slot]]
    generated = np.maximum(0.0, draw[:, net.scrap_slot] - kept).sum()
    recycled = activity[:, net.node_recycling].sum()
    state = engine.state
    closing = state.chain.sum() + state.scrap_stock[net.node_recycling].sum()
    gone = state.scrap_lost.sum() + state.scrap_disposed.sum()
    assert abs(opening + generated - recycled - gone - closing) <= 1e-9 * max(opening + generated, 1e-300)


@MANY
@given(compiled_runs(n_steps=100))
def test_nothing_is_negative_or_above_its_limit(compiled: CompiledRun) -> None:
    """No stock below zero, no arc or node above its capacity, no pile above its rate or money."""
    engine = Engine(compiled, trace=True)
    engine.advance(compiled.n_steps)
    trace = histories(engine)
    for name in (*STOCKS, "deferred", "granted", "weight"):
        assert trace[name].min(initial=0.0) >= -1e-9 * max(1.0, largest(trace[name])), name
    assert (trace["granted"] <= compiled.base.arc_cap * (1 + 1e-9) + 1e-9).all()
    assert (trace["activity"] <= trace["cap"] * (1 + 1e-9) + 1e-9).all()
    assert (trace["activity"] <= trace["want"] * (1 + 1e-9) + 1e-9).all()
    money = engine.record.series.pile_spent[-1]
    assert (money <= compiled.arrays.pile_budget * (1 + 1e-9) + 1e-9).all()
    weights = np.zeros((compiled.n_steps, len(compiled.arrays.slot_node)))
    for a, s in enumerate(compiled.arrays.arc_slot.tolist()):
        weights[:, s] += trace["weight"][:, a]
    assert ((np.abs(weights - 1.0) <= 1e-9) | (np.abs(weights) <= 1e-9)).all()


@MANY
@given(compiled_runs(n_steps=60))
def test_closed_arcs_carry_nothing(compiled: CompiledRun) -> None:
    """While an effect closes an arc nothing new is shipped on it; below a quota no more than the quota."""
    engine = Engine(compiled, trace=True)
    engine.advance(compiled.n_steps)
    granted = histories(engine)["granted"]
    calendar = Oracle(compiled)
    fired = engine.state.fired
    calendar.fired = {int(j): int(fired[j]) for j in np.flatnonzero(fired >= 0)}
    for step in range(compiled.n_steps):
        calendar.step = step
        calendar.set_parameters()
        caps = np.array(calendar.arc_cap)
        assert (granted[step] <= caps * (1 + 1e-9)).all(), step
