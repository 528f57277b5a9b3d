"""Small cases with known answers, run through files and the public interface as a user would.

Totals are exact; times are those of the case, one step later for every lead time of 0, which becomes a step.
V06 to V08 need explicit inventory policies and do not apply; V10 is a set of properties, tested elsewhere.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sim.vocab import FloatArray
from tests.analytic.cases import case, write_v01, write_v02, write_v03, write_v04, write_v05, write_v09

RTOL = 1e-9


def run(path: Path) -> Any:
    """Run a scenario file with every node recorded."""
    from sim import run_scenario

    return run_scenario(path, record="all")


def history(result: Any, kind: str, variable: str, **names: str) -> tuple[FloatArray, FloatArray]:
    """Return value and baseline of one recorded variable, by step."""
    series = result.series
    found = series[(series["kind"] == kind) & (series["variable"] == variable)]
    for column, name in names.items():
        found = found[found[column] == name]
    assert len(found) == len(found["step"].unique()), "one series expected"
    return found["value"].to_numpy(), found["baseline"].to_numpy()


def sector_row(result: Any) -> dict[str, Any]:
    rows = result.summary["sectors"]
    assert len(rows) == 1
    found: dict[str, Any] = rows[0]
    return found


def short_days(result: Any) -> FloatArray:
    """Return what each day lacks, in units of the only sector."""
    demand, _ = history(result, "sector", "demand")
    activity, _ = history(result, "sector", "activity")
    return demand - activity


def first_day(lacking: FloatArray, scale: float) -> int | None:
    """Return the first day with a lack above rounding."""
    days = np.flatnonzero(lacking > 1e-9 * scale)
    return int(days[0]) if days.size else None


def assert_flat_baseline(result: Any) -> None:
    """The start is steady: the baseline of every sector and node stays where it began."""
    series = result.series
    found = series[series["variable"].isin(["activity", "demand"])]
    for _, history_ in found.groupby(["kind", "id", "variable"], observed=True):
        values = history_["baseline"].to_numpy()
        assert np.allclose(values, values[0], rtol=1e-9, atol=0)


@pytest.mark.parametrize("row", case("V01")["rows"])
def test_v01_outage_against_lead_time_and_buffer(row: dict[str, Any], tmp_path: Path) -> None:
    """shortfall = max(0, d D - I), first short after t0 + L + I/d, supply back at t0 + L + D."""
    result = run(write_v01(tmp_path, row))
    late = 1 if row["lead_time_days"] == 0 else 0
    rate = row["demand_per_day"]
    summary = sector_row(result)
    assert summary["shortfall"] == pytest.approx(row["total_shortfall"], rel=RTOL, abs=RTOL * rate)
    assert summary["lost"] == pytest.approx(row["total_shortfall"], rel=RTOL, abs=RTOL * rate)
    lacking = short_days(result)
    starts = row["shortage_starts_day"]
    assert first_day(lacking, rate) == (None if starts is None else math.floor(starts) + late)
    assert np.count_nonzero(lacking > 1e-9 * rate) == row["days_short_daily_steps"]
    assert float(lacking.max()) == pytest.approx(row["peak_shortfall_per_day"], rel=RTOL, abs=RTOL * rate)
    if starts is not None:
        last = int(np.flatnonzero(lacking > 1e-9 * rate)[-1])
        assert last + 1 == row["supply_resumes_at_sink_day"] + late
        assert summary["weeks_to_shortfall"] * 7 == pytest.approx(
            math.floor(row["time_to_survive_days"]) + late, abs=1.0
        )
    assert_flat_baseline(result)


@pytest.mark.parametrize("row", case("V02")["rows"])
def test_v02_buffers_and_delays_of_a_chain_add_up(row: dict[str, Any], tmp_path: Path) -> None:
    """Stocks count in units of the final product, delays in days."""
    result = run(write_v02(tmp_path, row))
    late = row["lead_time_days"].count(0)
    assert sector_row(result)["shortfall"] == pytest.approx(row["total_shortfall"], rel=RTOL)
    lacking = short_days(result)
    assert first_day(lacking, row["demand_per_day"]) == pytest.approx(
        math.floor(row["shortage_starts_day"]) + late, abs=1
    )
    last = int(np.flatnonzero(lacking > 1e-9)[-1])
    assert last + 1 == pytest.approx(row["supply_resumes_at_user_day"] + late, abs=1)
    assert_flat_baseline(result)


@pytest.mark.parametrize(("by_priority", "rule"), [(False, "proportional"), (True, "strict_priority")])
def test_v03_rationing(by_priority: bool, rule: str, tmp_path: Path) -> None:
    """66 units over orders of 50, 30, 20, 10: in the first short step, which the orders have not met yet."""
    given = case("V03")
    supply, orders = given["inputs"]["supply"], given["inputs"]["orders"]
    result = run(write_v03(tmp_path, supply, orders, by_priority=by_priority))
    got = [
        history(result, "sector", "activity", country=f"C{number}")[0][11]
        for number in range(1, len(orders) + 1)
    ]
    assert got == pytest.approx(given["expected"][rule], rel=1e-12, abs=1e-9)
    assert sum(orders) - sum(got) == pytest.approx(given["expected"]["total_unmet"], rel=1e-12)
    assert_flat_baseline(result)


@pytest.mark.parametrize("row", case("V04")["rows"])
def test_v04_the_scarcer_of_two_inputs_rules(row: dict[str, Any], tmp_path: Path) -> None:
    """lost = share d D - stock of A; B is used less by its share of that."""
    result = run(write_v04(tmp_path, row))
    lost, rate = row["output_lost"], row["output_per_day"]
    assert sector_row(result)["shortfall"] == pytest.approx(lost, rel=RTOL)
    lacking = short_days(result)
    assert first_day(lacking, rate) == math.floor(row["shortage_starts_day"]) + 1  # one step of lead time
    activity, _ = history(result, "sector", "activity")
    assert float(activity.min()) == pytest.approx(row["output_during_shortage_per_day"], rel=RTOL, abs=1e-9)
    used, used_base = history(result, "material", "consumption_t", material="x/B", country="BBB")
    spared = float(np.sum(used_base - used))
    assert spared == pytest.approx(row["input_B_per_unit"] * lost, rel=RTOL)
    assert_flat_baseline(result)


@pytest.mark.parametrize("resourcing", [False, True])
@pytest.mark.parametrize("removed", list(case("V05")["expected"]["max_deliverable"]))
def test_v05_no_rule_delivers_more_than_the_maximum_flow(
    removed: str, resourcing: bool, tmp_path: Path
) -> None:
    """Without stocks, deliveries settle at or below the maximum flow; the intact network serves all."""
    given = case("V05")
    result = run(write_v05(tmp_path, given["inputs"], removed, resourcing=resourcing))
    series = result.series
    sold = series[(series["kind"] == "sector") & (series["variable"] == "activity")]
    by_day = sold.groupby("step", observed=True)["value"].sum().to_numpy()
    most = given["expected"]["max_deliverable"][removed]
    assert float(by_day[-200:].mean()) <= most + 1e-6
    if removed == "none":
        assert np.allclose(by_day, given["expected"]["total_demand"], rtol=1e-9)


@pytest.mark.parametrize("row", case("V09")["rows"])
def test_v09_backlog_and_rebuild_with_spare_capacity(row: dict[str, Any], tmp_path: Path) -> None:
    """peak backlog = d D - I; spare capacity clears it first, then restores the stock."""
    result = run(write_v09(tmp_path, row))
    backlog, _ = history(result, "node", "deferred", id="user")
    assert float(backlog.max()) == pytest.approx(row["peak_backlog"], rel=RTOL)
    after = int(np.argmax(backlog))
    cleared = after + int(np.flatnonzero(backlog[after:] <= 1e-9 * row["peak_backlog"])[0])
    assert cleared == pytest.approx(row["backlog_cleared_day"], abs=1)
    stock, stock_base = history(result, "material", "inventory_t", material="x/metal", country="BBB")
    restored = cleared + int(np.flatnonzero(stock[cleared:] >= stock_base[cleared:] * (1 - 1e-6) - 1e-9)[0])
    assert restored == pytest.approx(row["stock_restored_day"], abs=1)
    summary = sector_row(result)
    assert summary["recovered_later"] == pytest.approx(summary["shortfall"], rel=RTOL)
    assert_flat_baseline(result)
