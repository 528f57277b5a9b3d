"""Whatever a folder of tables holds, it becomes a steady network or one SimError, never a traceback.

Mutations are of the kinds that happen: cells of another row, nonsense in a cell, lost and doubled lines,
lost columns, cut files, stray bytes.
"""

from __future__ import annotations

import math
import tempfile
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sim.errors import SimError
from sim.model.folder import overlay_network, read_network_folder
from sim.model.network import Network
from tests.network_files import FILES, write_files

NONSENSE = (
    *("", " ", "nan", "inf", "-1", "0", "1e308", "1e-308", "-0.0", "1e999", "0x10", "1,5", "9" * 40),
    *('"', '"a', "a;b", ";", "#", "\x00", "\x1b[31m", "é", "💥", "\ufeff", "\u2028", "=1+1", "../..", "/"),
    *("true", "CHN", "mine_a", "metal/fine", "winder", "end_use", "recycling", "stockpile", "vault", "a/b/c"),
)


def mutate(files: dict[str, str], rng: Random) -> dict[str, bytes]:
    """Return the files with one to six random mistakes."""
    texts = dict(files)
    for _ in range(rng.randint(1, 6)):
        name = rng.choice(sorted(texts))
        lines = texts[name].split("\n")
        texts[name] = "\n".join(_mutated_lines(lines, rng))
        if rng.random() < 0.03:
            del texts[name]
            if not texts:
                break
        elif rng.random() < 0.03:
            texts[rng.choice(("node.csv", "x.csv", "arcs.csv", "outputs.csv"))] = texts[name]
    data = {name: text.encode("utf-8", "surrogatepass") for name, text in texts.items()}
    if data and rng.random() < 0.1:
        name = rng.choice(sorted(data))
        at = rng.randrange(len(data[name]) + 1)
        data[name] = data[name][:at] + bytes([rng.randrange(256)]) + data[name][at:]
    return data


def _mutated_lines(lines: list[str], rng: Random) -> list[str]:
    """Return the lines of one file with one mistake."""
    at = rng.randrange(len(lines))
    cells = lines[at].split(",")
    cell = rng.randrange(len(cells))
    kind = rng.randrange(9)
    if kind <= 2:
        cells[cell] = rng.choice(NONSENSE)
    elif kind == 3:
        other = rng.choice(lines).split(",")
        cells[cell] = other[min(cell, len(other) - 1)]
    elif kind == 4:
        cells[cell] = str(rng.choice((0.0, rng.random(), 10.0 ** rng.randint(-12, 12), -rng.random())))
    elif kind == 5:
        return lines[:at] + lines[at + 1 :]
    elif kind == 6:
        return [*lines[:at], lines[at], *lines[at:]]
    elif kind == 7:
        return [",".join(c for n, c in enumerate(line.split(",")) if n != cell) for line in lines]
    else:
        return [*lines[:at], lines[at][: rng.randrange(len(lines[at]) + 1)]]
    return [*lines[:at], ",".join(cells), *lines[at + 1 :]]


def assert_sound(network: Network) -> None:
    """Check that what was accepted can be run: finite numbers, slots that are filled, arcs that fit."""
    for node in network.nodes.values():
        assert math.isfinite(node.planned_per_year)
        assert 0.0 <= node.planned_per_year <= node.capacity_per_year * (1 + 1e-9)
    inflow: dict[tuple[str, str], float] = {}
    for arc in network.arcs:
        assert math.isfinite(arc.flow_t_per_year)
        assert arc.flow_t_per_year >= 0.0
        key = (arc.customer, arc.material)
        inflow[key] = inflow.get(key, 0.0) + arc.flow_t_per_year
    for node in network.nodes.values():
        for entry in node.inputs:
            use = entry.input_per_unit * node.planned_per_year
            if entry.essential > 0:
                assert inflow.get((node.id, entry.material), 0.0) == pytest.approx(use, rel=1e-11, abs=1e-290)


def read_mutated(seed: int) -> None:
    """Read one mutated folder, as a whole network and laid over the sound one."""
    rng = Random(seed)
    data = mutate(FILES, rng)
    with tempfile.TemporaryDirectory() as root:
        folder = Path(root) / "mine"
        folder.mkdir()
        for name, content in data.items():
            (folder / name).write_bytes(content)
        try:
            assert_sound(read_network_folder(folder, latent=rng.choice(("none", "auto"))))
        except SimError as fault:
            assert_readable(fault, root)
        try:
            assert_sound(overlay_network(BASE, folder))
        except SimError as fault:
            assert_readable(fault, root)


def assert_readable(fault: SimError, root: str) -> None:
    """Check that a message has text, fits a screen and cannot steer the terminal."""
    message = str(fault)
    assert message.strip()
    assert len(message.splitlines()) <= 14
    assert not any(ord(c) < 32 and c != "\n" for c in message)
    assert root not in message


def _base() -> Network:
    with tempfile.TemporaryDirectory() as root:
        return read_network_folder(write_files(Path(root) / "base"))


BASE = _base()


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 2**32))
def test_mutated_tables_never_raise_anything_but_sim_error(seed: int) -> None:
    """The same mistakes in a quick run of every change."""
    read_mutated(seed)


@pytest.mark.slow
def test_five_thousand_mutated_folders() -> None:
    """Seeds in order, so that a failure can be repeated by its number."""
    for seed in range(5000):
        read_mutated(seed)
