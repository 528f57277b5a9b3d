"""Declared columns: what a table may hold, as data.

A declaration is a row of ``tables/columns.csv`` (the product's own tables) or of
``tables/network_columns.csv`` (a user's network): name, dtype, unit, whether it is required, part of the
key, its default and what is allowed. The reader, the generated reference and the tests all use it.

`allowed` is either bounds for a number, separated by blanks (``>=0 <=1``), or names separated by ``|``.
Among names, ``table.column`` stands for the values of that column, and ``!table.column`` for the same
values with an exclamation mark before them.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from sim.errors import DataError, Faults, suggestion

TABLES_FOLDER = Path(__file__).parent / "tables"

DTYPES = ("str", "float", "int", "bool", "date", "list")
DECLARATION_FIELDS = (
    "table",
    "column",
    "dtype",
    "unit",
    "required",
    "key",
    "default",
    "allowed",
    "description",
)

_BOUND = re.compile(r"(>=|<=|>|<)(-?[0-9]+(?:\.[0-9]+)?)")
_REFERENCE = re.compile(r"(!?)([a-z_]+)\.([a-z0-9_]+)")


@dataclass(frozen=True, slots=True)
class Reference:
    """Stands for the values of one column of another table.

    Attributes
    ----------
    table, column : str
        Where the names are listed.
    prefix : str
        What is written before the name; empty or ``!``.
    """

    table: str
    column: str
    prefix: str = ""


@dataclass(frozen=True, slots=True)
class Column:
    """One declared column.

    Attributes
    ----------
    table, name : str
        Table it belongs to, name in the header.
    dtype : {'str', 'float', 'int', 'bool', 'date', 'list'}
        How a cell is read; a list is separated by semicolons.
    unit : str
        Unit of every number in it; empty for text.
    required, key : bool
        Whether a cell may be blank; whether it is part of what names a row.
    default : str
        Text used for a blank cell or a missing column; empty = not given.
    allowed : str
        Bounds or names, as the module says; empty = anything.
    description : str
        Meaning, one sentence.
    """

    table: str
    name: str
    dtype: str
    unit: str = ""
    required: bool = False
    key: bool = False
    default: str = ""
    allowed: str = ""
    description: str = ""

    @property
    def is_number(self) -> bool:
        """Whether cells are numbers, so that `allowed` holds bounds."""
        return self.dtype in ("float", "int")

    @property
    def bounds(self) -> tuple[tuple[str, float], ...]:
        """Comparisons a number must pass, such as ``(('>=', 0.0),)``."""
        return parse_bounds(self.allowed) if self.is_number else ()

    @property
    def references(self) -> tuple[Reference, ...]:
        """Columns of other tables whose values are allowed."""
        return () if self.is_number else _names(self.allowed)[1]

    @property
    def literals(self) -> tuple[str, ...]:
        """Names allowed as they stand."""
        return () if self.is_number else _names(self.allowed)[0]


@cache  # few declarations, read once for every cell
def _names(allowed: str) -> tuple[tuple[str, ...], tuple[Reference, ...]]:
    """Split allowed names into literal ones and references."""
    matches = [(token, _REFERENCE.fullmatch(token)) for token in allowed.split("|") if token]
    literals = tuple(token for token, match in matches if match is None)
    return literals, tuple(Reference(match[2], match[3], match[1]) for _, match in matches if match)


@cache
def parse_bounds(text: str) -> tuple[tuple[str, float], ...]:
    """Read bounds such as ``>=0 <=1``.

    Raises
    ------
    DataError
        If a part is not a comparison with a number.

    Examples
    --------
    >>> parse_bounds(">0 <=1")
    (('>', 0.0), ('<=', 1.0))
    """
    bounds = []
    for token in text.split():
        match = _BOUND.fullmatch(token)
        if match is None:
            raise DataError(f"'{token}' is not a bound; write comparisons such as '>=0 <=1'")
        bounds.append((match[1], float(match[2])))
    return tuple(bounds)


def within(value: float, bounds: tuple[tuple[str, float], ...]) -> bool:
    """Return whether `value` passes every comparison of `bounds`."""
    for sign, limit in bounds:
        passed = (
            (value >= limit)
            if sign == ">="
            else (value <= limit)
            if sign == "<="
            else (value > limit)
            if sign == ">"
            else (value < limit)
        )
        if not passed:
            return False
    return True


def read_columns(path: Path) -> dict[str, tuple[Column, ...]]:
    """Read a table of declarations.

    Parameters
    ----------
    path : Path
        ``columns.csv`` or ``network_columns.csv``.

    Returns
    -------
    dict of str to tuple of Column
        Columns of each table, in the order of the file.

    Raises
    ------
    DataError
        If a declaration is incomplete or contradicts itself.
    """
    faults = Faults(DataError)
    tables: dict[str, list[Column]] = {}
    try:
        with path.open(newline="", encoding="utf-8") as handle:
            rows = list(csv.DictReader(handle, strict=True))
    except (OSError, UnicodeDecodeError, csv.Error) as fault:
        raise DataError(f"{path}: cannot be read: {fault}") from None
    for number, row in enumerate(rows, start=2):
        column = _column(row, f"{path.name}:{number}", faults)
        if column is not None:
            tables.setdefault(column.table, []).append(column)
    faults.raise_if_any()
    return {table: tuple(columns) for table, columns in tables.items()}


def _column(row: dict[str, str], where: str, faults: Faults) -> Column | None:
    """Turn one row into a declaration, or say what is wrong with it."""
    if set(row) != set(DECLARATION_FIELDS) or None in row.values():
        faults.add(f"{where}: a declaration has exactly the columns {', '.join(DECLARATION_FIELDS)}")
        return None
    if row["dtype"] not in DTYPES:
        faults.add(f"{where}: dtype = '{row['dtype']}' is unknown{suggestion(row['dtype'], DTYPES)}")
        return None
    column = Column(
        table=row["table"],
        name=row["column"],
        dtype=row["dtype"],
        unit=row["unit"],
        required=row["required"] == "true",
        key=row["key"] == "true",
        default=row["default"],
        allowed=row["allowed"],
        description=row["description"],
    )
    try:
        column.bounds  # noqa: B018 - parsing is the check
    except DataError as fault:
        faults.add(f"{where}: allowed: {fault}")
    if column.required and column.default:
        faults.add(f"{where}: a required column has no default, this one has '{column.default}'")
    return column
