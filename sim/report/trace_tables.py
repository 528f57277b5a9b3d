"""Tables of a trace: each figure with its confidence and sources, then the sources themselves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from sim.report.fitted import Column, FittedTable
from sim.report.names import quantity, short_unit

Row = dict[str, Any]


def trace_tables(found: Row) -> RenderableType:
    """Return the printout of `sim.analysis.trace.trace`."""
    rows: Sequence[Row] = found["figures"]
    judged = sum(row["confidence"] == "expert" for row in rows)
    head = Text(f"{found['name']}: {len(rows)} figures, {judged} of them judgement\n", style="bold")
    return Group(head, _figures(found["kind"], rows), _sources(found["sources"]))


def _figures(kind: str, rows: Sequence[Row]) -> RenderableType:
    """Return the figures; a node's without its process, which is the same in all."""
    heads = (
        Column("Quantity", "name"),
        Column("Of", "name"),
        Column("Value"),
        Column("Balanced"),
        Column("Year"),
        Column("Confidence", "name"),
        Column("Sources", "name"),
        Column("Row", "name", drop=1),
        Column("Note", "prose", drop=2),
    )
    table = FittedTable("Figures", heads, keys=2)
    for row in rows:
        place = [row["process"]] if kind == "material" and row["process"] else []
        places = (row["partner"],) if kind in ("project", "programme") else (row["country"], row["partner"])
        place += [part for part in places if part]
        value = "-" if row["value"] is None else f"{quantity(row['value'])} {short_unit(row['unit'])}"
        if row["raw_value"] != row["value"]:
            value += f" (table: {quantity(row['raw_value'])})"
        table.add_row(
            row["quantity"].replace("_", " "),
            ", ".join(place),
            value,
            "-" if row["balanced"] is None else quantity(row["balanced"]),
            "-" if row["year"] is None else str(row["year"]),
            row["confidence"] or "-",
            ", ".join(row["sources"]) or "-",
            row["where"],
            row["note"],
        )
    return table


def _sources(rows: Sequence[Row]) -> RenderableType:
    """Return the sources."""
    table = FittedTable("Sources", (Column("Source", "name"), Column("Title, publisher, address", "prose")))
    for row in rows:
        parts = [row["title"], row["publisher"], str(row["year"] or ""), row["url"]]
        table.add_row(row["source_id"], ", ".join(str(part) for part in parts if part))
    return table
