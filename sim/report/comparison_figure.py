"""The figure of a comparison: the curves of every result side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from sim.analysis.curves import curves
from sim.analysis.measures import performance_of
from sim.report.calendar_axis import days_of_steps, time_axis
from sim.report.figures import AFFECTED, consumers_of, ranked, subtitle
from sim.report.names import capital, country_name, plain
from sim.report.panels import Curves, Styles, percent_axis
from sim.report.style import ONSET, SHADE, Section, curve_styles, head, page, panel_head

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from sim.analysis.compare import Comparison
    from sim.analysis.result import ResultView

MAX_ROWS = 6
MAX_COLUMNS = 4
KINDS = (("sectors", "sector", "activity"), ("materials", "material", "consumption_t"))

Item = tuple[str, str, str]


def comparison_figure(comparison: Comparison) -> Figure:
    """Return the page of a comparison: a row for each sector or material, a column for each consumer."""
    consumers = consumers_of(_all_rows(comparison))[:MAX_COLUMNS]
    items = _compared_items(comparison)
    styles = curve_styles(comparison.names)
    framed = _framed_by(comparison)
    title = "Activity of sectors and deliveries of materials, % of the run without disruption"
    keys = [Line2D([], [], label=name, **styles[name]) for name in comparison.names]
    signs: list[Any] = []
    if framed.markers.windows:
        of = framed.summary["scenario"]
        signs = [
            Patch(color=SHADE, label=f"disruption in force ({of})"),
            Line2D([], [], label="first disruption", **ONSET),
        ]
    figure, axes = page([Section(title, len(items), len(consumers))], [r for r in (keys, signs) if r])
    for item, row in zip(items, axes[0], strict=True):
        _draw_row(row, comparison, item, consumers, styles, framed)
    more = len(consumers_of(_all_rows(comparison))) - len(consumers)
    others = comparison.names[1] if len(comparison.names) == 2 else f"{len(comparison.names) - 1} results"
    head(
        figure,
        f"{others} against {comparison.names[0]}",
        subtitle(framed.summary, {"country": more}, "comparison.json"),
    )
    return figure


def _all_rows(comparison: Comparison) -> dict[str, Any]:
    return {kind: [row for r in comparison.results for row in r.summary[kind]] for kind, _, _ in KINDS}


def _framed_by(comparison: Comparison) -> ResultView:
    """Return the result whose disruptions are marked: the first that has any."""
    disrupted = [result for result in comparison.results if result.markers.windows]
    return disrupted[0] if disrupted else comparison.results[0]


def _compared_items(comparison: Comparison) -> list[Item]:
    """Return (kind, variable, name) of the most affected sectors and materials in any result."""
    rows, chosen = _all_rows(comparison), []
    for kind, key, variable in KINDS:
        items = ranked(rows[kind], key)
        affected = [name for name, loss in items if loss > AFFECTED] or [name for name, _ in items[:1]]
        chosen.append([(key, variable, name) for name in affected])
    sectors, materials = chosen
    half = max(MAX_ROWS // 2, MAX_ROWS - len(materials))
    return [*sectors[:half], *materials[: MAX_ROWS - len(sectors[:half])]]


def _draw_row(
    row: Sequence[Axes],
    comparison: Comparison,
    item: Item,
    consumers: Sequence[str],
    styles: Styles,
    framed: ResultView,
) -> None:
    """Draw one sector or material, a panel for each consumer, all to one scale."""
    kind, variable, name = item
    found = [curves(result, kind, variable) for result in comparison.results]
    tops = []
    for consumer, panel in zip(consumers, row, strict=True):
        tops.append(_draw_panel(panel, comparison, found, (name, consumer), styles))
        time_axis(panel, framed)
        title = capital(plain(name)) if panel is row[0] else ""
        panel_head(panel, title, country_name(consumer), panels=len(row) if panel is row[0] else 1)
    for panel, top in zip(row, tops, strict=True):
        percent_axis(panel, max(tops), top)


def _draw_panel(
    axes: Axes, comparison: Comparison, found: Sequence[Curves], key: tuple[str, str], styles: Styles
) -> float:
    """Draw one consumer's q of one sector or material in every result; return the largest."""
    highest = 1.0
    for name, result, by_key in zip(comparison.names, comparison.results, found, strict=True):
        if key in by_key:
            q = performance_of(by_key[key])
            highest = max(highest, float(np.max(q, initial=1.0)))
            axes.plot(days_of_steps(result), q, **styles[name])
    if not axes.lines:
        axes.text(0.5, 0.5, "not a user", ha="center", va="center", size=7, transform=axes.transAxes)
    return highest
