"""Parts 1 to 3 of a step: arrive, price, produce (``docs/background/model.md``)."""

from __future__ import annotations

import math

from sim.engine.compiled import compiled
from sim.engine.record import Series
from sim.engine.state import State
from sim.model.arrays import Behaviour, NetworkArrays, Parameters

RESTART_WANT = 0.01  # of capacity: an idle plant starts its restart clock above this
IDLE_ORDERS = 0.005  # of capacity: a restarted plant falls idle again below this
MUST_RUN_PILE = 1.0  # steps of output: a pile up to this is no pile
EDGE = 1e-9  # margin where a limit is met exactly: a pile is often a whole number of steps


@compiled
def arrive(net: NetworkArrays, st: State) -> None:
    """Part 1: what was shipped a lead time ago joins slots and stockpiles."""
    for s in range(len(net.slot_node)):
        at = net.slot_ring_start[s] + st.ring_pos[s]
        arrived = st.ring[at]
        if arrived != 0.0:
            st.on_hand[s] += arrived
            st.transit[s] -= arrived
            st.ring[at] = 0.0
    for k in range(len(net.pile_opening)):
        first, last = net.pile_ring_start[k], net.pile_ring_start[k + 1]
        st.pile_arrived[k] = 0.0
        if last > first:
            at = first + st.pile_pos[k]
            arrived = st.pile_ring[at]
            st.pile_arrived[k] = arrived
            st.pile_stock[k] += arrived
            st.pile_under_way[k] -= arrived
            st.pile_ring[at] = 0.0


@compiled
def growth_of(net: NetworkArrays, n: int, t: int) -> float:
    """Return the growth factor of node `n` at step `t`."""
    if net.node_growth[n] == 0.0:
        return 1.0
    return math.exp(net.node_growth[n] * t)


@compiled
def working_capacity(net: NetworkArrays, par: Parameters, n: int) -> float:
    """Return installed capacity with surge, less what is out, units/step."""
    if par.availability[n] <= 0.0 or par.capacity_factor[n] <= 0.0:
        return 0.0  # also where capacity is infinite
    installed = max(0.0, net.node_capacity[n] + par.capacity_added[n])
    working: float = installed * par.capacity_factor[n] * par.availability[n]
    return working


@compiled
def refill_time(net: NetworkArrays, beh: Behaviour, st: State, p: int, planned_output: float) -> float:
    """Return the steps over which port `p` closes a gap: at least the process time beyond its finished goods.

    A gap closed faster is answered several times over before the first goods come out, and ports without
    finished goods swung ever wider.
    """
    covered = st.port_aim[p] / planned_output if planned_output > 0.0 else 0.0
    refill: float = max(beh.refill_steps, net.node_process_steps[net.port_node[p]] - covered)
    return refill


@compiled
def producer_want(net: NetworkArrays, beh: Behaviour, par: Parameters, st: State, n: int) -> float:
    """Return the activity that orders, port stocks and goods in process call for, units/step."""
    want = 0.0
    pile_steps = 0.0
    behind = max(net.node_process_steps[n] - 1, 0)
    planned = st.planned[n]
    for p in range(net.node_port_start[n], net.node_port_start[n + 1]):
        if not net.port_drives[p]:
            continue
        per_unit = net.port_output_per_unit[p]
        gap = st.port_aim[p] - st.port_stock[p]
        refill = refill_time(net, beh, st, p, planned * per_unit)
        called = st.orders_last[p] + gap / refill
        if net.node_process_steps[n] > 0:
            called += (st.orders_smoothed[p] * behind - per_unit * st.wip[n]) / refill
        want = max(want, called / per_unit)
        if planned > 0.0:
            pile_steps = max(pile_steps, -gap / (planned * per_unit))
    if net.node_must_run[n] > 0.0 and planned > 0.0:
        if par.restricted[n] > 0.0:
            if pile_steps <= net.node_storage_steps[n] + EDGE:
                want = max(want, net.node_must_run[n] * planned)
        elif pile_steps > MUST_RUN_PILE + EDGE:
            want = max(want, beh.minimum_run * net.node_must_run[n] * planned)
    return want


@compiled
def turn_on_or_off(net: NetworkArrays, par: Parameters, st: State, n: int, want: float) -> None:
    """Advance the restart clock, fall idle, or start the clock, in this order."""
    if net.node_restart_steps[n] == 0:
        return
    full = (net.node_capacity[n] + par.capacity_added[n]) * par.capacity_factor[n]
    if not st.running[n] and st.restart_left[n] > 0:
        st.restart_left[n] -= 1
        if st.restart_left[n] == 0:
            st.running[n] = True
    if st.running[n] and st.planned[n] == 0.0 and math.isfinite(full):
        smoothed = 0.0
        for p in range(net.node_port_start[n], net.node_port_start[n + 1]):
            if net.port_drives[p]:
                smoothed = max(smoothed, st.orders_smoothed[p] / net.port_output_per_unit[p])
        if smoothed < IDLE_ORDERS * full:
            st.running[n] = False
    if not st.running[n] and st.restart_left[n] == 0:
        enough = RESTART_WANT * full if math.isfinite(full) else 0.0
        if want > enough:
            st.restart_left[n] = net.node_restart_steps[n]


@compiled
def slot_availability(
    net: NetworkArrays, beh: Behaviour, st: State, s: int, ceiling: float, planned: float
) -> float:
    """Return the share of the want that the slot's stock can serve."""
    needed = st.intensity[s] * ceiling
    if needed <= 0.0:
        return 1.0
    available: float = min(1.0, st.on_hand[s] / needed)
    if beh.cover_spread and net.node_aggregate[net.slot_node[s]]:
        target = net.slot_cover_steps[s] * st.intensity[s] * planned
        if target > 0.0 and st.on_hand[s] < target:
            gap = 1.0 - st.on_hand[s] / target
            available = min(available, 1.0 - gap * gap * gap)
    return available


@compiled
def draw_inputs(
    net: NetworkArrays, beh: Behaviour, par: Parameters, st: State, n: int, ceiling: float, planned: float
) -> float:
    """Take the inputs of node `n` from its slots; return the share of the ceiling that is lost."""
    loss = 0.0
    s, last = net.node_slot_start[n], net.node_slot_start[n + 1]
    while s < last:
        end, worst, share = s, 0.0, 0.0
        while end < last and net.slot_line[end] == net.slot_line[s]:
            st.intensity[end] = net.slot_input_per_unit[end] * par.input_factor[end] + par.input_added[end]
            available = slot_availability(net, beh, st, end, ceiling, planned)
            essential = min(1.0, net.slot_essential[end] + par.essential_added[end])
            worst = max(worst, net.slot_share[end] * essential * (1.0 - available))
            share = max(share, net.slot_share[end])
            end += 1
        line_activity = ceiling
        if share > 0.0:
            line_activity = ceiling * max(0.0, 1.0 - worst / share)
        for i in range(s, end):
            st.draw[i] = min(st.on_hand[i], st.intensity[i] * line_activity)
            st.on_hand[i] -= st.draw[i]
            st.consumed[i] += st.draw[i]
        loss += worst
        s = end
    return min(1.0, loss)


@compiled
def fill_ports(net: NetworkArrays, st: State, rec: Series, n: int, matured: float, t: int) -> None:
    """Put what left the process into the node's ports."""
    if matured == 0.0:
        return
    for p in range(net.node_port_start[n], net.node_port_start[n + 1]):
        made = net.port_output_per_unit[p] * matured
        st.port_stock[p] += made
        st.produced[p] += made
        if net.port_group[p] >= 0:
            rec.production[t, net.port_group[p]] += made


@compiled
def record_use(
    net: NetworkArrays, st: State, rec: Series, n: int, wanted: float, demand: float, caught_up: float, t: int
) -> None:
    """Add the node's demand, draw and catch-up to the histories of its groups and its row."""
    for s in range(net.node_slot_start[n], net.node_slot_start[n + 1]):
        group = net.slot_group[s]
        if group >= 0:
            needed = st.intensity[s] * wanted
            rec.demand[t, group] += needed
            rec.consumption[t, group] += st.draw[s]
            if caught_up > 0.0:
                rec.caught_up[t, group] += max(0.0, st.draw[s] - needed)
    row = net.node_row[n]
    if row >= 0:
        rec.node_demand[t, row] = demand
        rec.node_activity[t, row] = st.activity_next[n]
        rec.node_caught_up[t, row] = caught_up
        rec.node_capacity[t, row] = st.cap[n]
        rec.node_deferred[t, row] = st.deferred[n]


@compiled
def produce_node(
    net: NetworkArrays, beh: Behaviour, par: Parameters, st: State, rec: Series, n: int, t: int
) -> None:
    """Part 3 for one node."""
    steps, at = net.node_process_steps[n], net.node_wip_start[n] + st.wip_pos[n]
    matured = 0.0
    if steps > 0:
        matured = st.wip_ring[at]
        st.wip[n] -= matured
    cap = working_capacity(net, par, n)
    if net.node_host[n] >= 0:
        cap = min(cap, net.node_host_ratio[n] * st.activity[net.node_host[n]])
    planned = st.planned[n]
    demand = 0.0
    if net.node_end_use[n]:
        planned *= growth_of(net, n, t)
        demand = planned * par.demand_factor[n]
        want = demand + st.deferred[n] / beh.catch_up_steps
    else:
        want = producer_want(net, beh, par, st, n)
        turn_on_or_off(net, par, st, n, want)
        if not st.running[n]:
            cap = 0.0
    ceiling = min(want, cap)
    if net.node_recycling[n]:
        ceiling = min(ceiling, st.scrap_stock[n] / net.node_scrap_steps[n])
    activity = ceiling * (1.0 - draw_inputs(net, beh, par, st, n, ceiling, planned))
    st.want[n], st.cap[n], st.demand[n], st.activity_next[n] = want, cap, demand, activity
    caught_up, wanted = 0.0, ceiling
    if net.node_end_use[n]:
        caught_up = max(0.0, activity - demand)
        wanted = min(demand, cap)
        unmet = max(0.0, demand - activity)
        st.deferred[n] += net.node_deferred_fraction[n] * unmet - min(caught_up, st.deferred[n])
        st.deferred[n] -= st.deferred[n] / beh.deferral_steps
    if steps > 0:
        st.wip_ring[at] = activity
        st.wip[n] += activity
        st.wip_pos[n] = (st.wip_pos[n] + 1) % steps
    else:
        matured = activity
    fill_ports(net, st, rec, n, matured, t)
    record_use(net, st, rec, n, wanted, demand if net.node_end_use[n] else ceiling, caught_up, t)


@compiled
def pass_chain(net: NetworkArrays, st: State, r: int, inflow: float) -> float:
    """Move scrap of source `r` one step on along its lifetime; return what reaches its end."""
    first, last = net.scrap_stage_start[r], net.scrap_stage_start[r + 1]
    if last == first:
        return inflow
    leaving: float = st.chain[last - 1] * net.scrap_rate[r]
    st.chain[last - 1] -= leaving
    for i in range(last - 2, first - 1, -1):
        moved = st.chain[i] * net.scrap_rate[r]
        st.chain[i] -= moved
        st.chain[i + 1] += moved
    st.chain[first] += inflow
    return leaving


@compiled
def return_scrap(net: NetworkArrays, beh: Behaviour, par: Parameters, st: State) -> None:
    """Scrap of this step's draws moves towards the recycling nodes; they give off what they used."""
    for n in range(len(net.node_planned)):
        if net.node_recycling[n]:
            st.scrap_stock[n] -= st.activity_next[n]
    for r in range(len(net.scrap_node)):
        s = net.scrap_slot[r]
        product = net.scrap_output_per_unit[r] * st.activity_next[net.slot_node[s]]
        generated = max(0.0, st.draw[s] - product)
        st.scrap_generated[r] += generated
        out = pass_chain(net, st, r, generated)
        recovered = out * min(1.0, net.scrap_yield[r] * par.scrap_factor[r])
        st.scrap_stock[net.scrap_node[r]] += recovered
        st.scrap_lost[r] += out - recovered
    for n in range(len(net.node_planned)):
        if net.node_recycling[n]:
            excess = max(0.0, st.scrap_stock[n] - net.node_scrap_steps[n] * st.planned[n])
            st.scrap_stock[n] -= excess / beh.scrap_disposal_steps
            st.scrap_disposed[n] += excess / beh.scrap_disposal_steps


@compiled
def produce(net: NetworkArrays, beh: Behaviour, par: Parameters, st: State, rec: Series, t: int) -> None:
    """Part 3: every node turns inputs into outputs; hosts limit by their activity of the step before."""
    for n in range(len(net.node_planned)):
        produce_node(net, beh, par, st, rec, n, t)
    return_scrap(net, beh, par, st)
    for n in range(len(net.node_planned)):
        st.activity[n] = st.activity_next[n]
