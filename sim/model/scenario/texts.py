"""Readers of names and other text; see `readers.py` for quantities."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from sim.errors import UnitError

MAX_TEXT = 10_000  # characters of one text
MAX_NAME = 200

_FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,79}")


def read_text(value: object) -> str:
    """Read text without control characters."""
    if not isinstance(value, str):
        raise UnitError("must be text; put it in quotes if it looks like a number")
    if not value.isprintable() and not all(c.isprintable() or c in "\n\t" for c in value):
        raise UnitError("contains a character that cannot be shown")
    if len(value) > MAX_TEXT:
        raise UnitError(f"is longer than {MAX_TEXT:,} characters")
    return value


def read_name(value: object) -> str:
    """Read one line of text that is not empty and has no blanks around it."""
    text = read_text(value)
    if not text.strip() or text != text.strip() or "\n" in text or "\t" in text:
        raise UnitError("must be a name: one line, not empty, without blanks around it")
    if len(text) > MAX_NAME:
        raise UnitError(f"is longer than {MAX_NAME} characters")
    return text


def read_file_name(value: object) -> str:
    """Read a plain file name; it names the folder of the result, so it may hold no path."""
    if not isinstance(value, str) or not _FILE_NAME.fullmatch(value):
        raise UnitError("must be a plain name of letters, digits, _ and - (at most 80, no path)")
    return value


def read_selector(value: object) -> str:
    """Read a material selector; the mapping ``{containing: X}`` becomes ``containing: X``."""
    if isinstance(value, Mapping):
        if set(value) != {"containing"}:
            raise UnitError("must be a material's name or {containing: a material's name}")
        return f"containing: {read_name(value['containing'])}"
    text = read_name(value)
    if text.startswith("containing:"):
        return f"containing: {read_name(text.removeprefix('containing:').strip())}"
    return text


def read_destinations(value: object) -> Literal["all"] | tuple[str, ...]:
    """Read ``all`` or a list of countries, regions and blocs."""
    if value == "all":
        return "all"
    if not isinstance(value, list | tuple) or not value:
        raise UnitError("must be all, or a list such as [USA, 'bloc:FORGE']")
    return tuple(read_name(item) for item in value)


def read_path(value: object) -> Path:
    """Read a folder's path."""
    if isinstance(value, Path):
        return value
    return Path(read_name(value))
