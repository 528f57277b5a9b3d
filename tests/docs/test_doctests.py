"""Examples in docstrings do what they show."""

from __future__ import annotations

import doctest
import pkgutil
from importlib import import_module
from pathlib import Path

import pytest

import sim

ROOT = Path(__file__).parents[2]
MODULES = sorted(
    info.name for info in pkgutil.walk_packages(sim.__path__, "sim.") if info.name != "sim.__main__"
)


@pytest.mark.parametrize("module", MODULES)
def test_examples_of_a_module_hold(module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Examples run in the root of a checkout; those marked SKIP only show usage."""
    monkeypatch.chdir(ROOT)
    failed, _ = doctest.testmod(import_module(module), optionflags=doctest.ELLIPSIS)
    assert failed == 0


def test_there_are_examples_at_all() -> None:
    """Guards the test above against a walk that finds nothing."""
    finder = doctest.DocTestFinder(exclude_empty=True)
    examples = [
        example
        for module in MODULES
        for found in finder.find(import_module(module))
        for example in found.examples
    ]
    assert len(examples) >= 10
