"""Measures of a result for one consumer: the functions of `sim.analysis.resilience` with names for columns.

A consumer's *sectors* (end uses, and processing with value added) differ in unit, so that their measures are
averaged with the value added of their baseline activity as weight; materials are never added up.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from sim.analysis import resilience
from sim.analysis.curves import Curve, curves
from sim.analysis.result import ResultView
from sim.errors import ResultError, suggestion
from sim.vocab import FloatArray

SECTOR_VARIABLES = ("demand", "activity", "caught_up")
MATERIAL_VARIABLES = ("demand_t", "consumption_t", "caught_up_t")


def fill_rate(result: ResultView, *, consumer: str, of: str | None = None) -> float:
    """Return the share of a consumer's demand that was met when wanted, over the whole horizon.

    Parameters
    ----------
    result : RunResult or SavedResult
    consumer : str
        A watched country.
    of : str, optional
        A sector or a material (``gallium/primary_metal``). By default the mean over the consumer's sectors,
        weighted with value added (evenly where the tables give none).

    Returns
    -------
    float
        Fraction; 1 where nothing is wanted. What met deferred demand does not count.

    Raises
    ------
    ResultError
        If the consumer is not recorded, or has no such sector or material.
    """
    return _over_sectors(
        result, consumer, of, lambda d, s, c: resilience.fill_rate(s.value - c.value, d.value)
    )


def resilience_loss(result: ResultView, *, consumer: str, of: str | None = None) -> float:
    """Return the area of the resilience triangle of a consumer, weeks of full delivery lost.

    Parameters
    ----------
    result : RunResult or SavedResult
    consumer : str
        A watched country.
    of : str, optional
        A sector or material; by default the weighted mean over the consumer's sectors, as `fill_rate`.

    Raises
    ------
    ResultError
        If the consumer is not recorded, or has no such sector or material.
    """
    onset, step_days = max(result.markers.onset or 0, 0), result.summary["step_days"]

    def loss(_: Curve, delivered: Curve, __: Curve) -> float:
        return resilience.resilience_loss_weeks(performance_of(delivered), onset, step_days)

    return _over_sectors(result, consumer, of, loss)


def time_to_survive(result: ResultView, *, consumer: str, of: str) -> float | None:
    """Return the weeks that a consumer's demand is met after the onset; None when met to the end.

    Meaningful when the disruption lasts to the horizon's end; see `sim.analysis.resilience.time_to_survive`.

    Raises
    ------
    ResultError
        If the consumer is not recorded, or has no such sector or material.
    """
    demand, delivered, _ = _histories(result, consumer, of)
    onset, step_days = max(result.markers.onset or 0, 0), result.summary["step_days"]
    return resilience.time_to_survive(demand.value, delivered.value, onset, step_days)


def performance_of(delivered: Curve) -> FloatArray:
    """Return q = S / S_b of a history, shape (step,)."""
    return resilience.performance(delivered.value, delivered.baseline)


def _histories(result: ResultView, consumer: str, of: str) -> tuple[Curve, Curve, Curve]:
    """Return demand, deliveries and catching-up of one sector or material of a consumer."""
    for kind, variables in (("sector", SECTOR_VARIABLES), ("material", MATERIAL_VARIABLES)):
        found = [curves(result, kind, variable).get((of, consumer)) for variable in variables]
        if all(curve is not None for curve in found):
            demand, delivered, caught_up = (curve for curve in found if curve is not None)
            return demand, delivered, caught_up
    known = _names(result, "sectors", "sector", consumer) + _names(result, "materials", "material", consumer)
    raise ResultError(f"'{consumer}' has no sector or material '{of}' in this result{suggestion(of, known)}")


def _names(result: ResultView, rows: str, key: str, consumer: str) -> list[str]:
    return [row[key] for row in result.summary[rows] if row["country"] == consumer]


def _over_sectors(
    result: ResultView, consumer: str, of: str | None, measure: Callable[[Curve, Curve, Curve], float]
) -> float:
    """Return a measure of one sector or material, or its weighted mean over the consumer's sectors."""
    if of is not None:
        return measure(*_histories(result, consumer, of))
    sectors = sorted(set(_names(result, "sectors", "sector", consumer)))
    if not sectors:
        countries = [row["country"] for rows in ("sectors", "materials") for row in result.summary[rows]]
        if consumer not in countries:
            raise ResultError(
                f"'{consumer}' is not a consumer of this result{suggestion(consumer, countries)}"
            )
        raise ResultError(f"'{consumer}' has no sector in this result; name a material with of=...")
    weights = np.array([result.value_added.get((sector, consumer), math.nan) for sector in sectors])
    weights = (
        np.where(np.isfinite(weights), weights, 0.0) if np.nansum(weights) > 0 else np.ones(len(sectors))
    )
    values = [measure(*_histories(result, consumer, sector)) for sector in sectors]
    return float(np.average(values, weights=weights))
