"""Where numbers come from: the hash that names a state of the tables, and the sources behind rows."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from sim.data.columns import TABLES_FOLDER
from sim.errors import DataError

if TYPE_CHECKING:  # pandas is slow to import, and a network that was kept needs the hash alone
    import pandas as pd

    from sim.data.read import Tables

EXPERT = "expert"
EXPERT_ONLY = (EXPERT,)


def tables_hash(folder: Path | None = None) -> str:
    """Return the SHA-256 of a folder of tables: names and bytes of its CSV files, sorted by name.

    Parameters
    ----------
    folder : Path, optional
        The shipped tables by default.

    Returns
    -------
    str
        64 hexadecimal digits. Any change of a name or of a byte changes it; other files do not.

    Raises
    ------
    DataError
        If the folder does not exist or a file cannot be read.
    """
    folder = TABLES_FOLDER if folder is None else Path(folder)
    if not folder.is_dir():
        raise DataError(f"{folder}: no such folder of tables")
    digest = hashlib.sha256()
    for name, path in sorted((path.relative_to(folder).as_posix(), path) for path in folder.rglob("*.csv")):
        try:
            data = path.read_bytes()
        except OSError as fault:
            raise DataError(f"{name}: cannot be read ({fault.strerror or fault})") from None
        # lengths keep "ab" + "c" apart from "a" + "bc"
        digest.update(f"{len(name.encode())} {len(data)}\n".encode())
        digest.update(name.encode())
        digest.update(data)
    return digest.hexdigest()


def sources_of(tables: Tables, rows: pd.DataFrame) -> pd.DataFrame:
    """Return the sources behind rows of any table, the most used first.

    Parameters
    ----------
    tables : Tables
        As read.
    rows : DataFrame
        Rows of one of its tables that has the column ``source_id``.

    Returns
    -------
    DataFrame
        Columns of the sources table and ``rows``, how many of the given rows cite it.

    Raises
    ------
    DataError
        If the rows have no source column.
    """
    if "source_id" not in rows.columns:
        raise DataError(f"these rows have no column 'source_id', only {', '.join(map(str, rows.columns))}")
    counts: dict[str, int] = {}
    for cited in rows["source_id"]:
        for source in cited:
            counts[source] = counts.get(source, 0) + 1
    found = tables.sources[tables.sources["source_id"].isin(counts)].copy()
    found["rows"] = [counts[source] for source in found["source_id"]]
    return found.sort_values(["rows", "source_id"], ascending=[False, True], ignore_index=True)


def expert_share(rows: pd.DataFrame) -> float:
    """Return the share of rows that rest on judgement alone; 0 without rows.

    Judgement is a row of confidence ``expert``, or one that cites no source but ``expert``.
    """
    if not len(rows):
        return 0.0
    judged = (rows["confidence"] == EXPERT) | (rows["source_id"].map(set(EXPERT_ONLY).issuperset))
    return float(judged.mean())
