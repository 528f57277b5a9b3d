"""Time and memory of whole commands, each in a process of its own. Run by ``make bench``."""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.bench
ROOT = Path(__file__).parents[2]
HELP_S, RUN_S, PEAK_MB = 0.3, 3.0, 500.0


def least_seconds(arguments: list[str], folder: Path, repeats: int = 5) -> float:
    """Return the least wall time of a command, after one run that fills the caches."""
    taken = []
    for _ in range(repeats + 1):
        start = time.perf_counter()
        subprocess.run([sys.executable, "-m", "sim", *arguments], cwd=folder, check=True, capture_output=True)
        taken.append(time.perf_counter() - start)
    return min(taken[1:])


def test_help_answers_at_once(tmp_path: Path) -> None:
    """Nobody waits for a list of commands."""
    taken = least_seconds(["--help"], tmp_path)
    print(f"sim --help: {taken:.3f} s")
    assert taken < HELP_S


def test_export_ban_with_figures(tmp_path: Path) -> None:
    """From the warm caches to tables, files and figures on disk; memory of the largest process so far."""
    taken = least_seconds(["run", str(ROOT / "scenarios" / "export_ban.yaml")], tmp_path)
    assert (tmp_path / "results" / "export_ban" / "resilience.png").stat().st_size > 10_000
    peak_mb = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"sim run export_ban: {taken:.2f} s, at most {peak_mb:.0f} MB")
    assert taken < RUN_S
    assert peak_mb < PEAK_MB
