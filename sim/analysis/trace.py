"""Where a number comes from: the figures behind a node or a material, each with its sources.

Every row has the value of the table, what a correction made of it, what the balance made of it, its year,
confidence, file and line; the sources follow with title, publisher and address.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from sim.errors import NetworkError, suggestion

if TYPE_CHECKING:
    from sim.data.figures import Figure, FigureBook
    from sim.data.read import Tables
    from sim.model.network import Network, Node

Row = dict[str, Any]


def trace(name: str) -> Row:
    """Return the figures and sources behind a node, material, commodity, project or programme.

    Parameters
    ----------
    name : str
        Node (``process.COUNTRY``), material (``commodity/form``), commodity, or the id of an announced
        project or programme.

    Returns
    -------
    dict
        name, kind (``node``, ``material``, ``project`` or ``programme``), figures (rows of quantity, process,
        country, partner, value, unit, raw_value, balanced, year, confidence, sources, where, note) and
        sources (rows of source_id, title, publisher, year, url).

    Raises
    ------
    NetworkError
        If the world has nothing of that name.
    """
    from sim.analysis.trace_projects import announced_rows, known_names
    from sim.data.figures import FigureBook
    from sim.data.read import read_tables
    from sim.model.build import default_network

    tables, network = read_tables(), default_network()
    book = FigureBook(tables, network.year)
    balanced = {str(row["where"]): float(str(row["value"])) for row in network.report.moves}
    announced = announced_rows(tables, name)
    figures: list[Figure]
    others: list[Row]
    if announced is not None and name not in network.nodes:
        kind, figures, others = announced[0], [], announced[1]
    elif name in network.nodes:
        kind, figures = "node", list(_of_node(tables, book, network.nodes[name]))
        others = [*_host_rows(tables, network.nodes[name]), *(announced[1] if announced else ())]
    else:
        materials = _materials(network, name, known_names(tables))
        kind, figures = "material", list(_of_materials(tables, book, materials))
        others = list(_material_rows(tables, materials))
    rows = [_figure_row(figure, balanced) for figure in figures] + others
    cited = {source for row in rows for source in row["sources"]}
    return {"name": name, "kind": kind, "figures": rows, "sources": _sources(tables, cited)}


def _materials(network: Network, name: str, announced: Iterable[str]) -> list[str]:
    """Return the materials of a name.

    Raises
    ------
    NetworkError
        If there is none.
    """
    found = [m.id for m in network.materials.values() if name in (m.id, m.commodity)]
    if found:
        return found
    commodities = sorted({m.commodity for m in network.materials.values()})
    known = [*network.nodes, *network.materials, *commodities, *announced]
    raise NetworkError(f"'{name}' is not a node, material, commodity or project{suggestion(name, known)}")


def _of_node(tables: Tables, book: FigureBook, node: Node) -> Iterator[Figure]:
    """Yield the figures in use for a node: its country's row, else that of the world."""
    facility = node.id.split(".")[2] if node.id.count(".") > 1 else ""
    for measure in tables.measures["measure"]:
        by_facility = str(measure).startswith("facility_")
        partners = dict.fromkeys(figure.key[3] for figure in book.rows(node.process, measure))
        for partner in partners:
            if by_facility and partner != facility:
                continue
            figure = book.find(node.process, measure, node.country, partner)
            if figure is not None:
                yield figure


def _of_materials(tables: Tables, book: FigureBook, materials: Iterable[str]) -> Iterator[Figure]:
    """Yield the figures of who makes and who uses some materials."""
    for material in materials:
        for process in _makers(tables, material):
            yield from book.rows(process, "production")
            yield from book.rows(process, "output_per_unit", material)
        takers = tables.inputs.loc[tables.inputs["input_material"] == material, "process"]
        for process in sorted(set(takers)):
            yield from book.rows(process, "use", material)
            yield from book.rows(process, "input_per_unit", material)


def _makers(tables: Tables, material: str) -> list[str]:
    """Return the processes that make a material."""
    single = tables.processes.loc[tables.processes["output_material"] == material, "process"]
    joint = tables.outputs.loc[tables.outputs["output_material"] == material, "process"]
    return sorted({*single, *joint})


def _figure_row(figure: Figure, balanced: Mapping[str, float]) -> Row:
    """Return the row of one figure."""
    process, measure, country, partner = figure.key
    return {
        "quantity": measure,
        "process": process,
        "country": country,
        "partner": partner,
        "value": figure.value,
        "unit": figure.unit,
        "raw_value": figure.raw_value,
        "balanced": balanced.get(figure.row),
        "year": figure.year,
        "confidence": str(figure.confidence),
        "sources": list(figure.source_id),
        "where": figure.row,
        "note": figure.note,
    }


def _host_rows(tables: Tables, node: Node) -> Iterator[Row]:
    """Yield the hosts of a by-product."""
    hosted = tables.hosts[
        (tables.hosts["process"] == node.process) & (tables.hosts["country"] == node.country)
    ]
    for row in hosted.to_dict("records"):
        yield table_row("host", row, f"{row['host_process']}.{row['host_country']}", None, "")


def _material_rows(tables: Tables, materials: Iterable[str]) -> Iterator[Row]:
    """Yield prices and trade shares of some materials."""
    chosen = set(materials)
    for row in tables.materials[tables.materials["material"].isin(chosen)].to_dict("records"):
        yield table_row("price", row, row["material"], row["price_usd_per_t"], "USD/t", row["price_year"])
    for row in tables.trade_shares[tables.trade_shares["material"].isin(chosen)].to_dict("records"):
        partner = f"{row['supplier']} to {row['customer']}"
        what = f"share of {row['basis']}, {row['material']}"
        yield table_row(what, row, partner, row["share"], "fraction", row["year"])
    for row in tables.stockpiles[tables.stockpiles["material"].isin(chosen)].to_dict("records"):
        yield table_row(f"stockpile {row['stockpile']}", row, row["material"], row["opening_t"], "t")


def table_row(
    quantity: str, row: Mapping[Any, Any], partner: str, value: float | None, unit: str, year: Any = None
) -> Row:
    """Return the row of something that stands in another table than the figures."""
    return {
        "quantity": quantity,
        "process": "",
        "country": row.get("country", ""),
        "partner": partner,
        "value": value,
        "unit": unit,
        "raw_value": value,
        "balanced": None,
        "year": None if year is None or math.isnan(year) else int(year),
        "confidence": str(row.get("confidence", "")),
        "sources": list(row.get("source_id", ())),
        "where": f"{row['file']}:{row['file_line']}",
        "note": row.get("note", ""),
    }


def _sources(tables: Tables, cited: set[str]) -> list[Row]:
    """Return the sources cited, by name."""
    names = ["source_id", "title", "publisher", "year", "url"]
    found = tables.sources[tables.sources["source_id"].isin(cited)].sort_values("source_id")
    return [
        {str(key): None if isinstance(value, float) else value for key, value in row.items()}  # a blank year
        for row in found[names].to_dict("records")
    ]
