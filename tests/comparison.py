"""Running the engine with a trace, and comparing histories."""

from __future__ import annotations

from typing import Any

import numpy as np

from sim.engine.run import Engine
from sim.model.arrays import CompiledRun

SCALED_BY = {"deferred": "want", "scrap_stock": "activity", "on_hand": "draw", "port_stock": "orders"}
"""Histories that may be all rounding: their size is judged by another one."""


def traced(compiled: CompiledRun) -> Engine:
    """Return an engine that ran to its end and kept every step."""
    engine = Engine(compiled, check=True, trace=True)
    engine.advance(compiled.n_steps)
    return engine


def histories(engine: Engine) -> dict[str, np.ndarray]:
    """Return the traced histories as arrays, one row a step."""
    return {name: np.array(rows) for name, rows in engine.trace.items()}


def largest(values: np.ndarray) -> float:
    """Return the largest finite size."""
    finite = np.abs(values[np.isfinite(values)])
    return float(finite.max(initial=0.0))


def difference(left: np.ndarray, right: np.ndarray, scale: float = 0.0) -> float:
    """Return the largest difference over the largest size; equal infinities differ by 0."""
    size = max(largest(left), largest(right), scale)
    with np.errstate(invalid="ignore"):
        gap = np.where(left == right, 0.0, np.abs(left - right))
    return float(gap.max(initial=0.0)) / size if size > 0 else 0.0


def sized(values: dict[str, np.ndarray], name: str) -> float:
    """Return the size that a history's differences are judged by, beside its own."""
    return largest(values[SCALED_BY[name]]) if name in SCALED_BY else 0.0


def assert_same(
    ours: dict[str, Any], theirs: dict[str, Any], names: list[str], tolerance: float = 1e-9
) -> None:
    """Fail with the first step, name and place at which two sets of histories part."""
    worst = {}
    for name in names:
        if name not in theirs or ours[name].shape != theirs[name].shape:
            worst[name] = "other shape or missing"
            continue
        scale = sized(theirs, name)
        if not difference(ours[name], theirs[name], scale) <= tolerance:
            size = max(largest(theirs[name]), scale)
            with np.errstate(invalid="ignore"):
                apart = ~(
                    (ours[name] == theirs[name]) | (np.abs(ours[name] - theirs[name]) <= tolerance * size)
                )
            place = tuple(int(i) for i in np.argwhere(apart)[0])
            worst[name] = f"at {place}: {ours[name][place]!r} against {theirs[name][place]!r}"
    assert not worst, worst
