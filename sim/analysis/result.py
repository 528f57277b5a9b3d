"""What a run means: `RunResult` from a record, `SavedResult` from its folder, one way to read both."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeVar

import numpy as np

from sim.analysis.frames import events_frame, series_frame
from sim.analysis.manifest import complete_manifest
from sim.analysis.store import check_plain_name, existing_folder, read_json, write_folder, write_json
from sim.analysis.summary import summarise
from sim.engine.record import RunRecord
from sim.errors import ResultError
from sim.model.labels import RunLabels
from sim.vocab import FloatArray

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


class Curve(NamedTuple):
    """One history with its baseline; arrays of shape (step,)."""

    value: FloatArray
    baseline: FloatArray
    unit: str


class ResultView(Protocol):
    """What comparison, tables and figures need of a result, run or loaded."""

    @property
    def summary(self) -> dict[str, Any]:
        """The summary; keys in ``docs/reference/results.md``."""
        ...

    @property
    def series(self) -> pd.DataFrame:
        """Tidy histories."""
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
    def series(self) -> pd.DataFrame:
        """Tidy histories: step, date, kind, id, country, material, variable, value, baseline, unit."""
        return self._timed("measure", lambda: series_frame(self))

    @cached_property
    def events(self) -> pd.DataFrame:
        """The event log: step, date, kind, name, label."""
        return events_frame(self)

    @property
    def markers(self) -> Markers:
        """Onset and windows of the disruptions, in steps."""
        onset = self.first_disruption_step if self.first_disruption_step >= 0 else None
        windows = []
        for disruption in self.scenario.disruptions:
            first = -(-(disruption.start - self.start).days // self.step_days)
            days = disruption.duration_days
            last = self.n_steps if days is None else first + int(np.ceil(days / self.step_days - 1e-9))
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

        summary, series = self.summary, self.series
        started = time.perf_counter()
        write_json(place / "summary.json", summary)
        (place / "scenario.resolved.yaml").write_text(
            dump_scenario(self.scenario), encoding="utf-8", newline="\n"
        )
        _write_parquet(series, place / "series.parquet")
        self.events.to_csv(place / "events.csv", index=False, lineterminator="\n", date_format="%Y-%m-%d")
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
    def series(self) -> pd.DataFrame:
        """Tidy histories, as `RunResult.series`."""
        return _read_parquet(self.folder / "series.parquet")

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
    if missing or not isinstance(manifest, dict):
        raise ResultError(f"{place}: damaged result; summary.json lacks {', '.join(missing) or 'nothing'}")
    return SavedResult(place, summary, manifest)


def curves(view: ResultView, kind: str, variable: str) -> dict[tuple[str, str], Curve]:
    """Return the histories of one variable by (material or sector, country), facilities summed.

    Parameters
    ----------
    view : ResultView
    kind : {"material", "sector", "stockpile"}
    variable : str
        Such as ``consumption_t``; see ``docs/reference/results.md``.

    Returns
    -------
    dict of (material, country) to Curve
        Empty when nothing was recorded under that name.
    """
    frame = view.series
    part = frame[(frame["kind"] == kind) & (frame["variable"] == variable)]
    steps = n_steps(view)
    found: dict[tuple[str, str], Curve] = {}
    value, base = part["value"].to_numpy(), part["baseline"].to_numpy()
    heads = part.iloc[::steps] if steps else part
    for i, (material, country, unit) in enumerate(
        zip(heads["material"], heads["country"], heads["unit"], strict=True)
    ):
        rows = slice(i * steps, (i + 1) * steps)
        earlier = found.get((material, country))
        curve = Curve(value[rows], base[rows], unit)
        if earlier is not None:
            curve = Curve(earlier.value + curve.value, earlier.baseline + curve.baseline, unit)
        found[material, country] = curve
    return found


def n_steps(view: ResultView) -> int:
    """Return the number of steps of a result's histories."""
    days = float(view.summary["horizon_weeks"]) * 7
    return round(days / float(view.summary["step_days"]))


def start_date(view: ResultView) -> date:
    """Return the first day of a result."""
    return date.fromisoformat(view.summary["start"])


def _write_parquet(frame: pd.DataFrame, path: Path) -> None:
    import pyarrow as pa  # slow to import
    import pyarrow.parquet as pq

    table = pa.Table.from_pandas(frame, preserve_index=False)  # type: ignore[attr-defined]
    pq.write_table(table, path, compression="zstd", use_dictionary=True)  # type: ignore[no-untyped-call]


def _read_parquet(path: Path) -> pd.DataFrame:
    import pandas as pd  # slow to import

    try:
        return pd.read_parquet(path)
    except (OSError, ValueError) as fault:
        raise ResultError(f"{path}: cannot be read: {fault}") from fault


def _read_events(path: Path) -> pd.DataFrame:
    import pandas as pd  # slow to import

    try:
        frame = pd.read_csv(path, keep_default_na=False, dtype={"kind": str, "name": str, "label": str})
        return frame.assign(date=pd.to_datetime(frame["date"]).astype("datetime64[ms]"))
    except (OSError, ValueError, KeyError) as fault:
        raise ResultError(f"{path}: cannot be read: {fault}") from fault
