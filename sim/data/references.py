"""Checks that a cell which names something names something that exists."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING

from sim.data.columns import Column, Reference
from sim.data.csv_table import FILE_COLUMN, LINE_COLUMN, shown
from sim.errors import Faults, suggestion

if TYPE_CHECKING:
    import pandas as pd  # slow to import

MAX_UNKNOWN_NAMES = 100  # of one column; the search for the nearest name is slow


def check_references(
    frames: Mapping[str, pd.DataFrame],
    columns: Mapping[str, Sequence[Column]],
    faults: Faults,
    *,
    unreadable: Collection[str] = (),
) -> None:
    """Add a fault for every name that its reference column does not list.

    Parameters
    ----------
    frames : mapping of str to DataFrame
        Tables by name, as `read_csv_table` returns them.
    columns : mapping of str to sequence of Column
        Their declarations.
    faults : Faults
        Collector.
    unreadable : collection of str
        Tables that could not be read: nothing is checked against them, their own fault is the news.
    """
    for table, frame in frames.items():
        for column in columns[table]:
            references = column.references
            if not references or any(reference.table in unreadable for reference in references):
                continue
            allowed = allowed_names(column, frames)
            target = " or ".join(f"{r.prefix}{r.table}.{r.column}" for r in references)
            unknown = ((value, where) for value, where in cells_of(frame, column) if value not in allowed)
            for value, where in islice(unknown, MAX_UNKNOWN_NAMES):
                hint = suggestion(value, allowed)
                faults.add(f"{where}: {column.name} = {shown(value)} is not in {target}{hint}")


def allowed_names(column: Column, frames: Mapping[str, pd.DataFrame]) -> dict[str, None]:
    """Return the names a text column may hold, in the order of declaration (a dict serves as ordered set)."""
    names = dict.fromkeys(column.literals)
    for reference in column.references:
        names.update(dict.fromkeys(_names(reference, frames)))
    return names


def _names(reference: Reference, frames: Mapping[str, pd.DataFrame]) -> list[str]:
    """Return the names a reference stands for; none when the table is absent."""
    frame = frames.get(reference.table)
    if frame is None:
        return []
    return [reference.prefix + name for name in frame[reference.column]]


def cells_of(frame: pd.DataFrame, column: Column) -> Iterable[tuple[str, str]]:
    """Yield every name in a column, lists item by item, with its ``file:line``; blanks are skipped."""
    places = zip(frame[column.name], frame[FILE_COLUMN], frame[LINE_COLUMN], strict=True)
    for cell, file, line in places:
        for value in cell if isinstance(cell, tuple) else (cell,):
            if value:
                yield value, f"{file}:{line}"
