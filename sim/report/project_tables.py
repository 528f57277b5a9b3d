"""Printout of the register: projects with their money and dates, and what they add up to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from sim.report.fitted import Column, FittedTable
from sim.report.names import percent, quantity

Row = dict[str, Any]
MAX_ROWS = 200


def project_tables(rows: Sequence[Row], totals: Row) -> RenderableType:
    """Return the printout of `sim.analysis.projects.projects` and its totals."""
    if not rows:
        return Text("No project or programme matches.\n")
    heads = (
        Column("Project", "name"),
        Column("", "name"),
        Column("Status", "name"),
        Column("Start", drop=1),
        Column("Median", drop=2),
        Column("Odds", drop=3),
        Column("Agency", "name"),
        Column("Instrument", "name", drop=4),
        Column("USD m"),
        Column("Private", drop=5),
    )
    table = FittedTable("Projects and programmes", heads, keys=1)
    for row in rows[:MAX_ROWS]:
        table.add_row(*_cells(row))
    parts: list[RenderableType] = [table, Text(_sentence(totals))]
    if len(totals["by_agency"]) > 1:
        parts.append(_money_table("Money by agency", "Agency", totals["by_agency"]))
    if totals["by_material"]:
        parts.append(_capacity_table(totals["by_material"]))
    parts.append(
        Text(
            "Median: first output on the median path, '-' where that path does not build it. Letters bind"
            " nobody; firm = committed or closed. Odds are judgement. All rows: --json.\n",
            style="dim",
        )
    )
    return Group(*parts)


def _cells(row: Row) -> list[str]:
    """Return the line of one project."""
    return [
        row["id"],
        row["country"].replace(";", " ") if len(row["country"]) <= 12 else "several",
        row["status"],
        row["start"] or "-",
        row["median_start"] or "-",
        "-" if row["success"] is None else percent(row["success"]),
        row["agency"],
        row["instrument"].replace("_", " ") or "-",
        "-" if row["amount_usd_m"] is None else f"{row['amount_usd_m']:,.1f}",
        "-" if row["private_usd_m"] is None else f"{row['private_usd_m']:,.1f}",
    ]


def _sentence(totals: Row) -> str:
    """Return the sums in words."""
    money = totals["money"]
    return (
        f"{totals['projects']} projects and {totals['programmes']} programmes: {money['amount_usd_m']:,.1f}"
        f" USD m in {money['lines']} lines, of it {money['firm_usd_m']:,.1f} firm and"
        f" {money['letters_usd_m']:,.1f} in letters; {money['private_usd_m']:,.1f} private beside it.\n"
    )


def _money_table(title: str, head: str, rows: dict[str, Row]) -> FittedTable:
    """Return money by one split."""
    table = FittedTable(
        title,
        (Column(head, "name"), *(Column(name) for name in ("Lines", "USD m", "Firm", "Letters", "Private"))),
    )
    names = ("amount_usd_m", "firm_usd_m", "letters_usd_m", "private_usd_m")
    for name, row in rows.items():
        table.add_row(name, str(row["lines"]), *(f"{row[key]:,.1f}" for key in names))
    return table


def _capacity_table(rows: dict[str, Row]) -> FittedTable:
    """Return announced capacity by material."""
    heads = (
        Column("Material", "name"),
        Column("Projects"),
        Column("Capacity, t/year"),
        Column("New"),
        Column("New, median path"),
    )
    table = FittedTable("Capacity by material", heads)
    for name, row in rows.items():
        amounts = (row["capacity_t_per_year"], row["new_t_per_year"], row["median_new_t_per_year"])
        table.add_row(name, str(row["projects"]), *(quantity(t) for t in amounts))
    return table
