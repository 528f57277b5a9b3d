"""What rows of the register add up to: money by agency and state, capacity by material."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

Row = dict[str, Any]
PROGRAMME = "programme"


def project_totals(rows: Iterable[Row]) -> dict[str, Any]:
    """Return what rows of `projects` add up to.

    Returns
    -------
    dict
        ``money``: amount_usd_m, firm_usd_m (committed or closed), letters_usd_m, private_usd_m; ``by_agency``
        and ``by_state``: the same split; ``by_status``: projects, parts and money; ``by_start``: parts and
        money by announced year; ``by_material``: announced capacity, t/yr, and the part of it that the
        median path builds.
    """
    listed = list(rows)
    lines = [line for row in listed for line in row["lines"]]
    parts = [(row, part) for row in listed for part in row["capacity"]]
    return {
        "projects": sum(row["kind"] != PROGRAMME for row in listed),
        "programmes": sum(row["kind"] == PROGRAMME for row in listed),
        "money": _money(lines),
        "by_agency": _split(lines, lambda line: line["agency"], _money),
        "by_state": _split(lines, lambda line: line["state"], _money),
        "by_status": _split(listed, lambda row: row["status"], _counted),
        "by_start": _split(listed, lambda row: str(row["start"] or "none")[:4], _counted),
        "by_material": _split(parts, lambda pair: pair[1]["material"], _capacity),
    }


def _split(
    rows: Iterable[Any], name: Callable[[Any], str], add: Callable[[list[Any]], Row]
) -> dict[str, Row]:
    """Return sums by name, sorted."""
    groups: dict[str, list[Any]] = {}
    for row in rows:
        groups.setdefault(name(row), []).append(row)
    return {group: add(members) for group, members in sorted(groups.items())}


def _money(lines: Sequence[Row]) -> Row:
    """Return the sums of lines of money, million USD."""
    from sim.data.register import FIRM_STATES  # pandas is slow to import

    def total(chosen: Iterable[Row], name: str = "amount_usd_m") -> float:
        return round(sum(line[name] or 0.0 for line in chosen), 6)

    return {
        "lines": len(lines),
        "amount_usd_m": total(lines),
        "firm_usd_m": total(line for line in lines if line["state"] in FIRM_STATES),
        "letters_usd_m": total(line for line in lines if line["state"] == "letter"),
        "private_usd_m": total(lines, "private_usd_m"),
    }


def _counted(rows: Sequence[Row]) -> Row:
    """Return how many projects and parts, and their money."""
    lines = [line for row in rows for line in row["lines"]]
    return {
        "projects": len(rows),
        "parts": sum(len(row["capacity"]) for row in rows),
        **{name: value for name, value in _money(lines).items() if name != "lines"},
    }


def _capacity(pairs: Sequence[tuple[Row, Row]]) -> Row:
    """Return capacity of parts, t/yr: all, new beyond the base year, and new on the median path."""
    new = [
        (part, max(0.0, part["capacity_t_per_year"] - part["base_output_t_per_year"]))
        for _, part in pairs
        if part["start"] is not None or part["base_output_t_per_year"] == 0.0
    ]
    return {
        "parts": len(pairs),
        "projects": len({row["id"] for row, _ in pairs}),
        "capacity_t_per_year": sum(part["capacity_t_per_year"] for _, part in pairs),
        "new_t_per_year": sum(t for _, t in new),
        "median_new_t_per_year": sum(t for part, t in new if part["median_start"] is not None),
    }
