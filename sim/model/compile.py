"""From network and scenario to the engine's input: arrays, rules of behaviour, calendar, labels."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from sim.model.announced import Part
from sim.model.arrays import (
    Behaviour,
    CompiledRun,
    Effect,
    EffectKind,
    NetworkArrays,
    Parameters,
    TriggerKind,
)
from sim.model.effects import Context, effects_of, name_of, trigger_name
from sim.model.effects_projects import project_effects
from sim.model.index import Index, floats, integers, make_arrays, number_parts, offsets, segment_classes
from sim.model.labels import NodeLabel, ProjectLabel, RunLabels
from sim.model.network import Network, Node
from sim.model.plan import Plan, plan_run, releases_pile, substituting_nodes, surging_nodes
from sim.model.scenario import Scenario, StockpileRelease, Substitution, Trigger, check_scenario
from sim.model.schedule import Course, course_of
from sim.units import steps_up
from sim.vocab import IntArray

RecordLevel = Literal["watched", "all", "flows"]

FALLBACK_PARAMETERS = {
    "adjustment_time": 28.0,
    "refill_time": 28.0,
    "forecast_time": 28.0,
    "switching_time": 56.0,
    "loyalty_time": 130.0,
    "established_time": 182.0,
    "catch_up_time": 1.0,
    "deferral_time": math.inf,
    "scrap_disposal_time": 365.0,
    "order_cap": 1.25,
    "minimum_run": 0.5,
    "cover_spread": 1.0,
    "resourcing": 1.0,
    "trigger_window": 28.0,
}
"""Used by a network that brings no parameter table; the values of `parameters.csv`, but deferred
demand waits for ever."""


@dataclass(frozen=True)
class Compilation:
    """A run, the names of what it holds, and the arcs that only a disruption can open."""

    run: CompiledRun
    labels: RunLabels
    detours: IntArray
    imposed: tuple[Effect, ...] = ()
    """What disruptions and responses change; the rest of the run's effects are the projects'."""
    calm: tuple[Effect, ...] = ()
    """What projects change when no scenario funds or delays them."""

    def baseline(self) -> CompiledRun:
        """Return the same run without any disruption or response."""
        return replace(self.run, effects=self.calm, base=_with_detours_shut(self.run.base, self.detours))


def compile_network(network: Network, scenario: Scenario, *, record: RecordLevel = "watched") -> Compilation:
    """Return the engine's input for a scenario on a network.

    Parameters
    ----------
    network : Network
    scenario : Scenario
    record : {'watched', 'all', 'flows'}
        Keep histories of the watched countries, of all countries, or of all and every arc.

    Raises
    ------
    ScenarioError
        If the scenario names something that the network does not have.
    """
    notes = check_scenario(scenario, network)
    plan = plan_run(network, scenario)
    index = number_parts(plan, scenario.step_days)
    view = _View(network, scenario, index, record)
    triggers = _triggers(network, scenario, plan, index)
    arrays = make_arrays(index, network, plan, view.fields | triggers.fields)
    context = Context(network, plan, index, arrays, scenario, triggers.number)
    effects: list[Effect] = []
    for group in (scenario.disruptions, scenario.responses):
        for number, spec in enumerate(group):
            effects.extend(effects_of(spec, number, context))
    starts = [context.step_of(spec.start) for spec in scenario.disruptions]
    detours = integers([number for number, planned in enumerate(index.arcs) if planned.tag])
    ruled = {number for e in effects if e.kind is EffectKind.ARC_CAP for number in e.index.tolist()}
    unruled = integers([number for number in detours.tolist() if number not in ruled])
    run = CompiledRun(
        arrays=arrays,
        behaviour=_behaviour(network, scenario),
        base=_with_detours_shut(_base_parameters(plan, index, arrays, len(triggers.number)), unruled),
        effects=(*effects, *project_effects(context, scenario)),
        n_steps=scenario.n_steps,
        step_days=scenario.step_days,
        trigger_names=tuple(triggers.number),
        record_flows=record == "flows",
        record_groups=len(view.groups),
        record_nodes=len(view.rows),
        first_disruption_step=min(starts, default=-1),
        notes=tuple(notes),
    )
    labels = _labels(network, scenario, plan, index, view)
    return Compilation(run, labels, detours, tuple(effects), tuple(project_effects(context, None)))


# -- behaviour ---------------------------------------------------------------------------------------------


def _behaviour(network: Network, scenario: Scenario) -> Behaviour:
    """Return the rules of behaviour: the scenario's, else the network's parameters, times in steps."""
    given = scenario.behaviour
    table = {**FALLBACK_PARAMETERS, **network.parameters}

    def steps(name: str, days: float | None = None) -> float:
        return max(1.0, (table[name] if days is None else days) / scenario.step_days)

    def switch(name: str, value: str | None) -> bool:
        return table[name] > 0 if value is None else value == "on"

    return Behaviour(
        adjustment_steps=steps("adjustment_time", given.adjustment_time_days),
        refill_steps=steps("refill_time", given.refill_time_days),
        forecast_steps=steps("forecast_time", given.forecast_time_days),
        switching_steps=steps("switching_time", given.switching_time_days),
        loyalty_steps=steps("loyalty_time", given.loyalty_time_days),
        established_steps=steps("established_time"),
        catch_up_steps=steps("catch_up_time"),
        deferral_steps=steps("deferral_time"),
        scrap_disposal_steps=steps("scrap_disposal_time"),
        order_cap=float(given.order_cap if given.order_cap is not None else table["order_cap"]),
        minimum_run=float(table["minimum_run"]),
        cover_spread=switch("cover_spread", given.cover_spread),
        resourcing=switch("resourcing", given.resourcing),
    )


def _base_parameters(plan: Plan, index: Index, arrays: NetworkArrays, n_trigger: int) -> Parameters:
    """Return the parameters of a calm world."""
    n_node, n_slot, n_pile = len(index.nodes), len(index.inputs), len(plan.piles)
    return Parameters(
        availability=np.ones(n_node),
        capacity_factor=np.ones(n_node),
        demand_factor=np.ones(n_node),
        restricted=np.zeros(n_node),
        arc_cap=floats([index.per_step(a.arc.capacity_t_per_year) for a in index.arcs]),
        input_factor=np.ones(n_slot),
        input_added=np.zeros(n_slot),
        essential_added=np.zeros(n_slot),
        extra_cover=np.zeros(n_slot),
        pile_rate=np.zeros(n_pile),
        pile_buying=floats([float(pile.buys_from_start) for pile in plan.piles]),
        buy_open=np.ones(len(arrays.buy_port)),
        trigger_armed=np.ones(n_trigger),
        arc_delay=np.zeros(len(index.arcs)),
        segment_rank=floats([float(rank) for rank, _ in segment_classes(index, arrays)]),
        scrap_factor=np.ones(len(arrays.scrap_node)),
        capacity_added=np.zeros(n_node),
        planned_added=np.zeros(n_node),
        target_added=np.zeros(len(index.outputs)),
        entry=np.zeros(len(index.arcs)),
    )


def _with_detours_shut(base: Parameters, detours: IntArray) -> Parameters:
    """Return parameters with some detours shut; the others are ruled by an effect from the first step on."""
    arc_cap = base.arc_cap.copy()
    arc_cap[detours] = 0.0
    return base._replace(arc_cap=arc_cap)


# -- triggers ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Triggers:
    number: dict[str, int]
    fields: dict[str, Any]


def _triggers(network: Network, scenario: Scenario, plan: Plan, index: Index) -> _Triggers:
    """Return the state-dependent triggers of all responses and the slots that each one watches.

    A response has one trigger for each of its materials: tonnes of magnets must not outvote grams of terbium.
    """
    names, kinds, levels, slots = [], [], [], []
    for number, spec in enumerate(scenario.responses):
        trigger: Trigger | None = getattr(spec, "trigger", None)
        if trigger is None or trigger.on is not None:
            continue
        kind = TriggerKind.FILL_RATE if trigger.fill_rate_below is not None else TriggerKind.DAYS_OF_COVER
        level = trigger.fill_rate_below if kind is TriggerKind.FILL_RATE else trigger.days_of_cover_below
        for name, watched in _watched_slots(network, spec, name_of(spec, number), plan, index):
            names.append(name)
            kinds.append(int(kind))
            levels.append(float(level if level is not None else 0.0))
            slots.append(watched)
    window = max(1, steps_up(network.parameters.get("trigger_window", 28.0), scenario.step_days))
    fields = {
        "trigger_kind": integers(kinds),
        "trigger_level": floats(levels),
        "trigger_slot_start": offsets([len(s) for s in slots]),
        "trigger_slot": integers([slot for group in slots for slot in group]),
        "trigger_window": window,
    }
    return _Triggers({name: j for j, name in enumerate(names)}, fields)


def _watched_slots(
    network: Network, spec: Any, name: str, plan: Plan, index: Index
) -> Iterator[tuple[str, list[int]]]:
    """Yield each trigger of a response with the slots that it watches: one material each.

    For a release these are its members' slots, for a substitution those of its users, for a surge those
    that its target supplies, or could.
    """
    if isinstance(spec, StockpileRelease):
        for pile in plan.piles:
            if releases_pile(network, spec, pile):
                material = pile.stockpile.material
                yield trigger_name(name, material), _slots_of(index, material, set(pile.members))
    elif isinstance(spec, Substitution):
        users = substituting_nodes(network, spec)
        for material in sorted({material for _, material in users}):
            slots = [index.slot[node.id, material] for node, made in users if made == material]
            yield trigger_name(name, material), sorted(slots)
    else:
        for material, nodes in surging_nodes(network, spec).items():
            makers = {node.id for node in nodes}
            yield trigger_name(name, material), _slots_supplied(index, material, makers)


def _slots_of(index: Index, material: str, countries: set[str]) -> list[int]:
    """Return the slots of a material in some countries."""
    return [
        slot
        for slot, (number, entry) in enumerate(index.inputs)
        if entry.material == material and index.nodes[number].country in countries
    ]


def _slots_supplied(index: Index, material: str, makers: set[str]) -> list[int]:
    """Return the slots of a material to which some arc, used or latent, leads from its makers."""
    arcs = (planned.arc for planned in index.arcs)
    return sorted(
        {index.slot[a.customer, material] for a in arcs if a.material == material and a.supplier in makers}
    )


# -- what is recorded --------------------------------------------------------------------------------------


class _View:
    """Which groups and nodes a run records."""

    def __init__(self, network: Network, scenario: Scenario, index: Index, record: RecordLevel) -> None:
        self.place = _watch_names(network, scenario.watch)
        everywhere = record != "watched"
        places = {node.country for node in index.nodes}
        shown = {c: self.place.get(c, c) for c in places if everywhere or c in self.place}
        slots = [(entry.material, shown.get(index.nodes[n].country, "")) for n, entry in index.inputs]
        ports = [(output.material, shown.get(index.nodes[n].country, "")) for n, output in index.outputs]
        self.groups = tuple(sorted({key for key in (*slots, *ports) if key[1]}))
        column = {key: g for g, key in enumerate(self.groups)}
        parts = {part.node for part in network.announced.parts}
        self.rows = tuple(
            n for n, node in enumerate(index.nodes) if node.country in shown or node.id in parts
        )
        row = {n: r for r, n in enumerate(self.rows)}
        self.shown = shown
        self.fields = {
            "slot_group": integers([column.get(key, -1) for key in slots]),
            "port_group": integers([column.get(key, -1) for key in ports]),
            "node_row": integers([row.get(n, -1) for n in range(len(index.nodes))]),
        }


def _watch_names(network: Network, watch: tuple[str, ...]) -> dict[str, str]:
    """Return, for every watched country, the name under which it is shown; the first listing wins."""
    found: dict[str, str] = {}
    for name in watch:
        for code in network.members(name):
            found.setdefault(code, name)
    return found


def _labels(network: Network, scenario: Scenario, plan: Plan, index: Index, view: _View) -> RunLabels:
    """Return the names of the record's columns."""
    return RunLabels(
        groups=view.groups,
        group_units=tuple(network.materials[material].basis for material, _ in view.groups),
        nodes=tuple(
            _node_label(index.nodes[n], view.shown.get(index.nodes[n].country, index.nodes[n].country))
            for n in view.rows
        ),
        piles=tuple((p.stockpile.id, p.stockpile.country, p.stockpile.material) for p in plan.piles),
        pile_price_usd_per_t=tuple(
            network.materials[p.stockpile.material].price_usd_per_t for p in plan.piles
        ),
        arcs=tuple(planned.arc.key for planned in index.arcs),
        watch=tuple(dict.fromkeys(scenario.watch)),
        projects=tuple(_project_label(part, network, scenario) for part in network.announced.parts),
    )


def _project_label(part: Part, network: Network, scenario: Scenario) -> ProjectLabel:
    """Return what the summary needs to know of a part of a project."""
    course, calm = course_of(part, scenario), course_of(part, None)
    node = network.nodes[part.node]
    main = max(node.outputs, key=lambda o: (o.drives, o.output_per_unit), default=None)
    return ProjectLabel(
        project=part.project,
        name=part.name,
        country=part.country,
        node=part.node,
        material=main.material if main is not None else "",
        unit=node.activity_unit,
        status=part.status,
        in_list=part.in_list,
        success=course.success,
        built=course.built,
        first_output=_shown_day(course),
        baseline_first_output=_shown_day(calm),
        running=part.base_planned_per_year > 0,
        capacity_per_year=part.capacity_per_year,
    )


def _shown_day(course: Course) -> str:
    """Return the day of the first output where it is built, else nothing."""
    return course.first_output.isoformat() if course.built and course.first_output is not None else ""


def _node_label(node: Node, place: str) -> NodeLabel:
    """Return what the summary needs to know of a node; it is shown under `place`."""
    main = max(node.outputs, key=lambda o: (o.drives, o.output_per_unit), default=None)
    is_sector = node.is_end_use or math.isfinite(node.value_added_usd_per_unit)
    name = node.sector or (main.material if main is not None and is_sector else node.id)
    return NodeLabel(
        id=node.id,
        country=place,
        stage=str(node.stage),
        material=main.material if main is not None else name,
        sector=name if is_sector else "",
        unit=node.activity_unit,
        output_per_unit=main.output_per_unit if main is not None else 0.0,
        value_added_usd_per_unit=node.value_added_usd_per_unit,
    )
