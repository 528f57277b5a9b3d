"""Small networks of invented numbers whose answers fit on a sheet of paper, with a step of a day and a week.

A user in BBB makes 10 units a day of 2 t each, from one supplier in AAA, 14 days away. Every edge lies on a
whole week, so that both steps must give the same.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sim.analysis.result import RunResult
from sim.analysis.simulate import simulate
from sim.errors import NetworkError
from sim.model.folder import read_network_folder
from sim.model.network import Network
from sim.model.scenario import loads_scenario
from tests.network_files import write_files

FILES = {
    "materials.csv": "material,basis,price_usd_per_t\nx/metal,t X,100\n",
    "nodes.csv": """\
node,stage,country,output_material,demand_per_year,output_cover_days
supplier,refining,AAA,x/metal,,14
user,end_use,BBB,gadgets,3650,
""",
    "recipes.csv": "node,input_material,input_per_unit,cover_days\nuser,x/metal,2,35\n",
    "arcs.csv": "supplier,customer,material,flow_t_per_year,lead_time_days\nsupplier,user,x/metal,7300,14\n",
}
STEPS = pytest.mark.parametrize("step", ["day", "week"])
BAN = "kind: export_restriction, origin: AAA, materials: [x], start: +70 days"
STOP = f"disruptions:\n  - {{{BAN}, severity: 100%"


def network(folder: Path, **changed: str) -> Network:
    """Return the network of `FILES`, some of them replaced; names without their ending."""
    return read_network_folder(write_files(folder, FILES | {f"{k}.csv": v for k, v in changed.items()}))


def run(world: Network, step: str, events: str = "", behaviour: str = "{cover_spread: off}") -> RunResult:
    head = f"name: s\nstart: 2026-01-05\nhorizon: 3 years\nstep: {step}\nwatch: [BBB]\n"
    scenario = loads_scenario(f"{head}behaviour: {behaviour}\n{events}\n")
    return simulate(world, scenario, record="flows", check=True)


def short(result: RunResult) -> float:
    return float(result.summary["sectors"][0]["shortfall"])


def opened(result: RunResult, word: str) -> int:
    """Return the step of the first event whose label begins so."""
    return next(event.step for event in result.record.events if event.label.startswith(word))


@STEPS
def test_a_stop_costs_what_stocks_do_not_cover(step: str, tmp_path: Path) -> None:
    """Twelve weeks without arrivals, five weeks of stock: seven weeks lost, from week 7 to week 14."""
    result = run(network(tmp_path), step, f"{STOP}, duration: 84 days}}")
    sector = result.summary["sectors"][0]
    assert sector["shortfall"] == pytest.approx(490.0)
    assert (sector["weeks_to_shortfall"], sector["weeks_to_recover"]) == (7.0, 14.0)
    assert (sector["peak_shortfall_share"], sector["resilience_loss_weeks"]) == (1.0, pytest.approx(7.0))


@STEPS
@pytest.mark.parametrize("rule", ["severity: 50%", "quota: 3650 t/year", "licence: {approval: 50%}"])
def test_half_a_stop_empties_stocks_half_as_fast(step: str, rule: str, tmp_path: Path) -> None:
    """10 t a day are missing for 20 weeks; 700 t last ten of them; then half is lost for ten weeks."""
    ban = STOP.replace("severity: 100%", rule)
    result = run(network(tmp_path), step, f"{ban}, duration: 140 days}}")
    sector = result.summary["sectors"][0]
    assert sector["shortfall"] == pytest.approx(350.0)
    assert (sector["weeks_to_shortfall"], sector["weeks_to_recover"]) == (12.0, 22.0)
    assert sector["peak_shortfall_share"] == pytest.approx(0.5)


@STEPS
def test_a_stockpile_of_the_network_buys_as_its_table_says(step: str, tmp_path: Path) -> None:
    """90 t are missing to the target, 60 t can be paid; 2 t a day from two weeks on; no user loses."""
    head = "stockpile,country,material,opening_t,target_t,purchase_t_per_day,budget_usd\n"
    world = network(tmp_path, stockpiles=f"{head}reserve,BBB,x/metal,10,100,2,6000\n")
    result = run(world, step)
    pile = result.summary["stockpiles"][0]
    assert (pile["bought"], pile["closing"]) == (pytest.approx(60.0), pytest.approx(70.0))
    assert pile["spent_usd"] == pytest.approx(6000.0)
    stock = result.record.series.pile_stock[:, 0]
    assert np.diff(stock).max() == pytest.approx(2.0 * result.step_days)
    assert short(result) == pytest.approx(0.0, abs=1e-9)


def test_a_budget_without_a_price_is_refused(tmp_path: Path) -> None:
    """Money that buys at no price would never end."""
    head = "stockpile,country,material,opening_t,target_t,purchase_t_per_day,budget_usd\n"
    with pytest.raises(NetworkError, match=r"stockpiles.csv:2: budget_usd = '6000.0' but x/metal has no"):
        network(
            tmp_path,
            materials="material,basis\nx/metal,t X\n",
            stockpiles=f"{head}reserve,BBB,x/metal,10,100,2,6000\n",
        )


@pytest.mark.parametrize("delay", [0, 4, 5, 11, 12])
def test_a_date_and_a_delay_are_rounded_up_once(delay: int, tmp_path: Path) -> None:
    """Three days after the start and some more: the first week that starts then or later."""
    week = -(-(3 + delay) // 7)
    build = (
        "{kind: stockpile_build, stockpile: v, country: BBB, members: [BBB], materials: [x], opening: 9 days}"
    )
    release = f"{{kind: stockpile_release, stockpile: v, trigger: {{on: +3 days}}, delay: {delay} days}}"
    surge = f"{{kind: surge_capacity, target: supplier, increase: 50%, start: +3 days, delay: {delay} days}}"
    result = run(network(tmp_path), "week", f"responses:\n  - {build}\n  - {release}\n  - {surge}")
    assert (opened(result, "opens"), opened(result, "starts")) == (week, week)


@pytest.mark.parametrize("stop", [4, 11, 12])
def test_the_stop_of_a_licence_regime_is_rounded_up_once(stop: int, tmp_path: Path) -> None:
    """It begins on day 3, so in week 1; the desk opens in the first week that starts after the stop."""
    ban = BAN.replace("+70", "+3") + f", licence: {{initial_stop: {stop} days, approval: 50%}}"
    shipped = run(network(tmp_path), "week", f"disruptions:\n  - {{{ban}}}").record.series.flow[:, 0]
    opens = -(-(3 + stop) // 7)
    assert shipped[0] == pytest.approx(140.0)
    assert not shipped[1:opens].any()
    assert shipped[opens] == pytest.approx(70.0)


@pytest.mark.parametrize("days", [4, 11, 12])
def test_the_span_shown_of_a_ban_is_that_in_which_it_acts(days: int, tmp_path: Path) -> None:
    """From day 3 on: the figure shades the weeks that the event log names."""
    ban = BAN.replace("+70", "+3") + f", severity: 50%, duration: {days} days"
    result = run(network(tmp_path), "week", f"disruptions:\n  - {{{ban}}}")
    ((_, first, last),) = result.markers.windows
    assert (first, last) == (1, -(-(3 + days) // 7))
    assert [event.step for event in result.record.events] == ([first, last] if last > first else [])


@STEPS
@pytest.mark.parametrize(
    ("rule", "at_stake"), [("severity: 100%", 1.0), ("severity: 40%", 0.4), ("quota: 1 Mt/year", 0.0)]
)
def test_customers_buy_ahead_by_what_is_at_stake(
    step: str, rule: str, at_stake: float, tmp_path: Path
) -> None:
    """30 days of use if all of it may stop, on top of five weeks on hand and the two that are under way."""
    ban = BAN.replace("+70", "+546") + f", announced: +70 days, {rule}"
    series = run(network(tmp_path), step, f"disruptions:\n  - {{{ban}}}").record.series
    before = 546 // (7 if step == "week" else 1) - 1
    held = series.inventory[before, -1] + series.in_transit[before, -1]  # of BBB
    assert held == pytest.approx(20.0 * (35 + 14 + 30 * at_stake), rel=1e-3)


def test_the_narrowest_name_of_a_licence_counts(tmp_path: Path) -> None:
    """A country's own share holds beside that of a bloc, in whatever order they stand."""
    world = replace(network(tmp_path), groups={"CLUB": ("BBB", "CCC")})
    for shares in ("BBB: 75%, 'bloc:CLUB': 10%", "'bloc:CLUB': 10%, BBB: 75%"):
        ban = f"{BAN}, licence: {{approval: 0%, by_destination: {{{shares}}}}}"
        shipped = run(world, "week", f"disruptions:\n  - {{{ban}}}").record.series.flow[:, 0]
        assert shipped[10:].max() == pytest.approx(0.75 * 140)


def test_what_fixed_sourcing_switches_off_is_said(tmp_path: Path) -> None:
    """Nobody asks for what leaks, nor at a stockpile."""
    build = (
        "{kind: stockpile_build, stockpile: v, country: BBB, members: [BBB], materials: [x], opening: 9 days}"
    )
    release = "{kind: stockpile_release, stockpile: v, trigger: {on: +70 days}}"
    events = f"{STOP}, leakage: 10%}}\nresponses:\n  - {build}\n  - {release}"
    fixed = run(network(tmp_path), "week", events, "{resourcing: off}").manifest["notes"]
    free = run(network(tmp_path), "week", events).manifest["notes"]
    assert sum("needs resourcing: on" in note for note in fixed) == 2
    assert not any("resourcing" in note for note in free)


@STEPS
def test_a_recovery_may_run_into_the_run(step: str, tmp_path: Path) -> None:
    """A loss that ended two weeks before the run and takes sixteen weeks to mend.

    Stairs of four weeks hold the share of their middle; two weeks of a stair are left on the first day.
    """
    nodes = FILES["nodes.csv"].replace("output_cover_days", "output_cover_days,capacity_t_per_year")
    limited = nodes.replace("x/metal,,14", "x/metal,,14,7300").replace("3650,", "3650,,")
    loss = "kind: capacity_loss, target: supplier, start: 2025-12-08, duration: 14 days"
    events = f"disruptions:\n  - {{{loss}, recovery: linear, recovery_time: 112 days}}"
    series = run(network(tmp_path, nodes=limited), step, events).record.series
    days = 7 if step == "week" else 1
    able = series.node_capacity[[0, 70 // days, 98 // days], 0] / (20.0 * days)
    np.testing.assert_allclose(able, [1 / 8, 7 / 8, 1.0])


@pytest.mark.parametrize("days", [11, 12])
def test_the_end_of_a_dated_response_is_rounded_up_once(days: int, tmp_path: Path) -> None:
    """As that of a disruption, and as the note on rounding says."""
    when = f"start: +3 days, duration: {days} days"
    surge = f"{{kind: surge_capacity, target: supplier, increase: 50%, {when}}}"
    swap = f"{{kind: substitution, material: x, max_share: 50%, time_constant: 4 weeks, {when}}}"
    build = (
        "{kind: stockpile_build, stockpile: v, country: BBB, members: [BBB], materials: [x], opening: 9 days}"
    )
    tap = f"{{kind: stockpile_release, stockpile: v, trigger: {{on: +3 days}}, duration: {days} days}}"
    result = run(network(tmp_path), "week", f"responses:\n  - {surge}\n  - {swap}\n  - {build}\n  - {tap}")
    ends = [event.step for event in result.record.events if event.label.startswith(("ends", "closes"))]
    assert ends == [-(-(3 + days) // 7)] * 3


def test_a_response_of_no_duration_does_nothing(tmp_path: Path) -> None:
    """It is warned of, and no fault."""
    spec = "kind: surge_capacity, target: supplier, increase: 50%, start: +70 days, duration: 0 days"
    result = run(network(tmp_path), "week", f"responses:\n  - {{{spec}}}")
    assert any("never holds" in note for note in result.manifest["notes"])


@pytest.mark.parametrize(
    ("rule", "said"),
    [("severity: 50%", True), ("recovery: linear, recovery_time: 70 days", True), ("", False)],
)
def test_a_part_of_no_limit_is_said_to_be_no_loss(rule: str, said: bool, tmp_path: Path) -> None:
    """Half of an unlimited capacity is unlimited."""
    spec = f"kind: capacity_loss, target: supplier, start: +70 days, duration: 84 days, {rule}"
    result = run(network(tmp_path), "week", f"disruptions:\n  - {{{spec.rstrip(', ')}}}")
    notes = [note for note in result.manifest["notes"] if "without a capacity limit: supplier" in note]
    assert bool(notes) == said


# -- scrap ---------------------------------------------------------------------------------------------------

SCRAP = {
    "materials": "material,basis\nx/metal,t X\ny/metal,t Y\nx/part,t X\n",
    "nodes": """\
node,stage,country,output_material,demand_per_year
supplier,refining,AAA,x/metal,
scrapyard,recycling,BBB,,
plant,processing,BBB,x/part,
user,end_use,BBB,gadgets,365
painter,end_use,BBB,paint,36.5
""",
    "recipes": """\
node,input_material,input_per_unit,cover_days
plant,x/metal,1.25,28
user,x/part,1,28
painter,y/metal,1,28
""",
    "outputs": """\
node,output_material,output_per_unit,drives
scrapyard,x/metal,0.5,true
scrapyard,y/metal,0.5,true
""",
    "arcs": """\
supplier,customer,material,flow_t_per_year,lead_time_days
supplier,plant,x/metal,419.75,14
scrapyard,plant,x/metal,36.5,14
scrapyard,painter,y/metal,36.5,14
plant,user,x/part,365,14
""",
    "recycling": "node,scrap_of,material,lifetime_days\nscrapyard,plant,x/metal,28\n",
}


@STEPS
def test_scrap_of_two_products_is_counted_once(step: str, tmp_path: Path) -> None:
    """Half of each tonne becomes one product, half the other; the books close and nothing moves."""
    result = run(network(tmp_path, **SCRAP), step)
    assert result.summary["mass_balance"]["max_relative_error"] < 1e-9
    assert short(result) == pytest.approx(0.0, abs=1e-9)


def test_scrap_that_never_leaves_starts_at_its_normal_stock(tmp_path: Path) -> None:
    """No stock is at rest then; there is a start all the same, and users see nothing of it."""
    world = network(tmp_path, **SCRAP)
    result = run(replace(world, parameters={"scrap_disposal_time": float("inf")}), "week")
    assert short(result) == pytest.approx(0.0, abs=1e-9)
    assert result.summary["mass_balance"]["max_relative_error"] < 1e-9
