"""What a run means: `RunResult` from a record, `SavedResult` from its folder, one way to read both."""

from __future__ import annotations

import csv
import math
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeVar

import numpy as np

from sim.analysis.columns import DATES, SeriesColumns, read_columns
from sim.analysis.frames import EVENT_COLUMNS, event_rows, series_columns
from sim.analysis.manifest import complete_manifest
from sim.analysis.store import check_plain_name, existing_folder, read_json, write_folder, write_json
from sim.analysis.summary import summarise
from sim.engine.record import RunRecord
from sim.errors import ResultError
from sim.model.labels import RunLabels
from sim.units import steps_up

if TYPE_CHECKING:
    import pandas as pd

    from sim.model.scenario import Scenario

T = TypeVar("T")
SUMMARY_KEYS = (
    "scenario",
    "title",
    "start",
    "horizon_weeks",
    "step_days",
    "materials",
    "sectors",
    "stockpiles",
)


class Markers(NamedTuple):
    """What the figures point at."""

    onset: int | None
    """Step of the first disruption; None without one."""
    windows: tuple[tuple[str, int, int], ...]
    """(label, first step, step after the last) of each disruption."""


class ResultView(Protocol):
    """What comparison, tables and figures need of a result, run or loaded."""

    @property
    def summary(self) -> dict[str, Any]:
        """The summary; keys in ``docs/reference/results.md``."""
        ...

    @property
    def columns(self) -> SeriesColumns:
        """Tidy histories as plain columns."""
        ...

    @property
    def series(self) -> pd.DataFrame:
        """Tidy histories as a data frame."""
        ...

    @property
    def events(self) -> pd.DataFrame:
        """The event log."""
        ...

    @property
    def manifest(self) -> Mapping[str, Any]:
        """Versions, hashes, counts and timings."""
        ...

    @property
    def markers(self) -> Markers:
        """Onset and windows of the disruptions."""
        ...

    @property
    def value_added(self) -> Mapping[tuple[str, str], float]:
        """USD/week of baseline activity by (sector, country), where the tables know it."""
        ...


@dataclass(frozen=True)
class RunResult:
    """A run and its baseline, with the names of everything in them.

    Attributes
    ----------
    scenario : Scenario
        As resolved.
    labels : RunLabels
    record, baseline : RunRecord
        With disruptions and responses, and without.
    step_days : int
        7 or 1.
    start : date
        First day of step 0.
    first_disruption_step : int
        -1 when the scenario has no disruption.
    manifest : dict
        seed, tables_hash, counts, timings_s, record; see `sim.analysis.manifest`.
    """

    scenario: Scenario
    labels: RunLabels
    record: RunRecord
    baseline: RunRecord
    step_days: int
    start: date
    first_disruption_step: int
    manifest: dict[str, Any]

    @property
    def name(self) -> str:
        """The scenario's name, and that of the result folder."""
        return str(self.scenario.name)

    @property
    def title(self) -> str:
        """The scenario's title, or its name."""
        return str(self.scenario.title or self.scenario.name)

    @property
    def n_steps(self) -> int:
        """Number of steps of the horizon."""
        return len(self.record.series.demand)

    @property
    def onset(self) -> int:
        """Step from which measures count: that of the first disruption, 0 without one."""
        return max(self.first_disruption_step, 0)

    @property
    def step_word(self) -> str:
        """``week`` or ``day``."""
        return "week" if self.step_days == 7 else "day"

    @property
    def scope(self) -> str:
        """What was recorded: ``watched``, ``all`` or ``flows``."""
        return str(self.manifest.get("record", "watched"))

    def is_shown(self, country: str) -> bool:
        """Whether the series show the country: a watched one, or any when all was recorded."""
        return self.scope != "watched" or country in self.labels.watch

    @cached_property
    def summary(self) -> dict[str, Any]:
        """The measures: a row for each watched material, sector and stockpile (a dict, ready for JSON)."""
        return self._timed("measure", lambda: summarise(self))

    @cached_property
    def columns(self) -> SeriesColumns:
        """Tidy histories as plain columns."""
        return self._timed("measure", lambda: series_columns(self))

    @cached_property
    def series(self) -> pd.DataFrame:
        """Tidy histories: step, date, kind, id, country, material, variable, value, baseline, unit."""
        return self.columns.frame()

    @cached_property
    def events(self) -> pd.DataFrame:
        """The event log: step, date, kind, name, label."""
        return _events_frame(event_rows(self))

    @property
    def markers(self) -> Markers:
        """Onset and windows of the disruptions, in steps."""
        onset = self.first_disruption_step if self.first_disruption_step >= 0 else None
        windows = []
        for disruption in self.scenario.disruptions:
            begins, days = (disruption.start - self.start).days, disruption.duration_days
            first = steps_up(begins, self.step_days)
            last = self.n_steps if days is None else steps_up(begins + days, self.step_days)
            label = disruption.label or disruption.kind.replace("_", " ")
            windows.append((label, max(first, 0), min(max(last, 0), self.n_steps)))
        return Markers(onset, tuple(windows))

    @cached_property
    def value_added(self) -> dict[tuple[str, str], float]:
        """Value added of the baseline, USD/week by (sector, country), where the tables know it."""
        total: dict[tuple[str, str], float] = {}
        for row, node in enumerate(self.labels.nodes):
            if node.sector and math.isfinite(node.value_added_usd_per_unit):
                units_per_week = (
                    float(np.mean(self.baseline.series.node_activity[:, row])) * 7 / self.step_days
                )
                usd = units_per_week * node.value_added_usd_per_unit
                total[node.sector, node.country] = total.get((node.sector, node.country), 0.0) + usd
        return total

    def save(
        self, folder: Path | str = "results", *, draw: Callable[[ResultView, Path], None] | None = None
    ) -> Path:
        """Write the result as a folder, replacing an older one of the same name whole or not at all.

        Parameters
        ----------
        folder : Path or str
            Parent; the result goes to ``folder/<scenario name>``.
        draw : callable, optional
            Adds figures, such as `sim.report.figures.draw_figures`.

        Returns
        -------
        Path
            The folder of the result.

        Raises
        ------
        ResultError
            If it cannot be written there.
        """
        return write_folder(Path(folder), check_plain_name(self.name), lambda place: self._write(place, draw))

    def _write(self, place: Path, draw: Callable[[ResultView, Path], None] | None) -> None:
        from sim.model.scenario import dump_scenario  # not needed to read a result

        summary, columns = self.summary, self.columns
        started = time.perf_counter()
        write_json(place / "summary.json", summary)
        (place / "scenario.resolved.yaml").write_text(
            dump_scenario(self.scenario), encoding="utf-8", newline="\n"
        )
        columns.write(place / "series.parquet")
        _write_events(event_rows(self), place / "events.csv")
        self._add_time("write", time.perf_counter() - started)
        if draw is not None:
            self._timed("plot", lambda: draw(self, place))
        write_json(place / "manifest.json", complete_manifest(self))

    def _timed(self, part: str, work: Callable[[], T]) -> T:
        started = time.perf_counter()
        done = work()
        self._add_time(part, time.perf_counter() - started)
        return done

    def _add_time(self, part: str, seconds: float) -> None:
        timings = self.manifest.setdefault("timings_s", {})
        timings[part] = timings.get(part, 0.0) + seconds


@dataclass(frozen=True)
class SavedResult:
    """A result folder, read when asked for; the same views as `RunResult`."""

    folder: Path
    summary: dict[str, Any]
    manifest: dict[str, Any]

    @property
    def name(self) -> str:
        """The scenario's name."""
        return str(self.summary["scenario"])

    @property
    def title(self) -> str:
        """The scenario's title, or its name."""
        return str(self.summary["title"]) or self.name

    @cached_property
    def columns(self) -> SeriesColumns:
        """Tidy histories as plain columns."""
        return read_columns(self.folder / "series.parquet")

    @cached_property
    def series(self) -> pd.DataFrame:
        """Tidy histories, as `RunResult.series`."""
        return self.columns.frame()

    @cached_property
    def events(self) -> pd.DataFrame:
        """The event log, as `RunResult.events`."""
        return _read_events(self.folder / "events.csv")

    @property
    def markers(self) -> Markers:
        """Onset and windows of the disruptions, in steps."""
        kept = self.manifest.get("markers", {})
        windows = tuple((str(w["label"]), int(w["first"]), int(w["end"])) for w in kept.get("windows", ()))
        return Markers(kept.get("onset"), windows)

    @property
    def value_added(self) -> dict[tuple[str, str], float]:
        """Value added of the baseline, USD/week by (sector, country)."""
        rows = self.manifest.get("value_added_usd_per_week", ())
        return {(row["sector"], row["country"]): float(row["value"]) for row in rows}


def load_result(folder: Path | str) -> SavedResult:
    """Read a result folder written by `RunResult.save`.

    Raises
    ------
    ResultError
        If the folder is missing, not a result, damaged or of another format.
    """
    place = existing_folder(Path(folder))
    if not (place / "summary.json").is_file():
        raise ResultError(f"{place}: not the result of a run (it has no summary.json)")
    summary, manifest = read_json(place / "summary.json"), read_json(place / "manifest.json")
    missing = [key for key in SUMMARY_KEYS if not isinstance(summary, dict) or key not in summary]
    if missing:
        raise ResultError(f"{place}: damaged result; summary.json lacks {', '.join(missing)}")
    if not isinstance(manifest, dict):
        raise ResultError(f"{place}: damaged result; manifest.json is not a mapping")
    return SavedResult(place, summary, manifest)


def _write_events(rows: Iterable[Sequence[object]], path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(EVENT_COLUMNS)
        writer.writerows(rows)


def _read_events(path: Path) -> pd.DataFrame:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            head, *rows = csv.reader(file)
        if tuple(head) != EVENT_COLUMNS:
            raise ValueError(f"columns are {', '.join(head)}, not {', '.join(EVENT_COLUMNS)}")
        return _events_frame([(int(row[0]), *row[1:]) for row in rows])
    except (OSError, ValueError, IndexError) as fault:
        raise ResultError(f"{path}: cannot be read: {fault}") from fault


def _events_frame(rows: Sequence[Sequence[object]]) -> pd.DataFrame:
    import pandas as pd  # slow to import

    frame = pd.DataFrame(list(rows), columns=list(EVENT_COLUMNS))
    frame["step"] = frame["step"].astype("int64")
    frame["date"] = frame["date"].to_numpy(dtype=DATES)
    return frame.astype({"kind": str, "name": str, "label": str})
