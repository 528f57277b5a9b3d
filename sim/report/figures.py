"""The figure of a result: who falls short over time, what stocks do meanwhile."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from sim.analysis.curves import curves, curves_by_id
from sim.analysis.resilience import HOLD_WEEKS, SHORT_BELOW
from sim.report.calendar_axis import openings
from sim.report.names import country_name, has_moved, weeks
from sim.report.panels import Row, Styles, cover_panel, performance_panel, pile_panel
from sim.report.style import (
    GREY,
    ONSET,
    OPENING,
    RING,
    SHADE,
    Section,
    curve_styles,
    head,
    house_style,
    page,
    save_figure,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from sim.analysis.compare import Comparison
    from sim.analysis.result import ResultView

COLUMNS = 3
MAX_SECTORS = 6
MAX_MATERIALS = 6
MAX_PILES = 6
MAX_CONSUMERS = 7  # as many as there are colours
AFFECTED = 0.05  # weeks of full delivery lost; less cannot be seen
SLIGHT = 0.05  # of the largest loss; so little does not come before a second form of a commodity

NEGLIGIBLE = 1e-6  # share of demand

Pile = tuple[str, str, str]


def draw_figures(result: ResultView, folder: Path) -> None:
    """Write ``resilience.png`` and ``resilience.svg`` into a folder."""
    with house_style():
        save_figure(resilience_figure(result), folder, "resilience")


def draw_comparison(comparison: Comparison, folder: Path) -> None:
    """Write ``comparison.png`` and ``comparison.svg`` into a folder."""
    from sim.report.comparison_figure import comparison_figure  # that module builds on this one

    with house_style():
        save_figure(comparison_figure(comparison), folder, "comparison")


def resilience_figure(result: ResultView) -> Figure:
    """Return the page of one result: sectors, materials with users' stocks, stockpiles.

    The most affected come first; panels beyond a page's worth are left out and counted in the subtitle.
    """
    summary = result.summary
    sectors, materials = ranked(summary["sectors"], "sector"), ranked(summary["materials"], "material")
    shown, deep = _worth_showing(sectors, MAX_SECTORS), worth_showing_materials(materials, MAX_MATERIALS)
    piles = moved_piles(summary)
    blocks: list[tuple[str, Sequence[object]]] = [
        ("Sectors: activity, % of the run without disruption", shown),
        ("Materials: deliveries to users, % of the run without disruption (fill rate)", deep),
        ("Stocks that users of these materials hold", deep),
        ("Strategic stockpiles", piles[:MAX_PILES]),
    ]
    consumers = consumers_of(summary)
    styles = curve_styles(consumers)
    sections = [Section(title, -(-len(items) // COLUMNS), COLUMNS) for title, items in blocks if items]
    figure, axes = page(sections, _legend(result, styles))
    flat = iter([[panel for row in block for panel in row] for block in axes])
    if shown:
        _draw_sectors(result, shown, next(flat), styles)
    if deep:
        _draw_materials(result, deep, (next(flat), next(flat)), styles)
    if piles:
        _draw_piles(result, piles[:MAX_PILES], next(flat))
    left_out = {
        "sector": max(_count_affected(sectors) - len(shown), 0),
        "material": max(_count_affected(materials) - len(deep), 0),
        "stockpile": max(len(piles) - MAX_PILES, 0),
        "country": max(len(_countries(summary)) - len(consumers), 0),
    }
    head(figure, summary["title"] or summary["scenario"], subtitle(summary, left_out))
    return figure


def ranked(rows: Sequence[Row], key: str) -> list[tuple[str, float]]:
    """Return (name, largest loss over consumers) of the sectors or materials, worst first.

    Weeks lost count by how short the worst week was: deliveries that fall because less is asked are no loss.
    """
    worst: dict[str, float] = {}
    for row in rows:
        short = row["shortfall_share"] > NEGLIGIBLE
        loss = row["resilience_loss_weeks"] * row["peak_shortfall_share"] if short else 0.0
        worst[row[key]] = max(worst.get(row[key], 0.0), loss)
    return sorted(worst.items(), key=lambda item: (-item[1], item[0]))


def _worth_showing(items: Sequence[tuple[str, float]], most: int) -> list[str]:
    """Return the affected names, at most `most`; three of them when none is affected, to show just that."""
    affected = [name for name, loss in items if loss > AFFECTED][:most]
    return affected or [name for name, _ in items[:COLUMNS]]


def worth_showing_materials(items: Sequence[tuple[str, float]], most: int) -> list[str]:
    """Return the affected materials, at most `most`: the worst form of each commodity before second ones."""
    seen: set[str] = set()
    firsts: list[tuple[str, float]] = []
    others: list[tuple[str, float]] = []
    for name, loss in items:
        commodity = name.partition("/")[0]
        late = commodity in seen or loss < SLIGHT * items[0][1]
        (others if late else firsts).append((name, loss))
        seen.add(commodity)
    chosen = _worth_showing([*firsts, *others], most)
    return [name for name, _ in items if name in chosen]


def _count_affected(items: Sequence[tuple[str, float]]) -> int:
    return sum(loss > AFFECTED for _, loss in items)


def subtitle(summary: Row, left_out: dict[str, int], file: str = "summary.json") -> str:
    """Return the frame of a run and what the page leaves out, in one line."""
    words = f"From {summary['start']}, {weeks(summary['horizon_weeks'])} weeks, prices {summary['prices']}."
    plural = {"country": "countries"}
    more = [f"{n} {plural.get(w, w + 's') if n > 1 else w}" for w, n in left_out.items() if n]
    return words + (f" Most affected first; not shown: {', '.join(more)} (see {file})." if more else "")


def _countries(summary: Row) -> list[str]:
    return list(dict.fromkeys(row["country"] for row in [*summary["sectors"], *summary["materials"]]))


def consumers_of(summary: Row) -> list[str]:
    """Return the consumers of a summary in their order of watch, at most as many as stay apart."""
    return _countries(summary)[:MAX_CONSUMERS]


def _draw_sectors(result: ResultView, names: Sequence[str], axes: Sequence[Axes], styles: Styles) -> None:
    activity, first = curves(result, "sector", "activity"), openings(result.summary)[:1]
    for name, panel in zip(names, axes, strict=False):
        rows = [row for row in result.summary["sectors"] if row["sector"] == name]
        performance_panel(panel, result, activity, name, rows, styles, first)
    _remove(axes[len(names) :])


def _draw_materials(
    result: ResultView, names: Sequence[str], blocks: tuple[Sequence[Axes], Sequence[Axes]], styles: Styles
) -> None:
    consumption = curves(result, "material", "consumption_t")
    inventory = curves(result, "material", "inventory_t")
    for name, upper, lower in zip(names, *blocks, strict=False):
        rows = [row for row in result.summary["materials"] if row["material"] == name]
        performance_panel(upper, result, consumption, name, rows, styles, openings(result.summary, name))
        cover_panel(lower, result, inventory, consumption, name, styles)
    for block in blocks:
        _remove(block[len(names) :])


def moved_piles(summary: Row) -> list[Pile]:
    """Return (stockpile, country, material) of those that moved, the largest share released first."""
    moved = [row for row in summary["stockpiles"] if has_moved(row)]
    moved.sort(key=lambda row: -row["released"] / max(row["opening"] + row["bought"], 1e-300))
    return [(row["stockpile"], row["country"], row["material"]) for row in moved]


def _draw_piles(result: ResultView, piles: Sequence[Pile], axes: Sequence[Axes]) -> None:
    stocks = curves_by_id(result, "stockpile", "stockpile_t")
    for pile, panel in zip(piles, axes, strict=False):
        pile_panel(panel, result, pile, stocks[".".join(pile)])
    _remove(axes[len(piles) :])


def _remove(unused: Sequence[Axes]) -> None:
    for panel in unused:
        panel.remove()


def _legend(result: ResultView, styles: Styles) -> list[list[Any]]:
    """Return the keys of all panels: the consumers, then the signs."""
    keys: list[Any] = [Line2D([], [], label=country_name(name), **style) for name, style in styles.items()]
    signs: list[Any] = []
    if result.markers.windows:
        signs.append(Patch(color=SHADE, label="disruption in force"))
    if result.markers.onset is not None:
        signs.append(Line2D([], [], label="first disruption", **ONSET))
    if openings(result.summary):
        signs.append(Line2D([], [], label="stockpile opens (sectors: the first)", **OPENING))
    if any(row["weeks_to_recover"] for row in [*result.summary["sectors"], *result.summary["materials"]]):
        back = f"back: at least {SHORT_BELOW * 100:.0f} % for {HOLD_WEEKS} weeks"
        signs.append(Line2D([], [], label=back, color=GREY, **RING))
    return [line for line in (keys, signs) if line]
