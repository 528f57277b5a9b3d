"""With nothing happening, nothing happens: for a thousand weeks, and after a small push."""

from __future__ import annotations

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sim.engine.run import Engine
from sim.model.arrays import CompiledRun
from tests.comparison import difference, histories, largest, sized
from tests.strategies import SEEDS, compiled_runs

LONG = settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
STEPS = 1040
NO_GROWTH = frozenset({"growth"})
DEFAULT_RULES = frozenset({"growth", "free_behaviour"})
RESTORING = DEFAULT_RULES | {"recycling", "joint"}
STOCKS = ("on_hand", "port_stock", "transit", "scrap_stock", "pile_stock", "use_smoothed")


@LONG
@given(compiled_runs(n_steps=STEPS, most_effects=0, off=NO_GROWTH))
def test_a_run_without_events_is_flat_for_a_thousand_weeks(compiled: CompiledRun) -> None:
    """The start is the steady state of the flows, for every rule and any behaviour."""
    engine = Engine(compiled, check=True, trace=True)
    opening = {
        name: getattr(engine.state, name).copy() for name in (*STOCKS, "activity", "weight", "deferred")
    }
    engine.advance(STEPS)
    traces = histories(engine)
    for name, rows in traces.items():
        first = opening.get(name, rows[0])
        assert difference(rows, np.broadcast_to(first, rows.shape), sized(traces, name)) <= 1e-9, name
    assert (engine.state.fired < 0).all()


def deviations(compiled: CompiledRun, seed: int, size: float) -> dict[str, np.ndarray]:
    """Return, by step, how far a run pushed by `size` at the start is from the calm one, in pushes."""
    calm, pushed = Engine(compiled, trace=True), Engine(compiled, trace=True)
    rng = np.random.default_rng(seed)
    for name in ("on_hand", "port_stock"):
        values = getattr(pushed.state, name)
        values *= 1.0 + size * rng.uniform(-1.0, 1.0, values.shape)
    calm.advance(STEPS)
    pushed.advance(STEPS)
    base, moved = histories(calm), histories(pushed)
    # one scale for all: where no slot holds stock, on_hand alone would be judged by its rounding
    scale = size * max(largest(base[name]) for name in STOCKS)
    return {name: np.abs(base[name] - moved[name]).max(axis=1, initial=0.0) / scale for name in STOCKS}


@LONG
@given(compiled_runs(n_steps=STEPS, most_effects=0, off=RESTORING), SEEDS, st.sampled_from([1e-6, 1e-4]))
def test_a_pushed_start_comes_back(compiled: CompiledRun, seed: int, size: float) -> None:
    """A slow instability hides from short tests: after a thousand weeks less is left than the push."""
    for name, apart in deviations(compiled, seed, size).items():
        assert apart.max() <= 100.0, f"{name} swings"
        assert apart[-100:].max() <= 1.0, f"{name} does not come back"


@LONG
@given(compiled_runs(n_steps=STEPS, most_effects=0, off=DEFAULT_RULES), SEEDS)
def test_a_push_never_keeps_growing(compiled: CompiledRun, seed: int) -> None:
    """Scrap that is used in full and joint ports that drive nothing need not come back, but must settle."""
    for name, apart in deviations(compiled, seed, 1e-6).items():
        assert apart.max() <= 200.0, f"{name} swings"
        assert apart[-260:].max() <= 1.1 * apart[:-260].max() + 0.01, f"{name} grows"
