"""Nickel and cobalt: totals against published figures, coverage, hosts, joint cobalt, named plants, gaps."""

from __future__ import annotations

import math

import pytest

from sim.data.read import Tables
from sim.model.build import default_network
from sim.model.figures import FigureBook, records

NICKEL_MINED_T = 3_705_990  # sum of the columns, US Geological Survey 2026; its rounded total is 3.71 Mt
COBALT_MINED_T = 301_590  # the same for cobalt; rounded total 302 kt
COBALT_REFINED_T = 250_150  # International Energy Agency 2025
PIG_IRON_CHINA_INDONESIA_T = 1_790_000  # study group, September 2024
MATERIALS = {"ore", "concentrate", "npi", "mhp", "matte", "class1", "sulphate", "scrap"}
BATTERY_FEED = {"nickel/sulphate", "cobalt/chemical"}  # their main user is the battery chain
GAP = 0.05


@pytest.fixture(scope="module")
def book(tables: Tables) -> FigureBook:
    """Figures as the network is built from them."""
    return FigureBook(tables, 2024)


def made_t(book: FigureBook, *processes: str, country: str | None = None) -> float:
    """Return production as the figures say, t/year."""
    return math.fsum(
        figure.value
        for process in processes
        for code in book.countries_with(process, "production")
        if country in (None, code) and (figure := book.exact(process, "production", code)) is not None
    )


def cobalt_in_hydroxide_t(book: FigureBook) -> float:
    """Return the cobalt that comes with leached nickel, t/year."""
    total = 0.0
    for code in book.countries_with("nickel_mhp", "production"):
        made = book.exact("nickel_mhp", "production", code)
        ratio = book.find("nickel_mhp", "output_per_unit", code, "cobalt/hydroxide")
        assert made is not None
        assert ratio is not None
        total += made.value * ratio.value
    return total


# --- totals ------------------------------------------------------------------------------------------------


def test_mined_nickel_covers_the_published_world(book: FigureBook) -> None:
    """Laterite and sulphide together; within 2 %."""
    mined = made_t(book, "nickel_mining", "nickel_mining_sulphide")
    assert mined == pytest.approx(NICKEL_MINED_T, rel=0.002)


@pytest.mark.parametrize(("country", "tonnes"), [("AUS", 98_000), ("BRA", 67_500), ("IDN", 2_310_000)])
def test_mined_nickel_of_countries_with_both_ores(book: FigureBook, country: str, tonnes: float) -> None:
    """The split into two ores keeps the survey's national figure."""
    assert made_t(book, "nickel_mining", "nickel_mining_sulphide", country=country) == tonnes


def test_mined_cobalt_covers_the_published_world(book: FigureBook) -> None:
    """With copper, with sulphide nickel, alone, and in hydroxide."""
    processes = ("cobalt_mining_copper", "cobalt_mining_nickel", "cobalt_mining_primary")
    mined = made_t(book, *processes) + cobalt_in_hydroxide_t(book)
    assert mined == pytest.approx(COBALT_MINED_T, rel=0.02)


def test_refined_cobalt_is_the_published_total(book: FigureBook) -> None:
    """Chemicals and metal from mine intermediates; scrap stands apart."""
    assert made_t(book, "cobalt_chemical", "cobalt_metal") == pytest.approx(COBALT_REFINED_T, rel=0.005)


def test_pig_iron_of_china_and_indonesia_is_the_published_sum(book: FigureBook) -> None:
    """Only the sum is published; the split is judged."""
    both = made_t(book, "nickel_npi", country="CHN") + made_t(book, "nickel_npi", country="IDN")
    assert both == pytest.approx(PIG_IRON_CHINA_INDONESIA_T, rel=1e-9)


# --- structure ---------------------------------------------------------------------------------------------


def test_nickel_and_cobalt_call_for_leached_ore(tables: Tables) -> None:
    """Either keeps the plants running; cobalt that nobody orders leaves, booked as surplus."""
    rows = tables.outputs[tables.outputs["process"] == "nickel_mhp"].set_index("output_material")
    assert str(rows.loc["nickel/mhp", "drives"]).lower() == "true"
    assert str(rows.loc["cobalt/hydroxide", "drives"]).lower() == "true"
    assert str(rows.loc["cobalt/hydroxide", "disposable"]).lower() == "true"


def test_hosts_of_sulphide_cobalt_leave_slack(tables: Tables, book: FigureBook) -> None:
    """Each by-product node has its own country's sulphide mines as host, and fits under the ratio."""
    rows = [row for row in records(tables.hosts) if row.process == "cobalt_mining_nickel"]
    assert {row.country for row in rows} == set(book.countries_with("cobalt_mining_nickel", "production"))
    for row in rows:
        assert (row.host_process, row.host_country) == ("nickel_mining_sulphide", row.country)
        ratio = book.find("cobalt_mining_nickel", "host_ratio", row.country, row.host_process)
        assert ratio is not None
        allowed = ratio.value * made_t(book, row.host_process, country=row.host_country)
        assert 1.1 < allowed / made_t(book, "cobalt_mining_nickel", country=row.country) < 1.5


def test_named_plants_leave_a_remainder(tables: Tables, book: FigureBook) -> None:
    """Three Congolese mines, and the nickel plants of Japan and Korea, below their country's total."""
    names = {
        "tenke_cobalt",
        "kamoto_cobalt",
        "mutanda_cobalt",
        "smm_niihama",
        "smm_niihama_harima",
        "kemco_onsan",
    }
    rows = [row for row in records(tables.facilities) if row.process.startswith(("nickel_", "cobalt_"))]
    assert names <= {row.facility for row in rows}
    named: dict[tuple[str, str], float] = {}
    for row in rows:
        made = book.exact(row.process, "facility_production", row.country, row.facility)
        most = book.exact(row.process, "facility_capacity", row.country, row.facility)
        assert made is not None
        assert most is not None
        assert made.value <= most.value
        named[row.process, row.country] = named.get((row.process, row.country), 0.0) + made.value
    for (process, country), tonnes in named.items():
        assert tonnes < made_t(book, process, country=country)


def test_stock_building_is_not_essential(book: FigureBook) -> None:
    """It gives way first."""
    for material in ("nickel/class1", "cobalt/hydroxide", "cobalt/metal"):
        figure = book.find("use_stock_building", "essential", "COD", material)
        assert figure is not None
        assert figure.value == 0


def test_shares_of_nickel_forms_in_stainless_steel_add_to_one(book: FigureBook) -> None:
    """Losses of three lines add; without all three everything that is essential is lost, and no more."""
    forms = ("nickel/npi", "nickel/class1", "nickel/scrap")
    for country in book.countries_with("use_stainless_steel", "use"):
        shares = [book.find("use_stainless_steel", "share", country, form) for form in forms]
        assert math.fsum(s.value for s in shares if s is not None) == pytest.approx(1.0, abs=0.002)


def test_no_country_buys_indonesian_ore(tables: Tables) -> None:
    """Exports are banned since 2020; China's share of it is zero."""
    shares = tables.trade_shares
    ore = shares[(shares["material"] == "nickel/ore") & (shares["supplier"] == "IDN")]
    assert (ore[ore["customer"] != "IDN"]["share"] == 0).all()
    assert "CHN" in set(ore["customer"])


def test_every_stage_says_what_its_balance_proves(tables: Tables) -> None:
    """One closure for each material of the two chains."""
    judged = set(tables.closures["material"])
    assert {f"nickel/{form}" for form in MATERIALS} <= judged
    assert {"cobalt/hydroxide", "cobalt/chemical", "cobalt/metal"} <= judged


# --- balance -----------------------------------------------------------------------------------------------


def test_figures_nearly_balance_before_reconciliation() -> None:
    """Supply against use."""
    report = default_network().report
    rows = {str(row["material"]): float(str(row["gap_before"])) for row in report.materials}
    for material, gap in rows.items():
        if material.startswith(("nickel/", "cobalt/")):
            limit = 2 * GAP if material in BATTERY_FEED else GAP
            assert abs(gap) <= limit, material
