"""Reference pages are what the product itself reads."""

from __future__ import annotations

from pathlib import Path

import pytest

from sim.data.columns import read_columns
from sim.data.read import TABLES_FOLDER
from sim.report.reference import DOCS_FOLDER, NETWORK_TEXT, PAGES, TABLE_TEXT, markdown_table, write_pages


@pytest.mark.parametrize("name", sorted(PAGES))
def test_a_page_is_up_to_date(name: str) -> None:
    """After a change of tables or declarations: python -m sim.report.reference."""
    assert (DOCS_FOLDER / name).read_text(encoding="utf-8") == PAGES[name]()


def test_every_table_and_column_is_described() -> None:
    """A table without a word on what it is for is not documented."""
    assert set(TABLE_TEXT) == set(read_columns(TABLES_FOLDER / "columns.csv"))
    assert set(NETWORK_TEXT) == set(read_columns(TABLES_FOLDER / "network_columns.csv"))


def test_pages_are_written_anew(tmp_path: Path) -> None:
    """The command must work in an empty checkout."""
    written = write_pages(tmp_path / "new")
    assert sorted(path.name for path in written) == sorted(PAGES)
    assert all(path.read_text(encoding="utf-8").startswith("# ") for path in written)


def test_bars_in_cells_do_not_break_the_table() -> None:
    """Allowed values are separated by bars in the declarations."""
    assert markdown_table(("a",), [("x|y",)])[-1] == "| x\\|y |"
