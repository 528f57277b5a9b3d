"""The shipped network, driven in pieces, saved, restored and gone on with, ends at the same bytes.

World: a ban with leakage answered by a stockpile that a trigger opens, so that calendar, trigger and
stockpile states all have to survive the way through a file.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import sim
from sim.engine.run import Engine
from sim.model.compile import Compilation
from tests.shipped import ban, compiled, scenario

VAULT: list[dict[str, Any]] = [
    {
        "kind": "stockpile_build",
        "stockpile": "vault",
        "country": "USA",
        "members": ["USA", "JPN", "KOR", "EUU"],
        "materials": ["gallium/primary_metal", "germanium/refined", "dysprosium/oxide"],
        "opening": "60 days",
        "purchase": {"target": "90 days", "rate": "20 days/year"},
    },
    {
        "kind": "stockpile_release",
        "stockpile": "vault",
        "trigger": {"fill_rate_below": "95%"},
        "rate": "10%/week",
        "delay": "14 days",
    },
]
KEYS: dict[str, Any] = {"disruptions": [ban(leakage=0.1)], "responses": VAULT, "horizon": "4 years"}


@pytest.fixture(scope="module", params=["week", "day"])
def compilation(request: pytest.FixtureRequest) -> Compilation:
    return compiled(*KEYS["disruptions"], responses=VAULT, horizon="4 years", step=request.param)


def engine_bytes(engine: Engine) -> dict[str, bytes]:
    """Return every history, the whole state and the events as bytes."""
    found = {f"series.{name}": values.tobytes() for name, values in engine.record.series._asdict().items()}
    found |= {f"state.{name}": values.tobytes() for name, values in engine.state._asdict().items()}
    found["events"] = repr([(e.step, e.kind, e.name, e.label) for e in engine.events]).encode()
    return found


def result_bytes(result: sim.RunResult, folder: Path) -> dict[str, bytes]:
    """Return the files of a result that must not differ between runs."""
    place = result.save(folder)
    return {name: (place / name).read_bytes() for name in ("series.parquet", "summary.json", "events.csv")}


def assert_same_bytes(left: dict[str, bytes], right: dict[str, bytes]) -> None:
    """Name what differs, not the bytes."""
    assert left.keys() == right.keys()
    assert [name for name in left if left[name] != right[name]] == []


def test_the_world_of_these_tests_fires_its_trigger(compilation: Compilation) -> None:
    """Else the tests below would show less than they say."""
    engine = Engine(compilation.run)
    engine.advance(engine.compiled.n_steps)
    kinds = {event.kind for event in engine.events}
    assert {"trigger", "arc_cap", "pile_rate"} <= kinds
    assert (engine.record.series.pile_released.sum(axis=0) > 0).any()


def test_an_engine_in_pieces_equals_one_go(compilation: Compilation) -> None:
    whole, pieces = Engine(compilation.run), Engine(compilation.run)
    whole.advance(whole.compiled.n_steps)
    length = 1
    while pieces.step < pieces.compiled.n_steps:
        pieces.advance(length)
        length = length % 17 + 1
    assert_same_bytes(engine_bytes(whole), engine_bytes(pieces))


@pytest.mark.parametrize("share", [0.0, 0.1, 0.13, 0.2, 0.4, 0.99])
def test_an_engine_restored_anywhere_equals_one_go(compilation: Compilation, share: float) -> None:
    """Before the ban, in it before and after the trigger has fired, after its end, in the last step."""
    whole, first, second = (Engine(compilation.run) for _ in range(3))
    whole.advance(whole.compiled.n_steps)
    first.advance(int(share * first.compiled.n_steps))
    second.restore(first.checkpoint())
    second.advance(second.compiled.n_steps)
    assert_same_bytes(engine_bytes(whole), engine_bytes(second))


def test_a_world_in_pieces_equals_simulate_in_one_go(tmp_path: Path) -> None:
    network, spec = sim.default_network(2024), scenario(**KEYS)
    world = sim.World(network, spec, record="flows")
    while world.step < 208:
        world.advance(13)
    world.advance(1)
    assert_same_bytes(
        result_bytes(sim.simulate(network, spec, record="flows"), tmp_path / "whole"),
        result_bytes(world.result(), tmp_path / "pieces"),
    )


@pytest.mark.parametrize("at", [0, 27, 30, 60, 208])
def test_a_world_saved_and_restored_equals_one_go(tmp_path: Path, at: int) -> None:
    """A second world takes the file over; the first one goes back to it after having gone on."""
    network, spec = sim.default_network(2024), scenario(**KEYS)
    first, second = sim.World(network, spec), sim.World(network, spec)
    first.advance(at)
    file = first.save(tmp_path / "world")
    first.advance(40 if at < 160 else 1)
    expected = result_bytes(sim.simulate(network, spec, record="all"), tmp_path / "whole")
    for number, world in enumerate((first, second)):
        world.restore(file)
        assert world.step == at
        world.advance(209 - at)
        assert_same_bytes(expected, result_bytes(world.result(), tmp_path / str(number)))


def test_twice_in_a_row_gives_the_same_files(tmp_path: Path) -> None:
    """What the first run leaves in memory (a shared baseline, compiled code) changes nothing."""
    network, spec = sim.default_network(2024), scenario(**KEYS)
    runs = [result_bytes(sim.simulate(network, spec, seed=3), tmp_path / str(i)) for i in range(2)]
    assert_same_bytes(*runs)
