"""What the figures show: marks, labels, all curves, nothing on top of another, the same bytes each time."""

from __future__ import annotations

from datetime import date
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from sim.analysis.compare import compare
from sim.report.calendar_axis import calendar_ticks
from sim.report.comparison_figure import comparison_figure
from sim.report.figures import draw_comparison, draw_figures, resilience_figure, worth_showing_materials
from sim.report.style import COLOURS, ONSET, OPENING, curve_styles, house_style
from tests import handmade
from tests.handmade import ONSET as ONSET_STEP
from tests.handmade import STEPS, box


def texts_of(figure) -> list[str]:
    found = [text.get_text() for text in figure.texts]
    for axes in figure.axes:
        found += [text.get_text() for text in axes.texts]
    for legend in figure.legends:
        found += [text.get_text() for text in legend.get_texts()]
    return [text for text in found if text]


def lines_styled(axes, style) -> list:
    return [
        line
        for line in axes.lines
        if line.get_color() == style["color"] and line.get_linewidth() == style["linewidth"]
    ]


def overlaps(figure) -> list[tuple[str, str]]:
    """Pairs of texts whose boxes overlap, tick labels included."""
    figure.canvas.draw()
    renderer = figure.canvas.get_renderer()
    texts = list(figure.texts)
    for axes in figure.axes:
        ticks = [*axes.get_xticklabels(), *axes.get_yticklabels()]
        low, high = axes.get_ylim()
        left, right = axes.get_xlim()
        shown = [
            t
            for t in ticks
            if t.get_text()
            and (left <= t.get_position()[0] <= right or t in axes.get_yticklabels())
            and (low <= t.get_position()[1] <= high or t in axes.get_xticklabels())
        ]
        texts += [*axes.texts, *shown]
    for legend in figure.legends:
        texts += legend.get_texts()
    boxes = [(t.get_text(), t.get_window_extent(renderer)) for t in texts if t.get_text()]
    return [
        (a, b)
        for (a, first), (b, second) in combinations(boxes, 2)
        if min(first.x1, second.x1) - max(first.x0, second.x0) > 1
        and min(first.y1, second.y1) - max(first.y0, second.y0) > 1
    ]


def beyond_the_page(figure) -> list[str]:
    figure.canvas.draw()
    renderer = figure.canvas.get_renderer()
    width = figure.bbox.width
    texts = [*figure.texts, *[t for axes in figure.axes for t in axes.texts]]
    texts += [t for legend in figure.legends for t in legend.get_texts()]
    return [t.get_text() for t in texts if t.get_window_extent(renderer).x1 > width]


@pytest.fixture
def figure():
    with house_style():
        yield resilience_figure(handmade.result())


def test_onset_release_and_recovery_are_marked_and_explained(figure):
    panel = figure.axes[0]
    assert [line.get_xdata()[0] for line in lines_styled(panel, ONSET) if len(line.get_xdata()) == 2] == [
        ONSET_STEP * 7,
        (ONSET_STEP + 12) * 7,  # the opening of the stockpile: same colour and width, other dashes
    ]
    rings = {line.get_xdata()[0] for line in panel.lines if line.get_marker() == "o"}
    assert rings == {(ONSET_STEP + 24) * 7, (ONSET_STEP + 50) * 7}
    words = texts_of(figure)
    for key in (
        "disruption in force",
        "first disruption",
        "stockpile opens (sectors: the first)",
        "back: at least 99 % for 13 weeks",
    ):
        assert key in words
    assert OPENING["linestyle"] != ONSET["linestyle"]


def test_the_disruption_is_shaded_from_its_start_to_its_end(figure):
    shade = figure.axes[0].patches[0]
    assert (shade.get_x(), shade.get_x() + shade.get_width()) == (ONSET_STEP * 7, (ONSET_STEP + 52) * 7)


def test_every_consumer_has_a_curve_in_every_panel_and_a_key(figure):
    for panel in figure.axes[:3]:
        drawn = {line.get_color() for line in panel.lines if len(line.get_xdata()) == STEPS}
        assert {COLOURS[0], COLOURS[1]} <= drawn
    assert {"United States", "Japan"} <= set(texts_of(figure))


def test_units_and_what_is_compared_are_said(figure):
    words = " | ".join(texts_of(figure))
    for part in ("% of the run without disruption", "days of use", "t in store", "prices off"):
        assert part in words


def test_performance_starts_at_zero_and_shows_100_percent(figure):
    low, high = figure.axes[0].get_ylim()
    assert low == 0.0
    assert high >= 1.04


def test_what_is_cut_off_at_the_top_is_told():
    q = box(0.5, ONSET_STEP + 2, ONSET_STEP + 20)
    q[ONSET_STEP + 20 : ONSET_STEP + 30] = 3.2
    with house_style():
        figure = resilience_figure(handmade.result({"USA": q, "JPN": np.ones(STEPS)}))
    assert "↑ to 320 %" in texts_of(figure)


def test_no_label_lies_on_another_or_leaves_the_page(figure):
    assert overlaps(figure) == []
    assert beyond_the_page(figure) == []


def test_no_label_of_a_comparison_lies_on_another_or_leaves_the_page():
    results = [handmade.result(name=f"a_rather_long_scenario_name_{i}") for i in range(9)]
    with house_style():
        figure = comparison_figure(compare(*results))
        assert overlaps(figure) == []
        assert beyond_the_page(figure) == []


def test_a_comparison_draws_and_names_every_result():
    results = [handmade.result(name=f"run_{i}") for i in range(12)]
    with house_style():
        figure = comparison_figure(compare(*results))
    curves = [line for line in figure.axes[0].lines if len(line.get_xdata()) == STEPS]
    assert len(curves) == 12
    assert {f"run_{i}" for i in range(12)} <= set(texts_of(figure))


def test_a_comparison_with_a_calm_reference_marks_the_disruption_of_the_others():
    calm = handmade.result({"USA": np.ones(STEPS), "JPN": np.ones(STEPS)}, name="calm")
    object.__setattr__(calm, "scenario", handmade.FakeScenario(name="calm", disruptions=()))
    object.__setattr__(calm, "first_disruption_step", -1)
    with house_style():
        figure = comparison_figure(compare(calm, handmade.result()))
    assert "disruption in force (ban_by_hand)" in texts_of(figure)


def test_42_curves_have_42_looks_and_colours_are_safe_for_colour_blind_readers():
    """Okabe and Ito's palette; dashes tell curves apart in print."""
    looks = curve_styles([str(i) for i in range(42)]).values()
    assert len({(look["color"], str(look["linestyle"])) for look in looks}) == 42
    assert set(COLOURS) == {"#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000"}


def test_the_worst_form_of_each_commodity_comes_before_second_forms():
    items = [("a/metal", 9.0), ("a/oxide", 8.0), ("b/metal", 7.0), ("c/metal", 0.0)]
    assert worth_showing_materials(items, 2) == ["a/metal", "b/metal"]
    assert worth_showing_materials(items, 5) == ["a/metal", "a/oxide", "b/metal"]
    slight = [("a/metal", 9.0), ("a/oxide", 8.0), ("b/metal", 0.2)]
    assert worth_showing_materials(slight, 2) == ["a/metal", "a/oxide"], "a slight loss does not come first"


def test_a_result_without_any_shortage_says_that_nobody_is_short():
    with house_style():
        figure = resilience_figure(handmade.result({"USA": np.ones(STEPS), "JPN": np.ones(STEPS)}))
    assert "nobody falls short" in texts_of(figure)


@pytest.mark.parametrize("draw", ["resilience", "comparison"])
def test_the_same_result_gives_the_same_bytes_without_a_date(tmp_path, draw):
    for place in ("a", "b"):
        (tmp_path / place).mkdir()
        if draw == "resilience":
            draw_figures(handmade.result(), tmp_path / place)
        else:
            draw_comparison(compare(handmade.result(), handmade.result()), tmp_path / place)
    for suffix in ("png", "svg"):
        first, second = ((tmp_path / place / f"{draw}.{suffix}").read_bytes() for place in ("a", "b"))
        assert first == second
    svg = Path(tmp_path / "a" / f"{draw}.svg").read_text()
    assert "<dc:date>" not in svg
    assert "matplotlib.org" not in svg.lower().split("<defs>")[0]


def test_drawing_leaves_the_settings_of_the_user_alone(tmp_path):
    import matplotlib as mpl

    before = dict(mpl.rcParams)
    draw_figures(handmade.result(), tmp_path)
    assert dict(mpl.rcParams) == before


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        (2190, ["2027", "2028", "2029", "2030", "2031", "2032"]),
        (7300, ["2030", "2035", "2040", "2045"]),
        (360, ["Apr 26", "Jul 26", "Oct 26"]),
        (30, ["5 Jan", "12 Jan", "19 Jan", "26 Jan", "2 Feb"]),
    ],
)
def test_ticks_stand_on_round_dates_whatever_the_horizon(days, expected):
    places, labels = calendar_ticks(date(2026, 1, 5), days, 6, 5)
    assert labels == expected
    assert all(0 <= place <= days for place in places)


def test_a_fault_while_drawing_keeps_the_figure_of_before(tmp_path, monkeypatch):
    """`sim plot` draws into a result folder that is there already."""
    (tmp_path / "resilience.png").write_text("of before")

    def half(self, place, **_: object) -> None:
        Path(place).write_bytes(b"half")
        raise OSError("No space left on device")

    monkeypatch.setattr("matplotlib.figure.Figure.savefig", half)
    with pytest.raises(OSError, match="No space left"):
        draw_figures(handmade.result(), tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["resilience.png"]
    assert (tmp_path / "resilience.png").read_text() == "of before"
