"""Every command of the command line as a user meets it: what it prints, writes, and returns."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

import sim
from sim.cli import app
from tests.network_files import write_files

ROOT = Path(__file__).parents[2]
SCENARIO = """\
name: {name}
title: The refiner stops
start: 2026-01-05
horizon: 2 years
network: {{folder: net}}
watch: [USA, JPN]
disruptions:
  - {{kind: capacity_loss, target: refiner, start: 2026-03-02, duration: {weeks} weeks}}
"""


def run(*words: str) -> str:
    """Run a command that must succeed; return what it prints."""
    result = CliRunner().invoke(app, list(words))
    assert result.exit_code == 0, result.stderr
    assert result.stderr == "", "nothing but faults goes to standard error off a terminal"
    return result.stdout


def read_json(*words: str) -> Any:
    """Run a command with --json; its whole output is strict JSON."""

    def refuse(word: str) -> None:
        raise AssertionError(f"{word} is not JSON")

    return json.loads(run(*words, "--json"), parse_constant=refuse)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with a network and two scenarios."""
    monkeypatch.chdir(tmp_path)
    write_files(tmp_path / "net")
    for name, weeks in (("short", 8), ("long", 30)):
        (tmp_path / f"{name}.yaml").write_text(SCENARIO.format(name=name, weeks=weeks), encoding="utf-8")
    return tmp_path


# -- run -----------------------------------------------------------------------------------------------------


def test_run_prints_who_falls_short_and_writes_the_contracts_files(folder: Path) -> None:
    shown = run("run", "long.yaml")
    for part in ("The refiner stops", "First short", "Worst", "Back", "Written to results/long"):
        assert part in shown
    assert sorted(path.name for path in (folder / "results" / "long").iterdir()) == [
        "events.csv",
        "manifest.json",
        "resilience.png",
        "resilience.svg",
        "scenario.resolved.yaml",
        "series.parquet",
        "summary.json",
    ]


def test_run_prints_the_summary_as_json_and_nothing_else(folder: Path) -> None:
    summary = read_json("run", "long.yaml", "--no-plot")
    assert summary["scenario"] == "long"
    assert summary == json.loads((folder / "results" / "long" / "summary.json").read_text())


def test_several_scenarios_give_one_list(folder: Path) -> None:
    summaries = read_json("run", "short.yaml", "long.yaml", "--no-plot")
    assert [summary["scenario"] for summary in summaries] == ["short", "long"]
    assert sorted(path.name for path in (folder / "results").iterdir()) == ["long", "short"]


def test_quiet_prints_nothing(folder: Path) -> None:
    assert run("run", "short.yaml", "--quiet") == ""
    assert (folder / "results" / "short" / "resilience.png").is_file()


def test_no_plot_writes_no_figure(folder: Path) -> None:
    run("run", "short.yaml", "--no-plot", "--quiet")
    assert not list((folder / "results" / "short").glob("resilience.*"))


def test_step_out_seed_and_record_reach_the_run(folder: Path) -> None:
    run("run", "short.yaml", "--no-plot", "--quiet", "--out", "here/deep")
    run("run", "short.yaml", "--no-plot", "--quiet", "--seed", "7", "--step", "day", "--record", "flows")
    weekly = sim.load_result(folder / "here" / "deep" / "short")
    daily = sim.load_result(folder / "results" / "short")
    assert (weekly.summary["step_days"], daily.summary["step_days"]) == (7, 1)
    assert (weekly.summary["seed"], daily.summary["seed"]) == (0, 7)
    assert "flow_t" not in set(weekly.series["variable"])
    assert "flow_t" in set(daily.series["variable"])


def test_a_result_of_the_same_name_is_replaced(folder: Path) -> None:
    run("run", "short.yaml", "--quiet")
    run("run", "short.yaml", "--quiet", "--no-plot")
    assert not (folder / "results" / "short" / "resilience.png").exists()
    assert [path.name for path in (folder / "results").iterdir()] == ["short"]


def test_the_resolved_scenario_gives_the_same_result_again(folder: Path) -> None:
    """Anyone can repeat a result from its own folder."""
    first = read_json("run", "long.yaml", "--no-plot")
    again = read_json("run", "results/long/scenario.resolved.yaml", "--no-plot", "--out", "again")
    assert first == again


def test_the_same_seed_gives_the_same_bytes_in_two_processes(folder: Path) -> None:
    for place in ("a", "b"):
        command = [sys.executable, "-m", "sim", "run", "long.yaml", "--quiet", "--no-plot", "--out", place]
        subprocess.run(command, check=True, cwd=folder)
    for name in ("series.parquet", "summary.json", "events.csv"):
        assert (folder / "a" / "long" / name).read_bytes() == (folder / "b" / "long" / name).read_bytes(), (
            name
        )


# -- compare, plot -------------------------------------------------------------------------------------------


def test_compare_takes_result_folders_and_scenario_files(folder: Path) -> None:
    run("run", "short.yaml", "--quiet", "--no-plot")
    shown = run("compare", "results/short", "long.yaml")
    assert "short (reference)" in shown
    assert "Written to results/compare-short-long" in shown
    assert list((folder / "results" / "compare-short-long").glob("*.png"))


def test_compare_prints_json(folder: Path) -> None:
    content = read_json("compare", "short.yaml", "long.yaml", "--no-plot")
    assert isinstance(content, dict)
    assert "short" in json.dumps(content)
    assert run("compare", "short.yaml", "long.yaml", "--no-plot", "--quiet") == ""


def test_plot_draws_again_here_or_elsewhere(folder: Path) -> None:
    run("run", "long.yaml", "--quiet", "--no-plot")
    assert "resilience.png" in run("plot", "results/long")
    assert (folder / "results" / "long" / "resilience.svg").is_file()
    assert run("plot", "results/long", "--out", "figures", "--quiet") == ""
    assert (folder / "figures" / "resilience.png").is_file()


# -- check, network, schema ----------------------------------------------------------------------------------


def test_check_of_a_sound_network_and_scenario_passes(folder: Path) -> None:
    assert "0 errors" in run("check", "net")
    assert read_json("check", "net")["ok"] is True
    assert read_json("check", "long.yaml")["ok"] is True


def test_check_says_what_a_scenario_had_to_round(folder: Path) -> None:
    findings = read_json("check", "long.yaml")["findings"]
    assert any("rounded up to whole weeks" in finding["message"] for finding in findings)


@pytest.mark.parametrize("what", ["network", "data", str(ROOT / "scenarios" / "export_ban.yaml")])
def test_check_prints_the_residuals_of_every_material(what: str) -> None:
    """What remains open after the balance, and how far the figures were apart before it."""
    shown = run("check", what)
    content = read_json("check", what)
    names = {row["material"] for row in content["materials"]}
    assert {"gallium/primary_metal", "germanium/refined", "ndfeb/magnet_high_temperature"} <= names
    for name in names:
        assert name in shown
    assert all(abs(row["closure"]) < 1e-9 for row in content["materials"])


def test_check_prints_the_balance_of_a_users_own_network(folder: Path) -> None:
    """Joint products may leave a surplus; what is used is what arrives."""
    assert "Balance by material" in run("check", "net")
    rows = {row["material"]: row for row in read_json("check", "net")["materials"]}
    assert rows["part/coil"]["production_t"] == pytest.approx(100.0)
    assert rows["part/coil"]["use_t"] == pytest.approx(100.0)
    assert rows["ore/sand"]["surplus_t"] > 0
    assert all(abs(row["closure"]) < 1e-9 for row in rows.values())


def test_check_of_the_tables_finds_no_error() -> None:
    assert read_json("check", "data")["ok"] is True


@pytest.mark.parametrize("path", sorted((ROOT / "scenarios").glob("*.yaml")), ids=lambda path: path.stem)
def test_every_shipped_scenario_passes_its_check(path: Path) -> None:
    content = read_json("check", str(path))
    assert content["ok"] is True


def test_network_shows_a_summary_and_the_account_of_a_node(folder: Path) -> None:
    assert "5" in run("network", "net")
    assert read_json("network", "net")
    account = read_json("network", "net", "--node", "refiner")
    assert "smelter" in json.dumps(account)
    assert "smelter" in run("network", "net", "--node", "refiner")


@pytest.mark.parametrize("form", ["graphml", "gexf", "json"])
def test_network_exports_graphs_that_networkx_reads(folder: Path, form: str) -> None:
    import networkx as nx

    assert f"Written to net.{form}" in run("network", "net", "--export", form, f"net.{form}")
    if form == "json":
        graph = nx.node_link_graph(json.loads((folder / "net.json").read_text()), edges="edges")
    else:
        graph = {"graphml": nx.read_graphml, "gexf": nx.read_gexf}[form](folder / f"net.{form}")
    assert graph.has_edge("smelter", "refiner")
    assert read_json("network", "net", "--export", form, f"net.{form}")["written"] == f"net.{form}"


def test_schema_prints_and_writes_the_same_json(folder: Path) -> None:
    printed = run("schema")
    assert json.loads(printed)["title"] == "critmin-sim scenario"
    assert run("schema", "schema.json") == ""
    assert (folder / "schema.json").read_text(encoding="utf-8") == printed


# -- new -----------------------------------------------------------------------------------------------------


def test_templates_run_as_they_are(folder: Path) -> None:
    assert "sim check mine" in run("new", "network", "mine")
    assert read_json("check", "mine")["ok"] is True
    assert read_json("run", "mine/scenario.yaml", "--no-plot")["materials"]
    assert "sim run question.yaml" in run("new", "scenario", "question.yaml")
    assert read_json("run", "question.yaml", "--no-plot")["scenario"] == "question"


# -- the whole ----------------------------------------------------------------------------------------------


def test_version_and_help() -> None:
    assert run("--version") == f"critmin-sim {sim.__version__}\n"
    text = run("--help")
    for command in ("run", "compare", "plot", "check", "network", "schema", "new"):
        assert f"  {command} " in text
        assert "Usage" in run(command, "--help")


def test_help_waits_for_no_heavy_import() -> None:
    """``sim --help`` is the first thing a user tries; numpy alone would take longer than all of it."""
    code = """
import sys
from sim.cli import app
app(["--help"], standalone_mode=False)
heavy = {"numpy", "pandas", "numba", "matplotlib", "pydantic", "scipy", "simpy", "ruamel", "rich.table"}
print(sorted(heavy & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_progress_is_shown_on_a_terminal_only(folder: Path) -> None:
    """A pipe or a log gets no control characters."""
    done = subprocess.run(
        [sys.executable, "-m", "sim", "run", "long.yaml"],
        cwd=folder,
        capture_output=True,
        check=True,
        env={**os.environ, "TERM": "xterm-256color"},
    )
    assert done.stderr == b""
    assert b"\x1b" not in done.stdout


def test_the_four_lines_of_python_do_what_the_command_does(folder: Path) -> None:
    """Same numbers by either way."""
    summary = read_json("run", "long.yaml", "--no-plot")
    result = sim.run_scenario("long.yaml")
    assert json.loads(json.dumps(result.summary, default=float))["sectors"][0]["shortfall"] == pytest.approx(
        summary["sectors"][0]["shortfall"], rel=1e-12
    )
    assert np.isfinite(summary["mass_balance"]["max_relative_error"])
