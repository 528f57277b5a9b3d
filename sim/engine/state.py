"""State of a trajectory: every array that a step changes, and its steady start."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from sim.model.arrays import Behaviour, NetworkArrays, Parameters
from sim.vocab import BoolArray, FloatArray, IntArray


class State(NamedTuple):
    """Arrays that the kernel writes in place; see ``docs/background/model.md`` for each symbol."""

    # slots
    on_hand: FloatArray
    transit: FloatArray
    ring: FloatArray
    """Arrivals by due step, a ring for each slot."""
    ring_pos: IntArray
    intensity: FloatArray
    """b of this step."""
    draw: FloatArray
    order: FloatArray
    slot_granted: FloatArray
    slot_relief: FloatArray
    """Granted by stockpiles this step."""
    mean_lead: FloatArray
    adapting: BoolArray
    """Weights are away from base or the slot was short: part 8 visits it."""
    blocked: BoolArray
    """Some arc of the slot is closed."""
    latent_live: BoolArray
    """Some latent arc of the slot has weight."""
    # ports
    port_stock: FloatArray
    orders: FloatArray
    orders_last: FloatArray
    orders_smoothed: FloatArray
    left: FloatArray
    idle: FloatArray
    # segments
    segment_orders: FloatArray
    segment_fill: FloatArray
    # nodes
    wip_ring: FloatArray
    wip_pos: IntArray
    wip: FloatArray
    deferred: FloatArray
    use_smoothed: FloatArray
    activity: FloatArray
    activity_next: FloatArray
    want: FloatArray
    cap: FloatArray
    demand: FloatArray
    running: BoolArray
    restart_left: IntArray
    scrap_stock: FloatArray
    # arcs
    arc_order: FloatArray
    """Round 1: ordered, then granted; rounds 1 and 2 after re-sourcing."""
    request: FloatArray
    unfilled: FloatArray
    """Round-1 order that the port could not fill, t/step."""
    weight: FloatArray
    established: FloatArray
    qualification_left: IntArray
    clocks: IntArray
    """Arcs whose qualification clock runs; the first ``counters[0]`` entries count."""
    short_slots: IntArray
    """Slots in round 2; the first ``counters[1]`` entries count."""
    left_slots: IntArray
    """Slots whose latent arcs lost all weight in this step; the first ``counters[2]`` entries count."""
    counters: IntArray
    # scrap sources
    chain: FloatArray
    scrap_generated: FloatArray
    """Cumulative, t."""
    scrap_lost: FloatArray
    scrap_disposed: FloatArray
    """Cumulative by node, t."""
    # stockpiles
    pile_stock: FloatArray
    pile_ring: FloatArray
    pile_pos: IntArray
    pile_under_way: FloatArray
    pile_spent: FloatArray
    pile_released: FloatArray
    pile_arrived: FloatArray
    # triggers
    trigger_granted: FloatArray
    trigger_ordered: FloatArray
    fired: IntArray
    """Step at which the trigger fired; -1 before."""
    # what projects and redirects have made of the base year
    planned: FloatArray
    """Planned activity by node, units/step."""
    base_weight: FloatArray
    base_flow: FloatArray
    """By arc; see `sim.engine.entries`."""
    port_aim: FloatArray
    """Target of a port, t."""
    # cumulative books
    produced: FloatArray
    surplus: FloatArray
    consumed: FloatArray


def read_only(net: NetworkArrays) -> NetworkArrays:
    """Return views that cannot be written: one array type for the compiler, and a guard."""
    views = []
    for values in net:
        view = np.ascontiguousarray(values).view() if isinstance(values, np.ndarray) else values
        if isinstance(view, np.ndarray):
            view.flags.writeable = False
        views.append(view)
    return NetworkArrays._make(views)


def copy_parameters(base: Parameters) -> Parameters:
    """Return a writable copy."""
    return Parameters(*(np.array(values, dtype=np.float64) for values in base))


def steady_state(net: NetworkArrays, behaviour: Behaviour, base: Parameters) -> State:
    """Return the start: the steady state of the base flows.

    Parameters
    ----------
    net : NetworkArrays
    behaviour : Behaviour
    base : Parameters
        Parameters before any effect.

    Returns
    -------
    State
        Freshly allocated; inventories at target, pipelines full.
    """
    n_node, n_slot = len(net.node_planned), len(net.slot_node)
    n_port, n_arc = len(net.port_node), len(net.arc_port)
    n_pile, n_trigger, n_scrap = len(net.pile_opening), len(net.trigger_kind), len(net.scrap_node)
    n_segment = int(net.port_segment_start[-1])
    planned = net.node_planned
    intensity = net.slot_input_per_unit * base.input_factor + base.input_added
    use = intensity * planned[net.slot_node]
    transit = np.bincount(net.arc_slot, net.arc_base_flow * net.arc_lead_steps, n_slot).astype(np.float64)
    mean_lead = np.bincount(net.arc_slot, net.arc_base_weight * net.arc_lead_steps, n_slot)
    qualification = np.where(net.arc_qualification_steps > 0, -1, 0)
    zeros = np.zeros
    return State(
        on_hand=net.slot_cover_steps * use,
        transit=transit,
        ring=_full_rings(net),
        ring_pos=zeros(n_slot, np.int64),
        intensity=intensity.copy(),
        draw=use.copy(),
        order=use.copy(),
        slot_granted=zeros(n_slot),
        slot_relief=zeros(n_slot),
        mean_lead=np.where(mean_lead > 0, mean_lead, 1.0),
        adapting=zeros(n_slot, np.bool_),
        blocked=zeros(n_slot, np.bool_),
        latent_live=zeros(n_slot, np.bool_),
        port_stock=net.port_target.copy(),
        orders=net.port_base_orders.copy(),
        orders_last=net.port_base_orders.copy(),
        orders_smoothed=net.port_base_orders.copy(),
        left=zeros(n_port),
        idle=zeros(n_port),
        segment_orders=zeros(n_segment),
        segment_fill=np.ones(n_segment),
        wip_ring=np.repeat(planned, net.node_process_steps),
        wip_pos=zeros(n_node, np.int64),
        wip=planned * net.node_process_steps,
        deferred=zeros(n_node),
        use_smoothed=planned.copy(),
        activity=planned.copy(),
        activity_next=planned.copy(),
        want=planned.copy(),
        cap=net.node_capacity.copy(),
        demand=planned.copy(),
        running=(planned > 0) | (net.node_restart_steps == 0),
        restart_left=zeros(n_node, np.int64),
        scrap_stock=_scrap_at_rest(net, behaviour, use),
        arc_order=net.arc_base_flow.copy(),
        request=zeros(n_arc),
        unfilled=zeros(n_arc),
        weight=net.arc_base_weight.copy(),
        established=net.arc_base_flow.copy(),
        qualification_left=qualification.astype(np.int64),
        clocks=zeros(n_arc, np.int64),
        short_slots=zeros(n_slot, np.int64),
        left_slots=zeros(n_slot, np.int64),
        counters=zeros(3, np.int64),
        chain=_full_chains(net, use),
        scrap_generated=zeros(n_scrap),
        scrap_lost=zeros(n_scrap),
        scrap_disposed=zeros(n_node),
        pile_stock=net.pile_opening.copy(),
        pile_ring=zeros(int(net.pile_ring_start[-1])),
        pile_pos=zeros(n_pile, np.int64),
        pile_under_way=zeros(n_pile),
        pile_spent=zeros(n_pile),
        pile_released=zeros(n_pile),
        pile_arrived=zeros(n_pile),
        trigger_granted=zeros(n_trigger * net.trigger_window),
        trigger_ordered=zeros(n_trigger * net.trigger_window),
        fired=np.full(n_trigger, -1, dtype=np.int64),
        planned=planned.copy(),
        base_weight=net.arc_base_weight.copy(),
        base_flow=net.arc_base_flow.copy(),
        port_aim=net.port_target.copy(),
        produced=zeros(n_port),
        surplus=zeros(n_port),
        consumed=zeros(n_slot),
    )


def refresh_mean_leads(net: NetworkArrays, parameters: Parameters, state: State) -> None:
    """Let the mean lead time of every slot follow the delays in force, at the present weights."""
    lead = np.bincount(
        net.arc_slot, state.weight * (net.arc_lead_steps + parameters.arc_delay), len(net.slot_node)
    )
    state.mean_lead[:] = np.where(lead > 0, lead, 1.0)


def _full_rings(net: NetworkArrays) -> FloatArray:
    """Return arrival rings in which every arc has shipped its base flow in each step before the start."""
    ring = np.zeros(int(net.slot_ring_start[-1]))
    offset = net.slot_ring_start[net.arc_slot]
    flowing = np.flatnonzero(net.arc_base_flow)
    for lead in range(int(net.arc_lead_steps[flowing].max(initial=0))):
        due = flowing[net.arc_lead_steps[flowing] > lead]
        np.add.at(ring, offset[due] + lead, net.arc_base_flow[due])
    return ring


def base_scrap(net: NetworkArrays, use: FloatArray) -> FloatArray:
    """Return scrap generated by each source in the base year, t/step; `use` is base draw by slot."""
    node = net.slot_node[net.scrap_slot]
    product = net.scrap_output_per_unit * net.node_planned[node]
    generated: FloatArray = np.maximum(0.0, use[net.scrap_slot] - product)
    return generated


def _scrap_at_rest(net: NetworkArrays, behaviour: Behaviour, use: FloatArray) -> FloatArray:
    """Return scrap stocks at which what is not recycled leaves as fast as it comes, t by node."""
    recovered = np.bincount(net.scrap_node, base_scrap(net, use) * net.scrap_yield, len(net.node_planned))
    waits = behaviour.scrap_disposal_steps - 1.0
    if math.isinf(waits):
        waits = 0.0  # nothing ever leaves: no stock is at rest, so that it starts at its normal size
    spare = np.maximum(0.0, recovered - net.node_planned) * waits
    stock: FloatArray = np.where(net.node_recycling, net.node_scrap_steps * net.node_planned + spare, 0.0)
    return stock


def _full_chains(net: NetworkArrays, use: FloatArray) -> FloatArray:
    """Return lifetime chains in which every stage passes on what the base year generates."""
    content = base_scrap(net, use) / net.scrap_rate
    stages: FloatArray = np.repeat(content, np.diff(net.scrap_stage_start))
    return stages


def refresh_switches(net: NetworkArrays, behaviour: Behaviour, par: Parameters, state: State) -> None:
    """Mark the slots that have a closed arc; called after the calendar changed caps."""
    state.blocked[:] = False
    if not behaviour.resourcing:
        return
    used = int(net.slot_arc_start[-1])
    closed = np.flatnonzero(par.arc_cap[:used] <= 0)
    state.blocked[net.arc_slot[closed]] = True
    live = used + np.flatnonzero((par.arc_cap[used:] <= 0) & (state.weight[used:] > 0))
    state.blocked[net.arc_slot[live]] = True
