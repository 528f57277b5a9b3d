"""Rules that compare numbers with each other: totals, hosts, capacities, named facilities."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterator, Mapping
from typing import Any

from sim.data.figures import FigureBook
from sim.data.findings import Finding, Severity
from sim.data.read import WORLD, Tables

WIDE_GAP = math.log(1.25)  # beyond it the parts and the published total tell two stories
HOST_MARGIN = 1.02  # a host nearer than this binds after the slightest move of the reconciliation
ROUNDING = 1.0 + 1e-6


def check_aggregates(tables: Tables, book: FigureBook) -> Iterator[Finding]:
    """Compare every published total with the sum of the figures it is declared to be.

    The gap is what the reconciliation has to close; it is reported for every total, and a wide one is a
    warning. Totals without a figure, or with a part that no figure gives, are errors.
    """
    parts = tables.aggregates.to_dict("records")
    for name in dict.fromkeys(tables.aggregates["aggregate"]):
        total = book.exact(name, "aggregate", WORLD)
        if total is None:
            yield Finding("aggregates", Severity.ERROR, name, "the total has no figure of country WLD")
            continue
        terms = [(row["sign"], _term(tables, book, row)) for row in parts if row["aggregate"] == name]
        missing = sum(1 for _, value in terms if value is None)
        if missing:
            text = f"{missing} of {len(terms)} parts have no figure"
            yield Finding("aggregates", Severity.ERROR, name, text)
            continue
        parts_t = sum(sign * value for sign, value in terms if value is not None)
        yield _gap(name, parts_t, total.value)


def _gap(name: str, parts_t: float, total_t: float) -> Finding:
    """Say how far the parts are from the total."""
    if parts_t <= 0 or total_t <= 0:
        return Finding("aggregates", Severity.WARNING, name, f"parts {parts_t:g}, total {total_t:g} t/yr")
    text = f"parts {parts_t:g}, total {total_t:g} t/yr, parts / total - 1 = {parts_t / total_t - 1:+.1%}"
    wide = abs(math.log(parts_t / total_t)) > WIDE_GAP
    return Finding("aggregates", Severity.WARNING if wide else Severity.INFO, name, text)


def _term(tables: Tables, book: FigureBook, row: Mapping[Hashable, Any]) -> float | None:
    """Return the tonnes per year of one part of a total, summed over its countries."""
    process, material, rule = row["process"], row["material"], row["country"]
    places = book.countries(process)
    countries = [c for c in places if rule in ("*", c) or (rule.startswith("!") and rule != f"!{c}")]
    values = [amount(tables, book, row["term"], process, code, material) for code in countries]
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def amount(
    tables: Tables, book: FigureBook, term: str, process: str, country: str, material: str
) -> float | None:
    """Return the output, intake or end use of a material by one node, by the figures alone.

    Parameters
    ----------
    term : {'output', 'input', 'use'}
        What is asked for.

    Returns
    -------
    float or None
        t/year; None when a figure is missing.
    """
    if term == "use":
        use = book.exact(process, "use", country, material)
        return None if use is None else use.value
    activity = book.exact(process, "production", country)
    if activity is None:
        return None
    if term == "output" and material in single_product(tables, process):
        return activity.value
    measure = "output_per_unit" if term == "output" else "input_per_unit"
    per_unit = book.find(process, measure, country, material)
    return None if per_unit is None else activity.value * per_unit.value


def single_product(tables: Tables, process: str) -> set[str]:
    """Return the product of a process that has one, as a set; empty for joint products."""
    frame = tables.processes
    return set(frame.loc[frame["process"] == process, "output_material"]) - {""}


def check_hosts(tables: Tables, book: FigureBook) -> Iterator[Finding]:
    """Every by-product node has a host that runs and is large enough in the base year."""
    limits: dict[tuple[str, str], float] = {}
    for row in tables.hosts.to_dict("records"):
        node = (row["process"], row["country"])
        where = f"{row['file']}:{row['file_line']}"
        host = book.exact(row["host_process"], "production", row["host_country"])
        ratio = book.find(row["process"], "host_ratio", row["country"], row["host_process"])
        if host is None or ratio is None:
            lacking = "production of the host" if host is None else "host_ratio"
            name = f"{row['host_process']}.{row['host_country']}" if host is None else ".".join(node)
            yield Finding("hosts", Severity.ERROR, where, f"no figure for the {lacking} ({name})")
            continue
        limits[node] = limits.get(node, 0.0) + ratio.value * host.value
    for (process, country), limit_t in limits.items():
        yield from _host_finding(book, process, country, limit_t)


def _host_finding(book: FigureBook, process: str, country: str, limit_t: float) -> Iterator[Finding]:
    """Compare one by-product node with what its hosts allow."""
    production = book.exact(process, "production", country)
    if production is None or production.value == 0:
        return
    text = f"production {production.value:g} t/yr, the hosts allow {limit_t:g} t/yr"
    if production.value > limit_t * ROUNDING:
        yield Finding("hosts", Severity.ERROR, f"{process}.{country}", text)
    elif production.value * HOST_MARGIN > limit_t:
        yield Finding("hosts", Severity.WARNING, f"{process}.{country}", text + ", almost nothing to spare")


def check_capacities(tables: Tables, book: FigureBook) -> Iterator[Finding]:
    """No node makes more than its capacity."""
    for process in tables.processes["process"]:
        for capacity in book.rows(process, "capacity"):
            country = capacity.key[2]
            production = book.exact(process, "production", country)
            if production is None:
                text = "a capacity without production; write production 0 for an idle node"
                yield Finding("capacities", Severity.WARNING, capacity.row, text)
            elif production.value > capacity.value * ROUNDING:
                text = f"production {production.value:g} is above capacity {capacity.value:g} t/yr"
                yield Finding("capacities", Severity.ERROR, capacity.row, text)


def check_facilities(tables: Tables, book: FigureBook) -> Iterator[Finding]:
    """Named facilities lie in their country's total and have numbers of their own."""
    totals: dict[tuple[str, str], float] = {}
    for row in tables.facilities.to_dict("records"):
        name, process, country = row["facility"], row["process"], row["country"]
        where = f"{row['file']}:{row['file_line']}"
        production = book.exact(process, "facility_production", country, name)
        if production is None and book.exact(process, "facility_capacity", country, name) is None:
            text = f"'{name}' has neither production nor capacity as {process} in {country}"
            yield Finding("facilities", Severity.ERROR, where, text)
            continue
        node = (process, country)
        totals[node] = totals.get(node, 0.0) + (production.value if production else 0.0)
    for (process, country), named_t in totals.items():
        total = book.exact(process, "production", country)
        total_t = 0.0 if total is None else total.value
        if named_t > total_t * ROUNDING:
            text = f"named facilities make {named_t:g}, the country only {total_t:g} t/yr"
            yield Finding("facilities", Severity.ERROR, f"{process}.{country}", text)
