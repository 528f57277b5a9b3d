"""Zinc by sector, indium, tin and antimony: totals as published, gaps small, hosts and loops that can be."""

from __future__ import annotations

import math

import pytest

from sim.data.figures import FigureBook
from sim.data.read import TABLES_FOLDER, Tables
from sim.model.network import Network
from tests.data.sums import made_t

PAGES = TABLES_FOLDER.parents[2] / "docs" / "background"
CHAINS = ("zinc", "indium", "tin", "antimony")


def used_t(network: Network, material: str, country: str | None = None, process: str | None = None) -> float:
    """Return what end users take of a material in the base year, t."""
    return math.fsum(
        entry.input_per_unit * node.planned_per_year
        for node in network.nodes.values()
        for entry in node.inputs
        if node.is_end_use
        and entry.material == material
        and country in (None, node.country)
        and process in (None, node.process)
    )


# published world total, t; tolerance of the rows against it (rounding, or the reason in the note)
WORLD = [
    ("zinc_mining", ("zinc_mining",), 11.9e6, 0.005),
    ("zinc refined", ("zinc_smelting", "zinc_secondary"), 13.55e6, 0.005),
    ("indium_refining", ("indium_refining",), 1_090.0, 0.005),
    ("tin_mining", ("tin_mining",), 294_000.0, 0.005),
    # 370.1 kt of 2023; Indonesia and Peru are those of 2024 here
    ("tin refined", ("tin_smelting", "tin_secondary"), 370_100.0, 0.02),
    ("antimony_mining", ("antimony_mining",), 119_000.0, 0.005),
    ("antimony smelted from ore", ("antimony_smelting",), 119_000.0 / 1.075, 0.005),
]


@pytest.mark.parametrize(
    ("processes", "world_t", "tolerance"), [w[1:] for w in WORLD], ids=[w[0] for w in WORLD]
)
def test_rows_cover_the_published_world(
    book: FigureBook, processes: tuple[str, ...], world_t: float, tolerance: float
) -> None:
    """At least 98 % of every stage stands in the rows, and not more than there is."""
    total = math.fsum(f.value for process in processes for f in book.rows(process, "production"))
    assert total >= 0.98 * world_t
    assert total == pytest.approx(world_t, rel=tolerance)


@pytest.mark.parametrize(
    ("processes", "world_t", "tolerance"), [w[1:] for w in WORLD], ids=[w[0] for w in WORLD]
)
def test_the_balance_keeps_the_published_world(
    network: Network, processes: tuple[str, ...], world_t: float, tolerance: float
) -> None:
    """Reconciliation shifts a total by less than two percent."""
    assert made_t(network, *processes) == pytest.approx(world_t, rel=0.02 + tolerance)


# gap of the figures before the balance, percent
GAPS = {
    "zinc/concentrate": 1.0,
    "zinc/refined_metal": 1.0,
    "indium/refined": 1.0,
    "tin/concentrate": 3.0,
    "tin/refined": 1.0,
    "antimony/concentrate": 1.0,
    "antimony/metal": 4.0,
    "antimony/oxide": 3.0,
    "antimony/antimonial_lead": 1.0,
}


@pytest.mark.parametrize("material", GAPS)
def test_gaps_before_the_balance_are_small(network: Network, material: str) -> None:
    """All under the 5 % asked for."""
    (row,) = [row for row in network.report.materials if row["material"] == material]
    assert abs(float(str(row["gap_before"]))) <= GAPS[material] / 100


def test_every_producing_stage_says_how_far_its_balance_proves_anything(tables: Tables) -> None:
    """One row for each material and stage that makes it."""
    chains = tables.processes["chain"].isin(CHAINS) & (tables.processes["stage"] != "end_use")
    made = tables.processes[chains]
    wanted = set(zip(made["output_material"], made["stage"], strict=True))
    told = set(zip(tables.closures["material"], tables.closures["stage"], strict=True))
    assert wanted <= told


def test_zinc_goes_where_it_is_published_to_go(network: Network) -> None:
    """Six tenths galvanising; the United States as the Survey counts them."""
    world = used_t(network, "zinc/refined_metal")
    galvanising = used_t(network, "zinc/refined_metal", process="use_galvanising")
    assert galvanising / world == pytest.approx(0.60, abs=0.01)
    assert used_t(network, "zinc/refined_metal", "USA") == pytest.approx(808_000, rel=0.005)


def test_observed_totals_of_the_united_states_hold(network: Network) -> None:
    """Net imports of 2023-24, and indium use."""
    tin = used_t(network, "tin/refined", "USA") - made_t(network, "tin_secondary", country="USA")
    assert tin == pytest.approx(24_800, rel=0.01)
    oxide = used_t(network, "antimony/oxide", "USA") - made_t(network, "antimony_oxide", country="USA")
    assert oxide == pytest.approx(12_260, rel=0.02)
    assert used_t(network, "indium/refined", "USA") == pytest.approx(220, rel=0.02)


NAMED = {
    "zinc_smelting.USA.nyrstar_clarksville_existing": (100_000, 105_000),
    "zinc_mining.USA.empire_state_mines": (27_000, 30_200),
    "zinc_mining.USA.teck_red_dog": (556_000, 580_000),
    "antimony_smelting.USA.us_antimony_thompson_falls_existing": (588, 1_500),
}


@pytest.mark.parametrize("node", NAMED)
def test_named_plants_are_carved_out_at_their_output(network: Network, node: str) -> None:
    """Output of the base year and capacity."""
    output_t, capacity_t = NAMED[node]
    assert network.nodes[node].planned_per_year == pytest.approx(output_t, rel=0.02)
    assert network.nodes[node].capacity_per_year == pytest.approx(capacity_t, rel=0.01)


def test_by_products_hang_on_the_zinc_of_their_country(network: Network) -> None:
    """Each has a fifth to a third of room under its host in the base year."""
    hosted = [n for n in network.nodes.values() if n.process in ("indium_refining", "antimony_byproduct")]
    assert len(hosted) == 8
    for node in hosted:
        host = network.nodes[node.host]
        assert (host.process, host.country) == ("zinc_smelting", node.country)
        room = node.host_ratio * host.planned_per_year / node.planned_per_year
        assert 1.1 < room < 1.35, node.id


def test_scrap_loops_do_not_return_more_than_arises(network: Network) -> None:
    """Targets 0.70, solder and battery lead below one, each in its own country."""
    for source in network.scrap:
        node = network.nodes[source.node]
        if node.process in (
            "indium_ito_scrap",
            "tin_secondary",
            "antimonial_lead_secondary",
            "zinc_secondary",
        ):
            assert 0 < source.collection * source.recovery < 0.95, source
            assert network.nodes[source.scrap_of].country == node.country
    ito = made_t(network, "indium_ito_scrap")
    gross = math.fsum(
        used_t(network, "indium/refined", c, "use_displays") for c in ("CHN", "JPN", "KOR", "TWN")
    )
    assert ito / gross == pytest.approx(0.97 * 0.72, rel=0.005)


RECIPES = [
    ("tin_smelting", "tin/concentrate", 1.015, 1.05),
    ("antimony_smelting", "antimony/concentrate", 1.04, 1.13),
    ("antimony_oxide", "antimony/metal", 1.0, 1.05),
]


@pytest.mark.parametrize(("process", "material", "lowest", "highest"), RECIPES)
def test_balanced_recipes_are_those_of_practice(
    network: Network, process: str, material: str, lowest: float, highest: float
) -> None:
    """No plant without losses."""
    nodes = [n for n in network.nodes.values() if n.process == process]
    found = {e.input_per_unit for n in nodes for e in n.inputs if e.material == material}
    assert found
    assert all(lowest <= value <= highest for value in found), found


def test_china_converts_more_antimony_than_it_mines(network: Network) -> None:
    """The choke is the smelter, not the mine."""
    mined = made_t(network, "antimony_mining", country="CHN") / made_t(network, "antimony_mining")
    smelted = made_t(network, "antimony_smelting", country="CHN") / made_t(network, "antimony_smelting")
    assert mined < 0.4 < 0.7 < smelted


@pytest.mark.parametrize("chain", CHAINS)
def test_pages_count_what_is_judged(tables: Tables, chain: str) -> None:
    """The page of the chain tells how many figures are marked expert."""
    rows = tables.figures[tables.figures["file"] == f"figures/{chain}.csv"]
    judged = int((rows["confidence"] == "expert").sum())
    page = (PAGES / f"chain_{chain}.md").read_text(encoding="utf-8").replace("\n", " ")
    assert f"{judged} of {len(rows)} figures are `expert`" in page
