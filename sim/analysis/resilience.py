"""Measures of a disruption, each a pure function of histories.

Symbols: *D* demand at baseline price without backlog, *S* delivered, subscript *b* the baseline, all per
step; ``q = S / S_b``; *onset* the step of the first disruption. A step lasts `step_days` days. Every measure
has a stated answer for "never short" and for "never recovered": the latter is None, never the horizon.

References
----------
Bruneau, M. et al. (2003). A framework to quantitatively assess and enhance the seismic resilience of
communities. Earthquake Spectra 19(4), 733-752. doi:10.1193/1.1623497
Simchi-Levi, D. et al. (2015). Identifying risks and mitigating disruptions in the automotive supply chain.
Interfaces 45(5), 375-390. doi:10.1287/inte.2015.0804
"""

from __future__ import annotations

import math

import numpy as np

from sim.vocab import DAYS_PER_YEAR, FloatArray

SHORT_BELOW = 0.99  # q below this is short (DESIGN section 8)
HOLD_WEEKS = 13  # recovered when q holds for a quarter
DAYS_PER_WEEK = 7


def performance(delivered: FloatArray, delivered_base: FloatArray) -> FloatArray:
    """Return ``q = S / S_b``, 1 where the baseline delivers nothing.

    Parameters
    ----------
    delivered, delivered_base : ndarray, shape (step,)
        S and S_b, quantity per step.

    Returns
    -------
    ndarray, shape (step,)
        Above 1 while deferred demand is caught up or stocks are refilled.

    Examples
    --------
    >>> performance(np.array([5.0, 0.0]), np.array([10.0, 0.0])).tolist()
    [0.5, 1.0]
    """
    idle = delivered_base <= 0.0
    return np.where(idle, 1.0, delivered / np.where(idle, 1.0, delivered_base))


def shortfall(
    demand: FloatArray, delivered: FloatArray, demand_base: FloatArray, delivered_base: FloatArray
) -> FloatArray:
    """Return ``max(0, (D - S) - (D_b - S_b))`` of each step: unmet demand beyond the baseline's own.

    Parameters
    ----------
    demand, delivered, demand_base, delivered_base : ndarray, shape (step,)
        Quantity per step.

    Returns
    -------
    ndarray, shape (step,)
        Quantity per step; 0 throughout when never short. Differences at rounding level count as 0.
    """
    gap = (demand - delivered) - (demand_base - delivered_base)
    rounding = 1e-12 * np.maximum(np.abs(demand), np.abs(demand_base))
    return np.where(gap > rounding, gap, 0.0)


def recovered_later(caught_up: FloatArray, caught_up_base: FloatArray, total_shortfall: float) -> float:
    """Return the part of a shortfall that was deferred and met afterwards.

    Parameters
    ----------
    caught_up, caught_up_base : ndarray, shape (step,)
        Deliveries that met deferred demand, quantity per step.
    total_shortfall : float
        Sum of `shortfall`; no more than this can be recovered.

    Returns
    -------
    float
        Quantity; 0 when never short or when nothing is deferred.
    """
    extra = float(np.sum(caught_up) - np.sum(caught_up_base))
    return min(max(extra, 0.0), total_shortfall)


def shortfall_share(short: FloatArray, demand: FloatArray) -> float:
    """Return the shortfall over the demand of the same steps; 0 where nothing is wanted.

    Parameters
    ----------
    short, demand : ndarray, shape (step,)
        Quantity per step.
    """
    wanted = float(np.sum(demand))
    return float(np.sum(short)) / wanted if wanted > 0.0 else 0.0


def peak_shortfall_share(short: FloatArray, demand: FloatArray) -> float:
    """Return the largest share of a step's demand that falls short; 0 when never short.

    Parameters
    ----------
    short, demand : ndarray, shape (step,)
        Quantity per step.
    """
    wanted = demand > 0.0
    return float(np.max(short[wanted] / demand[wanted], initial=0.0))


def weeks_to_shortfall(q: FloatArray, onset: int, step_days: int) -> float | None:
    """Return the weeks from the first disruption to the first step with q < 0.99.

    Parameters
    ----------
    q : ndarray, shape (step,)
        See `performance`.
    onset : int
        Step of the first disruption.
    step_days : int

    Returns
    -------
    float or None
        None when never short.
    """
    below = np.flatnonzero(q[onset:] < SHORT_BELOW)
    return int(below[0]) * step_days / DAYS_PER_WEEK if below.size else None


def weeks_to_recover(q: FloatArray, onset: int, step_days: int) -> float | None:
    """Return the weeks from the first disruption to the first step from which q >= 0.99 holds for 13 weeks.

    Parameters
    ----------
    q : ndarray, shape (step,)
        See `performance`.
    onset : int
        Step of the first disruption.
    step_days : int

    Returns
    -------
    float or None
        0 when never short; None when the horizon ends before 13 good weeks have passed, never the horizon.
    """
    below = np.flatnonzero(q[onset:] < SHORT_BELOW)
    if not below.size:
        return 0.0
    hold = math.ceil(HOLD_WEEKS * DAYS_PER_WEEK / step_days)
    ends = np.append(below[1:], len(q) - onset)  # a good spell lasts from a short step to the next one
    lasting = np.flatnonzero(ends - below - 1 >= hold)
    return (int(below[lasting[0]]) + 1) * step_days / DAYS_PER_WEEK if lasting.size else None


def resilience_loss_weeks(q: FloatArray, onset: int, step_days: int) -> float:
    """Return the area of the resilience triangle: the integral of ``1 - q`` where q < 1, from the onset on.

    Parameters
    ----------
    q : ndarray, shape (step,)
        See `performance`.
    onset : int
        Step of the first disruption.
    step_days : int

    Returns
    -------
    float
        Weeks of full delivery lost up to the end of the horizon; 0 when never short. Steps with q > 1 (demand
        caught up, stocks refilled) do not shrink the area: `recovered_later` counts what came back.

    References
    ----------
    Bruneau et al. (2003), equation 1.
    """
    depth = np.maximum(1.0 - q[onset:], 0.0)
    return float(np.sum(np.where(depth > 1e-12, depth, 0.0))) * step_days / DAYS_PER_WEEK


def fill_rate(delivered: FloatArray, demand: FloatArray) -> float:
    """Return sum S / sum D (type 2 service), 1 where nothing is wanted.

    Parameters
    ----------
    delivered, demand : ndarray, shape (step,)
        Quantity per step, deliveries without what met deferred demand.
    """
    wanted = float(np.sum(demand))
    return float(np.sum(delivered)) / wanted if wanted > 0.0 else 1.0


def service_level(q: FloatArray) -> float:
    """Return the share of steps with q >= 0.99 (type 1 service); 1 when never short.

    Parameters
    ----------
    q : ndarray, shape (step,)
        See `performance`.
    """
    return float(np.mean(q >= SHORT_BELOW)) if len(q) else 1.0


def robustness(q: FloatArray) -> float:
    """Return the lowest q, at most 1; 1 when never short.

    Parameters
    ----------
    q : ndarray, shape (step,)
        See `performance`.
    """
    return float(np.min(q, initial=1.0))


def time_to_survive(
    demand: FloatArray,
    delivered: FloatArray,
    onset: int,
    step_days: int,
    tolerance: float = 1.0 - SHORT_BELOW,
) -> float | None:
    """Return the weeks from the onset during which demand is met with the disruption kept in force.

    Parameters
    ----------
    demand, delivered : ndarray, shape (step,)
        D and S of a run whose disruption does not end, quantity per step.
    onset : int
        First step of the disruption.
    step_days : int
    tolerance : float
        Share of a step's demand that may go unmet.

    Returns
    -------
    float or None
        None when demand is met to the end of the horizon: the answer is then only known to exceed it.

    References
    ----------
    Simchi-Levi et al. (2015).
    """
    unmet = demand[onset:] - delivered[onset:] > tolerance * demand[onset:] + 1e-12
    first = np.flatnonzero(unmet)
    return int(first[0]) * step_days / DAYS_PER_WEEK if first.size else None


def days_of_cover(stock: FloatArray, demand_per_step: FloatArray, step_days: int) -> FloatArray:
    """Return the days that a stock lasts at the mean demand; nan where nothing is wanted.

    Parameters
    ----------
    stock : ndarray, shape (step,)
        Usable stock, same quantity as the demand; add strategic stock only on purpose.
    demand_per_step : ndarray, shape (step,)
    step_days : int
    """
    mean_demand = float(np.mean(demand_per_step)) if len(demand_per_step) else 0.0
    if mean_demand <= 0.0:
        return np.full(len(stock), np.nan)
    return stock / mean_demand * step_days


def days_of_present_cover(stock: FloatArray, demand_per_step: FloatArray, step_days: int) -> FloatArray:
    """Return the days that a stock lasts at the mean demand of the year around; nan where nothing is wanted.

    Parameters
    ----------
    stock, demand_per_step : ndarray, shape (step,)
    step_days : int
    """
    width = min(len(demand_per_step), round(DAYS_PER_YEAR / step_days))
    if not width:
        return np.full(len(stock), np.nan)
    ones = np.ones(width)
    total = np.convolve(demand_per_step, ones, "same")
    mean = total / np.convolve(np.ones(len(demand_per_step)), ones, "same")
    days = np.divide(stock, mean, out=np.full(len(stock), np.nan), where=mean > 0.0)
    cover: FloatArray = days * step_days
    return cover
