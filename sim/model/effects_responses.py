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
from sim.model.plan import rate_t_per_day, releases_pile, substituting_nodes
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
from sim.model.targets import nodes_of_target
from sim.units import steps_up


def _begin(trigger: Trigger | None, start: date | None, label: str, context: Context) -> tuple[int, int]:
    """Return (first step, trigger number): dated with -1, or relative to a trigger's firing."""
    if trigger is not None and trigger.on is None:
        return 0, context.triggers[label]
    day = trigger.on if trigger is not None else start
    return (context.step_from(day) if day is not None else 0), -1


def stockpile_release(spec: StockpileRelease, number: int, context: Context) -> list[Effect]:
    """Open the taps of a stockpile some time after the date, or after the trigger of each material."""
    label = name_of(spec, number)
    effects: list[Effect] = []
    for pile in context.plan.piles:
        if not releases_pile(context.network, spec, pile):
            continue
        store = pile.stockpile
        begin, trigger = _begin(spec.trigger, None, trigger_name(label, store.material), context)
        opens = begin + steps_up(spec.delay_days + store.release_delay_days, context.index.step_days)
        rate = rate_t_per_day(context.network, spec.rate, pile.members, store.material, store.opening_t)
        rate = min(rate, store.release_t_per_day) * context.index.step_days
        what = f"{spec.stockpile}, {store.material}"
        steps, values, labels = [opens], [np.array(rate)], [f"opens: {what}"]
        if spec.duration_days is not None:
            steps.append(opens + steps_up(spec.duration_days, context.index.step_days))
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
    """Let users need less of a material, along an exponential path, and more of its substitute."""
    label = name_of(spec, number)
    begin, trigger = _begin(spec.trigger, spec.start, label, context)
    steps, shares = _exponential_path(spec, begin, context)
    users = substituting_nodes(context.network, spec)
    slots = [context.index.slot[node.id, material] for node, material in users]
    labels = ["starts", *([""] * (len(steps) - 1))]
    left = [np.array(1.0 - spec.max_share * share) for share in shares]
    effects = window(EffectKind.INPUT_FACTOR, label, slots, steps, left, labels, trigger)
    if spec.substitute is None:
        return effects
    added: defaultdict[int, float] = defaultdict(float)
    for (node, _), slot in zip(users, slots, strict=True):
        target = context.index.slot[node.id, spec.substitute]
        added[target] += float(context.arrays.slot_input_per_unit[slot]) * spec.substitute_per_unit
    targets = sorted(added)
    amounts = floats([added[t] for t in targets])
    rows = [amounts * spec.max_share * share for share in shares]
    quiet = [""] * len(steps)
    return effects + window(EffectKind.INPUT_ADDED, label, targets, steps, rows, quiet, trigger)


def _exponential_path(spec: Substitution, begin: int, context: Context) -> tuple[list[int], list[float]]:
    """Return steps and shares 1 - exp(-t / time constant), in stairs until 99 %, and the end if any."""
    stair = max(1, PATH_STEP_DAYS // context.index.step_days)
    constant = spec.time_constant_days / context.index.step_days
    reach = math.ceil(constant * math.log(100.0)) if constant > 0 else 0
    last = None if spec.duration_days is None else steps_up(spec.duration_days, context.index.step_days)
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
    """Add capacity to the target after a delay, along a ramp."""
    label = name_of(spec, number)
    begin, trigger = _begin(spec.trigger, spec.start, label, context)
    begin += steps_up(spec.delay_days, context.index.step_days)
    nodes = [context.index.node[node.id] for node in nodes_of_target(context.network, spec.target)]
    path = stairs(spec.ramp_days, context.index.step_days)
    last = None if spec.duration_days is None else steps_up(spec.duration_days, context.index.step_days)
    steps = [begin + at for at, _ in path if last is None or at < last]
    values = [np.array(1.0 + spec.increase * done) for at, done in path if last is None or at < last]
    labels = ["starts", *([""] * (len(steps) - 1))]
    if last is not None:
        steps, values, labels = [*steps, begin + last], [*values, np.array(1.0)], [*labels, "ends"]
    return window(EffectKind.CAPACITY_FACTOR, label, nodes, steps, values, labels, trigger)


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
