"""What each kind of disruption and response does, seen in the flows of a network small enough to follow.

Two mines (CHN 60, AUS 20 t/year) feed two smelters (JPN, KOR), which feed users in USA, JPN and DEU (a
member of EUU). Every node is a single plant: no spread of cover. A year is 365 days, a step a week.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest

from sim.analysis.result import RunResult
from sim.analysis.simulate import simulate
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
alt/metal,alt,metal,t Y,500,
""",
    "nodes.csv": """\
node,stage,country,operator,output_material,capacity_t_per_year,output_cover_days,demand_per_year
mine_c,mining,CHN,Firm,rock/ore,90,7,
mine_a,mining,AUS,Firm,rock/ore,25,7,
smelter_j,refining,JPN,,metal/fine,90,7,
smelter_k,refining,KOR,Other,metal/fine,40,7,
alt_maker,refining,CAN,,alt/metal,100,7,
car_u,end_use,USA,,auto,,,40
car_j,end_use,JPN,,auto,,,20
tool_d,end_use,DEU,,tools,,,20
paint_d,end_use,DEU,,paint,,,10
""",
    "recipes.csv": """\
node,input_material,input_per_unit,cover_days
smelter_j,rock/ore,1,28
smelter_k,rock/ore,1,28
car_u,metal/fine,1,28
car_j,metal/fine,1,28
tool_d,metal/fine,1,28
paint_d,alt/metal,1,28
""",
    "arcs.csv": """\
supplier,customer,material,flow_t_per_year,lead_time_days
mine_c,smelter_j,rock/ore,40,14
mine_a,smelter_j,rock/ore,10,14
mine_c,smelter_k,rock/ore,20,7
mine_a,smelter_k,rock/ore,10,14
smelter_j,car_u,metal/fine,20,14
smelter_j,car_j,metal/fine,20,7
smelter_j,tool_d,metal/fine,10,21
smelter_k,car_u,metal/fine,20,14
smelter_k,tool_d,metal/fine,10,21
alt_maker,paint_d,alt/metal,10,14
""",
    "stockpiles.csv": """\
stockpile,country,material,opening_t,target_t,release_t_per_day,release_delay_days
reserve,USA,metal/fine,6,6,0.5,14
""",
}
FILES["nodes.csv"] = "\n".join(
    line + (",members_of" if line.startswith("node,") else ",reserve" if line.startswith("car_u") else ",")
    for line in FILES["nodes.csv"].splitlines()
)
HEAD = "name: s\nstart: 2026-01-05\nhorizon: 3 years\nwatch: [USA, JPN, KOR, DEU]\n"
BAN = "kind: export_restriction, origin: CHN, materials: [rock], start: +26 weeks, duration: 26 weeks"
WEEK = 7 / 365
START, END = 26, 52


@cache
def world() -> Network:
    """Return the network of this file."""
    with TemporaryDirectory() as folder:
        return read_network_folder(write_files(Path(folder) / "net", FILES))


@cache
def run(disruptions: str = "", responses: str = "", more: str = "") -> RunResult:
    """Run disruptions and responses, each the inside of a flow mapping; several are separated by lines."""
    text = scenario_text(HEAD + more, disruptions, responses)
    return simulate(world(), loads_scenario(text), record="flows", check=True)


def flow(result: RunResult, supplier: str, customer: str, *, twin: bool = False) -> np.ndarray:
    """Return the shipments between two nodes (of the second arc between them: `twin`), t/year."""
    found = [k for k, key in enumerate(result.labels.arcs) if key[:2] == (supplier, customer)]
    return result.record.series.flow[:, found[1 if twin else 0]] / WEEK


def row(result: RunResult, node: str) -> int:
    return next(k for k, label in enumerate(result.labels.nodes) if label.id == node)


def activity(result: RunResult, node: str) -> np.ndarray:
    """Return a node's activity, units/year."""
    return result.record.series.node_activity[:, row(result, node)] / WEEK


def capacity(result: RunResult, node: str) -> np.ndarray:
    return result.record.series.node_capacity[:, row(result, node)] / WEEK


def shortfall(result: RunResult, *nodes: str) -> float:
    """Return the demand of end users that is not met in time, units."""
    names = nodes or ("car_u", "car_j", "tool_d")
    series = result.record.series
    rows = [row(result, name) for name in names]
    return float(np.maximum(0.0, series.node_demand[:, rows] - series.node_activity[:, rows]).sum())


def events(result: RunResult) -> list[tuple[int, str, str]]:
    return [(event.step, event.name, event.label) for event in result.record.events]


# -- export restrictions -------------------------------------------------------------------------------------


def test_nothing_moves_without_a_disruption() -> None:
    """Every comparison of this file rests on it."""
    calm = run()
    np.testing.assert_allclose(flow(calm, "mine_c", "smelter_j"), 40.0, rtol=1e-9)
    assert shortfall(calm) < 1e-9


def test_a_full_ban_stops_shipments_from_its_first_to_its_last_day_only() -> None:
    """Goods under way arrive; the week after the end they leave again."""
    result = run(f"{BAN}, severity: 100%")
    shipped = flow(result, "mine_c", "smelter_j")
    assert (shipped[START - 1], shipped[START:END].max()) == (pytest.approx(40.0), 0.0)
    assert shipped[END] > 0
    assert [(step, label) for step, _, label in events(result)] == [(START, "starts: CHN"), (END, "ends")]


def test_severity_leaves_the_rest_of_the_base_flow() -> None:
    shipped = flow(run(f"{BAN}, severity: 30%"), "mine_c", "smelter_j")
    assert shipped[START:END].max() <= 0.7 * 40 * (1 + 1e-12)
    assert shipped[START] == pytest.approx(28.0)


def test_severity_zero_is_the_baseline_bit_for_bit() -> None:
    """No cap at all, not one at the base flow."""
    result = run(f"{BAN}, severity: 0%")
    for name, left, right in zip(
        result.record.series._fields, result.record.series, result.baseline.series, strict=True
    ):
        assert np.array_equal(left, right), name


def test_more_severe_or_longer_is_never_better() -> None:
    """The relation that every user takes for granted."""
    by_severity = [shortfall(run(f"{BAN}, severity: {s}%")) for s in (0, 25, 50, 75, 100)]
    assert by_severity == sorted(by_severity)
    assert by_severity[-1] > by_severity[1]
    by_length = [
        shortfall(run(f"{BAN.replace('duration: 26', f'duration: {weeks}')}, severity: 80%"))
        for weeks in (4, 13, 26, 52)
    ]
    assert by_length == sorted(by_length)


def test_a_quota_is_shared_by_base_flow() -> None:
    """30 t/year over 60: half of each customer's base flow."""
    result = run(f"{BAN}, quota: 30 t/year")
    assert flow(result, "mine_c", "smelter_j")[START:END].max() == pytest.approx(20.0)
    assert flow(result, "mine_c", "smelter_k")[START:END].max() == pytest.approx(10.0)


def test_a_licence_stops_then_approves_a_rising_share_by_destination() -> None:
    """Nothing for the stop, stairs of four weeks, the final share of each destination."""
    licence = "licence: {initial_stop: 8 weeks, ramp: 8 weeks, approval: 50%, by_destination: {KOR: 80%}}"
    result = run(f"{BAN}, {licence}")
    japan, korea = flow(result, "mine_c", "smelter_j"), flow(result, "mine_c", "smelter_k")
    assert japan[START : START + 8].max() == 0.0
    assert japan[START + 8] == pytest.approx(0.25 * 0.5 * 40)
    assert japan[START + 12] == pytest.approx(0.75 * 0.5 * 40)
    assert japan[START + 16 : END].max() == pytest.approx(0.5 * 40)
    assert korea[START + 16 : END].max() == pytest.approx(0.8 * 20)


def test_a_desk_that_approves_everything_is_no_cap_any_more() -> None:
    """Severity 0 is no restriction: stocks are refilled above the base flow."""
    licence = "licence: {initial_stop: 8 weeks, ramp: 4 weeks, approval: 100%}"
    shipped = flow(run(f"{BAN}, {licence}"), "mine_c", "smelter_j")
    assert shipped[START : START + 12].max() <= 40.0
    assert shipped[START + 12 : START + 20].max() > 40.0 * 1.05


def test_a_licence_that_began_before_the_run_is_as_far_as_its_own_date_says() -> None:
    """A stop of eight weeks that began six weeks ago lasts two more."""
    licence = "licence: {initial_stop: 8 weeks, ramp: 0 days, approval: 60%}"
    began = "kind: export_restriction, origin: CHN, materials: [rock], start: 2025-11-24"
    result = run(f"{began}, {licence}")
    shipped = flow(result, "mine_c", "smelter_j")
    assert shipped[:2].max() == 0.0
    assert shipped[2] == pytest.approx(0.6 * 40)
    assert (0, "starts: CHN") in [(step, label) for step, _, label in events(result)]


def test_a_destination_that_is_spared_goes_on_being_served() -> None:
    result = run(f"{BAN}, severity: 100%, destinations: [JPN], end_use_checks: true")
    assert flow(result, "mine_c", "smelter_j")[START:END].max() == 0.0
    assert flow(result, "mine_c", "smelter_k")[START:END].min() > 15.0


def test_goods_reach_restricted_users_through_spared_ones_unless_end_use_is_checked() -> None:
    """Diversion, later and limited."""
    loose = run(f"{BAN}, severity: 100%, destinations: [JPN]")
    passed = flow(loose, "mine_c", "smelter_j", twin=True)
    assert passed[:START].max() == 0.0
    assert 0.0 < passed[START:END].max() <= 0.25 * 20 * (1 + 1e-9)
    assert shortfall(loose) < shortfall(
        run(f"{BAN}, severity: 100%, destinations: [JPN], end_use_checks: true")
    )


def test_a_leak_lets_its_share_through_and_closes_with_the_ban() -> None:
    result = run(f"{BAN}, severity: 80%, leakage: 25%")
    leaked = flow(result, "mine_c", "smelter_j", twin=True)
    assert leaked[:START].max() == 0.0
    assert leaked[START:END].max() == pytest.approx(0.25 * 0.8 * 40)
    assert leaked[END:].max() == 0.0
    assert shortfall(result) < shortfall(run(f"{BAN}, severity: 80%"))


def test_customers_buy_ahead_of_an_announced_ban() -> None:
    """Orders rise from the announcement on, within what sellers can make, and the ban hurts less."""
    told = run(f"{BAN}, severity: 100%, announced: +18 weeks")
    shipped = flow(told, "mine_c", "smelter_j")
    assert shipped[17] == pytest.approx(40.0)
    assert shipped[18:START].mean() > 41.0
    assert shortfall(told) < shortfall(run(f"{BAN}, severity: 100%"))


def test_a_region_and_a_bloc_stand_for_their_members() -> None:
    """DEU is a member of EUU, EU and NATO; only its smelters' metal is held here."""
    ban = "kind: export_restriction, origin: JPN, materials: [metal], start: +26 weeks, duration: 20 weeks"
    for place in ("EUU", "bloc:NATO", "bloc:EU"):
        result = run(f"{ban}, severity: 100%, destinations: ['{place}'], end_use_checks: true")
        assert flow(result, "smelter_j", "tool_d")[START : START + 20].max() == 0.0, place
        held = flow(result, "smelter_j", "car_u")[START : START + 20].max() == 0.0
        assert held == (place == "bloc:NATO"), place


def test_a_ban_out_of_a_region_spares_trade_inside_it() -> None:
    """Goods between members are not exports."""
    files = {**FILES, "arcs.csv": FILES["arcs.csv"].replace("smelter_k,tool_d", "smelter_f,tool_d")}
    files["nodes.csv"] = files["nodes.csv"].replace("Firm,rock/ore,25", "Firm,rock/ore,40")
    files["nodes.csv"] += "\nsmelter_f,refining,FIN,,metal/fine,40,7,,\n"
    files["recipes.csv"] += "smelter_f,rock/ore,1,28\n"
    files["arcs.csv"] += "mine_a,smelter_f,rock/ore,10,14\nsmelter_f,car_u,metal/fine,0,14\n"
    with TemporaryDirectory() as folder:
        network = read_network_folder(write_files(Path(folder) / "net", files))
    ban = "kind: export_restriction, origin: EUU, materials: [metal], start: +9 weeks, severity: 100%"
    scenario = loads_scenario(f"{HEAD}disruptions:\n  - {{{ban}}}\n")
    result = simulate(network, scenario, record="flows", check=True)
    assert flow(result, "smelter_f", "tool_d").min() > 5.0


# -- capacity losses -----------------------------------------------------------------------------------------


LOSS = "kind: capacity_loss, start: +26 weeks, duration: 8 weeks"


@pytest.mark.parametrize(
    ("target", "hit"),
    [
        ("mine_c", {"mine_c"}),
        ("{node: smelter_j}", {"smelter_j"}),
        ("{operator: Firm}", {"mine_c", "mine_a"}),
        ("{country: KOR, stage: refining, material: metal}", {"smelter_k"}),
        ("{country: KOR}", {"smelter_k"}),
        ("{material: rock/ore}", {"mine_c", "mine_a"}),
        ("{country: AUS, stage: mining}", {"mine_a"}),
    ],
)
def test_a_capacity_loss_hits_what_its_target_names_and_nothing_else(target: str, hit: set[str]) -> None:
    result = run(f"{LOSS}, target: {target}, severity: 60%")
    full = {"mine_c": 90.0, "mine_a": 25.0, "smelter_j": 90.0, "smelter_k": 40.0}
    for node, size in full.items():
        left = 0.4 if node in hit else 1.0
        np.testing.assert_allclose(capacity(result, node)[START : START + 8], left * size, rtol=1e-12)
        assert capacity(result, node)[START - 1] == pytest.approx(size)
        assert capacity(result, node)[START + 8] == pytest.approx(size)


def test_capacity_comes_back_at_once_in_a_line_or_along_a_logistic_curve() -> None:
    """Same time, same end; the logistic one is slow, fast, slow."""
    ways = {
        how: capacity(
            run(f"{LOSS}, target: mine_c, recovery: {how}, recovery_time: 40 weeks")
            if how != "step"
            else run(f"{LOSS}, target: mine_c"),
            "mine_c",
        )
        / 90.0
        for how in ("step", "linear", "logistic")
    }
    back = START + 8
    assert ways["step"][back] == pytest.approx(1.0)
    for how in ("linear", "logistic"):
        assert np.all(np.diff(ways[how][START:]) >= -1e-12), how
        assert ways[how][back + 39] < 1.0
        assert ways[how][back + 40] == pytest.approx(1.0)
        assert ways[how][back : back + 40].mean() == pytest.approx(0.5, abs=0.01), how
    assert ways["logistic"][back] < ways["linear"][back]
    assert ways["logistic"][back + 36] > ways["linear"][back + 36]


# -- stockpiles ----------------------------------------------------------------------------------------------


STOP = f"{BAN}, severity: 100%"
BUILD = "kind: stockpile_build, stockpile: vault, country: USA, members: [USA], materials: [metal]"
RELEASE = "kind: stockpile_release, stockpile: vault"


def pile(result: RunResult, name: str = "vault") -> int:
    return next(k for k, key in enumerate(result.labels.piles) if key[0] == name)


def released(result: RunResult, name: str = "vault") -> np.ndarray:
    """Return what a stockpile releases, t/step."""
    return result.record.series.pile_released[:, pile(result, name)]


def test_an_opening_stock_is_days_of_the_members_use_or_tonnes() -> None:
    """60 days of the 40 t/year that USA uses."""
    days = run(STOP, f"{BUILD}, opening: 60 days")
    tonnes = run(STOP, f"{BUILD}, opening: {{metal/fine: 5 t}}")
    assert days.record.series.pile_stock[0, pile(days)] == pytest.approx(60 * 40 / 365)
    assert tonnes.record.series.pile_stock[0, pile(tonnes)] == pytest.approx(5.0)


def test_a_stockpile_that_is_not_released_changes_nothing() -> None:
    assert shortfall(run(STOP, f"{BUILD}, opening: 60 days")) == pytest.approx(
        shortfall(run(STOP)), rel=1e-12
    )


def test_a_release_serves_its_members_only_and_never_more_than_it_holds() -> None:
    answered = run(STOP, f"{BUILD}, opening: 60 days\n{RELEASE}, trigger: {{on: +26 weeks}}")
    assert 0.0 < released(answered).sum() <= 60 * 40 / 365 * (1 + 1e-12)
    assert shortfall(answered, "car_u") < shortfall(run(STOP), "car_u")
    assert answered.record.series.pile_stock[:, pile(answered)].min() >= -1e-12


def test_a_larger_stockpile_is_never_worse() -> None:
    found = [
        shortfall(run(STOP, f"{BUILD}, opening: {days} days\n{RELEASE}, trigger: {{on: +26 weeks}}"))
        for days in (1, 30, 60, 120, 365)
    ]
    assert found == sorted(found, reverse=True)
    assert found[-1] < found[0]


def test_a_trigger_on_the_fill_rate_waits_until_members_are_served_badly() -> None:
    """It fires in the run, not in the baseline, and the tap opens a step later at the earliest."""
    result = run(STOP, f"{BUILD}, opening: 60 days\n{RELEASE}, label: tap, trigger: {{fill_rate_below: 90%}}")
    log = events(result)
    fired = next(step for step, name, label in log if label == "fired")
    opened = next(step for step, name, label in log if label.startswith("opens"))
    assert START < fired < opened == fired + 1
    first = int(np.flatnonzero(released(result))[0])
    assert first >= opened
    assert not [event for event in result.baseline.events if event.label == "fired"]


def test_a_lower_trigger_fires_later() -> None:
    def fired(level: str) -> float:
        result = run(STOP, f"{BUILD}, opening: 60 days\n{RELEASE}, trigger: {{fill_rate_below: {level}}}")
        return next((step for step, _, label in events(result) if label == "fired"), np.inf)

    assert fired("99%") <= fired("80%") <= fired("40%")
    assert fired("99%") < fired("40%")


def test_a_trigger_on_cover_waits_until_stocks_run_down() -> None:
    """28 days are the target; it takes a while to fall to 10."""
    result = run(STOP, f"{BUILD}, opening: 60 days\n{RELEASE}, trigger: {{days_of_cover_below: 10}}")
    fired = next(step for step, _, label in events(result) if label == "fired")
    cover = (
        result.record.series.inventory[fired, result.labels.groups.index(("metal/fine", "USA"))] / 40 * 365
    )
    assert START < fired < END
    assert cover < 12.0


def test_a_delay_a_duration_and_a_rate_bound_a_release() -> None:
    spec = f"{RELEASE}, trigger: {{on: +26 weeks}}, delay: 5 weeks, duration: 10 weeks, rate: 0.01 t/day"
    out = released(run(STOP, f"{BUILD}, opening: 60 days\n{spec}"))
    assert out[: START + 5].max() == 0.0
    assert out[START + 15 :].max() == 0.0
    assert out.max() == pytest.approx(0.07)


def test_a_rate_may_be_a_share_of_the_opening_stock() -> None:
    out = released(
        run(STOP, f"{BUILD}, opening: 60 days\n{RELEASE}, trigger: {{on: +26 weeks}}, rate: 5%/week")
    )
    assert out.max() == pytest.approx(0.05 * 60 * 40 / 365)


def test_own_stock_first_keeps_the_stockpile_for_later() -> None:
    """Users run down their own 28 days before they draw on it."""
    dated = f"{RELEASE}, trigger: {{on: +26 weeks}}"
    first = released(run(STOP, f"{BUILD}, opening: 60 days\n{dated}"))
    later = released(run(STOP, f"{BUILD}, opening: 60 days\n{dated}, order_of_use: own_stock_first"))
    assert np.flatnonzero(first)[0] < np.flatnonzero(later)[0]


def test_a_release_may_serve_urgent_users_only() -> None:
    """No user here is of class 1, so nothing leaves."""
    out = released(
        run(STOP, f"{BUILD}, opening: 60 days\n{RELEASE}, trigger: {{on: +26 weeks}}, priority: 1")
    )
    assert out.max() == 0.0
    other = f"{RELEASE}, trigger: {{on: +26 weeks}}, priority: 5"
    assert released(run(STOP, f"{BUILD}, opening: 60 days\n{other}")).max() > 0.0


def test_each_material_of_a_stockpile_has_its_own_trigger() -> None:
    """Ore is short long before metal; tonnes of one must not hide the want of the other."""
    build = "kind: stockpile_build, stockpile: vault, country: JPN, members: [JPN], materials: [rock, metal]"
    result = run(STOP, f"{build}, opening: 30 days\n{RELEASE}, label: tap, trigger: {{fill_rate_below: 90%}}")
    fired = {name: step for step, name, label in events(result) if label == "fired"}
    assert set(fired) == {"tap: rock/ore", "tap: metal/fine"}
    assert fired["tap: rock/ore"] < fired["tap: metal/fine"]


def test_a_stockpile_of_the_network_is_released_at_its_own_rate_after_its_own_delay() -> None:
    """The table says 0.5 t/day after 14 days."""
    out = released(
        run(STOP, "kind: stockpile_release, stockpile: reserve, trigger: {on: +30 weeks}"), "reserve"
    )
    assert out[:32].max() == 0.0
    assert 0.0 < out.max() <= 3.5


def test_a_stockpile_buys_in_calm_times_up_to_its_target_and_pays_the_premium() -> None:
    """2 t at 1,000 USD and 10 % more; nobody goes short for it."""
    purchase = "purchase: {target: {metal/fine: 2 t}, rate: 0.02 t/day, premium: 10%, start: +10 weeks}"
    result = run("", f"{BUILD}, {purchase}")
    series = result.record.series
    stock = series.pile_stock[:, pile(result)]
    assert stock[:10].max() == 0.0
    assert stock[-1] == pytest.approx(2.0)
    assert np.diff(stock).max() <= 0.14 * (1 + 1e-9)
    assert series.pile_spent[-1, pile(result)] == pytest.approx(2.0 * 1000 * 1.1)
    assert shortfall(result) < 1e-6


def test_a_budget_ends_the_buying() -> None:
    purchase = "purchase: {target: {metal/fine: 2 t}, rate: 0.02 t/day, budget: 900 USD}"
    result = run("", f"{BUILD}, {purchase}")
    assert result.record.series.pile_stock[-1, pile(result)] == pytest.approx(0.9)


# -- substitution and surge ----------------------------------------------------------------------------------


def test_substitution_lowers_the_need_along_its_time_constant() -> None:
    """63 % of the share in one time constant; the use of the material falls, not the activity."""
    swap = "kind: substitution, material: metal, max_share: 40%, time_constant: 26 weeks"
    result = run("", f"{swap}, start: +20 weeks")
    series = result.record.series
    use = series.consumption[:, result.labels.groups.index(("metal/fine", "USA"))] / WEEK / 40
    assert use[19] == pytest.approx(1.0)
    assert use[46] == pytest.approx(1 - 0.4 * (1 - np.exp(-1)), abs=0.03)
    assert use[-1] == pytest.approx(0.6)
    np.testing.assert_allclose(activity(result, "car_u"), 40.0, rtol=1e-6)


def test_a_substitute_of_the_network_is_used_instead() -> None:
    """Its tonnes are asked from its makers."""
    swap = (
        "kind: substitution, material: metal, substitute: alt/metal, substitute_per_unit: 2, max_share: 50%"
    )
    result = run("", f"{swap}, time_constant: 4 weeks, start: +20 weeks, sectors: [tools]")
    series = result.record.series
    assert activity(result, "alt_maker")[:20].max() == pytest.approx(10.0)
    assert activity(result, "alt_maker")[-1] == pytest.approx(10 + 0.5 * 2 * 20, rel=1e-3)
    use = series.consumption[-1, result.labels.groups.index(("metal/fine", "USA"))] / WEEK
    assert use == pytest.approx(40.0, rel=1e-3)


@pytest.mark.parametrize("step", ["week", "day"])
def test_a_slow_substitution_never_costs_more_than_the_share_replaced(step: str) -> None:
    """Its first tonnes take weeks to come; the whole plant need not wait for them."""
    swap = "kind: substitution, material: metal, substitute: alt/metal, max_share: 10%, sectors: [tools]"
    result = run("", f"{swap}, time_constant: 2 years, start: +20 weeks", f"step: {step}\n")
    done = result.record.series.node_activity[:, row(result, "tool_d")]
    assert done[20:].min() >= 0.9 * done[0]


def test_substitution_softens_a_ban_and_ends_with_its_duration() -> None:
    swap = "kind: substitution, material: metal, max_share: 40%, time_constant: 4 weeks, start: +26 weeks"
    softened = run(STOP, f"{swap}, duration: 52 weeks")
    assert shortfall(softened) < shortfall(run(STOP))
    use = softened.record.series.consumption[-1, softened.labels.groups.index(("metal/fine", "USA"))] / WEEK
    assert use == pytest.approx(40.0, rel=1e-2)


def test_a_surge_adds_capacity_after_a_delay_along_a_ramp() -> None:
    spec = "kind: surge_capacity, target: mine_a, increase: 50%, delay: 4 weeks, ramp: 16 weeks"
    size = capacity(run(STOP, f"{spec}, start: +26 weeks, duration: 40 weeks"), "mine_a") / 25.0
    assert size[29] == pytest.approx(1.0)
    assert size[30] == pytest.approx(1 + 0.5 * 2 / 16)
    assert size[46] == pytest.approx(1.5)
    assert size[69] == pytest.approx(1.5)
    assert size[70] == pytest.approx(1.0)


def test_a_triggered_surge_helps_against_a_ban() -> None:
    """It starts when users of what the target makes are served badly."""
    spec = "kind: surge_capacity, target: mine_a, increase: 400%, trigger: {fill_rate_below: 80%}"
    result = run(STOP, spec)
    fired = next(step for step, _, label in events(result) if label == "fired")
    assert START <= fired < END
    assert capacity(result, "mine_a")[fired] == pytest.approx(25.0)
    assert capacity(result, "mine_a")[fired + 1] == pytest.approx(125.0)
    assert shortfall(result) < shortfall(run(STOP))


def fired(result: RunResult) -> dict[str, int]:
    """Return the step in which each trigger fired, by its name."""
    return {name: step for step, name, label in events(result) if label == "fired"}


def test_each_material_that_is_replaced_starts_by_its_own_trigger() -> None:
    """Ore is short long before metal."""
    swap = "kind: substitution, label: swap, material: {containing: rock}, max_share: 50%"
    result = run(STOP, f"{swap}, time_constant: 4 weeks, trigger: {{fill_rate_below: 90%}}")
    found = fired(result)
    assert set(found) == {"swap: rock/ore", "swap: metal/fine"}
    assert found["swap: rock/ore"] < found["swap: metal/fine"]
    starts = {label: step for step, _, label in events(result) if label.startswith("starts: ")}
    assert starts["starts: rock/ore"] == found["swap: rock/ore"] + 1
    assert starts["starts: metal/fine"] == found["swap: metal/fine"] + 1


def test_plants_of_each_product_surge_by_their_own_trigger() -> None:
    surge = "kind: surge_capacity, label: more, target: {material: {containing: rock}}, increase: 10%"
    result = run(STOP, f"{surge}, trigger: {{fill_rate_below: 90%}}")
    found = fired(result)
    assert found["more: rock/ore"] < found["more: metal/fine"]
    first = found["more: rock/ore"] + 1
    assert capacity(result, "mine_a")[first] == pytest.approx(27.5)
    assert capacity(result, "smelter_k")[first] == pytest.approx(40.0)


def test_the_trigger_of_a_substitution_watches_its_sectors_alone() -> None:
    """Cars in USA lose half their supply; tools, which would substitute, lose none."""
    closed = "kind: export_restriction, origin: JPN, materials: [metal], destinations: [USA], severity: 100%"
    ban = f"{closed}, start: +26 weeks, duration: 26 weeks, end_use_checks: true"
    swap = "kind: substitution, material: metal, max_share: 50%, time_constant: 4 weeks"
    when = "trigger: {fill_rate_below: 90%}"
    assert fired(run(ban, f"{swap}, {when}, sectors: [auto]"))
    assert not fired(run(ban, f"{swap}, {when}, sectors: [tools]"))


# -- behaviour, labels ---------------------------------------------------------------------------------------


def test_users_who_may_turn_to_others_lose_less() -> None:
    """The other smelter has room for 10 t/year more, which only free users ask for."""
    loss = "kind: capacity_loss, target: smelter_j, start: +26 weeks, duration: 26 weeks"
    fixed, free = run(loss, "", "behaviour: {resourcing: off}\n"), run(loss)
    assert shortfall(free) < shortfall(fixed)


def test_a_lower_order_cap_keeps_strangers_out_of_the_first_round() -> None:
    """With no cap the orders of a ban's victims rank with a supplier's own customers."""
    loss = "kind: capacity_loss, target: smelter_k, start: +26 weeks, duration: 20 weeks"
    tight = run(loss, "", "behaviour: {order_cap: 1}\n")
    loose = run(loss, "", "behaviour: {order_cap: off}\n")
    assert shortfall(tight, "car_j") <= shortfall(loose, "car_j") * (1 + 1e-9)


def test_a_slower_adjustment_draws_stocks_for_longer() -> None:
    """The time is in the scenario's own unit and reaches the engine in steps."""
    quick = run(STOP, "", "behaviour: {adjustment_time: 4 weeks}\n")
    slow = run(STOP, "", "behaviour: {adjustment_time: 16 weeks}\n")
    assert np.array_equal(quick.record.series.flow, run(STOP).record.series.flow)
    assert not np.array_equal(quick.record.series.flow, slow.record.series.flow)


def test_a_label_names_its_lines_of_the_event_log() -> None:
    assert {name for _, name, _ in events(run(f"{STOP}, label: the stop"))} == {"the stop"}
    assert {name for _, name, _ in events(run(STOP))} == {"export_restriction[0]"}


def test_a_daily_step_tells_the_same_story() -> None:
    """Dates act on their own day; the total differs by rounding to weeks only."""
    daily = run(STOP, "", "step: day\n")
    assert daily.record.series.flow.shape[0] == 3 * 365
    assert shortfall(daily) == pytest.approx(shortfall(run(STOP)), rel=0.15)
