"""Tidy series as plain arrays, texts as codes: the form that is measured, drawn, written and read.

A text is kept once for each history, not for each row, and written in stretches of histories: every flow of a
daily run is tens of millions of rows. Data frames and Arrow tables are made on request; neither library is
imported before that.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from sim.errors import ResultError
from sim.vocab import FloatArray

if TYPE_CHECKING:
    import pandas as pd

SERIES_COLUMNS = (
    "step",
    "date",
    "kind",
    "id",
    "country",
    "material",
    "variable",
    "value",
    "baseline",
    "unit",
)
TEXTS = ("kind", "id", "country", "material", "variable", "unit")
DATES = np.dtype("datetime64[ms]")
STRETCH_ROWS = 1_000_000  # rows that are written at a time


class Coded(NamedTuple):
    """Texts as numbers: history i says ``categories[codes[i]]``."""

    codes: np.ndarray[tuple[int], np.dtype[np.int32]]
    categories: tuple[str, ...]

    def code(self, text: str) -> int:
        """Return the code of a text, -1 when no history says it."""
        return self.categories.index(text) if text in self.categories else -1

    def of(self, history: int) -> str:
        """Return the text of a history."""
        return self.categories[int(self.codes[history])]


class SeriesColumns(NamedTuple):
    """Histories of equal length; as a table, a row for each history and step."""

    dates: np.ndarray[tuple[int], np.dtype[np.datetime64]]
    """(step,) first day of each step."""
    kind: Coded
    id: Coded
    country: Coded
    material: Coded
    variable: Coded
    unit: Coded
    value: FloatArray
    """(history, step); nan where there is no limit or no figure."""
    baseline: FloatArray
    """(history, step), of the baseline."""

    @property
    def n_rows(self) -> int:
        """Rows of the table."""
        return int(self.value.size)

    def rows(self, first: int, end: int) -> dict[str, Any]:
        """Return the columns of the table, of histories from `first` to before `end`."""
        steps, count = len(self.dates), end - first
        columns: dict[str, Any] = {
            "step": np.tile(np.arange(steps, dtype=np.int32), count),
            "date": np.tile(self.dates, count),
            "value": self.value[first:end].ravel(),
            "baseline": self.baseline[first:end].ravel(),
        }
        for name in TEXTS:
            text: Coded = getattr(self, name)
            columns[name] = Coded(np.repeat(text.codes[first:end], steps), text.categories)
        return {name: columns[name] for name in SERIES_COLUMNS}

    def frame(self) -> pd.DataFrame:
        """Return a data frame with these columns, texts as categories."""
        import pandas as pd  # slow to import

        columns = self.rows(0, len(self.value))
        return pd.DataFrame({name: _as_pandas(column) for name, column in columns.items()})

    def write(self, path: Path) -> None:
        """Write a Parquet file, texts dictionary-encoded. It holds nothing but the series and their types."""
        pq: Any = import_module("pyarrow.parquet")  # slow to import

        stretch = max(STRETCH_ROWS // max(len(self.dates), 1), 1)
        first = self._table(0, min(stretch, len(self.value)))
        options: dict[str, Any] = {"compression": "zstd", "use_dictionary": list(TEXTS)}
        with pq.ParquetWriter(path, first.schema, **options) as writer:
            writer.write_table(first)
            for start in range(stretch, len(self.value), stretch):
                writer.write_table(self._table(start, min(start + stretch, len(self.value))))

    def _table(self, first: int, end: int) -> Any:
        pa: Any = import_module("pyarrow")
        arrays = [_as_arrow(column) for column in self.rows(first, end).values()]
        return pa.Table.from_arrays(arrays, names=list(SERIES_COLUMNS))


def coded(values: Sequence[str]) -> Coded:
    """Return texts as codes of their sorted categories."""
    categories = sorted(set(values))
    position = {name: i for i, name in enumerate(categories)}
    return Coded(np.array([position[v] for v in values], dtype=np.int32), tuple(categories))


def read_columns(path: Path) -> SeriesColumns:
    """Read what `SeriesColumns.write` wrote.

    Raises
    ------
    ResultError
        If the file is missing, damaged, lacks a column or holds histories of unequal length.
    """
    pq: Any = import_module("pyarrow.parquet")  # slow to import

    try:
        table = pq.read_table(path).unify_dictionaries().combine_chunks()
        rows = {name: _from_arrow(name, table.column(name)) for name in SERIES_COLUMNS}
        return _histories(rows)
    except (OSError, ValueError, KeyError, AttributeError) as fault:
        raise ResultError(f"{path}: cannot be read: {str(fault).splitlines()[0]}") from fault


def _histories(rows: dict[str, Any]) -> SeriesColumns:
    """Return the histories of the columns of a table."""
    step = rows["step"]
    steps = int(step[-1]) + 1 if len(step) else 0
    if steps and (len(step) % steps or np.any(step.reshape(-1, steps) != np.arange(steps))):
        raise ValueError("its rows are not whole histories, step by step")
    texts: dict[str, Any] = {
        name: Coded(rows[name].codes[:: max(steps, 1)], rows[name].categories) for name in TEXTS
    }
    values = {name: rows[name].reshape(-1, max(steps, 1)) for name in ("value", "baseline")}
    return SeriesColumns(dates=rows["date"][:steps], **texts, **values)


def _as_pandas(column: Any) -> Any:
    import pandas as pd  # slow to import

    if not isinstance(column, Coded):
        return column
    index: pd.Index[str] = pd.Index(list(column.categories), dtype=str)
    return pd.Categorical.from_codes(column.codes, categories=index)


def _as_arrow(column: Any) -> Any:
    """Return an Arrow array; what has no limit or no figure (nan) is null."""
    pa: Any = import_module("pyarrow")  # slow to import
    if isinstance(column, Coded):
        words = [text.encode() for text in column.categories]
        ends = np.cumsum([0, *map(len, words)], dtype=np.int32)
        texts = pa.Array.from_buffers(
            pa.string(), len(words), [None, pa.py_buffer(ends.tobytes()), pa.py_buffer(b"".join(words))]
        )
        return pa.DictionaryArray.from_arrays(_plain_arrow(column.codes), texts)
    return _plain_arrow(column)


def _plain_arrow(values: np.ndarray[Any, Any]) -> Any:
    """Return an Arrow array over the memory of `values`; `pyarrow.array` would import pandas first."""
    pa: Any = import_module("pyarrow")
    kinds = {"i": pa.int32(), "f": pa.float64(), "M": pa.timestamp("ms")}
    known, missing = None, 0
    if values.dtype.kind == "f":
        nan = np.isnan(values)
        missing = int(np.count_nonzero(nan))
        known = pa.py_buffer(np.packbits(~nan, bitorder="little").tobytes()) if missing else None
    plain = np.ascontiguousarray(values)
    content = pa.py_buffer(plain.view(np.int64) if values.dtype.kind == "M" else plain)
    return pa.Array.from_buffers(kinds[values.dtype.kind], len(values), [known, content], missing)


def _from_arrow(name: str, column: Any) -> Any:
    chunk = column.chunk(0) if column.num_chunks else None
    if name in TEXTS:
        if chunk is None:
            return Coded(np.zeros(0, dtype=np.int32), ())
        codes = chunk.indices.to_numpy(zero_copy_only=False).astype(np.int32)
        return Coded(codes, tuple(chunk.dictionary.to_pylist()))
    kinds: dict[str, Any] = {"step": np.int32, "date": DATES}
    kind = kinds.get(name, np.float64)
    return np.zeros(0, dtype=kind) if chunk is None else chunk.to_numpy(zero_copy_only=False).astype(kind)
