"""Folders on disk, written whole or not at all.

A folder is written beside its place under a hidden name and then swapped in, so that a killed run leaves
the old folder or the new one. Where the system can exchange two folders in one step (Linux) there is no
instant without a folder; elsewhere the old one is kept under ``.NAME.old`` between the two renames, and
`existing_folder` finds it.
"""

from __future__ import annotations

import ctypes
import json
import os
import re
import secrets
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sim.errors import ResultError

MARK = "manifest.json"  # every folder of ours holds one; a folder without it is somebody else's
KNOWN_FILES = frozenset(
    {
        MARK,
        "summary.json",
        "scenario.resolved.yaml",
        "series.parquet",
        "events.csv",
        "resilience.png",
        "resilience.svg",
        "comparison.json",
        "comparison.csv",
        "comparison.png",
        "comparison.svg",
    }
)  # what this program writes; anything else in a folder is the user's and must not vanish with it
STALE_SECONDS = 3600.0  # leftovers of killed runs are removed when older than this
_PLAIN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}")
_AT_FDCWD = -100
_RENAME_EXCHANGE = 2


def check_plain_name(name: str) -> str:
    """Return `name` if it can name a folder anywhere.

    Raises
    ------
    ResultError
        If it is anything but letters, digits, ``_``, ``-`` and ``.`` (not first), at most 100 of them.
    """
    if not _PLAIN.fullmatch(name):
        raise ResultError(f"'{name}' cannot name a result; allowed: letters, digits, '_', '-', at most 100")
    return name


def write_folder(parent: Path, name: str, write: Callable[[Path], None]) -> Path:
    """Write a folder atomically and return its path.

    Parameters
    ----------
    parent : Path
        Where the folder goes; made if missing.
    name : str
        Plain name of the folder. One of ours by that name is replaced, unless it holds files of the user.
    write : callable
        Fills the empty folder that it is given. The result must contain ``manifest.json``.

    Raises
    ------
    ResultError
        If the place is taken by something else, holds files that no run wrote, or cannot be written (no
        space, no permission).
    """
    target = parent / check_plain_name(name)
    partial = parent / f".{name}.{secrets.token_hex(4)}.partial"
    try:
        _check_replaceable(target)
        parent.mkdir(parents=True, exist_ok=True)
        _remove_leftovers(parent, name)
        partial.mkdir()
        write(partial)
        _swap(partial, target)
    except OSError as fault:
        raise ResultError(f"{target}: cannot write the result: {fault.strerror or fault}") from fault
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return target


def _check_replaceable(target: Path) -> None:
    """Refuse to overwrite what this program did not write."""
    if target.is_symlink() or (target.exists() and not target.is_dir()):
        raise ResultError(f"{target}: exists and is not a folder; choose another place with --out")
    if target.is_dir() and not (target / MARK).is_file() and any(target.iterdir()):
        raise ResultError(
            f"{target}: exists and holds no {MARK}, so it is not a result; choose another --out"
        )
    foreign = sorted(p.name for p in target.iterdir() if p.name not in KNOWN_FILES) if target.is_dir() else []
    if foreign:
        more = f" and {len(foreign) - 3} more" if len(foreign) > 3 else ""
        raise ResultError(
            f"{target}: holds files that no run wrote ({', '.join(foreign[:3])}{more}); "
            "move them away, or choose another --out"
        )


def _remove_leftovers(parent: Path, name: str) -> None:
    """Remove what killed runs left half-written; young ones may belong to a run under way."""
    for leftover in parent.glob(f".{name}.*.partial"):
        if time.time() - leftover.stat().st_mtime > STALE_SECONDS:
            shutil.rmtree(leftover, ignore_errors=True)


def _swap(partial: Path, target: Path) -> None:
    """Put `partial` in the place of `target`; what stood there ends up under the partial name or is gone."""
    kept = target.parent / f".{target.name}.old"
    if not target.exists():
        partial.rename(target)
    elif not _exchange(partial, target):
        shutil.rmtree(kept, ignore_errors=True)
        target.rename(kept)
        partial.rename(target)
    shutil.rmtree(kept, ignore_errors=True)


def _exchange(first: Path, second: Path) -> bool:
    """Exchange two folders in one step; False where the system has no such call."""
    if sys.platform != "linux":
        return False
    rename = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if rename is None:
        return False
    paths = os.fsencode(first), os.fsencode(second)
    return bool(rename(_AT_FDCWD, paths[0], _AT_FDCWD, paths[1], _RENAME_EXCHANGE) == 0)


def write_whole(path: Path, write: Callable[[Path], object]) -> None:
    """Write one file whole or not at all: beside its place first, then renamed over it.

    Parameters
    ----------
    path : Path
    write : callable
        Takes the path to write to; its suffix is that of `path`.
    """
    if path.exists() and not path.is_file():
        write(path)  # a device or a pipe takes what comes; renaming over it would remove it
        return
    partial = path.with_name(f".partial-{secrets.token_hex(4)}-{path.name}")
    try:
        write(partial)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def existing_folder(folder: Path) -> Path:
    """Return the folder, or what a killed replacement left of it.

    Raises
    ------
    ResultError
        If there is no folder, or it is not one of ours.
    """
    kept = folder.parent / f".{folder.name}.old"
    if not folder.exists() and (kept / MARK).is_file():
        return kept
    if not folder.is_dir():
        raise ResultError(f"{folder}: no such result folder")
    if not (folder / MARK).is_file():
        raise ResultError(f"{folder}: not a result folder (it has no {MARK})")
    return folder


def write_json(path: Path, content: Any) -> None:
    """Write strict JSON: keys in their given order, numbers as `repr`, no NaN, one newline at the end."""
    path.write_text(json_text(content), encoding="utf-8", newline="\n")


def json_text(content: Any) -> str:
    """Return strict JSON text of `content`, indented by 2, with a newline at the end.

    Raises
    ------
    ValueError
        If a number is not finite; clean it with `sim.analysis.summary.finite` first.
    """
    return json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def read_json(path: Path) -> Any:
    """Read a JSON file of a result.

    Raises
    ------
    ResultError
        If it is missing, unreadable or not JSON.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as fault:
        raise ResultError(f"{path}: cannot be read: {fault.strerror or fault}") from fault
    except ValueError as fault:
        raise ResultError(f"{path}: not valid JSON: {fault}") from fault
