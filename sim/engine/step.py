"""One step after another, in the order of work of ``docs/background/model.md``."""

from __future__ import annotations

from sim.engine.allocation import (
    adapt,
    allocate,
    close_step,
    count_clocks,
    grant_round_one,
    leave_ports,
    record_flows,
    resource,
)
from sim.engine.compiled import compiled_entry
from sim.engine.ordering import place_orders
from sim.engine.policy import check_triggers, last_resort
from sim.engine.production import arrive, produce
from sim.engine.record import Series
from sim.engine.state import State
from sim.model.arrays import Behaviour, NetworkArrays, Parameters


@compiled_entry
def advance(
    net: NetworkArrays,
    beh: Behaviour,
    par: Parameters,
    st: State,
    rec: Series,
    first_step: int,
    end_step: int,
    step_days: int,
) -> int:
    """Do steps first_step..end_step - 1; stop early after a step in which a trigger fired.

    Parameters
    ----------
    net, beh, par : NetworkArrays, Behaviour, Parameters
        Read only here.
    st : State
        Changed in place.
    rec : Series
        Rows of the steps done are written.
    first_step, end_step : int
    step_days : int

    Returns
    -------
    int
        The next step to do: `end_step`, or the one after a trigger fired.
    """
    for t in range(first_step, end_step):
        arrive(net, st)  # 1
        # 2 price: with prices off every ratio is 1 and nothing reads it
        produce(net, beh, par, st, rec, t)  # 3
        place_orders(net, beh, par, st, t)  # 4
        allocate(net, par, st)  # 5
        grant_round_one(net, beh, par, st, t)
        if beh.resourcing:
            resource(net, beh, par, st, t)  # 6
            last_resort(net, par, st)  # 7
        fired = check_triggers(net, par, st, t, step_days)
        leave_ports(net, beh, st, rec, t)  # 8
        record_flows(net, st, rec, t)
        if beh.resourcing:
            adapt(net, beh, par, st, t)
            count_clocks(st)
        close_step(net, st, rec, t)
        if fired:
            return t + 1
    return end_step
