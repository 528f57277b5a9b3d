"""Adds the announced projects to a balanced network: nodes, arcs, and what their coming changes.

The base year does not feel them: a new plant stands with nothing planned and no capacity, its arcs latent.
What changes when it comes is written down beside the network (`sim.model.announced`) and put in force by the
calendar (`sim.model.effects_projects`). Who buys from it and who feeds it: `sim.model.project_orders`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from sim.data.check_projects import curve_of
from sim.data.read import Tables
from sim.data.register import Register, day_of
from sim.model.announced import Announced, Part, Redirect
from sim.model.attributes import make_node
from sim.model.balance import Balanced
from sim.model.figures import FigureBook
from sim.model.network import Arc, Network, Node, Output
from sim.model.project_orders import OrderBook
from sim.model.structure import Place, Process, Structure
from sim.model.trade import Trader
from sim.vocab import NodeStatus

NODE_STATUS = {
    "commissioning": NodeStatus.CONSTRUCTION,
    "paused": NodeStatus.ANNOUNCED,
    "cancelled": NodeStatus.ANNOUNCED,
}

PLACED = 0.99  # share of a plant's output below which it is told that customers lack

Row = Mapping[Any, Any]


def add_projects(
    network: Network,
    tables: Tables,
    structure: Structure,
    book: FigureBook,
    balanced: Balanced,
    trader: Trader,
) -> Network:
    """Return the network with every announced project whose process it has.

    Parameters
    ----------
    network : Network
        Balanced and settled.
    tables, structure, book, balanced, trader
        What it was built from.
    """
    builder = _Builder(network, tables, structure, book, balanced, trader)
    return builder.built()


class _Builder:
    """Makes nodes and arcs of all parts, then places their output."""

    def __init__(
        self,
        network: Network,
        tables: Tables,
        structure: Structure,
        book: FigureBook,
        balanced: Balanced,
        trader: Trader,
    ) -> None:
        self._network, self._structure, self._book, self._balanced = network, structure, book, balanced
        self._trader = trader
        self._register = Register(tables)
        self._ramps = {row["ramp"]: curve_of(row) for row in tables.ramp_types.to_dict("records")}
        self._own_outputs: dict[tuple[str, str], list[Row]] = {}
        for row in tables.project_outputs.to_dict("records"):
            self._own_outputs.setdefault((row["project"], row["part"]), []).append(row)
        self._rows: list[Row] = [
            row
            for rows in self._register.parts.values()
            for row in rows
            if row["process"] in structure.processes
        ]
        self._ids = {row["part"]: self._node_id(row) for row in self._rows}
        self.nodes: dict[str, Node] = dict(network.nodes)
        self.notes: list[str] = []

    def built(self) -> Network:
        """Return the network with projects."""
        new = [row for row in self._rows if self._is_new(row)]
        for row in new:
            self.nodes[self._node_id(row)] = self._node(row)
        for row in new:
            name = self._node_id(row)
            self.nodes[name] = replace(self.nodes[name], **self._host(row))
        feeders = {
            self._node_id(row): self._ids[row["feed_part"]] for row in new if row["feed_part"] in self._ids
        }
        names = {self._node_id(row): float(row["capacity_t_per_year"]) for row in new}
        orders = OrderBook(self._network, self.nodes, names, feeders, self._trader)
        arcs = [*self._network.arcs, *self._arcs(orders, new)]
        parts = [self._part(row) for row in self._rows if self._node_id(row) in self.nodes]
        parts.sort(key=lambda part: (not part.built, part.median_start is None, part.median_start, part.node))
        placed = tuple(self._placed(part, orders) for part in parts)
        redirects = tuple(self._redirects(orders))
        announced = Announced(
            parts=tuple(sorted(placed, key=lambda part: (part.project, part.node))),
            redirects=redirects,
            entries=tuple(orders.entries),
            feeds=tuple(orders.feeds),
            new_nodes=tuple(sorted(names)),
        )
        report = replace(self._network.report, warnings=(*self._network.report.warnings, *self.notes))
        ordered = {name: self.nodes[name] for name in sorted(self.nodes)}
        return replace(self._network, nodes=ordered, arcs=tuple(arcs), announced=announced, report=report)

    # -- nodes -----------------------------------------------------------------------------------------------

    def _node_id(self, row: Row) -> str:
        country = self._register.projects[row["project"]]["country"]
        return f"{row['process']}.{country}.{row['part']}"

    def _is_new(self, row: Row) -> bool:
        """Whether a part needs a node: it did not run, and its recipe is known."""
        return self._node_id(row) not in self._network.nodes and not row["base_output_t_per_year"] > 0

    def _node(self, row: Row) -> Node:
        """Return the node of a new part, at rest."""
        process = self._structure.processes[row["process"]]
        project = self._register.projects[row["project"]]
        country = project["country"]
        place = Place(self._node_id(row), process.name, country, row["part"])
        inputs = {
            (place.id, material): self._ratio("input_per_unit", process, country, material)
            for material, _ in process.inputs
        }
        outputs = {
            (place.id, output.material): self._ratio("output_per_unit", process, country, output.material)
            if output.joint
            else 1.0
            for output in process.outputs
        }
        recipe = replace(self._balanced, input_per_unit=inputs, output_per_unit=outputs)
        node = make_node(place, self._structure, self._book, recipe, self.notes, operator=project["operator"])
        status = self._register.status(row)
        return replace(
            node,
            capacity_per_year=0.0,
            restart_days=0.0,
            status=NODE_STATUS.get(status) or NodeStatus(status),
            outputs=self._outputs(row, node.outputs),
        )

    def _outputs(self, row: Row, usual: tuple[Output, ...]) -> tuple[Output, ...]:
        """Return the ports: joint products of the part's own, else those of its process.

        What does not drive the part may leave as booked surplus: no customer is bound to take it.
        """
        own = self._own_outputs.get((row["project"], row["part"]))
        if own is None:
            return tuple(o if o.drives else replace(o, disposable=True) for o in usual)
        known = [item for item in own if item["output_material"] in self._structure.materials]
        return tuple(
            Output(
                item["output_material"],
                float(item["output_per_unit"]),
                bool(item["drives"]),
                not item["drives"],
            )
            for item in known
        )

    def _ratio(self, measure: str, process: Process, country: str, material: str) -> float:
        """Return a recipe ratio: of the country's nodes, else its figure, else the median of all nodes."""
        values = getattr(self._balanced, measure)
        own = [
            values[place.id, material]
            for place in self._structure.places_of(process.name, country)
            if values.get((place.id, material), 0.0) > 0
        ]
        if own:
            return float(own[0])
        figure = self._book.find(process.name, measure, country, material)
        if figure is not None:
            return figure.value
        others = sorted(
            values[place.id, material]
            for place in self._structure.places_of(process.name)
            if values.get((place.id, material), 0.0) > 0
        )
        return float(others[len(others) // 2]) if others else 0.0

    def _host(self, row: Row) -> dict[str, Any]:
        """Return host and ratio: at the host's full plan the part can run at capacity."""
        process, country = row["host_process"], self._register.projects[row["project"]]["country"]
        own = [r for r in self._register.parts[row["project"]] if r["process"] == process and process]
        for other in own:
            name = self._node_id(other)
            if name in self.nodes:
                planned = self.nodes[name].planned_per_year or float(other["capacity_t_per_year"])
                return {"host": name, "host_ratio": float(row["capacity_t_per_year"]) / planned}
        running = [n for n in self._network.nodes.values() if (n.process, n.country) == (process, country)]
        largest = max(running, key=lambda n: n.planned_per_year, default=None)
        if not process or largest is None or largest.planned_per_year <= 0:
            return {}
        ratio = float(row["capacity_t_per_year"]) / largest.planned_per_year
        return {"host": largest.id, "host_ratio": ratio}

    def _arcs(self, orders: OrderBook, new: list[Row]) -> Iterator[Arc]:
        """Yield latent arcs from every new part to every user, and to it from its feed or every producer."""
        waits = {self._node_id(row): float(row["qualification_days"]) for row in new}
        for supplier, customer, material in orders.links():
            start, end = self.nodes[supplier], self.nodes[customer]
            route = self._trader.routes.find(start.country, end.country, self._structure.freight[material])
            wait = waits.get(supplier)
            if wait is None:
                wait = self._book.value(start.process, "qualification_days", start.country, default=0.0)
            yield Arc(
                supplier,
                customer,
                material,
                0.0,
                route.lead_time_days,
                route=route.chokepoints,
                qualification_days=wait,
            )

    # -- parts -----------------------------------------------------------------------------------------------

    def _part(self, row: Row) -> Part:
        """Return what is announced of one part."""
        project = self._register.projects[row["project"]]
        status = self._register.status(row)
        odds = self._register.odds(row["project"], status)
        node = self._network.nodes.get(self._node_id(row))
        start = day_of(row["start_date"])
        return Part(
            node=self._node_id(row),
            project=row["project"],
            name=project["name"],
            country=project["country"],
            status=status,
            success=odds.success,
            start=start.isoformat() if start is not None else "",
            slip_days=odds.slip_days,
            spread=odds.spread,
            capacity_per_year=float(row["capacity_t_per_year"]),
            base_capacity_per_year=node.capacity_per_year if node is not None else 0.0,
            base_planned_per_year=node.planned_per_year if node is not None else 0.0,
            curve=self._ramps[row["ramp"]],
            qualification_days=float(row["qualification_days"]),
            in_list=bool(project["in_list"]),
            retires=self._retired(row),
        )

    def _retired(self, row: Row) -> str:
        """Return the running node of the same process that gives way to a part."""
        name = f"{row['process']}.{self._register.projects[row['project']]['country']}.{row['retires']}"
        return name if row["retires"] and name in self._network.nodes else ""

    def _placed(self, part: Part, orders: OrderBook) -> Part:
        """Place the output of a part that comes or grows; return it with the share that finds customers."""
        if not part.start:
            return part
        grown = part.capacity_per_year - part.base_planned_per_year
        share = orders.place(part.node, grown) if grown > 0 else 0.0
        if grown > 0 and share < PLACED:
            self.notes.append(f"{part.node}: customers for {share:.0%} of its output of {grown:,.0f} a year")
        if part.retires:
            orders.retire(part.node, part.retires)
        return replace(part, placed_share=share)

    def _redirects(self, orders: OrderBook) -> Iterator[Redirect]:
        """Yield the redirects whose plant and customers the network has, and write their entries."""
        for row in (row for rows in self._register.redirects.values() for row in rows):
            country = self._register.projects[row["project"]]["country"]
            node = f"{row['process']}.{country}.{row['facility']}"
            if node not in self._network.nodes:
                continue
            to, away = (self._codes(row[name]) for name in ("customers", "taken_from"))
            tonnes, share = (float(row[name]) for name in ("t_per_year", "share"))
            if not orders.redirect(row["redirect"], node, row["material"], to, away, (tonnes, share)):
                where = ", ".join(row["customers"])
                self.notes.append(f"redirect '{row['redirect']}' changes nothing: no room for it in {where}")
                continue
            start = day_of(row["from_date"])
            amount = f"{share:.0%}" if math.isnan(tonnes) else f"{tonnes:,.0f} t/yr"
            odds = self._register.odds(row["project"], row["status"])
            yield Redirect(
                name=row["redirect"],
                project=row["project"],
                status=row["status"],
                success=odds.success,
                start=start.isoformat() if start is not None else "",
                label=f"{amount} of {row['material']} to {', '.join(row['customers'])}",
            )

    def _codes(self, names: tuple[str, ...]) -> frozenset[str]:
        """Return the countries that a list of countries and regions stands for."""
        found = {code for name in names for code in self._structure.countries_of(name)}
        return frozenset(found | {m for name in names for m in self._network.groups.get(name, ())})
