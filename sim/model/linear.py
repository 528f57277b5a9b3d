"""Solves the symmetric systems of reconciliation and trade.

Sparse factors on one thread: these systems have some hundred rows, where threaded dense routines gain
nothing, stall when processors are shared, and sum in an order that depends on the machine.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse
from scipy.sparse import linalg

from sim.vocab import FloatArray

RIDGE = 1e-12  # of the unit diagonal; makes redundant rows harmless, refinement takes its bias away
REFINEMENTS = 2


def solve_symmetric(matrix: sparse.csr_array, right: FloatArray) -> FloatArray:
    """Solve a symmetric, positive semidefinite system; of redundant rows any consistent solution.

    Parameters
    ----------
    matrix : sparse array, shape (n, n)
    right : FloatArray, shape (n,)
        In the range of `matrix`.

    Returns
    -------
    FloatArray, shape (n,)
        Exact up to rounding: of the ridge, what is left is 1e-36 over the cube of the least eigenvalue.
    """
    size = len(right)
    if size == 0:
        return np.zeros(0)
    diagonal = matrix.diagonal()
    scale = 1.0 / np.sqrt(np.where(diagonal > 0, diagonal, 1.0))
    scaling = sparse.diags_array(scale)
    scaled = (scaling @ matrix @ scaling + RIDGE * sparse.eye_array(size)).tocsc()
    factors = linalg.splu(
        scaled, permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options={"SymmetricMode": True}
    )
    solution = factors.solve(scale * right)
    for _ in range(REFINEMENTS):
        solution += factors.solve(scale * (right - matrix @ (scale * solution)))
    return np.asarray(scale * solution, dtype=np.float64)


def solve_saddle(
    curvature: sparse.csr_array, rows: sparse.csr_array, pull: FloatArray, right: FloatArray
) -> FloatArray | None:
    """Solve ``curvature dx - rows' y = pull, rows dx = right`` for dx; redundant rows do no harm.

    Parameters
    ----------
    curvature : sparse array, shape (n, n)
        Symmetric; need not be definite.
    rows : sparse array, shape (m, n)
    pull : FloatArray, shape (n, k)
    right : FloatArray, shape (m, k)
        In the range of `rows`.

    Returns
    -------
    FloatArray, shape (n, k), or None
        None when the system has no one solution.
    """
    norm = np.sqrt(np.asarray((rows * rows).sum(axis=1), dtype=np.float64).ravel())
    scaling = sparse.diags_array(1.0 / np.where(norm > 0, norm, 1.0))
    scaled = (scaling @ rows).tocsr()
    n, m = len(pull), len(right)
    exact = sparse.block_array([[curvature, scaled.T], [scaled, None]], format="csc") if m else curvature
    ridge = sparse.diags_array(np.concatenate([np.zeros(n), np.full(m, -RIDGE)]))
    wanted = np.vstack([pull, np.asarray(scaling @ right)])
    try:
        factors = linalg.splu((exact + ridge).tocsc())
    except RuntimeError:  # exactly singular
        return None
    solution = factors.solve(wanted)
    for _ in range(REFINEMENTS):
        solution += factors.solve(wanted - exact @ solution)
    return np.asarray(solution[:n], dtype=np.float64) if np.isfinite(solution).all() else None
