"""The lesson of each shipped scenario, as its header states it. Orders and signs, not figures."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import pytest

from sim.analysis.result import RunResult
from sim.analysis.runs import run_scenario

SCENARIOS = Path(__file__).parents[2] / "scenarios"
WESTERN = ("USA", "EUU", "KOR", "JPN")
MAGNET_USERS = ("ev_traction", "wind", "industrial_motors", "other_automotive", "defence")


@cache
def result(name: str, step: Any = None) -> RunResult:
    """Return the result of a shipped scenario."""
    return run_scenario(SCENARIOS / f"{name}.yaml", step=step)


def sector(name: str, key: str, sector: str, country: str) -> Any:
    """Return one measure of a sector."""
    rows = result(name).summary["sectors"]
    return next(row[key] for row in rows if (row["sector"], row["country"]) == (sector, country))


def material(name: str, key: str, material: str, country: str) -> Any:
    rows = result(name).summary["materials"]
    return next(row[key] for row in rows if (row["material"], row["country"]) == (material, country))


def test_nothing_happens_in_the_baseline() -> None:
    for rows in (result("baseline").summary["sectors"], result("baseline").summary["materials"]):
        assert all(row["weeks_to_shortfall"] is None and row["resilience_loss_weeks"] < 1e-6 for row in rows)


@pytest.mark.parametrize("country", WESTERN[:3])
def test_a_ban_of_everything_made_of_the_metals_stops_cars_within_months(country: str) -> None:
    weeks = sector("export_ban", "weeks_to_shortfall", "ev_traction", country)
    assert 3 < weeks < 26
    assert sector("export_ban", "peak_shortfall_share", "ev_traction", country) > 0.4


@pytest.mark.parametrize("user", MAGNET_USERS)
def test_a_ban_of_the_four_names_alone_reaches_no_user_of_magnets(user: str) -> None:
    """Magnets are bought instead of made; that is the lesson."""
    for country in WESTERN:
        assert sector("export_ban_metals_only", "peak_shortfall_share", user, country) < 0.01


def test_a_ban_of_the_four_names_alone_hits_the_magnet_makers_abroad() -> None:
    for country in WESTERN:
        loss = material("export_ban_metals_only", "peak_shortfall_share", "dysprosium/metal", country)
        assert loss > 0.5, country


def test_the_vault_buys_its_members_time_and_leaves_others_no_worse() -> None:
    """Who draws on a stockpile competes less for what others still sell."""
    key = "resilience_loss_weeks"
    for user in ("ev_traction", "compound_semiconductors", "defence"):
        with_vault, without = (sector(name, key, user, "USA") for name in ("vault_release", "export_ban"))
        assert with_vault < 0.9 * without, user
        later = sector("vault_release", "weeks_to_shortfall", user, "USA") or 1_000
        assert later > sector("export_ban", "weeks_to_shortfall", user, "USA"), user
        for country in WESTERN[1:]:
            assert sector("vault_release", key, user, country) <= 1.01 * sector(
                "export_ban", key, user, country
            )


def test_the_vault_opens_each_material_by_itself_after_the_ban_began() -> None:
    opened = {row["material"]: row for row in result("vault_release").summary["stockpiles"]}
    assert {"gaas/wafer", "germanium/refined", "ndfeb/magnet_high_temperature"} <= set(opened)
    fired = [e.step for e in result("vault_release").record.events if e.label == "fired"]
    assert len(set(fired)) > 1
    assert min(fired) >= 26


def test_a_closure_of_myanmar_is_felt_in_china_first() -> None:
    """Contained feed, then oxide in China, then oxide abroad; no magnet user is hit hard."""
    feed = material("myanmar_closure", "weeks_to_shortfall", "dysprosium/contained", "CHN")
    oxide = material("myanmar_closure", "weeks_to_shortfall", "dysprosium/oxide", "CHN")
    abroad = [
        material("myanmar_closure", "weeks_to_shortfall", "dysprosium/oxide", country)
        for country in ("USA", "KOR")
    ]
    assert feed < oxide <= min(weeks for weeks in abroad if weeks is not None)
    assert sector("myanmar_closure", "peak_shortfall_share", "ev_traction", "CHN") < 0.1


def test_the_licences_of_2025_hurt_within_two_months_and_are_over_in_a_year() -> None:
    """First stops came five to eight weeks after the rule; exports were back after three months."""
    weeks = [
        sector("magnet_licences_2025", "weeks_to_shortfall", "ev_traction", c) for c in ("USA", "EUU", "KOR")
    ]
    assert 3 <= min(weeks) <= 10
    for country in ("USA", "EUU", "KOR"):
        assert sector("magnet_licences_2025", "weeks_to_recover", "ev_traction", country) < 52


@pytest.mark.parametrize("path", sorted(SCENARIOS.glob("*.yaml")), ids=lambda path: path.stem)
def test_mass_is_conserved(path: Path) -> None:
    assert result(path.stem).summary["mass_balance"]["max_relative_error"] <= 1e-9
