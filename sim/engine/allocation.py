"""Parts 5, 6 and 8 of a step: allocate, re-source, ship and adapt (``docs/background/model.md``)."""

from __future__ import annotations

import math

from sim.engine.compiled import compiled
from sim.engine.production import growth_of, working_capacity
from sim.engine.record import Series
from sim.engine.state import State
from sim.model.arrays import Behaviour, NetworkArrays, Parameters

SHORT = 1e-9  # of the larger of base use and order: below this a slot is not short
OFFER_LIMIT = 1e6  # times the shortage: keeps offers of unlimited capacity finite
WEIGHT_FLOOR = 1e-6  # a latent arc's weight below this is none
WEIGHT_SNAP = 1e-12  # a weight this near its base has returned


@compiled
def fill_segments(net: NetworkArrays, par: Parameters, st: State, available: float, p: int) -> float:
    """Serve the segments of port `p` by rank from `available`; return what is left of it."""
    first, last = net.port_segment_start[p], net.port_segment_start[p + 1]
    if last - first == 1:  # most ports serve one class and need no search
        asked = st.segment_orders[first]
        fill = 1.0 if asked <= available else available / asked
        st.segment_fill[first] = fill
        return available - asked if fill == 1.0 else 0.0
    served = -math.inf
    while True:
        rank, asked = math.inf, 0.0
        for g in range(first, last):
            if served < par.segment_rank[g] < rank:
                rank, asked = par.segment_rank[g], st.segment_orders[g]
            elif par.segment_rank[g] == rank:
                asked += st.segment_orders[g]
        if rank == math.inf:
            return available
        fill = 1.0 if asked <= available else available / asked
        available = available - asked if fill == 1.0 else 0.0
        for g in range(first, last):
            if par.segment_rank[g] == rank:
                st.segment_fill[g] = fill
        served = rank


@compiled
def allocate(net: NetworkArrays, par: Parameters, st: State) -> None:
    """Part 5: each port ships what it has, by class, in proportion within a class."""
    for p in range(len(net.port_node)):
        st.left[p] = fill_segments(net, par, st, st.port_stock[p], p)


@compiled
def send(net: NetworkArrays, st: State, s: int, lead_steps: int, quantity: float) -> None:
    """Put `quantity` on its way to slot `s`."""
    first = net.slot_ring_start[s]
    at = st.ring_pos[s] + lead_steps
    length = net.slot_ring_start[s + 1] - first
    if at >= length:
        at -= length
    st.ring[first + at] += quantity
    st.transit[s] += quantity


@compiled
def grant_range(
    net: NetworkArrays, beh: Behaviour, par: Parameters, st: State, s: int, first: int, last: int
) -> float:
    """Grant round-1 orders of arcs first..last; return their sum.

    `unfilled` is kept where a port could not serve all; where its fill is 1 nobody reads it.
    """
    total = 0.0
    share = 1.0 / beh.established_steps
    for a in range(first, last):
        granted = st.arc_order[a]
        if granted > 0.0:
            fill = st.segment_fill[net.arc_segment[a]]
            if fill < 1.0:
                st.unfilled[a] = granted - granted * fill
                granted *= fill
                st.arc_order[a] = granted
            total += granted
            send(net, st, s, net.arc_lead_steps[a] + int(par.arc_delay[a]), granted)
        else:
            st.unfilled[a] = 0.0
        st.established[a] += (granted - st.established[a]) * share
    return total


@compiled
def least(net: NetworkArrays, st: State, s: int, t: int) -> float:
    """Return the quantity below which a shortage or an offer of slot `s` is rounding noise, t/step."""
    n = net.slot_node[s]
    planned = st.planned[n]
    if net.node_end_use[n]:
        planned *= growth_of(net, n, t)
    noise: float = SHORT * max(st.order[s], st.intensity[s] * planned)
    return noise


@compiled
def grant_round_one(net: NetworkArrays, beh: Behaviour, par: Parameters, st: State, t: int) -> None:
    """Send what round 1 granted and list the slots that are still short."""
    n_short = 0
    for s in range(len(net.slot_node)):
        total = grant_range(net, beh, par, st, s, net.slot_arc_start[s], net.slot_arc_start[s + 1])
        if st.latent_live[s]:
            first, last = net.slot_latent_start[s], net.slot_latent_start[s + 1]
            total += grant_range(net, beh, par, st, s, first, last)
        st.slot_granted[s] = total
        if st.order[s] - total > SHORT * st.order[s] and st.order[s] - total > least(net, st, s, t):
            st.short_slots[n_short] = s
            n_short += 1
    st.counters[1] = n_short


@compiled
def count_idle(net: NetworkArrays, par: Parameters, st: State) -> None:
    """Find what each driving port could make beyond its round-1 orders, t/step."""
    for p in range(len(net.port_node)):
        n = net.port_node[p]
        st.idle[p] = 0.0
        if net.port_drives[p]:
            cap = st.cap[n] if st.running[n] else working_capacity(net, par, n)
            st.idle[p] = max(0.0, cap * net.port_output_per_unit[p] - st.orders[p])


@compiled
def offer(net: NetworkArrays, par: Parameters, st: State, a: int, short: float) -> float:
    """Return what the supplier of arc `a` could send beyond round 1, t/step."""
    p = net.arc_port[a]
    free: float = min(st.left[p] + st.idle[p], par.arc_cap[a] - st.arc_order[a])
    return min(free, OFFER_LIMIT * short)


@compiled
def sum_offers(
    net: NetworkArrays, par: Parameters, st: State, first: int, last: int, short: float, noise: float
) -> float:
    """Sum the offers of qualified arcs first..last; start the clock of open arcs that are not qualified.

    Offers up to `noise` count as none.
    """
    total = 0.0
    for a in range(first, last):
        st.request[a] = 0.0
        if par.arc_cap[a] <= 0.0:
            continue
        offered = offer(net, par, st, a, short)
        if offered <= noise:
            continue
        if st.qualification_left[a] == 0:
            st.request[a] = offered
            total += offered
        elif st.qualification_left[a] < 0:
            st.qualification_left[a] = net.arc_qualification_steps[a]
            st.clocks[st.counters[0]] = a
            st.counters[0] += 1
    return total


@compiled
def request_range(
    net: NetworkArrays, par: Parameters, st: State, first: int, last: int, per_offer: float
) -> None:
    """Turn the offers held in `request` into requests; ports hear of what round 1 did not tell them.

    A request repeated to the port that could not fill it in this very step is no second order: counted
    twice, ports without finished goods swung ever wider (doubling in 60 weeks).
    """
    for a in range(first, last):
        if st.request[a] > 0.0:
            asked = min(per_offer * st.request[a], par.arc_cap[a] - st.arc_order[a])
            st.request[a] = asked
            g = net.arc_segment[a]
            repeated = st.unfilled[a] if st.segment_fill[g] < 1.0 else 0.0
            st.orders[net.arc_port[a]] += max(0.0, asked - repeated)
            st.segment_orders[g] += asked


@compiled
def grant_requests(
    net: NetworkArrays, beh: Behaviour, par: Parameters, st: State, s: int, first: int, last: int
) -> float:
    """Send what round 2 granted on arcs first..last; return the sum."""
    total = 0.0
    for a in range(first, last):
        if st.request[a] > 0.0:
            granted = st.request[a] * st.segment_fill[net.arc_segment[a]]
            st.request[a] = 0.0
            if granted > 0.0:
                st.arc_order[a] += granted
                st.established[a] += granted / beh.established_steps
                total += granted
                send(net, st, s, net.arc_lead_steps[a] + int(par.arc_delay[a]), granted)
    return total


@compiled
def resource(net: NetworkArrays, beh: Behaviour, par: Parameters, st: State, t: int) -> None:
    """Part 6: short slots ask open, qualified suppliers for the rest, in proportion to what they offer."""
    if st.counters[1] == 0:
        return
    count_idle(net, par, st)
    st.segment_orders[:] = 0.0
    for i in range(st.counters[1]):
        s = st.short_slots[i]
        short = st.order[s] - st.slot_granted[s]
        used, used_end = net.slot_arc_start[s], net.slot_arc_start[s + 1]
        latent, latent_end = net.slot_latent_start[s], net.slot_latent_start[s + 1]
        noise = least(net, st, s, t)
        total = sum_offers(net, par, st, used, used_end, short, noise)
        total += sum_offers(net, par, st, latent, latent_end, short, noise)
        st.adapting[s] = True
        if total > 0.0:
            # requests are summed only after every slot has seen the same offers
            request_range(net, par, st, used, used_end, short / total)
            request_range(net, par, st, latent, latent_end, short / total)
    for p in range(len(net.port_node)):
        st.left[p] = fill_segments(net, par, st, st.left[p], p)
    for i in range(st.counters[1]):
        s = st.short_slots[i]
        used, used_end = net.slot_arc_start[s], net.slot_arc_start[s + 1]
        latent, latent_end = net.slot_latent_start[s], net.slot_latent_start[s + 1]
        total = grant_requests(net, beh, par, st, s, used, used_end)
        total += grant_requests(net, beh, par, st, s, latent, latent_end)
        st.slot_granted[s] += total


@compiled
def adapt_range(
    beh: Behaviour, par: Parameters, st: State, first: int, last: int, granted_sum: float
) -> float:
    """Move weights of arcs first..last to granted shipments and, if open, back to base; return the sum."""
    total = 0.0
    for a in range(first, last):
        weight = st.weight[a]
        if granted_sum > 0.0:
            weight += (st.arc_order[a] / granted_sum - weight) / beh.switching_steps
        if par.arc_cap[a] > 0.0 and st.qualification_left[a] == 0:
            weight += (st.base_weight[a] - weight) / beh.loyalty_steps
        if st.base_weight[a] == 0.0 and weight < WEIGHT_FLOOR:
            weight = 0.0
        st.weight[a] = weight
        total += weight
    return total


@compiled
def settle_range(
    net: NetworkArrays, par: Parameters, st: State, s: int, first: int, last: int, total: float
) -> bool:
    """Renormalise weights of arcs first..last and add up the mean lead; return whether some are off base."""
    moving = False
    for a in range(first, last):
        weight = st.weight[a] / total
        if abs(weight - st.base_weight[a]) < WEIGHT_SNAP:
            weight = st.base_weight[a]
        else:
            moving = True
        st.weight[a] = weight
        st.mean_lead[s] += weight * (net.arc_lead_steps[a] + par.arc_delay[a])
    return moving


@compiled
def adapt(net: NetworkArrays, beh: Behaviour, par: Parameters, st: State, t: int) -> None:
    """Part 8, weights: only slots that were short, have a closed arc or are away from base."""
    for s in range(len(net.slot_node)):
        if not (st.adapting[s] or st.blocked[s]):
            continue
        used, used_end = net.slot_arc_start[s], net.slot_arc_start[s + 1]
        latent, latent_end = net.slot_latent_start[s], net.slot_latent_start[s + 1]
        granted = st.slot_granted[s]
        if granted <= least(net, st, s, t):
            granted = 0.0  # rounding left in a port is no delivery
        total = adapt_range(beh, par, st, used, used_end, granted)
        latent_total = adapt_range(beh, par, st, latent, latent_end, granted)
        st.latent_live[s] = latent_total > 0.0
        if latent_total == 0.0:
            for a in range(latent, latent_end):
                st.established[a] = 0.0
            st.left_slots[st.counters[2]] = s
            st.counters[2] += 1
        total += latent_total
        if total <= 0.0:
            continue
        st.mean_lead[s] = 0.0
        moving = settle_range(net, par, st, s, used, used_end, total)
        moving = settle_range(net, par, st, s, latent, latent_end, total) or moving
        st.adapting[s] = moving


@compiled
def count_clocks(st: State) -> None:
    """Let every running qualification clock fall by one; drop those that are done."""
    kept = 0
    for i in range(st.counters[0]):
        a = st.clocks[i]
        if st.qualification_left[a] > 0:  # a contract of a new plant may have qualified it meanwhile
            st.qualification_left[a] -= 1
        if st.qualification_left[a] > 0:
            st.clocks[kept] = a
            kept += 1
    st.counters[0] = kept


@compiled
def leave_ports(net: NetworkArrays, beh: Behaviour, st: State, rec: Series, t: int) -> None:
    """Part 8, ports: what was granted has left, disposable surplus goes to its sink, orders are kept.

    A plant that has fallen idle again sells off what its customers left behind when they went home.
    """
    for p in range(len(net.port_node)):
        stock, n = st.left[p], net.port_node[p]
        sold_off = st.planned[n] == 0.0 and not st.running[n]
        if (net.port_disposable[p] or sold_off) and stock > st.port_aim[p]:
            st.surplus[p] += stock - st.port_aim[p]
            stock = st.port_aim[p]
        st.port_stock[p] = stock
        st.orders_last[p] = st.orders[p]
        st.orders_smoothed[p] += (st.orders[p] - st.orders_smoothed[p]) / beh.forecast_steps
        if net.port_group[p] >= 0:
            rec.port_stock[t, net.port_group[p]] += stock


@compiled
def record_flows(net: NetworkArrays, st: State, rec: Series, t: int) -> None:
    """Record what every arc shipped in rounds 1 and 2, when asked for."""
    if rec.flow.shape[0] > 0:
        for a in range(len(net.arc_port)):
            rec.flow[t, a] = st.arc_order[a]


@compiled
def close_step(net: NetworkArrays, st: State, rec: Series, t: int) -> None:
    """Record stocks at users and turn the arrival rings by one step."""
    for s in range(len(net.slot_node)):
        group = net.slot_group[s]
        if group >= 0:
            rec.inventory[t, group] += st.on_hand[s]
            rec.in_transit[t, group] += st.transit[s]
        st.ring_pos[s] += 1
        if st.ring_pos[s] == net.slot_ring_start[s + 1] - net.slot_ring_start[s]:
            st.ring_pos[s] = 0
    for k in range(len(net.pile_opening)):
        rec.pile_stock[t, k] = st.pile_stock[k]
        rec.pile_released[t, k] = st.pile_released[k]
        rec.pile_bought[t, k] = st.pile_arrived[k]
        rec.pile_spent[t, k] = st.pile_spent[k]
        length = net.pile_ring_start[k + 1] - net.pile_ring_start[k]
        if length > 0:
            st.pile_pos[k] = (st.pile_pos[k] + 1) % length
