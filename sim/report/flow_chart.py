"""The flow chart (Sankey) of a chain: for each material, which countries make it and which use it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch, Rectangle
from matplotlib.path import Path as Outline

from sim.analysis.trade_flows import country_flows, in_order
from sim.report.names import capital, plain, quantity, short_unit, subject
from sim.report.style import COLOURS, DPI, GREY, WIDTH_IN, head, house_style, save_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from sim.model.network import Network

COLUMNS = 3
MOST_COUNTRIES = 6
OTHERS = "other"
PANEL_IN, HEAD_IN, TITLE_IN, GAP_IN, LEFT_IN = 1.9, 0.45, 0.6, 1.15, 0.62
BAR = 0.05  # width of a bar, of the panel
SPACE = 0.012  # between bars, of the panel
ROOM = 1.0 - SPACE * MOST_COUNTRIES  # height that flows share: at most so many spaces

Flows = Mapping[tuple[str, str], float]


def draw_flow_chart(network: Network, selector: str, path: Path) -> None:
    """Write the flow chart of a commodity, material or ``containing: X`` as PNG and SVG."""
    with house_style():
        save_figure(flow_chart(network, selector), path.parent, path.stem)


def flow_chart(network: Network, selector: str) -> Figure:
    """Return the figure: a panel for each material from ore to good, makers left, users right.

    The height of a panel is all that is made and used of the material; a colour is a country of origin.
    """
    chosen = in_order(network, network.select_materials(selector))
    flows = {name: _grouped(network, name) for name in chosen}
    shown = [name for name in chosen if flows[name]]
    rows = -(-len(shown) // COLUMNS) or 1
    height = TITLE_IN + rows * (PANEL_IN + HEAD_IN) + 0.15
    figure = Figure(figsize=(WIDTH_IN, height), dpi=DPI)
    FigureCanvasAgg(figure)
    colours = _colours(flows)
    width = (WIDTH_IN - 2 * LEFT_IN - GAP_IN * (COLUMNS - 1)) / COLUMNS
    for number, name in enumerate(shown):
        row, column = divmod(number, COLUMNS)
        bottom = height - TITLE_IN - (row + 1) * (PANEL_IN + HEAD_IN)
        left = LEFT_IN + column * (width + GAP_IN)
        axes = figure.add_axes((left / WIDTH_IN, bottom / height, width / WIDTH_IN, PANEL_IN / height))
        _draw_panel(axes, flows[name], colours)
        total = quantity(sum(flows[name].values()))
        unit = short_unit(network.materials[name].basis)
        axes.text(0, 1.09, capital(plain(name)), size=8, weight="bold", transform=axes.transAxes)
        axes.text(0, 1.02, f"{total} {unit}/year", size=6.8, color=GREY, transform=axes.transAxes)
    head(
        figure,
        f"{subject(selector)}: from ore to good, makers and users",
        f"Base year {network.year}. Left: countries that make it, right: that use it; each panel is 100 %.",
    )
    return figure


def _grouped(network: Network, material: str) -> dict[tuple[str, str], float]:
    """Return flows by origin and destination, small countries of each side together."""
    flows = country_flows(network, (material,))
    made: defaultdict[str, float] = defaultdict(float)
    used: defaultdict[str, float] = defaultdict(float)
    for flow in flows:
        made[flow.origin] += flow.t_per_year
        used[flow.destination] += flow.t_per_year
    makers, users = _largest(made), _largest(used)
    found: defaultdict[tuple[str, str], float] = defaultdict(float)
    for flow in flows:
        ends = (
            flow.origin if flow.origin in makers else OTHERS,
            flow.destination if flow.destination in users else OTHERS,
        )
        found[ends] += flow.t_per_year
    return dict(found)


def _largest(sums: Mapping[str, float]) -> set[str]:
    return set(sorted(sums, key=lambda code: (-sums[code], code))[:MOST_COUNTRIES])


def _colours(flows: Mapping[str, Flows]) -> dict[str, str]:
    """Return a colour for each country of origin, the largest first; the rest is grey."""
    weight: defaultdict[str, float] = defaultdict(float)
    for of_material in flows.values():
        total = sum(of_material.values())
        for (origin, _), flow in of_material.items():
            weight[origin] += flow / total
    named = [code for code in sorted(weight, key=lambda c: (-weight[c], c)) if code != OTHERS]
    return dict(zip(named, COLOURS, strict=False))


def _draw_panel(axes: Axes, flows: Flows, colours: Mapping[str, str]) -> None:
    """Draw bars of makers and users and the bands between them."""
    axes.set(xlim=(0, 1), ylim=(0, 1))
    axes.axis("off")
    total = sum(flows.values())
    makers = _bars(axes, _side(flows, 0), total, 0.0, colours)
    users = _bars(axes, _side(flows, 1), total, 1.0 - BAR, {})
    from_top = [_ordered(_side(flows, side)) for side in (0, 1)]
    order = sorted(flows, key=lambda pair: (from_top[0].index(pair[0]), from_top[1].index(pair[1])))
    for origin, destination in order:
        size = flows[origin, destination] / total * ROOM
        left, right = makers[origin], users[destination]
        _band(axes, left, right, size, colours.get(origin, GREY))
        makers[origin], users[destination] = left - size, right - size


def _side(flows: Flows, side: int) -> dict[str, float]:
    sums: defaultdict[str, float] = defaultdict(float)
    for pair, flow in flows.items():
        sums[pair[side]] += flow
    return dict(sums)


def _ordered(sums: Mapping[str, float]) -> Sequence[str]:
    """Return countries from the largest down, the rest at the bottom."""
    return sorted(sums, key=lambda code: (code == OTHERS, -sums[code], code))


def _bars(
    axes: Axes, sums: Mapping[str, float], total: float, left: float, colours: Mapping[str, str]
) -> dict[str, float]:
    """Draw a column of bars with names and shares; return the top of each."""
    tops, top = {}, 1.0
    for code in _ordered(sums):
        height = sums[code] / total * ROOM
        axes.add_patch(
            Rectangle((left, top - height), BAR, height, color=colours.get(code, GREY), linewidth=0)
        )
        outside = (left - 0.02, "right") if left == 0.0 else (left + BAR + 0.02, "left")
        if height > 0.03:
            words = f"{code} {sums[code] / total:.0%}"
            axes.text(outside[0], top - height / 2, words, size=6, ha=outside[1], va="center")
        tops[code] = top
        top -= height + SPACE
    return tops


def _band(axes: Axes, left: float, right: float, size: float, colour: str) -> None:
    """Draw one band between the tops `left` and `right`."""
    start, end = BAR, 1.0 - BAR
    middle = 0.5
    points = [
        (start, left), (middle, left), (middle, right), (end, right), (end, right - size),
        (middle, right - size), (middle, left - size), (start, left - size), (start, left),
    ]  # fmt: skip
    codes = [Outline.MOVETO, *[Outline.CURVE4] * 3, Outline.LINETO, *[Outline.CURVE4] * 3, Outline.CLOSEPOLY]
    axes.add_patch(PathPatch(Outline(points, codes), facecolor=colour, alpha=0.45, linewidth=0))
