"""Demand, routes, preference, cover and recycling, seen in a network small enough to follow.

Two mines (CHN 60, AUS 20 t/year) feed two smelters (JPN, KOR), which feed users in USA, JPN and DEU; ore from
CHN to JPN passes malacca (a day round it), ore from AUS to KOR hormuz (no way round). A recycler in JPN
returns 5 t/year of what the American users discard.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest

from sim.analysis.result import RunResult
from sim.analysis.simulate import simulate
from sim.engine.run import Engine
from sim.errors import ScenarioError
from sim.model.compile import compile_network
from sim.model.folder import read_network_folder
from sim.model.network import Network
from sim.model.scenario import loads_scenario
from tests.network_files import write_files
from tests.scenario_text import scenario_text

FILES = {
    "materials.csv": """\
material,commodity,form,basis,price_usd_per_t,demand_elasticity
rock/ore,rock,ore,t X,100,
metal/fine,metal,fine,t X,1000,
""",
    "nodes.csv": """\
node,stage,country,output_material,capacity_t_per_year,output_cover_days,demand_per_year
mine_c,mining,CHN,rock/ore,90,7,
mine_a,mining,AUS,rock/ore,25,7,
smelter_j,refining,JPN,metal/fine,90,7,
smelter_k,refining,KOR,metal/fine,40,7,
returns,recycling,JPN,metal/fine,6,7,
car_u,end_use,USA,auto,,,40
car_j,end_use,JPN,auto,,,25
tool_d,end_use,DEU,tools,,,20
""",
    "recipes.csv": """\
node,input_material,input_per_unit,cover_days
smelter_j,rock/ore,1,28
smelter_k,rock/ore,1,28
car_u,metal/fine,1,28
car_j,metal/fine,1,28
tool_d,metal/fine,1,28
""",
    "arcs.csv": """\
supplier,customer,material,flow_t_per_year,lead_time_days,route
mine_c,smelter_j,rock/ore,40,14,malacca
mine_a,smelter_j,rock/ore,10,14,
mine_c,smelter_k,rock/ore,20,7,
mine_a,smelter_k,rock/ore,10,14,hormuz
smelter_j,car_u,metal/fine,20,14,
smelter_j,car_j,metal/fine,20,7,
smelter_j,tool_d,metal/fine,10,21,
smelter_k,car_u,metal/fine,20,14,
smelter_k,tool_d,metal/fine,10,21,
returns,car_j,metal/fine,5,7,
""",
    "recycling.csv": """\
node,scrap_of,material,lifetime_days,spread,collection,recovery
returns,car_u,metal/fine,700,0.5,0.25,0.5
""",
}
HEAD = "name: s\nstart: 2026-01-05\nhorizon: 4 years\nwatch: [USA, JPN, KOR, DEU]\n"
BAN = "kind: export_restriction, origin: CHN, materials: [rock], start: +26 weeks, duration: 26 weeks"
WEEK = 7 / 365
START, END = 26, 52


@cache
def world() -> Network:
    """Return the network of this file."""
    with TemporaryDirectory() as folder:
        return read_network_folder(write_files(Path(folder) / "net", FILES))


@cache
def run(disruptions: str = "", responses: str = "") -> RunResult:
    """Run disruptions and responses, each the inside of a flow mapping; several are separated by lines."""
    text = scenario_text(HEAD, disruptions, responses)
    return simulate(world(), loads_scenario(text), record="flows", check=True)


def flow(result: RunResult, supplier: str, customer: str) -> np.ndarray:
    """Return the shipments between two nodes, t/year."""
    found = [k for k, key in enumerate(result.labels.arcs) if key[:2] == (supplier, customer)]
    return result.record.series.flow[:, found[0]] / WEEK


def row(result: RunResult, node: str) -> int:
    return next(k for k, label in enumerate(result.labels.nodes) if label.id == node)


def demand(result: RunResult, node: str) -> np.ndarray:
    return result.record.series.node_demand[:, row(result, node)] / WEEK


def activity(result: RunResult, node: str) -> np.ndarray:
    return result.record.series.node_activity[:, row(result, node)] / WEEK


def shortfall(result: RunResult, *nodes: str) -> float:
    """Return the demand of end users that is not met in time, units."""
    rows = [row(result, name) for name in nodes or ("car_u", "car_j", "tool_d")]
    series = result.record.series
    return float(np.maximum(0.0, series.node_demand[:, rows] - series.node_activity[:, rows]).sum())


def transit(result: RunResult, country: str) -> np.ndarray:
    """Return ore on its way to a country, t."""
    column = result.labels.groups.index(("rock/ore", country))
    return result.record.series.in_transit[:, column]


# -- demand --------------------------------------------------------------------------------------------------


def test_a_surge_raises_the_demand_of_its_sectors_and_ends() -> None:
    surge = run("kind: demand_surge, sectors: [auto], increase: 30%, start: +26 weeks, duration: 26 weeks")
    assert demand(surge, "car_u")[:START] == pytest.approx(40.0)
    assert demand(surge, "car_u")[START:END] == pytest.approx(52.0)
    assert demand(surge, "car_u")[END:] == pytest.approx(40.0)
    assert demand(surge, "tool_d") == pytest.approx(20.0)


def test_a_ramp_has_the_sum_of_a_straight_line() -> None:
    surge = run("kind: demand_surge, increase: 50%, ramp: 24 weeks, start: +26 weeks")
    rise = demand(surge, "tool_d")[START : START + 24] / 20.0 - 1.0
    assert rise.mean() == pytest.approx(0.25)
    assert demand(surge, "tool_d")[START + 24 :] == pytest.approx(30.0)


def test_restraint_lowers_demand_and_the_shortfall_of_a_ban() -> None:
    restraint = (
        "kind: demand_restraint, sectors: [auto], reduction: 40%, start: +26 weeks, duration: 26 weeks"
    )
    both, ban = run(f"{BAN}, severity: 100%", restraint), run(f"{BAN}, severity: 100%")
    assert demand(both, "car_j")[START:END] == pytest.approx(15.0)
    assert shortfall(both, "tool_d") < shortfall(ban, "tool_d")


# -- routes --------------------------------------------------------------------------------------------------

CLOSED = "kind: route_closure, start: +26 weeks, duration: 26 weeks"


def test_a_detour_delays_what_is_shipped_while_the_route_is_closed() -> None:
    """Three weeks more on the way: three weeks of arrivals are missing, then the pipeline is longer."""
    result = run(f"{CLOSED}, chokepoints: [malacca], detour: 21 days")
    base = transit(run(), "JPN")[0]
    settled = transit(result, "JPN")[END - 2]
    assert settled - base == pytest.approx(40.0 * 3 * WEEK, rel=0.02)
    assert transit(result, "JPN")[-1] == pytest.approx(base, rel=1e-3)
    assert shortfall(result) >= 0.0


def test_the_table_gives_the_detour_where_the_scenario_gives_none() -> None:
    """Malacca costs a day, which is a week's step."""
    result = run(f"{CLOSED}, chokepoints: [malacca]")
    extra = transit(result, "JPN")[END - 2] - transit(run(), "JPN")[0]
    assert extra == pytest.approx(40.0 * WEEK, rel=0.02)


def test_what_has_no_way_round_is_cut() -> None:
    result = run(f"{CLOSED}, chokepoints: [hormuz], severity: 60%")
    assert flow(result, "mine_a", "smelter_k")[START:END].max() <= 4.0 + 1e-9
    assert flow(result, "mine_a", "smelter_j")[START] == pytest.approx(10.0, rel=0.3)


def test_a_delay_moves_no_mass_and_restores_to_the_same_bytes() -> None:
    text = f"{HEAD}disruptions:\n  - {{{CLOSED}, chokepoints: [malacca], detour: 21 days}}\n"
    compiled = compile_network(world(), loads_scenario(text), record="flows").run
    whole, parts = Engine(compiled, check=True), Engine(compiled, check=True)
    whole.advance(compiled.n_steps)
    parts.advance(START + 3)
    saved = parts.checkpoint()
    other = Engine(compiled, check=True)
    other.restore(saved)
    other.advance(compiled.n_steps - START - 3)
    assert other.finish().series.in_transit.tobytes() == whole.finish().series.in_transit.tobytes()
    assert whole.finish().max_relative_balance_error <= 1e-9


# -- preference ----------------------------------------------------------------------------------------------


def test_preferred_customers_lose_less_and_the_others_more() -> None:
    prefer = (
        "kind: preferential_allocation, suppliers: [JPN, KOR], customers: [USA], materials: [metal],"
        " start: +20 weeks"
    )
    ban, preferred = run(f"{BAN}, severity: 100%"), run(f"{BAN}, severity: 100%", prefer)
    assert shortfall(preferred, "car_u") < 0.5 * shortfall(ban, "car_u")
    assert shortfall(preferred, "tool_d") > shortfall(ban, "tool_d")


def test_preference_changes_nothing_in_calm_times_or_after_it_ends() -> None:
    prefer = "kind: preferential_allocation, customers: [USA], start: +2 weeks, duration: 10 weeks"
    calm, ban = run("", prefer), run(f"{BAN}, severity: 100%")
    assert flow(calm, "smelter_j", "car_u") == pytest.approx(20.0, rel=1e-9)
    over = run(f"{BAN}, severity: 100%", prefer)
    for node in ("car_u", "car_j", "tool_d"):
        assert activity(over, node) == pytest.approx(activity(ban, node), rel=1e-9)


def test_a_sector_can_be_preferred() -> None:
    prefer = "kind: preferential_allocation, sectors: [tools], start: +20 weeks"
    ban, preferred = run(f"{BAN}, severity: 100%"), run(f"{BAN}, severity: 100%", prefer)
    assert shortfall(preferred, "tool_d") < shortfall(ban, "tool_d")


# -- cover and recycling -------------------------------------------------------------------------------------


def test_mandatory_cover_is_built_up_and_softens_a_ban() -> None:
    cover = (
        "kind: mandatory_cover, countries: [USA], materials: [metal], cover: 60 days, build_up: 20 weeks,"
        " start: +1 week"
    )
    column = run().labels.groups.index(("metal/fine", "USA"))
    held = run("", cover).record.series.inventory[:, column]
    assert held[0] == pytest.approx(40 * 28 / 365, rel=1e-6)
    assert held[-1] == pytest.approx(40 * 60 / 365, rel=1e-3)
    ban, covered = run(f"{BAN}, severity: 100%"), run(f"{BAN}, severity: 100%", cover)
    assert shortfall(covered, "car_u") < shortfall(ban, "car_u")


def test_a_recycling_boost_returns_more_when_metal_is_short() -> None:
    boost = "kind: recycling_boost, countries: [JPN], materials: [metal], increase: 60%, start: +20 weeks"
    ban, boosted = run(f"{BAN}, severity: 100%"), run(f"{BAN}, severity: 100%", boost)
    window = slice(START + 8, END)
    assert activity(boosted, "returns")[window].mean() > 1.2 * activity(ban, "returns")[window].mean()
    assert shortfall(boosted) < shortfall(ban)


# -- nothing is nothing --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("disruption", "response"),
    [
        ("kind: route_closure, chokepoints: [malacca, hormuz], severity: 0%, start: +5 weeks", ""),
        ("", "kind: demand_restraint, reduction: 0%, start: +5 weeks"),
    ],
)
def test_severity_zero_is_the_baseline_to_the_last_bit(disruption: str, response: str) -> None:
    result, calm = run(disruption, response), run()
    assert result.record.series.flow.tobytes() == calm.record.series.flow.tobytes()


# -- bad input -----------------------------------------------------------------------------------------------


SURGE, CLOSURE = "kind: demand_surge, increase: 10%", "kind: route_closure"
PREFER, COVER = "kind: preferential_allocation", "kind: mandatory_cover, countries: [USA], cover: 60 days"


@pytest.mark.parametrize(
    ("item", "message"),
    [
        (f"{SURGE}, sectors: [autoo]", "did you mean 'auto'"),
        (f"{SURGE}, users: smelter_j", "names no end use"),
        (f"{CLOSURE}, chokepoints: [malaca]", "did you mean 'malacca'"),
        (f"{CLOSURE}, chokepoints: [panama]", "closes nothing"),
        (f"{CLOSURE}, chokepoints: []", "chokepoints"),
        (f"{CLOSURE}, chokepoints: [malacca], detour: -2 days", "detour"),
        (PREFER, "needs customers or sectors"),
        (f"{PREFER}, customers: [USB]", "did you mean 'USA'"),
        (f"{PREFER}, customers: [CHN], materials: [metal]", "prefers nobody"),
        (f"{COVER}, materials: [metall]", "did you mean 'metal'"),
        ("kind: recycling_boost, countries: [USA], increase: 10%", "finds no recycler"),
        ("kind: demand_restraint, reduction: 140%", "reduction"),
    ],
)
def test_what_cannot_be_is_refused_with_its_place(item: str, message: str) -> None:
    group = "disruptions" if item.startswith((SURGE, CLOSURE)) else "responses"
    with pytest.raises(ScenarioError) as caught:
        compile_network(world(), loads_scenario(f"{HEAD}{group}: [{{{item}, start: +1 week}}]\n"))
    assert message in str(caught.value)


def test_a_dated_response_needs_its_date() -> None:
    with pytest.raises(ScenarioError, match="start"):
        loads_scenario(f"{HEAD}responses: [{{kind: demand_restraint, reduction: 10%}}]\n")
