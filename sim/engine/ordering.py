"""Part 4 of a step: what every slot orders, and from whom (``docs/background/model.md``)."""

from __future__ import annotations

from sim.engine.compiled import compiled
from sim.engine.production import growth_of, working_capacity
from sim.engine.state import State
from sim.model.arrays import Behaviour, NetworkArrays, Parameters


@compiled
def smooth_use(net: NetworkArrays, beh: Behaviour, par: Parameters, st: State) -> None:
    """Let the use that orders are based on follow demand-limited activity."""
    for n in range(len(net.node_planned)):
        wanted = st.demand[n] if net.node_end_use[n] else st.want[n]
        # a host's limit is left out: with it, two nodes that wait for each other would stop for good
        able = working_capacity(net, par, n) if st.running[n] or net.node_end_use[n] else 0.0
        st.use_smoothed[n] += (min(wanted, able) - st.use_smoothed[n]) / beh.forecast_steps


@compiled
def slot_order(
    net: NetworkArrays, beh: Behaviour, par: Parameters, st: State, s: int, planned: float
) -> float:
    """Return the slot's order, t/step: expected use plus the way to its target position."""
    n, b = net.slot_node[s], st.intensity[s]
    use = b * st.use_smoothed[n]
    cover = (net.slot_cover_steps[s] + par.extra_cover[s]) * b * planned
    target = cover + use * (st.mean_lead[s] - 1.0)
    position = st.on_hand[s] + st.transit[s]
    if st.deferred[n] > 0.0:
        # goods for a backlog that spare capacity cannot work off before they come would only pile up
        spare = min(max(0.0, st.cap[n] - st.demand[n]), st.deferred[n] / beh.catch_up_steps)
        position -= b * min(st.deferred[n], spare * (st.mean_lead[s] + beh.adjustment_steps))
    order: float = max(0.0, use + (target - position) / beh.adjustment_steps)
    return order


@compiled
def open_weight(net: NetworkArrays, par: Parameters, st: State, s: int) -> float:
    """Return the sum of weights over the slot's open arcs."""
    total = 0.0
    for a in range(net.slot_arc_start[s], net.slot_arc_start[s + 1]):
        if par.arc_cap[a] > 0.0:
            total += st.weight[a]
    if st.latent_live[s]:
        for a in range(net.slot_latent_start[s], net.slot_latent_start[s + 1]):
            if par.arc_cap[a] > 0.0 and st.qualification_left[a] == 0:
                total += st.weight[a]
    return total


@compiled
def order_range(
    net: NetworkArrays,
    par: Parameters,
    st: State,
    first: int,
    last: int,
    order: float,
    cap_factor: float,
    latent: bool,
) -> None:
    """Split `order` by weight over arcs first..last, each within its caps; add to segments of ports."""
    for a in range(first, last):
        asked = order * st.weight[a]
        limit = par.arc_cap[a]
        if cap_factor >= 0.0:
            limit = min(limit, cap_factor * max(st.base_flow[a], st.established[a]))
        if latent and st.qualification_left[a] != 0:  # used arcs are qualified: one array less to read
            limit = 0.0
        asked = min(asked, limit)
        st.arc_order[a] = asked
        if asked > 0.0:
            st.segment_orders[net.arc_segment[a]] += asked


@compiled
def clear_left(net: NetworkArrays, st: State) -> None:
    """Forget what latent arcs carried in slots that no longer use them, so that idle arcs need no visit."""
    for i in range(st.counters[2]):
        s = st.left_slots[i]
        for a in range(net.slot_latent_start[s], net.slot_latent_start[s + 1]):
            st.arc_order[a] = 0.0
            st.unfilled[a] = 0.0
    st.counters[2] = 0


@compiled
def place_orders(net: NetworkArrays, beh: Behaviour, par: Parameters, st: State, t: int) -> None:
    """Part 4: every slot orders and splits its order over open used arcs (round 1)."""
    smooth_use(net, beh, par, st)
    st.segment_orders[:] = 0.0
    clear_left(net, st)
    for n in range(len(net.node_planned)):
        planned = st.planned[n]
        if net.node_end_use[n]:
            planned *= growth_of(net, n, t)
        for s in range(net.node_slot_start[n], net.node_slot_start[n + 1]):
            order = slot_order(net, beh, par, st, s, planned)
            st.order[s] = order
            st.slot_relief[s] = 0.0
            split = order
            if beh.resourcing and st.blocked[s]:
                total = open_weight(net, par, st, s)
                split = order / total if total > 0.0 else 0.0
            first, last = net.slot_arc_start[s], net.slot_arc_start[s + 1]
            capped = beh.resourcing and last > first and beh.order_cap < 1e300
            factor = beh.order_cap if capped else -1.0
            order_range(net, par, st, first, last, split, factor, False)
            if st.latent_live[s]:
                first, last = net.slot_latent_start[s], net.slot_latent_start[s + 1]
                order_range(net, par, st, first, last, split, factor, True)
    sum_orders(net, st)


@compiled
def sum_orders(net: NetworkArrays, st: State) -> None:
    """Add up what each port is asked for in round 1: one addition a segment is cheaper than one an arc."""
    for p in range(len(net.port_node)):
        st.orders[p] = 0.0
        for g in range(net.port_segment_start[p], net.port_segment_start[p + 1]):
            st.orders[p] += st.segment_orders[g]
