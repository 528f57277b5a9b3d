"""The solver of the reconciliation: derivatives, bounds, redundant and contradictory constraints."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.model.linear import solve_symmetric
from sim.model.reconcile import Constraints, reconcile
from sim.vocab import FloatArray


def chain(rng: np.random.Generator, n_material: int, n_country: int) -> tuple[Constraints, FloatArray]:
    """Return a chain of materials: output of each stage = intake of the next x shared recipe = final use."""
    activity = {(m, c): m * n_country + c for m in range(n_material) for c in range(n_country)}
    recipe = {m: len(activity) + m for m in range(1, n_material)}
    use = {c: len(activity) + n_material - 1 + c for c in range(n_country)}
    prior = rng.lognormal(0.0, 1.0, len(activity) + len(recipe) + len(use))
    rows = []
    for m in range(n_material):
        terms = [(prior[activity[m, c]], [activity[m, c]]) for c in range(n_country)]
        for c in range(n_country):
            if m + 1 < n_material:
                held = [activity[m + 1, c], recipe[m + 1]]
                terms.append((-prior[held[0]] * prior[held[1]], held))
            else:
                terms.append((-prior[use[c]], [use[c]]))
        rows.append(terms)
    return Constraints.of(len(prior), rows), rng.choice([0.03, 0.1, 0.3, 0.5, 1.0], len(prior))


def test_the_jacobian_is_the_derivative_of_the_rows() -> None:
    """A wrong derivative would still converge, to a wrong point."""
    rng = np.random.default_rng(1)
    constraints, _ = chain(rng, 3, 4)
    x = rng.normal(0.0, 0.2, constraints.n_unknown)
    scale = constraints.half_gross(constraints.terms(x))
    jacobian = constraints.jacobian(constraints.terms(x), scale).toarray()
    step = 1e-6
    for k in range(constraints.n_unknown):
        shift = np.zeros_like(x)
        shift[k] = step
        rise = constraints.rows(constraints.terms(x + shift)) - constraints.rows(constraints.terms(x - shift))
        np.testing.assert_allclose(jacobian[:, k], rise / (2 * step) / scale, atol=1e-7)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 5), st.integers(1, 8))
def test_every_chain_closes_and_is_stationary(seed: int, n_material: int, n_country: int) -> None:
    """Closure is exact, and x = S A' lambda for some lambda: no cheaper change exists nearby."""
    constraints, sigma = chain(np.random.default_rng(seed), n_material, n_country)
    result = reconcile(constraints, sigma)
    assert result.converged
    assert np.abs(result.closure).max() <= 1e-12
    terms = constraints.terms(result.x)
    jacobian = constraints.jacobian(terms, constraints.half_gross(terms)).toarray()
    multipliers = np.linalg.lstsq(jacobian.T, result.x / sigma**2, rcond=None)[0]
    np.testing.assert_allclose(jacobian.T @ multipliers, result.x / sigma**2, atol=1e-6)


@pytest.mark.parametrize(
    ("seed", "n_material", "n_country"),
    [(1317, 5, 3), (28, 5, 3), (168, 5, 8), (3633, 5, 8), (4956, 2, 7), (6384, 4, 2), (6993, 5, 3)],
)
def test_strongly_bent_constraints_settle_in_a_few_dozen_steps(
    seed: int, n_material: int, n_country: int
) -> None:
    """Linearised steps creep here for 200 iterations; the last four start beside a saddle and leave it."""
    constraints, sigma = chain(np.random.default_rng(seed), n_material, n_country)
    result = reconcile(constraints, sigma)
    assert result.converged
    assert result.iterations <= 60
    terms = constraints.terms(result.x)
    scale = constraints.half_gross(terms)
    jacobian = constraints.jacobian(terms, scale).toarray()
    multipliers = np.linalg.lstsq(jacobian.T, result.x / sigma**2, rcond=None)[0]
    bend = (multipliers / scale)[constraints.term_row] * terms
    powers = constraints.powers.toarray()
    curvature = np.diag(1 / sigma**2) - powers.T @ np.diag(bend) @ powers
    within = np.linalg.svd(jacobian)[2][np.linalg.matrix_rank(jacobian) :]
    assert np.linalg.eigvalsh(within @ curvature @ within.T).min() > 0  # a minimum, no saddle


def test_figures_that_already_close_stay_as_they_are() -> None:
    """The least change of a balanced world is none."""
    constraints = Constraints.of(3, [[(5.0, [0]), (3.0, [1]), (-8.0, [2])]])
    result = reconcile(constraints, np.array([0.03, 0.3, 0.1]))
    np.testing.assert_array_equal(result.x, np.zeros(3))
    assert (result.objective, result.converged) == (0.0, True)


def test_a_redundant_constraint_changes_nothing() -> None:
    """A total given twice, or one that follows from others, must not break the solver."""
    row = [(5.0, [0]), (-4.0, [1])]
    once = reconcile(Constraints.of(2, [row]), np.array([0.1, 0.3]))
    thrice = reconcile(Constraints.of(2, [row, row, [(-2.0 * v, k) for v, k in row]]), np.array([0.1, 0.3]))
    assert thrice.converged
    np.testing.assert_allclose(thrice.x, once.x, atol=1e-12)


def test_contradictory_constraints_are_not_called_converged() -> None:
    """One quantity cannot equal two numbers held by their bounds."""
    constraints = Constraints.of(3, [[(5.0, [0]), (-4.0, [1])], [(5.0, [0]), (-9.0, [2])]])
    fixed = np.array([-np.inf, 0.0, 0.0]), np.array([np.inf, 0.0, 0.0])
    result = reconcile(constraints, np.ones(3), *fixed, max_iterations=30)
    assert not result.converged
    assert np.abs(result.closure).max() > 0.1


def test_what_a_bound_holds_back_others_carry() -> None:
    """The row still closes, the held unknown sits at its bound exactly and is reported."""
    constraints = Constraints.of(3, [[(10.0, [0]), (-2.0, [1]), (-5.0, [2])]])
    sigma = np.array([0.1, 1.0, 0.1])
    free = reconcile(constraints, sigma)
    assert free.x[1] > 0.5
    high = np.array([np.inf, 0.2, np.inf])
    held = reconcile(constraints, sigma, np.full(3, -np.inf), high)
    assert held.converged
    assert held.x[1] == 0.2
    assert held.at_bound.tolist() == [0, 1, 0]
    assert held.x[2] > free.x[2]
    assert held.objective > free.objective


def test_a_bound_that_does_not_bind_changes_nothing() -> None:
    """The active set must let go again of what it held on the way."""
    constraints, sigma = chain(np.random.default_rng(5), 4, 6)
    free = reconcile(constraints, sigma)
    low, high = free.x - 1e-3, free.x + 1e-3
    bounded = reconcile(constraints, sigma, low, high)
    assert bounded.converged
    assert not bounded.at_bound.any()
    np.testing.assert_allclose(bounded.x, free.x, atol=1e-9)


def test_the_start_respects_bounds_that_exclude_the_prior() -> None:
    """A yield above 1 in the table is pulled to 1 even when nothing else asks for it."""
    constraints = Constraints.of(2, [[(5.0, [0]), (-5.0, [1])]])
    result = reconcile(constraints, np.array([0.1, 0.1]), np.array([0.3, -np.inf]), np.full(2, np.inf))
    assert result.converged
    np.testing.assert_allclose(result.x, [0.3, 0.3], atol=1e-10)


@pytest.mark.parametrize(
    ("sigma", "low", "high", "message"),
    [
        ([0.1], [0.0, 0.0], [1.0, 1.0], r"shape \(2,\)"),
        ([0.1, 0.0], [0.0, 0.0], [1.0, 1.0], "finite and > 0"),
        ([0.1, np.inf], [0.0, 0.0], [1.0, 1.0], "finite and > 0"),
        ([0.1, 0.1], [0.0, 2.0], [1.0, 1.0], r"above upper bound at \[1\]"),
    ],
)
def test_impossible_questions_are_refused(
    sigma: list[float], low: list[float], high: list[float], message: str
) -> None:
    """An infinite sigma would say that a figure costs nothing, which no figure does."""
    constraints = Constraints.of(2, [[(1.0, [0]), (-1.0, [1])]])
    with pytest.raises(ValueError, match=message):
        reconcile(constraints, np.array(sigma), np.array(low), np.array(high))


def test_the_order_of_unknowns_does_not_matter() -> None:
    """Numbers are names here: sorted tables and unsorted ones give one world."""
    rng = np.random.default_rng(11)
    constraints, sigma = chain(rng, 3, 5)
    order = rng.permutation(constraints.n_unknown)
    place = np.argsort(order)
    rows: list[list[tuple[float, list[int]]]] = [[] for _ in range(constraints.n_row)]
    powers = constraints.powers.tocoo()
    held: dict[int, list[int]] = {}
    for term, unknown in zip(powers.coords[0].tolist(), powers.coords[1].tolist(), strict=True):
        held.setdefault(term, []).append(int(place[unknown]))
    for term, (row, value) in enumerate(zip(constraints.term_row, constraints.term_value, strict=True)):
        rows[row].append((float(value), held[term]))
    other = reconcile(Constraints.of(constraints.n_unknown, rows), sigma[order])
    np.testing.assert_allclose(other.x[place], reconcile(constraints, sigma).x, atol=1e-9)


def test_a_singular_system_is_solved_in_its_range() -> None:
    """Redundant rows leave the multipliers open, not what they pull."""
    matrix = Constraints.of(1, [[(1.0, [0])]]).powers  # any sparse array class will do
    rows = np.array([[1.0, 2.0, 0.0], [2.0, 4.0, 0.0], [0.0, 1.0, 3.0]])
    singular = type(matrix)(rows @ rows.T)
    right = singular @ np.array([1.0, 0.5, -2.0])
    np.testing.assert_allclose(singular @ solve_symmetric(singular, right), right, rtol=1e-9)
    assert solve_symmetric(type(matrix)((0, 0)), np.zeros(0)).shape == (0,)
