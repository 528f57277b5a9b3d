"""Printed tables stay legible: no line too long, no name lost, at 80, 100 and 120 columns."""

from __future__ import annotations

import io
import re

import pytest
from rich.console import Console

from sim.analysis.accounts import network_summary, node_account
from sim.analysis.compare import compare
from sim.report.fitted import Column, FittedTable, wrapped
from sim.report.names import plain, quantity, short_unit
from sim.report.network_tables import account_tables, network_tables
from sim.report.tables import comparison_tables, summary_tables
from tests import handmade

WIDTHS = (80, 100, 120)


def printed(renderable, width: int) -> str:
    console = Console(width=width, file=io.StringIO(), highlight=False, color_system=None)
    console.print(renderable)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def squeezed(text: str) -> str:
    return re.sub(r"\s+", " ", text)


def assert_fits(text: str, width: int) -> None:
    for line in text.splitlines():
        assert len(line) <= width, line
    assert "…" not in text


@pytest.mark.parametrize("width", WIDTHS)
def test_a_result_names_each_consumer_material_date_and_unit(width):
    text = printed(summary_tables(handmade.result()), width)
    assert_fits(text, width)
    rows = [
        line for line in text.splitlines() if re.match(r"(gallium, primary metal|chips) +(USA|JPN)", line)
    ]
    assert len(rows) == 4
    assert {country for line in rows for country in ("USA", "JPN") if country in line} == {"USA", "JPN"}
    for line in rows:
        assert len(re.findall(r"\d{4}-\d{2}-\d{2}", line)) == 2, "first short and back"
        assert re.search(r"\d (t|unit)\b", line) or width < 90
    assert "Tonnes (t) are of Ga for gallium" in squeezed(text)
    assert "mass-balance error" in squeezed(text)


@pytest.mark.parametrize("width", WIDTHS)
def test_a_comparison_shows_every_result_however_many(width):
    names = [f"scenario_number_{i}" for i in range(9)]
    comparison = compare(*[handmade.result(name=name) for name in names])
    text = printed(comparison_tables(comparison), width)
    assert_fits(text, width)
    heads = squeezed(" ".join(text.splitlines()))
    for name in names:
        assert name in heads
    assert text.count("12.0 (±0.0), 7.7 %") >= 8, "one cell for each result but the reference"


@pytest.mark.parametrize("width", WIDTHS)
def test_the_shipped_network_and_each_kind_of_node_fit(width):
    from sim.model.build import default_network

    network = default_network()
    summary = network_summary(network)
    text = printed(network_tables(summary), width)
    assert_fits(text, width)
    joined = re.sub(r"\s*\n\s*", "", text)
    for row in summary["materials"]:
        last = row["material"].rpartition("_")[2].rpartition("/")[2]
        assert row["material"] in text or last in joined
    for stage in ("mining", "refining", "processing", "end_use", "recycling"):
        node = next(name for name, found in network.nodes.items() if str(found.stage) == stage)
        assert_fits(printed(account_tables(node_account(network, node)), width), width)


def table(*kinds_and_drops: tuple[str, str, int]) -> FittedTable:
    return FittedTable("T", [Column(head, kind, drop) for head, kind, drop in kinds_and_drops])


def test_names_wrap_before_columns_go():
    made = table(("Name", "name", 0), ("A", "number", 0), ("B", "number", 1))
    made.add_row("a long name of several words", "1", "2")
    text = printed(made, 26)
    assert "B" in text.splitlines()[1]
    assert_fits(text, 26)


def test_the_least_important_column_goes_first():
    made = table(("Name", "name", 0), ("Dates", "number", 0), ("Spare", "number", 2), ("Extra", "number", 1))
    made.add_row("short", "2026-01-05", "123456789", "123456789")
    assert "Extra" in printed(made, 32)
    assert "Spare" not in printed(made, 32)
    assert "Extra" not in printed(made, 20)


def test_numbers_are_never_cut_but_continued_under_the_same_names():
    made = table(("Name", "name", 0), *[(f"Column{i}", "number", 0) for i in range(6)])
    made.add_row("gallium", *[f"12,345,67{i}" for i in range(6)])
    text = printed(made, 40)
    assert_fits(text, 40)
    assert text.count("gallium") == 3
    assert "T (continued)" in text
    for i in range(6):
        assert f"12,345,67{i}" in text


def test_wrapping_breaks_after_the_marks_of_names_and_not_in_words():
    assert wrapped("ndfeb/magnet_high_temperature", 16).splitlines() == ["ndfeb/magnet_", "high_temperature"]
    assert wrapped("moved -2.2%: 22.4 -> 21.9", 12).splitlines() == ["moved -2.2%:", "22.4 -> 21.9"]
    assert wrapped("abcdefghij", 4).splitlines() == ["abcd", "efgh", "ij"]
    assert wrapped("", 5) == ""


def test_a_row_of_another_length_is_refused():
    with pytest.raises(ValueError, match="2 columns take as many cells; got 1"):
        table(("A", "name", 0), ("B", "number", 0)).add_row("x")


def test_units_lose_their_basis_and_names_get_their_usual_spelling():
    assert [short_unit(u) for u in ("t Ga", "t finished magnet", "t", "index")] == ["t", "t", "t", "index"]
    assert plain("ndfeb/magnet_standard") == "NdFeB, magnet standard"
    assert (quantity(0.0), quantity(None), quantity(12345.6)) == ("0", "-", "12,300")
