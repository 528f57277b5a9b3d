"""The assertions that users get: silent on what is right, plain about what is wrong."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

import sim
from sim.analysis.result import RunResult, load_result
from sim.testing import assert_flat, assert_mass_balance, assert_results_close
from tests.handmade import STEPS, result
from tests.shipped import scenario


def still() -> RunResult:
    """Return a result in which nothing moves: its baseline twice, the stockpile untouched."""
    made = result()
    made.baseline.series.flow[:] = 3.0
    return dataclasses.replace(made, record=made.baseline)


def changed(made: RunResult, factor: float) -> RunResult:
    """Change one number: what JPN uses of gallium in step 70."""
    column = made.labels.groups.index(("gallium/primary_metal", "JPN"))
    made.record.series.consumption[70, column] *= factor
    return made


def test_a_result_equals_itself_and_its_twin() -> None:
    made = result()
    assert_results_close(made, made, rtol=0.0)
    assert_results_close(made, result(), rtol=0.0)


def test_a_saved_result_equals_the_run(tmp_path: Path) -> None:
    made = sim.simulate(sim.default_network(2024), scenario(horizon="10 weeks"))
    assert_results_close(load_result(made.save(tmp_path)), made, rtol=0.0)


def test_a_difference_is_named_with_place_and_size() -> None:
    with pytest.raises(AssertionError, match="not equal to 1e-09") as fault:
        assert_results_close(changed(result(), 1.001), result())
    assert "gallium/primary_metal.JPN" in str(fault.value)
    assert "consumption_t" in str(fault.value)
    assert "in step 70" in str(fault.value)


def test_a_difference_within_the_tolerance_passes() -> None:
    assert_results_close(changed(result(), 1.001), result(), rtol=0.01)


def test_a_number_that_is_none_is_a_difference() -> None:
    with pytest.raises(AssertionError, match=r"consumption_t.*nan"):
        assert_results_close(changed(result(), float("nan")), result(), rtol=1.0)


def test_a_history_that_only_one_side_has_is_named() -> None:
    fewer = result({"USA": np.ones(STEPS)})
    with pytest.raises(AssertionError, match="only in the right result"):
        assert_results_close(fewer, result())


def test_a_long_list_is_cut_short() -> None:
    made = result()
    for name in ("consumption", "demand", "inventory", "in_transit", "node_activity"):
        getattr(made.record.series, name)[70] *= 1.5
    with pytest.raises(AssertionError, match=r"and [0-9]+ more$"):
        assert_results_close(made, result())


def test_flat_passes_where_nothing_moves_and_fails_where_something_does() -> None:
    assert_flat(still())
    with pytest.raises(AssertionError, match="not flat to 1e-09"):
        assert_flat(result())


def test_flat_sees_a_drift_of_a_millionth() -> None:
    made = still()
    made.record.series.inventory[-1] *= 1.000001
    assert_flat(made, rtol=1e-5)
    with pytest.raises(AssertionError, match=r"inventory_t.*relative 1e-06"):
        assert_flat(made)


def test_flat_sees_what_appears_where_nothing_was() -> None:
    made = still()
    made.record.series.caught_up[-1] = 1e-12
    with pytest.raises(AssertionError, match=r"caught_up_t.*relative inf"):
        assert_flat(made, rtol=0.5)


def test_mass_balance_reads_the_summary() -> None:
    made = result()
    assert_mass_balance(made)
    made.summary["mass_balance"]["max_relative_error"] = 2e-9
    assert_mass_balance(made, rtol=1e-8)
    with pytest.raises(AssertionError, match=r"relative error 2e-09, allowed 1e-09"):
        assert_mass_balance(made)


def test_a_balance_that_is_not_a_number_fails() -> None:
    made = result()
    made.summary["mass_balance"]["max_relative_error"] = float("nan")
    with pytest.raises(AssertionError, match="nan"):
        assert_mass_balance(made, rtol=1.0)
