"""Reads the CSV files of a user's network into rows that know their place and what was given in them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.data.columns import Column, read_columns
from sim.data.csv_table import FILE_COLUMN, LINE_COLUMN, read_csv_table, shown
from sim.data.read import TABLES_FOLDER
from sim.errors import Faults, suggestion

if TYPE_CHECKING:
    import pandas as pd  # slow to import

REQUIRED_TABLES = ("materials", "nodes", "recipes", "arcs")
LARGEST, SMALLEST = 1e15, 1e-15  # beyond lies no amount, time or price, but products that overflow
MAX_NAMES_SOUGHT = 100  # unknown names of one column; the search for the nearest name is slow


@dataclass(slots=True)
class Row:
    """One row of a table.

    Attributes
    ----------
    place : str
        ``folder/file.csv:line``.
    cells : dict of str to object
        Cell by column; None (``''``, ``()``) where blank and without default.
    given : frozenset of str
        Columns whose cell is not blank.
    """

    place: str
    cells: dict[str, Any]
    given: frozenset[str]

    def text(self, column: str) -> str:
        """Return a text cell, '' when blank."""
        return str(self.cells[column])

    def number(self, column: str, blank: float) -> float:
        """Return a number, `blank` where none is given."""
        value = self.cells[column]
        return blank if value is None else float(value)

    def items(self, column: str) -> tuple[str, ...]:
        """Return a list cell."""
        return tuple(self.cells[column])

    def says(self, column: str) -> str:
        """Return ``place: column = 'value'``, the start of a message."""
        return f"{self.place}: {column} = {shown(self.cells[column])}"


@dataclass(slots=True)
class FolderTables:
    """All rows of a folder, table by table; an absent optional table has none.

    Attributes
    ----------
    label : str
        Name of the folder in messages.
    rows : dict of str to list of Row
    unreadable : set of str
        Tables of which nothing is known, so that nothing is checked against them.
    warnings : list of str
    """

    label: str
    rows: dict[str, list[Row]]
    unreadable: set[str] = field(default_factory=set)
    warnings: list[str] = field(default_factory=list)

    def by_node(self, table: str) -> dict[str, list[Row]]:
        """Return the rows of a table with a `node` column, by node."""
        found: dict[str, list[Row]] = {}
        for row in self.rows[table]:
            found.setdefault(row.text("node"), []).append(row)
        return found


def network_columns() -> dict[str, tuple[Column, ...]]:
    """Return the declared columns of every table of a user's network."""
    return read_columns(TABLES_FOLDER / "network_columns.csv")


def read_folder_tables(
    path: Path, faults: Faults, *, required: Sequence[str] = REQUIRED_TABLES
) -> FolderTables:
    """Read every table of a folder; cells and keys are checked here, names and rules elsewhere.

    Parameters
    ----------
    path : Path
        The folder.
    faults : Faults
        Collector.
    required : sequence of str
        Tables that must exist.

    Returns
    -------
    FolderTables
    """
    label = path.name or path.resolve().name
    columns = network_columns()
    tables = FolderTables(label=label, rows={table: [] for table in columns})
    if not path.is_dir():
        faults.add(f"{path}: no such folder; a network is a folder with {', '.join(required)} as .csv files")
        tables.unreadable.update(columns)
        return tables
    _check_files(path, columns, required, tables, faults)
    for table, declared in columns.items():
        file = path / f"{table}.csv"
        if table in tables.unreadable or not file.exists():
            continue
        before = len(faults.messages)
        frame = read_csv_table(
            file, [replace(column, default="") for column in declared], faults, label=f"{label}/{file.name}"
        )
        if frame.empty and len(faults.messages) > before:
            tables.unreadable.add(table)
        tables.rows[table] = list(_rows(frame, declared))
        _check_sizes(tables.rows[table], declared, faults)
    return tables


OVERLAY_HINT = "; a folder that is an overlay is checked by a scenario with network: {overlay: FOLDER}"


def _check_files(
    path: Path, columns: Mapping[str, object], required: Sequence[str], tables: FolderTables, faults: Faults
) -> None:
    """Add a fault for a table that is missing and for a file that looks like a misspelt table."""
    present = sorted(file.stem for file in path.glob("*.csv"))
    strays = [stem for stem in present if stem not in columns]
    for table in required:
        if table not in present:
            hint = suggestion(table, strays) if strays else OVERLAY_HINT
            faults.add(f"{tables.label}/{table}.csv: the table is missing; it is required{hint}")
            tables.unreadable.add(table)
    for stem in strays:
        hint = suggestion(stem, columns)
        if "did you mean" in hint:
            faults.add(f"{tables.label}/{stem}.csv: '{stem}' is not a table of a network{hint}")
        else:
            tables.warnings.append(f"{tables.label}/{stem}.csv is not a table of a network; it is not read")


def _check_sizes(rows: Sequence[Row], declared: Sequence[Column], faults: Faults) -> None:
    """Add a fault for every number of a size that cannot be meant."""
    for column in declared:
        if column.dtype != "float":
            continue
        for row in rows:
            size = abs(row.number(column.name, 0.0))
            if size > LARGEST:
                faults.add(f"{row.says(column.name)} is larger than {LARGEST:g}, the most that can be meant")
            elif 0.0 < size < SMALLEST:
                faults.add(
                    f"{row.says(column.name)} is smaller than {SMALLEST:g}; write 0 if nothing is meant"
                )


def _rows(frame: pd.DataFrame, declared: Sequence[Column]) -> Iterator[Row]:
    """Yield the rows of a frame, blanks filled with the declared defaults."""
    places = [f"{f}:{n}" for f, n in zip(frame[FILE_COLUMN], frame[LINE_COLUMN], strict=True)]
    by_column = []
    for column in declared:
        blank = frame[column.name].isna().to_numpy()
        values = frame[column.name].tolist()
        by_column.append([None if no else value for no, value in zip(blank, values, strict=True)])
    names = [column.name for column in declared]
    defaults = {column.name: _default(column) for column in declared}
    for number, place in enumerate(places):
        got = {name: column[number] for name, column in zip(names, by_column, strict=True)}
        given = frozenset(name for name, value in got.items() if value is not None and value not in ("", ()))
        filled = {name: value if name in given else defaults[name] for name, value in got.items()}
        yield Row(place, filled, given)


def _default(column: Column) -> object:
    """Return what a blank cell of a column means."""
    text = column.default
    if column.dtype == "list":
        return tuple(text.split(";")) if text else ()
    if column.dtype == "str":
        return text
    if not text:
        return None
    if column.dtype == "bool":
        return text == "true"
    return float(text) if column.dtype == "float" else int(text)


def check_names(
    tables: FolderTables, known: Mapping[tuple[str, str], Collection[str]], faults: Faults
) -> None:
    """Add a fault for every cell that names something which neither the folder nor `known` has.

    Parameters
    ----------
    tables : FolderTables
        As read.
    known : mapping of (table, column) to collection of str
        Names that exist beside those of the folder (the base of an overlay).
    faults : Faults
        Collector.
    """
    for table, declared in network_columns().items():
        for column in declared:
            targets = [(reference.table, reference.column) for reference in column.references]
            if not targets or any(target in tables.unreadable for target, _ in targets):
                continue
            allowed = dict.fromkeys(column.literals)
            for target in targets:
                allowed.update(dict.fromkeys(row.text(target[1]) for row in tables.rows[target[0]]))
                allowed.update(dict.fromkeys(known.get(target, ())))
            _check_column(tables.rows[table], column, allowed, faults)


def _check_column(rows: Sequence[Row], column: Column, allowed: Collection[str], faults: Faults) -> None:
    """Add a fault for every name of a column that is not allowed."""
    target = " or ".join(f"{reference.table}.{reference.column}" for reference in column.references)
    found = 0
    for row in rows:
        for value in row.items(column.name) if column.dtype == "list" else (row.text(column.name),):
            if not value or value in allowed:
                continue
            hint = suggestion(value, allowed)
            faults.add(f"{row.place}: {column.name} = {shown(value)} is not in {target}{hint}")
            found += 1
            if found == MAX_NAMES_SOUGHT:
                return
