"""From tables to unknowns and constraints, on a world of two metals small enough to check by hand."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from sim.data.read import read_tables
from sim.errors import Faults, NetworkError
from sim.model.balance import Balanced, balance
from sim.model.figures import FigureBook
from sim.model.structure import read_structure
from tests.tables_world import world_files, write_tables

FIGURES = "figures/zinc.csv"
TOTAL = "zinc_abroad,aggregate,WLD,,2024,5,t/yr,book,high,\n"
Changes = dict[str, str | tuple[str, str] | None]


def balanced(folder: Path, changes: Changes | None = None, year: int = 2024) -> Balanced:
    """Balance the small world; its published total contradicts it and is left out unless a test brings it."""
    tables = read_tables(write_tables(folder, {"aggregates.a.csv": None, **figures(), **(changes or {})}))
    book = FigureBook(tables, year)
    faults = Faults(NetworkError)
    structure = read_structure(tables, book, faults)
    faults.raise_if_any()
    return balance(tables, structure, book)


def figures(*changes: tuple[str, str], extra: str = "") -> Changes:
    """Return the figure table without the published total, with changes and more rows."""
    text = world_files()[FIGURES].replace(TOTAL, "")
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    return {FIGURES: text + extra}


def move(result: Balanced, quantity: str) -> Any:
    """Return the report of one unknown."""
    (row,) = [row for row in result.moves if row["quantity"] == quantity]
    return row


def test_every_material_closes_and_says_what_was_open(tmp_path: Path) -> None:
    """100 t of concentrate against 99 t wanted is a gap of 1 %; 90 t of metal against 85 t one of 6 %."""
    result = balanced(tmp_path)
    rows = {str(row["material"]): row for row in result.materials}
    assert set(rows) == {"zinc/concentrate", "zinc/metal", "germanium/metal"}
    assert rows["zinc/concentrate"]["gap_before"] == pytest.approx(100 / 99 - 1)
    assert rows["zinc/metal"]["gap_before"] == pytest.approx(90 / 85 - 1)
    for row in rows.values():
        assert abs(row["closure"]) <= 1e-12  # type: ignore[arg-type]
        assert row["production_t"] == pytest.approx(row["use_t"], rel=1e-12)


def test_the_report_says_how_much_rests_on_judgement(tmp_path: Path) -> None:
    """A side that was judged to fit closes whatever the world does."""
    judged = balanced(
        tmp_path, figures(("CCC,big_pit,2024,60,t/yr,book,high", "CCC,big_pit,2024,60,t/yr,expert,expert"))
    )
    (row,) = [row for row in judged.materials if row["material"] == "zinc/concentrate"]
    assert row["production_judged"] == pytest.approx(0.6)
    assert row["use_judged"] == 0.0


def test_the_better_known_figure_moves_less(tmp_path: Path) -> None:
    """Smelter output (corrected: medium, a year old) yields to the use of high confidence."""
    result = balanced(tmp_path)
    smelter, use = move(result, "production:smelter.AAA"), move(result, "use:use_optics.AAA:zinc/metal")
    assert smelter["sigma"] == pytest.approx(math.hypot(0.10, 0.1))
    assert use["sigma"] == pytest.approx(0.03)
    assert abs(math.log(smelter["value"] / 90)) > 5 * abs(math.log(use["value"] / 85))
    assert smelter["x_over_sigma"] == pytest.approx(math.log(smelter["value"] / 90) / smelter["sigma"])


def test_a_correction_replaces_the_figure_and_its_confidence(tmp_path: Path) -> None:
    """The raw 80 t stay in the table, 90 t of medium confidence are the prior."""
    row = move(balanced(tmp_path), "production:smelter.AAA")
    assert (row["prior"], row["confidence"]) == (90.0, "medium")


def test_a_technique_does_not_drift_with_the_years(tmp_path: Path) -> None:
    """A yield read in an old handbook is as good as its confidence; an old tonnage is not."""
    old = ("WLD,zinc/concentrate,2024", "WLD,zinc/concentrate,2004")
    row = move(balanced(tmp_path, figures(old)), "input_per_unit:smelter.WLD:zinc/concentrate")
    assert row["sigma"] == pytest.approx(0.10)


def test_a_judged_yield_is_known_better_than_a_judged_tonnage(tmp_path: Path) -> None:
    """Mass is conserved: a recipe of confidence expert moves as one of medium, at most 0.10."""
    judged = (
        "zinc/concentrate,2024,1.1,t/t,book,medium,",
        "zinc/concentrate,2024,1.1,t/t,expert,expert,judged",
    )
    row = move(balanced(tmp_path, figures(judged)), "input_per_unit:smelter.WLD:zinc/concentrate")
    assert (row["confidence"], row["sigma"]) == ("expert", pytest.approx(0.10))


def test_figures_of_another_year_are_announced(tmp_path: Path) -> None:
    """The smelter's is of 2023."""
    assert any("another year than 2024 (2023 to 2023)" in text for text in balanced(tmp_path).warnings)


def test_a_facility_is_carved_out_and_never_counted_twice(tmp_path: Path) -> None:
    """60 t of the pit and 40 t of the rest are the country's 100 t, before and after."""
    result = balanced(tmp_path)
    pit, rest = result.activity["zinc_mine.CCC.big_pit"], result.activity["zinc_mine.CCC"]
    assert move(result, "remainder:zinc_mine.CCC")["prior"] == pytest.approx(40)
    assert pit + rest == pytest.approx(move(result, "production:zinc_mine.CCC")["value"], rel=1e-12)
    assert pit + rest == pytest.approx(result.intake["smelter.AAA", "zinc/concentrate"], rel=1e-12)


def test_facilities_that_are_the_whole_country_leave_no_remainder(tmp_path: Path) -> None:
    """Otherwise a node of nothing would stand beside them."""
    result = balanced(tmp_path, figures(("big_pit,2024,60", "big_pit,2024,100")))
    assert "zinc_mine.CCC" not in result.activity
    assert result.activity["zinc_mine.CCC.big_pit"] == pytest.approx(
        move(result, "production:zinc_mine.CCC")["value"], rel=1e-12
    )


def test_scrap_is_what_arises_times_what_returns(tmp_path: Path) -> None:
    """Final use: the whole intake becomes scrap, 0.2 x 0.9 of it comes back."""
    result = balanced(tmp_path)
    arising = result.intake["use_optics.AAA", "germanium/metal"]
    returned = result.recovered["germanium_loop", "AAA", "use_optics"]
    assert result.activity["germanium_loop.AAA"] == pytest.approx(returned * arising, rel=1e-12)
    assert move(result, "recovered:germanium_loop.AAA:use_optics")["prior"] == pytest.approx(0.18)


def test_no_more_scrap_returns_than_arises(tmp_path: Path) -> None:
    """CCC wants 5 t that nobody makes: the loop would recover more than AAA leaves, but for the bound."""
    wanted = "use_optics,use,CCC,germanium/metal,2024,5,t/yr,book,medium,\n"
    loop = ("germanium_loop,production,AAA,,2024,0.2", "germanium_loop,production,AAA,,2024,5")
    row = move(balanced(tmp_path, figures(loop, extra=wanted)), "recovered:germanium_loop.AAA:use_optics")
    assert row["value"] == pytest.approx(1.0)
    assert "held by its upper bound (no more scrap" in row["flag"]


def test_an_element_cannot_grow_in_a_process(tmp_path: Path) -> None:
    """Concentrate to metal in t Zn: a recipe under 1 is held at 1, however little ore there is."""
    result = balanced(
        tmp_path,
        figures(
            ("zinc_mine,production,CCC,,2024,100", "zinc_mine,production,CCC,,2024,70"),
            (
                "zinc_mine,facility_production,CCC,big_pit,2024,60",
                "zinc_mine,facility_production,CCC,big_pit,2024,40",
            ),
            ("2024,1.1,t/t,book,medium", "2024,1.1,t/t,expert,expert"),
        ),
    )
    row = move(result, "input_per_unit:smelter.WLD:zinc/concentrate")
    assert row["value"] == pytest.approx(1.0)
    assert "lower bound" in row["flag"]


def published(country: str) -> Changes:
    """Return a total of 88 t over the smelters of some countries."""
    header = "aggregate,material,sign,term,process,country\n"
    return {
        **figures(extra=TOTAL.replace(",5,", ",88,")),
        "aggregates.a.csv": f"{header}zinc_abroad,zinc/metal,1,output,smelter,{country}\n",
    }


def test_a_published_total_pulls_its_parts(tmp_path: Path) -> None:
    """Smelters outside CCC make 88 t, says a good source: the sum and the total move to meet."""
    result = balanced(tmp_path, published("!CCC"))
    total = move(result, "aggregate:zinc_abroad")
    assert total["value"] == pytest.approx(result.output["smelter.AAA", "zinc/metal"], rel=1e-12)


def test_a_total_of_a_region_counts_its_members(tmp_path: Path) -> None:
    """AAA belongs to EUU, so that a European total includes it."""
    assert move(balanced(tmp_path, published("EUU")), "aggregate:zinc_abroad")["value"] > 80


def test_impossible_totals_are_refused_with_names(tmp_path: Path) -> None:
    """All metal is used in AAA, so nothing is left over that a total could count."""
    with pytest.raises(NetworkError, match=r"cannot be balanced: .*zinc_abroad"):
        balanced(tmp_path, {"aggregates.a.csv": world_files()["aggregates.a.csv"], **figures(extra=TOTAL)})


def test_moves_beyond_the_limits_are_flagged_and_reasons_found(tmp_path: Path) -> None:
    """A use of high confidence moved by more than 1 % is an error until somebody says why it may."""
    strict = figures(("zinc_mine,production,CCC,,2024,100", "zinc_mine,production,CCC,,2024,140"))
    flagged = move(balanced(tmp_path / "a", strict), "production:zinc_mine.CCC")
    assert "moved" in flagged["flag"]
    assert "high confidence" in flagged["flag"]
    assert flagged["accepted_reason"] == ""
    accepted = "quantity,reason\nproduction:zinc_mine.CCC,Old count\n"
    row = move(
        balanced(tmp_path / "b", {**strict, "accepted_moves.a.csv": accepted}), "production:zinc_mine.CCC"
    )
    assert (row["flag"], row["accepted_reason"]) == (flagged["flag"], "Old count")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            ("smelter,input_per_unit,WLD,zinc/concentrate,2024,1.1,t/t,book,medium,\n", ""),
            "lacks input_per_unit",
        ),
        (("use_optics,use,AAA,zinc/metal,2024,85,t/yr,book,high,\n", ""), "producers but no user"),
        (
            ("zinc_mine,facility_production,CCC,big_pit,2024,60,t/yr,book,high,\n", ""),
            "neither facility_prod",
        ),
    ],
)
def test_what_is_missing_is_named(tmp_path: Path, change: tuple[str, str], message: str) -> None:
    """Names, not a singular matrix."""
    with pytest.raises(NetworkError, match=message):
        balanced(tmp_path, figures(change))


JOINT: Changes = {
    "processes.a.csv": (
        "zinc_mine,zinc,mining,zinc/concentrate,t",
        "zinc_mine,zinc,mining,,t",
    ),
    "outputs.a.csv": "process,output_material,drives,disposable\n"
    "zinc_mine,zinc/concentrate,true,false\nzinc_mine,germanium/metal,false,true\n",
}


def test_what_may_be_thrown_away_leaves_a_surplus(tmp_path: Path) -> None:
    """3 t of germanium come with the ore, of which nobody needs more than a little."""
    extra = (
        "zinc_mine,output_per_unit,WLD,zinc/concentrate,2024,1,t/t,book,high,\n"
        "zinc_mine,output_per_unit,WLD,germanium/metal,2024,0.03,t/t,book,high,\n"
    )
    result = balanced(tmp_path, {**JOINT, **figures(extra=extra)})
    made = sum(t for (_, material), t in result.output.items() if material == "germanium/metal")
    used = sum(t for (_, material), t in result.intake.items() if material == "germanium/metal")
    assert result.surplus["germanium/metal"] == pytest.approx(made - used, rel=1e-9)
    assert result.surplus["germanium/metal"] == pytest.approx(3.0, rel=0.1)


def test_another_base_year_takes_the_nearest_figures(tmp_path: Path) -> None:
    """For 2015 the smelter's 50 t of that year count, and every other figure is of another year."""
    row = move(balanced(tmp_path, year=2015), "production:smelter.AAA")
    assert (row["prior"], row["year"]) == (50.0, 2015)
    use = move(balanced(tmp_path, year=2015), "use:use_optics.AAA:zinc/metal")
    assert use["sigma"] == pytest.approx(math.hypot(0.03, 0.9))
