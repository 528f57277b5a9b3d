"""Templates are sound, are written whole, and never over something else."""

from __future__ import annotations

import csv
import os
from pathlib import Path

import pytest

from sim.errors import NetworkError, ScenarioError
from sim.model.folder import read_network_folder
from sim.model.folder_tables import network_columns
from sim.model.templates import NETWORK_FILES, write_network_template, write_scenario_template


def test_the_network_template_is_a_sound_steady_network(tmp_path: Path) -> None:
    """It is the first thing a user reads, so its own flows close without a warning."""
    network = read_network_folder(write_network_template(tmp_path / "a" / "mine"))
    assert network.report.warnings == ()
    assert network.nodes["scrap_recovery"].planned_per_year == pytest.approx(45.6, rel=1e-12)
    assert read_network_folder(tmp_path / "a" / "mine", latent="auto").nodes.keys() == network.nodes.keys()


def test_the_readme_explains_every_column(tmp_path: Path) -> None:
    """A column that is declared and not explained would be found by accident only."""
    text = (write_network_template(tmp_path / "n") / "README.txt").read_text(encoding="utf-8")
    for table, columns in network_columns().items():
        assert f"{table}.csv" in text
        assert [c.name for c in columns if c.name not in text and c.name not in ("commodity", "form")] == []


def test_template_tables_open_in_a_spreadsheet(tmp_path: Path) -> None:
    """No comment lines: a spreadsheet takes the first line for the header."""
    folder = write_network_template(tmp_path / "n")
    for name in NETWORK_FILES:
        if name.endswith(".csv"):
            rows = list(csv.reader((folder / name).read_text(encoding="utf-8").splitlines()))
            assert {len(row) for row in rows} == {len(rows[0])}, name
            assert not rows[0][0].startswith("#")


def test_both_scenario_templates_are_sound(tmp_path: Path) -> None:
    """They can be loaded as they are, and are named like their file."""
    scenario_package = pytest.importorskip("sim.model.scenario")
    own = write_network_template(tmp_path / "n") / "scenario.yaml"
    assert scenario_package.load_scenario(own).network.folder == tmp_path / "n"
    file = write_scenario_template(tmp_path / "deep" / "my_question.yaml")
    assert scenario_package.load_scenario(file).name == "my_question"


def test_an_empty_folder_may_be_filled(tmp_path: Path) -> None:
    """`mkdir` first is a habit of many."""
    (tmp_path / "n").mkdir()
    assert sorted(p.name for p in write_network_template(tmp_path / "n").iterdir()) == sorted(NETWORK_FILES)


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    """Neither a folder with something in it, nor a file, nor a scenario."""
    folder = write_network_template(tmp_path / "n")
    (folder / "nodes.csv").write_text("mine")
    with pytest.raises(NetworkError, match="exists already"):
        write_network_template(folder)
    assert (folder / "nodes.csv").read_text() == "mine"
    file = write_scenario_template(tmp_path / "s.yaml")
    file.write_text("mine")
    with pytest.raises(ScenarioError, match="exists already"):
        write_scenario_template(file)
    with pytest.raises(NetworkError, match="exists already"):
        write_network_template(file)
    with pytest.raises(NetworkError, match=r"s\.yaml"):
        write_network_template(file / "below")
    assert file.read_text() == "mine"


def test_nothing_is_left_behind_when_writing_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that is full in the middle leaves no half template."""

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "rename", full)
    monkeypatch.setattr(os, "link", full)
    with pytest.raises(NetworkError, match="No space left"):
        write_network_template(tmp_path / "n")
    with pytest.raises(ScenarioError, match="No space left"):
        write_scenario_template(tmp_path / "s.yaml")
    assert list(tmp_path.iterdir()) == []


def test_a_file_system_without_links_will_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some network drives cannot link."""

    def unable(*_: object) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(os, "link", unable)
    assert write_scenario_template(tmp_path / "s.yaml").is_file()


def test_a_name_taken_meanwhile_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two runs at once: the second is refused."""

    def taken(_: object, target: Path) -> None:
        raise FileExistsError(17, "File exists", str(target))

    monkeypatch.setattr(os, "link", taken)
    with pytest.raises(ScenarioError, match="exists already"):
        write_scenario_template(tmp_path / "s.yaml")


@pytest.mark.parametrize(
    ("name", "message"), [("s.txt", "ends in .yaml"), ("my question.yaml", "letters, digits")]
)
def test_a_scenario_file_has_a_plain_name(tmp_path: Path, name: str, message: str) -> None:
    """The name becomes that of the result folder."""
    with pytest.raises(ScenarioError, match=message):
        write_scenario_template(tmp_path / name)
