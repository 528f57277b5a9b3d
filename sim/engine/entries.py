"""What projects and redirects make of the base year: plans, targets, base weights and base flows that move.

A new plant takes a share of its customers' orders as it comes up, an old one that it replaces loses its own,
a redirect moves a plant's output to other customers. Each is an *entry* e of an arc, and in its slot::

    base weight = w (1 - sum of entries of the slot) + e          not below 0, sum 1

with w the weight of the base year. Weights that are away from their base move by the same difference, so that
what has been learnt in a crisis stays.
"""

from __future__ import annotations

import numpy as np

from sim.engine.state import State
from sim.model.arrays import EffectKind, NetworkArrays, Parameters
from sim.vocab import FloatArray, IntArray

ENTRY_KINDS = frozenset({EffectKind.PLANNED_ADDED, EffectKind.TARGET_ADDED, EffectKind.ENTRY})


def move_base(net: NetworkArrays, par: Parameters, state: State) -> None:
    """Bring plans, targets, base weights and base flows to what the calendar says; move weights along."""
    state.planned[:] = np.maximum(0.0, net.node_planned + par.planned_added)
    state.port_aim[:] = np.maximum(0.0, net.port_target + par.target_added)
    before = state.base_weight.copy()
    state.base_weight[:] = base_weights(net, par.entry)
    replanned = par.planned_added[net.slot_node] != 0.0
    entered = _slots_with(net, par.entry != 0.0)
    use = net.slot_input_per_unit * state.planned[net.slot_node]
    moved = (replanned | entered)[net.arc_slot]
    state.base_flow[:] = np.where(moved, state.base_weight * use[net.arc_slot], net.arc_base_flow)
    state.qualification_left[par.entry > 0.0] = 0
    shifted = np.flatnonzero(_slots_with(net, state.base_weight != before))
    if shifted.size:
        _move_weights(net, par, state, before, shifted)


def base_weights(net: NetworkArrays, entry: FloatArray) -> FloatArray:
    """Return the base weight of every arc after its entries."""
    slot, n_slot = net.arc_slot, len(net.slot_node)
    taken = np.bincount(slot, entry, n_slot)
    moved = np.maximum(0.0, net.arc_base_weight * (1.0 - taken[slot]) + entry)
    total = np.bincount(slot, moved, n_slot)
    changed = (_slots_with(net, entry != 0.0) & (total > 0.0))[slot]
    weights: FloatArray = np.where(
        changed, np.divide(moved, total[slot], where=changed, out=moved.copy()), net.arc_base_weight
    )
    return weights


def _move_weights(
    net: NetworkArrays, par: Parameters, state: State, before: FloatArray, slots: IntArray
) -> None:
    """Move the weights of some slots with their base; a slot that was at its base stays at it."""
    slot, n_slot = net.arc_slot, len(net.slot_node)
    inside = np.zeros(n_slot, dtype=np.bool_)
    inside[slots] = True
    here = inside[slot]
    weight = np.where(here, np.maximum(0.0, state.weight + state.base_weight - before), 0.0)
    total = np.bincount(slot, weight, n_slot)
    settled = ~(state.adapting | state.blocked) | (total <= 0.0)
    share = np.divide(weight, total[slot], where=total[slot] > 0.0, out=np.zeros_like(weight))
    state.weight[here] = np.where(settled[slot], state.base_weight, share)[here]
    lead = np.bincount(slot, state.weight * (net.arc_lead_steps + par.arc_delay), n_slot)
    state.mean_lead[slots] = np.where(lead[slots] > 0.0, lead[slots], 1.0)


def _slots_with(
    net: NetworkArrays, arcs: np.ndarray[tuple[int], np.dtype[np.bool_]]
) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Return which slots have an arc that is marked."""
    marked = np.zeros(len(net.slot_node), dtype=np.bool_)
    marked[net.arc_slot[arcs]] = True
    return marked
