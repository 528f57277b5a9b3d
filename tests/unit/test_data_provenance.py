"""The hash names a state of the tables; sources are found behind rows."""

from __future__ import annotations

from pathlib import Path

import pytest

from sim.data.provenance import expert_share, sources_of, tables_hash
from sim.data.read import read_tables
from sim.errors import DataError
from tests.tables_world import write_tables


def test_the_hash_depends_on_names_and_bytes_only(tmp_path: Path) -> None:
    """The same tables in another folder are the same tables."""
    first = tables_hash(write_tables(tmp_path / "a"))
    assert first == tables_hash(write_tables(tmp_path / "b"))
    assert len(first) == 64
    (tmp_path / "b" / "notes.txt").write_text("not a table", encoding="utf-8")
    assert first == tables_hash(tmp_path / "b")


def test_any_change_changes_the_hash(tmp_path: Path) -> None:
    """A result must not claim tables it was not made from."""
    folder = write_tables(tmp_path)
    seen = {tables_hash(folder)}
    figures = folder / "figures" / "zinc.csv"
    figures.write_text(figures.read_text(encoding="utf-8").replace("100", "101"), encoding="utf-8")
    seen.add(tables_hash(folder))
    figures.rename(folder / "figures" / "zink.csv")
    seen.add(tables_hash(folder))
    assert len(seen) == 3


def test_bytes_cannot_move_between_name_and_content(tmp_path: Path) -> None:
    """Plain concatenation would give these two folders one hash."""
    for name, text in (("a.csv", "b"), ("a.csvb", "")):
        folder = tmp_path / name
        folder.mkdir()
        (folder / (name if name.endswith(".csv") else "a.csv")).write_text(text, encoding="utf-8")
    assert tables_hash(tmp_path / "a.csv") != tables_hash(tmp_path / "a.csvb")


def test_a_missing_folder_is_a_data_error(tmp_path: Path) -> None:
    """No traceback for a wrong path."""
    with pytest.raises(DataError, match="no such folder of tables"):
        tables_hash(tmp_path / "none")


def test_sources_behind_rows_are_counted(tmp_path: Path) -> None:
    """A citation list must name every source of every row, the most used first."""
    tables = read_tables(write_tables(tmp_path))
    rows = tables.figures[tables.figures["process"].str.startswith("germanium")]
    found = sources_of(tables, rows)
    assert list(zip(found["source_id"], found["rows"], strict=True)) == [("book", 4), ("expert", 2)]
    assert found["title"].iloc[0] == "A book"
    assert len(sources_of(tables, rows.iloc[:0])) == 0


def test_rows_without_sources_are_refused(tmp_path: Path) -> None:
    """Structure tables hold no numbers and cite nothing."""
    tables = read_tables(write_tables(tmp_path))
    with pytest.raises(DataError, match="no column 'source_id'"):
        sources_of(tables, tables.inputs)


def test_judgement_is_counted_by_mark_and_by_source(tmp_path: Path) -> None:
    """A row that cites nothing else is judgement whatever confidence it claims."""
    tables = read_tables(write_tables(tmp_path))
    rows = tables.figures[tables.figures["process"] == "germanium_circuit"]
    assert expert_share(rows) == 0.5
    assert expert_share(rows.assign(confidence="high")) == 0.5
    assert expert_share(rows.iloc[:0]) == 0.0
