"""Which figure counts: nearest year, own country before the world, corrections on top."""

from __future__ import annotations

from pathlib import Path

import pytest

from sim.data.figures import FigureBook
from sim.data.read import read_tables
from tests.tables_world import write_tables


@pytest.fixture
def book(tmp_path: Path) -> FigureBook:
    return FigureBook(read_tables(write_tables(tmp_path)))


def test_the_nearest_year_counts_and_its_correction(book: FigureBook) -> None:
    """2023 is nearer than 2015; the misprint of 80 was corrected to 90, the raw value stays visible."""
    figure = book.exact("smelter", "production", "AAA")
    assert figure is not None
    assert (figure.year, figure.value, figure.raw_value, figure.corrected) == (2023, 90.0, 80.0, True)
    assert figure.note == "Misprint"
    assert figure.row == "figures/zinc.csv:5"


def test_another_base_year_takes_another_figure(tmp_path: Path) -> None:
    """A correction belongs to one raw value, not to every year of it."""
    figure = FigureBook(read_tables(write_tables(tmp_path)), year=2016).exact("smelter", "production", "AAA")
    assert figure is not None
    assert (figure.year, figure.value, figure.corrected) == (2015, 50.0, False)


def test_of_two_years_equally_near_the_earlier_counts(tmp_path: Path) -> None:
    """Later years may already contain the controls under study."""
    changes = {
        "figures/zinc.csv": ("AAA,,2023,80", "AAA,,2025,81,t/yr,book,high,\nsmelter,production,AAA,,2023,80")
    }
    figure = FigureBook(read_tables(write_tables(tmp_path, changes))).exact("smelter", "production", "AAA")
    assert figure is not None
    assert figure.year == 2023


def test_a_country_row_overrides_the_world(book: FigureBook) -> None:
    """WLD is a default, not a sum."""
    found = book.find("smelter", "input_per_unit", "AAA", "zinc/concentrate")
    assert found is not None
    assert found.key[2] == "WLD"
    assert book.exact("smelter", "input_per_unit", "AAA", "zinc/concentrate") is None
    assert book.find("smelter", "unit_cost", "AAA") is None


def test_a_process_exists_where_it_has_rows(book: FigureBook) -> None:
    """World defaults make no node."""
    assert book.countries("smelter") == ["AAA"]
    assert book.countries("germanium_loop") == ["AAA"]
    assert [figure.value for figure in book.rows("use_optics", "use", "zinc/metal")] == [85.0]
