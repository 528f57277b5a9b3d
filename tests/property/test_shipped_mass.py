"""Mass is conserved on the shipped network, in the engine's own check and in what a user reads."""

from __future__ import annotations

from typing import Any

import pytest

import sim
from sim.engine.run import Engine
from sim.testing import assert_mass_balance
from tests.shipped import ban, compiled, loss, scenario

STOCKPILE = [
    {
        "kind": "stockpile_build",
        "stockpile": "reserve",
        "country": "USA",
        "members": ["USA", "JPN"],
        "materials": ["gallium/primary_metal"],
        "opening": "60 days",
        "purchase": {"target": "90 days", "rate": "5 t/day"},
    },
    {"kind": "stockpile_release", "stockpile": "reserve", "trigger": {"fill_rate_below": 0.9}},
]
WORLDS: dict[str, tuple[list[dict[str, Any]], list[dict[str, Any]]]] = {
    "calm": ([], []),
    "ban": ([ban(leakage=0.1)], []),
    "half a ban": ([ban(0.5)], []),
    "ban with a stockpile": ([ban(leakage=0.1)], STOCKPILE),
    "mines lost": ([loss("CHN", "mining", "neodymium_praseodymium/contained")], []),
    "ores lost": ([loss("MMR", "mining", "dysprosium/contained")], []),
    "two at once": ([ban(), loss("CHN", "refining", "zinc/refined_metal", 0.5)], STOCKPILE),
}


@pytest.mark.parametrize("step", ["week", "day"])
@pytest.mark.parametrize("world", WORLDS.values(), ids=WORLDS.keys())
def test_mass_is_conserved_at_every_stop(world: tuple[list[Any], list[Any]], step: str) -> None:
    """The engine checks its books every eleven steps; measured 2e-14."""
    disruptions, responses = world
    engine = Engine(compiled(*disruptions, responses=responses, step=step, horizon="8 years").run, check=True)
    while engine.step < engine.compiled.n_steps:
        engine.advance(11)
    assert engine.finish().max_relative_balance_error <= 1e-9


@pytest.mark.parametrize("world", WORLDS.values(), ids=WORLDS.keys())
def test_the_summary_reports_the_balance(world: tuple[list[Any], list[Any]]) -> None:
    disruptions, responses = world
    spec = scenario(disruptions=disruptions, responses=responses, horizon="6 years")
    result = sim.simulate(sim.default_network(2024), spec, check=True)
    assert_mass_balance(result, rtol=1e-9)
    assert 0.0 <= result.summary["mass_balance"]["max_relative_error"] <= 1e-9
