"""Tables for the terminal: who falls short, first when, how deep, how much, when back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from sim.report.names import capital, country_code, date_after, percent, plain, quantity, weeks

if TYPE_CHECKING:
    from sim.analysis.compare import Comparison
    from sim.analysis.result import ResultView

MAX_ROWS = 10  # of one kind; a result must fit a screen
NEGLIGIBLE = 1e-6  # share of demand below which nobody is called short

Row = dict[str, Any]


def is_short(row: Row) -> bool:
    """Whether a row of the summary ever falls below 99 % of its baseline."""
    return row["weeks_to_shortfall"] is not None


def by_severity(rows: Sequence[Row]) -> list[Row]:
    """Return the rows, those with the largest resilience loss first."""
    return sorted(rows, key=lambda row: (-row["resilience_loss_weeks"], -row["shortfall_share"]))


def summary_tables(result: ResultView) -> RenderableType:
    """Return the whole printout of one result."""
    summary = result.summary
    parts: list[RenderableType] = [headline(summary)]
    for kind, key, title in (
        ("sectors", "sector", "Sectors: activity lost"),
        ("materials", "material", "Materials: deliveries to users"),
    ):
        parts.append(shortfall_table(result, summary[kind], key, title))
    if any(row["released"] > 0 or row["bought"] > 0 for row in summary["stockpiles"]):
        parts.append(stockpile_table(result))
    parts.append(footnote(summary))
    return Group(*parts)


def headline(summary: dict[str, Any]) -> Text:
    """Return title and frame of a run."""
    words = summary["title"] or summary["scenario"]
    step = "weekly" if summary["step_days"] == 7 else "daily"
    frame = f"from {summary['start']}, {weeks(summary['horizon_weeks'])} weeks, {step} steps"
    return Text(f"\n{words}\n", style="bold").append(
        f"{frame}, prices {summary['prices']}\n", style="not bold dim"
    )


def footnote(summary: dict[str, Any]) -> Text:
    """Return what bounds the numbers."""
    error = summary["mass_balance"]["max_relative_error"]
    balance = "not measured" if error is None else f"{error:.1e}"
    words = "Against the same run without disruptions and responses; short = below 99 % of it. "
    return Text(f"{words}Largest mass-balance error {balance}.\n", style="dim")


def new_table(title: str, left: Sequence[str], right: Sequence[str]) -> Table:
    """Return an empty table: columns of names, which may fold, then columns of numbers, which never do."""
    table = Table(
        title=title,
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        padding=(0, 1),
    )
    for name in left:
        table.add_column(name, overflow="fold")
    for name in right:
        table.add_column(name, justify="right", no_wrap=True)
    return table


def shortfall_table(result: ResultView, rows: Sequence[Row], key: str, title: str) -> RenderableType:
    """Return the table of the sectors or materials that fall short, or a line that says that none does."""
    short = by_severity([row for row in rows if is_short(row)])
    if not short:
        return Text(f"{title}: nobody watched falls short ({len(rows)} rows).\n")
    heads = ["First short", "Worst", "Short in all", "Share", "Back", "Weeks lost"]
    deferred = any(row["recovered_later"] > 0 for row in short[:MAX_ROWS])
    if deferred:
        heads.insert(4, "Caught up")
    table = new_table(title, (capital(key), ""), heads)
    for row in short[:MAX_ROWS]:
        table.add_row(plain(row[key]), country_code(row["country"]), *_cells(result, row, deferred))
    return Group(table, _rest(short, rows))


def _cells(result: ResultView, row: Row, deferred: bool) -> list[str]:
    """Return the numbers of one row that falls short."""
    onset, summary, back = max(result.markers.onset or 0, 0), result.summary, row["weeks_to_recover"]
    caught_up = percent(row["recovered_later"] / row["shortfall"] if row["shortfall"] > 0 else 0.0)
    return [
        str(date_after(summary, onset, row["weeks_to_shortfall"])),
        percent(row["peak_shortfall_share"]),
        f"{quantity(row['shortfall'])} {row['unit']}",
        percent(row["shortfall_share"]),
        *([caught_up] if deferred else []),
        "not in horizon" if back is None else str(date_after(summary, onset, back)),
        f"{row['resilience_loss_weeks']:.1f}",
    ]


def _rest(short: Sequence[Row], rows: Sequence[Row]) -> Text:
    """Return the note on rows that are not shown."""
    notes = []
    if len(short) > MAX_ROWS:
        notes.append(f"{len(short) - MAX_ROWS} more rows fall short, less than these; see summary.json")
    dips = sum(row["shortfall_share"] > NEGLIGIBLE and not is_short(row) for row in rows)
    for count, what in ((dips, "dip by less than 1 %"), (len(rows) - len(short) - dips, "do not fall short")):
        if count:
            notes.append(f"{count} rows {what}")
    return Text(f"{'; '.join(notes)}.\n" if notes else "", style="dim")


def stockpile_table(result: ResultView) -> RenderableType:
    """Return what the stockpiles that moved held, bought and released, and when."""
    shown = [row for row in result.summary["stockpiles"] if row["released"] > 0 or row["bought"] > 0]
    amounts = ["opening", "bought", "released", "closing"]
    if not any(row["bought"] > 0 for row in shown):
        amounts.remove("bought")
    spent = any(row["spent_usd"] > 0 for row in shown)
    heads = [*map(capital, amounts), "Opens", "Empty", *(["Spent, USD"] if spent else [])]
    table = new_table("Stockpiles", ("Stockpile", "Material"), heads)
    onset = max(result.markers.onset or 0, 0)
    for row in shown[:MAX_ROWS]:
        cells = [f"{quantity(row[name])} {row['unit']}" for name in amounts]
        for name in ("weeks_to_release", "weeks_to_empty"):
            cells.append("-" if row[name] is None else str(date_after(result.summary, onset, row[name])))
        cells += [quantity(row["spent_usd"])] if spent else []
        table.add_row(plain(row["stockpile"]), plain(row["material"]), *cells)
    if len(shown) <= MAX_ROWS:
        return table
    return Group(table, Text(f"{len(shown) - MAX_ROWS} more stockpiles; see summary.json.\n", style="dim"))


def comparison_tables(comparison: Comparison) -> RenderableType:
    """Return the whole printout of a comparison: resilience loss and shortfall by scenario."""
    parts: list[RenderableType] = []
    for head in comparison.summary["scenarios"]:
        mark = " (reference)" if head["name"] == comparison.names[0] else ""
        parts.append(Text(f"{head['name']}{mark}: {head['title']}"))
    for kind, key in (("sectors", "sector"), ("materials", "material")):
        parts.append(_comparison_table(comparison, kind, key))
    parts += [Text(f"Note: {note}.", style="yellow") for note in comparison.notes]
    parts.append(
        Text(
            "Cells: weeks of full delivery lost (change), share of demand short over the horizon.\n",
            style="dim",
        )
    )
    return Group(*parts)


def _comparison_table(comparison: Comparison, kind: str, key: str) -> RenderableType:
    def severity(row: Row) -> float:
        losses = row["values"]["resilience_loss_weeks"].values()
        return max((loss for loss in losses if loss is not None), default=0.0)

    rows = sorted(comparison.summary[kind], key=lambda row: -severity(row))
    short = [row for row in rows if severity(row) > NEGLIGIBLE]
    if not short:
        return Text(f"{capital(kind)}: no difference; nobody watched falls short in any of them.\n")
    table = new_table(capital(kind), (capital(key), ""), comparison.names)
    for row in short[:MAX_ROWS]:
        cells = [_compared(row, name, comparison.names[0]) for name in comparison.names]
        table.add_row(plain(row[key]), country_code(row["country"]), *cells)
    hidden = len(short) - MAX_ROWS
    return Group(table, Text(f"{hidden} more rows; see --json.\n", style="dim")) if hidden > 0 else table


def _compared(row: Row, name: str, reference: str) -> str:
    """Return the loss, its change against the reference, and the share short."""
    loss, share = row["values"]["resilience_loss_weeks"][name], row["values"]["shortfall_share"][name]
    if loss is None:
        return "-"
    change = None if name == reference else row["differences"]["resilience_loss_weeks"][name]
    return f"{loss:.1f}{'' if change is None else f' ({change:+.1f})'}, {percent(share)}"
