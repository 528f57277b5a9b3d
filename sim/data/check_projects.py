"""Rules of the register: every project ends in the network or in money, and every name leads somewhere."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterator, Mapping
from itertools import pairwise
from typing import Any

from sim.data.csv_table import FILE_COLUMN, LINE_COLUMN
from sim.data.figures import FigureBook
from sim.data.findings import Finding, Severity
from sim.data.read import Tables
from sim.data.running import running_parts, twin
from sim.errors import suggestion

QUARTERS = 4

Row = Mapping[Hashable, Any] | Mapping[str, Any]


def check_register(tables: Tables, book: FigureBook) -> Iterator[Finding]:  # noqa: ARG001
    """Every project has what its kind says: parts, redirects, or money; every line of money one receiver."""
    filled = {
        "node": set(tables.project_parts["project"]),
        "redirect": set(tables.project_redirects["project"]),
        "money": set(tables.finance["project"]),
    }
    acted_on = {name for row in tables.programmes["acts_on_projects"] for name in row}
    for row in tables.projects.to_dict("records"):
        kind = row["kind"]
        if row["project"] not in filled.get(kind, acted_on):
            text = f"'{row['project']}' is of kind {kind} but has no row that says so"
            yield Finding("register", Severity.ERROR, _where(row), text)
    for row in tables.finance.to_dict("records"):
        if bool(row["project"]) == bool(row["programme"]):
            text = f"line '{row['line']}' needs exactly one of project and programme"
            yield Finding("register", Severity.ERROR, _where(row), text)


def check_parts(tables: Tables, book: FigureBook) -> Iterator[Finding]:  # noqa: ARG001
    """Parts name processes that the tables have, parts that feed them, and facilities that they replace."""
    processes = set(tables.processes["process"])
    parts = set(tables.project_parts["part"])
    plants = parts | set(tables.facilities["facility"])
    seen: dict[tuple[str, str], str] = {}
    for row in tables.project_parts.to_dict("records"):
        name, process = row["part"], row["process"]
        for column in ("process", "host_process"):
            if row[column] and row[column] not in processes:
                hint = _near(row[column], processes)
                text = f"{column} = '{row[column]}' of '{name}' is not in the tables; left out{hint}"
                yield Finding("project_parts", Severity.WARNING, _where(row), text)
        for column, known in (("feed_part", parts), ("retires", plants)):
            if row[column] and row[column] not in known:
                hint = _near(row[column], known)
                text = f"{column} = '{row[column]}' of '{name}' is neither a part nor a facility{hint}"
                yield Finding("project_parts", Severity.ERROR, _where(row), text)
        if (process, name) in seen:
            text = f"'{name}' of {process} stands already in {seen[process, name]}"
            yield Finding("project_parts", Severity.ERROR, _where(row), text)
        seen.setdefault((process, name), _where(row))


def check_running(tables: Tables, book: FigureBook) -> Iterator[Finding]:
    """Parts that ran in the base year are carved out of a country's total that can hold them."""
    facilities = set(tables.facilities["facility"])
    processes = set(tables.processes["process"])
    for row in running_parts(tables.frames()):
        if row["part"] in facilities or row["process"] not in processes:
            continue
        same = twin(tables.frames(), row)
        if same:
            text = (
                f"'{row['part']}' looks like facility '{same}'; give the part that name. It is not carved out"
            )
            yield Finding("project_running", Severity.WARNING, _where(row), text)
            continue
        total = book.exact(row["process"], "production", row["country"])
        base = row["base_output_t_per_year"]
        held = "no production" if total is None else f"{total.value:g} t/yr, facilities included"
        text = f"'{row['part']}' ran at {base:g} t/yr, but {row['country']} has {held}; it is not carved out"
        yield Finding("project_running", Severity.WARNING, _where(row), text)


def check_joint_parts(tables: Tables, book: FigureBook) -> Iterator[Finding]:  # noqa: ARG001
    """Joint products belong to a part, are materials, and one of them drives."""
    keys = set(zip(tables.project_parts["project"], tables.project_parts["part"], strict=True))
    materials = set(tables.materials["material"])
    driven: dict[tuple[str, str], bool] = {}
    for row in tables.project_outputs.to_dict("records"):
        key = (row["project"], row["part"])
        driven[key] = driven.get(key, False) or bool(row["drives"])
        if key not in keys:
            text = f"'{row['project']}' has no part '{row['part']}'"
            yield Finding("project_outputs", Severity.ERROR, _where(row), text)
        if row["output_material"] not in materials:
            text = f"output_material = '{row['output_material']}' is not in the tables; left out"
            yield Finding("project_outputs", Severity.WARNING, _where(row), text)
    for (project, part), drives in driven.items():
        if not drives:
            text = "none of its products drives it"
            yield Finding("project_outputs", Severity.ERROR, f"{project}.{part}", text)


def check_redirects(tables: Tables, book: FigureBook) -> Iterator[Finding]:  # noqa: ARG001
    """Redirects name a plant and a material that exist, and either tonnes or a share."""
    plants = set(tables.facilities["facility"]) | set(tables.project_parts["part"])
    processes, materials = set(tables.processes["process"]), set(tables.materials["material"])
    for row in tables.project_redirects.to_dict("records"):
        name = row["redirect"]
        tonnes, share = row["t_per_year"], row["share"]
        if (tonnes == tonnes) == (share == share):  # noqa: PLR0124 - NaN is not equal to itself
            text = f"'{name}' needs exactly one of t_per_year and share"
            yield Finding("project_redirects", Severity.ERROR, _where(row), text)
        if row["facility"] not in plants:
            hint = _near(row["facility"], plants)
            text = f"facility = '{row['facility']}' of '{name}' is neither a facility nor a part{hint}"
            yield Finding("project_redirects", Severity.ERROR, _where(row), text)
        for column, known in (("process", processes), ("material", materials)):
            if row[column] not in known:
                hint = _near(row[column], known)
                text = f"{column} = '{row[column]}' of '{name}' is not in the tables; left out{hint}"
                yield Finding("project_redirects", Severity.WARNING, _where(row), text)


def check_ramps(tables: Tables, book: FigureBook) -> Iterator[Finding]:  # noqa: ARG001
    """Curves are shares that never fall, one for each quarter; stage odds have a row without support."""
    for row in tables.ramp_types.to_dict("records"):
        try:
            curve = curve_of(row)
        except ValueError:
            yield Finding("ramp_types", Severity.ERROR, _where(row), "curve must hold numbers")
            continue
        if len(curve) != round(row["years_to_full"] * QUARTERS):
            text = f"curve has {len(curve)} quarters, years_to_full says {row['years_to_full']:g} years"
            yield Finding("ramp_types", Severity.ERROR, _where(row), text)
        if any(b < a for a, b in pairwise(curve)) or not 0 <= curve[0] <= curve[-1] <= 1:
            text = "curve must rise within 0 and 1"
            yield Finding("ramp_types", Severity.ERROR, _where(row), text)
    listed = set(zip(tables.stage_odds["status"], tables.stage_odds["instrument"], strict=True))
    used = set(tables.projects["status"]) | (set(tables.project_parts["status"]) - {""})
    for status in sorted(used):
        if (status, "none") not in listed:
            text = f"no row of status '{status}' and instrument 'none'"
            yield Finding("stage_odds", Severity.ERROR, "stage_odds", text)


def curve_of(row: Row) -> tuple[float, ...]:
    """Return the shares of capacity at the ends of the quarters after the first output.

    Raises
    ------
    ValueError
        If a part of the list is no number.
    """
    return tuple(float(share) for share in row["curve"])


def _near(name: str, known: Collection[str]) -> str:
    """Return which name was meant; nothing when none is near, as the list is long."""
    text = suggestion(name, sorted(known))
    return text if "did you mean" in text else ""


def _where(row: Row) -> str:
    """Return ``file:line`` of a row."""
    return f"{row[FILE_COLUMN]}:{row[LINE_COLUMN]}"
