"""`sim projects` as a user meets it, and the same from Python."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from sim import project_totals, projects
from sim.cli import app
from sim.errors import DataError

KEYS = {
    "id", "name", "country", "stage", "materials", "status", "start", "agency", "instrument",
    "amount_usd_m", "private_usd_m", "in_list", "node", "effect",
}  # fmt: skip


def run(*words: str) -> str:
    result = CliRunner().invoke(app, ["projects", *words], env={"COLUMNS": "100"})
    assert result.exit_code == 0, result.stderr
    return result.stdout


def test_json_rows_are_those_of_python() -> None:
    """One function behind both; every key of the contract is there."""
    rows = json.loads(run("--country", "KAZ", "--json"))
    assert rows == json.loads(json.dumps(projects(country="KAZ")))
    assert all(set(row) >= KEYS for row in rows)
    assert {row["id"] for row in rows} == {
        "kaz_tungsten",
        "framework_kaz",
        "msp_forum",
        "frameworks_prior_10",
    }


def test_filters_work_together_and_sums_follow_them() -> None:
    """The sentence under the table tells the money of the rows above it."""
    text = run("--agency", "DFC", "--in-list")
    assert "1,940.0 USD m" in text
    assert project_totals(projects(agency="DFC", in_list=True))["money"]["amount_usd_m"] == 1940.0
    assert {row["id"] for row in projects(material="antimony", status="construction")} >= {
        "perpetua_stibnite"
    }


def test_sorted_by_money_the_largest_comes_first() -> None:
    """Blanks come last."""
    amounts = [row["amount_usd_m"] for row in projects(sort="amount_usd_m")]
    given = [amount for amount in amounts if amount is not None]
    assert amounts[: len(given)] == sorted(given, reverse=True)


def test_a_name_that_is_nowhere_is_refused_with_the_nearest() -> None:
    """An empty table would look as if nothing had been announced."""
    with pytest.raises(DataError, match="did you mean 'KAZ'"):
        projects(country="KZA")
    with pytest.raises(DataError, match="agency = 'EXIMM'"):
        projects(agency="EXIMM")


@pytest.mark.parametrize("width", ["80", "120"])
def test_the_table_fits_the_width(width: str) -> None:
    """Through a pipe as on a terminal."""
    result = CliRunner().invoke(app, ["projects", "--status", "construction"], env={"COLUMNS": width})
    assert all(len(line.rstrip()) <= int(width) for line in result.output.splitlines())
