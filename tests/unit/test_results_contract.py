"""What a run leaves behind on the shipped world: files, keys, columns and definitions that others rely on."""

from __future__ import annotations

import csv
import json
import math
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from sim.analysis.manifest import text_hash
from sim.analysis.result import load_result
from sim.analysis.runs import run_scenario
from sim.report.figures import draw_figures

ROOT = Path(__file__).parents[2]
FILES = [
    "events.csv",
    "manifest.json",
    "resilience.png",
    "resilience.svg",
    "scenario.resolved.yaml",
    "series.parquet",
    "summary.json",
]
TOP_KEYS = [
    "scenario",
    "title",
    "start",
    "horizon_weeks",
    "seed",
    "step_days",
    "prices",
    "mass_balance",
    "materials",
    "sectors",
    "stockpiles",
    "projects",
]
PROJECT_KEYS = [
    "project",
    "name",
    "country",
    "node",
    "material",
    "unit",
    "status",
    "in_list",
    "success",
    "built",
    "date_commissioned",
    "baseline_date_commissioned",
    "ran_in_base_year",
    "capacity_per_year",
    "output",
    "baseline_output",
    "share_of_capacity_used",
]
MEASURES = [
    "country",
    "unit",
    "demand",
    "delivered",
    "shortfall",
    "lost",
    "recovered_later",
    "shortfall_share",
    "peak_shortfall_share",
    "weeks_to_shortfall",
    "weeks_to_recover",
    "resilience_loss_weeks",
    "peak_price_ratio",
    "gdp_at_risk_usd",
]
COLUMNS = {
    "step": pa.int32(),
    "date": pa.timestamp("ms"),
    "kind": pa.dictionary(pa.int32(), pa.string()),
    "id": pa.dictionary(pa.int32(), pa.string()),
    "country": pa.dictionary(pa.int32(), pa.string()),
    "material": pa.dictionary(pa.int32(), pa.string()),
    "variable": pa.dictionary(pa.int32(), pa.string()),
    "value": pa.float64(),
    "baseline": pa.float64(),
    "unit": pa.dictionary(pa.int32(), pa.string()),
}
VARIABLES = {
    "production_t",
    "demand_t",
    "consumption_t",
    "shortfall_t",
    "inventory_t",
    "in_transit_t",
    "stockpile_t",
    "capacity_t",
    "price_spot_ratio",
}
BAN = """
extends: {path}
name: contract
horizon: 3 years
responses:
  - kind: stockpile_build
    stockpile: reserve
    country: JPN
    members: [JPN]
    materials: [gallium/primary_metal]
    opening: 30 days
  - kind: stockpile_release
    stockpile: reserve
    trigger: {{fill_rate_below: 80%}}
"""


@pytest.fixture(scope="module", params=["week", "day"])
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp(request.param)
    (place / "contract.yaml").write_text(BAN.format(path=ROOT / "scenarios" / "export_ban.yaml"))
    result = run_scenario(place / "contract.yaml", seed=3, step=request.param)
    return result.save(place, draw=draw_figures)


@pytest.fixture(scope="module")
def summary(folder: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((folder / "summary.json").read_text())
    return loaded


@pytest.fixture(scope="module")
def histories(folder: Path) -> dict[tuple[str, str, str, str], tuple[list[float], list[float], str]]:
    """(kind, variable, material, country) to values, baseline and unit; facilities of one sector summed."""
    found: dict[tuple[str, str, str, str], tuple[list[float], list[float], str]] = {}
    table = pq.read_table(folder / "series.parquet")
    steps = json.loads((folder / "manifest.json").read_text())["counts"]["steps"]
    texts = {n: table[n].to_pylist()[::steps] for n in ("kind", "variable", "material", "country", "unit")}
    value, base = (
        [x if x is not None else math.nan for x in table[n].to_pylist()] for n in ("value", "baseline")
    )
    for i, (*key, unit) in enumerate(zip(*texts.values(), strict=True)):
        rows = slice(i * steps, (i + 1) * steps)
        old = found.get(tuple(key), ([0.0] * steps, [0.0] * steps, unit))
        found[tuple(key)] = (
            [a + b for a, b in zip(old[0], value[rows], strict=True)],
            [a + b for a, b in zip(old[1], base[rows], strict=True)],
            unit,
        )
    return found


def test_a_result_folder_holds_exactly_these_files(folder):
    assert sorted(path.name for path in folder.iterdir()) == FILES


def test_the_summary_has_exactly_these_keys_in_this_order(summary):
    assert list(summary) == TOP_KEYS
    assert list(summary["mass_balance"]) == ["max_relative_error"]
    assert 0 <= summary["mass_balance"]["max_relative_error"] <= 1e-9
    assert (summary["scenario"], summary["start"], summary["seed"]) == ("contract", "2026-01-05", 3)
    assert summary["prices"] == "off"
    assert [list(row) for row in summary["projects"]] == [PROJECT_KEYS] * len(summary["projects"])
    assert {"usar_stillwater", "thacker_pass"} & {row["project"] for row in summary["projects"]}


@pytest.mark.parametrize(("rows", "key"), [("materials", "material"), ("sectors", "sector")])
def test_each_row_has_exactly_these_keys_and_finite_numbers(summary, rows, key):
    assert summary[rows]
    for row in summary[rows]:
        assert list(row) == [key, *MEASURES]
        assert row["peak_price_ratio"] is None, "prices come with a later issue"
        assert row["gdp_at_risk_usd"] is None, "so does value added at risk"
        for name in MEASURES[2:10] + MEASURES[11:12]:
            if name not in ("weeks_to_shortfall", "weeks_to_recover"):
                assert isinstance(row[name], (int, float)), name
                assert row[name] >= 0.0, (row, name)
        assert row["lost"] == pytest.approx(row["shortfall"] - row["recovered_later"], abs=1e-9)


def test_rows_are_of_the_watched_countries_only_each_once(summary):
    for rows, key in (("materials", "material"), ("sectors", "sector")):
        keys = [(row[key], row["country"]) for row in summary[rows]]
        assert len(keys) == len(set(keys))
        assert {country for _, country in keys} == {"USA", "JPN", "KOR", "EUU"}


def test_a_stockpile_row_accounts_for_its_stock(summary):
    rows = [row for row in summary["stockpiles"] if row["stockpile"] == "reserve"]
    assert [row["material"] for row in rows] == ["gallium/primary_metal"]
    row = rows[0]
    assert row["closing"] == pytest.approx(row["opening"] + row["bought"] - row["released"])
    assert row["released"] > 0
    assert row["weeks_to_release"] is not None


def test_the_manifest_says_what_the_result_was_made_from(folder, summary):
    manifest = json.loads((folder / "manifest.json").read_text())
    resolved = (folder / "scenario.resolved.yaml").read_text()
    assert manifest["scenario_hash"] == text_hash(resolved)
    assert len(manifest["tables_hash"]) == 64
    assert manifest["seed"] == 3
    assert manifest["code_version"]
    assert list(manifest["counts"]) == ["nodes", "arcs", "steps", "events"]
    assert all(isinstance(count, int) and count > 0 for count in manifest["counts"].values())
    assert manifest["counts"]["steps"] * summary["step_days"] == summary["horizon_weeks"] * 7
    assert list(manifest["timings_s"]) == ["build", "compile", "engine", "measure", "write", "plot"]
    assert all(isinstance(t, float) and t > 0 for t in manifest["timings_s"].values())
    assert manifest["counts"]["events"] == len((folder / "events.csv").read_text().splitlines()) - 1


def test_the_resolved_scenario_gives_the_same_result_again(folder, summary):
    step = "week" if summary["step_days"] == 7 else "day"
    again = run_scenario(folder / "scenario.resolved.yaml", seed=3, step=step)
    assert again.summary == summary


def test_series_have_exactly_these_columns_and_types(folder):
    schema = pq.read_schema(folder / "series.parquet")
    assert dict(zip(schema.names, schema.types, strict=True)) == COLUMNS
    assert schema.names == list(COLUMNS)
    assert schema.metadata is None, "no versions or other words that vary"


def test_series_hold_each_variable_in_whole_histories(folder, summary):
    table = pq.read_table(folder / "series.parquet")
    steps = json.loads((folder / "manifest.json").read_text())["counts"]["steps"]
    variables = set(table["variable"].to_pylist())
    assert variables >= VARIABLES
    assert "flow_t" not in variables, "flows are recorded on request"
    assert set(table["kind"].to_pylist()) == {"material", "sector", "stockpile"}
    assert table["step"].to_pylist() == list(range(steps)) * (table.num_rows // steps)
    days = table["date"].to_pylist()[:steps]
    first = date.fromisoformat(summary["start"])
    assert [d.date() for d in days] == [
        first + timedelta(days=i * summary["step_days"]) for i in range(steps)
    ]


def test_rates_are_per_step_and_stocks_are_not(histories, summary):
    word = "week" if summary["step_days"] == 7 else "day"
    units = {variable: unit for (_, variable, *_), (*_, unit) in histories.items()}
    for variable in ("production_t", "demand_t", "consumption_t", "shortfall_t", "capacity_t"):
        assert units[variable].endswith(f"/{word}"), variable
    for variable in ("inventory_t", "in_transit_t", "stockpile_t"):
        assert "/" not in units[variable], variable
    assert units["price_spot_ratio"] == "1"


def test_events_are_dated_and_in_order(folder, summary):
    with (folder / "events.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["step", "date", "kind", "name", "label"]
    assert [int(row["step"]) for row in rows] == sorted(int(row["step"]) for row in rows)
    first = date.fromisoformat(summary["start"])
    for row in rows:
        assert date.fromisoformat(row["date"]) == first + timedelta(
            days=int(row["step"]) * summary["step_days"]
        )


def by_the_book(
    delivered: list[float], base: list[float], onset: int, step_days: int
) -> tuple[float | None, float | None, float]:
    """Weeks to shortfall, weeks to recover, weeks lost: the definitions, step by step, without arrays."""
    q = [s / b if b > 0 else 1.0 for s, b in zip(delivered, base, strict=True)][onset:]
    short = [i for i, x in enumerate(q) if x < 0.99]
    loss = sum(max(0.0, 1.0 - x) for x in q if 1.0 - x > 1e-12) * step_days / 7
    if not short:
        return None, 0.0, loss
    hold = 13 * 7 // step_days
    for i in range(short[0] + 1, len(q)):
        if i + hold <= len(q) and all(x >= 0.99 for x in q[i : i + hold]):
            return short[0] * step_days / 7, i * step_days / 7, loss
    return short[0] * step_days / 7, None, loss


@pytest.mark.parametrize(
    ("rows", "key", "kind", "variables"),
    [
        ("materials", "material", "material", ("demand_t", "consumption_t", "caught_up_t")),
        ("sectors", "sector", "sector", ("demand", "activity", "caught_up")),
    ],
)
def test_every_row_follows_from_the_series_by_the_definitions(
    folder, summary, histories, rows, key, kind, variables
):
    onset = load_result(folder).markers.onset
    for row in summary[rows]:
        demand, delivered, caught_up = (
            histories[kind, variable, row[key], row["country"]] for variable in variables
        )
        gaps = [
            (d - s) - (db - sb)
            for d, s, db, sb in zip(demand[0], delivered[0], demand[1], delivered[1], strict=True)
        ]
        short = [max(0.0, gap) for gap in gaps]
        small = 1e-9 * sum(demand[0])
        assert row["demand"] == pytest.approx(sum(demand[0]), rel=1e-9)
        assert row["delivered"] == pytest.approx(sum(delivered[0]), rel=1e-9)
        assert row["shortfall"] == pytest.approx(sum(short), rel=1e-9, abs=small)
        extra = min(max(sum(caught_up[0]) - sum(caught_up[1]), 0.0), sum(short))
        assert row["recovered_later"] == pytest.approx(extra, rel=1e-6, abs=small)
        assert row["shortfall_share"] == pytest.approx(sum(short) / sum(demand[0]), rel=1e-9, abs=1e-9)
        peak = max(s / d for s, d in zip(short, demand[0], strict=True) if d > 0)
        assert row["peak_shortfall_share"] == pytest.approx(peak, rel=1e-9, abs=1e-9)
        first, back, loss = by_the_book(delivered[0], delivered[1], onset, summary["step_days"])
        assert (row["weeks_to_shortfall"], row["weeks_to_recover"]) == (first, back), row
        assert row["resilience_loss_weeks"] == pytest.approx(loss, rel=1e-6, abs=1e-9)


def test_the_shortfall_series_adds_up_to_the_summary(summary, histories):
    for row in summary["materials"]:
        short = histories["material", "shortfall_t", row["material"], row["country"]][0]
        assert sum(short) == pytest.approx(row["shortfall"], rel=1e-9, abs=1e-12)


def test_flows_are_written_on_request_and_say_who_ships_what_to_whom(tmp_path):
    result = run_scenario(ROOT / "scenarios" / "baseline.yaml", record="flows")
    columns = pq.read_table(result.save(tmp_path) / "series.parquet")
    flows = columns.filter(pc.equal(columns["variable"].cast(pa.string()), "flow_t"))
    assert flows.num_rows > 0
    assert flows.num_rows % result.n_steps == 0
    ids = set(flows["id"].to_pylist())
    assert ids <= {f"{supplier} > {customer}" for supplier, customer, _ in result.labels.arcs}
    assert {unit.rpartition("/")[2] for unit in flows["unit"].to_pylist()} == {"week"}
    assert "node" in columns["kind"].to_pylist()
