"""The figures as an auditor reads them: complete rows, world totals, no number from nowhere, plausible ends.

The world totals are those of the US Geological Survey (2026 edition) and of the zinc study group; the pilot's
values are those of docs/background/balancing.md.
"""

from __future__ import annotations

import math
import re

import pytest

from sim.data.figures import FigureBook
from sim.data.read import TABLES_FOLDER, Tables, read_tables
from sim.model.network import Network
from tests.data.sums import made_t

EXPERT = "expert"
CONSUMERS = {"USA", "EUU", "JPN", "KOR", "CHN", "IND", "ROW"}


# --- rows --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("table", ["figures", "corrections", "materials", "trade_shares", "parameters"])
def test_every_row_with_a_number_says_where_it_is_from_and_what_it_means(tables: Tables, table: str) -> None:
    """Source, confidence and a note or reason in each row; value, unit and year where the table has them."""
    frame = tables.frames()[table]
    note = "reason" if table == "corrections" else "note"
    assert (frame["source_id"].map(len) > 0).all()
    assert set(frame["confidence"]) <= {"high", "medium", "low", EXPERT}
    assert (frame[note].str.strip() != "").all()
    for column in {"value", "unit", "year", "share"} & set(frame.columns):
        assert not frame[column].isna().any(), column
        assert (frame[column] != "").all(), column


@pytest.mark.parametrize("table", ["figures", "corrections", "materials", "trade_shares", "parameters"])
def test_judgement_alone_claims_no_confidence(tables: Tables, table: str) -> None:
    """A row that cites nothing but judgement is marked so in both columns."""
    frame = tables.frames()[table]
    alone = frame["source_id"].map(lambda cited: set(cited) == {EXPERT})
    assert set(frame.loc[alone, "confidence"]) <= {EXPERT}


def test_arithmetic_is_no_better_than_medium(tables: Tables) -> None:
    """Own arithmetic on shares or balances cannot be as sure as a read total."""
    frame = tables.figures
    derived = frame["source_id"].map(lambda cited: all(s == EXPERT or s.startswith("derived") for s in cited))
    assert set(frame.loc[derived, "confidence"]) <= {EXPERT, "low", "medium"}


def test_every_source_can_be_found(tables: Tables) -> None:
    """Title, publisher, and an address unless it is own arithmetic or judgement."""
    sources = tables.sources
    assert (sources["title"].str.strip() != "").all()
    assert (sources["publisher"].str.strip() != "").all()
    without = set(sources.loc[sources["url"] == "", "source_id"])
    assert {name for name in without if not (name.startswith("derived") or name == EXPERT)} == set()


def test_corrections_keep_what_they_replace(tables: Tables, book: FigureBook) -> None:
    """The raw figure stays in the table; the reason says more than that it is wrong."""
    for row in tables.corrections.to_dict("records"):
        figure = book.exact(row["process"], row["measure"], row["country"], row["partner"])
        assert figure is not None
        assert (figure.raw_value, figure.corrected) == (pytest.approx(row["original_value"]), True)
        assert len(row["reason"]) > 40


# --- totals ------------------------------------------------------------------------------------------------

WORLD_TOTALS = [
    ("bauxite, t dry", ("bauxite_mining",), 428e6, 0.01),
    ("alumina, t Al2O3", ("alumina_refining",), 142e6, 0.01),
    ("primary gallium, t", ("gallium_primary",), 848.0, 0.005),
    ("zinc mined, t Zn", ("zinc_mining",), 11.9e6, 0.01),
    ("zinc refined, t Zn", ("zinc_smelting", "zinc_secondary"), 13.55e6, 0.005),
    (
        "rare earths mined with Laos, and Myanmar as customs show, t REO",
        ("ree_mining_hard_rock", "ree_mining_mineral_sands", "ree_mining_ion_clay"),
        402_000.0,
        0.001,
    ),
    (
        "NdFeB magnets, t finished",
        ("ndfeb_magnet_high_temperature", "ndfeb_magnet_standard"),
        231_320.0,
        0.001,
    ),
]


@pytest.mark.parametrize(
    ("processes", "world_t", "tolerance"),
    [row[1:] for row in WORLD_TOTALS],
    ids=[row[0] for row in WORLD_TOTALS],
)
def test_countries_sum_to_the_published_world(
    book: FigureBook, processes: tuple[str, ...], world_t: float, tolerance: float
) -> None:
    """Nothing is lost between the rows of a statistic and its total, but rounding."""
    total = math.fsum(figure.value for process in processes for figure in book.rows(process, "production"))
    assert total == pytest.approx(world_t, rel=tolerance)


@pytest.mark.parametrize(
    ("processes", "world_t", "tolerance"),
    [row[1:] for row in WORLD_TOTALS],
    ids=[row[0] for row in WORLD_TOTALS],
)
def test_the_balance_keeps_the_published_world(
    network: Network, processes: tuple[str, ...], world_t: float, tolerance: float
) -> None:
    """Reconciliation shifts a world total by less than three percent."""
    assert made_t(network, *processes) == pytest.approx(world_t, rel=0.03 + tolerance)


@pytest.mark.parametrize("chain", ["gallium", "germanium", "magnet_rare_earths"])
def test_every_consumer_has_sectors_of_its_own_in_every_chain(tables: Tables, chain: str) -> None:
    """At least three sectors each, so that a scenario can say who falls short."""
    processes = tables.processes
    of_chain = set(
        processes.loc[(processes["chain"] == chain) & (processes["stage"] == "end_use"), "process"]
    )
    use = tables.figures[(tables.figures["measure"] == "use") & tables.figures["process"].isin(of_chain)]
    count = use.groupby("country")["process"].nunique()
    assert {country for country in CONSUMERS if count.get(country, 0) >= 3} == CONSUMERS


# --- nothing from nowhere ----------------------------------------------------------------------------------


def test_every_number_of_the_balance_stands_in_a_row(tables: Tables, network: Network) -> None:
    """A prior is the value at its file and line, or of the correction made for it."""
    raw = {f"{row['file']}:{row['line']}": row for row in tables.figures.to_dict("records")}
    corrected = {
        (row["process"], row["measure"], row["country"], row["partner"]): row["value"]
        for row in tables.corrections.to_dict("records")
    }
    for move in network.report.moves:
        name, prior = str(move["quantity"]), float(str(move["prior"]))
        kind = name.partition(":")[0]
        if kind in ("surplus", "remainder"):
            continue  # what is left over of the rows
        row = raw[str(move["where"])]
        key = (row["process"], row["measure"], row["country"], row["partner"])
        if kind == "recovered":
            parts = [row["value"]] + [
                other["value"]
                for other in raw.values()
                if (other["process"], other["country"], other["partner"]) == (key[0], key[2], key[3])
                and {other["measure"], key[1]} == {"collection", "recovery"}
            ]
            assert min(parts) * 0.3 <= prior <= max(parts), name
        else:
            assert prior == pytest.approx(corrected.get(key, row["value"]), rel=1e-12), name


def test_defaults_of_nodes_are_parameters_of_the_tables() -> None:
    """The code that makes nodes holds named defaults only, and each is a row of the parameters too."""
    parameters = {row["name"] for row in read_tables().parameters.to_dict("records")}
    code = (TABLES_FOLDER.parents[1] / "model" / "attributes.py").read_text(encoding="utf-8")
    asked = set(re.findall(r'book\.parameter\("(\w+)"', code))
    assert asked <= parameters


# --- plausibility ------------------------------------------------------------------------------------------

# quantity, processes, country, lowest, highest; t/year after balancing. The bounds hold what the pilot, the
# market reports and engineering allow together.
PLAUSIBLE = [
    ("gallium wafers, t Ga", ("gaas_wafer",), None, 95.0, 130.0),
    ("high-purity gallium from primary, t", ("gallium_high_purity",), None, 190.0, 260.0),
    ("refined germanium from ore, t", ("germanium_refining",), None, 135.0, 155.0),
    (
        "refined germanium with scrap, t",
        (
            "germanium_refining",
            "germanium_blank_scrap",
            "germanium_fibre_scrap",
            "germanium_wafer_scrap",
            "germanium_old_scrap",
        ),
        None,
        166.0,
        215.0,
    ),
    ("germanium blanks, t Ge", ("germanium_blank",), None, 25.0, 33.0),
    ("clay of Myanmar, t REO", ("ree_mining_ion_clay",), "MMR", 33_000.0, 41_000.0),
    ("NdPr oxide, t", ("ndpr_separation", "ndpr_swarf", "ndpr_magnet_scrap"), None, 108_000.0, 120_000.0),
    ("Dy oxide, t", ("dysprosium_separation", "dysprosium_swarf"), None, 3_300.0, 3_700.0),
    ("Tb oxide, t", ("terbium_separation", "terbium_swarf"), None, 600.0, 720.0),
    ("NdPr metal, t", ("ndpr_metal",), None, 82_000.0, 97_000.0),
    (
        "finished NdFeB of China, t",
        ("ndfeb_magnet_high_temperature", "ndfeb_magnet_standard"),
        "CHN",
        205_000.0,
        227_000.0,
    ),
]


@pytest.mark.parametrize(
    ("processes", "country", "lowest_t", "highest_t"),
    [row[1:] for row in PLAUSIBLE],
    ids=[row[0] for row in PLAUSIBLE],
)
def test_balanced_quantities_are_plausible(
    network: Network, processes: tuple[str, ...], country: str | None, lowest_t: float, highest_t: float
) -> None:
    """Within what independent readings of the same world span."""
    assert lowest_t <= made_t(network, *processes, country=country) <= highest_t


# recipe, lowest, highest: t of input per t; from the best to the poorest yield that practice knows
RECIPES = [
    ("ndpr_separation", "neodymium_praseodymium/contained", 1.05, 1.25),
    ("dysprosium_separation", "dysprosium/contained", 1.05, 1.25),
    ("terbium_separation", "terbium/contained", 1.05, 1.25),
    ("ndpr_metal", "neodymium_praseodymium/oxide", 1.17, 1.25),
    ("dysprosium_metal", "dysprosium/oxide", 1.15, 1.25),
    ("terbium_metal", "terbium/oxide", 1.18, 1.28),
    ("ndfeb_magnet_high_temperature", "neodymium_praseodymium/metal", 0.35, 0.42),
    ("ndfeb_magnet_standard", "neodymium_praseodymium/metal", 0.35, 0.42),
    ("ndfeb_magnet_high_temperature", "dysprosium/metal", 0.015, 0.03),
    ("gallium_high_purity", "gallium/primary_metal", 1.005, 1.08),
    ("gaas_wafer", "gallium/high_purity_metal", 2.2, 3.0),
    ("germanium_refining", "germanium/concentrate", 1.03, 1.18),
    ("germanium_blank", "germanium/refined", 2.0, 3.0),
    ("zinc_smelting", "zinc/concentrate", 1.03, 1.08),
]


@pytest.mark.parametrize(("process", "material", "lowest", "highest"), RECIPES)
def test_balanced_recipes_are_those_of_practice(
    network: Network, process: str, material: str, lowest: float, highest: float
) -> None:
    """A balance that needs a plant without losses has found an error of the figures, not a recipe."""
    found = {
        entry.input_per_unit
        for node in network.nodes.values()
        if node.process == process
        for entry in node.inputs
        if entry.material == material
    }
    assert found
    assert all(lowest <= value <= highest for value in found), found


TIMES = {"process_days": (0.0, 120.0), "restart_days": (0.0, 540.0), "output_cover_days": (7.0, 90.0)}


def test_times_and_stocks_lie_in_the_range_of_practice(network: Network) -> None:
    """Days, not weeks or years by mistake; every slot has a cover and a fraction."""
    for node in network.nodes.values():
        for name, (lowest, highest) in TIMES.items():
            if node.outputs and node.planned_per_year > 0:  # what stands idle may be years from running
                assert lowest <= getattr(node, name) <= highest, (node.id, name)
        for entry in node.inputs:
            assert 10 <= entry.cover_days <= 180, (node.id, entry.material)
            assert 0 <= entry.essential <= 1
            assert 0 < entry.share <= 1
        if node.is_end_use:
            assert 0 <= node.deferred_fraction <= 0.95
            assert 0.0 <= node.growth_per_year <= 0.3


def test_shares_of_product_lines_do_not_exceed_the_whole(network: Network) -> None:
    """Losses add over lines: their largest shares may sum to one at most."""
    for node in network.nodes.values():
        largest: dict[str, float] = {}
        for entry in node.inputs:
            largest[entry.line] = max(largest.get(entry.line, 0.0), entry.share)
        assert sum(largest.values()) <= 1 + 1e-3, node.id


def test_only_stock_building_comes_last(network: Network) -> None:
    """Priority 9 and essential 0 mark who gives way first, and nobody else."""
    last = {node.process for node in network.nodes.values() if node.priority == 9}
    spare = {
        node.process
        for node in network.nodes.values()
        if node.inputs and all(entry.essential == 0 for entry in node.inputs)
    }
    assert last == spare == {"gallium_stock_building", "use_stock_building"}
