"""Measures of a result against the hand-made ban, whose areas are known."""

from __future__ import annotations

import numpy as np
import pytest

from sim.analysis.curves import curves, curves_by_id
from sim.analysis.measures import fill_rate, resilience_loss, time_to_survive
from sim.analysis.result import load_result
from sim.errors import ResultError
from tests import handmade
from tests.handmade import GALLIUM, ONSET, STEPS, box


@pytest.fixture(params=["run", "saved"])
def result(request, tmp_path, monkeypatch):
    """The measures read a run and its folder alike."""
    monkeypatch.setattr("sim.model.scenario.dump_scenario", lambda scenario: "name: x\n", raising=False)
    made = handmade.result()
    return made if request.param == "run" else load_result(made.save(tmp_path))


def test_the_area_of_a_box_is_depth_times_weeks(result):
    assert resilience_loss(result, consumer="USA") == pytest.approx(0.6 * 20)
    assert resilience_loss(result, consumer="USA", of=GALLIUM) == pytest.approx(0.6 * 20)


def test_the_area_of_a_triangle_is_half_of_it(result):
    assert resilience_loss(result, consumer="JPN") == pytest.approx(0.5 * 40 / 2)


def test_the_fill_rate_is_what_was_met_of_what_was_wanted(result):
    assert fill_rate(result, consumer="USA", of=GALLIUM) == pytest.approx(1 - 12 / STEPS)
    assert fill_rate(result, consumer="JPN") == pytest.approx(1 - 10 / STEPS)


def test_weeks_survived_run_from_the_onset(result):
    assert time_to_survive(result, consumer="USA", of="chips") == 4.0


def test_a_consumer_who_is_met_to_the_end_has_no_time_to_survive(monkeypatch):
    met = handmade.result({"USA": np.ones(STEPS), "JPN": box(0.5, ONSET, ONSET + 3)})
    assert time_to_survive(met, consumer="USA", of=GALLIUM) is None
    assert (fill_rate(met, consumer="USA"), resilience_loss(met, consumer="USA")) == (1.0, 0.0)


def test_an_unknown_consumer_or_material_gets_the_nearest_name(result):
    with pytest.raises(ResultError, match=r"'USB' is not a consumer of this result.*USA"):
        fill_rate(result, consumer="USB")
    with pytest.raises(ResultError, match=r"no sector or material 'gallium/primary'.*primary_metal"):
        fill_rate(result, consumer="USA", of="gallium/primary")


def test_facilities_of_one_sector_are_summed_and_stand_alone_by_id(result):
    summed = curves(result, "sector", "activity")["chips", "USA"]
    alone = curves_by_id(result, "sector", "activity")
    total = alone["chips.USA"].value + alone["chips.USA.plant"].value
    assert np.array_equal(summed.value, total)
    assert summed.unit == "unit/week"


def test_what_was_not_recorded_has_no_curves(result):
    assert curves(result, "material", "nonsense") == {}
    assert curves(result, "nonsense", "demand_t") == {}
