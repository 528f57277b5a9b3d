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
