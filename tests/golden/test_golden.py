"""The numbers of the shipped scenarios change only on purpose."""

from __future__ import annotations

import pytest

from tests.golden.headlines import FOLDER, differences, headlines, kept, rows_of, run, shipped

HINT = "if this is meant: python -m tests.golden.update, and name the change in CHANGELOG.md"


@pytest.mark.parametrize("scenario", shipped())
def test_the_headline_numbers_of_a_shipped_scenario_are_as_kept(scenario):
    expected = kept(scenario)
    found = differences(expected, rows_of(run(scenario), expected))
    assert not found, "\n".join([*found[:20], HINT])


def test_every_shipped_scenario_has_golden_results_and_nothing_else_has():
    assert sorted(path.stem for path in FOLDER.glob("*.json")) == shipped(), HINT


def test_a_change_beyond_the_ninth_digit_is_seen_and_a_new_order_is_none():
    rows = [
        {"material": name, "country": "USA", "resilience_loss_weeks": loss, "shortfall": 10.0 * loss}
        for name, loss in (("a/x", 3.0), ("b/y", 2.0))
    ]
    names = ("scenario", "start", "horizon_weeks", "step_days", "prices", "sectors", "stockpiles", "projects")
    summary = {name: [] for name in names} | {"materials": rows}
    expected = headlines(summary)
    moved = summary | {"materials": [rows[0] | {"shortfall": 30.0 + 1e-7}, rows[1]]}
    assert len(differences(expected, rows_of(moved, expected))) == 1
    assert differences(expected, rows_of(summary | {"materials": rows[::-1]}, expected)) == []
    gone = differences(expected, rows_of(summary | {"materials": rows[:1]}, expected))
    assert any("absent" in line for line in gone)
