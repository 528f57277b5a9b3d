"""The commands as a reader sees them through a pipe: legible at 80 columns, wider only when asked to be."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from sim.cli import app

SCENARIOS = Path(__file__).parents[2] / "scenarios"


def output(width: int | None, *words: str) -> str:
    found = CliRunner().invoke(app, list(words), env={"COLUMNS": None if width is None else str(width)})
    assert found.exit_code == 0, found.output
    return found.output


def assert_legible(text: str, width: int) -> None:
    for line in text.splitlines():
        assert len(line) <= width, line
    assert "…" not in text


@pytest.mark.parametrize("width", [80, 100, 120])
@pytest.mark.parametrize(
    "words",
    [
        ("check",),
        ("network",),
        ("network", "--node", "gallium_primary.CHN"),
        ("network", "--node", "use_ev_traction.USA"),
    ],
    ids=" ".join,
)
def test_network_and_check_fit_the_width(width, words):
    assert_legible(output(width, *words), width)


def test_a_pipe_without_a_width_gets_100_columns():
    assert max(map(len, output(None, "network").splitlines())) <= 100


@pytest.mark.parametrize("width", [80, 120])
def test_a_run_and_a_comparison_fit_and_name_who_and_what(tmp_path, width):
    scenarios = [str(SCENARIOS / f"{name}.yaml") for name in ("baseline", "export_ban")]
    # the paths of the results are told as they are, however long
    ran = output(width, "run", *scenarios, "--out", str(tmp_path), "--no-plot").replace(str(tmp_path), "")
    compared = output(width, "compare", *scenarios, "--out", str(tmp_path), "--no-plot")
    for text in (ran, compared.replace(str(tmp_path), "")):
        assert_legible(text, width)
        assert re.search(r"^EV traction +KOR ", text, re.MULTILINE)
        # a name may go on in the next line where the page is narrow
        assert re.search(r"^(terbium|dysprosium),( metal)? +(KOR|EU|USA) ", text, re.MULTILINE)
