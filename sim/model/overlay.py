"""Adds a user's tables to a network that exists, without counting anything twice.

A new node of the same stage, product (end use: sector) and place as an aggregate node of the base is part of
what that aggregate stands for, and is carved out of it:

- every listed flow of the new node is taken from the aggregate's flow with the same partner;
- an end use takes its share of the aggregate's demand: the largest share it has in the use of one material;
- capacity is taken from the aggregate's capacity;
- what the folder does not say of the new node - inputs of a producer, suppliers of an input, collection of
  its scrap - is as the aggregate has it.

The place is the new node's country; else a region of the base that holds this country; else ``ROW``.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from sim.data.provenance import tables_hash
from sim.errors import Faults, NetworkError
from sim.model.folder_parts import STOCKPILE_STAGE, arcs_of, materials_of, nodes_of, scrap_of, stockpiles_of
from sim.model.folder_rules import check_rules
from sim.model.folder_tables import FolderTables, check_names, read_folder_tables
from sim.model.latent import latent_arcs
from sim.model.network import Arc, Input, Network, Node, ScrapSource
from sim.model.places import places_of
from sim.model.settle import settle

REST_OF_WORLD = "ROW"
ArcKey = tuple[str, str, str]


def overlay_network(base: Network, path: str | Path, *, latent: Literal["none", "auto"] = "none") -> Network:
    """Return `base` with the tables of a folder laid over it, settled again.

    Parameters
    ----------
    base : Network
        Usually the shipped world.
    path : str or Path
        Folder with any of the tables of a network. A row whose name the base has changes what its cells
        give, and only that; other rows add. Arcs may join new nodes and nodes of the base.
    latent : {'none', 'auto'}
        ``auto`` adds latent arcs between the new nodes and every producer and user of their materials.

    Returns
    -------
    Network
        Its report tells, node by node, what was carved out of which aggregate.

    Raises
    ------
    NetworkError
        Once, with every fault of the folder; then those of the flows (`settle`).
    """
    folder = Path(path)
    faults = Faults(NetworkError)
    tables = read_folder_tables(folder, faults, required=())
    if not tables.unreadable and not any(tables.rows.values()):
        faults.add(
            f"{tables.label}: no table of a network with a row; one of {', '.join(tables.rows)} is needed"
        )
    known = {
        ("nodes", "node"): list(base.nodes),
        ("materials", "material"): list(base.materials),
        ("stockpiles", "stockpile"): [pile.id for pile in base.stockpiles],
    }
    check_names(tables, known, faults)
    check_rules(tables, base, faults)
    faults.raise_if_any()
    materials = materials_of(tables, base)
    overlay = _Overlay(
        base=base,
        nodes=nodes_of(tables, materials, base),
        arcs=arcs_of(tables, base),
        scrap={(s.node, s.scrap_of, s.material): s for s in scrap_of(tables, base)},
    )
    overlay.carve(tables)
    if latent == "auto":
        new = [name for name in overlay.nodes if name not in base.nodes]
        overlay.arcs.update(
            (a.key, a) for a in latent_arcs(overlay.nodes, overlay.arcs.values(), touching=new)
        )
    digest = hashlib.sha256(f"{base.tables_hash}\n{tables_hash(folder)}".encode()).hexdigest()
    joined = replace(
        base,
        name=f"{base.name}+{tables.label}",
        materials=materials,
        nodes=overlay.nodes,
        arcs=tuple(overlay.arcs.values()),
        stockpiles=stockpiles_of(tables, base),
        scrap=tuple(overlay.scrap.values()),
        tables_hash=digest,
        report=replace(base.report, warnings=(*base.report.warnings, *tables.warnings)),
    )
    return overlay.reduce_capacities(settle(joined, places=places_of(tables)))


@dataclass(slots=True)
class _Overlay:
    """Base and folder put together, on the way to being carved.

    Attributes
    ----------
    parent : dict of str to str
        Aggregate of the base that each new node is carved out of.
    place : dict of str to str
        Where the new node stands in the folder.
    """

    base: Network
    nodes: dict[str, Node]
    arcs: dict[ArcKey, Arc]
    scrap: dict[ArcKey, ScrapSource]
    parent: dict[str, str] = field(default_factory=dict)
    place: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def carve(self, tables: FolderTables) -> None:
        """Take every new node out of the aggregate that it belongs to, if there is one."""
        for row in tables.rows["nodes"]:
            name = row.text("node")
            if name in self.base.nodes or row.text("stage") == STOCKPILE_STAGE:
                continue
            aggregate = self._aggregate_of(self.nodes[name])
            if aggregate is not None:
                self.parent[name] = aggregate.id
                self.place[name] = row.place
        of_base = {arc.key for arc in self.base.arcs}
        listed = [key for key in self.arcs if key not in of_base]
        for name, parent in self.parent.items():
            self._inherit_inputs(self.nodes[name], self.nodes[parent])
        for key in listed:
            self._take_from_base(key)
        for name, parent in self.parent.items():
            self._inherit_suppliers(name, parent)
            self._inherit_scrap(name, parent)
        for name in self.parent:
            if self.nodes[name].is_end_use:
                self._take_demand(name)

    def _aggregate_of(self, node: Node) -> Node | None:
        """Return the aggregate of the base that stands for the node too, or None."""
        regions = [name for name, members in self.base.groups.items() if node.country in members]
        held = set(self.base.countries)
        for country in (node.country, *(r for r in regions if r in held), REST_OF_WORLD):
            for other in self.base.nodes.values():
                if other.aggregate and other.country == country and _same_product(node, other):
                    return other
        return None

    def _inherit_inputs(self, node: Node, parent: Node) -> None:
        """Give a producer without a recipe that of its aggregate; units of end uses differ, tonnes do not."""
        if not node.inputs and parent.inputs and not node.is_end_use:
            self.nodes[node.id] = replace(node, inputs=parent.inputs)
            self.notes.append(
                f"{self.place[node.id]}: recipes.csv has no row of '{node.id}'; it has that of '{parent.id}'"
            )

    def _take_from_base(self, key: ArcKey) -> None:
        """Take a listed flow of a carved node from the flow between the aggregates that stood for it."""
        supplier, customer, material = key
        old_key = (self.parent.get(supplier, supplier), self.parent.get(customer, customer), material)
        old = self.arcs.get(old_key)
        if old_key != key and old is not None:
            left_t = max(0.0, old.flow_t_per_year - self.arcs[key].flow_t_per_year)
            self.arcs[old_key] = replace(old, flow_t_per_year=left_t)

    def _inherit_suppliers(self, name: str, parent: str) -> None:
        """Give inputs without any listed arc the suppliers of the aggregate, in its proportions."""
        node = self.nodes[name]
        listed = {key[2] for key in self.arcs if key[1] == name}
        shared = {entry.material: entry for entry in self.base.nodes[parent].inputs}
        for entry in node.inputs:
            if entry.material in listed or entry.material not in shared:
                continue
            use_t = entry.input_per_unit * self._activity(node)
            arcs = [
                arc for arc in self.base.arcs if arc.customer == parent and arc.material == entry.material
            ]
            total_t = sum(arc.flow_t_per_year for arc in arcs)
            for arc in arcs:
                flow_t = use_t * arc.flow_t_per_year / total_t if total_t > 0 else 0.0
                key = (arc.supplier, name, arc.material)
                self.arcs[key] = replace(arc, customer=name, flow_t_per_year=flow_t)
                self._take_from_base(key)
            self.notes.append(
                f"{self.place[name]}: arcs.csv brings no {entry.material} to '{name}';"
                f" its suppliers are those of '{parent}'"
            )

    def _inherit_scrap(self, name: str, parent: str) -> None:
        """Have the scrap of a carved node collected as the aggregate's is, unless the folder says how."""
        takes = {entry.material for entry in self.nodes[name].inputs}
        said = {key[2] for key in self.scrap if key[1] == name}
        for source in self.base.scrap:
            if source.scrap_of == parent and source.material in takes - said:
                key = (source.node, name, source.material)
                self.scrap[key] = replace(source, scrap_of=name)

    def _activity(self, node: Node) -> float:
        """Return the activity that a node's listed arcs call for, units/year; end use: its demand."""
        if node.is_end_use:
            return node.planned_per_year
        shipped: dict[str, float] = {}
        for (supplier, _, material), arc in self.arcs.items():
            if supplier == node.id:
                shipped[material] = shipped.get(material, 0.0) + arc.flow_t_per_year
        calls = [shipped.get(o.material, 0.0) / o.output_per_unit for o in node.outputs if o.drives]
        return max(calls, default=0.0)

    def _take_demand(self, name: str) -> None:
        """Lower the demand and capacity of an end-use aggregate by the share that a new node has in it.

        The share is the largest that the node has in the use of a material. Of the others the node takes
        less, or nothing, so that what remains uses more of them per unit: no tonne is lost or counted twice.
        """
        node, parent = self.nodes[name], self.nodes[self.parent[name]]
        use = _use_by_material(node.inputs, node.planned_per_year)
        whole = _use_by_material(parent.inputs, parent.planned_per_year)
        shares = {
            material: use[material] / whole[material] for material in use if whole.get(material, 0.0) > 0
        }
        if not shares:
            return
        material, share = max(shares.items(), key=lambda item: item[1])
        if share >= 1.0:
            self._take_all(name, material, use, whole)
            return
        left = parent.planned_per_year * (1.0 - share)
        inputs = tuple(
            replace(i, input_per_unit=(whole[i.material] - use.get(i.material, 0.0)) / left)
            if i.material != material
            else i
            for i in parent.inputs
        )
        capacity = parent.capacity_per_year * (1.0 - share)
        self.nodes[parent.id] = replace(
            parent, planned_per_year=left, capacity_per_year=capacity, inputs=inputs
        )

    def _take_all(
        self, name: str, material: str, use: Mapping[str, float], whole: Mapping[str, float]
    ) -> None:
        """Leave an end-use aggregate with nothing, and say what the new node does not take over."""
        parent = self.nodes[self.parent[name]]
        self.nodes[parent.id] = replace(parent, planned_per_year=0.0, capacity_per_year=0.0)
        text = (
            f"{self.place[name]}: '{name}' uses {use[material]:.6g} t/year of {material}, '{parent.id}' had"
            f" {whole[material]:.6g} left and is left with nothing"
        )
        lost = [m for m in sorted(whole) if use.get(m, 0.0) < whole[m]]
        self.notes.append(text + (f"; less is used of {', '.join(lost)}" if lost else ""))

    def reduce_capacities(self, network: Network) -> Network:
        """Lower the capacity of producing aggregates by what was carved out, and report every carving.

        It comes after settling, because an aggregate keeps at least the capacity that it needs.
        """
        nodes = dict(network.nodes)
        for name, parent in self.parent.items():
            node, aggregate = nodes[name], nodes[parent]
            if not node.is_end_use and math.isfinite(aggregate.capacity_per_year):
                has = node.capacity_per_year
                taken = has if math.isfinite(has) else node.planned_per_year
                kept = max(aggregate.capacity_per_year - taken, aggregate.planned_per_year)
                nodes[parent] = replace(aggregate, capacity_per_year=kept)
            self._report(name, nodes)
        warnings = (*network.report.warnings, *dict.fromkeys(self.notes))
        return replace(network, nodes=nodes, report=replace(network.report, warnings=warnings))

    def _report(self, name: str, nodes: Mapping[str, Node]) -> None:
        """Say what a new node took from its aggregate."""
        old, new = self.base.nodes[self.parent[name]], nodes[self.parent[name]]
        activity = nodes[name].planned_per_year
        self.notes.append(
            f"{self.place[name]}: '{name}' (base activity {activity:.6g} per year) is carved out of"
            f" '{old.id}': base activity {old.planned_per_year:.6g} -> {new.planned_per_year:.6g},"
            f" capacity {old.capacity_per_year:.6g} -> {new.capacity_per_year:.6g} per year"
        )


def _same_product(node: Node, other: Node) -> bool:
    """Whether two nodes are of one stage and share a product (end use: the sector)."""
    if node.stage is not other.stage:
        return False
    if node.is_end_use:
        return node.sector != "" and node.sector == other.sector
    return bool({o.material for o in node.outputs} & {o.material for o in other.outputs})


def _use_by_material(inputs: tuple[Input, ...], activity: float) -> dict[str, float]:
    """Return the use of each input at an activity, t/year."""
    return {entry.material: entry.input_per_unit * activity for entry in inputs}
