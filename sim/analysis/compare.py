"""Several results side by side: what each response is worth against the first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.analysis.manifest import code_version
from sim.analysis.result import ResultView
from sim.analysis.store import write_folder, write_json
from sim.analysis.summary import finite
from sim.errors import ResultError

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

COMPARED = (
    "shortfall",
    "lost",
    "recovered_later",
    "shortfall_share",
    "peak_shortfall_share",
    "weeks_to_shortfall",
    "weeks_to_recover",
    "resilience_loss_weeks",
    "peak_price_ratio",
    "gdp_at_risk_usd",
)
STOCKPILE_COMPARED = ("opening", "bought", "released", "closing", "spent_usd")
KINDS = {"materials": "material", "sectors": "sector", "stockpiles": "stockpile"}
MAX_NAME = 80


@dataclass(frozen=True)
class Comparison:
    """Two or more results; the first is the reference of every difference.

    Attributes
    ----------
    names : tuple of str
        One for each result, unique.
    results : tuple of RunResult or SavedResult
    notes : tuple of str
        What limits the comparison, such as baselines that differ.
    """

    names: tuple[str, ...]
    results: tuple[ResultView, ...]
    notes: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Plain name for a folder."""
        return f"compare-{'-'.join(self.names)}"[:MAX_NAME].rstrip("-.")

    @cached_property
    def summary(self) -> dict[str, Any]:
        """Rows with a value for each result and its difference to the first; a dict, ready for JSON."""
        heads = [
            {"name": n, "title": r.summary["title"]} for n, r in zip(self.names, self.results, strict=True)
        ]
        rows = {kind: self._rows(kind) for kind in KINDS}
        cleaned: dict[str, Any] = finite(
            {"reference": self.names[0], "scenarios": heads, "notes": list(self.notes)} | rows
        )
        return cleaned

    @cached_property
    def table(self) -> pd.DataFrame:
        """Tidy table: kind, id, material, country, unit, measure, scenario, value, difference."""
        import pandas as pd  # slow to import

        rows = []
        for kind, key in KINDS.items():
            for row in self.summary[kind]:
                head = {"kind": key, "id": row[key], "material": row.get("material", "")}
                head |= {"country": row["country"], "unit": row["unit"]}
                for measure, values in row["values"].items():
                    for name in self.names:
                        found = {"value": values[name], "difference": row["differences"][measure].get(name)}
                        rows.append(head | {"measure": measure, "scenario": name} | found)
        columns = ["kind", "id", "material", "country", "unit", "measure", "scenario", "value", "difference"]
        return pd.DataFrame(rows, columns=columns).astype({"value": float, "difference": float})

    def save(
        self, folder: Path | str = "results", *, draw: Callable[[Comparison, Path], None] | None = None
    ) -> Path:
        """Write ``comparison.json``, ``comparison.csv`` and, with `draw`, a figure to ``folder/<name>``.

        Raises
        ------
        ResultError
            If it cannot be written there.
        """

        def write(place: Path) -> None:
            write_json(place / "comparison.json", self.summary)
            self.table.to_csv(place / "comparison.csv", index=False, lineterminator="\n")
            if draw is not None:
                draw(self, place)
            manifest = {
                "program": "critmin-sim",
                "code_version": code_version(),
                "compared": list(self.names),
            }
            write_json(place / "manifest.json", manifest)

        return write_folder(Path(folder), self.name, write)

    def _rows(self, kind: str) -> list[dict[str, Any]]:
        """Return the rows of one kind that any result has, in order of first appearance."""
        measures = STOCKPILE_COMPARED if kind == "stockpiles" else COMPARED
        keys = [KINDS[kind], "country", "unit"] + (["material"] if kind == "stockpiles" else [])
        found: dict[tuple[str, ...], dict[str, dict[str, Any]]] = {}
        for name, result in zip(self.names, self.results, strict=True):
            for row in result.summary[kind]:
                found.setdefault(tuple(row[key] for key in keys), {})[name] = row
        return [
            dict(zip(keys, key, strict=True)) | self._values(rows, measures) for key, rows in found.items()
        ]

    def _values(self, rows: dict[str, dict[str, Any]], measures: Sequence[str]) -> dict[str, Any]:
        """Return values and differences by measure and result; None where a result lacks the row or value."""
        values = {m: {name: rows.get(name, {}).get(m) for name in self.names} for m in measures}
        differences = {
            m: {name: _difference(by_name[name], by_name[self.names[0]]) for name in self.names[1:]}
            for m, by_name in values.items()
        }
        return {"values": values, "differences": differences}


def _difference(value: float | None, reference: float | None) -> float | None:
    return None if value is None or reference is None else value - reference


def compare(*results: ResultView, names: Sequence[str] | None = None) -> Comparison:
    """Compare results with the first of them.

    Parameters
    ----------
    *results : RunResult or SavedResult
        At least two, of one step. Where start or horizon differ, a note says so: weeks lost can be
        compared, shares of the demand of the whole run cannot.
    names : sequence of str, optional
        How to call them; by default the scenarios' names, numbered where they repeat.

    Returns
    -------
    Comparison

    Raises
    ------
    ResultError
        If there are fewer than two, or their steps differ.
    """
    if len(results) < 2:
        raise ResultError(f"a comparison needs at least 2 results; got {len(results)}")
    called = list(names) if names is not None else [str(result.summary["scenario"]) for result in results]
    if len(called) != len(results):
        raise ResultError(f"{len(results)} results need as many names; got {len(called)}")
    first = results[0].summary
    for name, result in zip(called, results, strict=True):
        if result.summary["step_days"] != first["step_days"]:
            both = f"{result.summary['step_days']} and {first['step_days']}"
            raise ResultError(f"'{name}' and '{called[0]}' cannot be compared: step_days is {both}")
    return Comparison(_unique(called), results, _notes(called, results))


def _unique(names: Sequence[str]) -> tuple[str, ...]:
    """Return the names with a number behind those that repeat."""
    seen: dict[str, int] = {}
    unique = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        unique.append(name if seen[name] == 1 else f"{name}-{seen[name]}")
    return tuple(unique)


def _notes(names: Sequence[str], results: Sequence[ResultView]) -> tuple[str, ...]:
    """Return what limits the comparison."""
    first, notes = results[0], []
    for name, result in zip(names[1:], results[1:], strict=True):
        for key, what in (("tables_hash", "tables"), ("code_version", "program versions"), ("seed", "seeds")):
            ours, theirs = first.manifest.get(key), result.manifest.get(key)
            if ours is not None and theirs is not None and ours != theirs:
                notes.append(f"'{name}' and '{names[0]}' come from different {what}")
        spans = [(r.summary["start"], r.summary["horizon_weeks"]) for r in (result, first)]
        if spans[0] != spans[1]:
            of = f"runs {spans[0][1]} weeks from {spans[0][0]}"
            notes.append(f"'{name}' {of}, not as '{names[0]}': compare weeks lost, not shares of demand")
        if result.summary["prices"] != first.summary["prices"]:
            notes.append(f"'{name}' and '{names[0]}' differ in prices: on/off")
    return tuple(notes)
