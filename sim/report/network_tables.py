"""Tables of networks: what one holds, the account of a node, the outcome of a check."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Group, RenderableType
from rich.text import Text

from sim.report.fitted import Column, FittedTable
from sim.report.names import percent, quantity, short_unit

if TYPE_CHECKING:
    from sim.analysis.checkup import CheckUp

MAX_ROWS = 20
COLOURS = {"error": "bold red", "warning": "yellow", "info": "dim"}

Row = dict[str, Any]


def network_tables(summary: Row) -> RenderableType:
    """Return the printout of `sim.analysis.accounts.network_summary`."""
    counts = ", ".join(_counted(count, name) for name, count in summary["counts"].items())
    stages = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in summary["stages"].items())
    heads = (
        Column("Material", "name"),
        Column("Makers"),
        Column("Users"),
        Column("Flow, t/year"),
        Column("Largest supplier"),
        Column("Stockpiled, t", drop=1),
    )
    table = FittedTable("Materials", heads)
    for row in summary["materials"]:
        largest = (
            f"{row['largest_supplier']} {percent(row['largest_share'])}" if row["largest_supplier"] else "-"
        )
        table.add_row(
            row["material"],
            str(row["producers"]),
            str(row["users"]),
            quantity(row["flow_t_per_year"]),
            largest,
            quantity(row["stockpiled_t"]) if row["stockpiled_t"] else "-",
        )
    head = Text(f"{summary['network']}, base year {summary['year']}\n", style="bold")
    return Group(head, Text(f"{counts}\nNodes by stage: {stages}\n"), table, basis_note(summary["materials"]))


def _counted(count: int, name: str) -> str:
    """Return a count with its noun, the plural ``countries`` and the like made singular for one."""
    words = name.replace("_", " ")
    if count == 1:
        words = f"{words.removesuffix('ies')}y" if words.endswith("ies") else words.removesuffix("s")
    return f"{count:,} {words}"


def basis_note(rows: Sequence[Row]) -> Text:
    """Return what the tonnes of each material are of, materials of one basis together."""
    names: dict[str, list[str]] = {}
    for row in rows:
        if short_unit(row["basis"]) != row["basis"]:
            commodity = row["material"].partition("/")[0]
            alike = {r["basis"] for r in rows if r["material"].partition("/")[0] == commodity} == {
                row["basis"]
            }
            found = names.setdefault(row["basis"].removeprefix("t "), [])
            found += [n for n in [commodity if alike else row["material"]] if n not in found]
    words = "; ".join(f"{basis} for {', '.join(found)}" for basis, found in names.items())
    return Text(f"Tonnes (t) are of {words}.\n" if words else "", style="dim")


def account_tables(account: Row) -> RenderableType:
    """Return the printout of `sim.analysis.accounts.node_account`."""
    head = Text(
        f"{account['id']}: {account['stage'].replace('_', ' ')}, {account['country']}\n", style="bold"
    )
    skipped = ("id", "stage", "country", "inputs", "outputs", "scrap_sources")
    lines = [
        f"{name}: {_value(value)}" for name, value in account.items() if name not in skipped and _told(value)
    ]
    parts: list[RenderableType] = [head, Text("\n".join(lines) + "\n")]
    for kind, end, per_unit in (
        ("inputs", "supplier", "input_per_unit"),
        ("outputs", "customer", "output_per_unit"),
    ):
        for port in account[kind]:
            parts.append(_partner_table(port, kind, end, per_unit))
    return Group(*parts)


def _told(value: Any) -> bool:
    """Whether a field says something: not empty, not unlimited, not unknown."""
    return not (value == "" or (isinstance(value, float) and not math.isfinite(value)))


def _value(value: Any) -> str:
    return quantity(value, 6) if isinstance(value, float) else str(value)


def _partner_table(port: Row, kind: str, end: str, per_unit: str) -> RenderableType:
    """Return the suppliers of an input, or the customers of an output."""
    rows = port[f"{end}s"]
    used = [row for row in rows if row["flow_t_per_year"] > 0]
    facts = [f"{quantity(port[per_unit])} t per unit"]
    if kind == "inputs":
        facts += [f"{quantity(port['cover_days'])} days of cover", f"essential {percent(port['essential'])}"]
    heads = (
        Column(end.capitalize(), "name"),
        Column("t/year"),
        Column("Share"),
        Column("Lead, days"),
        Column("Evidence", drop=1),
    )
    table = FittedTable(f"{kind[:-1].capitalize()} {port['material']} ({', '.join(facts)})", heads)
    for row in used[:MAX_ROWS]:
        amounts = [quantity(row["flow_t_per_year"]), percent(row["share"]), quantity(row["lead_time_days"])]
        table.add_row(row[end], *amounts, row["evidence"])
    rest = [f"{len(used) - MAX_ROWS} smaller ones"] if len(used) > MAX_ROWS else []
    rest += [f"{len(rows) - len(used)} latent"] if len(rows) > len(used) else []
    return Group(table, Text(f"and {' and '.join(rest)}\n", style="dim")) if rest else table


def checkup_tables(found: CheckUp) -> RenderableType:
    """Return the printout of a check: findings, residuals by material, what the baseline leaves unmet."""
    parts: list[RenderableType] = []
    if found.findings:
        parts.append(_findings_table(found))
    if found.coverage:
        parts.append(_coverage_table(found.coverage))
    elif found.materials:
        parts.append(_residual_table(found.materials))
    if found.moves:
        parts.append(_moves_table(found.moves))
    if found.unmet:
        parts.append(_unmet_table(found.unmet))
    count = {name: sum(f.severity == name for f in found.findings) for name in ("error", "warning")}
    words = ", ".join(f"{number} {name}{'' if number == 1 else 's'}" for name, number in count.items())
    parts.append(Text(f"{found.what}: {words}", style="bold green" if found.ok else "bold red"))
    return Group(*parts)


def _findings_table(found: CheckUp) -> RenderableType:
    table = FittedTable("Findings", (Column("", "name"), Column("Where", "name"), Column("What", "prose")))
    for finding in found.findings[: MAX_ROWS * 2]:
        severity = str(finding.severity)
        table.add_row(
            Text(severity, style=COLOURS[severity]), finding.where, f"{finding.message} [{finding.rule}]"
        )
    return Group(table, _hidden(len(found.findings) - MAX_ROWS * 2))


def _residual_table(rows: Sequence[Row]) -> RenderableType:
    """Return the balance of each material: gap of the figures before, what stays open after."""
    heads = (
        Column("Material", "name"),
        Column("Made"),
        Column("Used"),
        Column("Surplus"),
        Column("Gap of the figures"),
        Column("Still open"),
    )
    table = FittedTable("Balance by material, t/year", heads)
    for row in rows:
        gap = row["gap_before"]
        table.add_row(
            row["material"],
            quantity(row["production_t"]),
            quantity(row["use_t"]),
            quantity(row["surplus_t"]),
            f"{gap:+.1%}" if math.isfinite(gap) else "-",
            f"{row['closure']:.0e}",
        )
    gap = (
        "Gap: surplus of the figures before balancing. Still open: what balancing leaves, of what is made.\n"
    )
    return Group(table, Text(gap, style="dim"), basis_note(rows))


def _coverage_table(rows: Sequence[Row]) -> RenderableType:
    """Return what the tables cover of the world, by material and stage, and what each balance proves."""
    heads = (
        Column("Material", "name"),
        Column("Stage", "name"),
        Column("Covers"),
        Column("Residual"),
        Column("Balance", "name"),
        Column("High, medium / low / judged"),
        Column("Oldest"),
    )
    table = FittedTable("Coverage of the world and balance of the figures", heads, keys=2)
    for row in rows:
        held = row["confidence"]
        parts = (held["high"] + held["medium"], held["low"], held["expert"])
        table.add_row(
            row["material"],
            row["stage"],
            "-" if row["coverage"] is None else percent(row["coverage"]),
            "-" if row["residual"] is None else f"{row['residual']:+.1%}",
            row["closure"] or "-",
            " / ".join(percent(part) for part in parts),
            "-" if row["oldest_year"] is None else str(row["oldest_year"]),
        )
    note = (
        "Covers: shipped production over the published world figure; -: none published. Residual: supply over"
        " use of the figures less 1, before balancing. Balance: evidence (independent figures), half (a free"
        " parameter inside a range that was read), construction (one side set to meet the other). Then the"
        " share of tonnage by confidence, and the oldest production figure. Reasons: --json.\n"
    )
    return Group(table, Text(note, style="dim"))


def _moves_table(moves: Sequence[Row]) -> RenderableType:
    heads = (
        Column("Quantity", "name"),
        Column("Figure"),
        Column("Balanced"),
        Column("x/sigma"),
        Column("Reason given", "prose"),
    )
    table = FittedTable("Figures that the balance moved far", heads)
    ordered = sorted(moves, key=lambda row: -abs(row["x_over_sigma"]))
    for row in ordered[:MAX_ROWS]:
        amounts = [quantity(row["prior"]), quantity(row["value"]), f"{row['x_over_sigma']:+.1f}"]
        table.add_row(row["quantity"], *amounts, row["accepted_reason"] or "none")
    return Group(table, _hidden(len(moves) - MAX_ROWS))


def _unmet_table(rows: Sequence[Row]) -> RenderableType:
    heads = (
        Column("Kind", "name"),
        Column("Name", "name"),
        Column("Country", "name"),
        Column("Share of demand"),
    )
    table = FittedTable("Demand unmet without any disruption", heads)
    for row in rows[:MAX_ROWS]:
        table.add_row(row["kind"], row["name"], row["country"], percent(row["share"]))
    return Group(table, _hidden(len(rows) - MAX_ROWS))


def _hidden(count: int) -> RenderableType:
    return Text(f"{count} more; see --json.\n", style="dim") if count > 0 else Group()
