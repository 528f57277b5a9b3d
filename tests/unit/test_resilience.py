"""Each measure against a case whose answer follows by hand, with awkward ends: never short, never back."""

from __future__ import annotations

import inspect

import numpy as np
import pytest

from sim.analysis import resilience
from sim.analysis.resilience import (
    days_of_cover,
    days_of_present_cover,
    fill_rate,
    peak_shortfall_share,
    performance,
    recovered_later,
    resilience_loss_weeks,
    robustness,
    service_level,
    shortfall,
    shortfall_share,
    time_to_survive,
    weeks_to_recover,
    weeks_to_shortfall,
)
from tests.handmade import ONSET, STEPS, box, triangle

ONES = np.ones(STEPS)


def test_performance_is_one_where_the_baseline_delivers_nothing():
    assert performance(np.array([3.0, 0.0, 5.0]), np.array([4.0, 0.0, 0.0])).tolist() == [0.75, 1.0, 1.0]


def test_shortfall_counts_only_what_the_baseline_does_not_lack_too():
    """A baseline may leave demand unmet (growth without projects); a disruption is not to blame for that."""
    demand, delivered = np.array([10.0, 10.0, 10.0]), np.array([9.0, 5.0, 10.0])
    assert shortfall(demand, delivered, demand, np.full(3, 9.0)).tolist() == [0.0, 4.0, 0.0]


def test_shortfall_is_zero_to_the_bit_for_differences_of_rounding():
    demand = np.full(4, 1e6)
    assert not shortfall(demand, demand - 1e-8, demand, demand).any()


def test_shortfall_of_a_rising_demand_is_measured_against_that_demand():
    """D - S grows when demand does and deliveries do not."""
    assert shortfall(np.array([12.0]), np.array([10.0]), np.array([10.0]), np.array([10.0])).tolist() == [2.0]


@pytest.mark.parametrize(
    ("caught_up", "base", "short", "expected"),
    [(6.0, 0.0, 10.0, 6.0), (6.0, 2.0, 10.0, 4.0), (12.0, 0.0, 10.0, 10.0), (0.0, 3.0, 10.0, 0.0)],
)
def test_recovered_later_lies_between_zero_and_the_shortfall(caught_up, base, short, expected):
    assert recovered_later(np.array([caught_up]), np.array([base]), short) == expected


def test_box_and_triangle_have_the_areas_of_box_and_triangle():
    """Bruneau's triangle: depth x duration, and half of it."""
    assert resilience_loss_weeks(box(0.6, 30, 50), ONSET, 7) == pytest.approx(12.0, abs=1e-12)
    assert resilience_loss_weeks(triangle(0.5, 36, 56, 76), ONSET, 7) == pytest.approx(10.0, abs=1e-12)


def test_daily_steps_give_the_same_area_as_weekly_ones():
    q = np.repeat(box(0.6, 30, 50), 7)
    assert resilience_loss_weeks(q, ONSET * 7, 1) == pytest.approx(12.0, abs=1e-12)
    assert (weeks_to_shortfall(q, ONSET * 7, 1), weeks_to_recover(q, ONSET * 7, 1)) == (4.0, 24.0)


def test_catching_up_does_not_shrink_the_area():
    """Else a dip of 20 weeks that is made up for later would count as no loss of function at all."""
    q = box(0.6, 30, 50)
    q[50:70] = 1.6
    assert resilience_loss_weeks(q, ONSET, 7) == pytest.approx(12.0, abs=1e-12)


def test_a_box_starts_and_ends_where_it_stands():
    q = box(0.6, ONSET + 4, ONSET + 24)
    assert weeks_to_shortfall(q, ONSET, 7) == 4.0
    assert weeks_to_recover(q, ONSET, 7) == 24.0


def test_a_triangle_is_short_below_99_percent_only():
    """q of depth 0.5 over 20 weeks falls 2.5 points a week, below 0.99 in the first week after its start."""
    q = triangle(0.5, ONSET + 10, ONSET + 30, ONSET + 50)
    assert weeks_to_shortfall(q, ONSET, 7) == 11.0
    assert weeks_to_recover(q, ONSET, 7) == 50.0


def test_never_short_has_its_own_answers():
    assert weeks_to_shortfall(ONES, ONSET, 7) is None
    assert weeks_to_recover(ONES, ONSET, 7) == 0.0
    assert resilience_loss_weeks(ONES, ONSET, 7) == 0.0
    assert (robustness(ONES), service_level(ONES)) == (1.0, 1.0)


def test_never_recovered_is_none_and_not_the_horizon():
    q = box(0.2, 40, STEPS)
    assert weeks_to_recover(q, ONSET, 7) is None
    assert resilience_loss_weeks(q, ONSET, 7) == pytest.approx(0.2 * (STEPS - 40))


@pytest.mark.parametrize(("good_weeks", "expected"), [(12, None), (13, 24.0)])
def test_recovery_needs_13_good_weeks_within_the_horizon(good_weeks, expected):
    """Twelve good weeks at the end prove nothing: the horizon is not an answer."""
    q = box(0.5, ONSET, ONSET + 24, ONSET + 24 + good_weeks)
    assert weeks_to_recover(q, ONSET, 7) == expected


def test_a_dip_within_13_weeks_postpones_recovery():
    q = box(0.5, ONSET, ONSET + 10)
    q[ONSET + 22] = 0.98
    assert weeks_to_recover(q, ONSET, 7) == 23.0
    q[ONSET + 22], q[ONSET + 23] = 1.0, 0.98
    assert weeks_to_recover(q, ONSET, 7) == 10.0


def test_good_weeks_before_the_first_shortage_are_no_recovery():
    """Stocks carry a user for half a year; that is not yet the recovery."""
    assert weeks_to_recover(box(0.5, ONSET + 26, ONSET + 40), ONSET, 7) == 40.0


def test_recovery_in_daily_steps_holds_for_91_days():
    q = box(0.5, 10, 20, 20 + 91)
    assert weeks_to_recover(q, 0, 1) == pytest.approx(20 / 7)
    assert weeks_to_recover(q[:-1], 0, 1) is None


def test_an_onset_beyond_the_horizon_measures_nothing():
    assert weeks_to_shortfall(ONES, STEPS, 7) is None
    assert resilience_loss_weeks(ONES, STEPS + 5, 7) == 0.0


def test_shares_are_of_demand_and_zero_without_it():
    short, demand = np.array([0.0, 2.0, 1.0]), np.array([10.0, 4.0, 10.0])
    assert shortfall_share(short, demand) == 3.0 / 24.0
    assert peak_shortfall_share(short, demand) == 0.5
    assert shortfall_share(np.zeros(3), np.zeros(3)) == 0.0
    assert peak_shortfall_share(np.zeros(3), np.zeros(3)) == 0.0


def test_fill_rate_is_delivered_over_wanted():
    assert fill_rate(np.array([8.0, 6.0]), np.array([10.0, 10.0])) == 0.7
    assert fill_rate(np.zeros(2), np.zeros(2)) == 1.0


def test_service_level_and_robustness_of_a_box():
    q = box(0.6, 30, 50)
    assert service_level(q) == pytest.approx(1 - 20 / STEPS)
    assert robustness(q) == pytest.approx(0.4)


def test_time_to_survive_is_stock_over_use():
    """120 t of stock meet 10 t a week for 12 weeks once inflow stops for good."""
    demand = np.full(STEPS, 10.0)
    delivered = np.where(np.arange(STEPS) < ONSET + 12, 10.0, 0.0)
    assert time_to_survive(demand, delivered, ONSET, 7) == 12.0
    assert time_to_survive(demand, demand, ONSET, 7) is None


def test_days_of_cover_is_stock_over_mean_use():
    assert days_of_cover(np.array([80.0, 40.0]), np.array([10.0, 10.0]), 7).tolist() == [56.0, 28.0]
    assert np.isnan(days_of_cover(np.ones(2), np.zeros(2), 7)).all()


def test_measures_stay_short_and_say_where_they_come_from():
    """Twenty lines of code each, with a docstring."""
    for name, function in inspect.getmembers(resilience, inspect.isfunction):
        if function.__module__ != resilience.__name__:
            continue
        source, doc = inspect.getsource(function), function.__doc__
        assert doc, name
        assert len(source.replace(doc, "").splitlines()) <= 20, name


def test_a_dip_of_less_than_one_percent_is_no_shortfall_but_has_an_area():
    """q = 0.995 for ten weeks: never short, yet a twentieth of a week is gone."""
    q = box(0.005, 30, 40)
    assert weeks_to_shortfall(q, ONSET, 7) is None
    assert weeks_to_recover(q, ONSET, 7) == 0.0
    assert resilience_loss_weeks(q, ONSET, 7) == pytest.approx(0.05, abs=1e-12)


def test_q_of_exactly_99_percent_is_not_short():
    q = ONES.copy()
    q[40] = 0.99
    assert weeks_to_shortfall(q, ONSET, 7) is None
    q[40] = np.nextafter(0.99, 0.0)
    assert weeks_to_shortfall(q, ONSET, 7) == 40 - ONSET


def test_a_second_dip_after_a_lasting_recovery_does_not_move_the_first():
    """The definition is the first lasting recovery; the second dip shows in the area."""
    q = box(0.5, ONSET + 2, ONSET + 10)
    q[ONSET + 40 : ONSET + 50] = 0.8
    assert weeks_to_recover(q, ONSET, 7) == 10.0
    assert resilience_loss_weeks(q, ONSET, 7) == pytest.approx(0.5 * 8 + 0.2 * 10, abs=1e-12)


def test_a_dip_before_the_first_disruption_does_not_count():
    q = box(0.5, ONSET - 10, ONSET - 2)
    assert weeks_to_shortfall(q, ONSET, 7) is None
    assert resilience_loss_weeks(q, ONSET, 7) == 0.0


def test_a_baseline_of_nothing_is_neither_short_nor_a_division_by_zero():
    q = performance(np.zeros(STEPS), np.zeros(STEPS))
    assert np.array_equal(q, ONES)
    assert weeks_to_shortfall(q, ONSET, 7) is None
    assert resilience_loss_weeks(q, ONSET, 7) == 0.0


def test_a_shortfall_in_the_step_of_the_onset_is_at_zero_weeks():
    assert weeks_to_shortfall(box(0.3, ONSET, ONSET + 5), ONSET, 7) == 0.0


def test_days_and_weeks_differ_by_the_step_only():
    """Ten days of nothing: 10/7 weeks short, back after 10 days, an area of 10/7 weeks."""
    q = box(1.0, 100, 110, 1000)
    assert weeks_to_shortfall(q, 93, 1) == 1.0
    assert weeks_to_recover(q, 93, 1) == pytest.approx(17 / 7)
    assert resilience_loss_weeks(q, 93, 1) == pytest.approx(10 / 7)


def test_present_cover_goes_by_the_demand_of_the_year_around() -> None:
    demand = np.repeat([10.0, 20.0], 104)
    cover = days_of_present_cover(np.full(208, 40.0), demand, 7)
    assert cover[0] == pytest.approx(28.0)
    assert cover[-1] == pytest.approx(14.0)
    assert 14.0 < cover[104] < 28.0
    assert np.isnan(days_of_present_cover(np.ones(3), np.zeros(3), 7)).all()
