"""Copper, aluminium and magnesium: totals as published, gaps small, named plants, scrap that can be."""

from __future__ import annotations

import math

import pytest

from sim.data.figures import FigureBook
from sim.data.read import TABLES_FOLDER, Tables
from sim.model.network import Network
from tests.data.sums import made_t, used_t

PAGES = TABLES_FOLDER.parents[2] / "docs" / "background"
CHAINS = ("copper", "aluminium", "magnesium")


REFINED = ("copper_leach_cathode", "copper_smelting", "copper_secondary")

# published world total, t; tolerance of the rows against it
WORLD = [
    ("copper mined", ("copper_mining", "copper_leach_cathode"), 23.0e6, 0.005),
    ("copper leach cathode", ("copper_leach_cathode",), 4.87e6, 0.005),
    ("copper refined", REFINED, 27.6e6, 0.005),
    ("copper secondary", ("copper_secondary",), 4.7e6, 0.005),
    ("aluminium_smelting", ("aluminium_smelting",), 72.8e6, 0.005),
    ("magnesium_smelting", ("magnesium_smelting",), 1.08e6, 0.01),
    ("magnesium_secondary", ("magnesium_secondary",), 300_000.0, 0.005),
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
    "copper/concentrate": 4.0,
    "copper/refined": 1.0,
    "aluminium/primary": 1.0,
    "alumina/all_grades": 2.0,
    "magnesium/primary": 5.0,
}


@pytest.mark.parametrize("material", GAPS)
def test_gaps_before_the_balance_are_small(network: Network, material: str) -> None:
    """All under the 5 % asked for; magnesium with the sponge that takes a tenth of it."""
    (row,) = [row for row in network.report.materials if row["material"] == material]
    assert abs(float(str(row["gap_before"]))) <= GAPS[material] / 100


def test_every_producing_stage_says_how_far_its_balance_proves_anything(tables: Tables) -> None:
    """One row for each material and stage that makes it."""
    chains = tables.processes["chain"].isin(CHAINS) & (tables.processes["stage"] != "end_use")
    made = tables.processes[chains]
    wanted = set(zip(made["output_material"], made["stage"], strict=True))
    told = set(zip(tables.closures["material"], tables.closures["stage"], strict=True))
    assert wanted <= told


def test_no_smelter_works_what_was_leached_or_scrap(network: Network) -> None:
    """Congo ships cathode; China refines a fifth from scrap."""
    assert made_t(network, "copper_smelting", country="COD") < 0.06 * made_t(network, *REFINED, country="COD")
    assert made_t(network, "copper_secondary", country="CHN") == pytest.approx(2.7e6, rel=0.05)
    assert made_t(network, *REFINED, country="CHN") == pytest.approx(12.4e6, rel=0.01)
    assert used_t(network, "copper/concentrate") == pytest.approx(made_t(network, "copper_mining"), rel=1e-6)


def test_alumina_is_used_by_smelters(network: Network) -> None:
    """Smelters are nodes with an output; 97 % of alumina goes there."""
    smelters = [node for node in network.nodes.values() if node.process == "aluminium_smelting"]
    taken = math.fsum(
        entry.input_per_unit * node.planned_per_year for node in smelters for entry in node.inputs
    )
    assert taken / used_t(network, "alumina/all_grades") == pytest.approx(0.968, abs=0.005)
    assert not any(node.is_end_use for node in smelters)


def test_observed_use_of_the_united_states_holds(network: Network) -> None:
    """Reported copper and primary magnesium, apparent aluminium."""
    assert used_t(network, "copper/refined", "USA") == pytest.approx(1.58e6, rel=0.01)
    assert used_t(network, "aluminium/primary", "USA") == pytest.approx(5.83e6, rel=0.01)
    new = used_t(network, "magnesium/primary", "USA") - made_t(network, "magnesium_secondary", country="USA")
    assert new == pytest.approx(46_000, rel=0.03)


NAMED = {
    "copper_leach_cathode.COD.tenke_copper": (409_400, 450_000),
    "copper_leach_cathode.COD.kamoto_copper": (176_300, 300_000),
    "copper_leach_cathode.COD.mutanda_copper": (55_200, 100_000),
}


@pytest.mark.parametrize("node", NAMED)
def test_named_plants_are_carved_out_at_their_output(network: Network, node: str) -> None:
    """Output of the base year and capacity."""
    output_t, capacity_t = NAMED[node]
    assert network.nodes[node].planned_per_year == pytest.approx(output_t, rel=0.02)
    assert network.nodes[node].capacity_per_year == pytest.approx(capacity_t, rel=0.01)


def test_idle_magnesium_plants_are_named(network: Network) -> None:
    """Rowley and the plants of other countries make nothing."""
    for country in ("USA", "ROW"):
        assert made_t(network, "magnesium_smelting", country=country) == 0
        assert network.nodes[f"magnesium_smelting.{country}"].capacity_per_year > 0


def test_cobalt_of_congo_hangs_on_leach_cathode(tables: Tables) -> None:
    """Its ratio leaves an eighth of room above output."""
    hosts = set(zip(tables.hosts["process"], tables.hosts["host_process"], strict=True))
    assert ("cobalt_mining_copper", "copper_leach_cathode") in hosts


def test_no_more_scrap_returns_than_arises(tables: Tables) -> None:
    """Collection of every loop in every country."""
    figures = tables.figures
    rows = figures["process"].isin(["copper_secondary", "aluminium_secondary", "magnesium_secondary"])
    assert (figures[rows & (figures["measure"] == "collection")]["value"] <= 1).all()


@pytest.mark.parametrize("chain", CHAINS)
def test_pages_count_what_is_judged(tables: Tables, chain: str) -> None:
    """How many figures of each chain are marked expert."""
    rows = tables.figures[tables.figures["file"] == f"figures/{chain}.csv"]
    judged = int((rows["confidence"] == "expert").sum())
    page = (PAGES / f"chain_{chain}.md").read_text(encoding="utf-8").replace("\n", " ")
    assert f"{judged} of {len(rows)} figures are" in page
