"""How the engine's functions are compiled, and where the compiled code is kept.

The cache folder carries a digest of the engine's own sources: numba looks for changes only in the file
of a cached function, not in the functions it calls, so a shared folder would serve stale code.
"""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numba
from numba.core import config as numba_config

settings: Any = numba_config  # its names are set at run time

F = TypeVar("F", bound=Callable[..., Any])


def _source_digest() -> str:
    """Return a short digest of every source file that compiled code depends on."""
    here = Path(__file__).parent
    digest = hashlib.sha256(numba.__version__.encode())
    for path in [*sorted(here.glob("*.py")), here.parent / "model" / "arrays.py"]:
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def cache_folder() -> Path:
    """Return the folder of compiled code for this version: in the user's cache, or a temporary one."""
    base = os.environ.get("CRITMIN_SIM_CACHE") or os.environ.get("XDG_CACHE_HOME")
    root = Path(base) if base else Path.home() / ".cache"
    folder = root / "critmin-sim" / f"kernels-{sys.implementation.cache_tag}-{_source_digest()}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return folder
    except OSError:
        return Path(tempfile.gettempdir()) / folder.name


CACHE_FOLDER = cache_folder()

OPTIONS: dict[str, Any] = {"error_model": "numpy", "_nrt": False, "no_cfunc_wrapper": True}
INNER: dict[str, Any] = {**OPTIONS, "no_cpython_wrapper": True}


def compiled(function: F) -> F:
    """Compile `function` for calls from other compiled code alone.

    Wrappers for calls from Python would unpack some hundred arrays each and take most of the compile time.
    Reference counting is off: the kernel allocates nothing, and counting every array at every access made a
    step a hundred times slower. Nothing compiled here may therefore create an array.
    """
    inner: F = numba.njit(**INNER)(function)
    return inner


def compiled_entry(function: F) -> F:
    """Compile `function` for calls from Python and keep the machine code in `CACHE_FOLDER`."""
    before = settings.CACHE_DIR
    settings.CACHE_DIR = str(CACHE_FOLDER)
    try:
        entry: F = numba.njit(**OPTIONS, cache=True)(function)
    finally:
        settings.CACHE_DIR = before
    return entry


def is_cached() -> bool:
    """Return whether compiled code of this version exists, so that a first run can say why it waits."""
    return CACHE_FOLDER.is_dir() and any(CACHE_FOLDER.rglob("advance*.nbi"))
