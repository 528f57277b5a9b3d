"""Reconciliation and trade against closed forms."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import optimize

from sim.model.entropy import Band, fit
from sim.model.reconcile import Constraints, reconcile
from sim.vocab import FloatArray

NONE = np.zeros(0, dtype=np.int64)


def cells(*numbers: int) -> np.ndarray:
    return np.array(numbers, dtype=np.int64)


def test_two_figures_of_one_quantity_meet_at_the_weighted_mean_of_their_logs() -> None:
    """Supply p1 against use p2: the gap in logs is shared in proportion to the variances."""
    p1, p2, s1, s2 = 120.0, 90.0, 0.1, 0.3
    result = reconcile(Constraints.of(2, [[(p1, [0]), (-p2, [1])]]), np.array([s1, s2]))
    gap = math.log(p2 / p1)
    expected = [gap * s1**2 / (s1**2 + s2**2), -gap * s2**2 / (s1**2 + s2**2)]
    np.testing.assert_allclose(result.x, expected, rtol=1e-10)
    assert result.objective == pytest.approx(gap**2 / (s1**2 + s2**2), rel=1e-10)


def test_a_product_shares_the_gap_among_its_factors() -> None:
    """activity x recipe x recovery = scrap is linear in logs: one division solves it."""
    prior, sigma = np.array([40.0, 2.4, 0.6, 70.0]), np.array([0.1, 0.3, 0.5, 0.03])
    value = float(np.prod(prior[:3]))
    result = reconcile(Constraints.of(4, [[(value, [0, 1, 2]), (-prior[3], [3])]]), sigma)
    gap = math.log(prior[3] / value)
    signs = np.array([1.0, 1.0, 1.0, -1.0])
    np.testing.assert_allclose(result.x, signs * gap * sigma**2 / np.sum(sigma**2), rtol=1e-9)


def test_a_squared_unknown_counts_twice() -> None:
    """v^2 = c moves v by half the gap."""
    sigma = np.array([0.5, 1e-6])
    result = reconcile(Constraints.of(2, [[(4.0, [0, 0]), (-9.0, [1])]]), sigma)
    assert math.exp(result.x[0]) * 2.0 == pytest.approx(3.0, rel=1e-9)


def test_a_common_factor_of_all_terms_stays_put() -> None:
    """The recipe that multiplies both sides of a balance cannot help to close it."""
    result = reconcile(Constraints.of(3, [[(6.0, [0, 2]), (-4.0, [1, 2])]]), np.array([0.1, 0.1, 1.0]))
    assert result.x[2] == pytest.approx(0.0, abs=1e-12)


def test_small_gaps_are_stones_linear_solution() -> None:
    """For gaps of 1e-6 the logs are relative changes, and Stone's formula holds to second order."""
    rng = np.random.default_rng(2)
    prior = rng.uniform(1.0, 5.0, 6)
    design = np.array([[1, 1, -1, -1, 0, 0], [0, 0, 1, 0, -1, -1]], dtype=float)
    # close both rows, then disturb
    prior[3] = prior[0] + prior[1] - prior[2]
    prior[5] = prior[2] - prior[4]
    prior *= 1.0 + 1e-6 * rng.normal(size=6)
    signed = design * prior
    variance = rng.uniform(0.01, 0.5, 6) ** 2
    stone = -variance * (signed.T @ np.linalg.solve((signed * variance) @ signed.T, signed.sum(axis=1)))
    rows = [[(float(v), [k]) for k, v in enumerate(row) if v != 0] for row in signed]
    result = reconcile(Constraints.of(6, rows), np.sqrt(variance))
    np.testing.assert_allclose(result.x, stone, atol=1e-10)


def test_a_general_optimiser_finds_the_same_point() -> None:
    """Two stages with a shared recipe and a scrap loop, against sequential quadratic programming."""
    prior = np.array([100.0, 30.0, 2.0, 45.0, 0.7, 25.0, 52.0])
    sigma = np.array([0.03, 0.3, 0.1, 0.1, 0.3, 0.5, 0.1])

    def rows(v: FloatArray) -> FloatArray:
        metal, other, recipe, wafer, share, scrap, use = v
        return np.array(
            [metal + other + scrap - recipe * wafer, wafer - use, scrap - share * (recipe * wafer - wafer)]
        )

    found = optimize.minimize(
        lambda x: float(np.sum((x / sigma) ** 2)),
        np.zeros(7),
        jac=lambda x: 2 * x / sigma**2,
        constraints={"type": "eq", "fun": lambda x: rows(prior * np.exp(x)) / 100.0},
        method="SLSQP",
        options={"ftol": 1e-14, "maxiter": 500},
    )
    p = prior
    constraints = Constraints.of(
        7,
        [
            [(p[0], [0]), (p[1], [1]), (p[5], [5]), (-p[2] * p[3], [2, 3])],
            [(p[3], [3]), (-p[6], [6])],
            [(p[5], [5]), (-p[4] * p[2] * p[3], [4, 2, 3]), (p[4] * p[3], [4, 3])],
        ],
    )
    result = reconcile(constraints, sigma)
    assert found.success
    assert result.converged
    np.testing.assert_allclose(rows(prior * np.exp(result.x)), 0.0, atol=1e-9)
    # the linearised step ignores the curvature of the rows; its fixed point is the optimum all the same
    np.testing.assert_allclose(result.x, found.x, atol=2e-5)


def test_flows_without_shares_keep_the_odds_of_their_prior() -> None:
    """Least relative entropy under margins scales rows and columns, so cross ratios stay."""
    rng = np.random.default_rng(3)
    prior = rng.uniform(0.1, 1.0, (4, 5))
    supply = rng.uniform(1.0, 9.0, 4)
    demand = rng.uniform(1.0, 9.0, 5)
    demand *= supply.sum() / demand.sum()
    flow = fit(supply, demand, prior).flow
    np.testing.assert_allclose(flow.sum(axis=1), supply, rtol=1e-13)
    np.testing.assert_allclose(flow.sum(axis=0), demand, rtol=1e-13)
    ratio = flow / prior
    cross = ratio[:-1, :-1] * ratio[1:, 1:] / (ratio[:-1, 1:] * ratio[1:, :-1])
    np.testing.assert_allclose(cross, 1.0, rtol=1e-10)


def test_a_two_by_two_market_has_its_textbook_flows() -> None:
    """Margins fix three cells by one, and the odds ratio gives a quadratic for the last."""
    supply, demand, odds = np.array([6.0, 4.0]), np.array([5.0, 5.0]), 7.0
    prior = np.array([[odds, 1.0], [1.0, 1.0]])
    flow = fit(supply, demand, prior).flow
    a = np.roots([1.0 - odds, demand[1] - supply[0] + odds * (supply[0] + demand[0]), -odds * 30.0])
    inside = [root for root in a.real if 0.0 < root < 5.0]
    assert flow[0, 0] == pytest.approx(inside[0], rel=1e-11)


def test_a_binding_share_sits_on_its_edge_and_the_rest_keeps_its_odds() -> None:
    """A use share of 0.4 where the prior wants more: the band binds, and the other suppliers scale alike."""
    supply, demand = np.array([50.0, 30.0, 20.0]), np.array([20.0, 80.0])
    prior = np.outer(supply, demand) * np.array([[3.0, 1.0], [1.0, 1.0], [2.0, 1.0]])
    band = Band(cells(0), NONE, 1.0, 0.0, 0.4 * demand[0])
    free = fit(supply, demand, prior).flow
    assert free[0, 0] > 0.4 * demand[0]
    bound = fit(supply, demand, prior, [band])
    assert bound.flow[0, 0] == pytest.approx(8.0, rel=1e-12)
    assert bound.multipliers[0] > 0
    odds = (bound.flow[1, 0] * bound.flow[2, 1]) / (bound.flow[2, 0] * bound.flow[1, 1])
    assert odds == pytest.approx(0.5, rel=1e-10)


def test_a_share_of_imports_leaves_own_production_out() -> None:
    """Supplier 1 has exactly 0.3 of what customer 0 buys from 1 and 2, whatever it buys from itself."""
    supply, demand = np.array([40.0, 30.0, 30.0]), np.array([50.0, 50.0])
    prior = np.outer(supply, demand) * np.array([[20.0, 1.0], [5.0, 1.0], [1.0, 1.0]])
    edge = 0.3
    band = Band(cells(2), cells(4), 1.0 - edge, -edge, 0.0)
    result = fit(supply, demand, prior, [band])
    assert result.multipliers[0] > 0
    assert result.flow[1, 0] / (result.flow[1, 0] + result.flow[2, 0]) == pytest.approx(edge, rel=1e-11)
    assert result.flow[0, 0] > result.flow[1, 0]


def test_a_general_optimiser_finds_the_same_flows() -> None:
    """Two bands, one of which binds, against sequential quadratic programming."""
    rng = np.random.default_rng(8)
    supply, demand = np.array([30.0, 50.0, 20.0]), np.array([40.0, 35.0, 25.0])
    prior = rng.uniform(0.5, 2.0, (3, 3)) * np.outer(supply, demand) / 100.0
    bands = [
        Band(cells(0), cells(3, 6), 1.0 - 0.6, -0.6, 0.0),
        Band(cells(4), NONE, -1.0, 0.0, -0.7 * demand[1]),
    ]

    def distance(f: FloatArray) -> float:
        return float(np.sum(f * np.log(f / prior.reshape(-1)) - f))

    found = optimize.minimize(
        distance,
        np.outer(supply, demand).reshape(-1) / 100.0,
        jac=lambda f: np.log(f / prior.reshape(-1)),
        bounds=[(1e-9, None)] * 9,
        constraints=[
            {"type": "eq", "fun": lambda f: f.reshape(3, 3).sum(axis=1) - supply},
            {"type": "eq", "fun": lambda f: f.reshape(3, 3).sum(axis=0)[:2] - demand[:2]},
            {"type": "ineq", "fun": lambda f: np.array([-band.excess(f) for band in bands])},
        ],
        method="SLSQP",
        options={"ftol": 1e-13, "maxiter": 500},
    )
    assert found.success
    result = fit(supply, demand, prior, bands)
    assert result.converged
    np.testing.assert_allclose(result.flow.reshape(-1), found.x, rtol=1e-4, atol=1e-4)
    assert distance(result.flow.reshape(-1)) <= distance(found.x) + 1e-7
