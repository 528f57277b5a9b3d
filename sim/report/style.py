"""How figures look: colours, lines, page layout, files that come out the same each time.

Okabe-Ito colours with distinct dashes, so that curves stay apart for colour-blind readers and in print
(Okabe and Ito 2008, Color Universal Design).
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import matplotlib as mpl
from matplotlib import font_manager
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from sim.analysis.store import write_whole

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
ONSET: dict[str, Any] = {"color": BLACK, "linewidth": 0.9, "linestyle": (0, (4, 2))}
OPENING: dict[str, Any] = {"color": BLACK, "linewidth": 0.9, "linestyle": (0, (1, 1.2))}
RING: dict[str, Any] = {"marker": "o", "markersize": 4.5, "markerfacecolor": "white", "linestyle": ""}
CJK_FONTS = ("Noto Sans CJK JP", "Noto Sans JP", "IPAexGothic", "Yu Gothic", "Hiragino Sans", "MS Gothic")
DPI = 160
KEY_IN, CHARACTER_IN = 0.53, 0.058  # a key of the legend without its words; a character at 7.5 pt, measured
WIDTH_IN = 8.27  # A4
LEFT_IN, RIGHT_IN, GAP_IN = 0.62, 0.22, 0.5
TITLE_IN, LEGEND_IN, BOTTOM_IN = 0.66, 0.2, 0.08
PANEL_IN, HEAD_IN, FOOT_IN, SECTION_IN = 0.98, 0.38, 0.28, 0.24

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


def curve_styles(names: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Return a colour and dashes for each name; 42 names stay apart."""
    return {
        name: {"color": colour, "linestyle": dashes}
        for name, colour, dashes in zip(names, cycle(COLOURS), cycle(DASHES), strict=False)
    }


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


def page(
    sections: Sequence[Section], legend: Sequence[Sequence[Any]] = ()
) -> tuple[Figure, list[list[list[Axes]]]]:
    """Return a figure of A4 width and its axes by section, row and column.

    Sizes are fixed in inches, so that panels are equally large on every page and nothing overlaps.

    Parameters
    ----------
    sections : sequence of Section
    legend : sequence of sequences of handles
        Keys of all panels, drawn in rows under the subtitle.
    """
    row = PANEL_IN + HEAD_IN + FOOT_IN
    lines = legend_lines(legend)
    top_in = TITLE_IN + LEGEND_IN * len(lines) + 0.1
    height = top_in + BOTTOM_IN + sum(SECTION_IN + section.rows * row for section in sections)
    figure = Figure(figsize=(WIDTH_IN, height), dpi=DPI)
    FigureCanvasAgg(figure)
    _draw_legend(figure, lines)
    top = height - top_in
    axes: list[list[list[Axes]]] = []
    for section in sections:
        place = (LEFT_IN / WIDTH_IN, (top - 0.08) / height)
        figure.text(*place, section.title, weight="bold", size=9.5, va="top")
        top -= SECTION_IN
        axes.append([_row_of_axes(figure, section.columns, top - n * row) for n in range(section.rows)])
        top -= section.rows * row
    return figure, axes


def _row_of_axes(figure: Figure, columns: int, top: float) -> list[Axes]:
    """Return equal axes side by side under the height `top`, in inches."""
    height = figure.get_size_inches()[1]
    width = (WIDTH_IN - LEFT_IN - RIGHT_IN - GAP_IN * (columns - 1)) / columns
    base = (top - HEAD_IN - PANEL_IN) / height
    lefts = [(LEFT_IN + i * (width + GAP_IN)) / WIDTH_IN for i in range(columns)]
    return [figure.add_axes((x, base, width / WIDTH_IN, PANEL_IN / height)) for x in lefts]


def legend_lines(rows: Sequence[Sequence[Any]]) -> list[list[Any]]:
    """Return the keys in lines that fit the page, each row beginning a new line."""
    room = WIDTH_IN - LEFT_IN - RIGHT_IN
    lines: list[list[Any]] = []
    for handles in rows:
        used = room
        for handle in handles:
            width = KEY_IN + CHARACTER_IN * len(str(handle.get_label()))
            if used + width > room:
                lines.append([])
                used = 0.0
            lines[-1].append(handle)
            used += width
    return lines


def _draw_legend(figure: Figure, lines: Sequence[Sequence[Any]]) -> None:
    height = figure.get_size_inches()[1]
    for number, handles in enumerate(lines):
        figure.legend(
            handles=list(handles),
            loc="upper left",
            bbox_to_anchor=(LEFT_IN / WIDTH_IN, 1 - (TITLE_IN - 0.02 + LEGEND_IN * number) / height),
            ncols=max(len(handles), 1),
            frameon=False,
            fontsize=7.5,
            handlelength=2.6,
            columnspacing=1.6,
            borderaxespad=0.0,
            borderpad=0.0,
        )


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
    lines: tuple[tuple[str, float, float, dict[str, Any]], ...] = (
        (shortened(title, fits["title"]), 0.19, 8.0, {"weight": "bold"}),
        (shortened(note, fits["note"]), 0.06, 6.8, {"color": GREY}),
    )
    for text, up, size, look in lines:
        axes.text(0, 1.0 + up / PANEL_IN, text, size=size, transform=axes.transAxes, **look)


def shortened(text: str, width: int) -> str:
    """Return the text, cut with an ellipsis when it has more characters than fit."""
    return text if len(text) <= width else text[: width - 1].rstrip() + "…"


def save_figure(figure: Figure, folder: Path, name: str) -> tuple[Path, Path]:
    """Write ``name.png`` and ``name.svg``, each whole or not at all; the same figure gives the same bytes."""
    png, svg = folder / f"{name}.png", folder / f"{name}.svg"
    plain: dict[str, Any] = {"metadata": {"Software": None}, "pil_kwargs": {"compress_level": 3}}
    write_whole(png, lambda place: figure.savefig(place, dpi=DPI, **plain))
    write_whole(svg, lambda place: figure.savefig(place, metadata={"Date": None, "Creator": None}))
    return png, svg
