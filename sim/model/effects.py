"""From a disruption or response to dated changes of parameters: one pure function a kind."""

from __future__ import annotations

from functools import singledispatch

from sim.model import effects_disruptions, effects_projects, effects_responses
from sim.model.arrays import Effect
from sim.model.effect_parts import Context, name_of, trigger_name

__all__ = ["Context", "effects_of", "name_of", "trigger_name"]


@singledispatch
def effects_of(spec: object, number: int, context: Context) -> list[Effect]:  # noqa: ARG001  (the kinds use them)
    """Return the effects of one disruption or response.

    Parameters
    ----------
    spec : Disruption or Response
    number : int
        Its place in the scenario's list.
    context : Context

    Raises
    ------
    TypeError
        If no function is registered for the kind.
    """
    raise TypeError(f"no effect function for {type(spec).__name__}")


effects_of.register(effects_disruptions.export_restriction)
effects_of.register(effects_disruptions.capacity_loss)
effects_of.register(effects_responses.stockpile_release)
effects_of.register(effects_responses.stockpile_build)
effects_of.register(effects_responses.substitution)
effects_of.register(effects_responses.surge_capacity)
effects_of.register(effects_disruptions.demand_surge)
effects_of.register(effects_disruptions.route_closure)
effects_of.register(effects_responses.preferential_allocation)
effects_of.register(effects_responses.mandatory_cover)
effects_of.register(effects_responses.recycling_boost)
effects_of.register(effects_responses.demand_restraint)
effects_of.register(effects_projects.project_slippage)
effects_of.register(effects_projects.fund_project)
