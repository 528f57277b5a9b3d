"""From a plan to arrays: numbers every node, slot, port and arc, and turns years and days into steps."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sim.model.arrays import NetworkArrays
from sim.model.network import Arc, Input, Network, Node, Output
from sim.model.plan import Plan, PlannedArc, PlannedPile
from sim.model.settle import scrap_per_unit
from sim.units import steps_up
from sim.vocab import DAYS_PER_YEAR, FloatArray, IntArray, Stage

ArcKey = tuple[str, str, str, str]  # supplier, customer, material, tag
SPARE_SCRAP = 0.05  # expert: scrap that could be recycled and is not, over what is; lets a recycler catch up
SCRAP_STOCK_DAYS = 28.0  # DESIGN section 3: activity of a recycler is at most its scrap over four weeks
MAX_STAGES = 50  # of a lifetime chain: a spread below 14 % of the lifetime is not told apart


@dataclass(frozen=True, slots=True)
class Index:
    """Numbers of everything that has a name.

    Attributes
    ----------
    step_days : int
    nodes, inputs, outputs, arcs : sequences in array order
    node, slot, port, arc, pile : dict
        From name or key to number.
    """

    step_days: int
    nodes: tuple[Node, ...]
    inputs: tuple[tuple[int, Input], ...]
    outputs: tuple[tuple[int, Output], ...]
    arcs: tuple[PlannedArc, ...]
    n_used: int
    node: dict[str, int]
    slot: dict[tuple[str, str], int]
    port: dict[tuple[str, str], int]
    arc: dict[ArcKey, int]
    pile: dict[tuple[str, str], int]

    def per_step(self, per_year: float) -> float:
        """Turn a rate per year into one per step."""
        return per_year * self.step_days / DAYS_PER_YEAR


def number_parts(plan: Plan, step_days: int) -> Index:
    """Return the numbers: nodes by name, slots by line and material, ports by material, arcs by slot."""
    node = {item.id: number for number, item in enumerate(plan.nodes)}
    inputs, outputs = [], []
    for number, item in enumerate(plan.nodes):
        inputs += [(number, i) for i in sorted(item.inputs, key=lambda i: (i.line, i.material))]
        outputs += [(number, o) for o in sorted(item.outputs, key=lambda o: o.material)]
    slot = {(plan.nodes[n].id, i.material): s for s, (n, i) in enumerate(inputs)}
    port = {(plan.nodes[n].id, o.material): p for p, (n, o) in enumerate(outputs)}

    def place(planned: PlannedArc) -> tuple[bool, int, str, str]:
        arc = planned.arc
        return (_is_latent(planned), slot[arc.customer, arc.material], arc.supplier, planned.tag)

    arcs = sorted(plan.arcs, key=place)
    return Index(
        step_days=step_days,
        nodes=plan.nodes,
        inputs=tuple(inputs),
        outputs=tuple(outputs),
        arcs=tuple(arcs),
        n_used=sum(1 for planned in arcs if not _is_latent(planned)),
        node=node,
        slot=slot,
        port=port,
        arc={(*planned.arc.key, planned.tag): a for a, planned in enumerate(arcs)},
        pile={(p.stockpile.id, p.stockpile.material): k for k, p in enumerate(plan.piles)},
    )


def _is_latent(planned: PlannedArc) -> bool:
    """Return whether an arc stands with those that no step visits until a slot is short."""
    return planned.arc.flow_t_per_year <= 0 and not planned.enters


def offsets(counts: Sequence[int] | IntArray, first: int = 0) -> IntArray:
    """Return start offsets of consecutive ranges: one more than there are ranges."""
    return np.concatenate(([first], first + np.cumsum(np.asarray(counts, dtype=np.int64)))).astype(np.int64)


def floats(values: Sequence[float]) -> FloatArray:
    """Return a float array."""
    return np.array(values, dtype=np.float64)


def integers(values: Sequence[int]) -> IntArray:
    """Return an integer array."""
    return np.array(values, dtype=np.int64)


def node_fields(index: Index) -> dict[str, Any]:
    """Return the fields of `NetworkArrays` that describe nodes."""
    nodes, days = index.nodes, index.step_days
    slots, ports = [0] * len(nodes), [0] * len(nodes)
    for number, _ in index.inputs:
        slots[number] += 1
    for number, _ in index.outputs:
        ports[number] += 1
    process_steps = [steps_up(n.process_days, days) for n in nodes]
    recycling = [n.stage is Stage.RECYCLING for n in nodes]
    return {
        "node_end_use": np.array([n.is_end_use for n in nodes], dtype=np.bool_),
        "node_recycling": np.array(recycling, dtype=np.bool_),
        "node_aggregate": np.array([n.aggregate for n in nodes], dtype=np.bool_),
        "node_capacity": floats([index.per_step(n.capacity_per_year) for n in nodes]),
        "node_planned": floats([index.per_step(n.planned_per_year) for n in nodes]),
        "node_growth": floats([math.log1p(n.growth_per_year) * days / DAYS_PER_YEAR for n in nodes]),
        "node_deferred_fraction": floats([n.deferred_fraction for n in nodes]),
        "node_must_run": floats([n.must_run_share for n in nodes]),
        "node_storage_steps": floats([n.storage_days / days for n in nodes]),
        "node_process_steps": integers(process_steps),
        "node_restart_steps": integers([steps_up(n.restart_days, days) for n in nodes]),
        "node_host": integers([index.node[n.host] if n.host else -1 for n in nodes]),
        "node_host_ratio": floats([n.host_ratio if n.host else 0.0 for n in nodes]),
        "node_scrap_steps": floats([SCRAP_STOCK_DAYS / days for _ in nodes]),
        "node_slot_start": offsets(slots),
        "node_port_start": offsets(ports),
        "node_wip_start": offsets(process_steps),
    }


def arc_fields(index: Index) -> dict[str, Any]:
    """Return the fields that describe arcs and, through them, segments of ports and rings of slots."""
    arcs, days = [planned.arc for planned in index.arcs], index.step_days
    slot = integers([index.slot[a.customer, a.material] for a in arcs])
    port = integers([index.port[a.supplier, a.material] for a in arcs])
    lead = integers([max(1, steps_up(a.lead_time_days, days)) for a in arcs])
    flow = floats([index.per_step(max(0.0, a.flow_t_per_year)) for a in arcs])
    n_slot, used = len(index.inputs), index.n_used
    inflow = np.bincount(slot, flow, n_slot)
    feed = floats([planned.feed for planned in index.arcs])  # of slots that nothing fills in the base year
    weight = np.divide(flow, inflow[slot], out=feed, where=inflow[slot] > 0)
    ring = np.ones(n_slot, dtype=np.int64)
    delay = integers([steps_up(planned.delay_days, days) for planned in index.arcs])
    np.maximum.at(ring, slot, lead + delay)
    segment, segment_start = _segments(port, _classes(index), len(index.outputs))
    return {
        "slot_arc_start": offsets(np.bincount(slot[:used], minlength=n_slot)),
        "slot_latent_start": offsets(np.bincount(slot[used:], minlength=n_slot), used),
        "slot_ring_start": offsets(ring),
        "port_base_orders": np.bincount(port, flow, len(index.outputs)),
        "port_segment_start": segment_start,
        "arc_slot": slot,
        "arc_port": port,
        "arc_segment": segment,
        "arc_lead_steps": lead,
        "arc_base_flow": flow,
        "arc_base_weight": weight,
        "arc_qualification_steps": integers(
            [0 if a.flow_t_per_year > 0 else steps_up(a.qualification_days, days) for a in arcs]
        ),
    }


def _priority(index: Index, node: str) -> int:
    return index.nodes[index.node[node]].priority


ServiceClass = tuple[int, tuple[int, ...]]  # priority, and the responses that may prefer the arc


def _classes(index: Index) -> list[ServiceClass]:
    """Return the class of service of each arc."""
    return [
        (
            planned.arc.priority
            if planned.arc.priority is not None
            else _priority(index, planned.arc.customer),
            planned.preferred,
        )
        for planned in index.arcs
    ]


def segment_classes(index: Index, arrays: NetworkArrays) -> list[ServiceClass]:
    """Return the class of service of each segment."""
    found: list[ServiceClass] = [(0, ())] * int(arrays.port_segment_start[-1])
    for segment, service in zip(arrays.arc_segment.tolist(), _classes(index), strict=True):
        found[segment] = service
    return found


def _segments(port: IntArray, services: list[ServiceClass], n_port: int) -> tuple[IntArray, IntArray]:
    """Give the (port, class of service) pairs their numbers, classes in rising order within a port."""
    classes: defaultdict[int, set[ServiceClass]] = defaultdict(set)
    for p, rank in zip(port.tolist(), services, strict=True):
        classes[p].add(rank)
    number: dict[tuple[int, ServiceClass], int] = {}
    counts = []
    for p in range(n_port):
        ranks = sorted(classes[p])
        counts.append(len(ranks))
        for rank in ranks:
            number[p, rank] = len(number)
    segment = [number[p, rank] for p, rank in zip(port.tolist(), services, strict=True)]
    return integers(segment), offsets(counts)


def slot_fields(index: Index) -> dict[str, Any]:
    """Return the fields that describe slots themselves."""
    lines: dict[tuple[int, str], int] = {}
    line = [lines.setdefault((number, entry.line), len(lines)) for number, entry in index.inputs]
    entries = [entry for _, entry in index.inputs]
    return {
        "slot_node": integers([number for number, _ in index.inputs]),
        "slot_input_per_unit": floats([i.input_per_unit for i in entries]),
        "slot_cover_steps": floats([i.cover_days / index.step_days for i in entries]),
        "slot_essential": floats([i.essential for i in entries]),
        "slot_share": floats([i.share for i in entries]),
        "slot_line": integers(line),
    }


def port_fields(index: Index) -> dict[str, Any]:
    """Return the fields that describe ports themselves."""
    target = []
    for number, output in index.outputs:
        node = index.nodes[number]
        made = output.output_per_unit * index.per_step(node.planned_per_year)
        # a by-product that does not drive its node holds no stock of its own: nothing could refill it
        cover_steps = node.output_cover_days / index.step_days if output.drives else 0.0
        target.append(made * cover_steps)
    return {
        "port_node": integers([number for number, _ in index.outputs]),
        "port_output_per_unit": floats([o.output_per_unit for _, o in index.outputs]),
        "port_target": floats(target),
        "port_drives": np.array([o.drives for _, o in index.outputs], dtype=np.bool_),
        "port_disposable": np.array([o.disposable for _, o in index.outputs], dtype=np.bool_),
    }


def scrap_fields(index: Index, network: Network) -> dict[str, Any]:
    """Return the fields of scrap sources; yields leave a little more than the base year recycles."""
    sources = sorted(network.scrap, key=lambda s: (s.node, s.scrap_of, s.material))
    recovered = []
    for source in sources:
        node = network.nodes[source.scrap_of]
        per_unit = scrap_per_unit(network, node, source.material)
        recovered.append(per_unit * node.planned_per_year * source.collection * source.recovery)
    total: defaultdict[str, float] = defaultdict(float)
    for source, t_per_year in zip(sources, recovered, strict=True):
        total[source.node] += t_per_year
    closing = {name: network.nodes[name].planned_per_year / t if t > 0 else 1.0 for name, t in total.items()}
    stages = [chain_stages(source.lifetime_days, source.spread, index.step_days) for source in sources]
    rates = [
        min(1.0, count * index.step_days / source.lifetime_days) if count else 1.0
        for source, count in zip(sources, stages, strict=True)
    ]
    return {
        "scrap_node": integers([index.node[s.node] for s in sources]),
        "scrap_slot": integers([index.slot[s.scrap_of, s.material] for s in sources]),
        "scrap_output_per_unit": floats([_kept_per_unit(network, s.scrap_of, s.material) for s in sources]),
        "scrap_yield": floats(
            [min(1.0, s.collection * s.recovery * closing[s.node] * (1.0 + SPARE_SCRAP)) for s in sources]
        ),
        "scrap_rate": floats(rates),
        "scrap_stage_start": offsets(stages),
    }


def chain_stages(lifetime_days: float, spread: float, step_days: int) -> int:
    """Return the stages of an Erlang chain with this mean and relative spread; 0 for no delay.

    A chain of k stages has the relative spread 1 / sqrt(k); no stage may be shorter than a step.
    """
    if lifetime_days <= 0:
        return 0
    wanted = round(1.0 / spread**2) if spread > 0 else MAX_STAGES
    return max(1, min(wanted, MAX_STAGES, int(lifetime_days / step_days)))


def _kept_per_unit(network: Network, node_id: str, material: str) -> float:
    """Return the output of the same commodity per unit of activity: what the draw does not leave as scrap."""
    commodity = network.materials[material].commodity
    outputs = network.nodes[node_id].outputs
    return sum(o.output_per_unit for o in outputs if network.materials[o.material].commodity == commodity)


def pile_fields(index: Index, plan: Plan) -> dict[str, Any]:
    """Return the fields that describe stockpiles, whom they serve and from whom they buy."""
    slots: list[list[tuple[int, int]]] = []
    buys: list[list[tuple[int, float, int]]] = []
    trade: defaultdict[str, list[Arc]] = defaultdict(list)
    for planned in index.arcs[: index.n_used]:
        trade[planned.arc.material].append(planned.arc)
    for pile in plan.piles:
        slots.append(_member_slots(index, pile))
        buys.append(_suppliers(index, pile.members, trade[pile.stockpile.material]))
    days = index.step_days
    piles = [pile.stockpile for pile in plan.piles]
    flat_slots = [entry for entries in slots for entry in entries]
    flat_buys = [entry for entries in buys for entry in entries]
    return {
        "pile_opening": floats([p.opening_t for p in piles]),
        "pile_target": floats([p.target_t for p in piles]),
        "pile_purchase": floats([p.purchase_t_per_day * days for p in piles]),
        "pile_unit_cost": floats([p.unit_cost_usd_per_t for p in plan.piles]),
        "pile_budget": floats([p.budget_usd for p in piles]),
        "pile_own_stock_first": np.array([p.own_stock_first for p in plan.piles], dtype=np.bool_),
        "pile_slot_start": offsets([len(entries) for entries in slots]),
        "pile_slot": integers([s for _, s in flat_slots]),
        "pile_slot_class": integers([rank for rank, _ in flat_slots]),
        "pile_buy_start": offsets([len(entries) for entries in buys]),
        "buy_port": integers([p for p, _, _ in flat_buys]),
        "buy_share": floats([share for _, share, _ in flat_buys]),
        "buy_lead_steps": integers([lead for _, _, lead in flat_buys]),
        "pile_ring_start": offsets([max((lead for _, _, lead in b), default=0) for b in buys]),
    }


def _member_slots(index: Index, pile: PlannedPile) -> list[tuple[int, int]]:
    """Return (priority class, slot) of the slots that `pile` serves, first served first."""
    found = []
    for slot, (number, entry) in enumerate(index.inputs):
        node = index.nodes[number]
        served = pile.last_class is None or node.priority <= pile.last_class
        if entry.material == pile.stockpile.material and node.country in pile.members and served:
            found.append((node.priority, slot))
    return sorted(found)


def _suppliers(index: Index, members: tuple[str, ...], trade: list[Arc]) -> list[tuple[int, float, int]]:
    """Return (port, base shipments to members, mean lead in steps) of suppliers that a pile may buy from.

    `trade` holds the used arcs of the pile's material.
    """
    shipped: defaultdict[int, float] = defaultdict(float)
    leads: defaultdict[int, float] = defaultdict(float)
    for arc in trade:
        if arc.flow_t_per_year > 0 and index.nodes[index.node[arc.customer]].country in members:
            port = index.port[arc.supplier, arc.material]
            shipped[port] += arc.flow_t_per_year
            leads[port] += arc.flow_t_per_year * arc.lead_time_days
    return [
        (port, flow, max(1, steps_up(leads[port] / flow, index.step_days)))
        for port, flow in sorted(shipped.items())
    ]


def make_arrays(index: Index, network: Network, plan: Plan, rest: dict[str, Any]) -> NetworkArrays:
    """Return the arrays; `rest` brings triggers and the rows of the record."""
    number = {name: m for m, name in enumerate(sorted(network.materials))}
    materials = {
        "slot_material": integers([number[entry.material] for _, entry in index.inputs]),
        "port_material": integers([number[output.material] for _, output in index.outputs]),
        "pile_material": integers([number[p.stockpile.material] for p in plan.piles]),
    }
    fields = node_fields(index) | slot_fields(index) | arc_fields(index) | port_fields(index)
    fields |= scrap_fields(index, network) | pile_fields(index, plan) | materials | rest
    arrays = NetworkArrays(**fields)
    for values in arrays:
        if isinstance(values, np.ndarray):
            values.flags.writeable = False
    return arrays
