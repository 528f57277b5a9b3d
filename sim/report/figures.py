"""Figures of a result: who falls short over time, what stocks do meanwhile, and results side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, MaxNLocator

from sim.analysis.frames import step_dates
from sim.analysis.measures import performance_of
from sim.analysis.resilience import HOLD_WEEKS, SHORT_BELOW, days_of_cover
from sim.analysis.result import Curve, ResultView, curves, n_steps, start_date
from sim.report.names import capital, country_name, date_after, percent, plain, weeks
from sim.report.style import (
    BLACK,
    COLOURS,
    DASHES,
    GREEN,
    GREY,
    LEFT_IN,
    SHADE,
    WIDTH_IN,
    Section,
    head,
    house_style,
    page,
    panel_head,
    save_figure,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from sim.analysis.compare import Comparison

MAX_SECTORS = 4
MAX_MATERIALS = 3
MAX_PILES = 2
MAX_CONSUMERS = 6  # as many as there are line styles
MAX_COMPARED_ROWS = 6
PERCENT = FuncFormatter(lambda value, _: f"{value * 100:.0f} %")
MAX_COMPARED_COLUMNS = 4

Row = dict[str, Any]
Curves = Mapping[tuple[str, str], Curve]


def draw_figures(result: ResultView, folder: Path) -> None:
    """Write ``resilience.png`` and ``resilience.svg`` into a folder."""
    with house_style():
        save_figure(resilience_figure(result), folder, "resilience")


def draw_comparison(comparison: Comparison, folder: Path) -> None:
    """Write ``comparison.png`` and ``comparison.svg`` into a folder."""
    with house_style():
        save_figure(comparison_figure(comparison), folder, "comparison")


# -- one result ----------------------------------------------------------------------------------------------


def resilience_figure(result: ResultView) -> Figure:
    """Return the page of one result: sectors, materials with users' stocks, stockpiles.

    The most affected come first; panels beyond a page's worth are left out and counted in the subtitle.
    """
    summary = result.summary
    sectors, materials = (ranked(summary["sectors"], "sector"), ranked(summary["materials"], "material"))
    piles = _piles(summary)
    shown, deep = _worth_showing(sectors, MAX_SECTORS), _worth_showing(materials, MAX_MATERIALS)
    plan = [
        (Section("Sectors: activity, % of the run without disruption", -(-len(shown) // 2)), shown),
        (
            Section("Materials: deliveries to users (left) and stocks that users hold (right)", len(deep)),
            deep,
        ),
        (Section("Strategic stockpiles", -(-len(piles) // 2)), piles),
    ]
    figure, axes = page([section for section, items in plan if items])
    blocks = iter(axes)
    if shown:
        _draw_sectors(result, shown, [a for row in next(blocks) for a in row])
    if deep:
        _draw_materials(result, deep, next(blocks))
    if piles:
        _draw_piles(result, piles, [a for row in next(blocks) for a in row])
    left_out = max(_count_short(sectors) - len(shown), 0), max(_count_short(materials) - len(deep), 0)
    head(figure, summary["title"] or summary["scenario"], _subtitle(summary, left_out))
    _legend(figure, result)
    return figure


def ranked(rows: Sequence[Row], key: str) -> list[tuple[str, float]]:
    """Return (name, largest resilience loss over consumers) of the sectors or materials, worst first."""
    worst: dict[str, float] = {}
    for row in rows:
        worst[row[key]] = max(worst.get(row[key], 0.0), row["resilience_loss_weeks"])
    return sorted(worst.items(), key=lambda item: (-item[1], item[0]))


def _worth_showing(items: Sequence[tuple[str, float]], most: int) -> list[str]:
    """Return the affected names, at most `most`; two of them when none is affected, to show just that."""
    affected = [name for name, loss in items if loss > 0.005][:most]
    return affected or [name for name, _ in items[:2]]


def _count_short(items: Sequence[tuple[str, float]]) -> int:
    return sum(loss > 0.005 for _, loss in items)


def _subtitle(summary: Row, left_out: tuple[int, int]) -> str:
    words = f"From {summary['start']}, {weeks(summary['horizon_weeks'])} weeks, prices {summary['prices']}."
    names = ("sector", "material")
    more = [f"{n} more {w}{'s' if n > 1 else ''}" for n, w in zip(left_out, names, strict=True) if n]
    return words + (
        f" Most affected first; {' and '.join(more)} affected less, see summary.json." if more else ""
    )


def _consumers(rows: Sequence[Row]) -> list[str]:
    """Return the consumers of a summary in their order of watch, at most as many as stay apart."""
    return list(dict.fromkeys(row["country"] for row in rows))[:MAX_CONSUMERS]


def _styles(names: Sequence[str]) -> dict[str, dict[str, Any]]:
    return {name: {"color": COLOURS[i], "linestyle": DASHES[i]} for i, name in enumerate(names)}


def _all_consumers(result: ResultView) -> list[str]:
    return _consumers([*result.summary["sectors"], *result.summary["materials"]])


def _draw_sectors(result: ResultView, names: Sequence[str], axes: Sequence[Axes]) -> None:
    activity = curves(result, "sector", "activity")
    for name, panel in zip(names, axes, strict=False):
        rows = [row for row in result.summary["sectors"] if row["sector"] == name]
        performance_panel(panel, result, activity, name, rows)
    for unused in axes[len(names) :]:
        unused.remove()


def _draw_materials(result: ResultView, names: Sequence[str], axes: Sequence[Sequence[Axes]]) -> None:
    consumption, inventory = (
        curves(result, "material", "consumption_t"),
        curves(result, "material", "inventory_t"),
    )
    for name, (left, right) in zip(names, axes, strict=True):
        rows = [row for row in result.summary["materials"] if row["material"] == name]
        performance_panel(left, result, consumption, name, rows)
        cover_panel(right, result, inventory, consumption, name)


def performance_panel(
    axes: Axes, result: ResultView, delivered: Curves, name: str, rows: Sequence[Row]
) -> Axes:
    """Draw q of every consumer against time, with the points at which they are back."""
    dates = _dates(result)
    highest = 1.0
    for consumer, style in _styles(_all_consumers(result)).items():
        if (name, consumer) not in delivered:
            continue
        q = performance_of(delivered[name, consumer])
        highest = max(highest, float(np.max(q)))
        axes.plot(dates, q, **style)
        _mark_recovery(axes, result, [row for row in rows if row["country"] == consumer], style["color"])
    _time_axis(axes, result)
    _percent_axis(axes, highest)
    panel_head(axes, capital(plain(name)), _worst_note(rows))
    return axes


def _percent_axis(axes: Axes, highest: float) -> None:
    """Set y to run from 0 to a little over the largest q, never above 160 %, with a line at 100 %."""
    axes.set_ylim(0.0, min(max(1.04, highest * 1.03), 1.6))
    axes.yaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]))
    axes.yaxis.set_major_formatter(PERCENT)
    axes.axhline(1.0, color=GREY, linewidth=0.6, zorder=1)


def _worst_note(rows: Sequence[Row]) -> str:
    short = [row for row in rows if row["weeks_to_shortfall"] is not None]
    if not short:
        return "nobody falls below 99 %"
    worst = max(short, key=lambda row: row["resilience_loss_weeks"])
    loss, depth = weeks(round(worst["resilience_loss_weeks"], 1)), percent(worst["peak_shortfall_share"])
    return f"worst: {country_name(worst['country'])}, {loss} weeks lost, {depth} short at the lowest"


def _mark_recovery(axes: Axes, result: ResultView, rows: Sequence[Row], colour: str) -> None:
    """Put a ring on 100 % where a consumer that fell short is back."""
    onset = max(result.markers.onset or 0, 0)
    for row in rows:
        if row["weeks_to_recover"]:
            day = np.datetime64(date_after(result.summary, onset, row["weeks_to_recover"]))
            axes.plot(
                [day],
                [1.0],
                "o",
                markersize=5,
                markerfacecolor="white",
                color=colour,
                clip_on=False,
                zorder=5,
            )


def cover_panel(axes: Axes, result: ResultView, inventory: Curves, consumption: Curves, name: str) -> Axes:
    """Draw users' stocks in days of their baseline use against time, the baseline itself as a thin line."""
    dates, step_days = _dates(result), result.summary["step_days"]
    for consumer, style in _styles(_all_consumers(result)).items():
        if (name, consumer) not in inventory or (name, consumer) not in consumption:
            continue
        use = consumption[name, consumer].baseline
        stock = inventory[name, consumer]
        axes.plot(dates, days_of_cover(stock.value, use, step_days), **style)
        axes.plot(
            dates,
            days_of_cover(stock.baseline, use, step_days),
            color=style["color"],
            linewidth=0.5,
            zorder=1,
        )
    _time_axis(axes, result)
    axes.set_ylim(bottom=0.0)
    axes.yaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 2.5, 5, 10]))
    panel_head(axes, "Stock at users, days of use", "thin line: without disruption")
    return axes


def _piles(summary: Row) -> list[tuple[str, str, str]]:
    """Return (stockpile, country, material) of those that moved, the largest share released first."""
    moved = [row for row in summary["stockpiles"] if row["released"] > 0 or row["bought"] > 0]
    moved.sort(key=lambda row: -row["released"] / max(row["opening"] + row["bought"], 1e-300))
    return [(row["stockpile"], row["country"], row["material"]) for row in moved[:MAX_PILES]]


def _draw_piles(result: ResultView, piles: Sequence[tuple[str, str, str]], axes: Sequence[Axes]) -> None:
    frame = result.series
    stocks = frame[(frame["kind"] == "stockpile") & (frame["variable"] == "stockpile_t")]
    for (pile, country, material), panel in zip(piles, axes, strict=False):
        rows = stocks[stocks["id"] == f"{pile}.{country}.{material}"]
        stock = rows["value"].to_numpy()
        panel.fill_between(_dates(result), stock, color=GREEN, alpha=0.15, linewidth=0)
        panel.plot(_dates(result), stock, color=GREEN)
        _time_axis(panel, result)
        panel.set_ylim(0.0, max(float(np.max(stock, initial=0.0)) * 1.08, 1e-9))
        panel.yaxis.set_major_locator(MaxNLocator(4))
        unit = str(rows["unit"].iloc[0])
        panel_head(
            panel, f"{capital(plain(pile))}: {plain(material)}", f"{unit} in store, {country_name(country)}"
        )
    for unused in axes[len(piles) :]:
        unused.remove()


# -- calendar and legend -------------------------------------------------------------------------------------


def _dates(result: ResultView) -> Any:
    return step_dates(start_date(result), n_steps(result), result.summary["step_days"])


def _time_axis(axes: Axes, result: ResultView) -> None:
    """Set dates on x, shade the disruptions, mark the onset and the opening of stockpiles."""
    dates = _dates(result)
    step = np.timedelta64(result.summary["step_days"], "D")
    axes.set_xlim(dates[0], dates[-1] + step)
    narrow = axes.get_position().width < 0.3
    locator: Any = AutoDateLocator(minticks=3, maxticks=4 if narrow else 8)  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(_date_format(locator))
    for _, first, end in result.markers.windows:
        if end > first:
            axes.axvspan(dates[0] + first * step, dates[0] + end * step, color=SHADE, linewidth=0, zorder=0)
    if result.markers.onset is not None:
        axes.axvline(
            dates[0] + result.markers.onset * step,
            color=BLACK,
            linewidth=0.9,
            linestyle=(0, (4, 2)),
            zorder=2,
        )
    for opened in _openings(result.summary):
        day: Any = np.datetime64(date_after(result.summary, max(result.markers.onset or 0, 0), opened))
        axes.axvline(day, color=GREEN, linewidth=0.9, linestyle=(0, (1, 1.5)), zorder=2)


def _date_format(locator: AutoDateLocator) -> ConciseDateFormatter:
    """Return labels that always tell the year: 2027, Jul 26, 13 Jul."""
    days, hours = ["%d %b"] * 2, ["%H:%M"] * 2
    formats = ["%Y", "%b %y", *days[:1], *hours, "%S"]
    return ConciseDateFormatter(  # type: ignore[no-untyped-call]
        locator, formats=formats, zero_formats=["", "%Y", "%b %y", *days[:1], *hours], show_offset=False
    )


def _openings(summary: Row) -> list[float]:
    """Return the weeks after onset at which stockpiles first release, each once."""
    return sorted(
        {row["weeks_to_release"] for row in summary["stockpiles"] if row["weeks_to_release"] is not None}
    )


def _legend(figure: Figure, result: ResultView) -> None:
    """Put one legend for all panels under the subtitle."""
    keys: list[Any] = [
        Line2D([], [], label=country_name(c), **style) for c, style in _styles(_all_consumers(result)).items()
    ]
    signs: list[Any] = []
    if result.markers.windows:
        signs.append(Patch(color=SHADE, label="disruption in force"))
    if result.markers.onset is not None:
        signs.append(
            Line2D([], [], color=BLACK, linewidth=0.9, linestyle=(0, (4, 2)), label="first disruption")
        )
    if _openings(result.summary):
        signs.append(
            Line2D([], [], color=GREEN, linewidth=0.9, linestyle=(0, (1, 1.5)), label="stockpile opens")
        )
    ring: dict[str, Any] = {
        "marker": "o",
        "markersize": 5,
        "markerfacecolor": "white",
        "color": GREY,
        "linestyle": "",
    }
    signs.append(Line2D([], [], label=f"back: ≥ {SHORT_BELOW:.0%} for {HOLD_WEEKS} weeks", **ring))
    _legend_rows(figure, keys, signs)


def _legend_rows(figure: Figure, *rows: Sequence[Any]) -> None:
    height = figure.get_size_inches()[1]
    for number, handles in enumerate(rows):
        figure.legend(
            handles=list(handles),
            loc="upper left",
            bbox_to_anchor=(LEFT_IN / WIDTH_IN, 1 - (0.62 + 0.22 * number) / height),
            ncols=max(len(handles), 1),
            frameon=False,
            fontsize=7.5,
            handlelength=2.6,
            columnspacing=1.6,
            borderaxespad=0.0,
            borderpad=0.0,
        )


# -- several results -----------------------------------------------------------------------------------------


def comparison_figure(comparison: Comparison) -> Figure:
    """Return the page of a comparison: a row for each sector or material, a column for each consumer."""
    summary = comparison.summary
    items = _compared_items(comparison)
    consumers = _consumers([*summary["sectors"], *summary["materials"]])[:MAX_COMPARED_COLUMNS]
    figure, axes = page(
        [Section("Activity and deliveries, % of the run without disruption", len(items), len(consumers))]
    )
    styles = _styles(comparison.names)
    for (kind, variable, name), row in zip(items, axes[0], strict=True):
        found = [curves(result, kind, variable) for result in comparison.results]
        highest = 1.0
        for consumer, panel in zip(consumers, row, strict=True):
            highest = max(highest, _compared_panel(panel, comparison, found, (name, consumer), styles))
            title = capital(plain(name)) if panel is row[0] else ""
            panel_head(panel, title, country_name(consumer), panels=len(row))
        for panel in row:
            _percent_axis(panel, highest)
    head(figure, f"{' / '.join(comparison.names)}", _subtitle(comparison.results[0].summary, (0, 0)))
    keys = [Line2D([], [], label=n, **styles[n]) for n in comparison.names if n in styles]
    _legend_rows(figure, keys, [Patch(color=SHADE, label=f"disruption in force ({comparison.names[0]})")])
    return figure


def _compared_items(comparison: Comparison) -> list[tuple[str, str, str]]:
    """Return (kind, variable, name) of the most affected sectors and materials in any result."""
    found: list[tuple[float, str, str, str]] = []
    for result in comparison.results:
        for kind, key, variable in (
            ("sectors", "sector", "activity"),
            ("materials", "material", "consumption_t"),
        ):
            found += [(loss, key, variable, name) for name, loss in ranked(result.summary[kind], key)]
    best: dict[tuple[str, str, str], float] = {}
    for loss, key, variable, name in found:
        best[key, variable, name] = max(best.get((key, variable, name), 0.0), loss)
    order = sorted(best, key=lambda item: (-best[item], item))
    half = MAX_COMPARED_ROWS // 2
    sectors = [item for item in order if item[0] == "sector"][:half]
    materials = [item for item in order if item[0] == "material"][: MAX_COMPARED_ROWS - len(sectors)]
    return sectors + materials


def _compared_panel(
    axes: Axes,
    comparison: Comparison,
    found: Sequence[Curves],
    key: tuple[str, str],
    styles: Mapping[str, Any],
) -> None:
    """Draw one consumer's q of one sector or material in every result."""
    highest = 1.0
    for name, result, by_key in zip(comparison.names, comparison.results, found, strict=True):
        if key in by_key and name in styles:
            q = performance_of(by_key[key])
            highest = max(highest, float(np.max(q)))
            axes.plot(_dates(result), q, **styles[name])
    _time_axis(axes, comparison.results[0])
    return highest
