"""The headline rows of a result, and where they are kept."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from sim.analysis.runs import run_scenario
from sim.analysis.store import json_text

FOLDER = Path(__file__).parent
SCENARIOS = Path(__file__).parents[2] / "scenarios"
ROWS = 8  # of each kind: the worst of them, no two of one name before every name has had its turn
TOLERANCE = 1e-9

Row = dict[str, Any]


def shipped() -> list[str]:
    """Return the names of the shipped scenarios."""
    return sorted(path.stem for path in SCENARIOS.glob("*.yaml"))


def run(scenario: str) -> Row:
    """Run a shipped scenario and return its summary."""
    return run_scenario(SCENARIOS / f"{scenario}.yaml").summary


def headlines(summary: Row) -> Row:
    """Return what is kept of a summary."""
    head = {name: summary[name] for name in ("scenario", "start", "horizon_weeks", "step_days", "prices")}
    return head | {
        "rows": {name: len(summary[name]) for name in ("materials", "sectors", "stockpiles", "projects")},
        "materials": worst(summary["materials"], "material"),
        "sectors": worst(summary["sectors"], "sector"),
        "stockpiles": summary["stockpiles"],
    }


def worst(rows: list[Row], key: str) -> list[Row]:
    """Return the rows with the largest resilience loss, the worst of each name first."""
    ordered = sorted(rows, key=lambda row: (-row["resilience_loss_weeks"], row[key], row["country"]))
    seen: set[str] = set()
    firsts, others = [], []
    for row in ordered:
        (others if row[key] in seen else firsts).append(row)
        seen.add(row[key])
    return [*firsts, *others][:ROWS]


def path_of(scenario: str) -> Path:
    """Return where the headlines of a scenario are kept."""
    return FOLDER / f"{scenario}.json"


def kept(scenario: str) -> Row:
    """Return the headlines that are kept."""
    loaded: Row = json.loads(path_of(scenario).read_text(encoding="utf-8"))
    return loaded


def keep(scenario: str, rows: Row) -> None:
    """Write headlines."""
    path_of(scenario).write_text(json_text(rows), encoding="utf-8", newline="\n")


def differences(expected: Any, found: Any, where: str = "") -> list[str]:
    """Return every place in which two headlines differ: names exactly, numbers by more than 1e-9."""
    if isinstance(expected, dict) and isinstance(found, dict):
        if list(expected) != list(found):
            return [f"{where}: keys {list(found)}, not {list(expected)}"]
        return [d for key in expected for d in differences(expected[key], found[key], f"{where}/{key}")]
    if isinstance(expected, list) and isinstance(found, list):
        if len(expected) != len(found):
            return [f"{where}: {len(found)} rows, not {len(expected)}"]
        named = [f"{where}/{i} ({_name(row)})" for i, row in enumerate(expected)]
        pairs = zip(expected, found, named, strict=True)
        return [d for left, right, place in pairs for d in differences(left, right, place)]
    if isinstance(expected, float) and isinstance(found, (int, float)):
        bound = TOLERANCE * max(abs(expected), abs(found), 1.0)
        return [] if abs(expected - found) <= bound else [f"{where}: {found!r}, not {expected!r}"]
    return [] if expected == found else [f"{where}: {found!r}, not {expected!r}"]


def rows_of(summary: Row, expected: Row) -> Row:
    """Return the headlines of a summary with the rows that `expected` names, in its order."""
    found = headlines(summary)
    for kind, key in (("materials", "material"), ("sectors", "sector")):
        by_name = {(row[key], row["country"]): row for row in summary[kind]}
        wanted = [(row[key], row["country"]) for row in expected[kind]]
        found[kind] = [by_name.get(name, {"absent": list(name)}) for name in wanted]
    return found


def _name(row: Any) -> str:
    if not isinstance(row, dict):
        return ""
    return ", ".join(str(row[key]) for key in ("sector", "stockpile", "material", "country") if key in row)
