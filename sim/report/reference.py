"""Writes the reference pages under ``docs/reference`` from what the product itself reads.

One function a page; each returns Markdown. ``python -m sim.report.reference`` writes them all, a test
compares the files with what the functions return.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import pandas as pd

from sim.data.columns import Column
from sim.data.read import TABLES_FOLDER, read_columns, read_csv_table
from sim.report.reference_scenario import scenario_page

DOCS_FOLDER = Path(__file__).parents[2] / "docs" / "reference"

TABLE_TEXT = {
    "materials": ("What is made, traded and used: one row for a commodity in one form, with its mass basis."),
    "processes": (
        "What can be done: one row for a stage and product. A process stands in every country "
        "that has a `production`, `capacity` or `use` figure of it; each such place is a "
        "node, named `process.COUNTRY`."
    ),
    "inputs": "Materials that a process takes.",
    "outputs": (
        "Products of a process that yields several at once. Processes with one product name it themselves."
    ),
    "hosts": "By-products: the capacity is at most `host_ratio` times the activity of the host.",
    "recycling": (
        "Where scrap comes from. A recycling process collects it in its own country, from "
        "processing at once or from end use after a lifetime, and makes its product from it "
        "one to one."
    ),
    "facilities": "Named plants, carved out of their country's total.",
    "aggregates": (
        "Published totals that are sums of model quantities; several rows make one total. The "
        "total itself is a figure of measure `aggregate`."
    ),
    "trade_shares": "Known shares of suppliers in a customer's imports or use.",
    "countries": "Codes and names of countries, and the region each belongs to.",
    "groups": (
        "Members of regions and blocs, with dates. Where it is not known whether a country "
        "belongs, there is no row; guests and observers have none."
    ),
    "routes": (
        "Lead time and chokepoints between countries: the usual way in the base year. Order "
        "of look-up: the own country, the listed pair (a member's region counts for the "
        "member), the own region, the default `*`."
    ),
    "chokepoints": "Narrow places that a scenario may close.",
    "stockpiles": (
        "Strategic stocks at the start; nothing leaves them unless a scenario releases them. Tonnes of "
        "Japan and the Republic of Korea are days of use that were read, times their use; those of China are "
        "a press estimate of the most it may hold. What no figure exists for is absent rather than zero; a "
        "scenario can add it with `stockpile_build`."
    ),
    "figures": (
        "Every number about the world, in `figures/*.csv`. What may be measured stands in the next table."
    ),
    "corrections": "Values used instead of a raw figure, each with its reason. The raw row stays.",
    "accepted_moves": (
        "Moves of the reconciliation beyond the flag limits that are accepted, each with its reason."
    ),
    "closures": (
        "How far the balance of a material proves anything: `sim check data` prints it beside the residual."
    ),
    "projects": (
        "Announced projects: those of the list of the ministerial of February 2026, and related ones "
        "([background](../background/projects.md))."
    ),
    "project_parts": (
        "Plants of the projects, one row a node; an integrated project is split into mine and refinery. A "
        "part that ran in the base year is a named facility of its country, at its output of that year."
    ),
    "project_outputs": "Joint products of parts, instead of those of their process.",
    "project_redirects": "Output that changes hands without any new capacity.",
    "finance": "Lines of money, each of one project or one programme.",
    "programmes": "Institutions, agreements and calls for money, with what each does in the model.",
    "ramp_types": "How plants come up to capacity after their first output.",
    "stage_odds": "Odds and slip of a project by status and strongest public instrument; all judgement.",
    "parameters": "Defaults of behaviour and of the build; values in [parameters](parameters.md).",
    "sources": "Everything cited. `expert` is judgement of the project, never looked up.",
    "measures": "What a figure may measure: the rules of the list under `figures`.",
    "columns": "These declarations themselves.",
}

NETWORK_TEXT = {
    "materials": "Materials of the network.",
    "nodes": "Plants, country totals and users.",
    "recipes": "What each node takes. End use takes per unit of activity, whatever its unit.",
    "outputs": "Products of nodes that yield several at once; other nodes name theirs in `nodes.csv`.",
    "arcs": "Who supplies whom. Only listed arcs exist, unless the scenario says `latent: auto`.",
    "stockpiles": "Strategic stocks; `nodes.csv` says in `members_of` whom they serve.",
    "recycling": "Where scrap comes from.",
}


def tables_page() -> str:
    """Return the page on the product's own tables."""
    columns = read_columns(TABLES_FOLDER / "columns.csv")
    lines = [
        "# Tables",
        "",
        "Files in `sim/data/tables/`: CSV, UTF-8, comma, one header line. A table is `TABLE.csv`, or all",
        "parts `TABLE.*.csv` in sorted order. A blank cell means *not given*; then the default counts, if",
        "there is one. A list is separated by semicolons. Numbers stand in exactly the unit stated; a year",
        "is 365 days.",
        "",
        "Names under *allowed* such as `countries.iso3` stand for the values of that column of that table.",
    ]
    order = [table for table in TABLE_TEXT if table in columns]
    for table in [*order, *(name for name in columns if name not in order)]:
        lines += ["", f"## {table}", "", TABLE_TEXT.get(table, ""), "", *columns_table(columns[table])]
        if table == "figures":
            lines += ["", "### Measures", "", *measures_table()]
    return "\n".join(lines) + "\n"


def network_tables_page() -> str:
    """Return the page on the tables of a user's own network."""
    columns = read_columns(TABLES_FOLDER / "network_columns.csv")
    lines = [
        "# Tables of your own network",
        "",
        "Files in the folder that a scenario names in `network: {folder: DIR}` or",
        "`network: {overlay: DIR}`: CSV, UTF-8, comma, one header line; lines that start with `#` are",
        "comments. A cell may not hold a line break. Optional columns may be left out; a blank cell takes",
        "the default, or means *not given*. A list is separated by semicolons. A year is 365 days in every",
        "rate.",
    ]
    for table, declared in columns.items():
        lines += ["", f"## {table}.csv", "", NETWORK_TEXT[table], "", *columns_table(declared)]
    return "\n".join(lines) + "\n"


def parameters_page() -> str:
    """Return the page on default parameters."""
    lines = [
        "# Parameters",
        "",
        "Defaults of `sim/data/tables/parameters.csv`. A scenario's `behaviour:` block changes those of",
        "behaviour. The range spans what is plausible; use it for sensitivity.",
        "",
    ]
    rows = []
    for row in _table("parameters").to_dict("records"):
        span = f"{number(row['low'])} to {number(row['high'])}"
        name = f"`{row['name']}`"
        rows.append((name, number(row["value"]), row["unit"], span, row["confidence"], row["note"]))
    heads = ("parameter", "value", "unit", "range", "confidence", "why")
    return "\n".join([*lines, *markdown_table(heads, rows)]) + "\n"


def _table(name: str) -> pd.DataFrame:
    """Read one shipped table that stands in one file."""
    declared = read_columns(TABLES_FOLDER / "columns.csv")[name]
    return read_csv_table(TABLES_FOLDER / f"{name}.csv", declared)


def columns_table(columns: Sequence[Column]) -> list[str]:
    """Return a Markdown table of declared columns."""
    rows = [
        (
            f"`{column.name}`" + (" (key)" if column.key else ""),
            column.dtype,
            column.unit,
            "required" if column.required else f"`{column.default}`" if column.default else "blank",
            ", ".join(f"`{token}`" for token in _tokens(column)),
            column.description,
        )
        for column in columns
    ]
    return markdown_table(("column", "type", "unit", "default", "allowed", "meaning"), rows)


def _tokens(column: Column) -> list[str]:
    """Return what is allowed, item by item."""
    return column.allowed.split() if column.is_number else [t for t in column.allowed.split("|") if t]


def measures_table() -> list[str]:
    """Return a Markdown table of the measures a figure may have."""
    rows = [
        (
            f"`{row['measure']}`",
            row["unit"],
            row["partner"],
            ", ".join(row["stages"]) or "published totals",
            "yes" if row["world_default"] else "no",
            row["allowed"],
            number(row["default"]),
            row["description"],
        )
        for row in _table("measures").to_dict("records")
    ]
    heads = ("measure", "unit", "partner", "stages", "WLD allowed", "bounds", "default", "meaning")
    return markdown_table(heads, rows)


def number(value: float) -> str:
    """Return a number without needless digits; blank for one not given."""
    return "" if value != value else f"{value:g}"  # noqa: PLR0124 - NaN is not equal to itself


def markdown_table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Return the lines of a Markdown table; a bar inside a cell is escaped."""
    lines = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    for row in rows:
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |")
    return lines


PAGES: dict[str, Callable[[], str]] = {
    "tables.md": tables_page,
    "network_tables.md": network_tables_page,
    "parameters.md": parameters_page,
    "scenario.md": scenario_page,
}


def write_pages(folder: Path = DOCS_FOLDER) -> list[Path]:
    """Write every page and return the files.

    Parameters
    ----------
    folder : Path
        Made when it does not exist.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, page in PAGES.items():
        path = folder / name
        path.write_text(page(), encoding="utf-8", newline="\n")
        written.append(path)
    return written


if __name__ == "__main__":
    for file in write_pages():
        print(file.name)
