"""The pages on the chains say what the tables give today; a number that moves must be changed on its page."""

from __future__ import annotations

import math

import pytest

from sim.data.read import TABLES_FOLDER, read_tables
from sim.model.network import Network

PAGES = TABLES_FOLDER.parents[2] / "docs" / "background"

# page, text with the value's place, quantity of the build report
MOVES = [
    ("chain_gallium", "839 -> {:.1f} (0.0)", "production:gallium_primary.CHN"),
    ("chain_gallium", "400 -> {:.0f} (+0.1)", "use:gallium_stock_building.CHN:gallium/primary_metal"),
    ("chain_gallium", "94 -> {:.0f} (+0.7)", "aggregate:gallium_metal_exports_china"),
    ("chain_gallium", "58 -> {:.0f} (-0.4)", "aggregate:gallium_net_imports_japan"),
    (
        "chain_gallium",
        "1.03 -> {:.3f} (-0.2)",
        "input_per_unit:gallium_high_purity.WLD:gallium/primary_metal",
    ),
    ("chain_gallium", "2.50 -> {:.2f} (-0.2)", "input_per_unit:gaas_wafer.WLD:gallium/high_purity_metal"),
    ("chain_germanium", "66 -> {:.0f} (+0.1)", "production:germanium_concentrate_zinc.CHN"),
    ("chain_germanium", "112 -> {:.0f} (+0.2)", "production:germanium_refining.CHN"),
    ("chain_germanium", "53.7 -> {:.1f} (-0.7)", "aggregate:germanium_exports_china"),
    ("chain_germanium", "2.50 -> {:.2f} (0.0)", "input_per_unit:germanium_blank.WLD:germanium/refined"),
    (
        "chain_magnet_rare_earths",
        "1.157 -> {:.3f} (-0.4)",
        "input_per_unit:ndpr_separation.WLD:neodymium_praseodymium/contained",
    ),
    (
        "chain_magnet_rare_earths",
        "contained per oxide 1.157 to {:.3f} (recovery 0.91)",
        "input_per_unit:dysprosium_separation.WLD:dysprosium/contained",
    ),
    (
        "chain_magnet_rare_earths",
        "clay basket 0.0371 to {:.4f}",
        "output_per_unit:ree_mining_ion_clay.WLD:dysprosium/contained",
    ),
]


@pytest.mark.parametrize(("page", "text", "quantity"), MOVES)
def test_pages_give_the_balanced_value(network: Network, page: str, text: str, quantity: str) -> None:
    """Prior -> balanced, to the digits shown."""
    (row,) = [row for row in network.report.moves if row["quantity"] == quantity]
    assert text.format(float(str(row["value"]))) in (PAGES / f"{page}.md").read_text(encoding="utf-8")


def test_pages_count_what_is_judged() -> None:
    """How many figures of each chain are marked expert."""
    figures = read_tables().figures
    for chain, text in (
        ("gallium", "{} of {} figures are marked"),
        ("germanium", "{} of {} figures are `expert`"),
        ("magnet_rare_earths", "{} of {:,} figure rows are marked"),
    ):
        rows = figures[figures["file"] == f"figures/{chain}.csv"]
        judged = int((rows["confidence"] == "expert").sum())
        page = (PAGES / f"chain_{chain}.md").read_text(encoding="utf-8").replace("\n", " ")
        assert text.format(judged, len(rows)) in page, chain


def test_the_largest_move_is_the_one_the_pages_name(network: Network) -> None:
    """Chinese gallium exports, at three quarters of a standard deviation; all else moves less."""
    largest = max(network.report.moves, key=lambda row: abs(float(str(row["x_over_sigma"]))))
    assert largest["quantity"] == "aggregate:gallium_metal_exports_china"
    assert math.isclose(float(str(largest["x_over_sigma"])), 0.74, abs_tol=0.005)
