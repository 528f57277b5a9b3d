"""Tables for the terminal: who falls short, first when, how deep, how much, when back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Group, RenderableType
from rich.text import Text

from sim.report.fitted import Column, FittedTable
from sim.report.names import (
    capital,
    country_code,
    date_after,
    has_moved,
    percent,
    plain,
    quantity,
    short_unit,
    weeks,
)

if TYPE_CHECKING:
    from sim.analysis.compare import Comparison
    from sim.analysis.result import ResultView

MAX_ROWS = 10  # of one kind; a result must fit a screen
NOT_BACK = "not by end"  # of the horizon
NEGLIGIBLE = 1e-6  # share of demand below which nobody is called short

Row = dict[str, Any]


def is_short(row: Row) -> bool:
    """Whether a row of the summary ever falls below 99 % of its baseline for want of something.

    An intermediate user that is asked for less falls below its baseline too, without any demand unmet.
    """
    return row["weeks_to_shortfall"] is not None and row["shortfall_share"] > NEGLIGIBLE


def by_severity(rows: Sequence[Row]) -> list[Row]:
    """Return the rows, those with the largest resilience loss first."""
    return sorted(rows, key=lambda row: (-row["resilience_loss_weeks"], -row["shortfall_share"]))


def summary_tables(result: ResultView) -> RenderableType:
    """Return the whole printout of one result."""
    summary = result.summary
    parts: list[RenderableType] = [headline(summary)]
    if any(is_short(row) for row in summary["sectors"]):
        parts.append(consumer_table(result))
    for kind, key, title in (
        ("sectors", "sector", "Sectors: activity lost"),
        ("materials", "material", "Materials: deliveries to users"),
    ):
        parts.append(shortfall_table(result, summary[kind], key, title))
    if any(has_moved(row) for row in summary["stockpiles"]):
        parts.append(stockpile_table(result))
    parts += [basis_note(summary), projects_note(summary), footnote(summary)]
    return Group(*parts)


def projects_note(summary: dict[str, Any]) -> RenderableType:
    """Return how many plants of announced projects come in the run; nothing without projects."""
    rows = [row for row in summary["projects"] if not row["ran_in_base_year"]]
    if not rows:
        return Group()
    came = sum(row["output"] > 0.0 for row in rows)
    other = sum(row["date_commissioned"] != row["baseline_date_commissioned"] for row in rows)
    moved = f", {other} on other days than in the baseline" if other else ""
    words = f"Announced plants in the network: {len(rows)}, of which {came} produce in this run{moved}."
    return Text(words, style="dim")


def consumer_table(result: ResultView) -> FittedTable:
    """Return a line for each watched country: how many sectors fall short, when, which most, until when."""
    onset, summary = max(result.markers.onset or 0, 0), result.summary
    heads = (
        Column("", "name"),
        Column("Sectors short"),
        Column("First short"),
        Column("Most affected", "name"),
        Column("Worst"),
        Column("All back"),
    )
    table = FittedTable("Consumers", heads)
    for country in dict.fromkeys(row["country"] for row in summary["sectors"]):
        rows = [row for row in summary["sectors"] if row["country"] == country]
        short = by_severity([row for row in rows if is_short(row)])
        count = f"{len(short)} of {len(rows)}"
        if not short:
            table.add_row(country_code(country), count, "-", "-", "-", "-")
            continue
        first, back = min(row["weeks_to_shortfall"] for row in short), [r["weeks_to_recover"] for r in short]
        last = None if None in back else max(back)
        table.add_row(
            country_code(country),
            count,
            str(date_after(summary, onset, first)),
            plain(short[0]["sector"]),
            percent(short[0]["peak_shortfall_share"]),
            NOT_BACK if last is None else str(date_after(summary, onset, last)),
        )
    return table


def basis_note(summary: dict[str, Any]) -> RenderableType:
    """Return what the tonnes and index points of the printed rows are of; nothing when no row is short."""
    bases: dict[str, list[str]] = {}
    for row in by_severity([row for row in summary["materials"] if is_short(row)])[:MAX_ROWS]:
        if short_unit(row["unit"]) != row["unit"]:
            bases.setdefault(row["unit"].removeprefix("t "), []).append(
                plain(row["material"]).replace(",", "")
            )
    notes = [f"{basis} for {' and '.join(dict.fromkeys(names))}" for basis, names in bases.items()]
    words = [f"Tonnes (t) are of {'; '.join(notes)}."] if notes else []
    if any(row["unit"] == "index" and is_short(row) for row in summary["sectors"]):
        words.append("Index: the activity of a sector in the base year = 100 a year.")
    return Text(" ".join(words), style="dim") if words else Group()


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


def shortfall_table(result: ResultView, rows: Sequence[Row], key: str, title: str) -> RenderableType:
    """Return the table of the sectors or materials that fall short, or a line that says that none does."""
    short = by_severity([row for row in rows if is_short(row)])
    if not short:
        what = title.partition(":")[0]
        return Group(Text(f"{what}: nobody watched falls short."), _rest(short, rows))
    deferred = any(row["recovered_later"] > 0 for row in short[:MAX_ROWS])
    heads = [
        Column(capital(key), "name"),
        Column("", "name"),
        Column("First short"),
        Column("Worst"),
        Column("Short in all", drop=2),
        Column("Share"),
        *([Column("Caught up", drop=3)] if deferred else []),
        Column("Back"),
        Column("Weeks lost", drop=1),
    ]
    table = FittedTable(title, heads, keys=2)
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
        f"{quantity(row['shortfall'])} {short_unit(row['unit'])}",
        percent(row["shortfall_share"]),
        *([caught_up] if deferred else []),
        NOT_BACK if back is None else str(date_after(summary, onset, back)),
        f"{row['resilience_loss_weeks']:.1f}",
    ]


def _rest(short: Sequence[Row], rows: Sequence[Row]) -> RenderableType:
    """Return the note on rows that are not shown."""
    notes = []
    if len(short) > MAX_ROWS:
        notes.append(f"{len(short) - MAX_ROWS} more rows fall short, less than these; see summary.json")
    dips = sum(row["shortfall_share"] > NEGLIGIBLE and not is_short(row) for row in rows)
    idle = sum(row["weeks_to_shortfall"] is not None and not is_short(row) for row in rows)
    for count, verbs in (
        (dips, ("dips by less than 1 %", "dip by less than 1 %")),
        (idle, ("is lower only because less is asked of it", "are lower only because less is asked of them")),
        (len(rows) - len(short) - dips - idle, ("does not fall short", "do not fall short")),
    ):
        if count:
            notes.append(f"{count} {'row' if count == 1 else 'rows'} {verbs[count > 1]}")
    return Text(f"{'; '.join(notes)}.\n", style="dim") if notes else Group()


def stockpile_table(result: ResultView) -> RenderableType:
    """Return what the stockpiles that moved held, bought and released, and when."""
    shown = [row for row in result.summary["stockpiles"] if has_moved(row)]
    names = sorted({row["stockpile"] for row in shown})
    bought, spent = (any(row[name] > 0 for row in shown) for name in ("bought", "spent_usd"))
    amounts = ["opening", *(["bought"] if bought else []), "released", "closing"]
    keys = [*([Column("Stockpile", "name")] if len(names) > 1 else []), Column("Material", "name")]
    heads = [
        *keys,
        *[Column(capital(name), drop=1 if name == "closing" else 0) for name in amounts],
        Column("Opens"),
        Column("Empty"),
        *([Column("Spent, USD")] if spent else []),
    ]
    title = f"Stockpile {plain(names[0])}" if len(names) == 1 else "Stockpiles"
    table = FittedTable(title, heads, keys=len(keys))
    onset = max(result.markers.onset or 0, 0)
    for row in shown[:MAX_ROWS]:
        cells = [plain(row["stockpile"])] if len(names) > 1 else []
        cells += [plain(row["material"])]
        cells += [f"{quantity(row[name])} {short_unit(row['unit'])}" for name in amounts]
        for name in ("weeks_to_release", "weeks_to_empty"):
            cells.append("-" if row[name] is None else str(date_after(result.summary, onset, row[name])))
        table.add_row(*cells, *([quantity(row["spent_usd"])] if spent else []))
    hidden = len(shown) - MAX_ROWS
    return Group(table, Text(f"{hidden} more; see summary.json.\n", style="dim")) if hidden > 0 else table


def comparison_tables(comparison: Comparison) -> RenderableType:
    """Return the whole printout of a comparison: resilience loss and shortfall by scenario."""
    parts: list[RenderableType] = []
    for head in comparison.summary["scenarios"]:
        mark = " (reference)" if head["name"] == comparison.names[0] else ""
        parts.append(Text(f"{head['name']}{mark}: {head['title']}"))
    parts.append(Text(""))
    for kind, key in (("sectors", "sector"), ("materials", "material")):
        parts.append(_comparison_table(comparison, kind, key))
    parts.append(_compared_stockpiles(comparison))
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

    def lacking(row: Row) -> bool:
        return None in row["values"]["resilience_loss_weeks"].values()  # rows of some results only come last

    rows = sorted(comparison.summary[kind], key=lambda row: (lacking(row), -severity(row)))
    short = [row for row in rows if severity(row) > NEGLIGIBLE]
    if not short:
        return Text(f"{capital(kind)}: no difference; nobody watched falls short in any of them.\n")
    heads = [Column(capital(key), "name"), Column("", "name"), *map(Column, map(_head, comparison.names))]
    table = FittedTable(capital(kind), heads, keys=2)
    for row in short[:MAX_ROWS]:
        cells = [_compared(row, name, comparison.names[0]) for name in comparison.names]
        table.add_row(plain(row[key]), country_code(row["country"]), *cells)
    hidden = len(short) - MAX_ROWS
    return Group(table, Text(f"{hidden} more rows; see --json.\n", style="dim")) if hidden > 0 else table


def _compared_stockpiles(comparison: Comparison) -> RenderableType:
    """Return what each stockpile released by scenario; nothing when none moved."""
    heads = [
        Column("Stockpile", "name"),
        Column("Material", "name"),
        *map(Column, map(_head, comparison.names)),
    ]
    table = FittedTable("Stockpiles: released", heads, keys=2)
    for row in comparison.summary["stockpiles"]:
        released, unit = row["values"]["released"], short_unit(row["unit"])
        if any(released.values()) and len(table.rows) < MAX_ROWS:
            cells = [f"{quantity(v)} {unit}" if v is not None else "-" for v in released.values()]
            table.add_row(plain(row["stockpile"]), plain(row["material"]), *cells)
    return table if table.rows else Group()


def _head(name: str) -> str:
    """Return a scenario's name as words, which can stand in several lines."""
    return name.replace("_", " ")


def _compared(row: Row, name: str, reference: str) -> str:
    """Return the loss, its change against the reference, and the share short."""
    loss, share = row["values"]["resilience_loss_weeks"][name], row["values"]["shortfall_share"][name]
    if loss is None:
        return "-"
    change = None if name == reference else row["differences"]["resilience_loss_weeks"][name]
    words = "" if change is None else f" ({change:+.1f})" if abs(change) >= 0.05 else " (±0.0)"
    return f"{loss:.1f}{words}, {percent(share)}"
