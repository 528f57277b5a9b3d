"""A network as plain arrays for settling it, and the search for cycles of arcs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from sim.errors import Faults, NetworkError, suggestion
from sim.model.network import Arc, Network, Node
from sim.vocab import BoolArray, FloatArray, IntArray

Place = tuple[str, ...]


@dataclass(slots=True)
class Notes:
    """Faults and warnings of one settling, and where in the user's files things stand."""

    places: dict[Place, str] = field(default_factory=dict)
    faults: Faults = field(default_factory=lambda: Faults(NetworkError))
    warnings: list[str] = field(default_factory=list)

    def at(self, *place: str) -> str:
        """Return the prefix of a message about one thing; empty when its place is not known."""
        return self.places.get(place, "")


@dataclass(slots=True)
class Graph:
    """Nodes, slots, ports and arcs of a network as integers.

    Attributes
    ----------
    nodes, arcs
        In the order of the arrays.
    slots, ports : list of (str, str)
        (node, material) of each.
    node_index : dict of str to int
    demand : FloatArray
        Demand of end-use nodes, 0 elsewhere, units/year.
    slot_node, port_node, arc_slot, arc_port : IntArray
        Node of each slot and port; slot and port of each arc.
    per_unit, essential : FloatArray
        t/unit and essential fraction of each slot.
    output_per_unit : FloatArray
        t/unit of each port.
    drives, disposable : BoolArray
        Marks of each port.
    declared : FloatArray
        Flow of each arc in the tables, t/year.
    weight : FloatArray
        Proportions inside the slots; they start as `declared`.
    """

    nodes: list[Node]
    arcs: Sequence[Arc]
    slots: list[tuple[str, str]]
    ports: list[tuple[str, str]]
    node_index: dict[str, int]
    demand: FloatArray
    slot_node: IntArray
    per_unit: FloatArray
    essential: FloatArray
    port_node: IntArray
    output_per_unit: FloatArray
    drives: BoolArray
    disposable: BoolArray
    arc_slot: IntArray
    arc_port: IntArray
    declared: FloatArray
    weight: FloatArray

    @classmethod
    def of(cls, network: Network, notes: Notes) -> Graph:
        """Index a network; arcs that fit no port or slot, and numbers that are none, become faults."""
        nodes = list(network.nodes.values())
        index = {node.id: number for number, node in enumerate(nodes)}
        slots = [(node.id, entry.material) for node in nodes for entry in node.inputs]
        ports = [(node.id, entry.material) for node in nodes for entry in node.outputs]
        inputs = [entry for node in nodes for entry in node.inputs]
        outputs = [entry for node in nodes for entry in node.outputs]
        arc_slot, arc_port = _ends(network.arcs, slots, ports, notes)
        declared = _floats(arc.flow_t_per_year for arc in network.arcs)
        graph = cls(
            nodes=nodes,
            arcs=network.arcs,
            slots=slots,
            ports=ports,
            node_index=index,
            demand=_floats(node.planned_per_year if node.is_end_use else 0.0 for node in nodes),
            slot_node=np.array([index[name] for name, _ in slots], dtype=np.int64),
            per_unit=_floats(entry.input_per_unit for entry in inputs),
            essential=_floats(entry.essential for entry in inputs),
            port_node=np.array([index[name] for name, _ in ports], dtype=np.int64),
            output_per_unit=_floats(entry.output_per_unit for entry in outputs),
            drives=np.array([entry.drives for entry in outputs], dtype=np.bool_),
            disposable=np.array([entry.disposable for entry in outputs], dtype=np.bool_),
            arc_slot=arc_slot,
            arc_port=arc_port,
            declared=declared,
            weight=declared.copy(),
        )
        graph._check_numbers(notes)
        _check_names(network, notes)
        return graph

    def _check_numbers(self, notes: Notes) -> None:
        """Add a fault for every number that is negative, not finite or, where it divides, zero."""
        for number in _unsound(self.declared):
            arc = self.arcs[number]
            value = f"flow_t_per_year = '{self.declared[number]:g}'"
            notes.faults.add(f"{notes.at('arc', *arc.key)}{arc_text(arc)}: {value} must be finite and >= 0")
        for number in _unsound(self.demand):
            name = self.nodes[number].id
            value = f"demand_per_year = '{self.demand[number]:g}'"
            notes.faults.add(f"{notes.at('node', name)}'{name}': {value} must be finite and >= 0")
        for number in _unsound(self.per_unit):
            name, material = self.slots[number]
            value = f"input_per_unit = '{self.per_unit[number]:g}'"
            place = notes.at("input", name, material)
            notes.faults.add(f"{place}'{name}', input {material}: {value} must be finite and >= 0")
        positive = np.isfinite(self.output_per_unit) & (self.output_per_unit > 0)
        for number in np.flatnonzero(~positive):
            name, material = self.ports[number]
            value = f"output_per_unit = '{self.output_per_unit[number]:g}'"
            place = notes.at("output", name, material)
            notes.faults.add(f"{place}'{name}', output {material}: {value} must be finite and > 0")

    def inflow(self, flow: FloatArray) -> FloatArray:
        """Return the sum of arc flows into each slot, t/year."""
        return np.bincount(self.arc_slot, flow, minlength=len(self.slots)).astype(np.float64, copy=False)

    def outflow(self, flow: FloatArray) -> FloatArray:
        """Return the sum of arc flows out of each port, t/year."""
        return np.bincount(self.arc_port, flow, minlength=len(self.ports)).astype(np.float64, copy=False)

    def use(self, planned: FloatArray) -> FloatArray:
        """Return the use of each slot at the activities `planned`, t/year."""
        return self.per_unit * planned[self.slot_node]

    def flows(self, planned: FloatArray) -> FloatArray:
        """Return arc flows that match the use of every slot with inflow, t/year."""
        total = self.inflow(self.weight)
        factor = np.divide(self.use(planned), total, out=np.zeros(len(total)), where=total > 0)
        return self.weight * factor[self.arc_slot]

    def activities(self, flow: FloatArray) -> FloatArray:
        """Return the activity that the driving outputs of each node call for; end use: its demand."""
        called = np.where(self.drives, self.outflow(flow) / self.output_per_unit, 0.0)
        planned = self.demand.copy()
        np.maximum.at(planned, self.port_node, called)
        return planned


def _check_names(network: Network, notes: Notes) -> None:
    """Add a fault for every host, scrap source and material that the network does not have."""
    for node in network.nodes.values():
        if node.host and node.host not in network.nodes:
            hint = suggestion(node.host, network.nodes)
            notes.faults.add(
                f"{notes.at('node', node.id)}'{node.id}': host = '{node.host}' is not a node{hint}"
            )
        for material in (*(i.material for i in node.inputs), *(o.material for o in node.outputs)):
            if material not in network.materials:
                hint = suggestion(material, network.materials)
                notes.faults.add(
                    f"{notes.at('node', node.id)}'{node.id}': '{material}' is not a material{hint}"
                )
    for source in network.scrap:
        place = notes.at("scrap", source.node, source.scrap_of, source.material)
        for name in (source.node, source.scrap_of):
            if name not in network.nodes:
                notes.faults.add(
                    f"{place}scrap source: '{name}' is not a node{suggestion(name, network.nodes)}"
                )
        if source.material not in network.materials:
            hint = suggestion(source.material, network.materials)
            notes.faults.add(f"{place}scrap source: '{source.material}' is not a material{hint}")


def arc_text(arc: Arc) -> str:
    """Return how messages name an arc."""
    return f"arc '{arc.supplier}' -> '{arc.customer}' of {arc.material}"


def refuse_cycles(arcs: Iterable[Arc], notes: Notes) -> None:
    """Add a fault that prints one cycle, if `arcs` form any."""
    first_arc: dict[tuple[str, str], Arc] = {}
    for arc in arcs:
        first_arc.setdefault((arc.supplier, arc.customer), arc)
    cycle = find_cycle(list(first_arc))
    if cycle is not None:
        place = notes.at("arc", *first_arc[cycle[0], cycle[1]].key)
        path = " -> ".join(cycle)
        notes.faults.add(f"{place}arcs form a cycle: {path}; only recycling may close a circle")


def find_cycle(edges: Sequence[tuple[str, str]]) -> list[str] | None:
    """Return the nodes of one directed cycle, the first again at the end, or None.

    Strongly connected components answer the usual "none" at array speed; only the nodes of one such
    component are then searched.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    for tail, head in edges:
        if tail == head:
            return [tail, tail]
    names = list(dict.fromkeys(name for edge in edges for name in edge))
    if not names:
        return None
    index = {name: number for number, name in enumerate(names)}
    rows = np.array([index[tail] for tail, _ in edges])
    columns = np.array([index[head] for _, head in edges])
    matrix = coo_array((np.ones(len(edges)), (rows, columns)), shape=(len(names), len(names)))
    count, label = connected_components(matrix.tocsr(), directed=True, connection="strong")
    if count == len(names):
        return None
    largest = int(np.argmax(np.bincount(label)))
    inside = [edge for edge in edges if label[index[edge[0]]] == label[index[edge[1]]] == largest]
    return _walk_cycle(inside)


def _walk_cycle(edges: Sequence[tuple[str, str]]) -> list[str]:
    """Return a cycle of a strongly connected graph: walk on until a node comes again."""
    following = dict(reversed(edges))
    node = edges[0][0]
    seen: dict[str, int] = {}
    path: list[str] = []
    while node not in seen:
        seen[node] = len(path)
        path.append(node)
        node = following[node]
    return [*path[seen[node] :], node]


def _floats(values: Iterable[float]) -> FloatArray:
    """Return an array of 64-bit floats."""
    return np.array(list(values), dtype=np.float64)


def _unsound(values: FloatArray) -> IntArray:
    """Return where values are negative or not finite."""
    return np.flatnonzero(~(np.isfinite(values) & (values >= 0)))


def _ends(
    arcs: Sequence[Arc], slots: list[tuple[str, str]], ports: list[tuple[str, str]], notes: Notes
) -> tuple[IntArray, IntArray]:
    """Return the slot and the port of each arc; where there is none, -1 and a fault."""
    slot_index = {key: number for number, key in enumerate(slots)}
    port_index = {key: number for number, key in enumerate(ports)}
    arc_slot = np.array([slot_index.get((arc.customer, arc.material), -1) for arc in arcs], dtype=np.int64)
    arc_port = np.array([port_index.get((arc.supplier, arc.material), -1) for arc in arcs], dtype=np.int64)
    for number in np.flatnonzero(arc_slot < 0).tolist():
        arc = arcs[number]
        notes.faults.add(f"{notes.at('arc', *arc.key)}{arc_text(arc)}: '{arc.customer}' has no slot for it")
    for number in np.flatnonzero(arc_port < 0).tolist():
        arc = arcs[number]
        notes.faults.add(f"{notes.at('arc', *arc.key)}{arc_text(arc)}: '{arc.supplier}' does not make it")
    return arc_slot, arc_port
