"""Wrong words on the command line, wrong folders, full disks: a message, a code, nothing half-written."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from sim.cli import app
from tests.network_files import added, changed, without, write_files

SCENARIO = """\
name: s
start: 2026-01-05
horizon: 1 year
network: {folder: net}
watch: [USA, JPN]
disruptions:
  - {kind: capacity_loss, target: refiner, start: 2026-03-02, duration: 8 weeks}
"""


def run(*words: str) -> tuple[int, str, str]:
    """Run the command line; return exit code, standard output, standard error."""
    result = CliRunner().invoke(app, list(words))
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.stdout, result.stderr


def process(folder: Path, *words: str, **options: object) -> subprocess.CompletedProcess[str]:
    """Run the command line in a process of its own."""
    environment = {**os.environ, "MPLBACKEND": "agg"}
    command = [sys.executable, "-m", "sim", *words]
    settings = {"capture_output": True, "text": True, "timeout": 300, **options}
    return subprocess.run(command, cwd=folder, env=environment, check=False, **settings)  # type: ignore[call-overload,no-any-return]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with a network and a scenario."""
    monkeypatch.chdir(tmp_path)
    write_files(tmp_path / "net")
    (tmp_path / "s.yaml").write_text(SCENARIO, encoding="utf-8")
    (tmp_path / "a_file").write_text("text", encoding="utf-8")
    return tmp_path


USAGE: dict[str, tuple[tuple[str, ...], str]] = {
    "no such command": (("rum",), "Did you mean 'run'"),
    "no scenario": (("run",), "Missing argument"),
    "no such option": (("run", "s.yaml", "--sede", "1"), "--seed"),
    "negative seed": (("run", "s.yaml", "--seed", "-1"), "--seed"),
    "seed in words": (("run", "s.yaml", "--seed", "one"), "--seed"),
    "unknown step": (("run", "s.yaml", "--step", "month"), "week"),
    "unknown record": (("run", "s.yaml", "--record", "everything"), "watched"),
    "one result to compare": (("compare", "s.yaml"), "at least two"),
    "unknown export": (("network", "net", "--export", "svg", "x.svg"), "graphml"),
    "export without file": (("network", "net", "--export", "json"), "--export"),
    "new without a kind": (("new", "netwrok", "x"), "network"),
    "plot without folder": (("plot",), "Missing argument"),
}


@pytest.mark.parametrize("name", USAGE)
def test_wrong_usage_exits_with_2_and_says_what_is_allowed(folder: Path, name: str) -> None:
    words, expected = USAGE[name]
    code, output, message = run(*words)
    assert (code, output) == (2, "")
    assert expected in message
    assert len(message.splitlines()) <= 24


FAULTS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "no such scenario": (("run", "t.yaml"), ("t.yaml does not exist", "did you mean 's.yaml'")),
    "a folder for a scenario": (("run", "net"), ("net is a folder",)),
    "results in the place of a file": (("run", "s.yaml", "--out", "a_file"), ("a_file: is not a folder",)),
    "results below a file": (("run", "s.yaml", "--out", "a_file/deep"), ("a_file: is not a folder",)),
    "results in a device": (("run", "s.yaml", "--out", "/dev/full"), ("/dev/full: is not a folder",)),
    "results where nothing can be made": (("run", "s.yaml", "--out", "/proc/results"), ("/proc/results",)),
    "comparison in the place of a file": (("compare", "s.yaml", "s.yaml", "--out", "a_file"), ("a_file",)),
    "nothing to compare": (("compare", "s.yaml", "nothing"), ("nothing", "neither a result folder")),
    "a folder that is no result": (("compare", "net", "s.yaml"), ("net",)),
    "plot of nothing": (("plot", "nothing"), ("nothing: no such result folder",)),
    "plot of no result": (("plot", "net"), ("net",)),
    "check of nothing": (("check", "nothing"), ("'nothing' is not 'network'", "a scenario file")),
    "network of nothing": (("network", "nothing"), ("'nothing' is not 'network'",)),
    "part of a node's name": (
        ("network", "net", "--node", "r"),
        ("'r' is not a node", "with 'r' in it: "),
    ),
    "no such node": (("network", "net", "--node", "refinner"), ("'refinner'", "did you mean 'refiner'")),
    "export below a file": (("network", "net", "--export", "json", "a_file/x.json"), ("a_file/x.json",)),
    "export into a folder": (("network", "net", "--export", "gexf", "net"), ("net: cannot be written",)),
    "schema into a folder that is not there": (
        ("schema", "deep/x.json"),
        ("deep/x.json: cannot be written",),
    ),
    "template over a file": (("new", "scenario", "s.yaml"), ("s.yaml: exists already",)),
    "template with a strange name": (("new", "scenario", "my question.yaml"), ("letters, digits",)),
    "template without ending": (("new", "scenario", "question"), ("ends in .yaml",)),
    "network template over a folder": (("new", "network", "net"), ("net: exists already",)),
    "network template below a file": (("new", "network", "a_file/net"), ("a_file: exists already",)),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_exits_with_1_and_names_the_place(folder: Path, name: str) -> None:
    words, expected = FAULTS[name]
    before = sorted(folder.rglob("*"))
    code, output, message = run(*words)
    assert (code, output) == (1, "")
    for part in expected:
        assert part in message
    assert len(message.splitlines()) <= 24
    assert sorted(folder.rglob("*")) == before


NETWORKS: dict[str, tuple[dict[str, str], tuple[str, ...]]] = {
    "missing column": (
        changed("recipes.csv", "node,input_material,input_per_unit,", "node,input_material,"),
        ("recipes.csv", "input_per_unit"),
    ),
    "duplicate node": (
        added("nodes.csv", "tools,end_use,USA,power_tools,,40,,,vault"),
        ("nodes.csv:10", "tools"),
    ),
    "arc to nowhere": (
        changed("arcs.csv", "refiner,winder,", "refiner,wnder,"),
        ("arcs.csv:5", "customer = 'wnder'", "did you mean 'winder'"),
    ),
    "missing table": (without("nodes.csv"), ("nodes.csv",)),
    "not a number": (
        changed("recipes.csv", "smelter,ore/rock,2", "smelter,ore/rock,two"),
        ("recipes.csv:2", "'two'"),
    ),
    "NaN": (changed("recipes.csv", "smelter,ore/rock,2", "smelter,ore/rock,nan"), ("recipes.csv:2", "nan")),
    "negative": (
        changed("recipes.csv", "smelter,ore/rock,2", "smelter,ore/rock,-2"),
        ("recipes.csv:2", "-2"),
    ),
    "recipe cycle outside recycling": (
        added(
            "recipes.csv",
            "smelter,part/coil,0.01,30,,,",
            files=added("arcs.csv", "winder,smelter,part/coil,0.75,5,,,,"),
        ),
        ("cycle",),
    ),
}


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("command", ["run", "check", "network"])
def test_a_wrong_network_folder_is_refused_by_every_command(folder: Path, name: str, command: str) -> None:
    """The tables are read in three commands; the cases themselves are those of test_bad_network."""
    files, expected = NETWORKS[name]
    for table in (folder / "net").iterdir():
        table.unlink()
    write_files(folder / "net", files)
    code, output, message = run(command, "s.yaml" if command == "run" else "net")
    assert code == 1
    for part in expected:
        assert part in message + output
    assert "Traceback" not in message
    assert not (folder / "results").exists()


@pytest.mark.parametrize("call", ["write", "replace", "mkdir"])
def test_a_full_disk_leaves_the_old_result_or_none(
    folder: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    """A result is there whole or not at all."""
    assert run("run", "s.yaml", "--no-plot", "--quiet")[0] == 0
    old = {path.name: path.read_bytes() for path in (folder / "results" / "s").iterdir()}

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    names = {"write": ("write_text", "write_bytes"), "replace": ("rename", "replace"), "mkdir": ("mkdir",)}[
        call
    ]
    for name in names:
        monkeypatch.setattr(Path, name, full)
    monkeypatch.setattr("sim.analysis.store._exchange", lambda *_: False)  # systems without that call
    code, output, message = run("run", "s.yaml", "--no-plot", "--seed", "1")
    monkeypatch.undo()
    assert (code, output) == (1, "")
    assert "No space left" in message
    assert {path.name: path.read_bytes() for path in (folder / "results" / "s").iterdir()} == old
    assert [path.name for path in (folder / "results").iterdir()] == ["s"]


def test_a_full_disk_leaves_no_half_export(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Graph and schema are files of their own."""

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    monkeypatch.setattr(Path, "replace", full)
    for words in (
        ("schema", "x.json"),
        *(("network", "net", "--export", f, f"x.{f}") for f in ("json", "gexf")),
    ):
        code, output, message = run(*words)
        assert (code, output) == (1, "")
        assert "No space left" in message
        assert not [path for path in folder.iterdir() if "x." in path.name]


def test_a_device_is_written_to_and_stays(folder: Path) -> None:
    """Renaming a finished file over a pipe would remove the pipe."""
    os.mkfifo("pipe")
    with subprocess.Popen(["cat", "pipe"], stdout=subprocess.PIPE, text=True) as reader:
        assert run("schema", "pipe")[0] == 0
        assert reader.communicate()[0].startswith("{")
    assert (folder / "pipe").is_fifo()


def test_standard_output_on_a_full_disk_is_one_line(folder: Path) -> None:
    """A real device in a real process, down to what Python says at exit."""
    for words in (("schema",), ("check", "net"), ("network", "net", "--json")):
        with open("/dev/full", "w", encoding="utf-8") as full:  # noqa: PTH123
            done = process(folder, *words, capture_output=False, stdout=full, stderr=subprocess.PIPE)
        assert done.returncode == 1
        assert done.stderr == "standard output: No space left on device\n"


def test_a_closed_pipe_ends_quietly(folder: Path) -> None:
    """``sim schema | head -1``."""
    done = subprocess.run(
        f"{sys.executable} -m sim schema | head -1", shell=True, capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr) == ("{\n", "")


@pytest.mark.parametrize(
    ("words", "code"), [(("run", "t.yaml"), 1), (("run", "--nothing"), 2), (("check", "nothing"), 1)]
)
def test_exit_codes_hold_in_a_process_of_its_own(folder: Path, words: tuple[str, ...], code: int) -> None:
    done = process(folder, *words)
    assert (done.returncode, done.stdout) == (code, "")
    assert "Traceback" not in done.stderr
    assert done.stderr


def test_debug_shows_where_a_fault_was_raised(folder: Path) -> None:
    """For reports of what looks like a mistake of the program."""
    done = process(folder, "--debug", "run", "t.yaml")
    assert done.returncode == 1
    assert "Traceback" in done.stderr


def test_a_damaged_result_is_refused_by_name_of_its_file(folder: Path) -> None:
    """Results are copied, cut off, edited."""
    assert run("run", "s.yaml", "--no-plot", "--quiet")[0] == 0
    place = folder / "results" / "s"
    for name, content in (("summary.json", b"{"), ("series.parquet", b"PAR1"), ("manifest.json", b"[]")):
        kept = (place / name).read_bytes()
        (place / name).write_bytes(content)
        code, output, message = run("plot", "results/s")
        assert (code, output) == (1, "")
        assert name in message
        (place / name).unlink()
        code, _, message = run("compare", "results/s", "results/s")
        assert code == 1
        assert name in message
        (place / name).write_bytes(kept)
