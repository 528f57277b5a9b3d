"""Projects in a small world of tables: what is carved out, what is new, what is said of rows without end."""

from __future__ import annotations

from pathlib import Path

import pytest

from sim.data.check import check_tables
from sim.data.findings import Severity
from sim.data.read import Tables, read_tables
from sim.data.register import Register
from sim.errors import DataError
from sim.model.build import build_network
from sim.model.network import Network
from tests.tables_world import world_files, write_tables

FIGURES = "figures/zinc.csv"
TOTAL = "zinc_abroad,aggregate,WLD,,2024,5,t/yr,book,high,\n"
END = ",book,high,Read\n"
PROJECTS = """\
project,name,country,status,start_date,in_list,kind,stage,source_id,confidence,note
new_works,New Works,BBB,construction,2027-07-01,true,node,refining,book,high,Read
old_works,Old Works,AAA,operating,,false,node,refining,book,high,Read
"""
PARTS_HEAD = (
    "project,part,process,capacity_t_per_year,base_output_t_per_year,start_date,ramp,feed_part,host_process,"
    "retires,source_id,confidence,note\n"
)
PARTS = (
    PARTS_HEAD
    + "new_works,new_pit,zinc_mine,20,,2027-07-01,quick,,,"
    + END
    + "new_works,new_smelter,smelter,10,,2027-07-01,quick,new_pit,,"
    + END
    + "new_works,new_circuit,germanium_circuit,0.1,,2027-07-01,quick,,smelter,"
    + END
    + "old_works,old_smelter,smelter,50,40,,quick,,,"
    + END
)
RAMPS = "ramp,years_to_full,curve,source_id,confidence,note\nquick,1,0.4;0.7;0.9;1,book,high,Read\n"
ODDS = """\
status,instrument,success,slip_days,spread,source_id,confidence,note
operating,none,0.97,0,0,book,high,Read
construction,none,0.9,180,0.3,book,high,Read
construction,loan,0.95,180,0.3,book,high,Read
"""


def world(folder: Path, parts: str = PARTS, **more: str) -> Tables:
    """Return the small world with projects; a table of `more` is added or replaced."""
    files: dict[str, str | tuple[str, str] | None] = {
        "projects.csv": PROJECTS,
        "project_parts.csv": parts,
        "ramp_types.csv": RAMPS,
        "stage_odds.csv": ODDS,
        "aggregates.a.csv": None,
        FIGURES: world_files()[FIGURES].replace(TOTAL, ""),
    }
    return read_tables(write_tables(folder, files | {f"{name}.csv": text for name, text in more.items()}))


@pytest.fixture
def network(tmp_path: Path) -> Network:
    return build_network(world(tmp_path), projects="all")


def said(tables: Tables, rule: str) -> list[str]:
    return [str(f) for f in check_tables(tables) if f.rule == rule and f.severity is not Severity.INFO]


def test_a_running_plant_is_carved_out_at_its_output_of_the_base_year(network: Network) -> None:
    """The rest of the country stays an aggregate; the choice of projects does not matter."""
    whole = network.nodes["smelter.AAA"].planned_per_year
    old = network.nodes["smelter.AAA.old_smelter"]
    assert old.planned_per_year == pytest.approx(40.0, rel=0.1)
    assert old.capacity_per_year == pytest.approx(50.0, rel=0.1)
    assert whole + old.planned_per_year == pytest.approx(90.0, rel=0.1)
    assert not old.aggregate


def test_new_plants_have_the_recipe_of_their_process_and_their_own_feed(network: Network) -> None:
    """The smelter takes from its mine alone; the by-product hangs on the smelter."""
    smelter = network.nodes["smelter.BBB.new_smelter"]
    like = network.nodes["smelter.AAA"].inputs[0]
    assert smelter.inputs[0].material == "zinc/concentrate"
    assert smelter.inputs[0].input_per_unit == pytest.approx(1.1, rel=0.2)
    assert like.material == smelter.inputs[0].material
    into = [arc for arc in network.arcs if arc.customer == smelter.id]
    assert [arc.supplier for arc in into] == ["zinc_mine.BBB.new_pit"]
    circuit = network.nodes["germanium_circuit.BBB.new_circuit"]
    assert circuit.host == smelter.id
    assert circuit.host_ratio == pytest.approx(0.01)


def test_a_mine_gives_its_own_refinery_first(network: Network) -> None:
    """Ten tonnes of metal need eleven of ore; the other nine go to the market."""
    smelters = ("smelter.AAA", "smelter.AAA.old_smelter")
    use = {s: sum(a.flow_t_per_year for a in network.arcs if a.customer == s) for s in smelters}
    sold = sum(
        entry.share * use[entry.customer]
        for entry in network.announced.entries
        if entry.owner == "zinc_mine.BBB.new_pit"
    )
    need = 10.0 * network.nodes["smelter.BBB.new_smelter"].inputs[0].input_per_unit
    assert sold == pytest.approx(20.0 - need, rel=1e-6)


def test_a_part_of_an_unknown_process_is_told_and_left_out(tmp_path: Path) -> None:
    """The tables of its chain may come later."""
    tables = world(tmp_path, PARTS + "new_works,tin_pit,tin_mine,5,,2027-07-01,quick,,," + END)
    assert any(
        "'tin_mine' of 'tin_pit' is not in the tables" in text for text in said(tables, "project_parts")
    )
    assert not any("tin" in name for name in build_network(tables, projects="all").nodes)


def test_a_plant_that_its_country_cannot_hold_is_told_and_not_carved(tmp_path: Path) -> None:
    """Forty of ninety can be carved out, four hundred cannot."""
    tables = world(tmp_path, PARTS.replace("smelter,50,40", "smelter,500,400"))
    assert any("ran at 400 t/yr" in text for text in said(tables, "project_running"))
    assert "smelter.AAA.old_smelter" not in build_network(tables, projects="all").nodes


def test_a_feed_from_nowhere_and_a_project_without_a_row_are_errors(tmp_path: Path) -> None:
    """Both would stand idle for ever."""
    lost = PARTS.replace("quick,new_pit,,", "quick,new_pitt,,").replace(
        "old_works,old_smelter", "new_works,x"
    )
    tables = world(tmp_path, lost)
    assert any("did you mean 'new_pit'" in text for text in said(tables, "project_parts"))
    assert any("'old_works' is of kind node" in text for text in said(tables, "register"))


def test_a_curve_that_falls_is_an_error(tmp_path: Path) -> None:
    """And so is one of the wrong length."""
    wrong = RAMPS.replace("0.4;0.7;0.9;1", "0.4;0.7;0.6")
    found = said(world(tmp_path, ramp_types=wrong), "ramp_types") or said(
        world(tmp_path, ramp_types=wrong), "ramps"
    )
    assert any("must rise" in text for text in found)
    assert any("3 quarters" in text for text in found)


def test_names_are_checked_when_the_tables_are_read(tmp_path: Path) -> None:
    """A status, a project and a ramp that do not exist."""
    for old, new in (("construction,2027", "building,2027"), ("BBB,construction", "XYZ,construction")):
        with pytest.raises(DataError, match=r"projects\.csv:2"):
            world(tmp_path / new[:3], projects=PROJECTS.replace(old, new))
    with pytest.raises(DataError, match=r"ramp_types\.ramp"):
        world(tmp_path / "ramp", PARTS.replace("2027-07-01,quick", "2027-07-01,quik"))


def test_money_moves_the_odds(tmp_path: Path) -> None:
    """A closed loan counts whole, a letter of the same money as a letter."""
    head = "line,project,programme,agency,instrument,amount_usd_m,in_list,state,source_id,confidence,note\n"
    line = "a,new_works,,Bank,loan,10,true,closed,book,high,Read\n"
    plain = Register(world(tmp_path / "a")).odds("new_works", "construction")
    funded = Register(world(tmp_path / "b", finance=head + line)).odds("new_works", "construction")
    letter = Register(world(tmp_path / "c", finance=head + line.replace("closed", "letter")))
    assert (plain.success, funded.success) == (0.9, 0.95)
    assert letter.odds("new_works", "construction").success == 0.9


def test_tables_without_projects_make_a_network_without(tmp_path: Path) -> None:
    """The tables of the register may be left out altogether."""
    text = world_files()[FIGURES].replace(TOTAL, "")
    tables = read_tables(write_tables(tmp_path, {"aggregates.a.csv": None, FIGURES: text}))
    assert build_network(tables, projects="all").announced.parts == ()


def test_a_plant_that_looks_like_a_facility_of_another_name_is_not_counted_twice(tmp_path: Path) -> None:
    """Big Pit stands in the facilities; a part called big_hole of the same process and country is told."""
    parts = PARTS + "far_works,big_hole,zinc_mine,60,50,,quick,,," + END
    projects = PROJECTS + "far_works,Far Works,CCC,operating,,false,node,mining,book,high,Read\n"
    tables = world(tmp_path, parts, projects=projects)
    assert any("looks like facility 'big_pit'" in text for text in said(tables, "project_running"))
    assert "zinc_mine.CCC.big_hole" not in build_network(tables, projects="all").nodes
