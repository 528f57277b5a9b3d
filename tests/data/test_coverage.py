"""Coverage of the world, residuals and marks: what the shipped tables claim against what they must reach."""

from __future__ import annotations

import math

import pytest

from sim.analysis.checkup import check_up
from sim.data.coverage import coverage
from sim.data.read import read_tables

MARKS = ("evidence", "half", "construction")
EVIDENCE = (
    ("alumina/all_grades", "refining"),
    ("copper/refined", "refining"),
    ("lithium/carbonate", "refining"),
    ("potash/k2o", "mining"),
    ("titanium/concentrate", "mining"),
    ("zinc/refined_metal", "refining"),
)
SURPLUS = ("samarium/contained", "yttrium/contained", "lanthanum_cerium/contained")
"""Far more in the ore than anybody separates: booked as surplus."""
ORE_RECIPE = ("dysprosium/contained", "neodymium_praseodymium/contained")
"""A recovery of nine tenths against baskets read by deposit: see the page of magnet rare earths."""


@pytest.fixture(scope="module")
def rows() -> list[dict[str, object]]:
    return [dict(row) for row in check_up("data").coverage]


def test_every_material_and_stage_has_a_mark_with_its_reason(rows: list[dict[str, object]]) -> None:
    for row in rows:
        assert row["closure"] in MARKS, (row["material"], row["stage"])
        assert row["known_reason"], (row["material"], row["stage"])


def test_no_mark_is_left_over() -> None:
    made = {(row.material, row.stage) for row in coverage(read_tables())}
    closures = read_tables().closures
    assert set(zip(closures["material"], closures["stage"], strict=True)) <= made


def test_shipped_production_covers_the_published_world(rows: list[dict[str, object]]) -> None:
    published = [row for row in rows if row["coverage"] is not None]
    assert len(published) >= 25
    for row in published:
        assert float(str(row["coverage"])) >= 0.98, row["material"]


def test_residuals_are_small_or_have_their_reason(rows: list[dict[str, object]]) -> None:
    for row in rows:
        if row["material"] not in SURPLUS + ORE_RECIPE:
            assert row["residual"] is not None
            assert abs(float(str(row["residual"]))) <= 0.05, row["material"]


@pytest.mark.parametrize("key", EVIDENCE, ids="/".join)
def test_what_must_be_evidence_is(key: tuple[str, str], rows: list[dict[str, object]]) -> None:
    (row,) = [row for row in rows if (row["material"], row["stage"]) == key]
    assert row["closure"] == "evidence"


def test_shares_by_confidence_add_up(rows: list[dict[str, object]]) -> None:
    for row in rows:
        confidence = row["confidence"]
        assert isinstance(confidence, dict)
        assert math.isclose(sum(confidence.values()), 1.0, abs_tol=1e-9)
        assert confidence["expert"] == row["expert_share"]
