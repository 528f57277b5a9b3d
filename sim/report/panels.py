"""The panels of the figures: performance of a sector or material, stocks of its users, a stockpile."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.ticker import FuncFormatter, MaxNLocator, MultipleLocator

from sim.analysis.curves import Curve
from sim.analysis.measures import performance_of
from sim.analysis.resilience import days_of_present_cover
from sim.analysis.result import ResultView
from sim.report.calendar_axis import days_of_steps, days_of_weeks, openings, time_axis
from sim.report.names import capital, country_code, country_name, percent, plain, short_unit
from sim.report.style import BLACK, GREY, RING, panel_head

if TYPE_CHECKING:
    from matplotlib.axes import Axes

HIGHEST_SHOWN = 1.6  # catching up and refilling can reach several times the baseline; the fall is the subject
PERCENT = FuncFormatter(lambda value, _: f"{value * 100:.0f} %")
STEPS = [1, 2, 2.5, 5, 10]

Row = dict[str, Any]
Curves = Mapping[tuple[str, str], Curve]
Styles = Mapping[str, Mapping[str, Any]]


def performance_panel(
    axes: Axes,
    result: ResultView,
    delivered: Curves,
    name: str,
    rows: Sequence[Row],
    styles: Styles,
    marked: Sequence[float],
) -> Axes:
    """Draw q of every consumer against time, with the points at which they are back.

    `marked` are the weeks after the onset at which stockpiles open.
    """
    days, highest = days_of_steps(result), 1.0
    for consumer, style in styles.items():
        if (name, consumer) not in delivered:
            continue
        q = performance_of(delivered[name, consumer])
        highest = max(highest, float(np.max(q, initial=1.0)))
        axes.plot(days, q, **style)
        _mark_recovery(axes, result, [row for row in rows if row["country"] == consumer], style["color"])
    time_axis(axes, result, marked)
    percent_axis(axes, highest)
    panel_head(axes, capital(plain(name)), _worst_note(rows))
    return axes


def percent_axis(axes: Axes, highest: float, own: float | None = None) -> None:
    """Set y to run from 0 to a little over the largest q, with a line at 100 %; tell what is cut off.

    Parameters
    ----------
    axes : Axes
    highest : float
        Largest q of all panels of this scale.
    own : float, optional
        Largest q of this panel, when others share its scale.
    """
    axes.set_ylim(0.0, min(max(1.04, highest * 1.03), HIGHEST_SHOWN))
    axes.yaxis.set_major_locator(MultipleLocator(0.5))
    axes.yaxis.set_major_formatter(PERCENT)
    axes.axhline(1.0, color=GREY, linewidth=0.6, zorder=1)
    reached = highest if own is None else own
    if reached > HIGHEST_SHOWN:
        words = f"↑ to {percent(reached)}"
        back: dict[str, Any] = {"facecolor": "white", "edgecolor": "none", "pad": 0.8, "alpha": 0.8}
        place: dict[str, Any] = {"ha": "right", "va": "top", "transform": axes.transAxes}
        axes.text(0.995, 0.98, words, size=6.5, color=GREY, bbox=back, **place)


def _worst_note(rows: Sequence[Row]) -> str:
    short = [row for row in rows if row["weeks_to_shortfall"] is not None and row["shortfall"] > 0.0]
    if not short:
        return "nobody falls short"
    worst = max(short, key=lambda row: row["resilience_loss_weeks"])
    loss, depth = worst["resilience_loss_weeks"], percent(worst["peak_shortfall_share"])
    lost = f"{loss:.0f}" if loss >= 9.95 else f"{loss:.1f}"
    return f"worst: {country_code(worst['country'])}, {lost} weeks lost, {depth} short"


def _mark_recovery(axes: Axes, result: ResultView, rows: Sequence[Row], colour: str) -> None:
    """Put a ring on 100 % where a consumer that fell short is back."""
    for row in rows:
        if row["weeks_to_recover"]:
            day = days_of_weeks(result, row["weeks_to_recover"])
            axes.plot([day], [1.0], color=colour, clip_on=False, zorder=5, **RING)


def cover_panel(
    axes: Axes, result: ResultView, inventory: Curves, consumption: Curves, name: str, styles: Styles
) -> Axes:
    """Draw users' stocks in days of their baseline use against time, the baseline itself as a thin line."""
    days, step_days = days_of_steps(result), result.summary["step_days"]
    for consumer, style in styles.items():
        if (name, consumer) not in inventory or (name, consumer) not in consumption:
            continue
        use, stock = consumption[name, consumer].baseline, inventory[name, consumer]
        base = days_of_present_cover(stock.baseline, use, step_days)
        axes.plot(days, days_of_present_cover(stock.value, use, step_days), **style)
        axes.plot(days, base, color=style["color"], linewidth=0.5, zorder=1)
    time_axis(axes, result, openings(result.summary, name))
    axes.set_ylim(bottom=0.0)
    axes.yaxis.set_major_locator(MaxNLocator(3, steps=STEPS))
    panel_head(axes, capital(plain(name)), "days of use; thin line: no disruption")
    return axes


def pile_panel(axes: Axes, result: ResultView, pile: tuple[str, str, str], stock: Curve) -> Axes:
    """Draw what a stockpile holds of a material against time."""
    name, country, material = pile
    days = days_of_steps(result)
    axes.fill_between(days, stock.value, color=GREY, alpha=0.2, linewidth=0)
    axes.plot(days, stock.value, color=BLACK, linewidth=1.2)
    time_axis(axes, result, openings(result.summary, material, name))
    axes.set_ylim(0.0, max(float(np.max(stock.value, initial=0.0)) * 1.08, 1e-9))
    axes.yaxis.set_major_locator(MaxNLocator(3, steps=STEPS))
    unit = short_unit(stock.unit)
    panel_head(axes, capital(plain(material)), f"{plain(name)}, {country_name(country)}: {unit} in store")
    return axes
