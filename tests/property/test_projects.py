"""Announced projects in a run: nothing without them, mass kept with them, and they find customers."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

import sim
from sim.analysis.result import RunResult
from sim.model.announced import share_sum_of_entries
from sim.model.network import Network
from sim.model.scenario import Scenario

WEEK = 7.0 / 365.0


def scenario(choice: str = "financed", years: int = 8, **changes: Any) -> Scenario:
    return Scenario(
        name="projects",
        start="2026-01-05",
        horizon=f"{years} years",
        network={"projects": choice},
        watch=["USA", "JPN"],
        **changes,
    )


def run(spec: Scenario, **keys: Any) -> RunResult:
    network = sim.default_network(2024, spec.network.projects)
    return sim.simulate(network, spec, record="all", **keys)


def activity(result: RunResult, node: str, *, baseline: bool = False) -> np.ndarray:
    """Return the activity of a node, units/year."""
    row = [label.id for label in result.labels.nodes].index(node)
    record = result.baseline if baseline else result.record
    return record.series.node_activity[:, row] / WEEK


@pytest.fixture(scope="module")
def financed() -> RunResult:
    return run(scenario(), check=True)


@pytest.fixture(scope="module")
def network() -> Network:
    return sim.default_network(2024, "all")


# -- at rest -------------------------------------------------------------------------------------------------


def test_without_projects_the_network_is_as_if_there_were_none() -> None:
    """Nodes, arcs and every history flat."""
    plain = sim.default_network(2024, "none")
    assert plain.announced.new_nodes == ()
    assert not plain.announced.entries
    result = run(scenario("none", years=3))
    planned = np.array([plain.nodes[label.id].planned_per_year for label in result.labels.nodes])
    history = result.record.series.node_activity / WEEK
    assert np.abs(history - planned).max() <= 1e-9 * planned.max()
    assert result.summary["projects"] == []


def test_a_choice_lets_in_its_status_and_every_better_one() -> None:
    """Rising choices hold rising sets of parts."""
    held = [
        {part.node for part in sim.default_network(2024, choice).announced.parts}
        for choice in ("none", "operating", "construction", "financed", "permitting", "all")
    ]
    assert all(a < b for a, b in pairwise(held))


def test_new_plants_rest_in_the_base_year(network: Network) -> None:
    """Nothing planned, no capacity, only latent arcs; a feed for each input."""
    new = set(network.announced.new_nodes)
    fed = {(feed.customer, feed.material) for feed in network.announced.feeds}
    for name in new:
        node = network.nodes[name]
        assert node.planned_per_year == 0.0
        assert node.capacity_per_year == 0.0
        assert {(name, entry.material) for entry in node.inputs} <= fed
    for arc in network.arcs:
        if arc.supplier in new or arc.customer in new:
            assert arc.flow_t_per_year == 0.0


def test_feeds_of_a_slot_add_up(network: Network) -> None:
    """Shares of one intake sum to one."""
    sums: dict[tuple[str, str], float] = {}
    for feed in network.announced.feeds:
        key = (feed.customer, feed.material)
        sums[key] = sums.get(key, 0.0) + feed.share
    assert all(total == pytest.approx(1.0) for total in sums.values())


# -- commissioning -------------------------------------------------------------------------------------------


def test_mass_is_kept_and_nobody_at_the_end_goes_short(financed: RunResult) -> None:
    """New supply displaces old supply; it does not leave users without."""
    assert financed.record.max_relative_balance_error < 1e-9
    for i, label in enumerate(financed.labels.nodes):
        if label.stage == "end_use":
            demand = financed.record.series.node_demand[:, i]
            missing = demand - financed.record.series.node_activity[:, i]
            assert missing.max() <= 1e-3 * demand.max(), label.id


def test_run_and_baseline_have_the_same_projects(financed: RunResult) -> None:
    """Without disruption or response every history is that of the baseline, bit for bit."""
    for name in ("node_activity", "inventory", "production"):
        left, right = (getattr(r.series, name) for r in (financed.record, financed.baseline))
        assert np.array_equal(left, right), name


def test_a_plant_makes_nothing_before_its_day_and_runs_full_in_the_end(financed: RunResult) -> None:
    """Its feed and its customers are found: above nine tenths of what stands after the ramp."""
    parts = {part.node: part for part in sim.default_network(2024, "financed").announced.parts}
    for row in financed.summary["projects"]:
        part = parts[row["node"]]
        if row["ran_in_base_year"] or not part.built or part.median_start > date(2029, 1, 1):
            continue
        made = activity(financed, row["node"])
        first = max(0, (part.median_start - date(2026, 1, 5)).days // 7)
        assert not made[:first].any(), row["node"]
        standing = part.capacity_per_year * part.curve[min(len(part.curve), 12) - 1]
        assert made[-26:].mean() > 0.85 * standing, row["node"]


def test_the_ramp_does_not_swing(financed: RunResult) -> None:
    """Two years after the last first output every producer is steady to a percent."""
    tail = run(scenario(years=12)).record.series.node_activity[-52:]
    mean = tail.mean(axis=0)
    assert (tail.std(axis=0) <= 0.01 * mean + 1e-12).all()


def test_the_log_says_when_each_comes_and_which_does_not() -> None:
    """Events and summary tell the same."""
    result = run(scenario("all", years=8))
    logged = {event.name: event.label for event in result.record.events}
    for row in result.summary["projects"]:
        if row["date_commissioned"] and "2026-01-05" < row["date_commissioned"] < "2033":
            assert "first output" in logged[row["node"]], row["node"]
        if not row["built"] and row["node"] in logged:
            assert "not built" in logged[row["node"]]
            assert row["output"] == 0.0
    assert any("not built" in label for label in logged.values())


def test_a_plant_that_is_replaced_ends_with_its_successor() -> None:
    """The old Clarksville smelter goes as its customers go to the new one."""
    result = run(scenario("all", years=12))
    old = activity(result, "zinc_smelting.USA.nyrstar_clarksville_existing")
    new = activity(result, "zinc_smelting.USA.clarksville_zinc")
    assert old[:300].min() > 90_000
    assert old[-1] < 1_000
    assert new[-1] > 250_000


def test_a_refinery_without_its_mine_makes_nothing() -> None:
    """The spherical mill of one project has one feeder; stopped, the refinery stops."""
    part = "ndpr_separation.AUS.eneabba_ndpr"
    stop = {
        "kind": "capacity_loss",
        "target": "ree_mining_mineral_sands.AUS.eneabba_stockpile",
        "start": "2026-02-02",
    }
    result = run(scenario(years=5, disruptions=[stop]))
    assert activity(result, part).max() < 1e-9
    assert activity(result, part, baseline=True).max() > 1_000


def test_a_redirect_moves_flows_and_adds_nothing() -> None:
    """Lynas sends at least 5,000 t to Japan from its day on; world output of the oxide is the same."""
    spec = scenario("operating", years=3)
    result = sim.simulate(sim.default_network(2024, "operating"), spec, record="flows")
    flow, arcs = result.record.series.flow, result.labels.arcs
    nodes = sim.default_network(2024, "operating").nodes
    chosen = [
        i
        for i, (supplier, customer, material) in enumerate(arcs)
        if supplier.endswith("lynas_malaysia")
        and material == "neodymium_praseodymium/oxide"
        and nodes[customer].country == "JPN"
    ]
    sent = flow[:, chosen].sum(axis=1) / WEEK
    before = sum(
        arc.flow_t_per_year
        for arc in sim.default_network(2024, "operating").arcs
        if arc.supplier.endswith("lynas_malaysia")
        and arc.material == "neodymium_praseodymium/oxide"
        and nodes[arc.customer].country == "JPN"
    )
    wanted_by_japan = sum(
        arc.flow_t_per_year
        for arc in sim.default_network(2024, "operating").arcs
        if arc.material == "neodymium_praseodymium/oxide" and nodes[arc.customer].country == "JPN"
    )
    assert sent[-20:].mean() > before
    assert sent[-20:].mean() > 0.85 * min(5_000.0, wanted_by_japan)


# -- what a scenario does with them --------------------------------------------------------------------------


def test_funding_builds_what_the_median_path_leaves() -> None:
    """Gramercy gallium has odds of 45 %; a tenth more builds it in the run and not in the baseline."""
    fund = {"kind": "fund_project", "project": "atalco_gramercy", "odds": "10%", "earlier": "12 months"}
    result = run(scenario("all", responses=[fund]))
    row = next(r for r in result.summary["projects"] if "gramercy_gallium" in r["node"])
    assert row["built"]
    assert row["baseline_date_commissioned"] is None
    assert row["output"] > 0.0 == row["baseline_output"]
    plain = run(scenario("all"))
    part = next(p for p in sim.default_network(2024, "all").announced.parts if "gramercy_gallium" in p.node)
    assert date.fromisoformat(row["date_commissioned"]) == part.median_start - timedelta(days=365)
    assert not next(r for r in plain.summary["projects"] if "gramercy_gallium" in r["node"])["built"]


def test_more_slippage_never_makes_more() -> None:
    """Output of a plant over the run falls with the delay; cancelled, it is nothing."""
    made = []
    for words in ({"delay": "0.5 years"}, {"delay": "1 years"}, {"delay": "2 years"}, {"cancelled": True}):
        slip = {"kind": "project_slippage", "projects": ["mp_10x_northlake"], "start": "2026-01-05", **words}
        result = run(scenario(disruptions=[slip]))
        rows = [r for r in result.summary["projects"] if r["project"] == "mp_10x_northlake"]
        made.append(sum(r["output"] for r in rows))
        assert sum(r["baseline_output"] for r in rows) > made[-1]
    assert made == sorted(made, reverse=True)
    assert made[-1] == 0.0


def test_earlier_money_never_makes_less() -> None:
    """Output over the run rises with the months gained."""
    made = []
    for months in (3, 12, 24):
        fund = {"kind": "fund_project", "project": "vulcan_elements_benson", "earlier": f"{months} months"}
        rows = run(scenario(responses=[fund])).summary["projects"]
        made.append(sum(r["output"] for r in rows if r["project"] == "vulcan_elements_benson"))
    assert made == sorted(made)
    assert made[0] < made[-1]


def test_slippage_spares_what_came_before_it() -> None:
    """A plant that had its first output before the start is not touched."""
    slip = {"kind": "project_slippage", "start": "2028-01-03", "delay": "1 years"}
    result = run(scenario(disruptions=[slip]))
    for row in result.summary["projects"]:
        first, calm = row["date_commissioned"], row["baseline_date_commissioned"]
        assert (first == calm) == (calm is None or calm < "2028-01-03"), row["node"]


def test_entries_never_take_more_than_a_slot_has(network: Network) -> None:
    """Newcomers of one slot together leave a fifth to its old suppliers."""
    assert max(share_sum_of_entries(network.announced).values()) <= 0.8 + 1e-9


def test_all_money_brings_nothing_before_its_announced_date() -> None:
    """`project: all` undoes slips and no more."""
    fund = {"kind": "fund_project", "project": "all", "earlier": "6 years"}
    result = run(scenario(responses=[fund]))
    parts = {part.node: part for part in sim.default_network(2024, "financed").announced.parts}
    for row in result.summary["projects"]:
        if row["date_commissioned"]:
            first, part = date.fromisoformat(row["date_commissioned"]), parts[row["node"]]
            announced = date.fromisoformat(part.start)
            early = part.median_start <= date(2026, 1, 5)
            assert first == (part.median_start if early else max(announced, date(2026, 1, 5)))
