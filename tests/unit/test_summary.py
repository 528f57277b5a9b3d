"""Rows of the summary from histories written down by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from sim.analysis.summary import Histories, finite, measures, summarise
from tests import handmade
from tests.handmade import ONSET, STEPS, WAFER


def histories(demand, delivered, caught_up=None, *, base=None, base_demand=None) -> Histories:
    d, s = np.asarray(demand, dtype=float), np.asarray(delivered, dtype=float)
    c = np.zeros(len(d)) if caught_up is None else np.asarray(caught_up, dtype=float)
    db = d if base_demand is None else np.asarray(base_demand, dtype=float)
    sb = db if base is None else np.asarray(base, dtype=float)
    return Histories(d, s, c, db, sb, np.zeros(len(d)))


def test_four_weeks_without_a_delivery_half_of_it_caught_up():
    """20 weeks of 10 t; weeks 5-8 bring nothing; of the 40 t lacking 20 come back in weeks 9-12."""
    demand = np.full(20, 10.0)
    delivered, caught_up = demand.copy(), np.zeros(20)
    delivered[5:9], delivered[9:13], caught_up[9:13] = 0.0, 15.0, 5.0
    row = measures(histories(demand, delivered, caught_up), onset=2, step_days=7)
    assert row == {
        "demand": 200.0,
        "delivered": 180.0,
        "shortfall": 40.0,
        "lost": 20.0,
        "recovered_later": 20.0,
        "shortfall_share": 0.2,
        "peak_shortfall_share": 1.0,
        "weeks_to_shortfall": 3.0,
        "weeks_to_recover": None,
        "resilience_loss_weeks": 4.0,
        "peak_price_ratio": None,
        "gdp_at_risk_usd": None,
    }, "11 good weeks before the horizon are no recovery"


def test_nothing_lacking_has_zeros_and_no_week_of_shortfall():
    row = measures(histories(np.full(30, 10.0), np.full(30, 10.0)), onset=5, step_days=7)
    assert (row["weeks_to_shortfall"], row["weeks_to_recover"]) == (None, 0.0)
    for name in ("shortfall", "lost", "recovered_later", "shortfall_share", "peak_shortfall_share"):
        assert row[name] == 0.0
    assert row["resilience_loss_weeks"] == 0.0


def test_nothing_wanted_divides_by_nothing():
    row = measures(histories(np.zeros(30), np.zeros(30)), onset=0, step_days=7)
    assert (row["demand"], row["shortfall_share"], row["resilience_loss_weeks"]) == (0.0, 0.0, 0.0)
    assert row["weeks_to_shortfall"] is None


def test_a_baseline_that_lacks_as_much_is_not_blamed_on_the_disruption():
    demand = np.full(30, 10.0)
    row = measures(histories(demand, np.full(30, 7.0), base=np.full(30, 7.0)), onset=0, step_days=7)
    assert (row["shortfall"], row["weeks_to_shortfall"]) == (0.0, None)


def test_users_who_want_less_fall_below_the_baseline_without_a_shortfall():
    """Lost export orders of an intermediate user: q is 0.5, yet all that is wanted is delivered."""
    row = measures(
        histories(np.full(30, 5.0), np.full(30, 5.0), base_demand=np.full(30, 10.0)), onset=0, step_days=7
    )
    assert row["shortfall"] == 0.0
    assert row["weeks_to_shortfall"] == 0.0
    assert row["resilience_loss_weeks"] == 15.0


def test_days_give_the_same_row_as_weeks_of_the_same_course():
    demand = np.full(40, 7.0)
    delivered = demand.copy()
    delivered[10:14] = 3.5
    weekly = measures(histories(demand, delivered), onset=8, step_days=7)
    days = histories(np.repeat(demand / 7, 7), np.repeat(delivered / 7, 7))
    daily = measures(days, onset=56, step_days=1)
    for name, value in weekly.items():
        assert daily[name] == (value if value is None else pytest.approx(value, rel=1e-12)), name


def test_the_hand_made_ban_has_its_known_rows():
    summary = summarise(handmade.result())
    usa = next(r for r in summary["materials"] if (r["material"], r["country"]) == (WAFER, "USA"))
    assert usa["demand"] == 10.0 * STEPS
    assert usa["shortfall"] == pytest.approx(0.6 * 10 * 20)
    assert (usa["weeks_to_shortfall"], usa["weeks_to_recover"]) == (4.0, 24.0)
    jpn = next(r for r in summary["sectors"] if r["country"] == "JPN")
    assert jpn["resilience_loss_weeks"] == pytest.approx(10.0)
    assert jpn["weeks_to_recover"] == 50.0
    pile = summary["stockpiles"][0]
    assert (pile["opening"], pile["released"], pile["closing"]) == (100.0, 100.0, 0.0)
    assert (pile["weeks_to_release"], pile["weeks_to_empty"]) == (12.0, 31.0)
    assert summary["horizon_weeks"] == STEPS
    assert ONSET == 26


def test_sectors_of_one_name_are_summed_over_their_facilities():
    summary = summarise(handmade.result())
    usa = [row for row in summary["sectors"] if row["country"] == "USA"]
    assert len(usa) == 1
    assert usa[0]["demand"] == 2 * 5.0 * STEPS


def test_a_stock_that_is_left_with_rounding_is_empty():
    result = handmade.result()
    result.record.series.pile_stock[-1, 0] = -3.9e-34
    assert summarise(result)["stockpiles"][0]["closing"] == 0.0


def test_numbers_that_json_cannot_say_become_null():
    assert finite({"a": math.inf, "b": [math.nan, -0.0, np.float64(2.0), np.int64(3)]}) == {
        "a": None,
        "b": [None, 0.0, 2.0, 3],
    }
    assert math.copysign(1.0, finite(-0.0)) == 1.0
