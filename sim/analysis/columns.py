"""Tidy series as plain columns, texts as codes: the form that is measured, drawn, written and read.

Data frames and Arrow tables are made from it on request; neither library is imported before that.
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

TEXTS = ("kind", "id", "country", "material", "variable", "unit")
DATES = np.dtype("datetime64[ms]")


class Coded(NamedTuple):
    """Texts as numbers: row i says ``categories[codes[i]]``."""

    codes: np.ndarray[tuple[int], np.dtype[np.int32]]
    categories: tuple[str, ...]

    def code(self, text: str) -> int:
        """Return the code of a text, -1 when no row says it."""
        return self.categories.index(text) if text in self.categories else -1


class SeriesColumns(NamedTuple):
    """Histories, a row for each step and variable; the steps of one history stand together, in order."""

    step: np.ndarray[tuple[int], np.dtype[np.int32]]
    date: np.ndarray[tuple[int], np.dtype[np.datetime64]]
    kind: Coded
    id: Coded
    country: Coded
    material: Coded
    variable: Coded
    value: FloatArray
    baseline: FloatArray
    unit: Coded

    def frame(self) -> pd.DataFrame:
        """Return a data frame with these columns, texts as categories."""
        import pandas as pd  # slow to import

        return pd.DataFrame({name: _as_pandas(column) for name, column in self._asdict().items()})

    def write(self, path: Path) -> None:
        """Write a Parquet file, texts dictionary-encoded. It holds nothing but the series and their types."""
        pa: Any = import_module("pyarrow")  # slow to import
        pq: Any = import_module("pyarrow.parquet")
        arrays = [_as_arrow(column) for column in self]
        table = pa.Table.from_arrays(arrays, names=list(self._fields))
        pq.write_table(table, path, compression="zstd", use_dictionary=list(TEXTS))


def coded(values: Sequence[str], repeats: int) -> Coded:
    """Return the values, each repeated, with sorted categories."""
    categories = sorted(set(values))
    position = {name: i for i, name in enumerate(categories)}
    codes = np.repeat(np.array([position[v] for v in values], dtype=np.int32), repeats)
    return Coded(codes, tuple(categories))


def read_columns(path: Path) -> SeriesColumns:
    """Read what `SeriesColumns.write` wrote.

    Raises
    ------
    ResultError
        If the file is missing, damaged or lacks a column.
    """
    pq: Any = import_module("pyarrow.parquet")  # slow to import
    try:
        table = pq.read_table(path).unify_dictionaries().combine_chunks()
        columns = {name: table.column(name) for name in SeriesColumns._fields}
        return SeriesColumns(**{name: _from_arrow(name, column) for name, column in columns.items()})
    except (OSError, ValueError, KeyError, AttributeError) as fault:
        raise ResultError(f"{path}: cannot be read: {str(fault).splitlines()[0]}") from fault


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
    content = pa.py_buffer(np.ascontiguousarray(values).tobytes())
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
