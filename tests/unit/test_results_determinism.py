"""The same seed gives the same bytes: twice in a row, and in two processes, on the shipped world."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from sim.analysis.runs import run_scenario
from sim.report.figures import draw_figures

ROOT = Path(__file__).parents[2]
SCENARIO = ROOT / "scenarios" / "export_ban.yaml"
TIMED = "manifest.json"


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return run_scenario(SCENARIO, seed=5).save(tmp_path_factory.mktemp("first"), draw=draw_figures)


def assert_same_bytes(left: Path, right: Path) -> None:
    assert sorted(p.name for p in left.iterdir()) == sorted(p.name for p in right.iterdir())
    for path in left.iterdir():
        if path.name != TIMED:
            assert path.read_bytes() == (right / path.name).read_bytes(), path.name


def test_twice_in_a_row_gives_the_same_bytes_figures_included(first, tmp_path):
    assert_same_bytes(first, run_scenario(SCENARIO, seed=5).save(tmp_path, draw=draw_figures))


@pytest.mark.parametrize("hash_seed", ["1", "2"])
def test_another_process_gives_the_same_bytes_whatever_its_hash_seed(first, tmp_path, hash_seed):
    """Sets and dicts of text are ordered by the hash seed: nothing may depend on it."""
    environment = os.environ | {"PYTHONHASHSEED": hash_seed}
    command = [sys.executable, "-m", "sim", "run", str(SCENARIO), "--seed", "5", "--out", str(tmp_path), "-q"]
    subprocess.run(command, check=True, env=environment, cwd=ROOT, timeout=300)
    assert_same_bytes(first, tmp_path / "export_ban")


def test_the_manifest_differs_in_its_timings_only(first, tmp_path):
    again = run_scenario(SCENARIO, seed=5).save(tmp_path, draw=draw_figures)
    left, right = (json.loads((folder / TIMED).read_text()) for folder in (first, again))
    for manifest in (left, right):
        manifest["timings_s"] = None
    assert left == right
