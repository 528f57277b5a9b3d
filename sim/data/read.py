"""Reads the product's own tables: figures, structure, sources.

A folder of tables holds ``columns.csv`` (the declarations) and, for every declared table, ``TABLE.csv`` or
any number of parts ``TABLE.*.csv``; the table is their concatenation in sorted order of file name. Figures
lie in ``figures/*.csv``. The order of checks: every cell of every file, keys, names that refer to other
tables, then the rules of each measure. All faults are gathered, then raised once.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.data.columns import TABLES_FOLDER, Column, parse_bounds, read_columns, within
from sim.data.csv_table import LINE_COLUMN, Rows, check_keys, read_csv_table, read_rows, shown
from sim.data.references import check_references
from sim.data.running import add_running_parts
from sim.errors import DataError, Faults, suggestion

if TYPE_CHECKING:
    import pandas as pd  # slow to import

__all__ = ["TABLES_FOLDER", "Tables", "read_columns", "read_csv_table", "read_tables"]

FIGURES = "figures"
WORLD = "WLD"
DECLARATIONS = ("columns", "network_columns")  # formats, not contents
SOURCE_IDENTITY = ("source_id", "title", "publisher", "year", "url")
MANDATORY = ("measures", "materials", "processes", "countries", "routes", "sources", "parameters")


@dataclass(frozen=True)
class Tables:
    """Everything the product knows, as read; one frame per table.

    Declared columns come first, then ``file`` and ``file_line`` of each row (``file`` and ``line`` in
    `figures`). Text is ``''`` and a list a tuple; a blank number is NaN, a blank date NaT.

    Attributes
    ----------
    folder : Path
        Where the tables were read.
    columns : dict of str to tuple of Column
        Declarations, by table.
    materials, processes, inputs, outputs, hosts, recycling, facilities, aggregates : DataFrame
        What exists.
    trade_shares, routes, chokepoints, countries, groups, stockpiles : DataFrame
        Who trades, how goods travel, who belongs together, what is stored.
    projects, project_parts, project_outputs, project_redirects, ramp_types, stage_odds : DataFrame
        Announced plants and what is likely to become of them.
    finance, programmes : DataFrame
        Money and institutions.
    measures, figures, corrections, accepted_moves, closures, parameters, sources : DataFrame
        Numbers, what they may be, what replaces them, where they come from.
    """

    folder: Path
    columns: dict[str, tuple[Column, ...]]
    measures: pd.DataFrame
    materials: pd.DataFrame
    processes: pd.DataFrame
    inputs: pd.DataFrame
    outputs: pd.DataFrame
    hosts: pd.DataFrame
    recycling: pd.DataFrame
    facilities: pd.DataFrame
    aggregates: pd.DataFrame
    trade_shares: pd.DataFrame
    countries: pd.DataFrame
    groups: pd.DataFrame
    routes: pd.DataFrame
    chokepoints: pd.DataFrame
    sources: pd.DataFrame
    corrections: pd.DataFrame
    accepted_moves: pd.DataFrame
    closures: pd.DataFrame
    parameters: pd.DataFrame
    stockpiles: pd.DataFrame
    projects: pd.DataFrame
    project_parts: pd.DataFrame
    project_outputs: pd.DataFrame
    project_redirects: pd.DataFrame
    finance: pd.DataFrame
    programmes: pd.DataFrame
    ramp_types: pd.DataFrame
    stage_odds: pd.DataFrame
    figures: pd.DataFrame

    def frames(self) -> dict[str, pd.DataFrame]:
        """Return every table by name."""
        return {name: getattr(self, name) for name in TABLE_NAMES}


TABLE_NAMES = tuple(field.name for field in fields(Tables) if field.name not in ("folder", "columns"))


def read_tables(folder: Path | None = None) -> Tables:
    """Read and validate a folder of tables.

    Parameters
    ----------
    folder : Path, optional
        The shipped tables by default. A folder without ``columns.csv`` uses the shipped declarations.

    Returns
    -------
    Tables
        Frames of all tables; one that may be absent and is, is empty.

    Raises
    ------
    DataError
        Once, listing every fault with file, line, column, value got and nearest valid name.
    """
    folder = TABLES_FOLDER if folder is None else Path(folder)
    if not folder.is_dir():
        raise DataError(f"{folder}: no such folder of tables")
    own = folder / "columns.csv"
    columns = read_columns(own if own.is_file() else TABLES_FOLDER / "columns.csv")
    faults = Faults(DataError)
    parts = table_files(folder, columns, faults)
    unreadable: set[str] = set()
    frames: dict[str, pd.DataFrame] = {}
    for table in TABLE_NAMES:
        rows = _read_table(table, parts[table], folder, columns[table], faults)
        if not rows.readable:
            unreadable.add(table)
        frames[table] = rows.frame()
    frames["figures"] = frames["figures"].rename(columns={LINE_COLUMN: "line"})
    _check_between(frames, columns, faults, unreadable)
    faults.raise_if_any()
    add_running_parts(frames)
    return Tables(folder=folder, columns=columns, **frames)


def table_files(folder: Path, columns: Mapping[str, Any], faults: Faults) -> dict[str, list[Path]]:
    """Return the files of each table, sorted by name; a file of no declared table is a fault."""
    files: dict[str, list[Path]] = {table: [] for table in TABLE_NAMES}
    for path in sorted(folder.glob("*.csv")):
        table = path.name.split(".")[0]
        if table in DECLARATIONS:
            continue
        if table not in files or table == FIGURES:
            faults.add(f"{path.name}: '{table}' is not a declared table{suggestion(table, columns)}")
            continue
        files[table].append(path)
    files[FIGURES] = sorted((folder / FIGURES).glob("*.csv"))
    return files


def _read_table(
    table: str, paths: Sequence[Path], folder: Path, columns: tuple[Column, ...], faults: Faults
) -> Rows:
    """Read all parts of one table."""
    rows = Rows(columns)
    if not paths and table in MANDATORY:
        faults.add(f"{table}.csv: no such file, and no part {table}.*.csv")
        rows.readable = False
    for path in paths:
        read_rows(path, rows, faults, label=path.relative_to(folder).as_posix())
    if table == "sources":
        _drop_repeats(rows)
    check_keys(rows, faults)
    return rows


def _drop_repeats(rows: Rows) -> None:
    """Drop a source cited by two chains: same name, title, publisher, year and address.

    Remarks and the date of reading may differ; the first in order of file name stays.
    """
    seen: set[tuple[Any, ...]] = set()
    keep = []
    for row, cells in enumerate(zip(*(rows.cells[name] for name in SOURCE_IDENTITY), strict=True)):
        if cells not in seen:
            keep.append(row)
        seen.add(cells)
    for name, values in rows.cells.items():
        rows.cells[name] = [values[row] for row in keep]
    rows.files = [rows.files[row] for row in keep]
    rows.lines = [rows.lines[row] for row in keep]


def _check_between(
    frames: dict[str, pd.DataFrame],
    columns: Mapping[str, tuple[Column, ...]],
    faults: Faults,
    unreadable: set[str],
) -> None:
    """Check what more than one table decides."""
    named = frames | {FIGURES: frames[FIGURES].rename(columns={"line": LINE_COLUMN})}
    check_references(named, columns, faults, unreadable=unreadable)
    if not unreadable & {"measures", "processes", "materials", FIGURES}:
        _check_figures(frames, faults)


def _check_figures(frames: dict[str, pd.DataFrame], faults: Faults) -> None:
    """Check every figure and correction against the rule of its measure."""
    rules = {row.measure: row for row in frames["measures"].itertuples()}
    stages = dict(zip(frames["processes"]["process"], frames["processes"]["stage"], strict=True))
    partners = {
        "material": set(frames["materials"]["material"]),
        "process": set(stages),
        "facility": set(frames["facilities"]["facility"]),
    }
    aggregates = set(frames["aggregates"]["aggregate"])
    for table, line in ((FIGURES, "line"), ("corrections", LINE_COLUMN)):
        for row in frames[table].itertuples():
            rule = rules.get(row.measure)
            if rule is not None:
                where = f"{row.file}:{getattr(row, line)}"
                for fault in _figure_faults(row, rule, stages, partners, aggregates):
                    faults.add(f"{where}: {fault}")


def _figure_faults(
    row: Any, rule: Any, stages: Mapping[str, str], partners: Mapping[str, set[str]], aggregates: set[str]
) -> list[str]:
    """Return what is wrong with one figure, by the rule of its measure."""
    found = []
    if row.unit != rule.unit:
        found.append(f"unit = {shown(row.unit)} but measure '{row.measure}' is in '{rule.unit}'")
    if not math.isnan(row.value) and not within(row.value, parse_bounds(rule.allowed)):
        bounds = " and ".join(rule.allowed.split())
        found.append(f"value = '{row.value:g}' but measure '{row.measure}' must be {bounds}")
    if row.country == WORLD and not rule.world_default:
        found.append(f"country = 'WLD' but measure '{row.measure}' has no default for every country")
    if rule.partner == "none" and row.partner:
        found.append(f"partner = {shown(row.partner)} but measure '{row.measure}' has none")
    if rule.partner != "none" and row.partner not in partners[rule.partner]:
        hint = suggestion(row.partner, sorted(partners[rule.partner]))
        found.append(f"partner = {shown(row.partner)} is not a {rule.partner}{hint}")
    if not rule.stages and row.process not in aggregates:
        found.append(f"process = {shown(row.process)} is no aggregate{suggestion(row.process, aggregates)}")
    stage = stages.get(row.process)
    if rule.stages and stage is not None and stage not in rule.stages:
        found.append(f"measure '{row.measure}' does not apply to a process of stage {stage}")
    if rule.stages and stage is None and row.process in aggregates:
        found.append(f"process = {shown(row.process)} is an aggregate; its only measure is 'aggregate'")
    return found
