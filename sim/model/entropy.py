"""Fits a matrix of flows to margins and bands with least relative entropy to a prior.

::

    minimise    sum_ij F_ij log(F_ij / F0_ij) - F_ij
    subject to  sum_j F_ij = S_i,   sum_i F_ij = D_j,   a_b . F <= c_b  for every band b

A band has two coefficients only: `inside` on its supplier cells, `outside` on the other cells that count, so
that the root of its projection is closed. Cyclic projections with Hildreth's multipliers (rows, columns, each
band) come near; Newton's method on the dual with the bands that bind finishes to rounding. Arrays only.

References
----------
Censor, Y., Lent, A. (1981). An iterative row-action method for interval convex programming. Journal of
Optimization Theory and Applications 34(3), 321-353. https://doi.org/10.1007/BF00934676
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import optimize, sparse

from sim.model.linear import solve_symmetric
from sim.vocab import FloatArray, IntArray

EXACT = 1e-13  # relative to the margin
MAX_SWEEPS = 4000
SWEEPS_BETWEEN = 25  # cyclic sweeps before Newton's method is tried
MAX_NEWTON = 15  # far more than its quadratic end needs
NEWTON_STEP = 2.0  # in the logarithm of a flow
MAX_ACTIVE_SET_ROUNDS = 12
INSIDE = 1e-12  # of the size of a band
SLACK_STEPS = ((0.02, 1.0), (0.03, 3.0), (0.10, 10.0), (math.inf, 30.0))  # (width, price), relative


@dataclass(frozen=True, slots=True)
class Band:
    """One inequality ``inside * sum(F[cells_in]) + outside * sum(F[cells_out]) <= limit``.

    Attributes
    ----------
    cells_in, cells_out : IntArray
        Flat indices of the matrix; apart from each other.
    inside, outside : float
        Coefficients; `outside` is 0 unless `limit` is 0.
    limit : float
        t/year.
    """

    cells_in: IntArray
    cells_out: IntArray
    inside: float
    outside: float
    limit: float

    def excess(self, flat: FloatArray) -> float:
        """Return the left side minus the limit."""
        return float(
            self.inside * flat[self.cells_in].sum()
            + self.outside * (flat[self.cells_out].sum() if self.outside else 0.0)
            - self.limit
        )

    def root(self, flat: FloatArray) -> float:
        """Return the t at which ``F exp(-t a)`` meets the band with equality; 0 where it cannot."""
        first = float(flat[self.cells_in].sum())
        if first <= 0:
            return 0.0
        if self.outside == 0:
            return (
                math.log(self.inside * first / self.limit) / self.inside
                if self.inside * self.limit > 0
                else 0.0
            )
        second = float(flat[self.cells_out].sum())
        if second <= 0:
            return 0.0
        return math.log(-self.inside * first / (self.outside * second)) / (self.inside - self.outside)

    def scale(self, flat: FloatArray, t: float) -> None:
        """Multiply the cells by exp(-t a), in place."""
        flat[self.cells_in] *= math.exp(-t * self.inside)
        if self.outside:
            flat[self.cells_out] *= math.exp(-t * self.outside)


@dataclass(frozen=True, slots=True)
class Fit:
    """Result of `fit`.

    Attributes
    ----------
    flow : FloatArray, shape (n_supplier, n_customer), t/year
    multipliers : FloatArray, shape (n_band,)
        Above 0 where a band binds.
    sweeps : int
    error : float
        Largest relative miss of a margin.
    converged : bool
    """

    flow: FloatArray
    multipliers: FloatArray
    sweeps: int
    error: float
    converged: bool


def fit(
    supply: FloatArray,
    demand: FloatArray,
    prior: FloatArray,
    bands: Sequence[Band] = (),
    *,
    exact: float = EXACT,
    most_sweeps: int = MAX_SWEEPS,
) -> Fit:
    """Return the flows nearest to `prior` that meet both margins and every band.

    Parameters
    ----------
    supply : FloatArray, shape (n_supplier,), t/year
    demand : FloatArray, shape (n_customer,), t/year
        Sums to the same total.
    prior : FloatArray, shape (n_supplier, n_customer)
        0 where no flow is allowed.
    bands : sequence of Band
        Feasible together (see `least_slack`).
    exact : float
        Largest relative miss of a margin.
    most_sweeps : int
        Give up after so many cyclic sweeps, with what is reached by then.
    """
    flow = prior * (supply.sum() / prior.sum())
    multipliers = np.zeros(len(bands))
    sweeps, error = 0, math.inf
    while sweeps < most_sweeps:
        for _ in range(SWEEPS_BETWEEN):
            _sweep(flow, supply, demand, bands, multipliers)
        sweeps += SWEEPS_BETWEEN
        polished = _polish(flow, supply, demand, bands, multipliers, exact)
        if polished is not None:
            return Fit(*polished, sweeps, _miss(polished[0], supply, demand), converged=True)
        error = _miss(flow, supply, demand)
        if error <= exact and not any(band.excess(flow.reshape(-1)) > exact * supply.sum() for band in bands):
            return Fit(flow, multipliers, sweeps, error, converged=True)
    return Fit(flow, multipliers, sweeps, error, converged=False)


def _sweep(
    flow: FloatArray, supply: FloatArray, demand: FloatArray, bands: Sequence[Band], multipliers: FloatArray
) -> None:
    """Project on rows, columns and each band once, in place."""
    rows = flow.sum(axis=1)
    flow *= np.divide(supply, rows, out=np.ones_like(rows), where=rows > 0)[:, None]
    columns = flow.sum(axis=0)
    flow *= np.divide(demand, columns, out=np.ones_like(columns), where=columns > 0)
    flat = flow.reshape(-1)
    for number, band in enumerate(bands):
        t = max(band.root(flat), -multipliers[number])  # a multiplier stays >= 0: bands never pull
        if t != 0.0:
            multipliers[number] += t
            band.scale(flat, t)


def _miss(flow: FloatArray, supply: FloatArray, demand: FloatArray) -> float:
    """Return the largest relative miss of a margin."""
    rows = np.abs(flow.sum(axis=1) - supply) / supply
    columns = np.abs(flow.sum(axis=0) - demand) / demand
    return float(max(rows.max(initial=0.0), columns.max(initial=0.0)))


def _polish(
    start: FloatArray,
    supply: FloatArray,
    demand: FloatArray,
    bands: Sequence[Band],
    multipliers: FloatArray,
    exact: float,
) -> tuple[FloatArray, FloatArray] | None:
    """Finish from a start of the right form; None when it is still too far away.

    Bands with a multiplier bind. After Newton's method has met them, those that would push are let go and
    those that are passed are taken in, until neither is left.
    """
    flow, pulls = start.reshape(-1).copy(), multipliers.copy()
    binding = pulls > 0
    for _ in range(MAX_ACTIVE_SET_ROUNDS):
        if not _newton(flow, start.shape, (supply, demand), bands, pulls, np.flatnonzero(binding), exact):
            return None
        pushing = binding & (pulls < 0)
        passed = ~binding & np.array(
            [band.excess(flow) > INSIDE * _size(band, flow) for band in bands], dtype=np.bool_
        )
        if not (pushing | passed).any():
            return flow.reshape(start.shape), pulls
        for number in np.flatnonzero(pushing).tolist():
            bands[number].scale(flow, -pulls[number])
            pulls[number] = 0.0
        binding = (binding & ~pushing) | passed
    return None


def _newton(
    flow: FloatArray,
    shape: tuple[int, ...],
    margins: tuple[FloatArray, FloatArray],
    bands: Sequence[Band],
    pulls: FloatArray,
    binding: IntArray,
    exact: float,
) -> bool:
    """Meet the margins and the binding bands with equality, in place; False when it does not converge.

    With G the rows of the margins and of the binding bands, F = F_start exp(G' y), and G diag(F) G' is the
    derivative of G F by y.
    """
    cells = np.flatnonzero(flow > 0)
    held = [bands[number] for number in binding]
    matrix = _rows_of(shape, cells, held)
    target = np.concatenate([*margins, [band.limit for band in held]])
    scale = 1.0 / np.concatenate([*margins, [_size(band, flow) for band in held]])
    before = math.inf
    for _ in range(MAX_NEWTON):
        left = (target - matrix @ flow[cells]) * scale
        miss = float(np.abs(left).max())
        if miss <= exact or (miss <= 100 * exact and miss >= before):  # rounding of a long sum
            return True
        before = miss
        step = solve_symmetric((matrix @ sparse.diags_array(flow[cells]) @ matrix.T).tocsr(), left / scale)
        change = matrix.T @ step
        shorter = min(1.0, NEWTON_STEP / max(float(np.abs(change).max()), NEWTON_STEP))
        pulls[binding] -= shorter * step[len(target) - len(held) :]
        flow[cells] *= np.exp(shorter * change)
    return False


def _size(band: Band, flat: FloatArray) -> float:
    """Return the amount that the miss of a band is held against, t/year."""
    total = float(flat[band.cells_in].sum() + (flat[band.cells_out].sum() if band.outside else 0.0))
    return max(total, abs(band.limit), 1e-300)


def _rows_of(shape: tuple[int, ...], cells: IntArray, bands: Sequence[Band]) -> sparse.csr_array:
    """Return the coefficients of margins and bands on the given cells."""
    n_row, n_column = shape
    position = np.full(n_row * n_column, -1, dtype=np.int64)
    position[cells] = np.arange(len(cells))
    rows = [cells // n_column, n_row + cells % n_column]
    columns = [position[cells], position[cells]]
    values = [np.ones(len(cells)), np.ones(len(cells))]
    for number, band in enumerate(bands, start=n_row + n_column):
        for own, coefficient in ((band.cells_in, band.inside), (band.cells_out, band.outside)):
            here = position[own][position[own] >= 0] if coefficient else own[:0]
            rows.append(np.full(len(here), number))
            columns.append(here)
            values.append(np.full(len(here), coefficient))
    entries = (np.concatenate(values), (np.concatenate(rows), np.concatenate(columns)))
    return sparse.coo_array(entries, shape=(n_row + n_column + len(bands), len(cells))).tocsr()


def least_slack(
    supply: FloatArray,
    demand: FloatArray,
    lowest: FloatArray,
    bands: Sequence[Band],
    groups: IntArray,
    prices: FloatArray,
    scales: FloatArray,
) -> tuple[FloatArray, FloatArray] | None:
    """Return flows that miss the bands as little as can be, and by how much.

    Parameters
    ----------
    supply, demand : FloatArray
        Margins, t/year.
    lowest : FloatArray, shape (n_supplier, n_customer), t/year
        Least flow of each cell, NaN where none is allowed: what is feasible beside it has an inside, in which
        `fit` moves without crawling.
    bands : sequence of Band
    groups : IntArray, shape (n_band,)
        Share that each band belongs to: the upper and the lower band of one share have one slack.
    prices : FloatArray, shape (n_group,)
        Price of slack relative to `scales`; the dearer give way last.
    scales : FloatArray, shape (n_group,), t/year
        What slack is held against. Slack is paid by steps (`SLACK_STEPS`), the more the dearer, so that a
        conflict is borne by all who share it rather than by one.

    Returns
    -------
    flow : FloatArray, shape (n_supplier, n_customer), t/year
    slack : FloatArray, shape (n_group,), t/year
        None instead of both when not even the margins can be met.
    """
    cells = np.flatnonzero(np.isfinite(lowest.reshape(-1)))
    margins = _rows_of(lowest.shape, cells, ())
    n_cell, n_step = len(cells), len(SLACK_STEPS)
    n_slack = len(prices) * n_step
    padded = sparse.hstack([margins, sparse.csr_array((margins.shape[0], n_slack))])
    upper, limits = None, None
    total = supply.sum()  # HiGHS' tolerances are absolute
    if bands:
        rows = _rows_of(lowest.shape, cells, bands)[margins.shape[0] :]
        slack = np.zeros((len(bands), len(prices), n_step))
        slack[np.arange(len(bands)), groups] = -1.0
        upper = sparse.hstack([rows, sparse.csr_array(slack.reshape(len(bands), n_slack))]).tocsr()
        limits = np.array([band.limit for band in bands]) / total
    steps = np.array(SLACK_STEPS)
    low = np.concatenate([lowest.reshape(-1)[cells] / total, np.zeros(n_slack)])
    high = np.concatenate([np.full(n_cell, np.inf), np.outer(scales / total, steps[:, 0]).reshape(-1)])
    solve: Any = optimize.linprog  # its published types lack sparse matrices
    found = solve(
        np.concatenate([np.zeros(n_cell), np.outer(prices * total / scales, steps[:, 1]).reshape(-1)]),
        A_ub=upper,
        b_ub=limits,
        A_eq=padded.tocsr(),
        b_eq=np.concatenate([supply, demand]) / total,
        bounds=np.column_stack([low, high]),
        method="highs",
    )
    if not found.success:
        return None
    flow = np.zeros(lowest.size)
    flow[cells] = found.x[:n_cell] * total
    slack_t = found.x[n_cell:].reshape(len(prices), n_step).sum(axis=1) * total
    return flow.reshape(lowest.shape), np.asarray(slack_t, dtype=np.float64)
