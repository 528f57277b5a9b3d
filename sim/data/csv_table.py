"""Reads one CSV file with declared columns; every fault is gathered with file, line and column.

What a file may hold: UTF-8 (with or without a byte order mark), comma, one header line, one row a line.
Blank lines and lines that start with ``#`` are skipped. A quoted cell may hold commas and doubled quotes but
no line break, so that one forgotten quote spoils one row and not the rest of the file.
"""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.data.columns import Column, within
from sim.errors import DataError, Faults, suggestion

if TYPE_CHECKING:
    import pandas as pd  # slow to import

MAX_FILE_BYTES = 16 * 2**20  # a full world is below 2 MB; more is a mistake, and would take minutes
MAX_FAULTS_PER_FILE = 100  # beyond it the file is of another kind, and more messages help nobody
FILE_COLUMN = "file"
LINE_COLUMN = "file_line"  # not `line`: recipes have product lines

_FLOAT = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?")
_INT = re.compile(r"[+-]?[0-9]{1,15}")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_BOOLS = {"true": True, "false": False}
_PANDAS_DTYPE = {
    "str": "object",
    "list": "object",
    "float": "float64",
    "int": "Int64",
    "bool": "boolean",
    "date": "datetime64[ns]",
}


@dataclass(slots=True)
class Rows:
    """Cells of one or more files of the same table, column by column, before they become a frame.

    Attributes
    ----------
    columns : tuple of Column
        Declared columns.
    cells : dict of str to list
        Read values of each column, all of the same length.
    files : list of str
        File label of each row.
    lines : list of int
        Line of each row in its file, from 1.
    readable : bool
        False when a file could not be split into rows at all.
    sound : dict of str to dict
        Values of cells read before without fault, by column and text: most cells repeat.
    """

    columns: tuple[Column, ...]
    cells: dict[str, list[Any]] = field(default_factory=dict)
    files: list[str] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    readable: bool = True
    sound: dict[str, dict[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for column in self.columns:
            self.cells.setdefault(column.name, [])
            self.sound[column.name] = {}

    def where(self, row: int) -> str:
        """Return ``file:line`` of a row."""
        return f"{self.files[row]}:{self.lines[row]}"

    def frame(self) -> pd.DataFrame:
        """Return the rows as a frame with the declared dtypes, the file and the line of each row."""
        import pandas as pd

        data = {
            column.name: pd.Series(self.cells[column.name], dtype=_dtype(column, self.cells[column.name]))
            for column in self.columns
        }
        data[FILE_COLUMN] = pd.Series(self.files, dtype="object")
        data[LINE_COLUMN] = pd.Series(self.lines, dtype="int64")
        return pd.DataFrame(data)


def _dtype(column: Column, cells: list[Any]) -> str:
    """Return the pandas dtype: plain ``int64`` and ``bool`` unless a cell is blank."""
    complete = None not in cells
    if column.dtype == "int" and complete:
        return "int64"
    if column.dtype == "bool" and complete:
        return "bool"
    return _PANDAS_DTYPE[column.dtype]


def read_csv_table(
    path: Path, columns: Sequence[Column], faults: Faults | None = None, *, label: str | None = None
) -> pd.DataFrame:
    """Read one CSV file with declared columns.

    Parameters
    ----------
    path : Path
        The file.
    columns : sequence of Column
        Declared columns of this table; others are refused.
    faults : Faults, optional
        Collector of the caller. Without one, all faults of the file are raised at the end.
    label : str, optional
        Name of the file in messages; the path by default.

    Returns
    -------
    DataFrame
        One row per row of the file, declared columns in declared order, then ``file`` and ``file_line``.
        Text is ``''`` and a list ``()`` when blank; a number is NaN (or NA), a date NaT, a bool NA.
        Cells with faults hold their default, so that other checks can go on.

    Raises
    ------
    DataError
        If `faults` is not given and the file has any fault.
    """
    own = Faults(DataError) if faults is None else faults
    rows = Rows(tuple(columns))
    read_rows(path, rows, own, label=label)
    check_keys(rows, own)
    if faults is None:
        own.raise_if_any()
    return rows.frame()


def read_rows(path: Path, rows: Rows, faults: Faults, *, label: str | None = None) -> None:
    """Append the rows of one file to `rows`; faults go to `faults`."""
    name = str(path) if label is None else label
    text = _text(path, name, faults)
    header: list[str] | None = None
    if text is None:
        rows.readable = False
        return
    before = len(faults.messages)
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        cells = _split(line, f"{name}:{number}", faults)
        if header is None:
            header = _header(cells, rows.columns, f"{name}:{number}", faults)
            if header is None:
                rows.readable = False
                return
        elif cells is not None:
            _append(cells, header, rows, (name, number), faults)
        if len(faults.messages) - before >= MAX_FAULTS_PER_FILE:
            faults.add(f"{name}:{number}: reading stopped here after {MAX_FAULTS_PER_FILE} faults")
            return
    if header is None:
        faults.add(f"{name}:1: the file is empty; its first line must name the columns")
        rows.readable = False


def check_keys(rows: Rows, faults: Faults) -> None:
    """Add a fault for every row whose key columns repeat those of an earlier row."""
    keys = [column.name for column in rows.columns if column.key]
    if not keys:
        return
    seen: dict[tuple[Any, ...], int] = {}
    for row, key in enumerate(zip(*(rows.cells[name] for name in keys), strict=True)):
        first = seen.setdefault(key, row)
        if first != row:
            named = ", ".join(f"{name} = {shown(value)}" for name, value in zip(keys, key, strict=True))
            faults.add(f"{rows.where(row)}: {named} stands already in {rows.where(first)}")


def shown(value: object) -> str:
    """Return a value for a message: quoted, unprintable characters escaped, cut to a readable length."""
    text = ";".join(map(str, value)) if isinstance(value, tuple) else str(value)
    cut = text if len(text) <= 60 else text[:57] + "..."
    clean = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in cut)
    return f"'{clean}'"


def _text(path: Path, name: str, faults: Faults) -> str | None:
    """Return the text of a file with plain line ends, or None after saying why it cannot be read."""
    try:
        if not path.is_file():
            faults.add(f"{name}: no such file")
            return None
        with path.open("rb") as handle:
            data = handle.read(MAX_FILE_BYTES + 1)
    except (OSError, ValueError) as fault:
        faults.add(f"{name}: cannot be read ({getattr(fault, 'strerror', None) or fault})")
        return None
    if len(data) > MAX_FILE_BYTES:
        faults.add(f"{name}: the file is larger than the limit of {MAX_FILE_BYTES // 2**20} MiB")
        return None
    if b"\0" in data:
        line = data.count(b"\n", 0, data.index(b"\0")) + 1
        faults.add(f"{name}:{line}: NUL byte; save the table as UTF-8 text")
        return None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        line = data.count(b"\n", 0, fault.start) + 1
        faults.add(f"{name}:{line}: byte 0x{data[fault.start]:02x} is not UTF-8; save the table as UTF-8")
        return None
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _split(line: str, where: str, faults: Faults) -> list[str] | None:
    """Split one line into stripped cells."""
    try:
        records = list(csv.reader([line], strict=True))
    except csv.Error as fault:
        reason = "a quote is not closed on this line" if "unexpected end" in str(fault) else str(fault)
        faults.add(f"{where}: not a row of a CSV table ({reason})")
        return None
    return [cell.strip() for cell in records[0]] if records else None


def _header(
    cells: list[str] | None, columns: Sequence[Column], where: str, faults: Faults
) -> list[str] | None:
    """Check the header; None when no row below it can be read."""
    if cells is None:
        return None
    names = [column.name for column in columns]
    sound = True
    for name in cells:
        if name not in names:
            faults.add(f"{where}: column {shown(name)} is not declared{suggestion(name, names)}")
        if cells.count(name) > 1:
            faults.add(f"{where}: column {shown(name)} stands more than once")
            sound = False
    for column in columns:
        if column.required and column.name not in cells:
            faults.add(f"{where}: column '{column.name}' is missing; it is required")
            sound = False
    return cells if sound else None


def _append(cells: list[str], header: list[str], rows: Rows, place: tuple[str, int], faults: Faults) -> None:
    """Read one row's cells and append them."""
    where = f"{place[0]}:{place[1]}"
    if len(cells) != len(header):
        faults.add(f"{where}: {len(cells)} cells under a header of {len(header)} columns")
        return
    given = dict(zip(header, cells, strict=True))
    for column in rows.columns:
        cell = given.get(column.name, "")
        sound = rows.sound[column.name]
        if cell not in sound:
            value, fault = _read_cell(cell, column)
            if fault:
                faults.add(f"{where}: {column.name}{fault}")
            else:
                sound[cell] = value
            rows.cells[column.name].append(value)
        else:
            rows.cells[column.name].append(sound[cell])
    rows.files.append(place[0])
    rows.lines.append(place[1])


def _read_cell(cell: str, column: Column) -> tuple[Any, str]:
    """Return the value of a cell and what is wrong with it; after a fault the value is the default."""
    fault = ""
    if cell:
        wrong = cell_fault(cell, column)
        if wrong is None:
            return _value(cell, column.dtype), ""
        fault = f" = {shown(cell)} {wrong}"
    elif column.required:
        fault = " is blank; it is required"
    return _value(column.default, column.dtype), fault


def _value(text: str, dtype: str) -> Any:
    """Return the value of sound text; blank text is `''`, `()` or None."""
    if dtype == "str":
        return text
    if dtype == "list":
        return tuple(item.strip() for item in text.split(";")) if text else ()
    if not text:
        return None
    if dtype == "float":
        return float(text)
    if dtype == "int":
        return int(text)
    if dtype == "bool":
        return _BOOLS[text.lower()]
    import pandas as pd

    return pd.Timestamp(date.fromisoformat(text))


def cell_fault(cell: str, column: Column) -> str | None:
    """Return what is wrong with a cell that is not blank, or None."""
    if _CONTROL.search(cell):
        return "holds a control character"
    if column.is_number:
        return _number_fault(cell, column)
    if column.dtype == "bool":
        return None if cell.lower() in _BOOLS else "is neither true nor false"
    if column.dtype == "date":
        return _date_fault(cell)
    if column.dtype == "list" and not all(item.strip() for item in cell.split(";")):
        return "has an empty item; separate items by single semicolons"
    if column.literals and not column.references:
        items = cell.split(";") if column.dtype == "list" else [cell]
        for item in items:
            if item.strip() not in column.literals:
                return f"is not one of {', '.join(column.literals)}{_meant(item, column.literals)}"
    return None


def _meant(item: str, names: Sequence[str]) -> str:
    """Return a suggestion only when some name is near; the names are listed already."""
    text = suggestion(item.strip(), names)
    return text if "did you mean" in text else ""


def _number_fault(cell: str, column: Column) -> str | None:
    """Return what is wrong with a number."""
    pattern, kind = (_FLOAT, "a number") if column.dtype == "float" else (_INT, "a whole number")
    if not pattern.fullmatch(cell):
        return f"is not {kind}"
    value = float(cell)
    if not math.isfinite(value):
        return "is not finite"
    if not within(value, column.bounds):
        return f"must be {' and '.join(column.allowed.split())}"
    return None


def _date_fault(cell: str) -> str | None:
    """Return what is wrong with a date; the range is that of nanosecond time stamps, rounded."""
    if not _DATE.fullmatch(cell):
        return "is not a date like 2026-07-01"
    try:
        day = date.fromisoformat(cell)
    except ValueError:
        return "is not a day of the calendar"
    return None if 1900 <= day.year <= 2200 else "must lie between 1900 and 2200"
