"""Every number of a node and of a material leads to its row and its sources."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

import sim
from sim.analysis.trace import trace
from sim.analysis.trace_projects import announced_rows, known_names
from sim.cli import app
from sim.data.read import read_tables
from sim.errors import NetworkError


def test_a_node_shows_the_figures_in_use_with_their_sources() -> None:
    found = trace("gallium_primary.CHN")
    rows = {row["quantity"]: row for row in found["figures"]}
    assert rows["production"]["value"] == 839.0
    assert rows["production"]["country"] == "CHN"
    assert rows["production"]["where"].startswith("figures/gallium.csv:")
    assert rows["process_days"]["country"] == "WLD"
    assert rows["production"]["balanced"] == pytest.approx(
        sim.default_network().nodes["gallium_primary.CHN"].planned_per_year
    )


def test_a_material_shows_makers_users_price_and_trade() -> None:
    kinds = {row["quantity"] for row in trace("gaas/wafer")["figures"]}
    assert {"production", "use", "price"} <= kinds
    assert any(kind.startswith("share of ") for kind in kinds)


def test_a_correction_shows_the_raw_value_too() -> None:
    corrected = [row for row in trace("gaas/wafer")["figures"] if row["raw_value"] != row["value"]]
    assert corrected
    assert all(row["note"] and row["sources"] for row in corrected)


@pytest.mark.parametrize("name", ["germanium", "ndpr_separation.CHN", "ree_mining_hard_rock.CHN.bayan_obo"])
def test_every_row_has_a_source_that_is_listed(name: str) -> None:
    found = trace(name)
    listed = {row["source_id"] for row in found["sources"]}
    assert listed <= set(read_tables().sources["source_id"])
    for row in found["figures"]:
        assert set(row["sources"]) <= listed
        assert row["sources"] or row["quantity"] == "host"


def test_a_misspelt_name_is_refused_with_the_nearest() -> None:
    with pytest.raises(NetworkError, match="did you mean 'gallium'"):
        trace("gallum")


def test_the_command_prints_the_same_as_json() -> None:
    done = CliRunner().invoke(app, ["trace", "germanium/refined", "--json"])
    assert done.exit_code == 0
    assert json.loads(done.output) == trace("germanium/refined")


@pytest.mark.parametrize(
    ("name", "kind", "quantity", "value"),
    [
        ("thacker_pass", "project", "loan, closed", 2300.0),
        ("framework_gbr", "programme", "effect: success_odds", 0.02),
        ("tin_mining.AUS.taronga", "node", "capacity", 3600.0),
        ("zinc_mining.USA.empire_state_mines", "node", "output of the base year", 27000.0),
    ],
)
def test_an_announced_number_leads_to_its_row(name: str, kind: str, quantity: str, value: float) -> None:
    found = trace(name)
    assert found["kind"] == kind
    row = next(row for row in found["figures"] if row["quantity"] == quantity)
    assert row["value"] == value
    assert row["sources"] and ".csv:" in row["where"]


def test_every_project_and_programme_can_be_traced() -> None:
    tables = read_tables()
    for name in known_names(tables):
        found = announced_rows(tables, name)
        assert found is not None
        assert found[1], name
