"""Assertions about results, for your own tests and notebooks; nothing in the package imports them.

::

    from sim.testing import assert_flat, assert_mass_balance, assert_results_close

Each takes a result just run or loaded from its folder, returns nothing, and raises an `AssertionError` that
names what is wrong, where, and by how much.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from sim.vocab import FloatArray

if TYPE_CHECKING:
    from sim.analysis.result import ResultView

MOST_SHOWN = 8  # lines of a failure


class _History(NamedTuple):
    """One variable of one thing over the steps."""

    name: str
    """Kind, id, material and variable."""
    value: FloatArray
    baseline: FloatArray


def assert_mass_balance(result: ResultView, rtol: float = 1e-9) -> None:
    """Fail unless every material's balance closes over the run and its baseline.

    Parameters
    ----------
    result : RunResult or SavedResult
    rtol : float
        Largest |opening + produced - consumed - surplus - closing| / (opening + produced).

    Raises
    ------
    AssertionError
        If the error is larger, or not a number.

    Examples
    --------
    >>> assert_mass_balance(simulate(network, scenario))  # doctest: +SKIP
    """
    error = float(result.summary["mass_balance"]["max_relative_error"])
    if not error <= rtol:
        raise AssertionError(f"mass is not conserved: relative error {error:.3g}, allowed {rtol:.3g}")


def assert_flat(result: ResultView, rtol: float = 1e-9) -> None:
    """Fail unless every history, and its baseline, keeps the value of its first step.

    Parameters
    ----------
    result : RunResult or SavedResult
        Of a scenario without disruption, response or growth.
    rtol : float
        Largest distance from the first step, relative to it.

    Raises
    ------
    AssertionError
        If a history moves; the farthest ones are named.
    """
    wrong = []
    for history in _histories(result):
        for label, values in (("", history.value), (" (baseline)", history.baseline)):
            first = np.broadcast_to(values[:1], values.shape)
            wrong.extend(_apart(history.name + label, values, first, rtol))
    _fail_on(wrong, f"not flat to {rtol:.3g}")


def assert_results_close(left: ResultView, right: ResultView, rtol: float = 1e-9) -> None:
    """Fail unless two results hold the same histories with the same numbers.

    Parameters
    ----------
    left, right : RunResult or SavedResult
    rtol : float
        Largest difference in a step, relative to the largest size of that history in `right`; 0 asks
        for equal numbers.

    Raises
    ------
    AssertionError
        If a history is missing on one side, of another length, or differs; the farthest ones are named.
    """
    ours = {history.name: history for history in _histories(left)}
    theirs = {history.name: history for history in _histories(right)}
    lonely = sorted(ours.keys() ^ theirs.keys())
    if lonely:
        side = ["left" if name in ours else "right" for name in lonely]
        lines = [f"{name}: only in the {where} result" for name, where in zip(lonely, side, strict=True)]
        raise AssertionError("\n".join(["the results hold different histories:", *_few(lines)]))
    wrong = []
    for name, history in ours.items():
        other = theirs[name]
        if history.value.shape != other.value.shape:
            raise AssertionError(f"{name}: {len(history.value)} steps against {len(other.value)}")
        wrong.extend(_apart(name, history.value, other.value, rtol, whole=True))
        wrong.extend(_apart(f"{name} (baseline)", history.baseline, other.baseline, rtol, whole=True))
    _fail_on(wrong, f"not equal to {rtol:.3g}")


def _histories(result: ResultView) -> Iterator[_History]:
    """Yield the histories of a result, in the order of its series."""
    frame = result.series
    keys = ["kind", "id", "country", "material", "variable"]
    for key, part in frame.groupby(keys, observed=True, sort=False, dropna=False):
        name = " ".join(dict.fromkeys(str(text) for text in key if str(text)))
        yield _History(name, part["value"].to_numpy(np.float64), part["baseline"].to_numpy(np.float64))


def _apart(
    name: str, values: FloatArray, expected: FloatArray, rtol: float, *, whole: bool = False
) -> list[tuple[float, str]]:
    """Return (distance, text) when values are farther than `rtol` from what is expected, else nothing.

    Judged step by step against the expected value there, or (`whole`) against the largest of the history.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        gap = np.abs(values - expected)
        size = np.abs(expected)
        if whole:
            size = np.full_like(size, size[np.isfinite(size)].max(initial=0.0))
        distance = np.where((values == expected) | (np.isnan(values) & np.isnan(expected)), 0.0, gap / size)
    distance = np.where(np.isnan(distance), np.inf, distance)
    worst = int(distance.argmax()) if len(distance) else 0
    if not len(distance) or distance[worst] <= rtol:
        return []
    text = f"{name}: {values[worst]:.12g} against {expected[worst]:.12g} in step {worst}"
    return [(float(distance[worst]), f"{text} (relative {distance[worst]:.3g})")]


def _fail_on(wrong: list[tuple[float, str]], what: str) -> None:
    """Raise with the farthest histories first; do nothing when there is none."""
    if wrong:
        ordered = [text for _, text in sorted(wrong, key=lambda pair: -pair[0])]
        raise AssertionError("\n".join([f"{len(wrong)} histories are {what}:", *_few(ordered)]))


def _few(lines: list[str]) -> list[str]:
    """Return the first lines, and how many were left off."""
    left = len(lines) - MOST_SHOWN
    return [f"  {line}" for line in lines[:MOST_SHOWN]] + ([f"  and {left} more"] if left > 0 else [])
