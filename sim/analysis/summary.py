"""The summary of a run: one row for each watched material and sector, one for each stockpile.

Keys and definitions: ``docs/reference/results.md``. A value whose mechanism is absent is None.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from sim.analysis import resilience
from sim.vocab import FloatArray

if TYPE_CHECKING:
    from sim.analysis.result import RunResult
    from sim.engine.record import Series

Row = dict[str, Any]


class Histories(NamedTuple):
    """What one row is measured from; arrays of shape (step,), quantity per step."""

    demand: FloatArray
    delivered: FloatArray
    caught_up: FloatArray
    demand_base: FloatArray
    delivered_base: FloatArray
    caught_up_base: FloatArray

    @property
    def q(self) -> FloatArray:
        """Performance S / S_b, shape (step,)."""
        return resilience.performance(self.delivered, self.delivered_base)

    @property
    def short(self) -> FloatArray:
        """Shortfall beyond the baseline's own, shape (step,)."""
        return resilience.shortfall(self.demand, self.delivered, self.demand_base, self.delivered_base)


def measures(histories: Histories, onset: int, step_days: int) -> Row:
    """Return the measures of one row, in the order of the results contract.

    Parameters
    ----------
    histories : Histories
    onset : int
        Step of the first disruption.
    step_days : int
    """
    short, q = histories.short, histories.q
    total_short = float(np.sum(short))
    recovered = resilience.recovered_later(histories.caught_up, histories.caught_up_base, total_short)
    return {
        "demand": float(np.sum(histories.demand)),
        "delivered": float(np.sum(histories.delivered)),
        "shortfall": total_short,
        "lost": total_short - recovered,
        "recovered_later": recovered,
        "shortfall_share": resilience.shortfall_share(short, histories.demand),
        "peak_shortfall_share": resilience.peak_shortfall_share(short, histories.demand),
        "weeks_to_shortfall": resilience.weeks_to_shortfall(q, onset, step_days),
        "weeks_to_recover": resilience.weeks_to_recover(q, onset, step_days),
        "resilience_loss_weeks": resilience.resilience_loss_weeks(q, onset, step_days),
        "peak_price_ratio": None,
        "gdp_at_risk_usd": None,
    }


def summarise(result: RunResult) -> dict[str, Any]:
    """Return the summary of `result`, ready to be written as JSON."""
    weeks = result.n_steps * result.step_days / resilience.DAYS_PER_WEEK
    errors = (result.record.max_relative_balance_error, result.baseline.max_relative_balance_error)
    summary = {
        "scenario": result.name,
        "title": result.title,
        "start": result.start.isoformat(),
        "horizon_weeks": int(weeks) if weeks.is_integer() else weeks,
        "seed": result.manifest.get("seed", 0),
        "step_days": result.step_days,
        "prices": result.scenario.prices,
        "mass_balance": {"max_relative_error": float(max(errors))},
        "materials": material_rows(result),
        "sectors": sector_rows(result),
        "stockpiles": stockpile_rows(result),
        "projects": project_rows(result),
    }
    cleaned: dict[str, Any] = finite(summary)
    return cleaned


def material_rows(result: RunResult) -> list[Row]:
    """Return a row for each material that a watched country wants, by material and order of watch."""
    rank = {country: i for i, country in enumerate(result.labels.watch)}
    rows = []
    for column, (material, country) in enumerate(result.labels.groups):
        histories = group_histories(result, column)
        if country not in rank or not (np.any(histories.demand > 0) or np.any(histories.demand_base > 0)):
            continue
        head = {"material": material, "country": country, "unit": result.labels.group_units[column]}
        rows.append(head | measures(histories, result.onset, result.step_days))
    return sorted(rows, key=lambda row: (row["material"], rank[row["country"]]))


def group_histories(result: RunResult, column: int) -> Histories:
    """Return the histories of one material in one country (a column of the record's groups)."""
    picked = [
        getattr(record.series, name)[:, column]
        for record in (result.record, result.baseline)
        for name in ("demand", "consumption", "caught_up")
    ]
    return Histories(*picked)


def sector_rows(result: RunResult) -> list[Row]:
    """Return a row for each sector of a watched country, summed over its facilities."""
    rank = {country: i for i, country in enumerate(result.labels.watch)}
    members: dict[tuple[str, str, str], list[int]] = {}
    for row, node in enumerate(result.labels.nodes):
        if node.sector and node.country in rank:
            members.setdefault((node.sector, node.country, node.unit), []).append(row)
    rows = []
    for sector, country, unit in sorted(members, key=lambda key: (key[0], rank[key[1]], key[2])):
        head = {"sector": sector, "country": country, "unit": unit}
        histories = node_histories(result, members[sector, country, unit])
        rows.append(head | measures(histories, result.onset, result.step_days))
    return rows


def node_histories(result: RunResult, rows: Sequence[int]) -> Histories:
    """Return the summed histories of some recorded nodes; their activities share one unit."""
    picked = [
        getattr(record.series, name)[:, rows].sum(axis=1)
        for record in (result.record, result.baseline)
        for name in ("node_demand", "node_activity", "node_caught_up")
    ]
    return Histories(*picked)


def stockpile_rows(result: RunResult) -> list[Row]:
    """Return a row for each stockpile and material: what it held, bought, released and spent."""
    labels, series = result.labels, result.record.series
    rows = []
    for k, (stockpile, country, material) in enumerate(labels.piles):
        released, stock = series.pile_released[:, k], series.pile_stock[:, k]
        opening, bought = pile_opening(series, k), float(np.sum(series.pile_bought[:, k]))
        price = labels.pile_price_usd_per_t[k]
        rows.append(
            {
                "stockpile": stockpile,
                "country": country,
                "material": material,
                "unit": unit_of(result, material),
                "opening": opening,
                "bought": bought,
                "released": float(np.sum(released)),
                "closing": _nothing_if_rounding(float(stock[-1]), opening + bought)
                if len(stock)
                else opening,
                "spent_usd": float(series.pile_spent[-1, k]) if len(stock) else 0.0,
                "released_value_usd": float(np.sum(released)) * price,
                "weeks_to_release": weeks_until(released > 0.0, result),
                "weeks_to_empty": weeks_until((stock <= 1e-9 * opening) & (opening > 0.0), result),
            }
        )
    return sorted(rows, key=lambda row: (row["stockpile"], row["country"], row["material"]))


def project_rows(result: RunResult) -> list[Row]:
    """Return a row for each part of an announced project: when it came, what it made, how full it ran.

    `output` is over the run, in the unit of the node; `share_of_capacity_used` is that over the capacity that
    stood, None where none did.
    """
    position = {node.id: row for row, node in enumerate(result.labels.nodes)}
    rows = []
    for part in result.labels.projects:
        column = position[part.node]
        made, base = (
            float(np.sum(r.series.node_activity[:, column])) for r in (result.record, result.baseline)
        )
        stood = float(np.sum(result.record.series.node_capacity[:, column]))
        rows.append(
            {
                "project": part.project,
                "name": part.name,
                "country": part.country,
                "node": part.node,
                "material": part.material,
                "unit": part.unit,
                "status": part.status,
                "in_list": part.in_list,
                "success": part.success,
                "built": part.built,
                "date_commissioned": part.first_output or None,
                "baseline_date_commissioned": part.baseline_first_output or None,
                "ran_in_base_year": part.running,
                "capacity_per_year": part.capacity_per_year,
                "output": made,
                "baseline_output": base,
                "share_of_capacity_used": made / stood if 0.0 < stood < math.inf else None,
            }
        )
    return rows


def _nothing_if_rounding(stock: float, held: float) -> float:
    """Return a stock, 0 when what is left (or lacking) is no more than rounding of what was held."""
    return stock if abs(stock) > 1e-12 * held else 0.0


def pile_opening(series: Series, pile: int) -> float:
    """Return what a stockpile held before the first step, t."""
    if not len(series.pile_stock):
        return 0.0
    first = series.pile_stock[0, pile] + series.pile_released[0, pile] - series.pile_bought[0, pile]
    return float(max(first, 0.0))


def unit_of(result: RunResult, material: str) -> str:
    """Return the basis of a material's tonnes, ``t`` when none of its groups is recorded."""
    for (name, _), unit in zip(result.labels.groups, result.labels.group_units, strict=True):
        if name == material:
            return unit
    return "t"


def weeks_until(condition: FloatArray | Iterable[bool], result: RunResult) -> float | None:
    """Return the weeks from the first disruption to the first step that meets the condition, or None."""
    met = np.flatnonzero(np.asarray(condition))
    return (int(met[0]) - result.onset) * result.step_days / resilience.DAYS_PER_WEEK if met.size else None


def finite(value: Any) -> Any:
    """Return `value` with non-finite numbers as None and -0.0 as 0.0, so that JSON stays valid."""
    if isinstance(value, dict):
        return {key: finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [finite(item) for item in value]
    if isinstance(value, (float, np.floating)):
        return float(value) + 0.0 if math.isfinite(value) else None
    return value.item() if isinstance(value, np.generic) else value
