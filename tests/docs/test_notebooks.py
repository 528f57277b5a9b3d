"""Notebooks run as plain scripts, and are notebooks."""

from __future__ import annotations

import runpy
import warnings
from collections.abc import Iterator
from pathlib import Path

import jupytext
import matplotlib as mpl
import matplotlib.pyplot as plt
import pytest

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.py"))


@pytest.fixture
def no_window() -> Iterator[None]:
    """Draw into memory; close every figure afterwards."""
    before = mpl.get_backend()
    mpl.use("Agg")
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="FigureCanvasAgg is non-interactive")
        yield
    plt.close("all")
    mpl.use(before)


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
@pytest.mark.usefixtures("no_window")
def test_a_notebook_runs_to_its_end(notebook: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a plain script, from its own folder, with every warning an error."""
    monkeypatch.chdir(notebook.parent)
    names = runpy.run_path(str(notebook))
    assert plt.get_fignums(), "it draws something"
    assert names["result"].summary["sectors"]


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_holds_text_and_code_and_no_output(notebook: Path) -> None:
    """The committed form is text; what it prints is made when it is run."""
    cells = jupytext.read(notebook).cells
    assert {cell.cell_type for cell in cells} == {"code", "markdown"}
    assert not any(cell.get("outputs") for cell in cells)
    assert cells[0].source.startswith("# ")


def test_no_notebook_with_output_is_kept() -> None:
    """Git ignores executed notebooks; a page in the folder without its text form is a stray."""
    stems = {path.stem for path in NOTEBOOKS}
    assert {path.stem for path in (ROOT / "notebooks").glob("*.ipynb")} <= stems
