"""Graphite and manganese: totals against published figures, coverage, gaps, the named mine."""

from __future__ import annotations

import math

import pytest

from sim.data.read import Tables
from sim.model.figures import FigureBook, records

PUBLISHED_T = {  # process: world total, US Geological Survey 2026 and SNE Research
    "graphite_mining": 1_550_000,
    "anode_synthetic": 1_760_000,
    "anode_natural": 290_000,
    "manganese_mining": 18_700_000,
}
MINED_T = {
    ("graphite_mining", "CHN"): 1_270_000,
    ("graphite_mining", "MDG"): 85_000,
    ("graphite_mining", "MOZ"): 39_000,
    ("manganese_mining", "ZAF"): 7_490_000,
    ("manganese_mining", "GAB"): 4_640_000,
    ("manganese_mining", "AUS"): 1_600_000,
}
MADE_BY = {
    "graphite/flake": "graphite_mining",
    "graphite/spherical": "graphite_spherical",
    "graphite/anode_coke": "anode_coke",
    "anode/synthetic": "anode_synthetic",
    "anode/natural": "anode_natural",
    "manganese/ore": "manganese_mining",
    "manganese/alloy": "manganese_alloy",
    "manganese/hpmsm": "manganese_hpmsm",
    "manganese/metal": "manganese_metal",
}
GAP = 0.05
STEEL_T = 1_876_900_000
USE_USA_T = {"graphite/flake": 65_200}


@pytest.fixture(scope="module")
def book(tables: Tables) -> FigureBook:
    """Figures as the network is built from them."""
    return FigureBook(tables, 2024)


def made_t(book: FigureBook, process: str, country: str | None = None) -> float:
    """Return production as the figures say, t/year."""
    return math.fsum(
        figure.value
        for code in book.countries_with(process, "production")
        if country in (None, code) and (figure := book.exact(process, "production", code)) is not None
    )


def taken_t(tables: Tables, book: FigureBook, material: str, country: str | None = None) -> float:
    """Return intake of producers by recipe, and end use, t/year."""
    total = 0.0
    for row in records(tables.inputs[tables.inputs["input_material"] == material]):
        for code in book.countries_with(row.process, "production"):
            ratio = book.find(row.process, "input_per_unit", code, material)
            if ratio is not None and country in (None, code):
                total += made_t(book, row.process, code) * ratio.value
        for code in book.countries_with(row.process, "use"):
            figure = book.exact(row.process, "use", code, material)
            if figure is not None and country in (None, code):
                total += figure.value
    return total


# --- totals ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("process", "tonnes"), PUBLISHED_T.items())
def test_output_is_the_published_world_total(book: FigureBook, process: str, tonnes: float) -> None:
    """The survey rounds its totals to three digits; countries cover all of them, so more than 98 %."""
    assert made_t(book, process) == pytest.approx(tonnes, rel=0.002)


@pytest.mark.parametrize(("key", "tonnes"), MINED_T.items())
def test_mines_of_a_country_are_the_surveys(book: FigureBook, key: tuple[str, str], tonnes: float) -> None:
    """One statistic for the whole stage."""
    assert made_t(book, *key) == tonnes


@pytest.mark.parametrize(
    "process", ["graphite_mining", "manganese_mining", "manganese_alloy", "anode_synthetic"]
)
def test_nodes_and_the_rest_of_the_world_cover_the_stage(book: FigureBook, process: str) -> None:
    """The rest of the world is a tenth at most: no large country hides in it."""
    assert "ROW" in book.countries_with(process, "production")
    assert made_t(book, process, "ROW") < 0.1 * made_t(book, process)


# --- structure ---------------------------------------------------------------------------------------------


def test_balama_is_carved_out_at_what_it_made(tables: Tables, book: FigureBook) -> None:
    """Output of the country, far below what the plant once did; Vidalia is a project, not a plant."""
    names = {row.facility for row in records(tables.facilities) if row.process in MADE_BY.values()}
    assert names == {"balama"}
    made = book.exact("graphite_mining", "facility_production", "MOZ", "balama")
    most = book.exact("graphite_mining", "facility_capacity", "MOZ", "balama")
    assert made is not None
    assert most is not None
    assert made.value == made_t(book, "graphite_mining", "MOZ")
    assert 2 * made.value < most.value < 350_000


def test_no_host_and_no_joint_product(tables: Tables) -> None:
    """Every product is made for its own sake."""
    own = set(MADE_BY.values())
    assert not own & set(tables.hosts["process"])
    assert not own & set(tables.outputs["process"])


def test_natural_anode_takes_two_and_a_half_tonnes_of_flake(book: FigureBook) -> None:
    """Milling, purification and coating: 2.53 t, as read."""
    milled = book.find("graphite_spherical", "input_per_unit", "CHN", "graphite/flake")
    coated = book.find("anode_natural", "input_per_unit", "CHN", "graphite/spherical")
    assert milled is not None
    assert coated is not None
    assert milled.value * coated.value == pytest.approx(1 / 0.39468, rel=0.001)


def test_stock_building_is_not_essential(book: FigureBook) -> None:
    """It gives way first."""
    for material in ("anode/synthetic", "anode/natural", "graphite/flake"):
        figure = book.find("use_stock_building", "essential", "CHN", material)
        assert figure is not None
        assert figure.value == 0


def test_a_pinch_of_graphite_does_not_stop_a_steelworks(book: FigureBook) -> None:
    """Share times essential stays small in the large shells; manganese in steel is what it is."""
    for process in ("use_steel_carbon", "use_chemicals_other"):
        essential = book.find(process, "essential", "USA", "graphite/flake")
        share = book.find(process, "share", "USA", "graphite/flake")
        assert essential is not None
        assert share is not None
        assert essential.value * share.value < 0.01
    steel = book.find("use_steel_carbon", "essential", "USA", "manganese/alloy")
    assert steel is not None
    assert steel.value > 0.9


def test_every_stage_says_what_its_balance_proves(tables: Tables) -> None:
    """One closure for each material of the two chains."""
    assert set(MADE_BY) <= set(tables.closures["material"])


# --- balance -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("material", MADE_BY)
def test_figures_nearly_balance_before_reconciliation(
    tables: Tables, book: FigureBook, material: str
) -> None:
    """Supply against use."""
    made, taken = made_t(book, MADE_BY[material]), taken_t(tables, book, material)
    assert abs(made / taken - 1) <= GAP


def test_sulphate_follows_the_correction(book: FigureBook) -> None:
    """65 kt of manganese inside cells is not the intake of precursor; 80 kt is."""
    assert made_t(book, "manganese_hpmsm") == pytest.approx(80_000)


def test_steel_takes_seven_kilograms_of_manganese_per_tonne(tables: Tables, book: FigureBook) -> None:
    """On alloy basis; 9 kg would be ore."""
    assert taken_t(tables, book, "manganese/alloy") / STEEL_T == pytest.approx(0.0073, rel=0.05)


def test_apparent_use_of_graphite_in_the_united_states(tables: Tables, book: FigureBook) -> None:
    """Sectors and start-up feed add to imports less exports."""
    for material, tonnes in USE_USA_T.items():
        assert taken_t(tables, book, material, "USA") == pytest.approx(tonnes, rel=0.002)


def test_chinese_imports_of_ore_are_near_the_customs_weight(tables: Tables, book: FigureBook) -> None:
    """Intake less own mines against 29.3 Mt gross at 37 % Mn: a check of the judged alloy split."""
    imports = taken_t(tables, book, "manganese/ore", "CHN") - made_t(book, "manganese_mining", "CHN")
    assert imports == pytest.approx(10_900_000, rel=0.1)
