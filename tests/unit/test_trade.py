"""Who buys from whom: margins, nearness, known shares, pruning, latent arcs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from sim.data.read import read_tables
from sim.errors import Faults, NetworkError
from sim.model.entropy import Band, fit, least_slack
from sim.model.figures import FigureBook
from sim.model.network import Arc
from sim.model.structure import read_structure
from sim.model.trade import End, Trade, Trader
from sim.vocab import Evidence
from tests.tables_world import write_tables

MATERIAL = "zinc/concentrate"
HEADER = "material,customer,supplier,share,basis,year,source_id,confidence,note\n"


def traded(
    folder: Path, supply: dict[str, float], demand: dict[str, float], shares: Sequence[str] = ()
) -> Trade:
    """Trade concentrate between countries, one node each; a share reads 'AAA,CCC,0.9,imports'."""
    rows = "".join(f"{MATERIAL},{share},2024,book,high,\n" for share in shares)
    qualification = "zinc_mine,qualification_days,WLD,,2024,90,days,book,high,\n"
    tables = read_tables(
        write_tables(
            folder,
            {
                "trade_shares.a.csv": HEADER + rows,
                "figures/zinc.csv": ("zinc_abroad,agg", qualification + "zinc_abroad,agg"),
            },
        )
    )
    book = FigureBook(tables, 2024)
    structure = read_structure(tables, book, Faults(NetworkError))
    trade = Trade()
    Trader(tables, structure, book).trade(MATERIAL, ports(supply), slots(demand), trade)
    return trade


def ports(supply: dict[str, float]) -> list[End]:
    return [End(f"zinc_mine.{name}", "zinc_mine", name.split(".")[0], t) for name, t in supply.items()]


def slots(demand: dict[str, float]) -> list[End]:
    return [End(f"smelter.{name}", "smelter", name.split(".")[0], t) for name, t in demand.items()]


def flow(trade: Trade, supplier: str, customer: str) -> float:
    """Return the flow between two countries."""
    return sum(
        arc.flow_t_per_year
        for arc in trade.arcs
        if arc.supplier.split(".")[1] == supplier and arc.customer.split(".")[1] == customer
    )


def arc(trade: Trade, supplier: str, customer: str) -> Arc:
    (found,) = [
        a for a in trade.arcs if (a.supplier, a.customer) == (f"zinc_mine.{supplier}", f"smelter.{customer}")
    ]
    return found


def test_margins_hold_for_every_node(tmp_path: Path) -> None:
    """Splitting countries over their nodes by size keeps what the countries' fit has met."""
    supply = {"AAA.pit": 10.0, "AAA": 30.0, "CCC": 60.0}
    demand = {"AAA": 45.0, "BBB": 25.0, "CCC.old": 10.0, "CCC": 20.0}
    trade = traded(tmp_path, supply, demand)
    for name, t in supply.items():
        sold = math.fsum(a.flow_t_per_year for a in trade.arcs if a.supplier == f"zinc_mine.{name}")
        assert sold == pytest.approx(t, rel=1e-12)
    for name, t in demand.items():
        got = math.fsum(a.flow_t_per_year for a in trade.arcs if a.customer == f"smelter.{name}")
        assert got == pytest.approx(t, rel=1e-12)


def test_near_is_preferred_to_far(tmp_path: Path) -> None:
    """Own country 20, own region 5, else 1, times exp(-lead / 60 days): the odds of the prior survive."""
    trade = traded(tmp_path, {"AAA": 50.0, "CCC": 50.0}, {"AAA": 50.0, "CCC": 50.0})
    odds = flow(trade, "AAA", "AAA") * flow(trade, "CCC", "CCC")
    odds /= flow(trade, "AAA", "CCC") * flow(trade, "CCC", "AAA")
    # inside a country 5 days; CCC to AAA 30 days by sea, AAA to CCC 12 days by land
    assert odds == pytest.approx(20.0**2 * math.exp(-(5 + 5 - 30 - 12) / 60.0), rel=1e-9)


def test_the_rest_of_the_world_is_near_to_nobody(tmp_path: Path) -> None:
    """ROW stands for many countries: its mines and its smelters need not be neighbours."""
    trade = traded(tmp_path, {"ROW": 50.0, "CCC": 50.0}, {"ROW": 50.0, "CCC": 50.0})
    odds = flow(trade, "ROW", "ROW") * flow(trade, "CCC", "CCC")
    odds /= flow(trade, "ROW", "CCC") * flow(trade, "CCC", "ROW")
    assert odds == pytest.approx(20.0 * math.exp(-(40 + 5 - 40 - 40) / 60.0), rel=1e-9)


def test_a_share_of_imports_is_met_within_a_point(tmp_path: Path) -> None:
    """Own production does not count: 0.3 of what AAA buys abroad comes from ROW."""
    supply, demand = {"AAA": 40.0, "CCC": 60.0, "ROW": 60.0}, {"AAA": 80.0, "CCC": 40.0, "BBB": 40.0}
    trade = traded(tmp_path, supply, demand, ["AAA,ROW,0.8,imports"])
    abroad = flow(trade, "ROW", "AAA") + flow(trade, "CCC", "AAA")
    assert flow(trade, "ROW", "AAA") / abroad == pytest.approx(0.8, abs=0.01 + 1e-9)
    (row,) = trade.shares
    assert row["fitted"] == pytest.approx(flow(trade, "ROW", "AAA") / abroad)
    assert math.isnan(float(str(row["nearest"])))


def test_a_share_of_use_counts_own_production(tmp_path: Path) -> None:
    """The same number means another flow, so that every share must say which it is."""
    supply, demand = {"AAA": 40.0, "CCC": 60.0, "ROW": 60.0}, {"AAA": 80.0, "CCC": 40.0, "BBB": 40.0}
    trade = traded(tmp_path, supply, demand, ["AAA,ROW,0.3,use"])
    assert flow(trade, "ROW", "AAA") / 80.0 == pytest.approx(0.3, abs=0.01 + 1e-9)


def test_a_small_share_has_a_small_band(tmp_path: Path) -> None:
    """0.4 % of imports must not come out as 1.4 %."""
    supply, demand = {"CCC": 60.0, "ROW": 60.0}, {"AAA": 80.0, "CCC": 20.0, "BBB": 20.0}
    trade = traded(tmp_path, supply, demand, ["BBB,ROW,0.004,imports"])
    assert flow(trade, "ROW", "BBB") / 20.0 == pytest.approx(0.004, abs=0.001 + 1e-9)


def test_known_flows_say_so(tmp_path: Path) -> None:
    """An arc whose share was read is evidence, the others fill the rest."""
    supply, demand = {"CCC": 60.0, "ROW": 60.0}, {"AAA": 80.0, "BBB": 40.0}
    trade = traded(tmp_path, supply, demand, ["AAA,ROW,0.5,imports"])
    assert arc(trade, "ROW", "AAA").evidence is Evidence.KNOWN
    assert arc(trade, "CCC", "AAA").evidence is Evidence.ESTIMATED
    assert arc(trade, "ROW", "BBB").evidence is Evidence.ESTIMATED


def test_a_share_that_cannot_hold_comes_as_near_as_it_can(tmp_path: Path) -> None:
    """ROW makes 20 t; 0.9 of BBB's 50 t would be 45 t. Dropping the share would say less than 20 t do."""
    supply, demand = {"CCC": 100.0, "ROW": 20.0}, {"AAA": 70.0, "BBB": 50.0}
    without = traded(tmp_path / "a", supply, demand)
    trade = traded(tmp_path / "b", supply, demand, ["BBB,ROW,0.9,imports"])
    (row,) = trade.shares
    assert 0.35 < float(str(row["nearest"])) < 0.4
    assert row["fitted"] == pytest.approx(row["nearest"], abs=0.01)
    assert flow(trade, "ROW", "BBB") > 1.5 * flow(without, "ROW", "BBB")


def test_those_who_share_a_conflict_share_its_burden(tmp_path: Path) -> None:
    """Both want 0.5 from a supplier who has half of that: neither loses everything."""
    supply, demand = {"CCC": 75.0, "ROW": 25.0}, {"AAA": 50.0, "BBB": 50.0}
    trade = traded(tmp_path, supply, demand, ["AAA,ROW,0.5,imports", "BBB,ROW,0.5,imports"])
    assert min(float(str(row["fitted"])) for row in trade.shares) > 0.15


def test_trade_shares_do_not_starve_a_suppliers_own_plants(tmp_path: Path) -> None:
    """All of CCC's ore is claimed abroad, yet its own smelter keeps a part of what it would take."""
    supply, demand = {"CCC": 60.0, "ROW": 60.0}, {"AAA": 60.0, "CCC": 60.0}
    free = flow(traded(tmp_path / "a", supply, demand), "CCC", "CCC")
    held = flow(traded(tmp_path / "b", supply, demand, ["AAA,CCC,1.0,imports"]), "CCC", "CCC")
    assert 0.2 * free < held < free


def test_a_share_of_a_region_counts_its_members(tmp_path: Path) -> None:
    """AAA and BBB are EUU: what they sell each other is no import of the Union."""
    supply, demand = {"AAA": 30.0, "CCC": 40.0, "ROW": 40.0}, {"AAA": 40.0, "BBB": 30.0, "CCC": 40.0}
    trade = traded(tmp_path, supply, demand, ["EUU,ROW,0.75,imports"])
    imports = sum(flow(trade, o, c) for o in ("CCC", "ROW") for c in ("AAA", "BBB"))
    part = sum(flow(trade, "ROW", c) for c in ("AAA", "BBB"))
    assert part / imports == pytest.approx(0.75, abs=0.01 + 1e-9)


def test_a_member_without_a_node_stands_for_its_region(tmp_path: Path) -> None:
    """BBB sells through the Union's node; two such rows are one share of it."""
    supply, demand = {"EUU": 60.0, "ROW": 60.0}, {"CCC": 120.0}
    trade = traded(tmp_path, supply, demand, ["CCC,AAA,0.3,imports", "CCC,BBB,0.2,imports"])
    (row,) = trade.shares
    assert (row["supplier"], row["share"]) == ("AAA;BBB", 0.5)


@pytest.mark.parametrize(
    ("share", "reason"),
    [
        ("BBB,CCC,0.5,imports", "no node of BBB takes"),
        ("AAA,ROW,0.5,imports", "no node of ROW sells"),
        ("AAA,CCC,0.5,imports", "CCC is the only supplier"),
    ],
)
def test_a_share_without_anything_to_act_on_is_dropped_with_a_reason(
    tmp_path: Path, share: str, reason: str
) -> None:
    """Silence would look like agreement."""
    (row,) = traded(tmp_path, {"CCC": 60.0}, {"AAA": 60.0}, [share]).shares
    assert str(row["dropped_reason"]).startswith(reason)


def test_small_flows_are_dropped_but_not_the_next_suppliers(tmp_path: Path) -> None:
    """A user of 1 t with its own mine keeps two more suppliers at 2 %: else a ban would be an artefact."""
    supply = {"AAA": 1000.0, "CCC": 900.0, "ROW": 100.0}
    demand = {"AAA": 1.0, "CCC": 1000.0, "BBB": 999.0}
    trade = traded(tmp_path, supply, demand)
    shares = sorted(flow(trade, name, "AAA") for name in supply)
    assert shares[0] >= 0.02 * (1 - 1e-9)
    assert shares[1] >= 0.02 * (1 - 1e-9)


def test_a_floor_never_empties_a_small_supplier(tmp_path: Path) -> None:
    """2 % of a giant's use may be all that a small mine makes; it stays what it was."""
    supply, demand = {"AAA": 1000.0, "CCC": 3.0, "ROW": 3.0}, {"AAA": 1000.0, "BBB": 6.0}
    trade = traded(tmp_path, supply, demand)
    assert flow(trade, "CCC", "AAA") < 3.0
    assert flow(trade, "CCC", "BBB") > 0.0


def test_all_other_pairs_are_latent_with_the_suppliers_qualification(tmp_path: Path) -> None:
    """Idle mines and idle smelters count: they are what a crisis wakes."""
    trade = traded(tmp_path, {"CCC": 60.0, "AAA": 0.0}, {"AAA": 60.0, "BBB": 0.0})
    assert {(a.supplier, a.customer) for a in trade.arcs} == {
        (f"zinc_mine.{o}", f"smelter.{c}") for o in ("CCC", "AAA") for c in ("AAA", "BBB")
    }
    used = arc(trade, "CCC", "AAA")
    latent = arc(trade, "AAA", "AAA")
    assert (used.flow_t_per_year, used.qualification_days) == (60.0, 0.0)
    assert (latent.flow_t_per_year, latent.qualification_days) == (0.0, 90.0)
    assert (latent.lead_time_days, used.lead_time_days, used.route) == (5.0, 30.0, ("strait",))


def test_margins_that_differ_are_refused(tmp_path: Path) -> None:
    """The balance before must have closed them."""
    with pytest.raises(NetworkError, match="60 t/year for sale and 59 wanted"):
        traded(tmp_path, {"CCC": 60.0}, {"AAA": 59.0})


def test_the_same_tables_give_the_same_bytes(tmp_path: Path) -> None:
    """No set order, no clock, no random start."""
    supply, demand = {"AAA": 40.0, "CCC": 60.0, "ROW": 60.0}, {"AAA": 80.0, "CCC": 40.0, "BBB": 40.0}
    shares = ["AAA,ROW,0.8,imports", "BBB,CCC,0.9,imports"]
    first = traded(tmp_path / "a", supply, demand, shares)
    assert traded(tmp_path / "b", supply, demand, shares).arcs == first.arcs


def test_the_slack_programme_sees_impossible_margins() -> None:
    """A customer whose allowed suppliers have too little cannot be served at all."""
    lowest = np.array([[0.0, np.nan], [0.0, 0.0]])
    supply, demand = np.array([5.0, 5.0]), np.array([2.0, 8.0])
    none = np.zeros(0)
    assert least_slack(supply, demand, lowest, [], none.astype(np.int64), none, none) is None


def test_a_random_market_meets_margins_and_bands() -> None:
    """Thirty markets of the size of a real one, with bands around feasible shares."""
    rng = np.random.default_rng(4)
    empty = np.zeros(0, dtype=np.int64)
    for _ in range(30):
        prior = rng.lognormal(0.0, 2.0, (rng.integers(2, 15), rng.integers(2, 20)))
        inside = prior * rng.lognormal(0.0, 1.0, prior.shape)
        supply, demand = inside.sum(axis=1), inside.sum(axis=0)
        bands = []
        for cell in rng.choice(prior.size, min(prior.size, 8), replace=False):
            t = float(inside.reshape(-1)[cell])
            here = np.array([cell], dtype=np.int64)
            bands += [Band(here, empty, 1.0, 0.0, 1.02 * t), Band(here, empty, -1.0, 0.0, -0.98 * t)]
        result = fit(supply, demand, prior, bands)
        assert result.converged
        np.testing.assert_allclose(result.flow.sum(axis=1), supply, rtol=1e-12)
        np.testing.assert_allclose(result.flow.sum(axis=0), demand, rtol=1e-12)
        assert all(band.excess(result.flow.reshape(-1)) <= 1e-10 * supply.sum() for band in bands)
        assert (result.multipliers >= 0).all()
