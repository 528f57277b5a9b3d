"""Single histories out of the series of a result."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from sim.vocab import FloatArray

if TYPE_CHECKING:
    from sim.analysis.result import ResultView


class Curve(NamedTuple):
    """One history with its baseline; arrays of shape (step,)."""

    value: FloatArray
    baseline: FloatArray
    unit: str


def curves(view: ResultView, kind: str, variable: str) -> dict[tuple[str, str], Curve]:
    """Return the histories of one variable by (material or sector, country), facilities summed.

    Parameters
    ----------
    view : ResultView
    kind : {"material", "sector", "stockpile"}
    variable : str
        Such as ``consumption_t``.

    Returns
    -------
    dict of (material, country) to Curve
        Empty when nothing was recorded under that name.
    """
    columns = view.columns
    found: dict[tuple[str, str], Curve] = {}
    for history, curve in _histories(view, kind, variable):
        key = (columns.material.of(history), columns.country.of(history))
        earlier = found.get(key)
        if earlier is None:
            found[key] = curve
        else:
            total = earlier.value + curve.value, earlier.baseline + curve.baseline
            found[key] = Curve(*total, curve.unit)
    return found


def curves_by_id(view: ResultView, kind: str, variable: str) -> dict[str, Curve]:
    """Return the histories of one variable by their id, nothing summed."""
    return {view.columns.id.of(history): curve for history, curve in _histories(view, kind, variable)}


def _histories(view: ResultView, kind: str, variable: str) -> Iterator[tuple[int, Curve]]:
    """Yield the number and the values of each history of a variable."""
    columns = view.columns
    kinds, variables = columns.kind.codes, columns.variable.codes
    wanted = (kinds == columns.kind.code(kind)) & (variables == columns.variable.code(variable))
    for history in map(int, np.flatnonzero(wanted)):
        yield (
            history,
            Curve(columns.value[history], columns.baseline[history], columns.unit.of(history)),
        )


def n_steps(view: ResultView) -> int:
    """Return the number of steps of a result's histories."""
    days = float(view.summary["horizon_weeks"]) * 7
    return round(days / float(view.summary["step_days"]))


def start_date(view: ResultView) -> date:
    """Return the first day of a result."""
    return date.fromisoformat(view.summary["start"])
