"""The time axis of the figures: days since the start of a run, ticks on the first of a month."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.ticker import FixedFormatter, FixedLocator

from sim.analysis.curves import n_steps, start_date
from sim.report.style import ONSET, OPENING, SHADE
from sim.vocab import FloatArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from sim.analysis.result import ResultView

MONTH_STEPS = (1, 3, 6, 12, 24, 60, 120, 240)
YEAR_IN, MONTH_IN = 0.34, 0.52  # width that a label needs


def days_of_steps(result: ResultView) -> FloatArray:
    """Return the first day of each step, days since the start of the run, shape (step,)."""
    days: FloatArray = np.arange(n_steps(result), dtype=np.float64) * result.summary["step_days"]
    return days


def days_of_weeks(result: ResultView, weeks_after_onset: float) -> float:
    """Return the day, since the start of the run, that lies some weeks after the first disruption."""
    onset = max(result.markers.onset or 0, 0)
    return float(onset * result.summary["step_days"] + weeks_after_onset * 7)


def time_axis(axes: Axes, result: ResultView, opened: Sequence[float] = ()) -> None:
    """Set dates on x, shade the disruptions, mark the onset and the weeks after it when stockpiles open."""
    step_days = result.summary["step_days"]
    length = n_steps(result) * step_days
    width_in = axes.get_position().width * axes.get_figure().get_size_inches()[0]  # type: ignore[union-attr]
    most = max(int(width_in / YEAR_IN), 2), max(int(width_in / MONTH_IN), 2)
    places, labels = calendar_ticks(start_date(result), length, *most)
    axes.set_xlim(0, max(length, 1))
    axes.xaxis.set_major_locator(FixedLocator(places))
    axes.xaxis.set_major_formatter(FixedFormatter(labels))
    for _, first, end in result.markers.windows:
        if end > first:
            axes.axvspan(first * step_days, end * step_days, color=SHADE, linewidth=0, zorder=0)
    if result.markers.onset is not None:
        axes.axvline(result.markers.onset * step_days, zorder=2, **ONSET)
    for weeks in opened:
        axes.axvline(days_of_weeks(result, weeks), zorder=2, **OPENING)


def openings(summary: dict[str, Any], material: str = "", stockpile: str = "") -> list[float]:
    """Return the weeks after onset at which stockpiles first release; of one material if given."""
    rows = [row for row in summary["stockpiles"] if row["weeks_to_release"] is not None]
    rows = [row for row in rows if material in ("", row["material"]) and stockpile in ("", row["stockpile"])]
    return sorted({row["weeks_to_release"] for row in rows})


def calendar_ticks(start: date, days: int, years: int, months: int) -> tuple[list[int], list[str]]:
    """Return days since `start` to mark and their labels, with the year unless all lies within two months.

    Parameters
    ----------
    start : date
    days : int
    years, months : int
        Most labels of years (``2027``), and of months or days (``Jul 26``), for which there is room.

    Examples
    --------
    >>> calendar_ticks(date(2026, 1, 5), 1000, 6, 4)
    ([361, 726], ['2027', '2028'])
    """
    end = start + timedelta(days=days)
    if days < 62:
        stride = 7 * -(-days // (7 * months)) or 7
        found = [start + timedelta(days=d) for d in range(0, days, stride)]
        return [(day - start).days for day in found], [f"{day.day} {day:%b}" for day in found]
    for stride in MONTH_STEPS:
        found = _first_days(start, end, stride)
        if len(found) <= (months if stride < 12 else years):
            break
    return [(day - start).days for day in found], [_label(day, stride) for day in found]


def _label(day: date, months: int) -> str:
    return f"{day.year}" if months >= 12 or day.month == 1 else f"{day:%b %y}"


def _first_days(start: date, end: date, months: int) -> list[date]:
    """Return the first days of every so many months up to `end`, counted from January of year 0."""
    first = (start.year * 12) // months * months
    last = end.year * 12 + end.month - 1
    return [d for m in range(first, last + 1, months) if start <= (d := date(m // 12, m % 12 + 1, 1)) <= end]
