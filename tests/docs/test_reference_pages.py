"""Hand-written reference pages name exactly what the program has."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pandas as pd
import pytest
import typer
from typer.main import get_command

import sim
from sim.cli import app
from sim.model.scenario import loads_scenario

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "docs" / "reference"

SCENARIO = """
name: short
start: 2026-01-05
horizon: 20 weeks
watch: [USA, CHN]
disruptions:
  - kind: export_restriction
    origin: CHN
    materials: [gallium]
    start: 2026-02-02
    severity: 100%
"""


def first_cells(page: str, heading: str, *, columns: int = 1) -> list[tuple[str, ...]]:
    """Return the back-quoted words that open each table row under a heading, up to the next heading."""
    text = (REFERENCE / page).read_text(encoding="utf-8")
    start = re.search(rf"^#+ {re.escape(heading)}$", text, re.M)
    assert start is not None, heading
    section = re.split(r"^#", text[start.end() :], maxsplit=1, flags=re.M)[0]
    rows = [line.split("|")[1 : 1 + columns] for line in section.splitlines() if line.startswith("| `")]
    return [tuple(re.findall(r"`([^`]+)`", cell)[0] for cell in row) for row in rows]


def names(page: str, heading: str) -> list[str]:
    return [name for (name,) in first_cells(page, heading)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the result folder of a short run with flows."""
    result = sim.simulate(sim.default_network(), loads_scenario(SCENARIO), record="flows")
    return result.save(tmp_path_factory.mktemp("results"))


def test_summary_has_the_documented_keys(folder: Path) -> None:
    """Scripts rely on the keys; none is missing, none undocumented, in that order."""
    summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    assert list(summary) == names("results.md", "summary.json")
    documented = names("results.md", "Rows of materials and sectors")
    for rows, key, other in (("materials", "material", "sector"), ("sectors", "sector", "material")):
        assert list(summary[rows][0]) == [name for name in documented if name != other], key
    assert list(summary["stockpiles"][0]) == names("results.md", "Rows of stockpiles")


def test_manifest_has_the_documented_keys(folder: Path) -> None:
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    assert list(manifest) == names("results.md", "manifest.json")
    text = (REFERENCE / "results.md").read_text(encoding="utf-8")
    for key in (*manifest["counts"], *manifest["timings_s"]):
        assert f"`{key}`" in text, key


def test_series_have_the_documented_columns_and_variables(folder: Path) -> None:
    series = pd.read_parquet(folder / "series.parquet")
    assert list(series.columns) == names("results.md", "series.parquet")
    found = series[["kind", "variable"]].drop_duplicates().astype(str)
    documented = first_cells("results.md", "Variables", columns=2)
    assert set(found.itertuples(index=False, name=None)) == set(documented)


def test_events_have_the_documented_columns(folder: Path) -> None:
    header = (folder / "events.csv").read_text(encoding="utf-8").splitlines()[0]
    assert header.split(",") == names("results.md", "events.csv")


def test_a_result_folder_holds_the_documented_files(folder: Path) -> None:
    written = {path.name for path in folder.iterdir()}
    assert written | {"resilience.png", "resilience.svg"} == set(names("results.md", "Results"))


def test_every_public_name_is_documented() -> None:
    """`sim.__all__` is the promise; the page lists all of it and nothing else."""
    text = (REFERENCE / "python.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| `(\w+)` \|", text, re.M)
    assert sorted(listed) == sorted(sim.__all__)


def test_every_public_name_can_be_had() -> None:
    assert [name for name in sim.__all__ if getattr(sim, name, None) is None] == []


def commands(group: typer.core.TyperGroup, path: str = "sim") -> dict[str, typer.core.TyperCommand]:
    """Return every command by the words that call it."""
    found: dict[str, typer.core.TyperCommand] = {}
    for name, command in group.commands.items():
        words = f"{path} {name}"
        found |= commands(command, words) if hasattr(command, "commands") else {words: command}
    return found


def options(command: typer.core.TyperCommand) -> set[str]:
    """Return the options of a command as users write them, ``--no-`` twins apart."""
    return {
        option
        for parameter in command.params
        if parameter.param_type_name == "option"
        for option in parameter.opts
        if option not in ("--help", "--install-completion", "--show-completion")
    }


def documented_options(heading: str) -> set[str]:
    """Return every option in the first column of a command's table."""
    text = (REFERENCE / "commands.md").read_text(encoding="utf-8")
    section = re.split(rf"^## {re.escape(heading)}$", text, maxsplit=1, flags=re.M)[1]
    section = re.split(r"^## ", section, maxsplit=1, flags=re.M)[0]
    cells = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `-")]
    return {option for cell in cells for option in re.findall(r"`(-[\w-]+)", cell)} - {"--help"}


def test_every_command_is_documented() -> None:
    group = get_command(app)
    text = (REFERENCE / "commands.md").read_text(encoding="utf-8")
    headings = set(re.findall(r"^## (.+)$", text, re.M))
    assert headings == {"sim", *commands(group)}


@pytest.mark.parametrize("words", ["sim", *sorted(commands(get_command(app)))])
def test_every_option_is_documented(words: str) -> None:
    """No option is hidden from readers, and none is promised that does not exist."""
    group = get_command(app)
    command = group if words == "sim" else commands(group)[words]
    assert documented_options(words) == options(command)
