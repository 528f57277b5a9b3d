"""What must hold at any time: stocks are not negative, and mass is conserved."""

from __future__ import annotations

import numpy as np

from sim.engine.state import State
from sim.errors import EngineError, MassBalanceError
from sim.model.arrays import NetworkArrays
from sim.vocab import FloatArray

BALANCE_TOLERANCE = 1e-9
NEGATIVE_TOLERANCE = 1e-9  # of the largest stock: rounding of differences


def _by_material(net: NetworkArrays, slots: FloatArray, ports: FloatArray, piles: FloatArray) -> FloatArray:
    """Sum quantities of slots, ports and piles by material, t."""
    parts = ((net.slot_material, slots), (net.port_material, ports), (net.pile_material, piles))
    count = 1 + max((int(m.max()) for m, _ in parts if len(m)), default=-1)
    total = np.zeros(count)
    for material, quantity in parts:
        total += np.bincount(material, quantity, count)
    return total


def material_stock(net: NetworkArrays, state: State) -> FloatArray:
    """Return all stock by material: at users, under way, at ports and in stockpiles, t."""
    piles = state.pile_stock + state.pile_under_way
    return _by_material(net, state.on_hand + state.transit, state.port_stock, piles)


def scrap_in_stock(net: NetworkArrays, state: State) -> float:
    """Return scrap in lifetime chains, at recycling nodes and in their process, t."""
    recycling = net.node_recycling
    return float(state.chain.sum() + state.scrap_stock[recycling].sum() + state.wip[recycling].sum())


def balance_error(net: NetworkArrays, opening: State, state: State) -> float:
    """Return the largest relative misclosure over all materials and of scrap since `opening`.

    Parameters
    ----------
    net : NetworkArrays
    opening, state : State
        At the start and now; cumulative books count from the start.

    Returns
    -------
    float
        |opening + produced - consumed - surplus - closing| / (opening + produced); 0 where nothing moved.
    """
    no_pile = np.zeros(len(net.pile_opening))
    start = material_stock(net, opening)
    made = _by_material(net, np.zeros_like(state.consumed), state.produced - opening.produced, no_pile)
    gone = _by_material(net, state.consumed - opening.consumed, state.surplus - opening.surplus, no_pile)
    error = np.abs(start + made - gone - material_stock(net, state))
    gross = start + made
    relative = np.divide(error, gross, out=np.zeros_like(error), where=gross > 0)
    return max(float(relative.max(initial=0.0)), _scrap_error(net, opening, state))


def _scrap_error(net: NetworkArrays, opening: State, state: State) -> float:
    """Return the relative misclosure of scrap since `opening`."""
    generated = float((state.scrap_generated - opening.scrap_generated).sum())
    lost = float((state.scrap_lost - opening.scrap_lost).sum())
    disposed = float((state.scrap_disposed - opening.scrap_disposed).sum())
    first_port = net.node_port_start[:-1][net.node_recycling]  # each tells how much scrap its node used
    made = (state.produced[first_port] - opening.produced[first_port]) / net.port_output_per_unit[first_port]
    gross = scrap_in_stock(net, opening) + generated
    closing = scrap_in_stock(net, state)
    error = abs(gross - float(made.sum()) - lost - disposed - closing)
    return error / gross if gross > 0 else 0.0


def check_state(net: NetworkArrays, opening: State, state: State, step: int) -> float:
    """Raise when a stock is negative, a number is not finite, or mass is not conserved.

    Returns
    -------
    float
        The relative balance error.

    Raises
    ------
    EngineError
        Negative or not finite stock.
    MassBalanceError
        Relative error above 1e-9.
    """
    for name in ("on_hand", "transit", "port_stock", "wip", "deferred", "scrap_stock", "pile_stock", "ring"):
        values = getattr(state, name)
        floor = -NEGATIVE_TOLERANCE * max(1.0, float(np.abs(values).max(initial=0.0)))
        if not np.all(np.isfinite(values)) or values.min(initial=0.0) < floor:
            raise EngineError(f"{name} is negative or not finite before step {step}")
    error = balance_error(net, opening, state)
    if error > BALANCE_TOLERANCE:
        raise MassBalanceError(f"mass is not conserved before step {step}: relative error {error:.3g}")
    return error
