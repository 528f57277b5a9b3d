"""Each rule on the tables as a whole is silent on a sound world and speaks on a broken one."""

from __future__ import annotations

from pathlib import Path

import pytest

from sim.data.check import RULES, check_tables
from sim.data.findings import Finding, Severity
from sim.data.read import read_tables
from sim.errors import DataError
from tests.tables_world import write_tables

FIGURES = "figures/zinc.csv"


def findings(folder: Path, changes: dict[str, str | tuple[str, str] | None] | None = None) -> list[Finding]:
    return check_tables(read_tables(write_tables(folder, changes)))


def test_a_sound_world_has_nothing_but_information(tmp_path: Path) -> None:
    """Otherwise every other test here proves little."""
    assert {finding.severity for finding in findings(tmp_path)} == {Severity.INFO}


def test_a_published_total_is_compared_with_its_parts(tmp_path: Path) -> None:
    """90 t (corrected) made outside CCC less 85 t used in AAA is the 5 t published."""
    (gap,) = [f for f in findings(tmp_path) if f.rule == "aggregates"]
    assert gap.message == "parts 5, total 5 t/yr, parts / total - 1 = +0.0%"


@pytest.mark.parametrize(
    ("rule", "severity", "file", "change", "message"),
    [
        ("sources", "info", "sources.csv", ("book,A", "lost,L,x,2020,,,\nbook,A"), "not cited: lost"),
        ("regions", "error", "countries.csv", ("乙国,EUU", "乙国,far"), "BBB is of region EUU in one table"),
        ("regions", "error", "countries.csv", ("丙国,far", "丙国,EUU"), "CCC is of region EUU in one table"),
        (
            "trade_shares",
            "error",
            "trade_shares.a.csv",
            ("AAA,CCC,0.9", "AAA,AAA,0.9"),
            "AAA imports from itself",
        ),
        (
            "trade_shares",
            "error",
            "trade_shares.a.csv",
            ("zinc/conc", "zinc/concentrate,AAA,BBB,0.2,imports,2024,book,high,\nzinc/conc"),
            "shares of imports sum to 1.1000, above 1",
        ),
        (
            "trade_shares",
            "warning",
            "trade_shares.a.csv",
            (
                "zinc/concentrate,AAA,CCC,0.9",
                "zinc/metal,CCC,AAA,0.2,imports,2024,book,high,\nzinc/metal,CCC,EUU,0.5",
            ),
            "AAA stand beside the region they belong to",
        ),
        (
            "processes",
            "error",
            FIGURES,
            ("zinc_mine,production,CCC,,2024,100,t/yr,book,high,\n", ""),
            "exists nowhere",
        ),
        (
            "recipes",
            "error",
            FIGURES,
            ("input_per_unit,WLD", "input_per_unit,BBB"),
            "no input_per_unit in AAA",
        ),
        (
            "recipes",
            "error",
            "inputs.a.csv",
            ("use_optics,zinc/metal,\n", ""),
            "use_optics has no input zinc/metal",
        ),
        (
            "recipes",
            "error",
            FIGURES,
            ("use_optics,use,AAA,zinc/metal,2024,85", "use_optics,use,AAA,zinc/concentrate,2024,85"),
            "input zinc/metal has no use figure",
        ),
        ("joint_outputs", "error", "processes.a.csv", ("refining,zinc/metal", "refining,"), "has no product"),
        (
            "joint_outputs",
            "error",
            "outputs.a.csv",
            "process,output_material,drives,disposable\nsmelter,zinc/metal,true,false\n",
            "names a product and lists joint products",
        ),
        (
            "materials",
            "error",
            "processes.a.csv",
            ("mining,zinc/con", "mining,zinc/met"),
            "no process makes it",
        ),
        ("materials", "error", "inputs.a.csv", ("smelter,zinc/concentrate,\n", ""), "no process uses it"),
        (
            "recycling",
            "error",
            "recycling.a.csv",
            ("use_optics,germ", "smelter,germ"),
            "smelter has no input germ",
        ),
        ("recycling", "error", "recycling.a.csv", ("germanium_loop", "smelter"), "is not of that stage"),
        ("recycling", "error", "recycling.a.csv", None, "collects nothing"),
        ("recycling", "error", "inputs.a.csv", ("lens", "\ngermanium_loop,zinc/metal,"), "takes scrap only"),
        (
            "recycling",
            "error",
            FIGURES,
            ("loop,production,AAA", "loop,production,CCC"),
            "recycles in CCC, where none",
        ),
        (
            "recycling",
            "warning",
            FIGURES,
            (
                "germanium_loop,collection,WLD,use_optics,2024,0.2,fraction,book,low,\n"
                "germanium_loop,recovery,AAA,use_optics,2024,0.9,fraction,book,low,\n",
                "",
            ),
            "both count as 1",
        ),
        ("hosts", "error", FIGURES, ("smelter,2024,0.02", "smelter,2024,0.01"), "the hosts allow 0.9 t/yr"),
        (
            "hosts",
            "warning",
            FIGURES,
            ("smelter,2024,0.02", "smelter,2024,0.0112"),
            "almost nothing to spare",
        ),
        ("hosts", "error", FIGURES, ("host_ratio,AAA", "host_ratio,BBB"), "no figure for the host_ratio"),
        ("hosts", "error", "hosts.a.csv", ("smelter,AAA", "smelter,BBB"), "production of the host"),
        ("capacities", "error", FIGURES, ("2024,120", "2024,99"), "production 100 is above capacity 99 t/yr"),
        ("capacities", "warning", FIGURES, ("capacity,CCC", "capacity,AAA"), "capacity without production"),
        (
            "facilities",
            "error",
            FIGURES,
            ("2024,60", "2024,101"),
            "named facilities make 101, the country only 100",
        ),
        (
            "facilities",
            "error",
            "facilities.a.csv",
            ("mine,CCC", "mine,AAA"),
            "neither production nor capacity",
        ),
        ("corrections", "error", "corrections.a.csv", (",80,", ",81,"), "made for 81, but the figure is 80"),
        ("corrections", "error", "corrections.a.csv", ("production,AAA", "production,BBB"), "no such figure"),
        ("aggregates", "warning", FIGURES, ("WLD,,2024,5", "WLD,,2024,9"), "parts 5, total 9 t/yr"),
        ("aggregates", "warning", FIGURES, ("zinc/metal,2024,85", "zinc/metal,2024,95"), "parts -5, total 5"),
        ("aggregates", "error", FIGURES, ("aggregate,WLD", "aggregate,AAA"), "no figure of country WLD"),
        (
            "aggregates",
            "error",
            "aggregates.a.csv",
            ("output,smelter,!CCC", "output,smelter,CCC"),
            "1 of 2 parts",
        ),
        (
            "oldest_year",
            "warning",
            FIGURES,
            ("CCC,,2024,120", "CCC,,2014,120"),
            "1 figure lies more than 5 years",
        ),
        ("expert_marks", "error", FIGURES, ("expert,expert,judged", "expert,expert,"), "does not say how"),
        (
            "expert_marks",
            "warning",
            FIGURES,
            ("expert,expert,judged", "expert,high,judged"),
            "but claim more",
        ),
        ("expert_share", "info", FIGURES, None, ""),
    ],
)
def test_a_rule_speaks_when_its_claim_fails(
    tmp_path: Path,
    rule: str,
    severity: str,
    file: str,
    change: str | tuple[str, str] | None,
    message: str,
) -> None:
    """A rule that never speaks checks nothing."""
    if rule == "expert_share":  # always speaks; its numbers are tested in test_data_provenance
        change = ("book", "book")
    found = [f for f in findings(tmp_path, {file: change}) if f.rule == rule and f.severity == severity]
    assert any(message in finding.message for finding in found), found


def test_findings_come_errors_first_and_name_rule_and_place(tmp_path: Path) -> None:
    """The reader sees what matters before the rest."""
    found = findings(tmp_path, {FIGURES: ("2024,120", "2024,99")})
    order = [list(Severity).index(finding.severity) for finding in found]
    assert order == sorted(order)
    assert str(found[0]) == (
        "error: figures/zinc.csv:3: production 100 is above capacity 99 t/yr [capacities]"
    )


def test_strict_turns_errors_into_an_exception(tmp_path: Path) -> None:
    """Builders want to stop, analysts want to read."""
    tables = read_tables(write_tables(tmp_path, {FIGURES: ("2024,120", "2024,99")}))
    with pytest.raises(DataError, match="above capacity 99"):
        check_tables(tables, strict=True)


def test_every_rule_is_a_documented_function_of_its_name() -> None:
    """The name of a finding's rule leads to the function that states it."""
    for rule in RULES:
        assert rule.__name__.startswith("check_")
        assert rule.__doc__
