"""The world map of a material or of the whole network: who makes it, and the main flows between countries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch

from sim.analysis.trade_flows import country_flows
from sim.report.coast import LAND
from sim.report.names import positions, quantity, short_unit, subject
from sim.report.style import BLUE, DPI, GREY, SHADE, VERMILION, WIDTH_IN, head, house_style, save_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from sim.model.network import Network

MAX_FLOWS = 40
MAX_LABELS = 18
FARTHEST_NORTH, FARTHEST_SOUTH = 80.0, -57.0
LARGEST_BUBBLE_PT2, WIDEST_ARROW_PT = 900.0, 6.0
MAP_IN, NOTE_IN = 3.9, 0.62


def draw_map(network: Network, selector: str | None, path: Path) -> None:
    """Write the map as PNG and SVG.

    Parameters
    ----------
    network : Network
    selector : str, optional
        Commodity, material or ``containing: X``; everything when left out.
    path : Path
        Of the PNG; the SVG stands beside it.
    """
    with house_style():
        save_figure(map_figure(network, selector), path.parent, path.stem)


def map_figure(network: Network, selector: str | None = None) -> Figure:
    """Return the figure: bubbles for what countries make, arrows for the largest flows between them.

    Several materials are added by value at reference prices, one by its tonnes.
    """
    materials = network.select_materials(selector) if selector else tuple(sorted(network.materials))
    by_tonnes = len(materials) == 1
    flows = country_flows(network, materials)
    size = {id(flow): flow.t_per_year if by_tonnes else flow.usd_per_year for flow in flows}
    made: defaultdict[str, float] = defaultdict(float)
    between: defaultdict[tuple[str, str], float] = defaultdict(float)
    for flow in flows:
        made[flow.origin] += size[id(flow)]
        if flow.origin != flow.destination:
            between[flow.origin, flow.destination] += size[id(flow)]
    unit = f"{short_unit(network.materials[materials[0]].basis)}/year" if by_tonnes else "USD/year"
    figure = Figure(figsize=(WIDTH_IN, MAP_IN + NOTE_IN + 0.3), dpi=DPI)
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0.02, 0.3 / (MAP_IN + NOTE_IN + 0.3), 0.96, MAP_IN / (MAP_IN + NOTE_IN + 0.3)))
    _draw_land(axes)
    shown = sorted(between, key=lambda pair: (-between[pair], pair))[:MAX_FLOWS]
    _draw_flows(axes, {pair: between[pair] for pair in shown})
    _draw_makers(axes, made)
    total, drawn = sum(between.values()), sum(between[pair] for pair in shown)
    head(
        figure,
        f"{subject(selector) if selector else 'All materials'}: who makes it and where it goes",
        f"Base year {network.year}. Bubbles: output, {unit}; largest: {_largest(made)}",
    )
    arrows = f"Arrows: the {len(shown)} largest flows between countries, {drawn / total:.0%} of all. "
    note = "ROW, many countries, stands in the South Atlantic. Coast schematic."
    figure.text(0.075, 0.025, (arrows if total else "") + note, size=6.8, color=GREY)
    return figure


def _largest(made: Mapping[str, float]) -> str:
    if not made:
        return "none"
    country = max(sorted(made), key=lambda code: made[code])
    return f"{country} {_in_words(made[country])}"


def _in_words(number: float) -> str:
    if number < 1e6:
        return quantity(number)
    return f"{number / 1e9:,.3g} billion" if number >= 1e9 else f"{number / 1e6:,.3g} million"


def _draw_land(axes: Axes) -> None:
    axes.add_collection(
        PolyCollection([np.array(ring) for ring in LAND], facecolor=SHADE, edgecolor="#BBBBBB", linewidth=0.4)
    )
    axes.set(xlim=(-170, 182), ylim=(FARTHEST_SOUTH, FARTHEST_NORTH))
    axes.set_aspect(1.25)
    axes.axis("off")


def _draw_flows(axes: Axes, flows: Mapping[tuple[str, str], float]) -> None:
    """Draw arrows, the largest on top; width goes with the square root of the flow."""
    place = positions()
    largest = max(flows.values(), default=0.0)
    for (origin, destination), size in sorted(flows.items(), key=lambda item: item[1]):
        if origin not in place or destination not in place:
            continue
        width = max(0.3, WIDEST_ARROW_PT * (size / largest) ** 0.5)
        axes.add_patch(
            FancyArrowPatch(
                place[origin],
                place[destination],
                connectionstyle="arc3,rad=0.18",
                arrowstyle=f"-|>,head_length={2 + width / 2:.2f},head_width={1 + width / 3:.2f}",
                linewidth=width,
                color=VERMILION,
                alpha=0.45,
                shrinkA=2,
                shrinkB=3,
                mutation_scale=1.0,
            )
        )


def _draw_makers(axes: Axes, made: Mapping[str, float]) -> None:
    """Draw bubbles whose area goes with output, and the codes of the largest."""
    place = positions()
    codes = [code for code in sorted(made, key=lambda c: (-made[c], c)) if code in place and made[code] > 0]
    if not codes:
        return
    largest = made[codes[0]]
    points = np.array([place[code] for code in codes])
    areas = [max(2.0, LARGEST_BUBBLE_PT2 * made[code] / largest) for code in codes]
    axes.scatter(points[:, 0], points[:, 1], s=areas, color=BLUE, alpha=0.7, linewidth=0, zorder=3)
    _label(axes, codes[:MAX_LABELS], points)


def _label(axes: Axes, codes: Sequence[str], points: np.ndarray) -> None:
    for code, (x, y) in zip(codes, points, strict=False):
        axes.annotate(
            code, (x, y), xytext=(3, 3), textcoords="offset points", size=6.5, color="#111111", zorder=4
        )
