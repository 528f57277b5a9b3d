"""The compiled kernel and the slow oracle, written apart from one text, give the same numbers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from sim.model.arrays import CompiledRun
from tests.comparison import assert_same, histories, largest, traced
from tests.drafts import pack
from tests.oracles import run_oracle
from tests.random_networks import ALL_FEATURES, disrupted, random_draft
from tests.strategies import compiled_runs

THOROUGH = settings(
    max_examples=400,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
    print_blob=True,
)

SIZE_OF = {"node_deferred": "want", "pile_released": "order"}
"""Series that may be all rounding, and the history whose size they are judged by."""


def grouped(values: np.ndarray, group: np.ndarray, count: int) -> np.ndarray:
    """Sum the columns of a history by group."""
    total = np.zeros((len(values), count))
    for column, row in enumerate(group.tolist()):
        if row >= 0:
            total[:, row] += values[:, column]
    return total


def expected_series(compiled: CompiledRun, oracle: dict) -> dict[str, np.ndarray]:
    """Return what the record must hold, summed from the oracle's histories."""
    net, count = compiled.arrays, compiled.record_groups
    wanted = np.where(net.node_end_use, np.minimum(oracle["demand"], oracle["cap"]), oracle["ceiling"])
    return {
        "demand": grouped(oracle["b"] * wanted[:, net.slot_node], net.slot_group, count),
        "consumption": grouped(oracle["draw"], net.slot_group, count),
        "inventory": grouped(oracle["on_hand"], net.slot_group, count),
        "in_transit": grouped(oracle["transit"], net.slot_group, count),
        "production": grouped(
            oracle["matured"][:, net.port_node] * net.port_output_per_unit, net.port_group, count
        ),
        "port_stock": grouped(oracle["port_stock"], net.port_group, count),
        "node_demand": np.where(net.node_end_use, oracle["demand"], oracle["ceiling"]),
        "node_activity": oracle["activity"],
        "node_capacity": oracle["cap"],
        "node_deferred": oracle["deferred"],
        "pile_stock": oracle["pile_stock"],
        "pile_released": oracle["pile_released"],
        "pile_bought": oracle["pile_arrived"],
        "pile_spent": oracle["pile_spent"],
        "flow": oracle["granted"],
    }


def compare(compiled: CompiledRun) -> None:
    """Assert that trace, record and fired triggers of the engine are the oracle's."""
    engine = traced(compiled)
    ours, oracle = histories(engine), run_oracle(compiled)
    assert_same(ours, oracle, list(ours))
    expected = expected_series(compiled, oracle)
    for name, values in expected.items():
        got = getattr(engine.record.series, name)
        size = max(largest(values), largest(oracle[SIZE_OF[name]]) if name in SIZE_OF else 0.0)
        with np.errstate(invalid="ignore"):
            same = (got == values) | (np.abs(got - values) <= 1e-9 * size)
        assert same.all(), (name, np.argwhere(~same)[0].tolist())
    fired = engine.state.fired
    assert [(int(fired[j]), int(j)) for j in np.flatnonzero(fired >= 0)] == sorted(
        oracle["fired"], key=lambda pair: pair[1]
    )


@THOROUGH
@given(compiled_runs(n_steps=80))
def test_kernel_equals_oracle_on_random_networks(compiled: CompiledRun) -> None:
    """Two independent readings of one text can agree by chance once, not on hundreds of networks."""
    compare(compiled)


@pytest.mark.parametrize("seed", range(20))
def test_kernel_equals_oracle_with_everything_on(seed: int) -> None:
    """All rules at once, on wider networks, so that rules that meet rarely do meet."""
    compare(pack(disrupted(seed, random_draft(seed, ALL_FEATURES, width=5), 6, 120)).run)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1000, 1060))
def test_kernel_equals_oracle_over_six_years(seed: int) -> None:
    """Small differences have time to grow over 312 steps."""
    compare(pack(disrupted(seed, random_draft(seed, ALL_FEATURES, width=3), 4, 312)).run)
