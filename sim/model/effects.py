"""From a disruption or response to dated changes of parameters: one pure function a kind."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import singledispatch

import numpy as np

from sim.model.arrays import Effect, EffectKind, NetworkArrays
from sim.model.index import Index, floats, integers
from sim.model.network import Arc, Network
from sim.model.plan import (
    Plan,
    destination_countries,
    diversion_tag,
    diverts,
    leak_tag,
    rate_t_per_day,
    releases_pile,
    restricted_arcs,
    substituting_nodes,
)
from sim.model.scenario import (
    CapacityLoss,
    ExportRestriction,
    Scenario,
    StockpileBuild,
    StockpileRelease,
    Substitution,
    SurgeCapacity,
    Trigger,
)
from sim.model.targets import nodes_of_target
from sim.units import steps_up
from sim.vocab import FloatArray

DEFAULT_PREBUY_COVER_DAYS = 30.0  # where the network brings no parameter of that name
DIVERSION_SHARE = 0.25  # expert: extra imports, of its own base imports, that a spared destination passes on
PATH_STEP_DAYS = 28  # recovery, ramp and approval paths change in stairs of four weeks
LOGISTIC_STEEPNESS = 10.0  # logistic recovery runs from 0.7 % to 99.3 % before it is scaled to 0..1


@dataclass(frozen=True)
class Context:
    """What an effect function may look at."""

    network: Network
    plan: Plan
    index: Index
    arrays: NetworkArrays
    scenario: Scenario
    triggers: dict[str, int]
    """Number of each trigger by its label."""

    def step_of(self, day: date) -> int:
        """Return the first step that starts on or after `day`; 0 for days before the start."""
        return max(0, steps_up((day - self.scenario.start).days, self.index.step_days))

    def end_step(self, start: date, duration_days: float | None) -> int | None:
        """Return the first step after the duration; None when it has no end."""
        if duration_days is None:
            return None
        days = (start - self.scenario.start).days + duration_days
        return max(0, steps_up(days, self.index.step_days))


@singledispatch
def effects_of(spec: object, number: int, context: Context) -> list[Effect]:
    """Return the effects of one disruption or response.

    Parameters
    ----------
    spec : Disruption or Response
    number : int
        Its place in the scenario's list.
    context : Context

    Raises
    ------
    TypeError
        If no function is registered for the kind.
    """
    raise TypeError(f"no effect function for {type(spec).__name__}")


def name_of(spec: object, number: int) -> str:
    """Return the label of a disruption or response, or its kind and number."""
    label = getattr(spec, "label", None)
    return label or f"{getattr(spec, 'kind', 'spec')}[{number}]"


def _window(
    kind: EffectKind,
    name: str,
    index: Sequence[int],
    steps: Sequence[int],
    values: Sequence[FloatArray],
    labels: Sequence[str],
    trigger: int = -1,
) -> list[Effect]:
    """Return one effect, or none when it touches nothing."""
    if not len(index):
        return []
    stacked = np.vstack([np.broadcast_to(v, (len(index),)) for v in values]).astype(np.float64)
    return [Effect(kind, name, integers(list(index)), integers(list(steps)), stacked, tuple(labels), trigger)]


def _path(days: float, step_days: int) -> list[tuple[int, float]]:
    """Return (step, share of the way done) in stairs over `days`; the last share is 1.

    Each stair holds the share reached in its middle, so that the sum over the path is that of a straight line.
    """
    if days <= 0:
        return [(0, 1.0)]
    total = steps_up(days, step_days)
    stair = max(1, PATH_STEP_DAYS // step_days)
    stairs = [(at, min(1.0, (at + 0.5 * min(stair, total - at)) / total)) for at in range(0, total, stair)]
    return [*stairs, (total, 1.0)]


# -- disruptions -------------------------------------------------------------------------------------------


@effects_of.register
def export_restriction(spec: ExportRestriction, number: int, context: Context) -> list[Effect]:
    """Cap the arcs out of the origin; open leaks and diversion; let customers buy ahead."""
    schedule = _severity_schedule(spec, context)
    if all(severity == 0.0 for _, by_country in schedule for severity in by_country.values()):
        return []
    arcs = restricted_arcs(context.network, spec)
    name = name_of(spec, number)
    start, end = context.step_of(spec.start), context.end_step(spec.start, spec.duration_days)
    schedule = [(step, severities) for step, severities in schedule if end is None or step < end]
    tail = [] if end is None else [end]
    labels = [f"starts: {spec.origin}", *([""] * (len(schedule) - 1)), *(["ends"] * len(tail))]
    steps = [step for step, _ in schedule] + tail
    numbers = [context.index.arc[(*arc.key, "")] for arc in arcs]
    caps = [_caps(spec, arcs, severities, context) for _, severities in schedule]
    effects = _window(
        EffectKind.ARC_CAP, name, numbers, steps, [*caps, *([np.array(np.inf)] * len(tail))], labels
    )
    suppliers = sorted({context.index.node[arc.supplier] for arc in arcs})
    switch = [np.array(1.0), *([np.array(0.0)] * len(tail))]
    quiet = [""] * (1 + len(tail))
    effects += _window(EffectKind.RESTRICTED, name, suppliers, [start, *tail], switch, quiet)
    effects += _closed_purchases(spec, name, arcs, [start, *tail], context)
    effects += _leaks(spec, number, name, steps, schedule, context)
    effects += _diversion(spec, number, name, steps, schedule, context)
    return effects + _buying_ahead(spec, name, arcs, start, context)


Schedule = list[tuple[int, dict[str, float]]]


def _severity_schedule(spec: ExportRestriction, context: Context) -> Schedule:
    """Return (step, severity by destination country) from the start on; a quota becomes a severity."""
    countries = sorted(destination_countries(context.network, spec))
    start = context.step_of(spec.start)
    if spec.licence is not None:
        stop = steps_up(spec.licence.initial_stop_days, context.index.step_days)
        final = dict.fromkeys(countries, spec.licence.approval)
        for place, share in spec.licence.by_destination.items():
            final |= {code: share for code in context.network.members(place) if code in final}
        rows: Schedule = [(start, dict.fromkeys(countries, 1.0))] if stop > 0 else []
        for at, done in _path(spec.licence.ramp_days, context.index.step_days):
            rows.append((start + stop + at, {code: 1.0 - done * final[code] for code in countries}))
        return rows
    if spec.quota_t_per_year is not None:
        base = math.fsum(arc.flow_t_per_year for arc in restricted_arcs(context.network, spec))
        severity = max(0.0, 1.0 - spec.quota_t_per_year / base) if base > 0 else 1.0
        # a quota above the base flow still binds what may grow: the cap is set from it in `_caps`
        return [(start, dict.fromkeys(countries, max(severity, 1e-12)))]
    assert spec.severity is not None
    return [(start, dict.fromkeys(countries, spec.severity))]


def _country(context: Context, node: str) -> str:
    return context.network.nodes[node].country


def _caps(
    spec: ExportRestriction, arcs: Sequence[Arc], severities: dict[str, float], context: Context
) -> FloatArray:
    """Return caps of the restricted arcs, t/step: a share of base flow, or of the quota; latent arcs close."""
    flows = floats([context.index.per_step(arc.flow_t_per_year) for arc in arcs])
    if spec.quota_t_per_year is not None:
        total = flows.sum()
        quota = context.index.per_step(spec.quota_t_per_year)
        return flows * (quota / total) if total > 0 else np.zeros_like(flows)
    left = floats([1.0 - severities[_country(context, arc.customer)] for arc in arcs])
    return flows * left


def _closed_purchases(
    spec: ExportRestriction, name: str, arcs: Sequence[Arc], steps: Sequence[int], context: Context
) -> list[Effect]:
    """Stockpiles in restricted destinations cannot buy from restricted ports."""
    ports = {context.index.port[arc.supplier, arc.material] for arc in arcs}
    destinations = destination_countries(context.network, spec)
    closed = []
    for pile, planned in enumerate(context.plan.piles):
        if planned.stockpile.country in destinations:
            first, last = context.arrays.pile_buy_start[pile : pile + 2].tolist()
            closed += [b for b in range(first, last) if int(context.arrays.buy_port[b]) in ports]
    values = [np.array(0.0), *([np.array(1.0)] * (len(steps) - 1))]
    return _window(EffectKind.BUY_OPEN, name, closed, steps, values, [""] * len(steps))


def _twin_caps(
    tag: str,
    name: str,
    steps: Sequence[int],
    caps_by_row: Sequence[dict[tuple[str, str, str], float]],
    context: Context,
) -> list[Effect]:
    """Return the effect that keeps twin arcs shut except for the caps (t/step) of each row."""
    keys = [key for key in context.index.arc if key[3] == tag]
    numbers = [context.index.arc[key] for key in keys]
    rows = [floats([caps.get(key[:3], 0.0) for key in keys]) for caps in caps_by_row]
    closing = [np.zeros(len(keys))] * (len(steps) - len(rows))
    before = [] if steps[0] == 0 else [(0, np.zeros(len(keys)))]
    all_steps = [s for s, _ in before] + list(steps)
    values = [v for _, v in before] + rows + closing
    return _window(EffectKind.ARC_CAP, f"{name} {tag}", numbers, all_steps, values, [""] * len(all_steps))


def _leaks(
    spec: ExportRestriction,
    number: int,
    name: str,
    steps: Sequence[int],
    schedule: Schedule,
    context: Context,
) -> list[Effect]:
    """Open the twin arcs of a leaking restriction to leakage x severity x base flow."""
    if spec.leakage <= 0:
        return []
    rows = [
        {
            arc.key: spec.leakage
            * severities[_country(context, arc.customer)]
            * context.index.per_step(arc.flow_t_per_year)
            for arc in restricted_arcs(context.network, spec)
        }
        for _, severities in schedule
    ]
    return _twin_caps(leak_tag(number), name, steps, rows, context)


def _diversion(
    spec: ExportRestriction,
    number: int,
    name: str,
    steps: Sequence[int],
    schedule: Schedule,
    context: Context,
) -> list[Effect]:
    """Open the twin arcs through spared destinations, which pass on a share of their own base imports."""
    if not diverts(spec):
        return []
    arcs = restricted_arcs(context.network, spec)
    origin = set(context.network.members(spec.origin))
    destinations = destination_countries(context.network, spec)
    spared: defaultdict[tuple[str, str], float] = defaultdict(float)
    for arc in context.network.arcs:
        if _country(context, arc.customer) not in destinations | origin:
            spared[arc.supplier, arc.material] += context.index.per_step(arc.flow_t_per_year)
    held: defaultdict[tuple[str, str], float] = defaultdict(float)
    for arc in arcs:
        held[arc.supplier, arc.material] += context.index.per_step(arc.flow_t_per_year)
    rows = []
    for _, severities in schedule:
        caps = {}
        for arc in arcs:
            flow = context.index.per_step(arc.flow_t_per_year)
            port = (arc.supplier, arc.material)
            passed = DIVERSION_SHARE * spared[port] * flow / held[port] if held[port] > 0 else 0.0
            caps[arc.key] = min(severities[_country(context, arc.customer)] * flow, passed)
        rows.append(caps)
    return _twin_caps(diversion_tag(number), name, steps, rows, context)


def _buying_ahead(
    spec: ExportRestriction, name: str, arcs: Sequence[Arc], start: int, context: Context
) -> list[Effect]:
    """Between announcement and start customers want extra cover, by their dependence on the origin."""
    if spec.announced is None:
        return []
    announced = context.step_of(spec.announced)
    if announced >= start:
        return []
    dependence: defaultdict[int, float] = defaultdict(float)
    for arc in arcs:
        number = context.index.arc[(*arc.key, "")]
        dependence[int(context.arrays.arc_slot[number])] += float(context.arrays.arc_base_weight[number])
    days = context.network.parameters.get("prebuy_cover", DEFAULT_PREBUY_COVER_DAYS)
    slots = sorted(slot for slot, share in dependence.items() if share > 0)
    extra = floats([dependence[slot] * days / context.index.step_days for slot in slots])
    return _window(
        EffectKind.EXTRA_COVER,
        name,
        slots,
        [announced, start],
        [extra, np.zeros(len(slots))],
        [f"announced: {spec.origin}", ""],
    )


@effects_of.register
def capacity_loss(spec: CapacityLoss, number: int, context: Context) -> list[Effect]:
    """Take capacity of the target out, then bring it back at once, in a line or along a logistic curve."""
    if spec.severity == 0.0:
        return []
    nodes = [context.index.node[node.id] for node in nodes_of_target(context.network, spec.target)]
    start, end = context.step_of(spec.start), context.end_step(spec.start, spec.duration_days)
    if end is not None and end <= start:
        return []
    steps, values, labels = [start], [np.array(1.0 - spec.severity)], ["starts"]
    if end is not None:
        days = 0.0 if spec.recovery == "step" else spec.recovery_time_days
        for at, done in _path(days, context.index.step_days):
            share = _logistic(done) if spec.recovery == "logistic" else done
            steps.append(end + at)
            values.append(np.array(1.0 - spec.severity * (1.0 - share)))
            labels.append("ends" if share == 1.0 else "")
    return _window(EffectKind.AVAILABILITY, name_of(spec, number), nodes, steps, values, labels)


def _logistic(done: float) -> float:
    """Return the logistic share of a recovery of which the time share `done` has passed; 0 -> 0, 1 -> 1."""

    def curve(x: float) -> float:
        return 1.0 / (1.0 + math.exp(-LOGISTIC_STEEPNESS * (x - 0.5)))

    return (curve(done) - curve(0.0)) / (curve(1.0) - curve(0.0))


# -- responses ---------------------------------------------------------------------------------------------


def _begin(trigger: Trigger | None, start: date | None, label: str, context: Context) -> tuple[int, int]:
    """Return (first step, trigger number): dated with -1, or relative to a trigger's firing."""
    if trigger is not None and trigger.on is None:
        return 0, context.triggers[label]
    day = trigger.on if trigger is not None else start
    return (context.step_of(day) if day is not None else 0), -1


@effects_of.register
def stockpile_release(spec: StockpileRelease, number: int, context: Context) -> list[Effect]:
    """Open the stockpile's tap some time after the trigger or date."""
    label = name_of(spec, number)
    begin, trigger = _begin(spec.trigger, None, label, context)
    piles, rates, delays = [], [], []
    for pile in context.plan.piles:
        if releases_pile(context.network, spec, pile):
            store = pile.stockpile
            rate = rate_t_per_day(context.network, spec.rate, pile.members, store.material, store.opening_t)
            piles.append(context.index.pile[store.id, store.material])
            rates.append(min(rate, store.release_t_per_day) * context.index.step_days)
            delays.append(store.release_delay_days)
    delay = spec.delay_days + max(delays, default=0.0)
    opens = begin + steps_up(delay, context.index.step_days)
    steps, values, labels = [opens], [floats(rates)], [f"opens: {spec.stockpile}"]
    if spec.duration_days is not None:
        steps.append(opens + steps_up(spec.duration_days, context.index.step_days))
        values.append(np.zeros(len(piles)))
        labels.append(f"closes: {spec.stockpile}")
    return _window(EffectKind.PILE_RATE, label, piles, steps, values, labels, trigger)


@effects_of.register
def stockpile_build(spec: StockpileBuild, number: int, context: Context) -> list[Effect]:
    """Let the stockpile buy from its start on; the opening stock is part of the plan."""
    if spec.purchase is None:
        return []
    piles = [
        context.index.pile[pile.stockpile.id, pile.stockpile.material]
        for pile in context.plan.piles
        if pile.stockpile.id == spec.stockpile
    ]
    start = context.step_of(spec.purchase.start) if spec.purchase.start is not None else 0
    return _window(
        EffectKind.PILE_BUYING,
        name_of(spec, number),
        piles,
        [start],
        [np.array(1.0)],
        [f"starts buying: {spec.stockpile}"],
    )


@effects_of.register
def substitution(spec: Substitution, number: int, context: Context) -> list[Effect]:
    """Let users need less of a material, along an exponential path, and more of its substitute."""
    label = name_of(spec, number)
    begin, trigger = _begin(spec.trigger, spec.start, label, context)
    steps, shares = _exponential_path(spec, begin, context)
    users = substituting_nodes(context.network, spec)
    slots = [context.index.slot[node.id, material] for node, material in users]
    labels = ["starts", *([""] * (len(steps) - 1))]
    left = [np.array(1.0 - spec.max_share * share) for share in shares]
    effects = _window(EffectKind.INPUT_FACTOR, label, slots, steps, left, labels, trigger)
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
    return effects + _window(EffectKind.INPUT_ADDED, label, targets, steps, rows, quiet, trigger)


def _exponential_path(spec: Substitution, begin: int, context: Context) -> tuple[list[int], list[float]]:
    """Return steps and shares 1 - exp(-t / time constant), in stairs until 99 % and to the end if it has one."""
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


@effects_of.register
def surge_capacity(spec: SurgeCapacity, number: int, context: Context) -> list[Effect]:
    """Add capacity to the target after a delay, along a ramp."""
    label = name_of(spec, number)
    begin, trigger = _begin(spec.trigger, spec.start, label, context)
    begin += steps_up(spec.delay_days, context.index.step_days)
    nodes = [context.index.node[node.id] for node in nodes_of_target(context.network, spec.target)]
    path = _path(spec.ramp_days, context.index.step_days)
    last = None if spec.duration_days is None else steps_up(spec.duration_days, context.index.step_days)
    steps = [begin + at for at, _ in path if last is None or at < last]
    values = [np.array(1.0 + spec.increase * done) for at, done in path if last is None or at < last]
    labels = ["starts", *([""] * (len(steps) - 1))]
    if last is not None:
        steps, values, labels = [*steps, begin + last], [*values, np.array(1.0)], [*labels, "ends"]
    return _window(EffectKind.CAPACITY_FACTOR, label, nodes, steps, values, labels, trigger)
