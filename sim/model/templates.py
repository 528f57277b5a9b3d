"""Writes commented templates to start from: a network of one's own, a scenario.

Both run as they are. Nothing that exists is overwritten, and a template is there whole or not at all.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sim.errors import NetworkError, ScenarioError, SimError

TEMPLATES_FOLDER = Path(__file__).with_suffix("")
NETWORK_FILES = (
    "README.txt",
    "materials.csv",
    "nodes.csv",
    "recipes.csv",
    "arcs.csv",
    "stockpiles.csv",
    "recycling.csv",
    "scenario.yaml",
)
_SCENARIO_NAME = re.compile(r"[A-Za-z0-9_-]+")


def write_network_template(folder: str | Path) -> Path:
    """Write a small complete network with a scenario and a README that explains every column.

    Parameters
    ----------
    folder : str or Path
        A folder that does not exist, or is empty. Folders above it are made.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    NetworkError
        If the folder holds something, or cannot be written.
    """
    target = Path(folder)
    with _named_faults(target, NetworkError):
        if target.exists() and (not target.is_dir() or any(target.iterdir())):
            raise NetworkError(f"{target}: exists already and is not an empty folder; give another name")
        target.parent.mkdir(parents=True, exist_ok=True)
        part = _part(target)
        try:
            part.mkdir()
            for name in NETWORK_FILES:
                shutil.copyfile(TEMPLATES_FOLDER / "network" / name, part / name)
            if target.exists():
                target.rmdir()
            part.rename(target)
        finally:
            shutil.rmtree(part, ignore_errors=True)
    return target


def write_scenario_template(file: str | Path) -> Path:
    """Write a commented scenario of the shipped world; its name is that of the file.

    Parameters
    ----------
    file : str or Path
        A file that does not exist, such as ``my_question.yaml``. Folders above it are made.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    ScenarioError
        If the file exists, cannot be written, or its name cannot name a scenario.
    """
    target = Path(file)
    if target.suffix not in (".yaml", ".yml"):
        raise ScenarioError(f"{target}: the name of a scenario file ends in .yaml")
    if not _SCENARIO_NAME.fullmatch(target.stem):
        raise ScenarioError(
            f"{target}: '{target.stem}' cannot name a scenario; allowed: letters, digits, _ and -"
        )
    with _named_faults(target, ScenarioError):
        if target.exists():
            raise ScenarioError(f"{target}: exists already; give another name")
        text = (TEMPLATES_FOLDER / "scenario.yaml").read_text(encoding="utf-8")
        target.parent.mkdir(parents=True, exist_ok=True)
        part = _part(target)
        try:
            part.write_text(
                text.replace("name: NAME", f"name: {target.stem}"), encoding="utf-8", newline="\n"
            )
            _move_new(part, target)
        finally:
            part.unlink(missing_ok=True)
    return target


@contextmanager
def _named_faults(target: Path, error: type[SimError]) -> Iterator[None]:
    """Turn what the file system refuses into the package's own error."""
    try:
        yield
    except FileExistsError as fault:
        raise error(
            f"{fault.filename2 or fault.filename or target}: exists already; give another name"
        ) from None
    except (OSError, ValueError) as fault:
        if isinstance(fault, SimError):
            raise
        raise error(f"{target}: cannot be written ({getattr(fault, 'strerror', None) or fault})") from None


def _part(target: Path) -> Path:
    """Return a name beside `target` that nothing else has."""
    return target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")


def _move_new(part: Path, target: Path) -> None:
    """Give a file its name unless the name is taken meanwhile.

    Raises
    ------
    FileExistsError
        If it is taken.
    """
    try:
        os.link(part, target)  # fails where the name is taken, which a rename does not
    except FileExistsError:
        raise
    except OSError:
        part.rename(target)  # a file system without links
