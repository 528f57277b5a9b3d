"""More of a bad thing is never better, on random networks (DESIGN section 9).

One disruption, no trigger, summed over end uses. On networks that hold some stock and have some capacity to
spare the relations hold to rounding under the plain rules. With every rule on they can be broken in the
recovery, when backlogs and new capacity of others meet; the breaches are bounded here.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Sequence

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sim.engine.run import Engine
from sim.model.arrays import EffectKind
from tests.drafts import Draft, DraftEffect, DraftPile, pack
from tests.strategies import drafts

SETTINGS = settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
STEPS, ONSET = 312, 26
SEVERITIES = (0.1, 0.25, 0.4, 0.55, 0.7, 0.85, 1.0)
DURATIONS = (1, 2, 6, 13, 20, 26, 39, 52, 78, 104)
OPENINGS = (60.0, 20.0, 8.0, 4.0, 2.0, 1.0, 0.0)  # steps of the members' use
ROUNDING, BREACH = 1e-9, 1e-3  # of all demand of the run
RULES = frozenset({"growth", "free_behaviour", "triggers", "piles", "hosts"})
"""Never on here. Hosts: one that lives on the orders of the node it limits can stop both for good."""
PLAIN = RULES | {
    "joint", "recycling", "lifetimes", "spare_scrap", "restart", "must_run", "latents", "qualification",
    "priorities", "caps", "lines", "deferral", "projects", "unlimited",
}  # fmt: skip
Disruption = Callable[[Draft, str, float, int], None]


def supplied(draft: Draft) -> Draft:
    """Give every node two weeks of inputs, a week of product and a tenth of capacity to spare."""
    for slot in draft.slots:
        slot.cover_steps = max(slot.cover_steps, 2.0)
    for port in draft.ports:
        port.cover_steps = max(port.cover_steps, 1.0)
    for node in draft.nodes:
        node.capacity = max(node.capacity, 1.1 * node.planned)
    return draft


def restrict(draft: Draft, node: str, severity: float, duration: int) -> None:
    """Cap what a node ships."""
    arcs = [arc for arc in draft.arcs if arc.port[0] == node]
    caps = [[(1.0 - severity) * arc.flow for arc in arcs], [math.inf] * len(arcs)]
    times = [ONSET, ONSET + duration]
    draft.effects.append(DraftEffect(EffectKind.ARC_CAP, [arc.key for arc in arcs], times, caps))
    draft.effects.append(DraftEffect(EffectKind.RESTRICTED, [node], times, [[1.0], [0.0]]))


def take_out(draft: Draft, node: str, severity: float, duration: int) -> None:
    """Put capacity of a node out of work."""
    rows = [[1.0 - severity], [1.0]]
    draft.effects.append(DraftEffect(EffectKind.AVAILABILITY, [node], [ONSET, ONSET + duration], rows))


def hit(draft: Draft, choice: int, disruption: Disruption, severity: float, duration: int) -> Draft:
    """Return a copy of the draft with one disruption of one producer."""
    producers = [n.key for n in draft.nodes if not n.end_use and not n.recycling and n.planned > 0]
    changed = copy.deepcopy(draft)
    disruption(changed, producers[choice % len(producers)], severity, duration)
    return changed


def shortfall(draft: Draft) -> float:
    """Return the demand of all end uses that was not met when wanted, units; mass is checked on the way."""
    run = pack(draft).run
    engine = Engine(run, check=True)
    engine.advance(STEPS)
    series, users = engine.finish().series, run.arrays.node_end_use
    return float(np.maximum(0.0, series.node_demand[:, users] - series.node_activity[:, users]).sum())


def demand(draft: Draft) -> float:
    """Return the demand of all end uses over the run, units."""
    return STEPS * sum(node.planned for node in draft.nodes if node.end_use)


def assert_never_falls(totals: Sequence[float], allowed: float) -> None:
    """Fail when a total lies below an earlier one by more than is allowed."""
    highest = 0.0
    for total in totals:
        assert total >= highest - allowed, totals
        highest = max(highest, total)


def worlds(off: frozenset[str]) -> st.SearchStrategy[Draft]:
    """Return random networks that hold some stock, without effects."""
    return drafts(n_steps=STEPS, most_effects=0, off=off).map(supplied)


CHOICES, KINDS = st.integers(0, 99), st.sampled_from([restrict, take_out])


@SETTINGS
@given(worlds(PLAIN), CHOICES, KINDS, st.sampled_from([4, 26, 60]))
def test_a_more_severe_disruption_never_costs_less(
    draft: Draft, choice: int, kind: Disruption, duration: int
) -> None:
    totals = [shortfall(hit(draft, choice, kind, severity, duration)) for severity in SEVERITIES]
    assert_never_falls(totals, ROUNDING * demand(draft))


@SETTINGS
@given(worlds(PLAIN), CHOICES, KINDS, st.sampled_from([0.5, 1.0]))
def test_a_longer_disruption_never_costs_less(
    draft: Draft, choice: int, kind: Disruption, severity: float
) -> None:
    totals = [shortfall(hit(draft, choice, kind, severity, duration)) for duration in DURATIONS]
    assert_never_falls(totals, ROUNDING * demand(draft))


def with_pile(draft: Draft, steps_of_use: float) -> Draft:
    """Give all users of one last material a stockpile that opens four steps after the onset, for good."""
    changed = copy.deepcopy(draft)
    planned = {node.key: node.planned for node in changed.nodes if node.end_use}
    material = max(slot.material for slot in changed.slots if slot.node in planned)
    members = [slot for slot in changed.slots if slot.node in planned and slot.material == material]
    use = sum(slot.input_per_unit * planned[slot.node] for slot in members)
    pile = DraftPile(
        "pile", material, opening=steps_of_use * use, members=[(slot.key, 5) for slot in members]
    )
    changed.piles = [pile]
    changed.effects.append(DraftEffect(EffectKind.PILE_RATE, ["pile"], [ONSET + 4], [[math.inf]]))
    return changed


@SETTINGS
@given(worlds(PLAIN), CHOICES, KINDS, st.sampled_from([13, 26, 60]))
def test_a_smaller_stockpile_never_costs_less(
    draft: Draft, choice: int, kind: Disruption, duration: int
) -> None:
    cut = hit(draft, choice, kind, 1.0, duration)
    totals = [shortfall(with_pile(cut, steps)) for steps in OPENINGS]
    assert_never_falls(totals, ROUNDING * demand(draft))


@SETTINGS
@given(worlds(RULES), CHOICES, KINDS, st.data())
def test_with_every_rule_on_a_breach_stays_below_a_thousandth_of_demand(
    draft: Draft, choice: int, kind: Disruption, data: st.DataObject
) -> None:
    """Largest found on 120 other networks: 4e-4 of demand, from backlogs that meet late capacity."""
    severity, duration = data.draw(st.sampled_from(SEVERITIES)), data.draw(st.sampled_from(DURATIONS))
    severities = [shortfall(hit(draft, choice, kind, each, duration)) for each in SEVERITIES]
    durations = [shortfall(hit(draft, choice, kind, severity, each)) for each in DURATIONS]
    assert_never_falls(severities, BREACH * demand(draft))
    assert_never_falls(durations, BREACH * demand(draft))


@SETTINGS
@given(drafts(n_steps=80, most_effects=4, off=frozenset()), CHOICES)
def test_a_disruption_of_no_severity_changes_no_bit(draft: Draft, choice: int) -> None:
    """Among any other effects, triggers and stockpiles: every history and the whole state."""
    nothing = hit(draft, choice, take_out, 0.0, 20)
    left, right = (Engine(pack(each).run) for each in (draft, nothing))
    for engine in (left, right):
        engine.advance(draft.n_steps)
    for name, history in left.record.series._asdict().items():
        assert history.tobytes() == getattr(right.record.series, name).tobytes(), name
    for name, values in left.state._asdict().items():
        assert values.tobytes() == getattr(right.state, name).tobytes(), name
