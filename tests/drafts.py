"""Networks for tests, written as named parts and packed into the engine's arrays.

A draft can be renamed, re-ordered, scaled, split and joined with another before it is packed, which is
what the metamorphic relations need. Quantities are t (or units of activity) and steps.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from sim.model.arrays import (
    Behaviour,
    CompiledRun,
    Effect,
    EffectKind,
    NetworkArrays,
    Parameters,
    TriggerKind,
)

DEFAULT_BEHAVIOUR = Behaviour(
    adjustment_steps=4.0,
    refill_steps=4.0,
    forecast_steps=4.0,
    switching_steps=4.0,
    loyalty_steps=26.0,
    established_steps=26.0,
    scrap_disposal_steps=26.0,
    catch_up_steps=1.0,
    deferral_steps=math.inf,
    order_cap=1.25,
    minimum_run=0.5,
    cover_spread=True,
    resourcing=True,
)

NODE_KINDS = (
    EffectKind.AVAILABILITY,
    EffectKind.CAPACITY_FACTOR,
    EffectKind.DEMAND_FACTOR,
    EffectKind.RESTRICTED,
)
MOST_DELAY_STEPS = 60  # effects together may add so much to a lead time
SLOT_KINDS = (
    EffectKind.INPUT_FACTOR,
    EffectKind.INPUT_ADDED,
    EffectKind.ESSENTIAL_ADDED,
    EffectKind.EXTRA_COVER,
)


@dataclass
class DraftNode:
    """One node."""

    key: str
    end_use: bool = False
    recycling: bool = False
    aggregate: bool = False
    capacity: float = math.inf
    planned: float = 0.0
    growth: float = 0.0
    deferred_fraction: float = 0.0
    must_run: float = 0.0
    storage_steps: float = 0.0
    process_steps: int = 0
    restart_steps: int = 0
    host: str | None = None
    host_ratio: float = 0.0
    scrap_steps: float = 4.0


@dataclass
class DraftSlot:
    """One input; its key is (node, material, line)."""

    node: str
    material: int
    input_per_unit: float
    cover_steps: float
    essential: float = 1.0
    share: float = 1.0
    line: int = 0

    @property
    def key(self) -> tuple[str, int, int]:
        return (self.node, self.material, self.line)


@dataclass
class DraftPort:
    """One output; its key is (node, material)."""

    node: str
    material: int
    output_per_unit: float = 1.0
    cover_steps: float = 0.0
    drives: bool = True
    disposable: bool = False
    target: float | None = None
    """Q*; cover x planned output when left out."""

    @property
    def key(self) -> tuple[str, int]:
        return (self.node, self.material)


@dataclass
class DraftArc:
    """One arc; its key is (slot key, port key)."""

    slot: tuple[str, int, int]
    port: tuple[str, int]
    lead_steps: int = 1
    flow: float = 0.0
    latent: bool = False
    qualification_steps: int = 0
    rank: int = 5
    cap: float = math.inf

    @property
    def key(self) -> tuple[Any, Any]:
        return (self.slot, self.port)


@dataclass
class DraftScrap:
    """A slot whose draw becomes scrap of a recycling node."""

    node: str
    slot: tuple[str, int, int]
    output_per_unit: float
    share_recovered: float
    rate: float = 1.0
    stages: int = 0


@dataclass
class DraftPile:
    """A stockpile with members (slot, class) and supplying ports (port, share, lead)."""

    key: str
    material: int
    opening: float = 0.0
    target: float = 0.0
    purchase: float = 0.0
    unit_cost: float = 0.0
    budget: float = 0.0
    own_stock_first: bool = False
    members: list[tuple[tuple[str, int, int], int]] = field(default_factory=list)
    buys: list[tuple[tuple[str, int], float, int]] = field(default_factory=list)


@dataclass
class DraftTrigger:
    """A watched fill rate or cover."""

    key: str
    kind: TriggerKind
    level: float
    slots: list[tuple[str, int, int]]


@dataclass
class DraftEffect:
    """Rows of values on named places, as `Effect`."""

    kind: EffectKind
    places: list[Hashable]
    steps: list[int]
    values: list[list[float]]
    trigger: str | None = None
    name: str = "effect"


@dataclass
class Draft:
    """A whole test network with its effects."""

    nodes: list[DraftNode] = field(default_factory=list)
    slots: list[DraftSlot] = field(default_factory=list)
    ports: list[DraftPort] = field(default_factory=list)
    arcs: list[DraftArc] = field(default_factory=list)
    scraps: list[DraftScrap] = field(default_factory=list)
    piles: list[DraftPile] = field(default_factory=list)
    triggers: list[DraftTrigger] = field(default_factory=list)
    effects: list[DraftEffect] = field(default_factory=list)
    behaviour: Behaviour = DEFAULT_BEHAVIOUR
    n_steps: int = 52
    step_days: int = 7
    trigger_window: int = 4


@dataclass(frozen=True)
class Packed:
    """The engine's input and what the tests know about it."""

    run: CompiledRun
    position: dict[EffectKind, dict[Hashable, int]]
    """Where a named place stands in the field of an effect kind."""

    @property
    def nodes(self) -> dict[Hashable, int]:
        return self.position[EffectKind.AVAILABILITY]

    @property
    def slots(self) -> dict[Hashable, int]:
        return self.position[EffectKind.INPUT_FACTOR]

    @property
    def arcs(self) -> dict[Hashable, int]:
        return self.position[EffectKind.ARC_CAP]


def floats(values: Iterable[float]) -> np.ndarray:
    """Return a float array."""
    return np.array(list(values), dtype=np.float64)


def integers(values: Iterable[int]) -> np.ndarray:
    """Return an integer array."""
    return np.array(list(values), dtype=np.int64)


def flags(values: Iterable[bool]) -> np.ndarray:
    """Return a boolean array."""
    return np.array(list(values), dtype=np.bool_)


def offsets(counts: Iterable[int], first: int = 0) -> np.ndarray:
    """Return start offsets of ranges of the given lengths."""
    return np.concatenate([[first], first + np.cumsum(integers(counts))]).astype(np.int64)


def pack(draft: Draft) -> Packed:
    """Return the arrays of a draft, with nodes in the draft's order."""
    place = {node.key: i for i, node in enumerate(draft.nodes)}
    slots = sorted(draft.slots, key=lambda slot: (place[slot.node], slot.line))
    ports = sorted(draft.ports, key=lambda port: place[port.node])
    slot_place = {slot.key: i for i, slot in enumerate(slots)}
    port_place = {port.key: i for i, port in enumerate(ports)}
    used = sorted((arc for arc in draft.arcs if not arc.latent), key=lambda arc: slot_place[arc.slot])
    latent = sorted((arc for arc in draft.arcs if arc.latent), key=lambda arc: slot_place[arc.slot])
    arcs = used + latent
    fields: dict[str, Any] = {}
    fields |= node_fields(draft, slots, ports, place)
    fields |= slot_fields(draft, slots, used, latent, place, slot_place)
    fields |= port_fields(draft, ports, arcs, place, port_place)
    fields |= arc_fields(arcs, slot_place, port_place)
    fields |= scrap_fields(draft, place, slot_place)
    fields |= pile_fields(draft, slot_place, port_place)
    fields |= trigger_fields(draft, slot_place)
    buys = [(pile.key, port) for pile in draft.piles for port, _, _ in pile.buys]
    places: dict[EffectKind, dict[Hashable, int]] = {kind: dict(place) for kind in NODE_KINDS}
    places |= {kind: dict(slot_place) for kind in SLOT_KINDS}
    places[EffectKind.ARC_CAP] = {arc.key: i for i, arc in enumerate(arcs)}
    places[EffectKind.PILE_RATE] = {pile.key: i for i, pile in enumerate(draft.piles)}
    places[EffectKind.PILE_BUYING] = places[EffectKind.PILE_RATE]
    places[EffectKind.BUY_OPEN] = {key: i for i, key in enumerate(buys)}
    places[EffectKind.CAPACITY_ADDED] = places[EffectKind.PLANNED_ADDED] = dict(place)
    places[EffectKind.TARGET_ADDED] = dict(port_place)
    places[EffectKind.ENTRY] = places[EffectKind.ARC_CAP]
    places[EffectKind.ARC_DELAY] = places[EffectKind.ARC_CAP]
    segments = zip(((*arc.port, arc.rank) for arc in arcs), fields["arc_segment"].tolist(), strict=True)
    places[EffectKind.SEGMENT_RANK] = dict(segments)
    places[EffectKind.SCRAP_FACTOR] = {((r.node,), r.slot): i for i, r in enumerate(draft.scraps)}
    places[EffectKind.TRIGGER_ARMED] = {trigger.key: i for i, trigger in enumerate(draft.triggers)}
    run = CompiledRun(
        arrays=NetworkArrays(**fields),
        behaviour=draft.behaviour,
        base=base_parameters(draft, arcs, len(slots), len(buys), places[EffectKind.SEGMENT_RANK]),
        effects=tuple(packed_effect(effect, places) for effect in draft.effects),
        n_steps=draft.n_steps,
        step_days=draft.step_days,
        trigger_names=tuple(trigger.key for trigger in draft.triggers),
        record_flows=True,
        record_groups=1 + max((port.material for port in ports), default=0),
        record_nodes=len(draft.nodes),
        first_disruption_step=min((effect.steps[0] for effect in draft.effects), default=-1),
    )
    return Packed(run, places)


def node_fields(
    draft: Draft, slots: Sequence[DraftSlot], ports: Sequence[DraftPort], place: dict[str, int]
) -> dict[str, Any]:
    """Return the node arrays."""
    nodes = draft.nodes
    slot_counts = (
        np.bincount([place[s.node] for s in slots], minlength=len(nodes)) if slots else [0] * len(nodes)
    )
    port_counts = (
        np.bincount([place[p.node] for p in ports], minlength=len(nodes)) if ports else [0] * len(nodes)
    )
    return {
        "node_end_use": flags(n.end_use for n in nodes),
        "node_recycling": flags(n.recycling for n in nodes),
        "node_aggregate": flags(n.aggregate for n in nodes),
        "node_capacity": floats(n.capacity for n in nodes),
        "node_planned": floats(n.planned for n in nodes),
        "node_growth": floats(n.growth for n in nodes),
        "node_deferred_fraction": floats(n.deferred_fraction for n in nodes),
        "node_must_run": floats(n.must_run for n in nodes),
        "node_storage_steps": floats(n.storage_steps for n in nodes),
        "node_process_steps": integers(n.process_steps for n in nodes),
        "node_restart_steps": integers(n.restart_steps for n in nodes),
        "node_host": integers(-1 if n.host is None else place[n.host] for n in nodes),
        "node_host_ratio": floats(n.host_ratio for n in nodes),
        "node_scrap_steps": floats(n.scrap_steps for n in nodes),
        "node_slot_start": offsets(slot_counts),
        "node_port_start": offsets(port_counts),
        "node_wip_start": offsets(n.process_steps for n in nodes),
        "node_row": integers(range(len(nodes))),
    }


def slot_fields(
    draft: Draft,
    slots: Sequence[DraftSlot],
    used: Sequence[DraftArc],
    latent: Sequence[DraftArc],
    place: dict[str, int],
    slot_place: dict[tuple[str, int, int], int],
) -> dict[str, Any]:
    """Return the slot arrays."""
    longest = [1] * len(slots)
    used_count, latent_count = [0] * len(slots), [0] * len(slots)
    for count, arcs in ((used_count, used), (latent_count, latent)):
        for arc in arcs:
            s = slot_place[arc.slot]
            count[s] += 1
            longest[s] = max(longest[s], arc.lead_steps + MOST_DELAY_STEPS)
    return {
        "slot_node": integers(place[s.node] for s in slots),
        "slot_input_per_unit": floats(s.input_per_unit for s in slots),
        "slot_cover_steps": floats(s.cover_steps for s in slots),
        "slot_essential": floats(s.essential for s in slots),
        "slot_share": floats(s.share for s in slots),
        "slot_line": integers(s.line for s in slots),
        "slot_arc_start": offsets(used_count),
        "slot_latent_start": offsets(latent_count, len(used)),
        "slot_ring_start": offsets(longest),
        "slot_group": integers(s.material for s in slots),
        "slot_material": integers(s.material for s in slots),
    }


def port_fields(
    draft: Draft,
    ports: Sequence[DraftPort],
    arcs: Sequence[DraftArc],
    place: dict[str, int],
    port_place: dict[tuple[str, int], int],
) -> dict[str, Any]:
    """Return the port arrays and the segment of each arc."""
    nodes = {node.key: node for node in draft.nodes}
    ranks: list[set[int]] = [set() for _ in ports]
    orders = [0.0] * len(ports)
    for arc in arcs:
        ranks[port_place[arc.port]].add(arc.rank)
        orders[port_place[arc.port]] += arc.flow
    segment: dict[tuple[int, int], int] = {}
    for p, of_port in enumerate(ranks):
        for rank in sorted(of_port):
            segment[p, rank] = len(segment)
    targets = [
        p.target if p.target is not None else p.cover_steps * p.output_per_unit * nodes[p.node].planned
        for p in ports
    ]
    return {
        "port_node": integers(place[p.node] for p in ports),
        "port_output_per_unit": floats(p.output_per_unit for p in ports),
        "port_target": floats(targets),
        "port_base_orders": floats(orders),
        "port_drives": flags(p.drives for p in ports),
        "port_disposable": flags(p.disposable for p in ports),
        "port_segment_start": offsets(len(of_port) for of_port in ranks),
        "arc_segment": integers(segment[port_place[arc.port], arc.rank] for arc in arcs),
        "port_group": integers(p.material for p in ports),
        "port_material": integers(p.material for p in ports),
    }


def arc_fields(
    arcs: Sequence[DraftArc],
    slot_place: dict[tuple[str, int, int], int],
    port_place: dict[tuple[str, int], int],
) -> dict[str, Any]:
    """Return the arc arrays."""
    inflow: dict[tuple[str, int, int], float] = {}
    for arc in arcs:
        inflow[arc.slot] = inflow.get(arc.slot, 0.0) + arc.flow
    return {
        "arc_slot": integers(slot_place[arc.slot] for arc in arcs),
        "arc_port": integers(port_place[arc.port] for arc in arcs),
        "arc_lead_steps": integers(arc.lead_steps for arc in arcs),
        "arc_base_flow": floats(arc.flow for arc in arcs),
        "arc_base_weight": floats(arc.flow / inflow[arc.slot] if arc.flow > 0 else 0.0 for arc in arcs),
        "arc_qualification_steps": integers(arc.qualification_steps for arc in arcs),
    }


def scrap_fields(
    draft: Draft, place: dict[str, int], slot_place: dict[tuple[str, int, int], int]
) -> dict[str, Any]:
    """Return the arrays of scrap sources."""
    return {
        "scrap_node": integers(place[r.node] for r in draft.scraps),
        "scrap_slot": integers(slot_place[r.slot] for r in draft.scraps),
        "scrap_output_per_unit": floats(r.output_per_unit for r in draft.scraps),
        "scrap_yield": floats(r.share_recovered for r in draft.scraps),
        "scrap_rate": floats(r.rate for r in draft.scraps),
        "scrap_stage_start": offsets(r.stages for r in draft.scraps),
    }


def pile_fields(
    draft: Draft,
    slot_place: dict[tuple[str, int, int], int],
    port_place: dict[tuple[str, int], int],
) -> dict[str, Any]:
    """Return the arrays of stockpiles; members in order of class."""
    piles = draft.piles
    members = [sorted(pile.members, key=lambda member: member[1]) for pile in piles]
    buys = [buy for pile in piles for buy in pile.buys]
    return {
        "pile_opening": floats(k.opening for k in piles),
        "pile_target": floats(k.target for k in piles),
        "pile_purchase": floats(k.purchase for k in piles),
        "pile_unit_cost": floats(k.unit_cost for k in piles),
        "pile_budget": floats(k.budget for k in piles),
        "pile_own_stock_first": flags(k.own_stock_first for k in piles),
        "pile_slot_start": offsets(len(of_pile) for of_pile in members),
        "pile_slot": integers(slot_place[slot] for of_pile in members for slot, _ in of_pile),
        "pile_slot_class": integers(rank for of_pile in members for _, rank in of_pile),
        "pile_buy_start": offsets(len(k.buys) for k in piles),
        "buy_port": integers(port_place[port] for port, _, _ in buys),
        "buy_share": floats(share for _, share, _ in buys),
        "buy_lead_steps": integers(lead for _, _, lead in buys),
        "pile_material": integers(k.material for k in piles),
        "pile_ring_start": offsets(max((lead for _, _, lead in k.buys), default=0) for k in piles),
    }


def trigger_fields(draft: Draft, slot_place: dict[tuple[str, int, int], int]) -> dict[str, Any]:
    """Return the arrays of triggers."""
    return {
        "trigger_kind": integers(int(j.kind) for j in draft.triggers),
        "trigger_level": floats(j.level for j in draft.triggers),
        "trigger_slot_start": offsets(len(j.slots) for j in draft.triggers),
        "trigger_slot": integers(slot_place[slot] for j in draft.triggers for slot in j.slots),
        "trigger_window": draft.trigger_window,
    }


def base_parameters(
    draft: Draft, arcs: Sequence[DraftArc], n_slot: int, n_buy: int, segments: dict[Hashable, int]
) -> Parameters:
    """Return the parameters before any effect; `segments` are numbered by (node, material, rank)."""
    ranks = np.zeros(len(segments))
    for (_, _, rank), number in segments.items():
        ranks[number] = rank
    n_node, n_pile = len(draft.nodes), len(draft.piles)
    return Parameters(
        availability=np.ones(n_node),
        capacity_factor=np.ones(n_node),
        demand_factor=np.ones(n_node),
        restricted=np.zeros(n_node),
        arc_cap=floats(arc.cap for arc in arcs),
        input_factor=np.ones(n_slot),
        input_added=np.zeros(n_slot),
        essential_added=np.zeros(n_slot),
        extra_cover=np.zeros(n_slot),
        pile_rate=np.zeros(n_pile),
        pile_buying=np.zeros(n_pile),
        buy_open=np.ones(n_buy),
        trigger_armed=np.ones(len(draft.triggers)),
        arc_delay=np.zeros(len(arcs)),
        segment_rank=ranks,
        scrap_factor=np.ones(len(draft.scraps)),
        capacity_added=np.zeros(n_node),
        planned_added=np.zeros(n_node),
        target_added=np.zeros(len(draft.ports)),
        entry=np.zeros(len(arcs)),
    )


def packed_effect(effect: DraftEffect, places: dict[EffectKind, dict[Hashable, int]]) -> Effect:
    """Return an effect with indices for names."""
    triggers = places[EffectKind.TRIGGER_ARMED]
    return Effect(
        kind=effect.kind,
        name=effect.name,
        index=integers(places[effect.kind][place] for place in effect.places),
        steps=integers(effect.steps),
        values=np.array(effect.values, dtype=np.float64).reshape(len(effect.steps), len(effect.places)),
        labels=tuple(f"row {i}" for i in range(len(effect.steps))),
        trigger=-1 if effect.trigger is None else triggers[effect.trigger],
    )
