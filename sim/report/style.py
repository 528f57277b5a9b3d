"""How figures look: colours, lines, page layout, files that come out the same each time.

Okabe-Ito colours with distinct dashes, so that curves stay apart for colour-blind readers and in print
(Okabe and Ito 2008, Color Universal Design).
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import matplotlib as mpl
from matplotlib import font_manager
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BLUE, VERMILION, GREEN, PURPLE = "#0072B2", "#D55E00", "#009E73", "#CC79A7"
ORANGE, SKY, BLACK, GREY = "#E69F00", "#56B4E9", "#000000", "#666666"
COLOURS = (BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY, BLACK)
DASHES: tuple[Any, ...] = (
    "-",
    (0, (5, 1.5)),
    (0, (1.2, 1.2)),
    (0, (6, 1.5, 1.2, 1.5)),
    (0, (9, 2)),
    (0, (3, 3)),
)
SHADE = "#EDEDED"
CJK_FONTS = ("Noto Sans CJK JP", "Noto Sans JP", "IPAexGothic", "Yu Gothic", "Hiragino Sans", "MS Gothic")
DPI = 160
WIDTH_IN = 8.27  # A4
LEFT_IN, RIGHT_IN, GAP_IN = 0.62, 0.22, 0.62
TITLE_IN, BOTTOM_IN, PANEL_IN, HEAD_IN, FOOT_IN, SECTION_IN = 1.1, 0.08, 0.98, 0.38, 0.28, 0.24

SETTINGS: Any = {
    "font.size": 8.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.7,
    "axes.edgecolor": GREY,
    "xtick.labelsize": 7.0,
    "ytick.labelsize": 7.0,
    "xtick.color": "#333333",
    "ytick.color": "#333333",
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#DDDDDD",
    "grid.linewidth": 0.5,
    "lines.linewidth": 1.5,
    "svg.hashsalt": "critmin-sim",
    "svg.fonttype": "path",
    "text.parse_math": False,
    "path.simplify": True,
}


class Section(NamedTuple):
    """A headed block of panels on a page."""

    title: str
    rows: int
    columns: int = 2


@contextmanager
def house_style() -> Iterator[None]:
    """Apply our settings, whatever the user's own are, and leave those untouched."""
    with mpl.rc_context(), warnings.catch_warnings():
        warnings.filterwarnings(
            "ignore", message="Glyph .* missing from font"
        )  # a box is better than no figure
        mpl.rcdefaults()
        mpl.rcParams.update(SETTINGS)
        mpl.rcParams["font.sans-serif"] = ["DejaVu Sans", *_installed(CJK_FONTS)]
        yield


def _installed(families: Sequence[str]) -> list[str]:
    known = set(font_manager.get_font_names())
    return [family for family in families if family in known]


def page(sections: Sequence[Section]) -> tuple[Figure, list[list[list[Axes]]]]:
    """Return a figure of A4 width and its axes by section, row and column.

    Sizes are fixed in inches, so that panels are equally large on every page and nothing overlaps.
    """
    row = PANEL_IN + HEAD_IN + FOOT_IN
    height = TITLE_IN + BOTTOM_IN + sum(SECTION_IN + section.rows * row for section in sections)
    figure = Figure(figsize=(WIDTH_IN, height), dpi=DPI)
    FigureCanvasAgg(figure)
    top = height - TITLE_IN
    axes: list[list[list[Axes]]] = []
    for section in sections:
        figure.text(
            LEFT_IN / WIDTH_IN, (top - 0.08) / height, section.title, weight="bold", size=9.5, va="top"
        )
        top -= SECTION_IN
        width = (WIDTH_IN - LEFT_IN - RIGHT_IN - GAP_IN * (section.columns - 1)) / section.columns
        block = []
        for number in range(section.rows):
            base = (top - number * row - HEAD_IN - PANEL_IN) / height
            lefts = [(LEFT_IN + i * (width + GAP_IN)) / WIDTH_IN for i in range(section.columns)]
            block.append([figure.add_axes((x, base, width / WIDTH_IN, PANEL_IN / height)) for x in lefts])
        axes.append(block)
        top -= section.rows * row
    return figure, axes


def head(figure: Figure, title: str, subtitle: str) -> None:
    """Write title and subtitle at the top of a page, shortened to its width."""
    height = figure.get_size_inches()[1]
    left = LEFT_IN / WIDTH_IN
    size = max(8.5, min(11.5, 11.5 * 76 / max(len(title), 1)))  # 76 characters fit at 11.5 pt, measured
    figure.text(left, 1 - 0.18 / height, shortened(title, 102), weight="bold", size=size, va="top")
    figure.text(left, 1 - 0.44 / height, shortened(subtitle, 135), size=7.5, va="top", color="#333333")


def panel_head(axes: Axes, title: str, note: str = "", *, panels: int = 1) -> None:
    """Write a name and a smaller note above a panel; the name may run over the width of several panels."""
    width_in = axes.get_position().width * WIDTH_IN
    title_in = width_in * panels + GAP_IN * (panels - 1)
    fits = {"title": int(title_in * 15), "note": int(width_in * 19)}  # characters at 8 and 6.8 pt, measured
    place = {"transform": axes.transAxes}
    axes.text(0, 1.0 + 0.19 / PANEL_IN, shortened(title, fits["title"]), weight="bold", size=8, **place)
    axes.text(0, 1.0 + 0.06 / PANEL_IN, shortened(note, fits["note"]), size=6.8, color=GREY, **place)


def shortened(text: str, width: int) -> str:
    """Return the text, cut with an ellipsis when it has more characters than fit."""
    return text if len(text) <= width else text[: width - 1].rstrip() + "…"


def save_figure(figure: Figure, folder: Path, name: str) -> tuple[Path, Path]:
    """Write ``name.png`` and ``name.svg``; the same figure gives the same bytes."""
    png, svg = folder / f"{name}.png", folder / f"{name}.svg"
    figure.savefig(png, dpi=DPI, metadata={"Software": None})
    figure.savefig(svg, metadata={"Date": None, "Creator": None})
    return png, svg
