"""The tutorial does what it says: its files are written, its commands run, its output compared."""

from __future__ import annotations

import doctest
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "tutorial" / "first_run.md"
BLOCK = re.compile(r"^```(yaml|console)\n(.*?)^```$", re.M | re.S)
FILE_NAME = re.compile(r"[aA]s `(\w+\.yaml)`")
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Return an empty folder in which the tutorial may work."""
    (tmp_path / "scenarios").symlink_to(ROOT / "scenarios")
    return tmp_path


def executed(command: str, folder: Path) -> str:
    """Return what a command of the page prints, faults included."""
    words = shlex.split(command)
    if words[0] == "sim":
        words[:1] = [sys.executable, "-m", "sim"]
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=300, check=False)
    assert "Traceback" not in done.stderr
    return done.stdout + done.stderr


def test_the_tutorial_works_as_printed(place: Path) -> None:
    """A reader who copies every file and command sees what the page shows."""
    text = PAGE.read_text(encoding="utf-8")
    checker, name, commands = doctest.OutputChecker(), "", 0
    for block in BLOCK.finditer(text):
        kind, body = block.groups()
        if kind == "yaml":
            named = FILE_NAME.findall(text, 0, block.start())
            name = named[-1] if named else name
            (place / name).write_text(body, encoding="utf-8")
            continue
        command, _, expected = body.removeprefix("$ ").partition("\n")
        printed = executed(command, place)
        assert checker.check_output(expected, printed, FLAGS), f"{command}\n{printed}"
        commands += 1
    assert commands >= 6
