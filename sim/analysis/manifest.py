"""The manifest of a result: what it was made from and with. The one file that holds timings."""

from __future__ import annotations

import hashlib
import platform
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sim.analysis.result import RunResult

FORMAT = 1
TIMED_PARTS = ("build", "compile", "engine", "measure", "write", "plot")
COUNTED = ("nodes", "arcs", "steps", "events")
LIBRARIES = ("numpy", "numba", "simpy", "scipy", "pandas", "pyarrow", "pydantic", "matplotlib")


def code_version() -> str:
    """Return the version of this program, ``unknown`` when it is not installed."""
    try:
        return version("critmin-sim")
    except PackageNotFoundError:
        return "unknown"


def text_hash(text: str) -> str:
    """Return the SHA-256 of a text, as hexadecimal."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def complete_manifest(result: RunResult) -> dict[str, Any]:
    """Return the manifest of a result with every promised key.

    What `simulate` put in is kept; hashes, versions, markers and missing counts are added.
    """
    from sim.model.scenario import dump_scenario  # not needed to read a result

    given = result.manifest
    own = {
        "program": "critmin-sim",
        "format": FORMAT,
        "code_version": code_version(),
        "scenario": result.name,
        "scenario_hash": text_hash(dump_scenario(result.scenario)),
        "tables_hash": given.get("tables_hash", ""),
        "seed": given.get("seed", 0),
        "record": result.scope,
    }
    counts = {"steps": result.n_steps, "events": len(result.record.events)} | given.get("counts", {})
    timings = given.get("timings_s", {})
    own["counts"] = {name: counts.get(name) for name in COUNTED}
    own["timings_s"] = {name: timings.get(name, 0.0) for name in TIMED_PARTS}
    own["markers"] = {
        "onset": result.markers.onset,
        "windows": [
            {"label": label, "first": first, "end": end} for label, first, end in result.markers.windows
        ],
    }
    own["value_added_usd_per_week"] = [
        {"sector": sector, "country": country, "value": value}
        for (sector, country), value in sorted(result.value_added.items())
    ]
    own["versions"] = {"python": platform.python_version()} | {name: _version(name) for name in LIBRARIES}
    return own | {key: value for key, value in given.items() if key not in own}


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
