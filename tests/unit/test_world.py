"""A world driven from outside refuses what would silently mean something else."""

from __future__ import annotations

from datetime import date

import pytest

import sim
from sim.errors import EngineError, ResultError, ScenarioError
from tests.shipped import ban, scenario


@pytest.fixture(scope="module")
def world() -> sim.World:
    return sim.World(sim.default_network(), scenario(disruptions=[ban()]))


def test_a_world_does_not_run_backwards(world: sim.World) -> None:
    """Going back is what checkpoints are for."""
    with pytest.raises(EngineError, match="n_steps = -1 is negative; restore"):
        world.advance(-1)


@pytest.mark.parametrize(
    "change", [{"start": date(2026, 2, 2)}, {"step": "day"}, {"horizon_days": 3650.0}], ids=str
)
def test_a_change_keeps_the_time_axis(world: sim.World, change: dict[str, object]) -> None:
    """Events dated on another axis would act in other weeks than their dates say."""
    (name,) = change
    with pytest.raises(ScenarioError, match=f"{name} = .* of the change is not that of the world"):
        world.change(world.scenario.with_changes(**change))


def test_a_material_or_country_that_is_not_recorded_is_named_with_the_nearest(world: sim.World) -> None:
    """A misspelt name is found without the tables."""
    with pytest.raises(ResultError, match="did you mean 'gallium/primary_metal'"):
        world.read("inventory", material="galium/primary_metal", country="JPN")
    with pytest.raises(ResultError, match="did you mean 'JPN'"):
        world.read("inventory", material="gallium/primary_metal", country="JPX")


def test_a_change_cannot_refill_a_stockpile_that_stands(world: sim.World) -> None:
    """The stocks of the start are the world's; another opening would be passed over in silence."""
    build = {
        "kind": "stockpile_build",
        "stockpile": "vault",
        "country": "USA",
        "members": ["USA"],
        "materials": ["gallium/primary_metal"],
    }
    stocked = sim.World(world.network, scenario(responses=[build | {"opening": "30 days"}]))
    with pytest.raises(ScenarioError, match="start it from a scenario that names them"):
        stocked.change(scenario(responses=[build | {"opening": "60 days"}]))
    with pytest.raises(ScenarioError, match="rules that the world was not started with"):
        world.change(world.scenario.with_changes(behaviour={"order_cap": 2.0}))


def test_the_onset_of_a_changed_world_is_that_of_the_change(world: sim.World) -> None:
    """Weeks to shortfall and recovery count from the ban, as in a run that knew of it from the start."""
    calm, banned = scenario(horizon="3 years"), scenario(horizon="3 years", disruptions=[ban()])
    driven = sim.World(world.network, calm, record="watched")
    driven.advance(20)
    driven.change(banned)
    driven.advance(1000)
    assert driven.result().summary["materials"] == sim.simulate(world.network, banned).summary["materials"]
