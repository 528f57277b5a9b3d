"""From announced projects to dated changes: capacity, plans and orders that come with them (decision 0017).

Capacity stands from the day of the first output. Plans and the shares that customers give to newcomers follow
at common marks, a quarter of a year apart from the start of the run, so that a run with many projects has few
events. A plant sells what it could make in the quarter before, and not before it is qualified.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import date

import numpy as np

from sim.model.announced import EVEN, QUARTER_DAYS, Part
from sim.model.arrays import Effect, EffectKind
from sim.model.effect_parts import Context, window
from sim.model.index import floats
from sim.model.scenario import FundProject, ProjectSlippage, Scenario
from sim.model.schedule import Course, course_of, share_of_capacity
from sim.vocab import FloatArray

NAME = "projects"


def project_effects(context: Context, scenario: Scenario | None) -> list[Effect]:
    """Return what the network's projects and redirects change in a run.

    Parameters
    ----------
    context : Context
    scenario : Scenario, optional
        The run's; None for the baseline, which knows no funding and no slippage.
    """
    announced = context.network.announced
    if not (announced.parts or announced.redirects):
        return []
    courses = {part.node: course_of(part, scenario) for part in announced.parts}
    growing = [part for part in announced.parts if part.start]
    effects: list[Effect] = []
    for part in growing:
        effects += _capacity(part, courses[part.node], context)
    coming = [part for part in growing if _comes(courses[part.node], context)]
    effects += _plans(coming, courses, context)
    effects += _entries(coming, courses, context)
    effects += _redirects(context)
    return effects


def project_slippage(spec: ProjectSlippage, number: int, context: Context) -> list[Effect]:  # noqa: ARG001
    """Change nothing by itself: `course_of` reads the delay, and `project_effects` puts it in force."""
    return []


def fund_project(spec: FundProject, number: int, context: Context) -> list[Effect]:  # noqa: ARG001
    """Change nothing by itself: `course_of` reads odds and date, and `project_effects` puts them in force."""
    return []


def _comes(course: Course, context: Context) -> bool:
    """Return whether a part has its first output before the end of the run."""
    return course.built and course.first_output is not None and course.first_output < context.scenario.end


def marks(context: Context) -> list[int]:
    """Return the steps at which plans and orders follow the ramps: a quarter of a year apart."""
    quarter = max(1, round(QUARTER_DAYS / context.index.step_days))
    return list(range(0, context.scenario.n_steps, quarter))


def _days_since(first: date, step: int, context: Context) -> float:
    return float((context.scenario.start - first).days + step * context.index.step_days)


def _standing(part: Part, first: date, step: int, context: Context) -> float:
    """Return the share of capacity of the stair that begins at a mark: that of its middle."""
    return share_of_capacity(part, _days_since(first, step, context) + 0.5 * QUARTER_DAYS)


def _sold(part: Part, first: date, step: int, context: Context) -> float:
    """Return the share of capacity sold from a mark on: that of the quarter before, once qualified."""
    days = _days_since(first, step, context)
    return 0.0 if days < part.qualification_days else share_of_capacity(part, days - 0.5 * QUARTER_DAYS)


def _grown(part: Part, share: float, base: float) -> float:
    """Return what a share of capacity is beyond the base year, units/year."""
    return max(0.0, share * part.capacity_per_year - base)


# -- capacity ------------------------------------------------------------------------------------------------


def _capacity(part: Part, course: Course, context: Context) -> list[Effect]:
    """Return the ramp of one part, and the end of the plant that it replaces; or that it is not built."""
    if course.first_output is None:
        return []
    begin = context.step_from(course.first_output)
    number = context.index.node[part.node]
    if not course.built:
        words = "cancelled" if course.cancelled else f"not built: odds of {course.success:.0%} are below even"
        if begin < 0:
            return []
        return window(EffectKind.CAPACITY_ADDED, part.node, [number], [begin], [np.array(0.0)], [words])
    after = [step for step in marks(context) if step > begin]
    till_mark = (after[0] - begin) * context.index.step_days if after else QUARTER_DAYS
    shares = [share_of_capacity(part, 0.5 * till_mark)] if begin >= 0 else []
    steps = ([begin] if begin >= 0 else []) + after
    shares += [_standing(part, course.first_output, step, context) for step in after]
    added = [context.index.per_step(_grown(part, share, part.base_capacity_per_year)) for share in shares]
    unit = context.network.nodes[part.node].activity_unit
    label = f"first output of {part.project}: {part.capacity_per_year:,.0f} {unit}/year at full capacity"
    if begin < 0:
        label = f"in ramp-up: {part.project}, {part.capacity_per_year:,.0f} {unit}/year at full capacity"
    values = [np.array(value) for value in added]
    labels = [label, *([""] * (len(steps) - 1))]
    effects = window(EffectKind.CAPACITY_ADDED, part.node, [number] if steps else [], steps, values, labels)
    return effects + _retirement(part, course.first_output, context)


def _retirement(part: Part, first: date, context: Context) -> list[Effect]:
    """Return the end of a plant that a part replaces: it goes as its customers go."""
    if not part.retires or not part.curve:
        return []
    old = context.network.nodes[part.retires]
    steps = [step for step in marks(context) if _sold(part, first, step, context) > 0]
    gone = [min(1.0, _sold(part, first, step, context) / part.curve[-1]) for step in steps]
    capacity = context.index.per_step(old.capacity_per_year)
    values = [np.array(-share * capacity) for share in gone]
    labels = [f"gives way to {part.node}", *([""] * (len(steps) - 1))]
    numbers = [context.index.node[old.id]] if steps and math.isfinite(capacity) else []
    return window(EffectKind.CAPACITY_ADDED, old.id, numbers, steps, values, labels)


# -- plans and orders ----------------------------------------------------------------------------------------


def _plans(parts: list[Part], courses: dict[str, Course], context: Context) -> list[Effect]:
    """Return the scheduled ramps as plans, with the targets of the ports that drive."""
    nodes = [context.index.node[part.node] for part in parts]
    steps = marks(context)
    rows = np.zeros((len(steps), len(parts)))
    for column, part in enumerate(parts):
        first = courses[part.node].first_output
        assert first is not None
        for row, step in enumerate(steps):
            if _days_since(first, step, context) >= 0:
                share = _standing(part, first, step, context)
                grown = _grown(part, share, part.base_planned_per_year)
                rows[row, column] = context.index.per_step(part.placed_share * grown)
    effects = _stairs(EffectKind.PLANNED_ADDED, nodes, rows, context)
    ports, per_plan = _targets(nodes, context)
    columns = {number: column for column, number in enumerate(nodes)}
    chosen = [columns[int(context.arrays.port_node[port])] for port in ports]
    return effects + _stairs(EffectKind.TARGET_ADDED, ports, rows[:, chosen] * per_plan, context)


def _targets(nodes: list[int], context: Context) -> tuple[list[int], FloatArray]:
    """Return the driving ports of some nodes and the stock that each holds per unit/step planned, t."""
    ports, factors = [], []
    for number in nodes:
        first, last = context.arrays.node_port_start[number : number + 2].tolist()
        cover = context.index.nodes[number].output_cover_days / context.index.step_days
        for port in range(first, last):
            if context.arrays.port_drives[port]:
                ports.append(port)
                factors.append(cover * float(context.arrays.port_output_per_unit[port]))
    return ports, floats(factors)


def _entries(parts: list[Part], courses: dict[str, Course], context: Context) -> list[Effect]:
    """Return the shares that customers give to parts, and take from what these replace."""
    owners = {part.node: part for part in parts}
    entries = [entry for entry in context.network.announced.entries if entry.owner in owners]
    steps = marks(context)
    progress = {name: _progress(part, courses[name], steps, context) for name, part in owners.items()}
    by_arc: dict[int, FloatArray] = {}
    for entry in entries:
        number = context.index.arc.get((entry.supplier, entry.customer, entry.material, ""))
        if number is not None:
            share = entry.share * progress[entry.owner]
            by_arc[number] = by_arc[number] + share if number in by_arc else share
    numbers = sorted(by_arc)
    rows = np.stack([by_arc[number] for number in numbers], axis=1) if numbers else np.zeros((len(steps), 0))
    return _stairs(EffectKind.ENTRY, numbers, rows, context)


def _progress(part: Part, course: Course, steps: list[int], context: Context) -> FloatArray:
    """Return, for each mark, the share of its growth that a part sells."""
    whole = part.capacity_per_year - part.base_planned_per_year
    assert course.first_output is not None
    sold = [_sold(part, course.first_output, step, context) for step in steps]
    return floats([_grown(part, share, part.base_planned_per_year) / whole for share in sold])


def _stairs(kind: EffectKind, index: list[int], rows: FloatArray, context: Context) -> list[Effect]:
    """Return one effect that follows the marks, without rows that change nothing."""
    changing = [n for n in range(len(rows)) if n == 0 or not np.array_equal(rows[n], rows[n - 1])]
    kept = [n for n in changing if n > 0 or rows[0].any()]
    steps = [marks(context)[n] for n in kept]
    values = [rows[n] for n in kept]
    return window(kind, NAME, index if steps else [], steps, values, [""] * len(steps))


# -- redirects -----------------------------------------------------------------------------------------------


def _redirects(context: Context) -> list[Effect]:
    """Return the redirects that the median path keeps, each from its own day."""
    return [effect for item in _kept_redirects(context) for effect in item]


def _kept_redirects(context: Context) -> Iterator[list[Effect]]:
    for item in context.network.announced.redirects:
        entries = {
            context.index.arc[(e.supplier, e.customer, e.material, "")]: e.share
            for e in context.network.announced.entries
            if e.owner == item.name and (e.supplier, e.customer, e.material, "") in context.index.arc
        }
        step = context.step_from(date.fromisoformat(item.start))
        shares, label = floats(list(entries.values())), f"redirected: {item.label}"
        if item.success < EVEN:
            shares, label = np.zeros_like(shares), f"not redirected, odds {item.success:.0%}: {item.label}"
        yield window(EffectKind.ENTRY, item.name, list(entries), [step], [shares], [label])
