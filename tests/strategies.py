"""Hypothesis strategies for random runs of the engine."""

from __future__ import annotations

from hypothesis import note
from hypothesis import strategies as st

from sim.model.arrays import CompiledRun
from tests.drafts import Draft, pack
from tests.random_networks import FLAG_NAMES, Features, disrupted, random_draft

SEEDS = st.integers(0, 2**32 - 1)


@st.composite
def features(
    draw: st.DrawFn, off: frozenset[str] = frozenset(), on: frozenset[str] = frozenset()
) -> Features:
    """Draw which parts of the model a network uses; `off` and `on` are fixed."""
    chosen = {name: draw(st.booleans(), label=name) for name in FLAG_NAMES if name not in off | on}
    return Features(**chosen, **dict.fromkeys(off, False), **dict.fromkeys(on, True))


@st.composite
def drafts(
    draw: st.DrawFn,
    n_steps: int = 80,
    most_effects: int = 5,
    off: frozenset[str] = frozenset(),
    on: frozenset[str] = frozenset(),
) -> Draft:
    """Draw a random network with random effects, before packing."""
    seed = draw(SEEDS, label="seed")
    chosen = draw(features(off, on))
    width = draw(st.integers(1, 4), label="width")
    note(f"random_draft({seed}, {chosen}, {width})")
    network = random_draft(seed, chosen, width)
    if most_effects == 0:
        network.n_steps = n_steps
        return network
    return disrupted(seed, network, draw(st.integers(0, most_effects), label="effects"), n_steps)


@st.composite
def compiled_runs(
    draw: st.DrawFn,
    n_steps: int = 80,
    most_effects: int = 5,
    off: frozenset[str] = frozenset(),
    on: frozenset[str] = frozenset(),
) -> CompiledRun:
    """Draw a random network with random effects: the engine's whole input."""
    return pack(draw(drafts(n_steps, most_effects, off, on))).run
