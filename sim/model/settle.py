"""Makes the start of a network steady: activities and flows that follow from what end users want.

Given are the demand of every end use and, inside every slot, the proportions of its suppliers (the declared
base flows). Everything else follows upstream, without a free choice:

    use of a slot       = input_per_unit x planned activity of its node
    flow of an arc      = use of its slot x its share of the slot's declared inflow
    planned activity    = max over driving outputs of (outflow of the port / output_per_unit)

Only scrap closes circles, and scrap is no arc, so the arcs alone form a graph without cycles: repeating the
three lines until nothing changes takes as many rounds as the longest chain has stages, and ends exactly.
Afterwards every recycling node is held against the scrap that arises in the same steady state.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from sim.errors import NetworkError
from sim.model.network import Network, Node, ScrapSource
from sim.model.settle_graph import Graph, Notes, Place, refuse_cycles
from sim.vocab import FloatArray, Stage

REPORTED_DEVIATION = 0.01  # declared flows farther from the settled ones are reported
REFUSED_DEVIATION = 0.5  # beyond it the tables contradict each other, and scaling would hide it
LARGEST_ACTIVITY = 1e18  # units/year; beyond, amounts of other nodes drown in rounding
CAPACITY_ROUNDING = 1e-9  # relative excess that the rounding of decimals explains
SCRAP_ROUNDING = 0.01  # relative excess over the scrap that is moved to a slot's other suppliers
EXACT = 1e-13  # relative closure of the result
MAX_SCRAP_ROUNDS = 50


@dataclass(slots=True)
class Steady:
    """Activities and flows of the steady state.

    Attributes
    ----------
    planned : FloatArray
        Activity of every node, units/year.
    flow : FloatArray
        Flow of every arc, t/year.
    collected : dict of str to float
        For each recycling node, the share of its collected scrap that its customers want.
    """

    planned: FloatArray
    flow: FloatArray
    collected: dict[str, float] = field(default_factory=dict)


def settle(
    network: Network,
    *,
    tolerance: float = REPORTED_DEVIATION,
    refuse_above: float = REFUSED_DEVIATION,
    places: Mapping[Place, str] | None = None,
) -> Network:
    """Return `network` with activities and base flows that are steady to 1e-13.

    Parameters
    ----------
    network : Network
        End-use nodes carry their demand in `planned_per_year`; that of every other node is ignored and
        computed. Arc flows count as proportions inside their slot. A producer that ships nothing is idle.
    tolerance : float
        A slot whose declared inflow differs from the settled one by more than this share is reported in
        `report.warnings`.
    refuse_above : float
        The same share, beyond which it is a fault.
    places : mapping of tuple of str to str, optional
        Prefix of messages (``arcs.csv:7: ``) by ``("node", id)``, ``("input", node, material)``,
        ``("output", node, material)``, ``("arc", supplier, customer, material)`` or
        ``("scrap", node, scrap_of, material)``.

    Returns
    -------
    Network
        The same network with `planned_per_year`, arc flows (t/year) and, where customers of a recycling
        node want less than it collects, a lower `collection`. Warnings are appended to its report.

    Raises
    ------
    NetworkError
        Once, with every fault: arcs without port or slot, cycles outside recycling, slots in use without
        inflow, activity above capacity or host limit, outputs that the driving outputs do not cover, more
        recycling than scrap, declared flows too far from the settled ones.
    """
    notes = Notes(dict(places or {}))
    graph = Graph.of(network, notes)
    notes.faults.raise_if_any()
    refuse_cycles((graph.arcs[number] for number in np.flatnonzero(graph.declared > 0).tolist()), notes)
    notes.faults.raise_if_any()
    with np.errstate(over="ignore", invalid="ignore"):  # what overflows is named by the check of sizes
        steady = _steady(graph)
    _check_sizes(graph, steady, notes)
    notes.faults.raise_if_any()
    steady = _within_scrap(network, graph, steady, notes)
    _check_slots(graph, steady, notes)
    _check_declared(graph, steady, notes, (tolerance, refuse_above))
    _check_nodes(graph, steady, notes)
    _check_outputs(graph, steady, notes)
    notes.faults.raise_if_any()
    return _rebuilt(network, graph, steady, notes)


def _steady(graph: Graph) -> Steady:
    """Return the steady state of the graph's weights.

    Each round makes one more stage final, so that an acyclic graph needs at most one round a node; the
    result of the last two rounds is the same bit for bit.
    """
    planned = graph.demand
    for _ in range(len(graph.nodes) + 1):
        flow = graph.flows(planned)
        following = graph.activities(flow)
        if np.array_equal(following, planned, equal_nan=True):
            return Steady(planned, flow)
        planned = following
    raise NetworkError("the activities of this network do not settle: its arcs form a cycle")


def _check_sizes(graph: Graph, steady: Steady, notes: Notes) -> None:
    """Refuse activities that cannot be counted: factors of a long chain multiply."""
    for number in np.flatnonzero(~(steady.planned <= LARGEST_ACTIVITY)).tolist():
        name = graph.nodes[number].id
        notes.faults.add(
            f"{notes.at('node', name)}'{name}': base activity would be {steady.planned[number]:.3g} per year;"
            f" at most {LARGEST_ACTIVITY:g} can be counted: check the input_per_unit of its customers"
        )


def _within_scrap(network: Network, graph: Graph, steady: Steady, notes: Notes) -> Steady:
    """Return the steady state in which no recycling node ships more than its scrap allows.

    It starts from the steady state without that limit. An excess of up to 1 % (decimals of a table) is
    moved to the other suppliers of the same slots; moving it changes the scrap in turn, so it is repeated
    until it holds.
    """
    supply = _scrap_supply(network, graph, steady)
    refused = {name for name, t in supply.items() if _wanted(graph, steady, name) > t * (1 + SCRAP_ROUNDING)}
    for _ in range(MAX_SCRAP_ROUNDS):
        excess = {
            name: t / _wanted(graph, steady, name)
            for name, t in supply.items()
            if name not in refused and _wanted(graph, steady, name) > t * (1 + EXACT)
        }
        if not excess:
            break
        _move_to_others(graph, steady, excess)
        steady = _steady(graph)
        supply = _scrap_supply(network, graph, steady)
    for name, t in supply.items():
        wanted = _wanted(graph, steady, name)
        if wanted > t * (1 + 1e-12):
            notes.faults.add(f"{notes.at('node', name)}{_excess_message(network, graph, steady, name)}")
        steady.collected[name] = min(1.0, wanted / t) if wanted > 0 and t > 0 else 1.0
        _warn_of_spare_scrap(name, wanted, t, notes)
    return steady


def _wanted(graph: Graph, steady: Steady, name: str) -> float:
    """Return what a recycling node makes, units/year."""
    return float(steady.planned[graph.node_index[name]])


def _scrap_supply(network: Network, graph: Graph, steady: Steady) -> dict[str, float]:
    """Return the recovered scrap of each recycling node, t/year; 0 for one without a source."""
    supply = {node.id: 0.0 for node in graph.nodes if node.stage is Stage.RECYCLING}
    for source in network.scrap:
        recovered_t = recovered_t_per_year(network, graph, steady, source)
        supply[source.node] = supply.get(source.node, 0.0) + recovered_t
    return supply


def recovered_t_per_year(network: Network, graph: Graph, steady: Steady, source: ScrapSource) -> float:
    """Return what one source gives its recycling node in the steady state, t/year."""
    node = network.nodes[source.scrap_of]
    activity = float(steady.planned[graph.node_index[source.scrap_of]])
    return scrap_per_unit(network, node, source.material) * activity * source.collection * source.recovery


def scrap_per_unit(network: Network, node: Node, material: str) -> float:
    """Return the scrap of `material` that one unit of activity of `node` leaves, t/unit.

    Where the product is of the same commodity, the scrap is what does not enter it (input - output);
    else (final use, or the material is a minor part of a product of another name) it is the whole intake.
    """
    intake = sum(entry.input_per_unit for entry in node.inputs if entry.material == material)
    commodity = network.materials[material].commodity
    kept = sum(
        output.output_per_unit
        for output in node.outputs
        if network.materials[output.material].commodity == commodity
    )
    return max(0.0, intake - kept)


def _move_to_others(graph: Graph, steady: Steady, excess: Mapping[str, float]) -> None:
    """Make the current flows the weights, with those of `excess` nodes cut and their slots' others raised."""
    cut = np.ones(len(graph.arcs))
    suppliers = graph.port_node[graph.arc_port]
    for name, factor in excess.items():
        cut[suppliers == graph.node_index[name]] = factor
    limited = cut < 1.0
    kept = np.where(limited, steady.flow * cut, 0.0)
    others = graph.inflow(np.where(limited, 0.0, steady.flow))
    open_use = graph.inflow(steady.flow) - graph.inflow(kept)
    raised = np.divide(open_use, others, out=np.ones(len(others)), where=others > 0)
    in_use = graph.inflow(steady.flow) > 0
    moved = np.where(limited, kept, steady.flow * raised[graph.arc_slot])
    graph.weight = np.where(in_use[graph.arc_slot], moved, graph.weight)


def _excess_message(network: Network, graph: Graph, steady: Steady, name: str) -> str:
    """Return the fault of a recycling node that ships more than its scrap, with the numbers."""
    terms = []
    for source in network.scrap:
        if source.node == name:
            whole = replace(source, collection=1.0, recovery=1.0)
            scrap = recovered_t_per_year(network, graph, steady, whole)
            terms.append(
                f"{scrap:.6g} t/year of {source.material} from '{source.scrap_of}'"
                f" x collection {source.collection:g} x recovery {source.recovery:g}"
            )
    found = " + ".join(terms) or "no scrap source"
    total = _scrap_supply(network, graph, steady)[name]
    wanted = _wanted(graph, steady, name)
    ships = f"recycling node '{name}' ships {wanted:.6g} t/year"
    return f"{ships} but its scrap gives {total:.6g} t/year ({found})"


def _warn_of_spare_scrap(name: str, wanted: float, supply: float, notes: Notes) -> None:
    """Say that less is collected than could be, because nobody buys it."""
    if wanted == 0.0 < supply:
        notes.warnings.append(
            f"{notes.at('node', name)}recycling node '{name}' ships nothing while its scrap would give"
            f" {supply:.6g} t/year"
        )
    elif wanted < supply * (1 - REPORTED_DEVIATION):
        notes.warnings.append(
            f"{notes.at('node', name)}recycling node '{name}' ships {wanted:.6g} of the {supply:.6g} t/year"
            f" that its scrap would give; collection is taken as {wanted / supply:.4g} of the declared one"
        )


def _check_slots(graph: Graph, steady: Steady, notes: Notes) -> None:
    """Report each slot in use that no arc fills; a fault where the input is essential."""
    use = graph.use(steady.planned)
    for number in np.flatnonzero((use > 0) & (graph.inflow(steady.flow) == 0)):
        name, material = graph.slots[number]
        text = f"{notes.at('input', name, material)}'{name}' uses {use[number]:.6g} t/year of {material}"
        text += " but no arc with a base flow brings it"
        if graph.essential[number] > 0:
            notes.faults.add(f"{text}; give an arc its flow_t_per_year, or set essential to 0")
        else:
            notes.warnings.append(text)


def _check_declared(graph: Graph, steady: Steady, notes: Notes, limits: tuple[float, float]) -> None:
    """Hold each slot's use against its declared inflow.

    Where the user's files are known, only slots with an arc from them can be refused: the others changed
    because of what was laid over them, which one line tells for all.
    """
    use, declared = graph.use(steady.planned), graph.inflow(graph.declared)
    deviation = np.divide(np.abs(use - declared), declared, out=np.zeros(len(use)), where=declared > 0)
    first = _first_arcs(graph, notes)
    changed: list[int] = []
    for number in np.flatnonzero(deviation > limits[0]).tolist():
        if notes.places and first[number] < 0:
            changed.append(number)
            continue
        name, material = graph.slots[number]
        place = notes.at("arc", *graph.arcs[first[number]].key) if notes.places else ""
        activity = steady.planned[graph.slot_node[number]]
        text = (
            f"{place}arcs into '{name}' declare flow_t_per_year of {declared[number]:.6g} in all of"
            f" {material}, but {graph.per_unit[number]:.6g} t/unit x {activity:.6g} units/year ="
            f" {use[number]:.6g} t/year are used; flows scaled by {use[number] / declared[number]:.4g}"
        )
        if deviation[number] > limits[1]:
            advice = "correct input_per_unit, the flows or the demand downstream"
            notes.faults.add(f"{text}; a difference of more than {limits[1]:.0%} is refused: {advice}")
        else:
            notes.warnings.append(text)
    if changed:
        most = max(changed, key=lambda number: float(deviation[number]))
        name, material = graph.slots[most]
        notes.warnings.append(
            f"{len(changed)} inputs of the base network change by more than {limits[0]:.0%}, most {material}"
            f" of '{name}': {declared[most]:.6g} -> {use[most]:.6g} t/year"
        )


def _first_arcs(graph: Graph, notes: Notes) -> list[int]:
    """Return the first used arc of each slot that stands in the user's files; -1 where none does."""
    first = [-1] * len(graph.slots)
    if notes.places:
        for number in np.flatnonzero(graph.declared > 0).tolist():
            slot = int(graph.arc_slot[number])
            if first[slot] < 0 and ("arc", *graph.arcs[number].key) in notes.places:
                first[slot] = number
    return first


def _check_nodes(graph: Graph, steady: Steady, notes: Notes) -> None:
    """Hold each activity against the node's capacity and against what its host allows."""
    for node, planned in zip(graph.nodes, steady.planned.tolist(), strict=True):
        place = f"{notes.at('node', node.id)}'{node.id}':"
        if planned > node.capacity_per_year * (1 + CAPACITY_ROUNDING):
            wants = "demand_per_year" if node.is_end_use else "what its customers take"
            notes.faults.add(
                f"{place} capacity_t_per_year = '{node.capacity_per_year:.9g}' is below"
                f" its base activity of {planned:.9g} per year ({wants})"
            )
        if not node.host or planned <= 0:
            continue
        limit = node.host_ratio * float(steady.planned[graph.node_index[node.host]])
        if planned > limit * (1 + CAPACITY_ROUNDING):
            notes.faults.add(
                f"{place} host_ratio = '{node.host_ratio:g}' times the base activity of host '{node.host}'"
                f" allows {limit:.9g} per year, its own is {planned:.9g}"
            )


def _check_outputs(graph: Graph, steady: Steady, notes: Notes) -> None:
    """Hold what each port ships against what the activity makes; report stocks that would grow."""
    shipped = graph.outflow(steady.flow)
    made = graph.output_per_unit * steady.planned[graph.port_node]
    for number in np.flatnonzero(shipped > made * (1 + CAPACITY_ROUNDING)):
        name, material = graph.ports[number]
        notes.faults.add(
            f"{notes.at('output', name, material)}'{name}' ships {shipped[number]:.6g} t/year of {material},"
            f" which does not drive it, but the activity that its driving outputs call for makes"
            f" {made[number]:.6g}; mark it drives = true or lower its arcs"
        )
    for number in np.flatnonzero((made > shipped * (1 + EXACT)) & ~graph.disposable):
        surplus = made[number] - shipped[number]
        if surplus > CAPACITY_ROUNDING * made[number]:
            name, material = graph.ports[number]
            notes.warnings.append(
                f"{notes.at('output', name, material)}stock of {material} at '{name}' grows by {surplus:.6g}"
                f" t/year: nobody takes it and it is not marked disposable"
            )


def _rebuilt(network: Network, graph: Graph, steady: Steady, notes: Notes) -> Network:
    """Return the network with the steady numbers; what did not change keeps its object."""
    nodes = {
        node.id: node if node.planned_per_year == planned else replace(node, planned_per_year=planned)
        for node, planned in zip(graph.nodes, steady.planned.tolist(), strict=True)
    }
    arcs = tuple(
        arc if arc.flow_t_per_year == flow else replace(arc, flow_t_per_year=flow)
        for arc, flow in zip(graph.arcs, steady.flow.tolist(), strict=True)
    )
    share = steady.collected
    scrap = tuple(_with_collection(source, share.get(source.node, 1.0)) for source in network.scrap)
    warnings = (*network.report.warnings, *dict.fromkeys(notes.warnings))
    report = replace(network.report, warnings=warnings)
    return replace(network, nodes=nodes, arcs=arcs, scrap=scrap, report=report)


def _with_collection(source: ScrapSource, share: float) -> ScrapSource:
    """Return a scrap source of which only `share` is collected."""
    return source if share == 1.0 else replace(source, collection=source.collection * share)
