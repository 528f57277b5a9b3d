"""The register of announced projects, money and institutions as rows to filter, sort and add up."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from sim.analysis.project_sums import PROGRAMME, project_totals
from sim.errors import DataError, suggestion

if TYPE_CHECKING:
    from sim.data.read import Tables
    from sim.data.register import Register

Row = dict[str, Any]
TableRow = Mapping[Hashable, Any]

SORT_KEYS = ("id", "name", "country", "status", "start", "agency", "amount_usd_m", "private_usd_m", "success")
LARGEST_FIRST = ("amount_usd_m", "private_usd_m", "success")
STATUSES = (
    "operating",
    "commissioning",
    "construction",
    "financed",
    "permitting",
    "announced",
    "paused",
    "cancelled",
)


class Filters(NamedTuple):
    """What a row must match; None and empty match everything. Texts do not mind case.

    Attributes
    ----------
    country : str
        Code of the country, or of a party of a programme.
    material : str
        A material, a commodity, or a plain word such as `lithium`.
    agency, status : str
    in_list : bool
        Named in the list of February 2026 or not.
    text : str
        Part of the id, the name or the operator.
    """

    country: str | None = None
    material: str | None = None
    agency: str | None = None
    status: str | None = None
    in_list: bool | None = None
    text: str | None = None


@lru_cache(maxsize=1)
def _shipped() -> Tables:
    from sim.data.read import read_tables  # pandas is slow to import

    return read_tables()


def projects(
    tables: Tables | None = None,
    *,
    country: str | None = None,
    material: str | None = None,
    agency: str | None = None,
    status: str | None = None,
    in_list: bool | None = None,
    text: str | None = None,
    sort: str = "id",
) -> list[Row]:
    """Return the projects and programmes of the register that match.

    Parameters
    ----------
    tables : Tables, optional
        The shipped ones by default.
    country, material, agency, status, in_list, text
        See `Filters`.
    sort : str
        One of `SORT_KEYS`; sums and odds have the largest first.

    Returns
    -------
    list of dict
        Keys: id, kind, name, country, operator, stage, materials, commodities, status, start, agency,
        instrument, amount_usd_m, private_usd_m, in_list, node (ids), effect, success, built, median_start,
        capacity (one row a part), lines (one row of money each), outside, source_id, confidence, note.

    Raises
    ------
    DataError
        If a filter names what the register does not have.

    Examples
    --------
    >>> [row["id"] for row in projects(agency="DFC", material="tungsten")]
    ['kaz_tungsten']
    """
    from sim.data.register import Register  # pandas is slow to import

    wanted = Filters(country, material, agency, status, in_list, text)
    known = tables if tables is not None else _shipped()
    rows = _rows(known, Register(known))
    _refuse_unknown(wanted, rows, sort)
    found = [row for row in rows if _matches(row, wanted)]
    if wanted.agency is not None or wanted.in_list is not None:
        found = [_with_lines_of(row, wanted) for row in found]
    return sorted(found, key=_sort_key(sort))


def _rows(tables: Tables, register: Register) -> list[Row]:
    """Return a row for every project and every programme."""
    outputs = _outputs(tables)
    found = [_project_row(row, register, outputs) for row in register.projects.values()]
    lines: dict[str, list[TableRow]] = {}
    for line in tables.finance.to_dict("records"):
        if line["programme"]:
            lines.setdefault(line["programme"], []).append(line)
    found += [_programme_row(row, lines.get(name, [])) for name, row in register.programmes.items()]
    return found


Products = Callable[[TableRow], tuple[list[str], bool]]


def _outputs(tables: Tables) -> Products:
    """Return what a part makes, the driving product first, and whether its capacity counts tonnes of that.

    A part with joint products of its own has those, else those of its process.
    """
    own: dict[tuple[str, str], list[str]] = {}
    counted: dict[tuple[str, str], bool] = {}
    for row in tables.project_outputs.sort_values("drives", ascending=False, kind="stable").to_dict(
        "records"
    ):
        key = (row["project"], row["part"])
        own.setdefault(key, []).append(row["output_material"])
        counted.setdefault(key, row["output_per_unit"] == 1.0)
    joint: dict[str, list[str]] = {}
    for row in tables.outputs.sort_values("drives", ascending=False, kind="stable").to_dict("records"):
        joint.setdefault(row["process"], []).append(row["output_material"])
    single = dict(zip(tables.processes["process"], tables.processes["output_material"], strict=True))

    def outputs_of(part: TableRow) -> tuple[list[str], bool]:
        key, process = (part["project"], part["part"]), part["process"]
        if key in own:
            return own[key], counted[key]
        if process in joint:
            return joint[process], False
        product = single.get(process, "")
        return ([product] if product else []), bool(product)

    return outputs_of


def _project_row(row: TableRow, register: Register, outputs: Products) -> Row:
    """Return the row of one project."""
    name, country = row["project"], row["country"]
    parts = [_part_row(part, register, country, outputs) for part in register.parts.get(name, ())]
    redirects = register.redirects.get(name, [])
    odds = register.odds(name, row["status"])
    starts = [part["median_start"] for part in parts if part["median_start"]]
    materials = [m for part in parts for m in part["materials"]] + [r["material"] for r in redirects]
    nodes = [part["node"] for part in parts] + [_node(r, country) for r in redirects]
    effects = [_redirect_text(r) for r in redirects]
    if row["kind"] == "money":
        effects.append("money without a plant of its own")
    return {
        "id": name,
        "kind": row["kind"],
        "name": row["name"],
        "country": country,
        "operator": row["operator"],
        "stage": row["stage"],
        "materials": list(dict.fromkeys(materials)),
        "commodities": list(row["commodities"]),
        "status": row["status"],
        "start": _day(row["start_date"]),
        **_money_cells(register.finance.get(name, [])),
        "in_list": bool(row["in_list"]),
        "node": list(dict.fromkeys(nodes)),
        "effect": "; ".join(effects) or None,
        "success": odds.success,
        "built": odds.built,
        "median_start": min(starts, default=None),
        "capacity": parts,
        "outside": list(row["outside"]),
        **_provenance(row),
    }


def _part_row(part: TableRow, register: Register, country: str, outputs: Products) -> Row:
    """Return what one part adds: node, main material, capacity, dates, odds."""
    status = register.status(part)
    odds = register.odds(part["project"], status)
    first = register.first_output(part)
    made, counted = outputs(part)
    base = part["base_output_t_per_year"]
    return {
        "part": part["part"],
        "node": _node({**part, "facility": part["part"]}, country),
        "process": part["process"],
        "material": made[0] if made and counted else part["process"],
        "materials": made,
        "capacity_t_per_year": float(part["capacity_t_per_year"]),
        "base_output_t_per_year": float(base) if base > 0 else 0.0,
        "expert_capacity": str(part["expert_capacity"]).lower() == "true",
        "status": status,
        "start": _day(part["start_date"]),
        "median_start": first.isoformat() if first is not None and odds.built else None,
        "success": odds.success,
        "built": odds.built,
        **_provenance(part),
    }


def _programme_row(row: TableRow, lines: Sequence[TableRow]) -> Row:
    """Return the row of a programme; its headline sum counts only through its lines of money."""
    size = row["size"]
    amount = f" {size:+g} {row['size_unit']}" if size == size else ""  # noqa: PLR0124 - NaN
    money = _money_cells(lines)
    return {
        "id": row["programme"],
        "kind": PROGRAMME,
        "name": row["name"],
        "country": ";".join(row["parties"]),
        "operator": row["agency"],
        "stage": row["kind"],
        "materials": [],
        "commodities": list(row["commodities"]),
        "status": PROGRAMME,
        "start": _day(row["date"]),
        **{**money, "agency": money["agency"] or row["agency"]},
        "in_list": bool(row["in_list"]),
        "node": [],
        "effect": f"{row['effect'].replace('_', ' ')}{amount}",
        "success": None,
        "built": None,
        "median_start": None,
        "capacity": [],
        "outside": [],
        "headline_usd_m": _number(row["amount_usd_m"]),
        **_provenance(row),
    }


def _money_cells(lines: Sequence[TableRow]) -> Row:
    """Return agencies, instruments and sums of some lines of money, and the lines."""
    rows = [
        {
            "line": line["line"],
            "agency": line["agency"],
            "instrument": line["instrument"],
            "state": line["state"],
            "amount_usd_m": _number(line["amount_usd_m"]),
            "private_usd_m": _number(line["private_usd_m"]),
            "date": _day(line["date"]),
            "in_list": bool(line["in_list"]),
            **_provenance(line),
        }
        for line in lines
    ]
    return {**_summed(rows), "lines": rows}


def _summed(lines: Sequence[Row]) -> Row:
    """Return agencies, instruments and sums of some lines; None where no sum was announced."""
    sums: Row = {
        "agency": "; ".join(dict.fromkeys(line["agency"] for line in lines)),
        "instrument": "; ".join(dict.fromkeys(line["instrument"] for line in lines)),
    }
    for name in ("amount_usd_m", "private_usd_m"):
        given = [line[name] for line in lines if line[name] is not None]
        sums[name] = sum(given) if given else None
    return sums


def _provenance(row: TableRow) -> Row:
    return {
        "source_id": list(row["source_id"]),
        "confidence": row["confidence"],
        "note": row["note"],
        "row": f"{row['file']}:{row['file_line']}",
    }


def _redirect_text(row: TableRow) -> str:
    tonnes, share = row["t_per_year"], row["share"]
    amount = f"{tonnes:,.0f} t/yr" if tonnes == tonnes else f"{share:.0%}"  # noqa: PLR0124 - NaN
    return f"{amount} of {row['material']} to {', '.join(row['customers'])} from {_day(row['from_date'])}"


def _node(row: TableRow, country: str) -> str:
    return f"{row['process']}.{country}.{row['facility']}"


def _day(cell: Any) -> str | None:
    from sim.data.register import day_of  # pandas is slow to import

    day: date | None = day_of(cell)
    return None if day is None else day.isoformat()


def _number(value: float) -> float | None:
    return None if value != value else float(value)  # noqa: PLR0124 - NaN is not equal to itself


# -- filters -------------------------------------------------------------------------------------------------


def _refuse_unknown(wanted: Filters, rows: Sequence[Row], sort: str) -> None:
    """Refuse a filter that nothing in the register could match."""
    codes = {code for row in rows for code in row["country"].split(";")}
    agencies = {line["agency"] for row in rows for line in row["lines"]} | {
        row["operator"] for row in rows if row["kind"] == PROGRAMME
    }
    words = {word for row in rows for word in _material_words(row)}
    for name, value, known in (
        ("country", wanted.country, codes),
        ("agency", wanted.agency, agencies),
        ("material", wanted.material, words),
        ("status", wanted.status, {*STATUSES, PROGRAMME}),
        ("sort", sort, set(SORT_KEYS)),
    ):
        if value is not None and value.lower() not in {k.lower() for k in known}:
            raise DataError(f"{name} = '{value}' is not in the register{suggestion(value, sorted(known))}")


def _material_words(row: Row) -> set[str]:
    """Return every word by which the materials of a row may be asked for."""
    names = [*row["materials"], *row["commodities"]]
    return {word.lower() for name in names for word in (name, name.partition("/")[0])}


def _matches(row: Row, wanted: Filters) -> bool:
    """Return whether a row passes every filter."""
    return (
        (wanted.country is None or wanted.country.upper() in row["country"].split(";"))
        and (wanted.material is None or wanted.material.lower() in _material_words(row))
        and (wanted.agency is None or wanted.agency.lower() in row["agency"].lower().split("; "))
        and (wanted.status is None or wanted.status.lower() in _statuses(row))
        and (wanted.in_list is None or row["in_list"] == wanted.in_list)
        and (wanted.text is None or wanted.text.lower() in _texts(row))
    )


def _statuses(row: Row) -> set[str]:
    return {row["status"], *(part["status"] for part in row["capacity"])}


def _texts(row: Row) -> str:
    return " ".join((row["id"], row["name"], row["operator"])).lower()


def _with_lines_of(row: Row, wanted: Filters) -> Row:
    """Return the row with the lines of money that were asked for alone, so that sums are theirs."""
    kept = [
        line
        for line in row["lines"]
        if (wanted.agency is None or line["agency"].lower() == wanted.agency.lower())
        and (wanted.in_list is None or line["in_list"] == wanted.in_list)
    ]
    cells = _summed(kept)
    return {**row, **cells, "agency": cells["agency"] or row["agency"], "lines": kept}


def _sort_key(sort: str) -> Callable[[Row], tuple[Any, ...]]:
    """Return the key by which rows are sorted; blanks come last."""

    def key(row: Row) -> tuple[Any, ...]:
        value = row[sort]
        if sort in LARGEST_FIRST:
            return (value is None, -(value or 0.0), row["id"])
        if sort == "status" and value in STATUSES:
            return (False, f"{STATUSES.index(value)}", row["id"])
        return (not value, value or "", row["id"])

    return key


__all__ = ["SORT_KEYS", "Filters", "project_totals", "projects"]
