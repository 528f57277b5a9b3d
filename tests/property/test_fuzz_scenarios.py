"""Whatever a scenario file holds, it becomes a run or one SimError, never a traceback.

Mutations are of the kinds that happen: a value of another line, nonsense in a value, lost, doubled and
shifted lines, cut files, stray bytes. What the schema accepts goes on to the network, to the arrays and to
the first steps of a run.
"""

from __future__ import annotations

import shutil
import warnings
from functools import cache
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import pytest

from sim.errors import SimError
from sim.model.compile import compile_network
from sim.model.folder import read_network_folder
from sim.model.network import Network
from sim.model.scenario import check_scenario, dump_scenario, load_scenario, loads_scenario
from tests.network_files import write_files

ROOT = Path(__file__).parents[2]
SMALL = """\
name: small
start: 2026-01-05
horizon: 1 year
step: week
watch: [USA, JPN]
behaviour: {resourcing: on, order_cap: 1.5, adjustment_time: 3 weeks}
disruptions:
  - kind: export_restriction
    origin: CHN
    materials: [metal/crude, {containing: ore}]
    destinations: [JPN, "bloc:NATO"]
    start: +10 weeks
    duration: 12 weeks
    licence: {initial_stop: 2 weeks, ramp: 8 weeks, approval: 80%, by_destination: {JPN: 50%}}
    leakage: 10%
    leakage_hubs: [AUS]
    announced: +4 weeks
  - {kind: export_restriction, origin: JPN, materials: [part], start: 2026-05-04, quota: 20 t/year}
  - {kind: capacity_loss, target: refiner, start: 2026-03-02, recovery: linear, recovery_time: 9 weeks}
  - {kind: capacity_loss, target: {country: CHN, stage: mining}, start: +30 weeks, duration: 3 weeks}
responses:
  - kind: stockpile_build
    stockpile: pile
    country: JPN
    members: [JPN]
    materials: [metal/fine]
    opening: {metal/fine: 2 t}
    purchase: {target: 30 days, rate: 10 days/year, budget: 1 million USD, premium: 5%, start: +4 weeks}
  - {kind: stockpile_release, stockpile: pile, trigger: {fill_rate_below: 90%}, rate: 5%/week, delay: 1 week}
  - {kind: stockpile_release, stockpile: vault, trigger: {days_of_cover_below: 5}}
  - kind: substitution
    material: part
    substitute: metal/fine
    max_share: 20%
    time_constant: 9 weeks
    start: +9 days
  - {kind: surge_capacity, target: winder, increase: 20%, ramp: 8 weeks, trigger: {on: +8 weeks}}
"""
NONSENSE = (
    *("", " ", "~", ".nan", "-.inf", "-1", "0", "1e308", "1e999", "0x10", "1_000", "9" * 400, "1,5", "-0.0"),
    *(
        "true",
        "off",
        "null",
        "2026-02-30",
        "0001-01-01",
        "9999-12-31",
        "+99999999999 weeks",
        "-3 days",
        "3 fortnights",
    ),
    *(
        "[",
        "]",
        "{",
        "}",
        "[]",
        "{}",
        "[[]]",
        "{a: b}",
        "- x",
        "? y",
        "&a",
        "*a",
        "!!int 3",
        "!x",
        "<<",
        "|",
        ">",
        "%",
    ),
    *(
        '"',
        "'",
        "#",
        ":",
        ": ",
        "---",
        "...",
        "\\",
        "\t",
        "\x00",
        "\x1b[31m",
        "\u2028",
        "é",
        "💥",
        "\ufeff",
        "@",
        "`",
    ),
    *(
        "CHN",
        "bloc:NATO",
        "bloc:",
        "containing: ore",
        "ore",
        "metal/fine",
        "refiner",
        "pile",
        "vault",
        "../..",
        "/dev",
    ),
    *(
        "40%",
        "400%",
        "12 months",
        "5 t",
        "5 t/year",
        "1 billion USD",
        "kind",
        "extends: x",
        "export_restriction",
    ),
)


@cache
def sound() -> tuple[str, ...]:
    """Return the texts that are damaged: shipped scenarios, one with every field, one of a small network."""
    shipped = [path.read_text(encoding="utf-8") for path in sorted((ROOT / "scenarios").glob("*.yaml"))]
    full = (ROOT / "tests" / "unit" / "full_scenario.yaml").read_text(encoding="utf-8")
    return (*shipped, full, *[SMALL] * len(shipped))  # half of them, however many are shipped


@cache
def world() -> Network:
    """Return a small network that the names of `SMALL` fit."""
    with TemporaryDirectory() as folder:
        return read_network_folder(write_files(Path(folder) / "net"))


def mutate(text: str, rng: Random) -> bytes:
    """Return the text with one to three random mistakes."""
    for _ in range(rng.randint(1, 3)):
        text = "\n".join(_mutated(text.split("\n"), rng))
    data = text.encode("utf-8", "surrogatepass")
    if rng.random() < 0.1:
        at = rng.randrange(len(data) + 1)
        data = data[:at] + bytes([rng.randrange(256)]) + data[at:]
    return data


def _mutated(lines: list[str], rng: Random) -> list[str]:
    """Return lines with one mistake."""
    at = rng.randrange(len(lines))
    line = lines[at]
    head, colon, _ = line.rpartition(": ")
    kind = rng.randrange(9)
    if kind <= 2:
        new = [head + colon + rng.choice(NONSENSE)]
    elif kind == 3:
        new = [head + colon + rng.choice(lines).rpartition(": ")[2]]
    elif kind == 4:
        words = line.split(" ")
        words[rng.randrange(len(words))] = rng.choice(NONSENSE)
        new = [" ".join(words)]
    elif kind == 5:
        new = []
    elif kind == 6:
        new = [line, rng.choice(lines)]
    elif kind == 7:
        new = [" " * rng.randrange(8) + line.lstrip()]
    else:
        cut = rng.randrange(len(line) + 1)
        new = [line[:cut] + rng.choice(NONSENSE) + line[cut + rng.randrange(3) :]]
    return [*lines[:at], *new, *lines[at + 1 :]]


def take(data: bytes, folder: Path) -> str:
    """Load a damaged file and take it as far as it goes; return how far that was."""
    file = folder / "s.yaml"
    file.write_bytes(data)
    try:
        scenario = load_scenario(file)
    except SimError as fault:
        assert_readable(str(fault))
        return "refused"
    assert loads_scenario(dump_scenario(scenario)) == scenario
    try:
        check_scenario(scenario, world())
        if scenario.n_steps <= 600:
            compile_network(world(), scenario)
    except SimError as fault:
        assert_readable(str(fault))
        return "does not fit the network"
    return "accepted"


def assert_readable(message: str) -> None:
    """Check that a message fits one screen and can be printed."""
    assert message
    assert len(message.splitlines()) <= 14
    assert len(message) <= 8000
    assert all(character.isprintable() or character in "\n" for character in message), repr(message)


def damage(number: int, seed: int) -> dict[str, int]:
    """Take `number` damaged files; return how many ended where."""
    rng = Random(seed)
    counts: dict[str, int] = {}
    with TemporaryDirectory() as name, warnings.catch_warnings():
        warnings.simplefilter("error")
        for path in (ROOT / "scenarios").glob("*.yaml"):
            shutil.copy(path, name)  # for those that extend another
        for _ in range(number):
            data = mutate(rng.choice(sound()), rng)
            try:
                end = take(data, Path(name))
            except Exception as fault:
                raise AssertionError(f"{type(fault).__name__}: {fault}\nfor\n{data!r}") from fault
            counts[end] = counts.get(end, 0) + 1
    return counts


def test_a_damaged_scenario_runs_or_is_refused() -> None:
    """A thousand files in every run of the tests; all three ends are reached."""
    counts = damage(1_000, 1)
    assert min(counts.get(end, 0) for end in ("refused", "does not fit the network", "accepted")) > 10


@pytest.mark.slow
def test_ten_thousand_damaged_scenarios_run_or_are_refused() -> None:
    """The same for longer."""
    damage(10_000, 2)


def test_any_bytes_are_refused() -> None:
    """What is no scenario at all."""
    rng = Random(3)
    with TemporaryDirectory() as name:
        for _ in range(300):
            assert take(rng.randbytes(rng.randrange(200)), Path(name)) == "refused"
