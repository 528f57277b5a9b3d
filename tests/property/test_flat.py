"""With nothing happening, nothing happens: for a thousand weeks, and after a small push."""

from __future__ import annotations

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sim.engine.run import Engine
from sim.model.arrays import CompiledRun
from tests.comparison import difference, histories
from tests.strategies import SEEDS, compiled_runs

LONG = settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
STEPS = 1040
NO_GROWTH = frozenset({"growth"})
DEFAULT_RULES = frozenset({"growth", "free_behaviour"})
STOCKS = ("on_hand", "port_stock", "transit", "scrap_stock", "pile_stock", "use_smoothed")


@LONG
@given(compiled_runs(n_steps=STEPS, most_effects=0, off=NO_GROWTH))
def test_a_run_without_events_is_flat_for_a_thousand_weeks(compiled: CompiledRun) -> None:
    """The start is the steady state of the flows, for every rule and any behaviour."""
    compiled = without_purchases(compiled)
    engine = Engine(compiled, check=True, trace=True)
    opening = {name: getattr(engine.state, name).copy() for name in (*STOCKS, "activity", "weight")}
    engine.advance(STEPS)
    for name, rows in histories(engine).items():
        first = opening.get(name, rows[0])
        assert difference(rows, np.broadcast_to(first, rows.shape)) <= 1e-9, name
    assert not any(event.kind == "trigger" for event in engine.events)


def without_purchases(compiled: CompiledRun) -> CompiledRun:
    """Return the run with purchases of stockpiles closed, for these do change the flows."""
    assert not compiled.base.pile_buying.any()
    return compiled


@LONG
@given(compiled_runs(n_steps=STEPS, most_effects=0, off=DEFAULT_RULES), SEEDS, st.sampled_from([1e-6, 1e-3]))
def test_a_disturbed_start_comes_back(compiled: CompiledRun, seed: int, size: float) -> None:
    """A slow instability hides from short tests: the deviation after a thousand weeks must be below the push."""
    calm, pushed = Engine(compiled, trace=True), Engine(compiled, trace=True)
    rng = np.random.default_rng(seed)
    for name in ("on_hand", "port_stock"):
        values = getattr(pushed.state, name)
        values *= 1.0 + size * rng.uniform(-1.0, 1.0, values.shape)
    calm.advance(STEPS)
    pushed.advance(STEPS)
    base, moved = histories(calm), histories(pushed)
    for name in STOCKS:
        assert difference(base[name], moved[name]) <= 30 * size, f"{name} swings"
        assert difference(base[name][-100:], moved[name][-100:]) <= size, f"{name} does not come back"
