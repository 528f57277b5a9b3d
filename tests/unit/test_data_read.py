"""Reading a folder of tables: parts join, names must exist, measures have rules."""

from __future__ import annotations

from pathlib import Path

import pytest

from sim.data.read import TABLE_NAMES, read_tables
from sim.errors import DataError
from tests.tables_world import world_files, write_tables


def test_a_sound_folder_is_read_with_places(tmp_path: Path) -> None:
    """`sim trace` needs file and line of every figure."""
    tables = read_tables(write_tables(tmp_path))
    assert set(tables.frames()) == set(TABLE_NAMES)
    first = tables.figures.iloc[0]
    assert (first["process"], first["value"], first["unit"]) == ("zinc_mine", 100.0, "t/yr")
    assert (first["file"], first["line"]) == ("figures/zinc.csv", 2)
    assert tables.figures["source_id"].iloc[8] == ("book", "expert")
    assert tables.processes["aggregate"].all()
    assert len(tables.stockpiles) == 0
    assert "opening_t" in tables.stockpiles.columns


def test_parts_of_a_table_are_joined_in_sorted_order(tmp_path: Path) -> None:
    """Chains are added as files, not by editing a common one."""
    head = world_files()["materials.a.csv"].splitlines()[0]
    extra = f"{head}\ntin/ore,tin,ore,t Sn,sea,1,2024,,book,high,\n"
    tables = read_tables(write_tables(tmp_path, {"materials.b.csv": extra}))
    assert tables.materials["material"].iloc[-1] == "tin/ore"
    assert tables.materials["file"].iloc[-1] == "materials.b.csv"


def test_a_source_cited_by_two_chains_may_stand_twice(tmp_path: Path) -> None:
    """Each chain's files are complete by themselves; remarks may differ, the work may not."""
    head = "source_id,title,publisher,year,url,accessed,note\n"
    same = {"sources.b.csv": head + "book,A book,a press,2020,,2026-01-01,other remark\n"}
    assert read_tables(write_tables(tmp_path / "a", same)).sources["source_id"].tolist() == ["book", "expert"]
    other = {"sources.b.csv": head + "book,Another book,a press,2020,,,\n"}
    with pytest.raises(DataError, match="source_id = 'book' stands already"):
        read_tables(write_tables(tmp_path / "b", other))


def test_a_row_in_two_parts_is_a_fault(tmp_path: Path) -> None:
    """Which of two rows counts must not depend on a file name."""
    twice = {"materials.b.csv": world_files()["materials.a.csv"]}
    with pytest.raises(
        DataError, match=r"materials.b.csv:2: material = 'zinc/concentrate' stands already in mat"
    ):
        read_tables(write_tables(tmp_path, twice))


@pytest.mark.parametrize(
    ("file", "change", "message"),
    [
        ("inputs.a.csv", ("smelter,zinc/conc", "smelter,zinc/konc"), "did you mean 'zinc/concentrate'"),
        (
            "hosts.a.csv",
            ("AAA,smelter", "AAB,smelter"),
            r"country = 'AAB' is not in countries.iso3; did you mean",
        ),
        (
            "aggregates.a.csv",
            ("!CCC", "!CCX"),
            r"country = '!CCX' is not in countries.iso3 or !countries.iso3",
        ),
        ("routes.csv", ("30,strait", "30,strait;gulf"), r"routes.csv:2: chokepoints = 'gulf' is not in"),
        (
            "figures/zinc.csv",
            ("2024,100,t/yr", "2024,100,kt/yr"),
            r"unit = 'kt/yr' but measure 'production' is in",
        ),
        ("figures/zinc.csv", ("production,CCC", "produktion,CCC"), r"did you mean 'production'"),
        (
            "figures/zinc.csv",
            ("0.9,fraction", "1.9,fraction"),
            r"value = '1.9' but measure 'recovery' must be >=0",
        ),
        (
            "figures/zinc.csv",
            ("2024,85,t/yr", "2024,-85,t/yr"),
            r"value = '-85' but measure 'use' must be >=0",
        ),
        (
            "figures/zinc.csv",
            ("production,CCC,", "production,WLD,"),
            r"measure 'production' has no default for",
        ),
        (
            "figures/zinc.csv",
            ("production,CCC,", "production,CCC,zinc/metal"),
            r"but measure 'production' has none",
        ),
        (
            "figures/zinc.csv",
            ("AAA,zinc/metal", "AAA,zinc/mettal"),
            r"is not a material; did you mean 'zinc/metal'",
        ),
        ("figures/zinc.csv", ("CCC,big_pit", "CCC,big_pitt"), r"is not a facility; did you mean 'big_pit'"),
        (
            "figures/zinc.csv",
            ("use_optics,use,AAA,zinc", "smelter,use,AAA,zinc"),
            r"'use' does not apply to .*refining",
        ),
        (
            "figures/zinc.csv",
            ("zinc_abroad,aggregate", "smelter,aggregate"),
            r"process = 'smelter' is no aggregate",
        ),
        (
            "figures/zinc.csv",
            ("zinc_abroad,aggregate", "zinc_abroad,production"),
            r"its only measure is 'aggregate'",
        ),
        (
            "figures/zinc.csv",
            ("book,high", "bok,high"),
            r"source_id = 'bok' is not in sources.source_id; did you",
        ),
        ("figures/zinc.csv", ("2024,100", "1066,100"), r"year = '1066' must be >=1990"),
        (
            "corrections.a.csv",
            ("80,90,t/yr", "80,90,t"),
            r"corrections.a.csv:2: unit = 't' but measure 'production'",
        ),
        ("materials.a.csv", None, r"materials.csv: no such file, and no part materials"),
    ],
)
def test_a_fault_between_tables_is_found(
    tmp_path: Path, file: str, change: tuple[str, str] | None, message: str
) -> None:
    """Names, units and bounds are refused at reading, before anything is built of them."""
    with pytest.raises(DataError, match=message):
        read_tables(write_tables(tmp_path, {file: change}))


def test_an_unreadable_table_does_not_hide_or_flood(tmp_path: Path) -> None:
    """One message for the table, not one for every row that refers to it."""
    with pytest.raises(DataError) as caught:
        read_tables(write_tables(tmp_path, {"countries.csv": "iso,name\nAAA,x\n"}))
    assert "countries.csv:1: column 'iso3' is missing" in str(caught.value)
    assert "not in countries.iso3" not in str(caught.value)


def test_a_file_of_no_declared_table_is_a_fault(tmp_path: Path) -> None:
    """A misspelt file name must not vanish in silence."""
    with pytest.raises(
        DataError, match=r"rutes.x.csv: 'rutes' is not a declared table; did you mean 'routes'"
    ):
        read_tables(write_tables(tmp_path, {"rutes.x.csv": "a\n"}))


def test_a_missing_folder_is_a_data_error(tmp_path: Path) -> None:
    """No traceback for a wrong path."""
    with pytest.raises(DataError, match="no such folder of tables"):
        read_tables(tmp_path / "none")
