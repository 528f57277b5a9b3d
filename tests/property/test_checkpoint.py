"""A run in pieces, or picked up from a saved state, is the run in one go, to the last byte."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sim.engine.run import Engine
from sim.errors import EngineError
from sim.model.arrays import CompiledRun
from tests.strategies import compiled_runs

MANY = settings(max_examples=80, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
STEPS = 70


def result_bytes(engine: Engine) -> dict[str, bytes]:
    """Return every series, the state and the events as bytes."""
    series = {f"series.{name}": values.tobytes() for name, values in engine.record.series._asdict().items()}
    state = {f"state.{name}": values.tobytes() for name, values in engine.state._asdict().items()}
    events = repr([(e.step, e.kind, e.name, e.label) for e in engine.events]).encode()
    return {**series, **state, "events": events}


def whole(compiled: CompiledRun) -> dict[str, bytes]:
    """Return the result of one go."""
    engine = Engine(compiled)
    engine.advance(compiled.n_steps)
    return result_bytes(engine)


def assert_equal(left: dict[str, bytes], right: dict[str, bytes]) -> None:
    """Name what differs, not the bytes."""
    assert [name for name in left if left[name] != right[name]] == []


@MANY
@given(compiled_runs(n_steps=STEPS))
def test_the_same_run_gives_the_same_bytes(compiled: CompiledRun) -> None:
    """Nothing depends on what ran before."""
    assert_equal(whole(compiled), whole(compiled))


@MANY
@given(compiled_runs(n_steps=STEPS), st.lists(st.integers(1, 30), max_size=6))
def test_pieces_equal_the_whole(compiled: CompiledRun, pieces: list[int]) -> None:
    """The calendar may stop anywhere."""
    engine = Engine(compiled)
    for piece in pieces:
        if engine.step < STEPS:
            engine.advance(piece)
    if engine.step < STEPS:
        engine.advance(STEPS)
    assert_equal(whole(compiled), result_bytes(engine))


@MANY
@given(compiled_runs(n_steps=STEPS), st.integers(0, STEPS - 1))
def test_a_restored_run_equals_the_whole(compiled: CompiledRun, at: int) -> None:
    """A fresh engine that takes over a saved state, stored in between, ends at the same bytes."""
    first = Engine(compiled)
    first.advance(at)
    saved = pickle.loads(pickle.dumps(first.checkpoint()))
    second = Engine(compiled)
    second.restore(saved)
    second.advance(STEPS)
    assert_equal(whole(compiled), result_bytes(second))


@MANY
@given(compiled_runs(n_steps=STEPS), st.integers(1, STEPS - 1))
def test_going_back_and_on_again_changes_nothing(compiled: CompiledRun, at: int) -> None:
    """A checkpoint is a copy: going on does not change it, and an engine may return to it."""
    engine = Engine(compiled)
    engine.advance(at)
    saved = engine.checkpoint()
    engine.advance(STEPS)
    engine.restore(saved)
    engine.advance(STEPS)
    assert_equal(whole(compiled), result_bytes(engine))


@MANY
@given(compiled_runs(n_steps=STEPS))
def test_tracing_changes_nothing(compiled: CompiledRun) -> None:
    """The trace stops the kernel at every step; the numbers must not notice."""
    engine = Engine(compiled, trace=True, check=True)
    engine.advance(STEPS)
    assert_equal(whole(compiled), result_bytes(engine))


@settings(max_examples=1, derandomize=True, database=None)
@given(compiled_runs(n_steps=3))
def test_a_run_that_has_ended_does_not_go_on(compiled: CompiledRun) -> None:
    """Silence would look like a result."""
    engine = Engine(compiled)
    engine.advance(3)
    with pytest.raises(EngineError, match="ended"):
        engine.advance(1)
    assert np.isfinite(engine.finish().max_relative_balance_error)
