"""Each rule on networks is silent on a sound one and speaks on a broken one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from sim.data.read import read_tables
from sim.model.build import build_network
from sim.model.check import RULES, check_network
from sim.model.findings import Finding, Severity
from sim.model.network import Arc, BuildReport, Network
from sim.vocab import NodeStatus
from tests.tables_world import world_files, write_tables

FIGURES = "figures/zinc.csv"
TOTAL = "zinc_abroad,aggregate,WLD,,2024,5,t/yr,book,high,\n"


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Network:
    """Return a sound network whose report holds nothing to say."""
    folder: Path = tmp_path_factory.mktemp("tables")
    files = {"aggregates.a.csv": None, FIGURES: world_files()[FIGURES].replace(TOTAL, "")}
    built = build_network(read_tables(write_tables(folder, files)))
    return replace(built, report=BuildReport(materials=built.report.materials))


def with_node(network: Network, name: str, **changes: object) -> Network:
    """Return the network with another node of that name."""
    return replace(network, nodes={**network.nodes, name: replace(network.nodes[name], **changes)})


def with_arc(network: Network, number: int, **changes: object) -> Network:
    """Return the network with another arc in one place."""
    arcs = list(network.arcs)
    arcs[number] = replace(arcs[number], **changes)
    return replace(network, arcs=tuple(arcs))


def used(network: Network, customer: str) -> int:
    """Return the number of the first used arc into a node."""
    return next(
        n for n, arc in enumerate(network.arcs) if arc.customer == customer and arc.flow_t_per_year > 0
    )


def found(network: Network, rule: str) -> list[Finding]:
    """Return what one rule says."""
    return [finding for finding in check_network(network) if finding.rule == rule]


def test_a_sound_network_has_no_errors(network: Network) -> None:
    """Otherwise every other test here proves little."""
    assert [str(f) for f in check_network(network) if f.severity is not Severity.INFO] == []


def test_errors_come_first(network: Network) -> None:
    """What must be mended stands at the top of the screen."""
    broken = with_node(network, "smelter.AAA", capacity_per_year=1.0)
    levels = [finding.severity for finding in check_network(broken)]
    assert levels[0] is Severity.ERROR
    assert levels == sorted(levels, key=list(Severity).index)


def test_every_rule_is_run_once() -> None:
    """A rule that is written and not listed checks nothing."""
    names = [rule.__name__ for rule in RULES]
    assert len(names) == len(set(names)) == 15


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"supplier": "nobody"}, "node 'nobody' does not exist"),
        ({"customer": "nobody"}, "node 'nobody' does not exist"),
        ({"material": "tin/metal"}, "material 'tin/metal' does not exist"),
        ({"material": "germanium/metal"}, "has no port of it"),
    ],
)
def test_arcs_need_ends_ports_and_materials(network: Network, change: dict[str, str], message: str) -> None:
    """A name that nothing answers to would lose its tonnes."""
    broken = with_arc(network, used(network, "smelter.AAA"), **change)
    assert any(message in finding.message for finding in found(broken, "ends_exist"))


def test_two_arcs_of_one_material_between_two_nodes_are_refused(network: Network) -> None:
    """The second would be counted and never seen."""
    twice = replace(network, arcs=(*network.arcs, network.arcs[0]))
    assert len(found(twice, "arcs_single")) == 1


def test_numbers_must_be_sound(network: Network) -> None:
    """Negative or infinite tonnes."""
    assert found(with_arc(network, 0, flow_t_per_year=-1.0), "numbers_sound")
    assert found(with_arc(network, 0, lead_time_days=-1.0), "numbers_sound")
    assert found(with_node(network, "smelter.AAA", planned_per_year=float("inf")), "numbers_sound")
    smelter = network.nodes["smelter.AAA"]
    slot = replace(smelter.inputs[0], input_per_unit=0.0)
    assert found(with_node(network, "smelter.AAA", inputs=(slot,)), "numbers_sound")


def test_what_arrives_is_what_is_used(network: Network) -> None:
    """One part in a million is too much: it would show as a drift of the base run."""
    number = used(network, "smelter.AAA")
    flow = network.arcs[number].flow_t_per_year
    broken = with_arc(network, number, flow_t_per_year=flow * (1 + 1e-6))
    assert [finding.where for finding in found(broken, "recipe_closed")] == ["smelter.AAA"]
    assert found(broken, "output_closed")


def test_what_is_made_is_shipped_or_may_be_thrown_away(network: Network) -> None:
    """A port that makes more than it ships fills up, unless it is disposable."""
    smelter = network.nodes["smelter.AAA"]
    port = replace(smelter.outputs[0], output_per_unit=1.1)
    (finding,) = found(with_node(network, "smelter.AAA", outputs=(port,)), "output_closed")
    assert "its stock grows" in finding.message
    spare = replace(port, disposable=True)
    assert not found(with_node(network, "smelter.AAA", outputs=(spare,)), "output_closed")


def test_the_world_balance_of_a_material_closes(network: Network) -> None:
    """All made is used."""
    user = network.nodes["use_optics.AAA"]
    (finding,) = found(
        with_node(network, "use_optics.AAA", planned_per_year=user.planned_per_year * 0.9), "material_closed"
    )[:1]
    assert "made" in finding.message


def test_a_recycler_makes_what_its_scrap_gives(network: Network) -> None:
    """Collection halved: half of its output has no origin."""
    (source,) = network.scrap
    halved = replace(network, scrap=(replace(source, collection=source.collection / 2),))
    assert [finding.where for finding in found(halved, "scrap_closed")] == ["germanium_loop.AAA"]
    lost = replace(network, scrap=(replace(source, scrap_of="nobody"),))
    assert "does not exist" in found(lost, "scrap_closed")[0].message
    assert found(replace(network, scrap=()), "scrap_closed")


def test_demand_leads_back_to_a_source(network: Network) -> None:
    """A user whose suppliers have no suppliers of their own is not fed."""
    cut = tuple(
        replace(arc, flow_t_per_year=0.0) if arc.customer == "smelter.AAA" else arc for arc in network.arcs
    )
    starved = {finding.where for finding in found(replace(network, arcs=cut), "demand_reachable")}
    assert starved == {"smelter.AAA", "use_optics.AAA"}


def test_goods_do_not_go_round_in_circles(network: Network) -> None:
    """Only scrap may, and scrap is no arc."""
    loop = Arc("use_optics.AAA", "smelter.AAA", "zinc/concentrate", 1.0, 5.0)
    (finding,) = found(replace(network, arcs=(*network.arcs, loop)), "acyclic_but_scrap")
    assert "smelter.AAA" in finding.message


def test_capacity_and_host_suffice_for_the_base_year(network: Network) -> None:
    """Else the baseline itself would fall short."""
    assert found(with_node(network, "smelter.AAA", capacity_per_year=1.0), "capacity_suffices")
    assert found(with_node(network, "germanium_circuit.AAA", host_ratio=1e-4), "host_suffices")
    gone = found(with_node(network, "germanium_circuit.AAA", host="nobody"), "host_suffices")
    assert "'nobody' does not exist" in gone[0].message


def test_a_flagged_move_is_an_error_until_it_is_accepted(network: Network) -> None:
    """With a reason it stays in sight, as information."""
    row = {"quantity": "use:x", "flag": "moved +3.0 sigma", "prior": 1.0, "value": 2.0, "accepted_reason": ""}
    (finding,) = found(replace(network, report=BuildReport(moves=(row,))), "moves_accepted")
    assert (finding.severity, finding.where) == (Severity.ERROR, "use:x")
    known = {**row, "accepted_reason": "old count"}
    (finding,) = found(replace(network, report=BuildReport(moves=(known,))), "moves_accepted")
    assert finding.severity is Severity.INFO
    assert finding.message.endswith("accepted: old count")


def test_a_share_that_came_out_elsewhere_is_a_warning(network: Network) -> None:
    """Five points off, or dropped."""
    row = {
        "material": "m",
        "customer": "A",
        "supplier": "B",
        "share": 0.5,
        "fitted": 0.3,
        "dropped_reason": "",
    }
    report = BuildReport(shares=(row, {**row, "fitted": 0.49}, {**row, "dropped_reason": "nobody sells"}))
    texts = [finding.message for finding in found(replace(network, report=report), "shares_held")]
    assert texts == ["given as 0.500, the quantities allow 0.300 at best", "not used: nobody sells"]


def test_what_the_building_assumed_is_passed_on(network: Network) -> None:
    """A warning nobody prints is none."""
    noted = replace(network, report=BuildReport(warnings=("old figures",)))
    assert [finding.message for finding in found(noted, "built_without_warning")] == ["old figures"]


def test_a_single_supplier_is_worth_a_line(network: Network) -> None:
    """The smelter's two mines are in one country, but the optics have one smelter."""
    places = {finding.where for finding in found(network, "has_second_supplier")}
    assert "use_optics.AAA" in places
    assert network.nodes["use_optics.AAA"].status is NodeStatus.OPERATING
