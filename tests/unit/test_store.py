"""A result folder is there whole, old or new, whatever happens while it is written."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from sim.analysis import store
from sim.analysis.columns import read_columns
from sim.analysis.result import load_result
from sim.analysis.store import check_plain_name, existing_folder, json_text, read_json, write_folder
from sim.errors import ResultError
from tests import handmade


@pytest.fixture(autouse=True)
def _plain_scenario(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hand-made result has no scenario file to resolve."""
    monkeypatch.setattr(
        "sim.model.scenario.dump_scenario", lambda scenario: f"name: {scenario.name}\n", raising=False
    )


def writer(text: str):
    def write(place: Path) -> None:
        (place / "events.csv").write_text(text)
        (place / "manifest.json").write_text("{}")

    return write


def hidden(folder: Path) -> list[str]:
    return [p.name for p in folder.iterdir() if p.name.startswith(".")]


@pytest.mark.parametrize(
    "name", ["", "..", "../x", "a/b", ".hidden", "a b", "ban\n", "x" * 101, "ä", "con:1"]
)
def test_names_that_could_leave_the_folder_are_refused(name):
    with pytest.raises(ResultError, match="cannot name a result"):
        check_plain_name(name)


def test_a_new_folder_replaces_the_old_one_whole(tmp_path):
    write_folder(tmp_path, "r", writer("old"))
    (tmp_path / "r" / "resilience.png").write_text("from the old one, run with figures")
    write_folder(tmp_path, "r", writer("new"))
    assert sorted(p.name for p in (tmp_path / "r").iterdir()) == ["events.csv", "manifest.json"]
    assert (tmp_path / "r" / "events.csv").read_text() == "new"
    assert hidden(tmp_path) == []


def test_a_result_folder_with_files_of_the_user_is_not_replaced(tmp_path):
    """Notes kept beside a result would be gone with it; the message names them."""
    write_folder(tmp_path, "r", writer("old"))
    (tmp_path / "r" / "notes.txt").write_text("my reading of it")
    (tmp_path / "r" / "figures").mkdir()
    with pytest.raises(ResultError, match=r"holds files that no run wrote \(figures, notes\.txt\)"):
        write_folder(tmp_path, "r", writer("new"))
    assert (tmp_path / "r" / "notes.txt").read_text() == "my reading of it"
    assert (tmp_path / "r" / "events.csv").read_text() == "old"
    assert hidden(tmp_path) == []


def test_without_an_exchange_call_two_renames_do_the_same(tmp_path, monkeypatch):
    """Not every system can exchange two folders in one step."""
    monkeypatch.setattr(store, "_exchange", lambda *_: False)
    for text in ("old", "new"):
        write_folder(tmp_path, "r", writer(text))
    assert (tmp_path / "r" / "events.csv").read_text() == "new"
    assert hidden(tmp_path) == []


def test_a_kill_between_the_two_renames_leaves_the_old_one_readable(tmp_path, monkeypatch):
    write_folder(tmp_path, "r", writer("old"))
    (tmp_path / "r").rename(tmp_path / ".r.old")
    assert (existing_folder(tmp_path / "r") / "events.csv").read_text() == "old"


@pytest.mark.parametrize("fault", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()])
def test_a_fault_while_writing_keeps_the_old_result(tmp_path, fault):
    write_folder(tmp_path, "r", writer("old"))

    def fail(place: Path) -> None:
        (place / "events.csv").write_text("half")
        raise fault

    expected = ResultError if isinstance(fault, OSError) else KeyboardInterrupt
    with pytest.raises(expected) as caught:
        write_folder(tmp_path, "r", fail)
    if isinstance(fault, OSError):
        assert str(caught.value) == f"{tmp_path / 'r'}: cannot write the result: No space left on device"
    assert (tmp_path / "r" / "events.csv").read_text() == "old"
    assert hidden(tmp_path) == []


def test_a_full_disk_is_one_line_naming_the_result(tmp_path, monkeypatch):
    """Whichever file it hits: here the series, the largest."""

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("sim.analysis.columns.SeriesColumns.write", full)
    with pytest.raises(ResultError, match=r"ban_by_hand: cannot write the result: No space left on device$"):
        handmade.result().save(tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may write anywhere")
def test_an_unwritable_place_is_one_line(tmp_path):
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(ResultError, match="Permission denied"):
            write_folder(tmp_path, "r", writer("x"))
    finally:
        tmp_path.chmod(0o700)


def test_a_folder_of_somebody_else_is_never_replaced(tmp_path):
    """`--out .` with a scenario called `docs` must not cost the user their documents."""
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "thesis.txt").write_text("years of work")
    with pytest.raises(ResultError, match="is not a result"):
        write_folder(tmp_path, "docs", writer("x"))
    assert (tmp_path / "docs" / "thesis.txt").read_text() == "years of work"


def test_a_file_or_link_in_the_place_is_refused(tmp_path):
    (tmp_path / "file").write_text("x")
    (tmp_path / "link").symlink_to(tmp_path)
    for name in ("file", "link"):
        with pytest.raises(ResultError, match="exists and is not a folder"):
            write_folder(tmp_path, name, writer("x"))


def test_an_out_folder_that_is_a_file_is_one_line(tmp_path):
    (tmp_path / "out").write_text("x")
    with pytest.raises(ResultError, match="cannot write the result"):
        write_folder(tmp_path / "out", "r", writer("x"))


def test_old_leftovers_are_removed_and_young_ones_kept(tmp_path):
    """A young one may belong to a run under way."""
    for name, age in ((".r.aaaa.partial", 2 * store.STALE_SECONDS), (".r.bbbb.partial", 0.0)):
        (tmp_path / name).mkdir()
        os.utime(tmp_path / name, (time.time() - age,) * 2)
    write_folder(tmp_path, "r", writer("x"))
    assert hidden(tmp_path) == [".r.bbbb.partial"]


KILLED = """
import sys, time
from pathlib import Path
from sim.analysis.store import write_folder

def write(place):
    (place / "manifest.json").write_text("{}")
    (place / "events.csv").write_text("half")
    print("writing", flush=True)
    time.sleep(60)

write_folder(Path(sys.argv[1]), "r", write)
"""


def test_a_run_killed_while_writing_leaves_the_old_result(tmp_path):
    """The real thing: SIGKILL allows no clean-up."""
    write_folder(tmp_path, "r", writer("old"))
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "writing\n"
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    assert (tmp_path / "r" / "events.csv").read_text() == "old"
    write_folder(tmp_path, "r", writer("new"))
    assert (tmp_path / "r" / "events.csv").read_text() == "new"


WRITERS = {
    "summary.json": "sim.analysis.result.write_json",
    "scenario.resolved.yaml": "sim.model.scenario.dump_scenario",
    "series.parquet": "sim.analysis.columns.SeriesColumns.write",
    "events.csv": "sim.analysis.result._write_events",
    "resilience.png": "draw",
    "manifest.json": "sim.analysis.result.complete_manifest",
}
"""What writes each file of a result, in the order of writing."""


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def draw_nothing(result, place: Path) -> None:
    (place / "resilience.png").write_bytes(b"a picture")


@pytest.mark.parametrize("file", WRITERS)
def test_a_full_disk_at_any_file_leaves_the_old_result_whole(tmp_path, monkeypatch, file):
    folder = handmade.result().save(tmp_path, draw=draw_nothing)
    before = contents(folder)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    if WRITERS[file] != "draw":
        monkeypatch.setattr(WRITERS[file], full)
    with pytest.raises(ResultError, match="No space left on device"):
        handmade.result(manifest={"seed": 8}).save(tmp_path, draw=full if file == "resilience.png" else None)
    assert contents(folder) == before
    assert hidden(tmp_path) == []


KILLED_AT = """
import sys, time
from importlib import import_module
from pathlib import Path
from tests import handmade

place, target = Path(sys.argv[1]), sys.argv[2]
import sim.model.scenario
sim.model.scenario.dump_scenario = lambda scenario: f"name: {scenario.name}\\n"

def hang(*_):
    print("writing", flush=True)
    time.sleep(60)

if target != "draw":
    holder, _, name = target.rpartition(".")
    try:
        owner = import_module(holder)
    except ModuleNotFoundError:
        module, _, cls = holder.rpartition(".")
        owner = getattr(import_module(module), cls)
    setattr(owner, name, hang)
handmade.result(manifest={"seed": 8}).save(place, draw=hang if target == "draw" else None)
"""


@pytest.mark.parametrize("file", WRITERS)
def test_a_run_killed_at_any_file_leaves_the_old_result_whole(tmp_path, file):
    """SIGKILL in the middle of each file; then the next run of the name replaces the old one as ever."""
    folder = handmade.result().save(tmp_path, draw=draw_nothing)
    before = contents(folder)
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED_AT, str(tmp_path), WRITERS[file]],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "writing\n"
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    assert contents(folder) == before
    handmade.result(manifest={"seed": 8}).save(tmp_path)
    assert load_result(folder).manifest["seed"] == 8


def test_json_is_strict():
    with pytest.raises(ValueError, match="not JSON compliant"):
        json_text({"x": float("nan")})


def test_damaged_json_is_a_named_fault(tmp_path):
    (tmp_path / "summary.json").write_text('{"scenario": ')
    with pytest.raises(ResultError, match=r"summary\.json: not valid JSON"):
        read_json(tmp_path / "summary.json")


def test_a_saved_result_reads_back_as_it_was(tmp_path):
    result = handmade.result()
    folder = result.save(tmp_path)
    saved = load_result(folder)
    assert folder == tmp_path / "ban_by_hand"
    assert saved.summary == result.summary
    assert saved.markers == result.markers
    assert saved.value_added == result.value_added
    pd.testing.assert_frame_equal(saved.series, result.series)
    pd.testing.assert_frame_equal(saved.events, result.events)
    assert (saved.name, saved.title) == (result.name, result.title)


def test_a_saved_result_holds_the_promised_files_and_keys(tmp_path):
    folder = handmade.result().save(tmp_path)
    assert sorted(p.name for p in folder.iterdir()) == [
        "events.csv",
        "manifest.json",
        "scenario.resolved.yaml",
        "series.parquet",
        "summary.json",
    ]
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["counts"] == {"nodes": 4, "arcs": 1, "steps": handmade.STEPS, "events": 3}
    assert list(manifest["timings_s"]) == ["build", "compile", "engine", "measure", "write", "plot"]
    assert {"scenario_hash", "tables_hash", "code_version", "seed"} <= set(manifest)


def test_the_same_run_gives_the_same_bytes(tmp_path):
    """Everything but the manifest, which holds timings."""
    first, second = (handmade.result().save(tmp_path / place) for place in ("a", "b"))
    for path in first.iterdir():
        if path.name != "manifest.json":
            assert path.read_bytes() == (second / path.name).read_bytes(), path.name


@pytest.mark.parametrize("missing", ["manifest.json", "summary.json"])
def test_loading_what_is_no_result_says_so(tmp_path, missing):
    folder = handmade.result().save(tmp_path)
    (folder / missing).unlink()
    with pytest.raises(ResultError, match=f"not (a|the) result.*{missing}"):
        load_result(folder)


def test_loading_nothing_says_so(tmp_path):
    with pytest.raises(ResultError, match="no such result folder"):
        load_result(tmp_path / "absent")


def test_a_damaged_summary_is_named(tmp_path):
    folder = handmade.result().save(tmp_path)
    (folder / "summary.json").write_text("[]")
    with pytest.raises(ResultError, match="damaged result"):
        load_result(folder)


def test_damaged_series_are_named_when_read(tmp_path):
    folder = handmade.result().save(tmp_path)
    (folder / "series.parquet").write_bytes(b"PAR1 but no more")
    with pytest.raises(ResultError, match=r"series\.parquet: cannot be read"):
        _ = load_result(folder).series


def test_series_written_in_stretches_read_back_as_one(tmp_path, monkeypatch):
    """A daily run with every flow is tens of millions of rows: they are never all in memory at once."""
    result = handmade.result()
    result.columns.write(tmp_path / "whole.parquet")
    monkeypatch.setattr("sim.analysis.columns.STRETCH_ROWS", 3 * handmade.STEPS)
    result.columns.write(tmp_path / "stretches.parquet")
    parts = pq.ParquetFile(tmp_path / "stretches.parquet")
    assert parts.num_row_groups > 5
    assert parts.schema_arrow == pq.read_schema(tmp_path / "whole.parquet")
    pd.testing.assert_frame_equal(read_columns(tmp_path / "stretches.parquet").frame(), result.series)


def test_series_that_are_not_whole_histories_are_refused(tmp_path):
    result = handmade.result()
    result.columns.write(tmp_path / "series.parquet")
    cut = pq.read_table(tmp_path / "series.parquet").slice(0, 200)
    pq.write_table(cut, tmp_path / "cut.parquet")
    with pytest.raises(ResultError, match=r"cut\.parquet: cannot be read: its rows are not whole histories"):
        read_columns(tmp_path / "cut.parquet")


def test_a_missing_column_of_the_series_is_named(tmp_path):
    result = handmade.result()
    result.columns.write(tmp_path / "series.parquet")
    pq.write_table(
        pq.read_table(tmp_path / "series.parquet").drop_columns(["unit"]), tmp_path / "less.parquet"
    )
    with pytest.raises(ResultError, match=r"less\.parquet: cannot be read: .*unit"):
        read_columns(tmp_path / "less.parquet")


def test_what_has_no_limit_is_null_and_not_a_number_that_says_nan(tmp_path):
    result = handmade.result()
    columns = result.columns._replace(value=np.full_like(result.columns.value, np.nan))
    columns.write(tmp_path / "series.parquet")
    table = pq.read_table(tmp_path / "series.parquet")
    assert table["value"].null_count == table.num_rows
    assert table["baseline"].null_count == 0
    assert np.isnan(read_columns(tmp_path / "series.parquet").value).all()
