"""The shipped tables: read without fault, name their sources, and describe a whole world."""

from __future__ import annotations

import re

import pytest

from sim.data.check import check_tables
from sim.data.columns import Column, read_columns
from sim.data.csv_table import cell_fault
from sim.data.findings import Finding, Severity
from sim.data.read import TABLES_FOLDER, Tables
from sim.data.routes import RouteBook

# from trade_notes: these origins kept to the Suez way in 2024
SUEZ_ORIGINS = {"RUS", "TUR", "ISR", "KAZ", "SAU"}


@pytest.fixture(scope="module")
def findings(tables: Tables) -> list[Finding]:
    return check_tables(tables)


def declarations() -> list[Column]:
    files = ("columns.csv", "network_columns.csv")
    return [c for file in files for columns in read_columns(TABLES_FOLDER / file).values() for c in columns]


def test_no_rule_finds_an_error(findings: list[Finding]) -> None:
    """A network must be buildable from what is shipped."""
    assert [str(finding) for finding in findings if finding.severity is Severity.ERROR] == []


def test_every_declared_default_is_itself_allowed() -> None:
    """A default that the reader would refuse in a cell is a contradiction."""
    for column in declarations():
        if column.default:
            assert cell_fault(column.default, column) is None, column


def test_every_declaration_is_described_and_names_its_unit() -> None:
    """The reference pages are made of these words; physical numbers need a unit."""
    without_unit = {"demand_elasticity", "sign", "priority", "world_default", "value", "original_value"}
    without_unit |= {"low", "high", "default"}
    for column in declarations():
        assert column.description, column
        if column.is_number and column.name not in without_unit:
            assert column.unit, column


def test_every_table_with_numbers_has_a_key() -> None:
    """Without a key two rows could contradict each other unseen."""
    for file in ("columns.csv", "network_columns.csv"):
        for table, columns in read_columns(TABLES_FOLDER / file).items():
            assert any(column.key for column in columns), table


def test_measure_defaults_are_within_their_bounds(tables: Tables) -> None:
    """The default of a measure is used where no figure is given."""
    for row in tables.measures.to_dict("records"):
        column = Column("figures", row["measure"], "float", allowed=row["allowed"])
        if row["default"] == row["default"]:
            assert cell_fault(f"{row['default']:g}", column) is None, row["measure"]


def test_parameters_lie_inside_their_own_range(tables: Tables) -> None:
    """The range is what a sensitivity study sweeps."""
    frame = tables.parameters
    assert (frame["low"] <= frame["value"]).all()
    assert (frame["value"] <= frame["high"]).all()


def test_blocs_have_their_known_sizes(tables: Tables) -> None:
    """Counts that the sources state: 27, 32, 14 and the Union, 16 with the one reported."""
    sizes = tables.groups.groupby("group").size().to_dict()
    assert sizes["EUU"] == 27
    assert sizes["EU"] == 28  # the Union itself belongs to its bloc
    assert sizes["NATO"] == 32
    assert sizes["MSP"] == 15
    assert sizes["FORGE"] == 16
    assert sizes["PAX_SILICA"] == 11


def test_a_membership_starts_before_it_ends(tables: Tables) -> None:
    """Swapped dates would make a bloc empty."""
    frame = tables.groups.dropna(subset=["from_date", "to_date"])
    assert (frame["from_date"] < frame["to_date"]).all()


def test_countries_have_both_names(tables: Tables) -> None:
    """Results may be printed in English or Japanese."""
    assert all(name.isascii() is False for name in tables.countries["name_ja"])
    assert tables.countries["name_en"].is_unique
    assert tables.countries["name_ja"].is_unique


def test_every_pair_of_places_has_a_route(tables: Tables) -> None:
    """Arcs are made between any supplier and any user."""
    book = RouteBook(tables)
    codes = list(tables.countries["iso3"])
    for origin in codes:
        for destination in codes:
            by_air = book.find(origin, destination, "air")
            by_sea = book.find(origin, destination, "sea")
            assert 0 < by_air.lead_time_days <= by_sea.lead_time_days + 5, (origin, destination)


def test_the_base_year_goes_by_the_cape(tables: Tables) -> None:
    """In 2024 container and bulk ships avoided the Red Sea; a closure of Suez must change little."""
    passing = tables.routes[[("suez" in points) for points in tables.routes["chokepoints"]]]
    assert set(passing["origin"]) <= SUEZ_ORIGINS


def test_detours_lie_in_their_range(tables: Tables) -> None:
    """The central value is the default of a closure."""
    frame = tables.chokepoints.dropna(subset=["detour_days"])
    assert (frame["detour_low_days"] <= frame["detour_days"]).all()
    high = frame["detour_high_days"].fillna(float("inf"))
    assert (frame["detour_days"] <= high).all()


def test_every_chokepoint_is_on_some_route_or_says_why_not(tables: Tables) -> None:
    """A closure that touches nothing must not look like resilience."""
    used = {point for points in tables.routes["chokepoints"] for point in points}
    unused = set(tables.chokepoints["chokepoint"]) - used
    notes = dict(zip(tables.chokepoints["chokepoint"], tables.chokepoints["note"], strict=True))
    assert {name for name in unused if "on no base route" not in notes[name]} == set()


def test_materials_are_named_by_commodity_and_form(tables: Tables) -> None:
    """Selectors split the name at the slash."""
    frame = tables.materials
    assert (frame["material"] == frame["commodity"] + "/" + frame["form"]).all()


MACHINE_PATH = re.compile(r"(?<![\w./:)\]])/\w+/|\b[A-Z]:\\")  # absolute, of any system; no address, no unit


def test_tables_hold_no_machine_paths() -> None:
    """A path of one machine helps nobody else."""
    for path in TABLES_FOLDER.rglob("*.csv"):
        text = path.read_text(encoding="utf-8")
        assert not MACHINE_PATH.search(text), path.name


NETWORK_COLUMNS = {
    "materials": "material commodity form basis price_usd_per_t demand_elasticity",
    "nodes": "node stage country operator output_material capacity_t_per_year output_cover_days "
    "demand_per_year value_added_usd_per_unit growth_per_year deferred_fraction priority status "
    "must_run_share storage_days process_days restart_days aggregate host host_ratio "
    "unit_cost_usd_per_t members_of",
    "recipes": "node input_material input_per_unit cover_days essential share line",
    "outputs": "node output_material output_per_unit drives disposable",
    "arcs": "supplier customer material flow_t_per_year lead_time_days capacity_t_per_year route priority "
    "qualification_days",
    "stockpiles": "stockpile country material opening_t target_t release_t_per_day release_delay_days "
    "purchase_t_per_day budget_usd",
    "recycling": "node scrap_of material lifetime_days spread collection recovery",
}


def test_a_users_network_has_the_published_columns() -> None:
    """Users' folders are written against these names; a change breaks them."""
    declared = read_columns(TABLES_FOLDER / "network_columns.csv")
    assert {
        table: " ".join(c.name for c in columns) for table, columns in declared.items()
    } == NETWORK_COLUMNS


def test_only_what_cannot_be_guessed_is_required_of_a_user() -> None:
    """A lead time or a flow has no sensible default, a cover has one."""
    declared = read_columns(TABLES_FOLDER / "network_columns.csv")
    required = {f"{table}.{c.name}" for table, columns in declared.items() for c in columns if c.required}
    assert {"arcs.flow_t_per_year", "arcs.lead_time_days", "recipes.input_per_unit"} <= required
    assert not {"nodes.capacity_t_per_year", "recipes.cover_days", "arcs.capacity_t_per_year"} & required
