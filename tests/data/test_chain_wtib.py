"""Tungsten, titanium, bismuth, scandium, potash and boron: totals, coverage, balances, hosts, named plants.

World totals are those of the US Geological Survey (2026 edition) for 2024; scandium is its figure for 2025.
"""

from __future__ import annotations

import math

import pytest

from sim.data.figures import FigureBook
from sim.data.read import Tables
from sim.model.network import Network

COMMODITIES = {"tungsten", "titanium", "bismuth", "scandium", "potash", "boron"}

PUBLISHED = [
    ("tungsten mined, t W", ("tungsten_mining",), 82_000.0),
    ("ilmenite and rutile, t TiO2", ("titanium_mining",), 9_680_000.0),
    ("titanium sponge, t", ("titanium_sponge", "titanium_sponge_industrial"), 380_000.0),
    ("bismuth, t", ("bismuth_refining", "bismuth_refining_tungsten"), 16_300.0),
    ("scandium oxide, t", ("scandium_oxide",), 80.0),
    ("potash, t K2O", ("potash_mining",), 46_700_000.0),
]
LARGEST_GAP = 0.05
LARGEST_MOVE_SIGMA = 1.0
FIRST_SUPPLIERS = [
    ("titanium/sponge", "USA", "JPN"),
    ("potash/k2o", "USA", "CAN"),
    ("potash/k2o", "BRA", "RUS"),
    ("boron/b2o3", "EUU", "TUR"),
    ("scandium/oxide", "USA", "JPN"),
    ("bismuth/refined", "EUU", "CHN"),
]


def own_materials(tables: Tables) -> set[str]:
    frame = tables.materials
    return set(frame.loc[frame["commodity"].isin(COMMODITIES), "material"])


def bought_t(network: Network, material: str, country: str) -> dict[str, float]:
    """Return what a country buys of a material, t/year by country of the supplier."""
    found: dict[str, float] = {}
    for arc in network.arcs:
        if arc.material == material and network.nodes[arc.customer].country == country:
            supplier = network.nodes[arc.supplier].country
            found[supplier] = found.get(supplier, 0.0) + arc.flow_t_per_year
    return found


@pytest.mark.parametrize(
    ("processes", "world_t"), [row[1:] for row in PUBLISHED], ids=[row[0] for row in PUBLISHED]
)
def test_countries_cover_the_published_world(
    book: FigureBook, processes: tuple[str, ...], world_t: float
) -> None:
    """At least 98 % of the printed total, and no more of it than rounding explains."""
    total = math.fsum(figure.value for process in processes for figure in book.rows(process, "production"))
    assert 0.98 <= total / world_t <= 1.01


@pytest.mark.parametrize(
    ("processes", "world_t"), [row[1:] for row in PUBLISHED], ids=[row[0] for row in PUBLISHED]
)
def test_the_balance_keeps_the_published_world(
    network: Network, processes: tuple[str, ...], world_t: float
) -> None:
    """Reconciliation does not leave the statistic."""
    made = math.fsum(n.planned_per_year for n in network.nodes.values() if n.process in processes)
    assert made == pytest.approx(world_t, rel=0.02)


def test_gaps_before_the_balance_are_small(network: Network, tables: Tables) -> None:
    """Supply and use as tabled differ by 5 % at most, and every material says what that proves."""
    rows = {row["material"]: row for row in network.report.materials}
    closures = set(tables.closures["material"])
    for material in own_materials(tables):
        assert abs(float(str(rows[material]["gap_before"]))) <= LARGEST_GAP, material
        assert material in closures, material


def test_no_figure_moves_far(network: Network) -> None:
    """No move of these chains needs an excuse."""
    for row in network.report.moves:
        if any(name in str(row["quantity"]) for name in COMMODITIES):
            assert abs(float(str(row["x_over_sigma"]))) <= LARGEST_MOVE_SIGMA, row["quantity"]


def test_known_shares_hold(network: Network, tables: Tables) -> None:
    """Every share that was given has an arc, and none is missed by 5 points."""
    own = own_materials(tables)
    for row in network.report.shares:
        if row["material"] in own:
            where = (row["material"], row["customer"], row["supplier"])
            assert not row["dropped_reason"], where
            assert float(str(row["fitted"])) == pytest.approx(float(str(row["share"])), abs=0.05), where


@pytest.mark.parametrize(("material", "customer", "supplier"), FIRST_SUPPLIERS)
def test_the_known_first_supplier_comes_first(
    network: Network, material: str, customer: str, supplier: str
) -> None:
    """The dependence that everybody asks about."""
    bought = bought_t(network, material, customer)
    bought.pop(customer, None)
    assert max(bought, key=bought.__getitem__) == supplier


def test_tungsten_scrap_is_the_read_share_of_use(network: Network) -> None:
    """The association's 35 to 40 percent, of use by tool makers and all others."""
    made = math.fsum(
        n.planned_per_year
        for n in network.nodes.values()
        if n.process in {"tungsten_scrap", "tungsten_new_scrap"}
    )
    assert 0.35 <= made / 125_000 <= 0.40


def test_american_sponge_comes_from_abroad(network: Network) -> None:
    """39,800 t of apparent use, and as much again as home scrap goes to Canada; there is no US sponge."""
    assert not any(n.process == "titanium_sponge" and n.country == "USA" for n in network.nodes.values())
    bought = bought_t(network, "titanium/sponge", "USA")
    assert sum(bought.values()) - bought["USA"] == pytest.approx(39_800, rel=0.03)


def test_chinese_metal_is_not_melted_for_aircraft_elsewhere(network: Network) -> None:
    """Aircraft makers outside China take no metal of Chinese standard."""
    for node in network.nodes.values():
        if node.process == "use_aerospace_civil":
            taken = {entry.material for entry in node.inputs if entry.material.startswith("titanium/")}
            wanted = "mill_product_industrial" if node.country == "CHN" else "mill_product"
            assert taken == {f"titanium/{wanted}"}, node.id


def test_by_products_have_their_hosts(book: FigureBook, tables: Tables) -> None:
    """Chinese bismuth of tungsten ores and scandium of pigment plants hang on a host with some slack."""
    hosts = {(row["process"], row["country"]): row for row in tables.hosts.to_dict("records")}
    for process, country, host in (
        ("bismuth_refining_tungsten", "CHN", "tungsten_mining"),
        ("scandium_oxide", "CHN", "titanium_pigment"),
        ("scandium_oxide", "CAN", "titanium_mining"),
    ):
        row = hosts[process, country]
        assert row["host_process"] == host
        ratio = book.find(process, "host_ratio", country, host)
        activity = book.exact(host, "production", row["host_country"])
        made = book.exact(process, "production", country)
        assert ratio is not None and activity is not None and made is not None
        assert 1.05 <= ratio.value * activity.value / made.value <= 2.0


def test_the_plant_that_ran_is_carved_out(network: Network) -> None:
    """Burgettstown made 200 t before its expansion, which is a project."""
    plant = network.nodes["titanium_powder.USA.six_k_burgettstown"]
    assert plant.planned_per_year == pytest.approx(200, rel=0.02)


def test_magnets_take_boron_that_is_served_first(network: Network) -> None:
    """Ten thousand tonnes of two million, and no glass works may starve them."""
    taken = {
        entry.material: entry.input_per_unit
        for entry in network.nodes["ndfeb_magnet_standard.CHN"].inputs
        if entry.material.startswith("boron/")
    }
    assert taken == {"boron/ferroboron": pytest.approx(0.045, rel=0.05)}
    ranks = {n.process: n.priority for n in network.nodes.values()}
    assert ranks["ferroboron"] < ranks["use_glass_ceramics_phosphors"]


def test_eighteen_countries_and_the_rest_farm_with_potash(network: Network) -> None:
    """Brazil, Indonesia, Malaysia and others are users of their own, not a rest of the world."""
    farms = {n.country for n in network.nodes.values() if n.process == "use_crop_farming"}
    assert len(farms) >= 19
    assert {"BRA", "IDN", "MYS", "VNM", "THA", "IND", "CHN", "USA"} <= farms
