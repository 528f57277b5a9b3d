"""Where the numbers of an announced project or a programme come from, row by row."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from sim.analysis.trace import table_row

if TYPE_CHECKING:
    from sim.data.read import Tables
    from sim.data.register import Register

Row = dict[str, Any]
TableRow = Mapping[Hashable, Any]
USD_M = "USD m"


def announced_rows(tables: Tables, name: str) -> tuple[str, list[Row]] | None:
    """Return kind and rows behind a project, a programme or the node of a part; None for another name.

    Parameters
    ----------
    tables : Tables
    name : str
        Id of a project or programme, or ``process.COUNTRY.part``.
    """
    from sim.data.register import Register  # pandas is slow to import

    register = Register(tables)
    if name in register.projects:
        return "project", list(_project_rows(tables, register, name))
    if name in register.programmes:
        return "programme", list(_programme_rows(tables, register.programmes[name]))
    parts = [row for rows in register.parts.values() for row in rows if _node(register, row) == name]
    if parts:
        return "node", [found for row in parts for found in _part_rows(tables, register, row)]
    return None


def known_names(tables: Tables) -> list[str]:
    """Return every id of a project or programme."""
    return [*tables.projects["project"], *tables.programmes["programme"]]


def _node(register: Register, row: TableRow) -> str:
    return f"{row['process']}.{register.projects[row['project']]['country']}.{row['part']}"


def _project_rows(tables: Tables, register: Register, name: str) -> Iterator[Row]:
    """Yield state and date of a project, its parts, redirects and money."""
    project = register.projects[name]
    yield table_row(f"{project['status']}{_since(project)}", project, project["name"], None, "")
    for part in register.parts.get(name, ()):
        yield from _part_rows(tables, register, part)
    for joint in tables.project_outputs.to_dict("records"):
        if joint["project"] == name:
            what = f"output_per_unit of {joint['part']}"
            yield table_row(what, joint, joint["output_material"], float(joint["output_per_unit"]), "t/t")
    for row in register.redirects.get(name, ()):
        tonnes = row["t_per_year"]
        given = tonnes == tonnes  # noqa: PLR0124 - NaN is not equal to itself
        value, unit = (float(tonnes), "t/yr") if given else (float(row["share"]), "fraction")
        what = f"redirected from {row['from_date'].date()}"
        yield table_row(what, row, f"{row['material']} to {', '.join(row['customers'])}", value, unit)
    for line in register.finance.get(name, ()):
        yield from _money_rows(line)


def _part_rows(tables: Tables, register: Register, row: TableRow) -> Iterator[Row]:
    """Yield capacity, output of the base year, dates, odds and ramp of one part."""
    node, status = _node(register, row), register.status(row)
    yield table_row("capacity", row, node, float(row["capacity_t_per_year"]), "t/yr")
    if row["base_output_t_per_year"] > 0:
        yield table_row("output of the base year", row, node, float(row["base_output_t_per_year"]), "t/yr")
    odds, first = register.odds(row["project"], status), register.first_output(row)
    announced = _since(row)
    if first is not None:
        when = f"median first output {first}{announced}"
        yield table_row(when, row, node, odds.slip_days, "days")
    for stage in tables.stage_odds.to_dict("records"):
        if (stage["status"], stage["instrument"]) == (status, "none"):
            support = ", ".join(register.instruments(row["project"])) or "no support"
            yield table_row(f"odds, {status}, with {support}", stage, node, odds.success, "fraction")
    for ramp in tables.ramp_types.to_dict("records"):
        if ramp["ramp"] == row["ramp"] and first is not None:
            yield table_row(
                f"ramp {row['ramp']}, end of year 1", ramp, node, float(ramp["curve"][3]), "fraction"
            )


def _programme_rows(tables: Tables, row: TableRow) -> Iterator[Row]:
    """Yield headline, effect and lines of money of a programme."""
    amount, size = row["amount_usd_m"], row["size"]
    if amount == amount:  # noqa: PLR0124 - NaN is not equal to itself
        yield table_row("headline sum", row, row["agency"], float(amount), USD_M)
    given = float(size) if size == size else None  # noqa: PLR0124 - NaN is not equal to itself
    acted_on = ", ".join((*row["acts_on_projects"], *row["acts_on_countries"]))
    judged = {**row, "confidence": "expert"} if given is not None and row["size_expert"] else row
    yield table_row(f"effect: {row['effect']}", judged, acted_on, given, row["size_unit"])
    for line in tables.finance.to_dict("records"):
        if line["programme"] == row["programme"]:
            yield from _money_rows(line)


def _money_rows(line: TableRow) -> Iterator[Row]:
    """Yield public and private money of one line."""
    what = f"{line['instrument']}, {line['state']}".replace("_", " ")
    for name, who in (("amount_usd_m", line["agency"]), ("private_usd_m", "private")):
        amount = line[name]
        if amount == amount:  # noqa: PLR0124 - NaN is not equal to itself
            yield table_row(what, line, who, float(amount), USD_M)


def _since(row: TableRow) -> str:
    """Return the announced date in words, nothing when none was announced."""
    from sim.data.register import day_of  # pandas is slow to import

    day = day_of(row["start_date"])
    return f", announced {day}" if day is not None else ""
