"""Part 7 of a step: stockpiles as last resort, their purchases, triggers (``docs/background/model.md``)."""

from __future__ import annotations

from sim.engine.allocation import send
from sim.engine.compiled import compiled
from sim.engine.state import State
from sim.model.arrays import NetworkArrays, Parameters

CALM_FILL = 0.99  # a pile buys only when its members were filled to at least this


@compiled
def unmet(net: NetworkArrays, st: State, k: int, s: int) -> float:
    """Return what slot `s` may still ask of stockpile `k`, t/step."""
    missing: float = st.order[s] - st.slot_granted[s] - st.slot_relief[s]
    if net.pile_own_stock_first[k]:
        use = st.intensity[s] * st.use_smoothed[net.slot_node[s]]
        missing = min(missing, use - st.on_hand[s] - st.slot_relief[s])
    return max(0.0, missing)


@compiled
def release(net: NetworkArrays, par: Parameters, st: State, k: int) -> None:
    """Serve member slots of stockpile `k`, class after class, in proportion within a class."""
    available = min(st.pile_stock[k], par.pile_rate[k])
    i, last = net.pile_slot_start[k], net.pile_slot_start[k + 1]
    while i < last and available > 0.0:
        end, asked = i, 0.0
        while end < last and net.pile_slot_class[end] == net.pile_slot_class[i]:
            asked += unmet(net, st, k, net.pile_slot[end])
            end += 1
        fill = 1.0 if asked <= available else available / asked
        for j in range(i, end):
            s = net.pile_slot[j]
            granted = min(unmet(net, st, k, s) * fill, st.pile_stock[k])  # rounding must not overdraw it
            if granted > 0.0:
                st.slot_relief[s] += granted
                st.pile_stock[k] -= granted
                st.pile_released[k] += granted
                send(net, st, s, 1, granted)
        available = max(0.0, available - asked)
        i = end


@compiled
def is_calm(net: NetworkArrays, st: State, k: int) -> bool:
    """Return whether suppliers served the members of stockpile `k` nearly in full this step."""
    granted, ordered = 0.0, 0.0
    for i in range(net.pile_slot_start[k], net.pile_slot_start[k + 1]):
        granted += st.slot_granted[net.pile_slot[i]]
        ordered += st.order[net.pile_slot[i]]
    return granted >= CALM_FILL * ordered


@compiled
def buy(net: NetworkArrays, par: Parameters, st: State, k: int) -> None:
    """Let stockpile `k` buy what ports have left, within rate, target and budget."""
    wanted = min(net.pile_purchase[k], net.pile_target[k] - st.pile_stock[k] - st.pile_under_way[k])
    cost = net.pile_unit_cost[k]
    if cost > 0.0:
        wanted = min(wanted, (net.pile_budget[k] - st.pile_spent[k]) / cost)
    if wanted <= 0.0 or not is_calm(net, st, k):
        return
    first, last = net.pile_buy_start[k], net.pile_buy_start[k + 1]
    shares = 0.0
    for i in range(first, last):
        if par.buy_open[i] > 0.0:
            shares += net.buy_share[i]
    if shares <= 0.0:
        return
    length = net.pile_ring_start[k + 1] - net.pile_ring_start[k]
    for i in range(first, last):
        if par.buy_open[i] > 0.0:
            p = net.buy_port[i]
            asked = wanted * net.buy_share[i] / shares
            granted = min(asked, st.left[p])
            st.orders[p] += asked
            st.left[p] -= granted
            at = (st.pile_pos[k] + net.buy_lead_steps[i]) % length
            st.pile_ring[net.pile_ring_start[k] + at] += granted
            st.pile_under_way[k] += granted
            st.pile_spent[k] += granted * cost


@compiled
def last_resort(net: NetworkArrays, par: Parameters, st: State) -> None:
    """Part 7: open stockpiles serve what is unmet; afterwards buyers buy what is left."""
    for k in range(len(net.pile_opening)):
        st.pile_released[k] = 0.0
        if par.pile_rate[k] > 0.0 and st.pile_stock[k] > 0.0:
            release(net, par, st, k)
    for k in range(len(net.pile_opening)):
        if par.pile_buying[k] > 0.0 and par.pile_rate[k] <= 0.0:
            buy(net, par, st, k)


@compiled
def fill_rate(net: NetworkArrays, st: State, j: int, t: int) -> float:
    """Return granted over ordered of trigger `j`'s slots in the last `trigger_window` steps."""
    at = j * net.trigger_window + t % net.trigger_window
    st.trigger_granted[at], st.trigger_ordered[at] = 0.0, 0.0
    for i in range(net.trigger_slot_start[j], net.trigger_slot_start[j + 1]):
        s = net.trigger_slot[i]
        st.trigger_granted[at] += st.slot_granted[s]
        st.trigger_ordered[at] += st.order[s]
    granted, ordered = 0.0, 0.0
    for i in range(j * net.trigger_window, (j + 1) * net.trigger_window):
        granted += st.trigger_granted[i]
        ordered += st.trigger_ordered[i]
    return granted / ordered if ordered > 0.0 else 1.0


@compiled
def days_of_cover(net: NetworkArrays, st: State, j: int, step_days: int) -> float:
    """Return stock on hand of trigger `j`'s slots over the use they want, days."""
    on_hand, use = 0.0, 0.0
    for i in range(net.trigger_slot_start[j], net.trigger_slot_start[j + 1]):
        s = net.trigger_slot[i]
        on_hand += st.on_hand[s]
        use += st.intensity[s] * st.use_smoothed[net.slot_node[s]]
    return on_hand / use * step_days if use > 0.0 else 1e300


@compiled
def check_triggers(net: NetworkArrays, par: Parameters, st: State, t: int, step_days: int) -> bool:
    """Compare every armed trigger with its level; return whether one fired now."""
    any_fired = False
    for j in range(len(net.trigger_kind)):
        if net.trigger_kind[j] == 0:
            quantity = fill_rate(net, st, j, t)
        else:
            quantity = days_of_cover(net, st, j, step_days)
        if par.trigger_armed[j] > 0.0 and st.fired[j] < 0 and quantity < net.trigger_level[j]:
            st.fired[j] = t
            any_fired = True
    return any_fired
