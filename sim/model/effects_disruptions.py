"""From a disruption to dated changes of parameters: one pure function a kind."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from sim.model.arrays import Effect, EffectKind
from sim.model.chosen import closed_arcs, detour_days, end_uses
from sim.model.effect_parts import Context, name_of, ramped, stairs, window
from sim.model.index import floats
from sim.model.network import Arc
from sim.model.plan import destination_countries, diversion_tag, diverts, leak_tag, restricted_arcs
from sim.model.scenario import CapacityLoss, DemandSurge, ExportRestriction, RouteClosure
from sim.model.targets import nodes_of_target
from sim.units import steps_up
from sim.vocab import FloatArray

DEFAULT_PREBUY_COVER_DAYS = 30.0  # where the network brings no parameter of that name
DIVERSION_SHARE = 0.25  # expert: extra imports, of its own base imports, that a spared destination passes on
LOGISTIC_STEEPNESS = 10.0  # logistic recovery runs from 0.7 % to 99.3 % before it is scaled to 0..1


def export_restriction(spec: ExportRestriction, number: int, context: Context) -> list[Effect]:
    """Cap the arcs out of the origin; open leaks and diversion; let customers buy ahead."""
    schedule = _severity_schedule(spec, context)
    if all(severity == 0.0 for _, by_country in schedule for severity in by_country.values()):
        return []
    end = context.end_step(spec.start, spec.duration_days)
    if end is not None and end <= context.step_from(spec.start):
        return []
    arcs = restricted_arcs(context.network, spec)
    name = name_of(spec, number)
    schedule = [(step, severities) for step, severities in schedule if end is None or step < end]
    tail = [] if end is None else [end]
    steps = [step for step, _ in schedule] + tail
    labels = [f"starts: {spec.origin}", *([""] * len(schedule))][: len(schedule)] + ["ends"] * len(tail)
    numbers = [context.index.arc[(*arc.key, "")] for arc in arcs]
    caps = [_caps(spec, arcs, severities, context) for _, severities in schedule]
    caps += [np.array(np.inf)] * len(tail)
    effects = window(EffectKind.ARC_CAP, name, numbers, steps, caps, labels)
    suppliers = sorted({context.index.node[arc.supplier] for arc in arcs})
    switch = [np.array(float(any(severities.values()))) for _, severities in schedule]
    switch += [np.array(0.0)] * len(tail)
    effects += window(EffectKind.RESTRICTED, name, suppliers, steps, switch, [""] * len(steps))
    effects += _closed_purchases(spec, name, steps, schedule, context)
    effects += _leaks(spec, number, name, steps, schedule, context)
    effects += _diversion(spec, number, name, steps, schedule, context)
    return effects + _buying_ahead(spec, name, arcs, schedule, context)


Schedule = list[tuple[int, dict[str, float]]]


def _severity_schedule(spec: ExportRestriction, context: Context) -> Schedule:
    """Return (step, severity by destination country) from the start on; a quota becomes a severity."""
    countries = sorted(destination_countries(context.network, spec))
    start = context.step_from(spec.start)
    if spec.licence is not None:
        opens = context.step_from(spec.start, spec.licence.initial_stop_days)
        final = dict.fromkeys(countries, spec.licence.approval)
        members = {place: context.network.members(place) for place in spec.licence.by_destination}
        for place in sorted(members, key=lambda name: -len(members[name])):  # the narrowest name counts
            share = spec.licence.by_destination[place]
            final |= {code: share for code in members[place] if code in final}
        rows: Schedule = [(start, dict.fromkeys(countries, 1.0))] if opens > start else []
        for at, done in stairs(spec.licence.ramp_days, context.index.step_days):
            rows.append((opens + at, {code: 1.0 - done * final[code] for code in countries}))
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
    """Return caps of the restricted arcs, t/step: a share of base flow or of the quota; latent arcs close.

    Where nothing is withheld any more, as when a licence desk approves everything, there is no cap.
    """
    flows = floats([context.index.per_step(arc.flow_t_per_year) for arc in arcs])
    if spec.quota_t_per_year is not None:
        total = flows.sum()
        quota = context.index.per_step(spec.quota_t_per_year)
        return flows * (quota / total) if total > 0 else np.zeros_like(flows)
    withheld = floats([severities[_country(context, arc.customer)] for arc in arcs])
    return np.where(withheld > 0.0, flows * (1.0 - withheld), np.inf)


def _closed_purchases(
    spec: ExportRestriction, name: str, steps: Sequence[int], schedule: Schedule, context: Context
) -> list[Effect]:
    """Stockpiles in restricted destinations cannot buy from restricted ports while anything is withheld."""
    arcs = restricted_arcs(context.network, spec)
    ports = {context.index.port[arc.supplier, arc.material] for arc in arcs}
    destinations = destination_countries(context.network, spec)
    closed, places = [], []
    for pile, planned in enumerate(context.plan.piles):
        country = planned.stockpile.country
        if country in destinations:
            first, last = context.arrays.pile_buy_start[pile : pile + 2].tolist()
            found = [b for b in range(first, last) if int(context.arrays.buy_port[b]) in ports]
            closed += found
            places += [country] * len(found)
    values = [floats([0.0 if severities[c] > 0.0 else 1.0 for c in places]) for _, severities in schedule]
    values += [np.array(1.0)] * (len(steps) - len(schedule))
    return window(EffectKind.BUY_OPEN, name, closed, steps, values, [""] * len(steps))


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
    before = [] if steps[0] <= 0 else [(0, np.zeros(len(keys)))]
    all_steps = [s for s, _ in before] + list(steps)
    values = [v for _, v in before] + rows + closing
    return window(EffectKind.ARC_CAP, f"{name} {tag}", numbers, all_steps, values, [""] * len(all_steps))


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
    spec: ExportRestriction, name: str, arcs: Sequence[Arc], schedule: Schedule, context: Context
) -> list[Effect]:
    """Between announcement and start customers want extra cover, by the share of their supply at stake.

    At stake is their dependence on the origin times the most that will be withheld from them: who is spared,
    or the customers of a quota that does not bind, need not buy ahead.
    """
    if spec.announced is None:
        return []
    announced, start = context.step_from(spec.announced), context.step_from(spec.start)
    if announced >= start:
        return []
    dependence: defaultdict[int, float] = defaultdict(float)
    for arc in arcs:
        number = context.index.arc[(*arc.key, "")]
        country = _country(context, arc.customer)
        worst = max((severities[country] for _, severities in schedule), default=0.0)
        weight = float(context.arrays.arc_base_weight[number])
        dependence[int(context.arrays.arc_slot[number])] += weight * worst
    days = context.network.parameters.get("prebuy_cover", DEFAULT_PREBUY_COVER_DAYS)
    slots = sorted(slot for slot, share in dependence.items() if share > 0)
    extra = floats([dependence[slot] * days / context.index.step_days for slot in slots])
    return window(
        EffectKind.EXTRA_COVER,
        name,
        slots,
        [announced, start],
        [extra, np.zeros(len(slots))],
        [f"announced: {spec.origin}", ""],
    )


def capacity_loss(spec: CapacityLoss, number: int, context: Context) -> list[Effect]:
    """Take capacity of the target out, then bring it back at once, in a line or along a logistic curve."""
    if spec.severity == 0.0:
        return []
    nodes = [context.index.node[node.id] for node in nodes_of_target(context.network, spec.target)]
    start, end = context.step_from(spec.start), context.end_step(spec.start, spec.duration_days)
    if end is not None and end <= start:
        return []
    steps, values, labels = [start], [np.array(1.0 - spec.severity)], ["starts"]
    if end is not None:
        days = 0.0 if spec.recovery == "step" else spec.recovery_time_days
        for at, done in stairs(days, context.index.step_days):
            share = _logistic(done) if spec.recovery == "logistic" else done
            steps.append(end + at)
            values.append(np.array(1.0 - spec.severity * (1.0 - share)))
            labels.append("ends" if share == 1.0 else "")
    return window(EffectKind.AVAILABILITY, name_of(spec, number), nodes, steps, values, labels)


def _logistic(done: float) -> float:
    """Return the logistic share of a recovery of which the time share `done` has passed; 0 -> 0, 1 -> 1."""

    def curve(x: float) -> float:
        return 1.0 / (1.0 + math.exp(-LOGISTIC_STEEPNESS * (x - 0.5)))

    return (curve(done) - curve(0.0)) / (curve(1.0) - curve(0.0))


def demand_surge(spec: DemandSurge, number: int, context: Context) -> list[Effect]:
    """Raise the demand of end uses, along a ramp."""
    nodes = [context.index.node[node.id] for node in end_uses(context.network, spec)]
    return ramped(EffectKind.DEMAND_FACTOR, spec, number, nodes, spec.increase, spec.ramp_days, context)


def route_closure(spec: RouteClosure, number: int, context: Context) -> list[Effect]:
    """Delay what can go round the closed places; cut what cannot."""
    start, end = context.step_from(spec.start), context.end_step(spec.start, spec.duration_days)
    if spec.severity == 0.0 or (end is not None and end <= start):
        return []
    round_trip: dict[int, float] = {}
    stopped: dict[int, float] = {}
    for arc in closed_arcs(context.network, spec):
        place, days = context.index.arc[(*arc.key, "")], detour_days(context.network, spec, arc)
        if days is None:
            stopped[place] = context.index.per_step(arc.flow_t_per_year) * (1.0 - spec.severity)
        else:
            round_trip[place] = float(steps_up(spec.severity * days, context.index.step_days))
    steps = [start] if end is None else [start, end]
    labels = [f"closed: {', '.join(spec.chokepoints)}", "open again"][: len(steps)]
    name, quiet = name_of(spec, number), [""] * len(steps)
    delays = [floats(list(round_trip.values())), np.array(0.0)][: len(steps)]
    caps = [floats(list(stopped.values())), np.array(np.inf)][: len(steps)]
    effects = window(EffectKind.ARC_DELAY, name, list(round_trip), steps, delays, labels)
    return effects + window(
        EffectKind.ARC_CAP, name, list(stopped), steps, caps, quiet if effects else labels
    )
