"""More of a bad thing is never better, on the shipped network (DESIGN section 9).

One disruption, no response with a trigger, summed over end uses: more severe, longer, or with less stock
never lowers the total shortfall. Severity zero is the baseline, to the last bit.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import pytest

import sim
from sim.model.network import Network
from tests.shipped import ban, compiled, end_use_shortfall, loss, record

SEVERITIES = (0.0, 0.1, 0.25, 0.4, 0.5, 0.6, 0.75, 0.85, 0.9, 0.95, 1.0)
WEEKS = (1, 2, 4, 8, 13, 26, 39, 52, 78, 104, 156)
ROUNDING = 1e-9  # of the largest shortfall of a grid
BANNED: dict[str, list[Any]] = {
    "four chains": [{"containing": name} for name in ("gallium", "germanium", "dysprosium", "terbium")],
    "gallium alone": ["gallium"],
    "gallium and wafers": [{"containing": "gallium"}],
    "germanium": [{"containing": "germanium"}],
    "dysprosium": [{"containing": "dysprosium"}],
    "terbium": ["terbium"],
    "magnets": ["ndfeb"],
}
LOST = (
    ("MMR", "mining", "dysprosium/contained"),
    ("CHN", "mining", "neodymium_praseodymium/contained"),
    ("CHN", "refining", "gallium/primary_metal"),
    ("CHN", "refining", "germanium/refined"),
    ("CHN", "processing", "ndfeb/magnet_standard"),
    ("JPN", "processing", "gaas/wafer"),
)


def shortfalls(disruptions: Sequence[dict[str, Any]], **keys: Any) -> list[float]:
    """Return the total shortfall under each disruption alone."""
    found = []
    for disruption in disruptions:
        run = compiled(disruption, horizon="10 years", **keys)
        outcome = record(run.run)
        assert outcome.max_relative_balance_error <= 1e-9
        found.append(end_use_shortfall(run, outcome.series))
    return found


def assert_never_falls(totals: Sequence[float]) -> None:
    """Fail when a later total lies below an earlier one by more than rounding."""
    highest = 0.0
    for total in totals:
        assert total >= highest - ROUNDING * max(totals), totals
        highest = max(highest, total)


@pytest.mark.parametrize("materials", BANNED.values(), ids=BANNED.keys())
def test_a_more_severe_ban_never_costs_less(materials: list[Any]) -> None:
    totals = shortfalls([ban(severity, materials=materials) for severity in SEVERITIES])
    assert totals[0] == 0.0 < totals[-1]
    assert_never_falls(totals)


@pytest.mark.parametrize("severity", [1.0, 0.5])
@pytest.mark.parametrize("materials", BANNED.values(), ids=BANNED.keys())
def test_a_longer_ban_never_costs_less(materials: list[Any], severity: float) -> None:
    totals = shortfalls([ban(severity, f"{weeks} weeks", materials=materials) for weeks in WEEKS])
    assert_never_falls(totals)


@pytest.mark.parametrize("place", LOST, ids=" ".join)
def test_a_larger_loss_of_capacity_never_costs_less(place: tuple[str, str, str]) -> None:
    totals = shortfalls([loss(*place, severity) for severity in SEVERITIES])
    assert totals[0] == 0.0 < totals[-1]
    assert_never_falls(totals)


@pytest.mark.parametrize("place", LOST, ids=" ".join)
def test_a_longer_loss_of_capacity_never_costs_less(place: tuple[str, str, str]) -> None:
    assert_never_falls(shortfalls([loss(*place, duration=f"{weeks} weeks") for weeks in WEEKS]))


def with_covers(factor: float) -> Network:
    """Return the shipped network with all working inventories times `factor`."""
    network = sim.default_network(2024)
    nodes = {
        name: dataclasses.replace(
            node,
            output_cover_days=node.output_cover_days * factor,
            inputs=tuple(dataclasses.replace(i, cover_days=i.cover_days * factor) for i in node.inputs),
        )
        for name, node in network.nodes.items()
    }
    return dataclasses.replace(network, nodes=nodes)


@pytest.mark.parametrize("materials", BANNED.values(), ids=BANNED.keys())
def test_smaller_working_inventories_never_lower_the_cost_of_a_ban(materials: list[Any]) -> None:
    factors = (2.0, 1.5, 1.25, 1.0, 0.75, 0.5)
    totals = [shortfalls([ban(materials=materials)], network=with_covers(factor))[0] for factor in factors]
    assert_never_falls(totals)


def pile(days_of_use: int, material: str) -> list[dict[str, Any]]:
    """Return a stockpile of the watched countries that opens by date, not by the state of the world."""
    build = {
        "kind": "stockpile_build",
        "stockpile": "reserve",
        "country": "USA",
        "members": ["USA", "JPN", "KOR", "EUU"],
        "materials": [material],
        "opening": f"{days_of_use} days",
    }
    release = {"kind": "stockpile_release", "stockpile": "reserve", "trigger": {"on": "2026-08-03"}}
    return [build, release]


@pytest.mark.parametrize("material", ["gallium/primary_metal", "germanium/refined", "dysprosium/oxide"])
def test_a_smaller_stockpile_never_lowers_the_cost_of_a_ban(material: str) -> None:
    days = (360, 180, 120, 60, 30, 10)
    totals = [shortfalls([ban()], responses=pile(amount, material))[0] for amount in days]
    assert_never_falls([*totals, *shortfalls([ban()])])
    assert totals[0] < totals[-1]


@pytest.mark.parametrize("step", ["week", "day"])
def test_severity_zero_is_the_baseline_bit_for_bit(step: str) -> None:
    """With leakage and diversion open too: every history, every flow."""
    nothing = [
        ban(0.0, leakage=0.1),
        ban(0.0, destinations=["USA"], materials=["gallium"]),
        loss("CHN", "refining", "zinc/refined_metal", 0.0),
    ]
    for disruption in nothing:
        run = compiled(disruption, step=step, horizon="3 years")
        outcome, calm = record(run.run), record(run.baseline())
        for name, history in outcome.series._asdict().items():
            assert history.tobytes() == getattr(calm.series, name).tobytes(), name
