"""Puts a network together from the tables: reconcile, trade, attributes; then make its start steady."""

from __future__ import annotations

import math
from collections.abc import Mapping

from sim.data.provenance import tables_hash
from sim.data.read import Tables
from sim.data.routes import detours
from sim.errors import Faults, NetworkError
from sim.model.attributes import make_node, scrap_sources
from sim.model.balance import Balanced, balance
from sim.model.figures import FigureBook, records
from sim.model.network import BuildReport, Material, Network, Node, Stockpile
from sim.model.projects import add_projects
from sim.model.settle import settle
from sim.model.structure import Structure, read_structure
from sim.model.trade import End, Trade, Trader


def assemble(tables: Tables, year: int) -> Network:
    """Return the balanced network of a base year; see `sim.model.build.build_network`."""
    book = FigureBook(tables, year)
    faults = Faults(NetworkError)
    structure = read_structure(tables, book, faults)
    faults.raise_if_any()
    balanced = balance(tables, structure, book)
    trade = Trade()
    trader = Trader(tables, structure, book)
    for material in structure.materials:
        trader.trade(material, *ends(structure, balanced, material), trade)
    notes: list[str] = []
    nodes = _nodes(tables, structure, book, balanced, notes)
    network = Network(
        name="world",
        year=year,
        materials=_used_materials(structure, nodes),
        nodes=nodes,
        arcs=tuple(trade.arcs),
        stockpiles=_stockpiles(tables),
        scrap=scrap_sources(structure, book, balanced),
        groups=_groups(tables, year),
        country_names={
            code: (english, japanese)
            for code, english, japanese in zip(
                *(tables.countries[name] for name in ("iso3", "name_en", "name_ja")), strict=True
            )
        },
        parameters=book.parameters,
        detour_days=detours(tables.chokepoints),
        tables_hash=tables_hash(tables.folder),
        report=BuildReport(
            materials=balanced.materials,
            moves=balanced.moves,
            shares=tuple(trade.shares),
            warnings=(*balanced.warnings, *trade.warnings, *notes),
        ),
    )
    return add_projects(settle(network), tables, structure, book, balanced, trader)


def ends(structure: Structure, balanced: Balanced, material: str) -> tuple[list[End], list[End]]:
    """Return ports and slots of a material with what they sell and take, t/year.

    The surplus leaves at the ports that may throw it away, in proportion to what they make; of these, ports
    that drive their node are touched last.
    """
    ports, spare = [], []
    for place in structure.places.values():
        process = structure.processes[place.process]
        for output in process.outputs:
            if output.material == material and balanced.output_per_unit[place.id, material] > 0:
                made = balanced.output.get((place.id, material), 0.0)
                ports.append(End(place.id, place.process, place.country, made))
                spare.append((output.disposable, output.drives))
    factor = _sold_share([port.t_per_year for port in ports], spare, balanced.surplus.get(material, 0.0))
    sold = [End(p.place, p.process, p.country, p.t_per_year * f) for p, f in zip(ports, factor, strict=True)]
    slots = [
        End(place.id, place.process, place.country, balanced.intake.get((place.id, material), 0.0))
        for place in structure.places.values()
        if (place.id, material) in balanced.intake
        or balanced.input_per_unit.get((place.id, material), 0.0) > 0
    ]
    return sold, slots


def _sold_share(made: list[float], spare: list[tuple[bool, bool]], surplus: float) -> list[float]:
    """Return the share of each port's output that is sold."""
    factor = [1.0] * len(made)
    for drives in (False, True):
        chosen = [n for n, marks in enumerate(spare) if marks == (True, drives)]
        total = math.fsum(made[n] for n in chosen)
        if surplus <= 0 or total <= 0:
            continue
        taken = min(surplus, total if not drives else 0.999 * total)
        for n in chosen:
            factor[n] = 1.0 - taken / total
        surplus -= taken
    return factor


def _nodes(
    tables: Tables, structure: Structure, book: FigureBook, balanced: Balanced, notes: list[str]
) -> dict[str, Node]:
    """Return all nodes by name."""
    operators = {
        f"{row.process}.{row.country}.{row.facility}": row.operator for row in records(tables.facilities)
    }
    hosts = {
        (row.process, row.country): (row.host_process, row.host_country) for row in records(tables.hosts)
    }
    nodes = {}
    for place in structure.places.values():
        host = hosts.get((place.process, place.country))
        nodes[place.id] = make_node(
            place, structure, book, balanced, notes, operator=operators.get(place.id, ""), host=host
        )
    return nodes


def _used_materials(structure: Structure, nodes: Mapping[str, Node]) -> dict[str, Material]:
    """Return the materials that some node takes or makes."""
    used = {i.material for node in nodes.values() for i in node.inputs}
    used |= {o.material for node in nodes.values() for o in node.outputs}
    return {name: material for name, material in structure.materials.items() if name in used}


def _stockpiles(tables: Tables) -> tuple[Stockpile, ...]:
    """Return the strategic stocks."""
    return tuple(
        Stockpile(
            id=row.stockpile,
            country=row.country,
            material=row.material,
            members=(row.country,),
            opening_t=float(row.opening_t),
            target_t=_given(row.target_t, float(row.opening_t)),
            release_t_per_day=_given(row.release_t_per_day, math.inf),
            release_delay_days=_given(row.release_delay_days, 0.0),
            purchase_t_per_day=_given(row.purchase_t_per_day, 0.0),
            budget_usd=_given(row.budget_usd, math.inf),
        )
        for row in records(tables.stockpiles)
    )


def _given(value: float, default: float) -> float:
    """Return a number of a table, or `default` for a blank."""
    return default if math.isnan(value) else float(value)


def _groups(tables: Tables, year: int) -> dict[str, tuple[str, ...]]:
    """Return members by group, those left out that left before the base year."""
    found: dict[str, list[str]] = {}
    for row in records(tables.groups):
        left = getattr(row.to_date, "year", math.nan)
        if not left < year:
            found.setdefault(row.group, []).append(row.member)
    return {group: tuple(dict.fromkeys(members)) for group, members in sorted(found.items())}
