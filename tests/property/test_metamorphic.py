"""Relations between runs of related networks that hold for all numbers (V10 of the cross-check cases)."""

from __future__ import annotations

import copy
import dataclasses
import math
from collections.abc import Callable, Hashable
from typing import Any

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sim.engine.allocation import WEIGHT_FLOOR
from sim.model.arrays import EffectKind
from tests.comparison import difference, histories, largest, traced
from tests.drafts import Draft, DraftEffect, DraftNode, DraftSlot, pack
from tests.strategies import drafts

MANY = settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
STEPS = 80
QUANTITIES = (
    EffectKind.ARC_CAP,
    EffectKind.PILE_RATE,
    EffectKind.CAPACITY_ADDED,
    EffectKind.PLANNED_ADDED,
    EffectKind.TARGET_ADDED,
)
"""Effects whose values are t or t/step."""
BY_NODE = ("activity", "want", "cap", "deferred", "use_smoothed")
CHAOTIC = frozenset({"restart", "qualification", "triggers", "must_run", "projects"})
"""Rules with thresholds: two summation orders may fall on either side of one."""


def results(draft: Draft) -> dict[str, dict[Hashable, np.ndarray]]:
    """Return histories by the names of the draft."""
    packed = pack(draft)
    rows = histories(traced(packed.run))
    return {name: {key: rows[name][:, i] for key, i in packed.nodes.items()} for name in BY_NODE} | {
        "on_hand": {key: rows["on_hand"][:, i] for key, i in packed.slots.items()},
        "granted": {key: rows["granted"][:, i] for key, i in packed.arcs.items()},
    }


def assert_related(
    before: dict[str, dict[Hashable, np.ndarray]],
    after: dict[str, dict[Hashable, np.ndarray]],
    *,
    factor: float = 1.0,
    rename: Callable[[Any], Any] = lambda key: key,
    tolerance: float = 1e-9,
) -> None:
    """Fail where a history of `after` is not `factor` times that of `before`, relative to the largest."""
    for name, of_name in before.items():
        judged = before["want"] if name == "deferred" else of_name  # a backlog may be all rounding
        size = max((largest(values) for values in judged.values()), default=0.0) * factor
        for key, values in of_name.items():
            got = after[name][rename(key)]
            assert difference(values * factor, got, size) <= tolerance, (name, key)


def scaled(draft: Draft, factor: float) -> Draft:
    """Multiply every quantity; shares, intensities, times and prices stay."""
    big = copy.deepcopy(draft)
    for node in big.nodes:
        node.planned *= factor
        node.capacity *= factor
    for port in big.ports:
        port.target = None if port.target is None else port.target * factor
    for arc in big.arcs:
        arc.flow *= factor
        arc.cap *= factor
    for pile in big.piles:
        for name in ("opening", "target", "purchase", "budget"):
            setattr(pile, name, getattr(pile, name) * factor)
    for effect in big.effects:
        if effect.kind in QUANTITIES:
            effect.values = [[value * factor for value in row] for row in effect.values]
    return big


@MANY
@given(drafts(n_steps=STEPS), st.sampled_from([0.25, 8.0, 1024.0]))
def test_quantities_scale(draft: Draft, factor: float) -> None:
    """A power of two changes no digit, so that every threshold falls alike."""
    assert_related(results(draft), results(scaled(draft, factor)), factor=factor, tolerance=0.0)


@MANY
@given(drafts(n_steps=STEPS, off=CHAOTIC), st.floats(0.001, 1000.0))
def test_quantities_scale_by_any_factor(draft: Draft, factor: float) -> None:
    """Times and ratios do not depend on the unit of mass."""
    assert_related(results(draft), results(scaled(draft, factor)), factor=factor, tolerance=1e-7)


@MANY
@given(drafts(n_steps=STEPS, off=frozenset({"growth", "triggers"})), st.integers(1, 30))
def test_a_shift_of_all_events_shifts_all_results(draft: Draft, later: int) -> None:
    """The network is stationary until something happens."""
    shifted = copy.deepcopy(draft)
    shifted.n_steps += later
    for effect in shifted.effects:
        effect.steps = [step + later for step in effect.steps]
    before, after = results(draft), results(shifted)
    moved = {name: {key: values[later:] for key, values in rows.items()} for name, rows in after.items()}
    assert_related(before, moved, tolerance=1e-7)


@MANY
@given(drafts(n_steps=STEPS, off=CHAOTIC | {"piles"}), st.randoms(use_true_random=False))
def test_names_and_order_do_not_matter(draft: Draft, order: Any) -> None:
    """Nodes under other names, in another order, with their slots, ports and arcs in another order."""
    other = copy.deepcopy(draft)
    for part in (other.nodes, other.slots, other.ports, other.arcs):
        order.shuffle(part)
    # slots of a node keep lines together; within a line their order is free
    assert_related(results(draft), results(other), tolerance=1e-7)


@MANY
@given(drafts(n_steps=STEPS))
def test_a_node_without_links_changes_nothing(draft: Draft) -> None:
    """Neither an idle plant nor a user of something that nobody makes."""
    more = copy.deepcopy(draft)
    more.nodes.append(DraftNode("idle", capacity=5.0))
    more.nodes.append(DraftNode("lonely", end_use=True, planned=0.0))
    more.slots.append(DraftSlot("lonely", 0, 1.0, 1.0))
    assert_related(results(draft), results(more), tolerance=0.0)


@MANY
@given(drafts(n_steps=STEPS, off=CHAOTIC), drafts(n_steps=STEPS, off=CHAOTIC))
def test_unconnected_networks_do_not_meet(left: Draft, right: Draft) -> None:
    """What happens in one does not reach the other: results add."""
    right.behaviour = left.behaviour
    both = joined(left, right)
    found = results(both)
    assert_related(results(left), found, rename=lambda key: renamed(key, "left."), tolerance=1e-9)
    assert_related(results(right), found, rename=lambda key: renamed(key, "right."), tolerance=1e-9)


def renamed(key: Any, prefix: str) -> Any:
    """Return a key of a node, slot, port or arc with a prefix before the name of the node."""
    if isinstance(key, str):
        return prefix + key
    if isinstance(key[0], str):
        return (prefix + key[0], *key[1:])
    return tuple(renamed(part, prefix) for part in key)


def prefixed(draft: Draft, prefix: str) -> Draft:
    """Return the draft with a prefix before every name."""
    out = copy.deepcopy(draft)
    for node in out.nodes:
        node.key = prefix + node.key
        node.host = None if node.host is None else prefix + node.host
    for part in (out.slots, out.ports):
        for item in part:
            item.node = prefix + item.node
    for arc in out.arcs:
        arc.slot, arc.port = renamed(arc.slot, prefix), renamed(arc.port, prefix)
    for scrap in out.scraps:
        scrap.node, scrap.slot = prefix + scrap.node, renamed(scrap.slot, prefix)
    for pile in out.piles:
        pile.key = prefix + pile.key
        pile.members = [(renamed(slot, prefix), rank) for slot, rank in pile.members]
        pile.buys = [(renamed(port, prefix), share, lead) for port, share, lead in pile.buys]
    for effect in out.effects:
        effect.name = prefix + effect.name
        effect.places = [
            (prefix + place[0], renamed(place[1], prefix))
            if effect.kind is EffectKind.BUY_OPEN
            else renamed(place, prefix)
            for place in effect.places
        ]
    return out


def joined(left: Draft, right: Draft) -> Draft:
    """Return two networks side by side, materials shared in number only."""
    one, two = prefixed(left, "left."), prefixed(right, "right.")
    parts = ("nodes", "slots", "ports", "arcs", "scraps", "piles", "effects")
    return dataclasses.replace(one, **{name: getattr(one, name) + getattr(two, name) for name in parts})


ALIKE = CHAOTIC | {"recycling", "hosts", "piles", "joint", "caps", "unlimited"}
"""Off where plants are split: what an arc with a cap, or a plant without one, offers is no sum of halves."""
SPLIT_TOLERANCE = 10 * WEIGHT_FLOOR
"""A latent arc of half the weight falls below the floor a little sooner."""


@MANY
@given(drafts(n_steps=STEPS, off=ALIKE))
def test_a_node_split_into_equal_halves_changes_nothing_in_total(draft: Draft) -> None:
    """Two plants of half the size under the same events do what one did."""
    half = copy.deepcopy(draft)
    name = next(node.key for node in draft.nodes if not node.end_use and node.planned > 0)
    split_in_halves(half, name)
    before, after = results(draft), results(half)
    both = after["activity"][name] + after["activity"][name + "'"]
    size = max(largest(values) for values in before["activity"].values())
    assert difference(before["activity"][name], both, size) <= SPLIT_TOLERANCE
    for key, values in before["activity"].items():
        if key != name:
            assert difference(values, after["activity"][key], size) <= SPLIT_TOLERANCE, key


def split_in_halves(draft: Draft, name: str) -> None:
    """Replace a node by two halves; its twin's name ends in '."""
    twin = name + "'"
    node = next(node for node in draft.nodes if node.key == name)
    node.planned /= 2
    node.capacity /= 2
    draft.nodes.append(dataclasses.replace(node, key=twin))
    draft.slots += [dataclasses.replace(slot, node=twin) for slot in draft.slots if slot.node == name]
    draft.ports += [dataclasses.replace(port, node=twin) for port in draft.ports if port.node == name]
    for arc in list(draft.arcs):
        if name in (arc.slot[0], arc.port[0]):
            arc.flow /= 2
            slot = (twin, *arc.slot[1:]) if arc.slot[0] == name else arc.slot
            port = (twin, arc.port[1]) if arc.port[0] == name else arc.port
            draft.arcs.append(dataclasses.replace(arc, slot=slot, port=port))
    for effect in draft.effects:
        split_effect(effect, name, twin)


def split_effect(effect: DraftEffect, name: str, twin: str) -> None:
    """Let an effect on a node, its slots or its arcs act on both halves."""
    effect.values = [list(row) for row in effect.values]  # rows may be one list
    for i, place in enumerate(list(effect.places)):
        key = twin_of(place, name, twin)
        if key is not None:
            for row in effect.values:
                if _is_halved(effect.kind, place, name) and math.isfinite(row[i]):
                    row[i] /= 2
                row.append(row[i])
            effect.places.append(key)


def _is_halved(kind: EffectKind, place: Any, name: str) -> bool:
    """Return whether each half takes half the value: quantities, and shares of a customer's orders."""
    return kind in QUANTITIES or (kind is EffectKind.ENTRY and place[1][0] == name)


def twin_of(place: Any, name: str, twin: str) -> Any:
    """Return the twin's key of a node, slot or arc that belongs to `name`; None where it does not."""
    if isinstance(place, str):
        return twin if place == name else None
    if isinstance(place[0], str):
        return (twin, *place[1:]) if place[0] == name else None
    slot, port = place
    if slot[0] == name:
        return ((twin, *slot[1:]), port)
    return (slot, (twin, port[1])) if port[0] == name else None
