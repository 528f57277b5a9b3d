"""The shipped network stands still for twenty years, and a small push does not grow in it."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

import sim
from sim.engine.run import Engine
from sim.model.compile import compile_network
from tests.shipped import relative, scenario

STILL = (
    "on_hand",
    "transit",
    "port_stock",
    "wip",
    "activity",
    "use_smoothed",
    "orders_smoothed",
    "established",
)
STOCKS = (
    "on_hand",
    "port_stock",
    "transit",
    "scrap_stock",
    "wip",
    "chain",
    "use_smoothed",
    "orders_smoothed",
)
PUSH = 1e-6


def calm_engine(step: str, horizon: str = "20 years") -> Engine:
    """Return an engine of the shipped network without growth, disruption or response."""
    network = sim.default_network(2024)
    nodes = {name: dataclasses.replace(node, growth_per_year=0.0) for name, node in network.nodes.items()}
    calm = dataclasses.replace(network, nodes=nodes)
    run = compile_network(calm, scenario(step=step, horizon=horizon), record="flows").run
    assert run.effects == ()
    return Engine(run, check=True)


@pytest.mark.parametrize("step", ["week", "day"])
def test_every_series_of_the_shipped_network_is_flat_for_twenty_years(step: str) -> None:
    """Every recorded history, each flow too, within 1e-9 of its own start; measured: 5e-13 and 5e-12."""
    engine = calm_engine(step)
    engine.advance(engine.compiled.n_steps)
    record = engine.finish()
    for name, history in record.series._asdict().items():
        # one row a quarter and the last: a drift shows at the end, a swing over months
        rows = np.vstack([history[::13], history[-1:]]) if len(history) else history
        apart = relative(rows, np.broadcast_to(history[:1], rows.shape))
        assert apart.max(initial=0.0) <= 1e-9, (name, np.unravel_index(apart.argmax(), apart.shape))
    assert record.max_relative_balance_error <= 1e-9
    assert record.events == []


@pytest.mark.parametrize("step", ["week", "day"])
def test_the_hidden_state_of_the_shipped_network_is_flat_too(step: str) -> None:
    """Weights, orders, goods in process and scrap are not recorded, and must not drift behind the record."""
    engine = calm_engine(step)
    opening = engine.opening
    engine.advance(engine.compiled.n_steps)
    for name in (*STILL, "scrap_stock", "chain", "weight", "deferred", "pile_stock"):
        apart = relative(getattr(engine.state, name), getattr(opening, name))
        assert apart.max(initial=0.0) <= 1e-9, name


def distances(step: str, horizon: str, seed: int) -> dict[str, list[float]]:
    """Return, by half-year, the largest relative distance of a pushed run from the calm one, in pushes."""
    calm, pushed = calm_engine(step, horizon), calm_engine(step, horizon)
    rng = np.random.default_rng(seed)
    for name in ("on_hand", "port_stock"):
        values = getattr(pushed.state, name)
        values *= 1.0 + PUSH * rng.uniform(-1.0, 1.0, values.shape)
    # what the push adds belongs to the opening of the books
    pushed.opening.on_hand[:], pushed.opening.port_stock[:] = pushed.state.on_hand, pushed.state.port_stock
    half_year = 26 * 7 // calm.compiled.step_days
    found: dict[str, list[float]] = {name: [] for name in STOCKS}
    while calm.step + half_year <= calm.compiled.n_steps:
        calm.advance(half_year)
        pushed.advance(half_year)
        for name in STOCKS:
            apart = relative(getattr(pushed.state, name), getattr(calm.state, name))
            found[name].append(float(apart.max()) / PUSH)
    return found


@pytest.mark.parametrize(
    ("step", "horizon", "seed"), [("week", "20 years", 0), ("week", "60 years", 1), ("day", "20 years", 2)]
)
def test_a_small_push_fades_in_the_shipped_network(step: str, horizon: str, seed: int) -> None:
    """Every stock off by up to 1e-6: never twice as far, a hundredth of it after five years, gone at the end.

    What fades most slowly is scrap above its normal stock, by a third a year. Rounding adds up to 2e-12.
    """
    for name, apart in distances(step, horizon, seed).items():
        assert max(apart) <= 2.0, name
        assert max(apart[9:]) <= 0.02, name
        assert apart[-1] <= 1e-5, name
