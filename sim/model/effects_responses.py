"""From a response to dated or triggered changes of parameters: one pure function a kind."""

from __future__ import annotations

import math
from collections import defaultdict
from datetime import date

import numpy as np

from sim.model.arrays import Effect, EffectKind
from sim.model.chosen import covered_inputs, end_uses, recyclers
from sim.model.effect_parts import PATH_STEP_DAYS, Context, name_of, ramped, stairs, trigger_name, window
from sim.model.index import floats, segment_classes
from sim.model.network import Node
from sim.model.plan import rate_t_per_day, releases_pile, substituting_nodes, surging_nodes
from sim.model.scenario import (
    DemandRestraint,
    MandatoryCover,
    PreferentialAllocation,
    RecyclingBoost,
    StockpileBuild,
    StockpileRelease,
    Substitution,
    SurgeCapacity,
    Trigger,
)
from sim.units import steps_up

When = tuple[int, int | None, int]
"""First step, first step after the end (None for none), and the trigger from which both count (-1: dated)."""


def _begin(
    trigger: Trigger | None, start: date | None, label: str, context: Context, delay_days: float = 0.0
) -> tuple[int, int]:
    """Return (first step after a delay, trigger number): dated with -1, or relative to a trigger's firing.

    Date and delay together are rounded up once.
    """
    if trigger is not None and trigger.on is None:
        return steps_up(delay_days, context.index.step_days), context.triggers[label]
    day = (trigger.on if trigger is not None else start) or context.scenario.start
    return context.step_from(day, delay_days), -1


def _end(
    trigger: Trigger | None,
    start: date | None,
    label: str,
    context: Context,
    delay_days: float,
    duration_days: float | None,
) -> int | None:
    """Return the first step after delay and duration, counted as by `_begin`; None when it has no end."""
    if duration_days is None:
        return None
    return _begin(trigger, start, label, context, delay_days + duration_days)[0]


def stockpile_release(spec: StockpileRelease, number: int, context: Context) -> list[Effect]:
    """Open the taps of a stockpile some time after the date, or after the trigger of each material."""
    label = name_of(spec, number)
    effects: list[Effect] = []
    for pile in context.plan.piles:
        if not releases_pile(context.network, spec, pile):
            continue
        store = pile.stockpile
        delay_days = spec.delay_days + store.release_delay_days
        name = trigger_name(label, store.material)
        opens, trigger = _begin(spec.trigger, None, name, context, delay_days)
        rate = rate_t_per_day(context.network, spec.rate, pile.members, store.material, store.opening_t)
        rate = min(rate, store.release_t_per_day) * context.index.step_days
        what = f"{spec.stockpile}, {store.material}"
        steps, values, labels = [opens], [np.array(rate)], [f"opens: {what}"]
        closes = _end(spec.trigger, None, name, context, delay_days, spec.duration_days)
        if closes is not None:
            steps.append(closes)
            values.append(np.array(0.0))
            labels.append(f"closes: {what}")
        number_of_pile = context.index.pile[store.id, store.material]
        effects += window(EffectKind.PILE_RATE, label, [number_of_pile], steps, values, labels, trigger)
    return effects


def stockpile_build(spec: StockpileBuild, number: int, context: Context) -> list[Effect]:
    """Let the stockpile buy from its start on; the opening stock is part of the plan."""
    if spec.purchase is None:
        return []
    piles = [
        context.index.pile[pile.stockpile.id, pile.stockpile.material]
        for pile in context.plan.piles
        if pile.stockpile.id == spec.stockpile
    ]
    start = context.step_from(spec.purchase.start) if spec.purchase.start is not None else 0
    return window(
        EffectKind.PILE_BUYING,
        name_of(spec, number),
        piles,
        [start],
        [np.array(1.0)],
        [f"starts buying: {spec.stockpile}"],
    )


def substitution(spec: Substitution, number: int, context: Context) -> list[Effect]:
    """Let users need less of a material, along an exponential path, and more of its substitute.

    A state-dependent trigger starts each material that is replaced by itself.
    """
    label, users = name_of(spec, number), substituting_nodes(context.network, spec)
    if spec.trigger is None or spec.trigger.on is not None:
        begin, trigger = _begin(spec.trigger, spec.start, label, context)
        end = _end(spec.trigger, spec.start, label, context, 0.0, spec.duration_days)
        return _replace(spec, users, label, "starts", (begin, end, trigger), context)
    effects: list[Effect] = []
    for material in sorted({material for _, material in users}):
        name = trigger_name(label, material)
        begin, trigger = _begin(spec.trigger, None, name, context)
        end = _end(spec.trigger, None, name, context, 0.0, spec.duration_days)
        part = [user for user in users if user[1] == material]
        effects += _replace(spec, part, label, f"starts: {material}", (begin, end, trigger), context)
    return effects


def _replace(
    spec: Substitution,
    users: list[tuple[Node, str]],
    label: str,
    first_label: str,
    when: When,
    context: Context,
) -> list[Effect]:
    """Return the effects of one substitution on some of its users, each with what it replaces.

    A new substitute is as essential as the share that it has replaced: where its first tonnes are still
    under way, only that share of the activity waits for them.
    """
    begin, end, trigger = when
    steps, shares = _exponential_path(spec, begin, end, context)
    slots = [context.index.slot[node.id, material] for node, material in users]
    labels = [first_label, *([""] * (len(steps) - 1))]
    if spec.duration_days is not None:
        labels[-1] = "ends"
    left = [np.array(1.0 - spec.max_share * share) for share in shares]
    effects = window(EffectKind.INPUT_FACTOR, label, slots, steps, left, labels, trigger)
    if spec.substitute is None:
        return effects
    arrays = context.arrays
    added: defaultdict[int, float] = defaultdict(float)
    essential: defaultdict[int, float] = defaultdict(float)
    for (node, _), slot in zip(users, slots, strict=True):
        target = context.index.slot[node.id, spec.substitute]
        added[target] += float(arrays.slot_input_per_unit[slot]) * spec.substitute_per_unit
        essential[target] = max(essential[target], float(arrays.slot_essential[slot]))
    quiet = [""] * len(steps)
    for kind, full in ((EffectKind.INPUT_ADDED, added), (EffectKind.ESSENTIAL_ADDED, essential)):
        targets = sorted(full)
        amounts = floats([full[t] for t in targets])
        rows = [amounts * spec.max_share * share for share in shares]
        effects += window(kind, label, targets, steps, rows, quiet, trigger)
    return effects


def _exponential_path(
    spec: Substitution, begin: int, end: int | None, context: Context
) -> tuple[list[int], list[float]]:
    """Return steps and shares 1 - exp(-t / time constant), in stairs until 99 %, and the end if any."""
    stair = max(1, PATH_STEP_DAYS // context.index.step_days)
    constant = spec.time_constant_days / context.index.step_days
    reach = math.ceil(constant * math.log(100.0)) if constant > 0 else 0
    last = None if end is None else end - begin
    steps, shares = [], []
    for at in range(0, reach, stair):
        if last is None or at < last:
            steps.append(begin + at)
            shares.append(1.0 - math.exp(-(at + 0.5 * stair) / constant))
    if last is None or reach < last:
        steps.append(begin + reach)
        shares.append(1.0)
    if last is not None:
        steps.append(begin + last)
        shares.append(0.0)
    return steps, shares


def surge_capacity(spec: SurgeCapacity, number: int, context: Context) -> list[Effect]:
    """Add capacity to the target after a delay, along a ramp.

    A state-dependent trigger starts the plants of each product by themselves.
    """
    label, products = name_of(spec, number), surging_nodes(context.network, spec)
    if spec.trigger is None or spec.trigger.on is not None:
        begin, trigger = _begin(spec.trigger, spec.start, label, context, spec.delay_days)
        end = _end(spec.trigger, spec.start, label, context, spec.delay_days, spec.duration_days)
        nodes = [node for group in products.values() for node in group]
        return _surge(spec, nodes, label, "starts", (begin, end, trigger), context)
    effects: list[Effect] = []
    for material, nodes in products.items():
        name = trigger_name(label, material)
        begin, trigger = _begin(spec.trigger, None, name, context, spec.delay_days)
        end = _end(spec.trigger, None, name, context, spec.delay_days, spec.duration_days)
        effects += _surge(spec, nodes, label, f"starts: {material}", (begin, end, trigger), context)
    return effects


def _surge(
    spec: SurgeCapacity,
    nodes: list[Node],
    label: str,
    first_label: str,
    when: When,
    context: Context,
) -> list[Effect]:
    """Return the effect of one surge on some of its plants."""
    begin, end, trigger = when
    numbers = sorted(context.index.node[node.id] for node in nodes)
    path = stairs(spec.ramp_days, context.index.step_days)
    steps = [begin + at for at, _ in path if end is None or begin + at < end]
    values = [np.array(1.0 + spec.increase * done) for _, done in path[: len(steps)]]
    labels = [first_label, *([""] * len(steps))][: len(steps)]
    if end is not None:
        steps, values, labels = [*steps, end], [*values, np.array(1.0)], [*labels, "ends"]
    return window(EffectKind.CAPACITY_FACTOR, label, numbers, steps, values, labels, trigger)


PREFERENCE = 0.01  # of a priority class: preferred customers stay within their class, behind better ones


def preferential_allocation(spec: PreferentialAllocation, number: int, context: Context) -> list[Effect]:
    """Serve the segments of preferred customers before others of their class."""
    classes = segment_classes(context.index, context.arrays)
    preferred = [g for g, (_, responses) in enumerate(classes) if number in responses]
    return ramped(EffectKind.SEGMENT_RANK, spec, number, preferred, -PREFERENCE, 0.0, context, neutral=0.0)


def mandatory_cover(spec: MandatoryCover, number: int, context: Context) -> list[Effect]:
    """Let users want more cover, up to what is mandated."""
    found = covered_inputs(context.network, spec)
    slots = [context.index.slot[node.id, entry.material] for node, entry in found]
    missing = floats([(spec.cover_days - entry.cover_days) / context.index.step_days for _, entry in found])
    return ramped(
        EffectKind.EXTRA_COVER, spec, number, slots, missing, spec.build_up_days, context, neutral=0.0
    )


def recycling_boost(spec: RecyclingBoost, number: int, context: Context) -> list[Effect]:
    """Let more scrap come back, and recyclers take it."""
    nodes = [context.index.node[node.id] for node in recyclers(context.network, spec)]
    sources = [r for r, node in enumerate(context.arrays.scrap_node.tolist()) if node in set(nodes)]
    effects = ramped(EffectKind.SCRAP_FACTOR, spec, number, sources, spec.increase, spec.ramp_days, context)
    return effects + ramped(
        EffectKind.CAPACITY_FACTOR, spec, number, nodes, spec.increase, spec.ramp_days, context
    )


def demand_restraint(spec: DemandRestraint, number: int, context: Context) -> list[Effect]:
    """Lower the demand of end uses, along a ramp."""
    nodes = [context.index.node[node.id] for node in end_uses(context.network, spec)]
    if spec.reduction == 0.0:
        return []
    return ramped(EffectKind.DEMAND_FACTOR, spec, number, nodes, -spec.reduction, spec.ramp_days, context)
