"""Rules between the rows of a user's network; what single cells may hold is declared with the columns.

One function a rule. Rows that have a fault already are left out, so that one mistake gives one message.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise

from sim.data.csv_table import shown
from sim.errors import Faults, suggestion
from sim.model.folder_parts import STOCKPILE_STAGE
from sim.model.folder_tables import FolderTables, Row
from sim.model.network import Network
from sim.model.settle_graph import find_cycle
from sim.vocab import Stage

SCRAP_STAGES = (Stage.END_USE, Stage.PROCESSING, Stage.REFINING)
UNSPECIFIC_BASES = ("", "gross", "t")  # say nothing about the substance, so masses cannot be compared
SHARE_ROUNDING = 1e-9


@dataclass(slots=True)
class View:
    """What exists when base and folder are put together, as far as rules need it.

    Attributes
    ----------
    tables : FolderTables
    base : Network or None
    faults : Faults
    stages : dict of str to str
        By node; ``stockpile`` for a row that only names one.
    slots, ports : dict of str to dict of str to None
        Materials that a node takes in and makes (ordered sets).
    basis : dict of str to str
        By material.
    """

    tables: FolderTables
    base: Network | None
    faults: Faults
    stages: dict[str, str] = field(default_factory=dict)
    slots: dict[str, dict[str, None]] = field(default_factory=dict)
    ports: dict[str, dict[str, None]] = field(default_factory=dict)
    basis: dict[str, str] = field(default_factory=dict)
    faulty: frozenset[str] = frozenset()

    @classmethod
    def of(cls, tables: FolderTables, base: Network | None, faults: Faults) -> View:
        """Put base and folder together."""
        view = cls(tables, base, faults)
        view.faulty = frozenset(message.partition(": ")[0] for message in faults.messages)
        if base is not None:
            view._add_base(base)
        for row in tables.rows["materials"]:
            if "basis" in row.given or row.text("material") not in view.basis:
                view.basis[row.text("material")] = row.text("basis")
        for row in tables.rows["nodes"]:
            name, product = row.text("node"), row.text("output_material")
            view.stages[name] = row.text("stage")
            if product and row.text("stage") not in (Stage.END_USE, STOCKPILE_STAGE):
                view.ports[name] = {product: None}
        for row in tables.rows["recipes"]:
            view.slots.setdefault(row.text("node"), {})[row.text("input_material")] = None
        for row in tables.rows["outputs"]:
            view.ports.setdefault(row.text("node"), {})[row.text("output_material")] = None
        return view

    def _add_base(self, base: Network) -> None:
        """Add what an overlay rests on."""
        self.basis.update((material.id, material.basis) for material in base.materials.values())
        for node in base.nodes.values():
            self.stages[node.id] = str(node.stage)
            self.slots[node.id] = dict.fromkeys(entry.material for entry in node.inputs)
            self.ports[node.id] = dict.fromkeys(entry.material for entry in node.outputs)

    def sound(self, table: str) -> Iterator[Row]:
        """Yield the rows of a table that have no fault yet and name nodes and materials that exist."""
        for row in self.tables.rows[table]:
            if row.place not in self.faulty:
                yield row

    def is_new(self, name: str) -> bool:
        """Whether a node is not in the base."""
        return self.base is None or name not in self.base.nodes


def check_rules(tables: FolderTables, base: Network | None, faults: Faults) -> None:
    """Add a fault for every row that contradicts another or makes no sense in its place.

    Parameters
    ----------
    tables : FolderTables
        As read; names are checked already.
    base : Network or None
        What an overlay rests on.
    faults : Faults
        Collector; it may hold faults of single cells.
    """
    if tables.unreadable:
        return
    view = View.of(tables, base, faults)
    rules: tuple[Callable[[View], None], ...] = (
        _materials,
        _basis_of_base,
        _end_uses,
        _producers,
        _recyclers,
        _stockpile_nodes,
        _hosts,
        _outputs,
        _drivers,
        _recipes,
        _arcs,
        _stockpiles,
        _scrap,
        _scrap_shares,
        _recipe_cycle,
    )
    for rule in rules:
        rule(view)


def _materials(view: View) -> None:
    """Check that a material is named commodity/form and its parts do not contradict the name."""
    for row in view.sound("materials"):
        commodity, slash, form = row.text("material").partition("/")
        if not (slash and commodity and form) and not (row.text("commodity") and row.text("form")):
            view.faults.add(f"{row.says('material')} must be written commodity/form, such as gallium/metal")
        elif slash:
            for column, part in (("commodity", commodity), ("form", form)):
                if row.text(column) not in ("", part):
                    view.faults.add(f"{row.says(column)} but the material's name says '{part}'")


def _basis_of_base(view: View) -> None:
    """Check that a material of the base keeps its basis: flows on two bases cannot be added."""
    for row in view.sound("materials"):
        name = row.text("material")
        known = view.base.materials.get(name) if view.base is not None else None
        if known is not None and "basis" in row.given and row.text("basis") != known.basis:
            view.faults.add(
                f"{row.says('basis')} but the base network has {name} in '{known.basis}';"
                f" convert the amounts, or name another material"
            )


def _end_uses(view: View) -> None:
    """Check that an end use has a demand, and that what only an end use has stands nowhere else."""
    for row in view.sound("nodes"):
        is_end_use = row.text("stage") == Stage.END_USE
        if is_end_use and "demand_per_year" not in row.given and view.is_new(row.text("node")):
            view.faults.add(f"{row.place}: demand_per_year is blank; an end_use node needs it (0 is allowed)")
        for column in ("demand_per_year", "growth_per_year", "deferred_fraction"):
            if not is_end_use and row.number(column, 0.0) != 0.0:
                view.faults.add(
                    f"{row.says(column)} but stage = '{row.text('stage')}'; only an end_use node has it"
                )


def _producers(view: View) -> None:
    """Check that a producer makes a material that exists."""
    listed = view.tables.by_node("outputs")
    for row in view.sound("nodes"):
        name, product = row.text("node"), row.text("output_material")
        if row.text("stage") in (Stage.END_USE, STOCKPILE_STAGE):
            continue
        if product and product not in view.basis:
            view.faults.add(
                f"{row.says('output_material')} is not in materials.material{suggestion(product, view.basis)}"
            )
        elif product and name in listed and product not in {r.text("output_material") for r in listed[name]}:
            view.faults.add(
                f"{row.says('output_material')} but outputs.csv lists the products of '{name}' without it;"
                f" list it there too, or leave this cell blank"
            )
        elif not view.ports.get(name):
            view.faults.add(
                f"{row.place}: output_material is blank and outputs.csv has no row of '{name}';"
                f" a {row.text('stage')} node must make something"
            )


def _recyclers(view: View) -> None:
    """Check that a recycling node has a source of scrap."""
    fed = {row.text("node") for row in view.tables.rows["recycling"]}
    fed.update(source.node for source in (view.base.scrap if view.base is not None else ()))
    for row in view.sound("nodes"):
        if row.text("stage") == Stage.RECYCLING and row.text("node") not in fed:
            view.faults.add(f"{row.says('node')} has stage = 'recycling' but recycling.csv has no row of it")


def _stockpile_nodes(view: View) -> None:
    """Check that a row of stage stockpile only repeats a stockpile of stockpiles.csv."""
    countries = {row.text("stockpile"): row.text("country") for row in view.tables.rows["stockpiles"]}
    for row in view.sound("nodes"):
        name = row.text("node")
        if row.text("stage") != STOCKPILE_STAGE:
            continue
        if name not in countries:
            view.faults.add(
                f"{row.says('node')} has stage = 'stockpile' but stockpiles.csv has no such stockpile"
                f"{suggestion(name, countries)}"
            )
        elif countries[name] != row.text("country"):
            view.faults.add(f"{row.says('country')} but stockpiles.csv says '{countries[name]}'")


def _hosts(view: View) -> None:
    """Check that a by-product has a producer as host, and a ratio, and that hosts form no circle."""
    edges = []
    for row in view.sound("nodes"):
        name, host = row.text("node"), row.text("host")
        if not host:
            if "host_ratio" in row.given and view.is_new(name):
                view.faults.add(f"{row.says('host_ratio')} but host is blank")
            continue
        edges.append((host, name))
        if view.stages.get(host) in (Stage.END_USE, STOCKPILE_STAGE):
            view.faults.add(
                f"{row.says('host')} has stage = '{view.stages[host]}'; a host must be a producer"
            )
        if "host_ratio" not in row.given and view.is_new(name):
            view.faults.add(f"{row.place}: host_ratio is blank; '{name}' has host = '{host}'")
    cycle = find_cycle(edges)
    if cycle is not None:
        place = next(row.place for row in view.tables.rows["nodes"] if row.text("node") == cycle[0])
        view.faults.add(f"{place}: hosts form a cycle: {' -> '.join(cycle)}")


def _outputs(view: View) -> None:
    """Check that only a producer has joint products."""
    for row in view.sound("outputs"):
        stage = view.stages.get(row.text("node"), "")
        if stage in (Stage.END_USE, STOCKPILE_STAGE):
            view.faults.add(f"{row.says('node')} has stage = '{stage}'; only a producer has outputs")


def _drivers(view: View) -> None:
    """Check that something drives every producer, and that prices tell what where it is blank."""
    prices = _prices(view)
    for name, rows in view.tables.by_node("outputs").items():
        stated = [row.cells["drives"] for row in rows]
        if any(stated) or _base_driver(view, name, rows) or any(row.place in view.faulty for row in rows):
            continue
        blank = [row for row, drives in zip(rows, stated, strict=True) if drives is None]
        if not blank:
            view.faults.add(
                f"{rows[0].place}: drives = 'false' for every output of '{name}'; at least one must drive it"
            )
        unpriced = [r for r in blank if math.isnan(prices.get(r.text("output_material"), math.nan))]
        if len(blank) > 1 and unpriced:
            view.faults.add(
                f"{unpriced[0].place}: drives is blank and {unpriced[0].text('output_material')} has no"
                f" price_usd_per_t, so the product of largest value is unknown; write drives = true for one"
            )


def _prices(view: View) -> dict[str, float]:
    """Return the prices of base and folder by material, USD/t; nan where there is none."""
    prices = {m.id: m.price_usd_per_t for m in view.base.materials.values()} if view.base is not None else {}
    for row in view.tables.rows["materials"]:
        name = row.text("material")
        prices[name] = row.number("price_usd_per_t", prices.get(name, math.nan))
    return prices


def _base_driver(view: View, name: str, rows: Iterable[Row]) -> bool:
    """Whether an output of the base that the folder does not list drives a node."""
    if view.base is None or name not in view.base.nodes:
        return False
    listed = {row.text("output_material") for row in rows}
    return any(o.drives and o.material not in listed for o in view.base.nodes[name].outputs)


def _recipes(view: View) -> None:
    """Check that a recycling node has no input but scrap."""
    for row in view.sound("recipes"):
        stage = view.stages.get(row.text("node"), "")
        if stage in (Stage.RECYCLING, STOCKPILE_STAGE):
            view.faults.add(
                f"{row.says('node')} has stage = '{stage}', which has no recipe;"
                f" scrap stands in recycling.csv, and a node that buys inputs is refining or processing"
            )


def _arcs(view: View) -> None:
    """Check that an arc runs from a port to a slot of its material, within its capacity."""
    for row in view.sound("arcs"):
        supplier, customer, material = (row.text(name) for name in ("supplier", "customer", "material"))
        ports, slots = view.ports.get(supplier, {}), view.slots.get(customer, {})
        for column, name in (("supplier", supplier), ("customer", customer)):
            if view.stages.get(name) == STOCKPILE_STAGE:
                view.faults.add(
                    f"{row.says(column)} is a stockpile; members_of in nodes.csv says whom it serves"
                )
        if view.stages.get(supplier) == Stage.END_USE:
            view.faults.add(f"{row.says('supplier')} has stage = 'end_use', which ships nothing")
        elif material not in ports:
            hint = _listed("outputs", material, ports)
            view.faults.add(f"{row.says('material')} is not made by supplier '{supplier}'{hint}")
        if material not in slots:
            hint = _listed("inputs", material, slots)
            view.faults.add(f"{row.says('material')} is not used by customer '{customer}'{hint}")
        if row.number("flow_t_per_year", 0.0) > row.number("capacity_t_per_year", math.inf):
            limit = shown(row.cells["capacity_t_per_year"])
            view.faults.add(f"{row.says('flow_t_per_year')} is above capacity_t_per_year = {limit}")


def _listed(kind: str, name: str, found: Mapping[str, None]) -> str:
    """Return the nearest of the names found, or all of them, for a message."""
    if not found:
        return f"; it has no {kind}"
    return suggestion(name, found)


def _stockpiles(view: View) -> None:
    """Check that all rows of one stockpile lie in one country, and that what a budget buys has a price."""
    first: dict[str, Row] = {}
    prices = _prices(view)
    for row in view.sound("stockpiles"):
        if "budget_usd" in row.given and math.isnan(prices.get(row.text("material"), math.nan)):
            view.faults.add(f"{row.says('budget_usd')} but {row.text('material')} has no price_usd_per_t")
        before = first.setdefault(row.text("stockpile"), row)
        if before.text("country") != row.text("country"):
            view.faults.add(
                f"{row.says('country')} but {before.place} puts stockpile '{row.text('stockpile')}'"
                f" in '{before.text('country')}'"
            )


def _scrap(view: View) -> None:
    """Check that scrap goes from a user or processor of the material to a recycling node."""
    for row in view.sound("recycling"):
        stage, source = view.stages.get(row.text("node")), row.text("scrap_of")
        if stage != Stage.RECYCLING:
            view.faults.add(f"{row.says('node')} has stage = '{stage}'; it must be 'recycling'")
        if view.stages.get(source) not in SCRAP_STAGES:
            view.faults.add(
                f"{row.says('scrap_of')} has stage = '{view.stages.get(source)}';"
                f" allowed: {', '.join(SCRAP_STAGES)}"
            )
        elif row.text("material") not in view.slots.get(source, {}):
            hint = _listed("inputs", row.text("material"), view.slots.get(source, {}))
            view.faults.add(f"{row.says('material')} is not used by scrap_of = '{source}'{hint}")
        for product in view.ports.get(row.text("node"), {}):
            _warn_of_basis(view, row, product)


def _warn_of_basis(view: View, row: Row, product: str) -> None:
    """Scrap becomes product tonne for tonne; say so where their bases differ."""
    old, new = view.basis.get(row.text("material"), ""), view.basis.get(product, "")
    if old != new and not {old, new} & set(UNSPECIFIC_BASES):
        view.tables.warnings.append(
            f"{row.place}: {row.text('material')} is in '{old}' but {product} in '{new}';"
            f" recovery must hold the conversion"
        )


def _scrap_shares(view: View) -> None:
    """Check that the same scrap is not collected twice."""
    total: dict[tuple[str, str], float] = {}
    given = {(r.text("node"), r.text("scrap_of"), r.text("material")) for r in view.tables.rows["recycling"]}
    for source in view.base.scrap if view.base is not None else ():
        if (source.node, source.scrap_of, source.material) not in given:
            key = (source.scrap_of, source.material)
            total[key] = total.get(key, 0.0) + source.collection
    for row in view.sound("recycling"):
        key = (row.text("scrap_of"), row.text("material"))
        total[key] = total.get(key, 0.0) + row.number("collection", 1.0)
        if total[key] > 1.0 + SHARE_ROUNDING:
            view.faults.add(
                f"{row.says('collection')} brings the collected share of {key[1]} from '{key[0]}' to"
                f" {total[key]:.6g}; all rows together may reach 1"
            )


def _recipe_cycle(view: View) -> None:
    """Check that recipes lead from material to material without a circle; scrap may close one."""
    maker: dict[tuple[str, str], str] = {}
    for name, ports in view.ports.items():
        if view.stages.get(name) == Stage.RECYCLING:
            continue
        for taken in view.slots.get(name, {}):
            for made in ports:
                maker.setdefault((taken, made), name)
    cycle = find_cycle(list(maker))
    if cycle is None:
        return
    makers = [maker[pair] for pair in pairwise(cycle)]
    steps = [f"{made} (by '{name}')" for made, name in zip(cycle[1:], makers, strict=True)]
    row = next((row for row in view.tables.rows["recipes"] if row.text("node") in makers), None)
    if row is not None:  # a circle of the base alone is not this folder's fault
        path = " -> ".join([cycle[0], *steps])
        view.faults.add(f"{row.place}: recipes form a cycle: {path}; only recycling may close a circle")
