"""Records turned into tidy series and an event log."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from sim.analysis.columns import DATES, TEXTS, Coded, SeriesColumns, coded
from sim.analysis.resilience import shortfall
from sim.vocab import FloatArray, IntArray

if TYPE_CHECKING:
    from sim.analysis.result import RunResult

EVENT_COLUMNS = ("step", "date", "kind", "name", "label")
KINDS = ("material", "sector", "node", "stockpile", "flow")


class Block(NamedTuple):
    """Histories of one variable: `value` and `baseline` of shape (step, k), names of length k."""

    kind: str
    variable: str
    names: Sequence[tuple[str, str, str]]
    """(id, country, material) of each column."""
    units: Sequence[str]
    value: FloatArray
    baseline: FloatArray


def series_columns(result: RunResult) -> SeriesColumns:
    """Return the tidy series of a result; histories ordered by kind and variable, ids sorted within."""
    blocks = [block for block in _blocks(result) if block.names]
    return _assemble(blocks, step_dates(result.start, result.n_steps, result.step_days))


def event_rows(result: RunResult) -> list[tuple[int, str, str, str, str]]:
    """Return the event log, rows of `EVENT_COLUMNS` in the order in which they happened."""
    events = result.record.events
    steps = np.array([event.step for event in events], dtype=np.int64)
    days = np.datetime_as_string(_dates(result.start, steps, result.step_days), unit="D")
    return [(e.step, str(day), e.kind, e.name, e.label) for e, day in zip(events, days, strict=True)]


def step_dates(start: date, n_steps: int, step_days: int) -> np.ndarray[tuple[int], np.dtype[np.datetime64]]:
    """Return the first day of each step as datetime64[ms], shape (n_steps,)."""
    return _dates(start, np.arange(n_steps), step_days)


def _dates(start: date, steps: IntArray, step_days: int) -> np.ndarray[tuple[int], np.dtype[np.datetime64]]:
    days = np.datetime64(start, "D") + np.asarray(steps, dtype=np.int64) * np.timedelta64(step_days, "D")
    return days.astype(DATES)


def _blocks(result: RunResult) -> Iterator[Block]:
    yield from _material_blocks(result)
    yield from _sector_blocks(result)
    if result.scope != "watched":
        yield from _node_blocks(result)
    yield from _stockpile_blocks(result)
    yield from _flow_blocks(result)


def _material_blocks(result: RunResult) -> Iterator[Block]:
    """Yield the variables of each material in each recorded country; all-zero sides are left out."""
    run, base = result.record.series, result.baseline.series
    shown = [i for i, (_, country) in enumerate(result.labels.groups) if result.is_shown(country)]
    users = _nonzero(shown, run.demand, base.demand, run.inventory, run.in_transit)
    makers = _nonzero(shown, run.production, base.production, run.port_stock, base.port_stock)
    short = shortfall(run.demand, run.consumption, base.demand, base.consumption)
    yield _group_block(result, "demand_t", users, run.demand, base.demand, per_step=True)
    yield _group_block(result, "consumption_t", users, run.consumption, base.consumption, per_step=True)
    yield _group_block(result, "caught_up_t", users, run.caught_up, base.caught_up, per_step=True)
    yield _group_block(result, "shortfall_t", users, short, np.zeros_like(short), per_step=True)
    yield _group_block(result, "inventory_t", users, run.inventory, base.inventory)
    yield _group_block(result, "in_transit_t", users, run.in_transit, base.in_transit)
    ones = np.ones_like(short)
    yield _group_block(result, "price_spot_ratio", users, ones, ones)._replace(units=["1"] * len(users))
    yield _group_block(result, "production_t", makers, run.production, base.production, per_step=True)
    yield _group_block(result, "producer_stock_t", makers, run.port_stock, base.port_stock)
    capacity = [_group_capacity(result, series) for series in (run.node_capacity, base.node_capacity)]
    able = _nonzero(shown, capacity[0], capacity[1])
    yield _group_block(result, "capacity_t", able, capacity[0], capacity[1], per_step=True)


def _nonzero(columns: Sequence[int], *histories: FloatArray) -> list[int]:
    """Return the columns in which some history is not zero throughout."""
    return [i for i in columns if any(np.any(history[:, i] != 0.0) for history in histories)]


def _group_block(
    result: RunResult,
    variable: str,
    columns: Sequence[int],
    value: FloatArray,
    base: FloatArray,
    *,
    per_step: bool = False,
) -> Block:
    groups, units = result.labels.groups, result.labels.group_units
    names = [(f"{groups[i][0]}.{groups[i][1]}", groups[i][1], groups[i][0]) for i in columns]
    suffix = f"/{result.step_word}" if per_step else ""
    return Block(
        "material", variable, names, [units[i] + suffix for i in columns], value[:, columns], base[:, columns]
    )


def _group_capacity(result: RunResult, node_capacity: FloatArray) -> FloatArray:
    """Return the capacity of the recorded producers of each group, t/step; nan where one has no limit."""
    total = np.zeros((len(node_capacity), len(result.labels.groups)))
    column = {group: i for i, group in enumerate(result.labels.groups)}
    for row, node in enumerate(result.labels.nodes):
        group = column.get((node.material, node.country))
        if group is not None and node.output_per_unit > 0.0:
            total[:, group] += node_capacity[:, row] * node.output_per_unit
    return np.where(np.isfinite(total), total, np.nan)


def _sector_blocks(result: RunResult) -> Iterator[Block]:
    run, base = result.record.series, result.baseline.series
    nodes = result.labels.nodes
    rows = [i for i, node in enumerate(nodes) if node.sector and result.is_shown(node.country)]
    names = [(nodes[i].id, nodes[i].country, nodes[i].sector) for i in rows]
    units = [f"{nodes[i].unit}/{result.step_word}" for i in rows]
    for variable in ("activity", "demand", "caught_up"):
        value, baseline = (getattr(series, f"node_{variable}")[:, rows] for series in (run, base))
        yield Block("sector", variable, names, units, value, baseline)


def _node_blocks(result: RunResult) -> Iterator[Block]:
    run, base = result.record.series, result.baseline.series
    nodes = result.labels.nodes
    names = [(node.id, node.country, node.material) for node in nodes]
    rates = [f"{node.unit}/{result.step_word}" for node in nodes]
    for variable in ("activity", "capacity", "demand", "deferred"):
        value, baseline = (getattr(series, f"node_{variable}") for series in (run, base))
        units = [node.unit for node in nodes] if variable == "deferred" else rates
        yield Block("node", variable, names, units, _no_limit_as_nan(value), _no_limit_as_nan(baseline))


def _no_limit_as_nan(values: FloatArray) -> FloatArray:
    return np.where(np.isinf(values), np.nan, values)


def _stockpile_blocks(result: RunResult) -> Iterator[Block]:
    run, base = result.record.series, result.baseline.series
    piles = result.labels.piles
    names = [
        (f"{stockpile}.{country}.{material}", country, material) for stockpile, country, material in piles
    ]
    unit_by_material = {
        m: u for (m, _), u in zip(result.labels.groups, result.labels.group_units, strict=True)
    }
    units = [unit_by_material.get(material, "t") for *_, material in piles]
    rates = [f"{unit}/{result.step_word}" for unit in units]
    dollars = ["USD"] * len(piles)
    for variable, field, unit in (
        ("stockpile_t", "pile_stock", units),
        ("released_t", "pile_released", rates),
        ("bought_t", "pile_bought", rates),
        ("spent_usd", "pile_spent", dollars),
    ):
        value, baseline = getattr(run, field), _padded(getattr(base, field), len(piles))
        yield Block("stockpile", variable, names, unit, value, baseline)


def _padded(baseline: FloatArray, columns: int) -> FloatArray:
    """Return the baseline with zero columns for stockpiles that only the scenario has."""
    missing = columns - baseline.shape[1]
    return np.pad(baseline, ((0, 0), (0, missing))) if missing > 0 else baseline


def _flow_blocks(result: RunResult) -> Iterator[Block]:
    """Yield the shipments of every arc that carried something in either run."""
    run, base = result.record.series.flow, result.baseline.series.flow
    if not run.size:
        return
    base = base if base.shape == run.shape else np.zeros_like(run)
    used = np.flatnonzero((run != 0.0).any(axis=0) | (base != 0.0).any(axis=0))
    arcs = [result.labels.arcs[i] for i in used]
    country = {node.id: node.country for node in result.labels.nodes}
    names = [(f"{supplier} > {customer}", country.get(customer, ""), m) for supplier, customer, m in arcs]
    unit_by_material = {
        m: u for (m, _), u in zip(result.labels.groups, result.labels.group_units, strict=True)
    }
    units = [f"{unit_by_material.get(m, 't')}/{result.step_word}" for *_, m in arcs]
    yield Block("flow", "flow_t", names, units, run[:, used], base[:, used])


def _assemble(
    blocks: Sequence[Block], dates: np.ndarray[tuple[int], np.dtype[np.datetime64]]
) -> SeriesColumns:
    """Stack the blocks, ids sorted within each."""
    orders = [_sorted_columns(block) for block in blocks]
    labels: dict[str, list[str]] = {name: [] for name in TEXTS}
    for block, order in zip(blocks, orders, strict=True):
        labels["kind"] += [block.kind] * len(order)
        labels["variable"] += [block.variable] * len(order)
        labels["unit"] += [block.units[i] for i in order]
        for position, name in enumerate(("id", "country", "material")):
            labels[name] += [block.names[i][position] for i in order]
    texts: dict[str, Coded] = {name: coded(values) for name, values in labels.items()}
    numbers = {
        name: np.concatenate([getattr(b, name).T[o] for b, o in zip(blocks, orders, strict=True)])
        if blocks
        else np.zeros((0, len(dates)))
        for name in ("value", "baseline")
    }
    return SeriesColumns(
        dates=dates,
        kind=texts["kind"],
        id=texts["id"],
        country=texts["country"],
        material=texts["material"],
        variable=texts["variable"],
        unit=texts["unit"],
        value=numbers["value"],
        baseline=numbers["baseline"],
    )


def _sorted_columns(block: Block) -> list[int]:
    return sorted(range(len(block.names)), key=lambda i: (block.names[i], i))
