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
from sim.vocab import BoolArray, FloatArray, IntArray

ENTRY_KINDS = frozenset({EffectKind.PLANNED_ADDED, EffectKind.TARGET_ADDED, EffectKind.ENTRY})


def move_base(net: NetworkArrays, par: Parameters, state: State) -> None:
    """Bring plans, targets, base weights and base flows to what the calendar says; move weights along."""
    state.planned[:] = np.maximum(0.0, net.node_planned + par.planned_added)
    state.port_aim[:] = np.maximum(0.0, net.port_target + par.target_added)
    state.qualification_left[par.entry > 0.0] = 0
    entered = _slots_of(net, np.flatnonzero(par.entry))
    moved = entered | (par.planned_added[net.slot_node] != 0.0)
    before = state.base_weight.copy()
    state.base_weight[:], state.base_flow[:] = net.arc_base_weight, net.arc_base_flow
    arcs = np.flatnonzero(moved[net.arc_slot])
    slot = net.arc_slot[arcs]
    weight = _base_weights(net, par.entry, arcs)
    state.base_weight[arcs] = np.where(entered[slot], weight, net.arc_base_weight[arcs])
    use = net.slot_input_per_unit[slot] * state.planned[net.slot_node[slot]]
    state.base_flow[arcs] = state.base_weight[arcs] * use
    shifted = _slots_of(net, np.flatnonzero(state.base_weight != before))
    if shifted.any():
        _move_weights(net, par, state, before, np.flatnonzero(shifted[net.arc_slot]))


def base_weights(net: NetworkArrays, entry: FloatArray) -> FloatArray:
    """Return the base weight of every arc after its entries."""
    arcs = np.flatnonzero(_slots_of(net, np.flatnonzero(entry))[net.arc_slot])
    weights = net.arc_base_weight.copy()
    weights[arcs] = _base_weights(net, entry, arcs)
    return weights


def _base_weights(net: NetworkArrays, entry: FloatArray, arcs: IntArray) -> FloatArray:
    """Return the base weights of `arcs`, which are all arcs of some slots."""
    slot, n_slot = net.arc_slot[arcs], len(net.slot_node)
    old, taken = net.arc_base_weight[arcs], np.bincount(slot, entry[arcs], n_slot)
    moved = np.maximum(0.0, old * (1.0 - taken[slot]) + entry[arcs])
    total = np.bincount(slot, moved, n_slot)[slot]
    weights: FloatArray = np.divide(moved, total, where=total > 0.0, out=old.copy())
    return weights


def _move_weights(
    net: NetworkArrays, par: Parameters, state: State, before: FloatArray, arcs: IntArray
) -> None:
    """Move the weights of `arcs`, all of some slots, with their base; a slot at its base stays at it."""
    slot, n_slot = net.arc_slot[arcs], len(net.slot_node)
    weight = np.maximum(0.0, state.weight[arcs] + state.base_weight[arcs] - before[arcs])
    total = np.bincount(slot, weight, n_slot)[slot]
    settled = ~(state.adapting | state.blocked)[slot] | (total <= 0.0)
    share = np.divide(weight, total, where=total > 0.0, out=np.zeros_like(weight))
    state.weight[arcs] = np.where(settled, state.base_weight[arcs], share)
    steps = net.arc_lead_steps[arcs] + par.arc_delay[arcs]
    lead = np.bincount(slot, state.weight[arcs] * steps, n_slot)[slot]
    state.mean_lead[slot] = np.where(lead > 0.0, lead, 1.0)


def _slots_of(net: NetworkArrays, arcs: IntArray) -> BoolArray:
    """Return which slots some arcs lead to, as a mask."""
    marked = np.zeros(len(net.slot_node), dtype=np.bool_)
    marked[net.arc_slot[arcs]] = True
    return marked
