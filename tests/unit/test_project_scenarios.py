"""What a scenario may say about announced projects, and projects in worlds that are driven or laid over."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import sim
from sim.errors import ScenarioError
from sim.model.cache import from_plain, to_plain
from sim.model.folder import overlay_network
from sim.model.scenario import Scenario, check_scenario, loads_scenario
from sim.model.schedule import share_of_capacity
from tests.network_files import write_files

HEAD = "name: s\nstart: 2026-01-05\nhorizon: 4 years\nnetwork: {projects: financed}\n"
SLIP = HEAD + "disruptions:\n  - {kind: project_slippage, start: 2026-07-06, "
FUND = HEAD + "responses:\n  - {kind: fund_project, "

FAULTS = [
    (SLIP + "projects: [mp_10x_nortlake], delay: 1 year}", "did you mean 'mp_10x_northlake'"),
    (SLIP + "projects: [korea_zinc_clarksville], delay: 1 year}", "network.projects: financed"),
    (SLIP + "projects: [evac_sumter, evac_sumter], delay: 1 year}", "is listed twice"),
    (SLIP + "country: CHN, delay: 1 year}", "names no project that is still to come"),
    (SLIP + "status: anounced, delay: 1 year}", "status"),
    (SLIP + "delay: 0 days}", "exactly one of delay above 0 and cancelled"),
    (SLIP + "delay: 1 year, cancelled: true}", "exactly one of delay above 0 and cancelled"),
    (SLIP + "delay: 1 year, duration: 2 years}", "has no meaning here"),
    (FUND + "project: vulcan_elements_bensen, odds: 10%}", "did you mean 'vulcan_elements_benson'"),
    (FUND + "project: vulcan_elements_benson}", "needs odds, earlier or both"),
    (FUND + "project: vulcan_elements_benson, odds: 110%}", "odds"),
]


def refusal(text: str) -> str:
    """Return the message with which a scenario is refused."""
    with pytest.raises(ScenarioError) as caught:
        spec = loads_scenario(text)
        check_scenario(spec, sim.default_network(2024, spec.network.projects))
    return str(caught.value)


@pytest.mark.parametrize(("text", "said"), FAULTS)
def test_a_wrong_word_on_projects_is_refused(text: str, said: str) -> None:
    assert said in refusal(text)


def test_money_that_changes_nothing_is_noted() -> None:
    """Below even nothing is built; a running plant needs no money."""
    notes = []
    for project in ("alcoa_sojitz_wagerup", "empire_state_mines"):
        spec = loads_scenario(FUND.replace("financed", "all") + f"project: {project}, odds: 5%}}")
        notes += check_scenario(spec, sim.default_network(2024, "all"))
    assert any("stays below even" in note for note in notes)


def spec(**changes: Any) -> Scenario:
    return Scenario(
        name="w", start="2026-01-05", horizon="3 years", network={"projects": "financed"}, **changes
    )


def test_a_world_goes_on_under_other_events_with_the_same_projects(tmp_path: Path) -> None:
    """Projects are not added twice, and a checkpoint in the middle of a ramp goes on to the same bytes."""
    network = sim.default_network(2024, "financed")
    whole = sim.simulate(network, spec(), record="all")
    world = sim.World(network, spec())
    world.advance(60)
    world.change(spec())
    saved = world.save(tmp_path / "mid.bin")
    world.advance(40)
    world.restore(saved)
    world.advance(whole.n_steps - 60)
    there = world.result().record.series.node_activity
    assert np.array_equal(there, whole.record.series.node_activity)


def test_projects_do_not_change_their_course_midway() -> None:
    """Their schedule is part of the start."""
    world = sim.World(sim.default_network(2024, "financed"), spec())
    fund = {"kind": "fund_project", "project": "vulcan_elements_benson", "odds": "5%"}
    with pytest.raises(ScenarioError, match="midway"):
        world.change(spec(responses=[fund]))


def test_a_network_with_projects_is_kept_on_disk_whole() -> None:
    """Nothing of the projects is lost in the cache."""
    network = sim.default_network(2024, "all")
    again = from_plain(to_plain(network))
    assert again.announced == network.announced
    assert again.arcs == network.arcs


def test_a_plant_laid_over_the_world_keeps_its_projects(tmp_path: Path) -> None:
    """An overlay with a new user of magnets runs with projects."""
    files = {
        "nodes.csv": "node,stage,country,output_material,demand_per_year\nmy_motors,end_use,USA,motors,50\n",
        "recipes.csv": "node,input_material,input_per_unit\nmy_motors,ndfeb/magnet_standard,0.1\n",
        "arcs.csv": "supplier,customer,material,flow_t_per_year,lead_time_days\n"
        "ndfeb_magnet_standard.CHN,my_motors,ndfeb/magnet_standard,5,40\n",
    }
    world = sim.default_network(2024, "financed")
    joined = overlay_network(world, write_files(tmp_path / "mine", files))
    assert joined.announced == world.announced
    result = sim.simulate(joined, spec(), record="all", check=True)
    assert result.record.max_relative_balance_error < 1e-9
    assert any(row["output"] > 0 for row in result.summary["projects"] if not row["ran_in_base_year"])


def test_the_ramp_is_a_line_between_the_quarters() -> None:
    """Nothing on the first day, the curve's value at each quarter's end, its last value ever after."""
    part = sim.default_network(2024, "all").announced.parts[0]
    quarter = 365.0 / 4.0
    assert share_of_capacity(part, 0.0) == 0.0
    assert share_of_capacity(part, quarter) == pytest.approx(part.curve[0])
    assert share_of_capacity(part, 1.5 * quarter) == pytest.approx(0.5 * (part.curve[0] + part.curve[1]))
    assert share_of_capacity(part, 1e5) == part.curve[-1]
