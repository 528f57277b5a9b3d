"""After a temporary disruption the world comes back to where it was (DESIGN section 2.4).

Shipped network: within 5 % of the baseline two years after a year's ban, within 1e-3 at ten years, in the
hidden state too. What is not back by then is named here, with its reason. Random networks: back to 1e-3 in
sixteen years.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sim.engine.run import Engine
from sim.model.arrays import EffectKind
from tests.drafts import Draft, DraftEffect, pack
from tests.shipped import END_STEP, ban, compiled, far_off, loss, record, relative
from tests.strategies import drafts

TWO_YEARS, TWO_AND_A_HALF, TEN_YEARS = END_STEP + 104, END_STEP + 130, END_STEP + 520
USERS = ("demand", "consumption", "inventory")
HIDDEN = (
    "on_hand", "transit", "port_stock", "wip", "order", "orders_last", "orders_smoothed", "use_smoothed",
    "activity", "weight", "established", "deferred", "mean_lead",
)  # fmt: skip
BANS: dict[str, dict[str, Any]] = {
    "the shipped ban": ban(leakage=0.1),
    "without leakage": ban(),
    "four fifths": ban(0.8),
    "half": ban(0.5),
    "names alone": ban(materials=["gallium", "germanium", "dysprosium", "terbium"]),
    "gallium": ban(materials=[{"containing": "gallium"}]),
    "germanium": ban(materials=[{"containing": "germanium"}]),
    "dysprosium": ban(materials=["dysprosium"]),
    "ores of Myanmar": loss("MMR", "mining", "dysprosium/contained"),
    "a wafer maker": loss("JPN", "processing", "gaas/wafer"),
}

TERBIUM = "terbium comes with clay that only dysprosium calls for: a ban of single names is slow to make up"
BRAZIL = "a small mine keeps 8 % more custom than before: shares return over four months"
WAFERS = "ten weeks of process and a few per cent of spare capacity: the maker's stock is 5.1 % low"
NICKEL = "two small nickel mines are 5 to 7 % low, half a year after cars have caught up"
SINGLE = {"names alone": TERBIUM}
"""Separators' stocks of terbium are 8 % low after two years."""
LATE = SINGLE | {"without leakage": NICKEL, "ores of Myanmar": BRAZIL, "a wafer maker": WAFERS}
"""Not back to 5 % after two years: found on this network, reported, not excused."""
NEVER: dict[str, str] = {}


def cases(known: dict[str, str]) -> list[Any]:
    """Return every ban, those in `known` marked as failing for the reason given there."""
    return [
        pytest.param(
            disruption,
            id=name,
            marks=[pytest.mark.xfail(reason=known[name], strict=True)] if name in known else [],
        )
        for name, disruption in BANS.items()
    ]


@pytest.mark.parametrize("disruption", cases(SINGLE))
def test_users_are_back_to_five_per_cent_two_years_after(disruption: dict[str, Any]) -> None:
    """What users want, use and hold, of every material in every country; and every end use's activity."""
    run = compiled(disruption, horizon="4 years")
    off = far_off(run, record(run.run).series, record(run.baseline()).series, TWO_YEARS, 0.05)
    end_uses = {f"node_activity {node.id}" for node in run.labels.nodes if node.stage == "end_use"}
    assert {name: far for name, far in off.items() if name.startswith(USERS) or name in end_uses} == {}


@pytest.mark.parametrize("disruption", cases(LATE))
def test_every_series_is_back_to_five_per_cent_two_years_after(disruption: dict[str, Any]) -> None:
    run = compiled(disruption, horizon="4 years")
    off = far_off(run, record(run.run).series, record(run.baseline()).series, TWO_YEARS, 0.05)
    assert off == {}


@pytest.mark.parametrize("disruption", cases({"names alone": TERBIUM}))
def test_every_series_is_back_to_five_per_cent_half_a_year_later(disruption: dict[str, Any]) -> None:
    run = compiled(disruption, horizon="5 years")
    off = far_off(run, record(run.run).series, record(run.baseline()).series, TWO_AND_A_HALF, 0.05)
    assert off == {}


@pytest.mark.parametrize("disruption", cases(NEVER))
def test_every_series_is_back_to_a_thousandth_ten_years_after(disruption: dict[str, Any]) -> None:
    run = compiled(disruption)
    assert far_off(run, record(run.run).series, record(run.baseline()).series, TEN_YEARS, 1e-3) == {}


@pytest.mark.parametrize("disruption", cases(NEVER))
def test_the_hidden_state_is_back_to_a_thousandth_ten_years_after(disruption: dict[str, Any]) -> None:
    """Stocks, orders, weights, established flows, deferred demand. Scrap is in the next test."""
    run = compiled(disruption)
    ended, calm = Engine(run.run, check=True), Engine(run.baseline())
    ended.advance(TEN_YEARS)
    calm.advance(TEN_YEARS)
    for name in HIDDEN:
        value, base = getattr(ended.state, name), getattr(calm.state, name)
        # what stands on a base of zero is judged by the size of a thing that does not
        size = np.where(
            base == 0.0, np.median(np.abs(base[base != 0.0])) if np.any(base) else 1.0, np.abs(base)
        )
        assert (np.abs(value - base) <= 1e-3 * size).all(), name


def test_old_scrap_is_back_when_the_goods_of_the_ban_have_had_their_life() -> None:
    """Fewer magnets in one year are less scrap twelve years later, for years: an echo, and it ends."""
    run = compiled(ban(leakage=0.1), horizon="80 years")
    ended, calm = Engine(run.run, check=True), Engine(run.baseline())
    for engine in (ended, calm):
        engine.advance(engine.compiled.n_steps)
    for name in ("scrap_stock", "chain"):
        assert relative(getattr(ended.state, name), getattr(calm.state, name)).max() <= 1e-3, name


# -- random networks ---------------------------------------------------------------------------------------

LONG = settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
STEPS, ONSET = 880, 26
SPACE = frozenset(
    {"growth", "free_behaviour", "piles", "triggers", "hosts", "latents", "caps", "lines", "deferral"}
)
"""Off: see `supplied`."""


def supplied(draft: Draft) -> Draft:
    """Give every node two weeks of inputs, a week of product and a tenth of capacity to spare.

    Without any, or with a host that lives on the orders of the node it limits, a few networks in a hundred
    settle at another steady state or swing for ever: what the shipped network never does.
    """
    for slot in draft.slots:
        slot.cover_steps = max(slot.cover_steps, 2.0)
    for port in draft.ports:
        port.cover_steps = max(port.cover_steps, 1.0)
    for node in draft.nodes:
        node.capacity = max(node.capacity, 1.1 * node.planned)
    return draft


def cut_off(draft: Draft, choice: int, severity: float, duration: int) -> None:
    """Let one producer ship less for a while."""
    producers = [
        node.key for node in draft.nodes if not node.end_use and not node.recycling and node.planned > 0
    ]
    chosen = producers[choice % len(producers)]
    arcs = [arc for arc in draft.arcs if arc.port[0] == chosen]
    caps = [[(1.0 - severity) * arc.flow for arc in arcs], [np.inf] * len(arcs)]
    times = [ONSET, ONSET + duration]
    draft.effects = [
        DraftEffect(EffectKind.ARC_CAP, [arc.key for arc in arcs], times, caps),
        DraftEffect(EffectKind.RESTRICTED, [chosen], times, [[1.0], [0.0]]),
    ]


@LONG
@given(
    drafts(n_steps=STEPS, most_effects=0, off=SPACE),
    st.integers(0, 99),
    st.sampled_from([1.0, 0.8, 0.5]),
    st.sampled_from([8, 26, 52]),
)
def test_supplied_random_networks_come_back(
    draft: Draft, choice: int, severity: float, duration: int
) -> None:
    """Activities of all nodes are back to 1e-3 of the base year in the last year of seventeen."""
    cut_off(supplied(draft), choice, severity, duration)
    run = pack(draft).run
    engine = Engine(run, check=True)
    engine.advance(STEPS)
    activity, planned = engine.finish().series.node_activity[-52:], run.arrays.node_planned
    assert (np.abs(activity - planned) <= 1e-3 * np.where(planned > 0, planned, planned.max())).all()
