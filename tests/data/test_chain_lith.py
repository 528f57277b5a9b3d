"""Lithium, cathodes and cells: totals as published, gaps small, trade of China as its customs count it."""

from __future__ import annotations

import math

import pytest

from sim.data.figures import FigureBook
from sim.data.read import TABLES_FOLDER, Tables
from sim.model.network import Network
from tests.data.sums import made_t, used_t

PAGES = TABLES_FOLDER.parents[2] / "docs" / "background"
CHAIN = "lithium_cells"
CARBONATE = ("lithium_carbonate_rock", "lithium_carbonate_brine", "battery_recycling")
HYDROXIDE = ("lithium_hydroxide", "lithium_hydroxide_causticising")


# published or derived world total, t; tolerance of the rows against it
WORLD = [
    # 222,970 t in the rows of the Survey, with Nigeria 4,000 t and the United States 700 t beside it
    ("mined", ("lithium_mining_hard_rock", "lithium_brine"), 227_670.0, 0.002),
    # mines x yield and recycled carbonate; what becomes hydroxide over carbonate counts twice
    ("chemicals", (*CARBONATE, *HYDROXIDE), 146_270 * 0.88 + 81_400 / 1.02 + 13_000 + 20_200, 0.005),
    ("precursor", ("precursor_ternary",), 984_000.0, 0.001),
    ("iron phosphate", ("cathode_lfp",), 2_465_000.0, 0.001),
    ("ternary", ("cathode_ternary",), 998_000.0, 0.001),
    ("cobalt and manganese oxide", ("cathode_lco_lmo",), 258_000.0, 0.001),
    ("lfp cells", ("cells_lfp",), 940 * 5_900.0, 0.001),
    ("ternary cells", ("cells_ternary",), 505 * 4_100.0, 0.001),
    ("small cells", ("cells_small",), 100 * 4_500.0, 0.001),
]


@pytest.mark.parametrize(
    ("processes", "world_t", "tolerance"), [w[1:] for w in WORLD], ids=[w[0] for w in WORLD]
)
def test_rows_and_balance_keep_the_published_world(
    book: FigureBook, network: Network, processes: tuple[str, ...], world_t: float, tolerance: float
) -> None:
    """The rows give the total, and reconciliation shifts it by less than two percent."""
    total = math.fsum(f.value for process in processes for f in book.rows(process, "production"))
    assert total == pytest.approx(world_t, rel=tolerance)
    assert made_t(network, *processes) == pytest.approx(world_t, rel=0.02)


GAPS = {
    "lithium/hard_rock": 0.5,
    "lithium/brine": 0.5,
    "lithium/carbonate": 2.0,
    "lithium/hydroxide": 1.5,
    "precursor/ternary": 0.5,
    "cathode/lfp": 0.5,
    "cathode/ternary": 0.5,
    "cathode/lco_lmo": 0.5,
    "cells/lfp": 0.5,
    "cells/ternary": 0.5,
    "cells/small": 0.5,
}


@pytest.mark.parametrize("material", GAPS)
def test_gaps_before_the_balance_are_small(network: Network, material: str) -> None:
    """All under the 5 % asked for."""
    (row,) = [row for row in network.report.materials if row["material"] == material]
    assert abs(float(str(row["gap_before"]))) <= GAPS[material] / 100


def test_cells_by_field_are_the_shipments_of_the_year(tables: Tables) -> None:
    """Vehicles 1,051 GWh, storage 370, small cells 124: 1,545 in all."""
    gwh = {"cells/lfp": 1 / 5_900, "cells/ternary": 1 / 4_100, "cells/small": 1 / 4_500}

    def field(*processes: str) -> float:
        rows = tables.figures[tables.figures["process"].isin(processes) & tables.figures["partner"].isin(gwh)]
        uses = rows[rows["measure"] == "use"]
        return math.fsum(v * gwh[m] for v, m in zip(uses["value"], uses["partner"], strict=True))

    assert field("use_ev_traction", "use_light_mobility") == pytest.approx(1_051, rel=0.002)
    assert field("use_grid_storage") == pytest.approx(370, rel=0.002)
    assert field("use_consumer_electronics", "use_battery_other") == pytest.approx(124, rel=0.005)


def test_lithium_in_use_is_that_of_the_survey(network: Network) -> None:
    """220 kt, all chemicals less what only becomes hydroxide."""
    between = made_t(network, "lithium_hydroxide_causticising") * 1.02
    used = used_t(network, "lithium/carbonate") + used_t(network, "lithium/hydroxide") - between
    assert used == pytest.approx(220_000, rel=0.02)


def test_chinese_trade_comes_out_as_counted(network: Network) -> None:
    """Customs: 235,020 t of carbonate came in, 0.1879 Li; no figure of the tables says so."""
    net = used_t(network, "lithium/carbonate", "CHN") - made_t(network, *CARBONATE, country="CHN")
    assert net == pytest.approx(235_020 * 0.1879, rel=0.05)
    assert made_t(network, *HYDROXIDE, country="CHN") > 1.2 * used_t(network, "lithium/hydroxide", "CHN")


def test_scrap_follows_plants_in_its_own_country(network: Network) -> None:
    """Less than a tenth of what goes into cathode comes back, and from China alone."""
    sources = [s for s in network.scrap if network.nodes[s.node].process == "battery_recycling"]
    assert {network.nodes[s.scrap_of].country for s in sources} == {"CHN"}
    assert all(0 < s.collection * s.recovery < 0.1 for s in sources)


def test_every_producing_stage_says_how_far_its_balance_proves_anything(tables: Tables) -> None:
    """One row for each material and stage that makes it."""
    made = tables.processes[(tables.processes["chain"] == CHAIN) & (tables.processes["stage"] != "end_use")]
    wanted = set(zip(made["output_material"], made["stage"], strict=True))
    told = set(zip(tables.closures["material"], tables.closures["stage"], strict=True))
    assert wanted <= told


def test_lines_of_the_new_sectors_make_the_whole(tables: Tables) -> None:
    """Shares of chemistries in storage and cordless goods sum to one in each country."""
    for process in ("use_grid_storage", "use_battery_other"):
        rows = tables.figures[(tables.figures["process"] == process) & (tables.figures["measure"] == "share")]
        sums = rows.groupby("country")["value"].sum().to_dict()
        assert sums
        assert all(total == pytest.approx(1.0, abs=0.002) for total in sums.values()), (process, sums)


def test_page_counts_what_is_judged(tables: Tables) -> None:
    """The page tells how many figures are marked expert."""
    rows = tables.figures[tables.figures["file"].isin(("figures/lithium.csv", "figures/lithium_cells.csv"))]
    judged = int((rows["confidence"] == "expert").sum())
    page = (PAGES / "chain_lithium_cells.md").read_text(encoding="utf-8").replace("\n", " ")
    assert f"{judged} of {len(rows)} figures are `expert`" in page
