"""Reconciles figures that contradict each other: least change in logs under exact closure (Stone's method).

Unknown are log multipliers x; a figure with prior value p and standard deviation sigma (of its logarithm)
becomes ``v = p exp(x)``. Constraint i is a sum of monomials of the values, and must be zero::

    minimise    sum_k (x_k / sigma_k)^2
    subject to  g_i(x) = sum_{t in i} c_t prod_{k in t} v_k = 0,    lower <= x <= upper

Each step makes g linear at x (the derivative by x_k of a monomial that holds v_k is the monomial itself),
divides row i by half its gross sum and solves the equality-constrained least squares in closed form::

    lambda = (A S A')^+ (A x - g),    x <- S A' lambda,    S = diag(sigma^2)

Unknowns that leave their bounds are fixed there (active set), those that would come back are released; a step
is at most 1 in the logarithm. That step leaves out how the rows bend; where they bend much it creeps. So once
it is short their curvature is taken in, and the step is Newton's on the conditions of the optimum::

    H = S^-1 - sum_i lambda_i d2g_i/dx2,    H dx - A' lambda = -S^-1 x,    A dx = -g

Arrays only: names live in `sim.model.balance`.

References
----------
Stone, R., Champernowne, D. G., Meade, J. E. (1942). The precision of national income estimates. Review of
Economic Studies 9(2), 111-125. https://doi.org/10.2307/2967664
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from sim.model.linear import solve_saddle, solve_symmetric
from sim.vocab import BoolArray, FloatArray, IntArray

CLOSURE = 1e-12  # largest |g| over half the gross sum of its row
STATIONARY = 1e-10  # largest change of x in the last step
STEP_LIMIT = 1.0  # in the logarithm: a linearised monomial is worthless farther out
NEWTON_FROM = 0.3  # linearised steps shorter than this are near enough for the curvature to be of the optimum
PATIENCE = 12  # iterations after which longer ones have stopped shrinking
MAX_ITERATIONS = 200
MAX_ACTIVE_SET_ROUNDS = 50


@dataclass(frozen=True, slots=True)
class Constraints:
    """Sums of monomials that must vanish.

    Attributes
    ----------
    n_row, n_unknown : int
    term_row : IntArray, shape (n_term,)
        Constraint that each term belongs to.
    term_value : FloatArray, shape (n_term,)
        Signed value of each term at the priors, in the unit of its row.
    powers : sparse array, shape (n_term, n_unknown)
        How often each unknown multiplies each term.
    """

    n_row: int
    n_unknown: int
    term_row: IntArray
    term_value: FloatArray
    powers: sparse.csr_array

    @classmethod
    def of(cls, n_unknown: int, rows: Sequence[Sequence[tuple[float, Sequence[int]]]]) -> Constraints:
        """Build from rows of (value at the priors, unknowns that multiply it).

        Examples
        --------
        >>> Constraints.of(2, [[(5.0, [0]), (-4.0, [1])]]).n_row
        1
        """
        terms = [(row, value, held) for row, row_terms in enumerate(rows) for value, held in row_terms]
        holds = [(number, unknown) for number, (_, _, held) in enumerate(terms) for unknown in held]
        pairs = np.array(holds, dtype=np.int64).reshape(-1, 2)
        powers = sparse.coo_array(
            (np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(len(terms), n_unknown)
        ).tocsr()
        return cls(
            n_row=len(rows),
            n_unknown=n_unknown,
            term_row=np.array([row for row, _, _ in terms], dtype=np.int64),
            term_value=np.array([value for _, value, _ in terms], dtype=np.float64),
            powers=powers,
        )

    def terms(self, x: FloatArray) -> FloatArray:
        """Return the value of every term at log multipliers `x`."""
        return np.asarray(self.term_value * np.exp(self.powers @ x), dtype=np.float64)

    def rows(self, terms: FloatArray) -> FloatArray:
        """Return the sum of every row."""
        return np.bincount(self.term_row, terms, minlength=self.n_row).astype(np.float64)

    def half_gross(self, terms: FloatArray) -> FloatArray:
        """Return half the sum of absolute terms of every row, which scales it; 1 for an empty row."""
        gross = 0.5 * np.bincount(self.term_row, np.abs(terms), minlength=self.n_row)
        return np.where(gross > 0, gross, 1.0)

    def closure(self, x: FloatArray) -> FloatArray:
        """Return what stays open in each row, relative to half its gross sum."""
        terms = self.terms(x)
        return self.rows(terms) / self.half_gross(terms)

    def jacobian(self, terms: FloatArray, scale: FloatArray) -> sparse.csr_array:
        """Return the derivative of each row, divided by its scale, by each unknown; (n_row, n_unknown)."""
        by_row = sparse.coo_array(
            (terms / scale[self.term_row], (self.term_row, np.arange(len(terms)))),
            shape=(self.n_row, len(terms)),
        )
        product: sparse.csr_array = by_row.tocsr() @ self.powers
        return product


@dataclass(frozen=True, slots=True)
class Reconciled:
    """Result of `reconcile`.

    Attributes
    ----------
    x : FloatArray, shape (n_unknown,)
        Log multipliers.
    at_bound : IntArray, shape (n_unknown,)
        -1 held by its lower bound, 1 by its upper, 0 free.
    closure : FloatArray, shape (n_row,)
        What stays open, relative to half the gross sum of the row.
    objective : float
        sum (x / sigma)^2.
    iterations : int
    converged : bool
        Whether every row is closed and the last step was nothing.
    """

    x: FloatArray
    at_bound: IntArray
    closure: FloatArray
    objective: float
    iterations: int
    converged: bool


def reconcile(
    constraints: Constraints,
    sigma: FloatArray,
    lower: FloatArray | None = None,
    upper: FloatArray | None = None,
    *,
    closure: float = CLOSURE,
    max_iterations: int = MAX_ITERATIONS,
) -> Reconciled:
    """Return the least change of the priors that closes every constraint.

    Parameters
    ----------
    constraints : Constraints
    sigma : FloatArray, shape (n_unknown,)
        Standard deviation of the logarithm of each unknown, > 0.
    lower, upper : FloatArray, shape (n_unknown,), optional
        Bounds of the log multipliers; none by default.
    closure : float
        Largest relative opening of a row that counts as closed.
    max_iterations : int

    Returns
    -------
    Reconciled
        `converged` is False when the constraints contradict each other (within the bounds).

    Raises
    ------
    ValueError
        If shapes do not match, a sigma is not positive, or a lower bound lies above its upper bound.
    """
    n = constraints.n_unknown
    low = np.full(n, -np.inf) if lower is None else lower
    high = np.full(n, np.inf) if upper is None else upper
    _check(sigma, low, high, n)
    x = np.clip(np.zeros(n), low, high)
    fixed = np.zeros(n, dtype=np.int64)
    damping, last_step, left = 1.0, np.inf, False
    iteration = 0
    for iteration in range(1, max_iterations + 1):
        target, fixed, multipliers = _target(constraints, x, sigma**2, (low, high), fixed)
        step = target - x
        size = float(np.abs(step).max(initial=0.0))
        if size <= STATIONARY and np.abs(constraints.closure(x)).max(initial=0.0) <= closure:
            x, last_step = target, size
            break
        free, newton = fixed == 0, None
        if not left and (size < NEWTON_FROM or iteration > PATIENCE):
            newton = _newton_step(constraints, x, sigma, free, multipliers)
        left = newton is not None and newton[1]
        # which bounds hold is for the linearised step to say
        if newton is not None and not (free & ((x + newton[0] < low) | (x + newton[0] > high))).any():
            x, last_step = np.where(free, x + newton[0], target), size
            continue
        # two steps that do not shrink point to and fro between branches of a product; shorter ones settle
        damping = max(0.1, 0.5 * damping) if size > last_step and iteration > 5 else min(1.0, 1.5 * damping)
        last_step = size
        x = np.clip(x + min(damping, STEP_LIMIT / max(size, STEP_LIMIT)) * step, low, high)
    opening = constraints.closure(x)
    return Reconciled(
        x=x,
        at_bound=fixed,
        closure=opening,
        objective=float(np.sum((x / sigma) ** 2)),
        iterations=iteration,
        converged=bool(np.abs(opening).max(initial=0.0) <= closure and last_step <= STATIONARY),
    )


def _check(sigma: FloatArray, low: FloatArray, high: FloatArray, n: int) -> None:
    """Refuse what has no solution by its form."""
    if not sigma.shape == low.shape == high.shape == (n,):
        raise ValueError(
            f"sigma and bounds must have shape ({n},), got {sigma.shape}, {low.shape}, {high.shape}"
        )
    if not (np.isfinite(sigma).all() and (sigma > 0).all()):
        raise ValueError("every sigma must be finite and > 0")
    if (low > high).any():
        raise ValueError(f"lower bound above upper bound at {np.flatnonzero(low > high).tolist()}")


def _target(
    constraints: Constraints,
    x: FloatArray,
    variance: FloatArray,
    bounds: tuple[FloatArray, FloatArray],
    fixed: IntArray,
) -> tuple[FloatArray, IntArray, FloatArray]:
    """Solve the problem made linear at `x`: its solution, what each bound holds, the multipliers."""
    low, high = bounds
    terms = constraints.terms(x)
    scale = constraints.half_gross(terms)
    jacobian = constraints.jacobian(terms, scale)
    right = jacobian @ x - constraints.rows(terms) / scale
    held = fixed.copy()
    target, multipliers = x, np.zeros(constraints.n_row)
    for _ in range(MAX_ACTIVE_SET_ROUNDS):
        bound = np.where(held < 0, low, np.where(held > 0, high, 0.0))
        free = held == 0
        pull, multipliers = _free_pull(jacobian, right, variance, free, bound)
        # a held unknown is let go when the constraints pull it inside
        released = ((held < 0) & (pull > low)) | ((held > 0) & (pull < high))
        target = np.where(free, pull, bound)
        below, above = free & (pull < low), free & (pull > high)
        if not (released | below | above).any():
            break
        held = np.where(released, 0, held)
        held = np.where(below, -1, np.where(above, 1, held))
    return np.clip(target, low, high), held, multipliers


def _free_pull(
    jacobian: sparse.csr_array,
    right: FloatArray,
    variance: FloatArray,
    free: BoolArray,
    bound: FloatArray,
) -> tuple[FloatArray, FloatArray]:
    """Return S A' lambda for every unknown, where those not free stay at their bound, and lambda."""
    weighted = jacobian @ sparse.diags_array(np.where(free, variance, 0.0))
    multipliers = solve_symmetric(
        (weighted @ jacobian.T).tocsr(), right - jacobian @ np.where(free, 0.0, bound)
    )
    return np.asarray(variance * (jacobian.T @ multipliers), dtype=np.float64), multipliers


def _newton_step(
    constraints: Constraints, x: FloatArray, sigma: FloatArray, free: BoolArray, multipliers: FloatArray
) -> tuple[FloatArray, bool] | None:
    """Return the step to the optimum by the curvature at `x`, and whether it leaves a saddle instead.

    Where the objective bends down along the rows, the point ahead is a saddle, from which the linearised step
    departs by a percent an iteration; the reversed step doubles the distance. None where the step is long.
    """
    terms = constraints.terms(x)
    scale = constraints.half_gross(terms)
    width = np.where(free, sigma, 0.0)  # steps are solved for in units of sigma
    powers = (constraints.powers @ sparse.diags_array(width)).tocsr()
    bend = (multipliers / scale)[constraints.term_row] * terms
    curvature = (sparse.eye_array(len(x)) - powers.T @ sparse.diags_array(bend) @ powers).tocsr()
    jacobian = (constraints.jacobian(terms, scale) @ sparse.diags_array(width)).tocsr()
    pull = np.column_stack([np.where(free, -x / sigma, 0.0), np.zeros(len(x))])
    right = np.repeat(-(constraints.rows(terms) / scale)[:, None], 2, axis=1)
    found = solve_saddle(curvature, jacobian, pull, right)
    if found is None:
        return None
    step, closing = found.T
    along = step - closing  # what moves within the rows; the rest only closes them
    saddle = bool(along @ (curvature @ along) < 0)
    step = width * (closing - along if saddle else step)
    return (step, saddle) if np.abs(step).max(initial=0.0) < STEP_LIMIT else None
