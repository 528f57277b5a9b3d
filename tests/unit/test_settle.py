"""Settling: demand and proportions in, a start that is steady to rounding out."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace

import pytest

from sim.errors import NetworkError
from sim.model.network import Arc, BuildReport, Input, Material, Network, Node, Output, ScrapSource
from sim.model.settle import scrap_per_unit, settle
from sim.model.settle_graph import find_cycle
from sim.vocab import Stage

ORE, METAL, PART = "x/ore", "x/metal", "coil/part"
MATERIALS = {name: Material(name, *name.split("/"), basis="t X") for name in (ORE, METAL, "x/slag", PART)}


def mine(name: str = "mine", **changes: object) -> Node:
    return replace(Node(name, Stage.MINING, "AAA", outputs=(Output(ORE),)), **changes)  # type: ignore[arg-type]


def smelter(name: str = "smelter", per_unit: float = 2.0, **changes: object) -> Node:
    node = Node(name, Stage.REFINING, "AAA", inputs=(Input(ORE, per_unit),), outputs=(Output(METAL),))
    return replace(node, **changes)  # type: ignore[arg-type]


def user(name: str = "user", demand: float = 100.0, material: str = METAL, **changes: object) -> Node:
    node = Node(name, Stage.END_USE, "BBB", inputs=(Input(material, 0.5),), planned_per_year=demand)
    return replace(node, **changes)  # type: ignore[arg-type]


def network(nodes: Iterable[Node], arcs: Sequence[Arc], scrap: Sequence[ScrapSource] = ()) -> Network:
    return Network("t", 2024, MATERIALS, {n.id: n for n in nodes}, tuple(arcs), scrap=tuple(scrap))


def chain(**arc_changes: object) -> Network:
    """Two mines, a smelter, a user: 100 units x 0.5 = 50 t of metal, 100 t of ore."""
    arcs = [
        Arc("mine", "smelter", ORE, 75.0, 10.0),
        Arc("pit", "smelter", ORE, 25.0, 10.0),
        Arc("smelter", "user", METAL, 50.0, 10.0),
    ]
    return network([mine(), mine("pit"), smelter(), user()], [replace(a, **arc_changes) for a in arcs])  # type: ignore[arg-type]


def planned(settled: Network) -> dict[str, float]:
    return {node.id: node.planned_per_year for node in settled.nodes.values()}


def flows(settled: Network) -> dict[tuple[str, str], float]:
    return {(arc.supplier, arc.customer): arc.flow_t_per_year for arc in settled.arcs}


def assert_steady(settled: Network, rtol: float = 1e-13) -> None:
    """Check from outside, with exact sums, that every slot and every driving port closes."""
    for node in settled.nodes.values():
        for entry in node.inputs:
            arriving = math.fsum(
                a.flow_t_per_year
                for a in settled.arcs
                if (a.customer, a.material) == (node.id, entry.material)
            )
            assert arriving == pytest.approx(entry.input_per_unit * node.planned_per_year, rel=rtol, abs=0)
        calls = [
            math.fsum(
                a.flow_t_per_year for a in settled.arcs if (a.supplier, a.material) == (node.id, o.material)
            )
            / o.output_per_unit
            for o in node.outputs
            if o.drives
        ]
        if not node.is_end_use:
            assert node.planned_per_year == pytest.approx(max(calls), rel=rtol, abs=0)


def test_activities_follow_from_demand() -> None:
    """100 units at 0.5 t need 50 t of metal, these 100 t of ore, split as the arcs say."""
    settled = settle(chain())
    assert planned(settled) == {"mine": 75.0, "pit": 25.0, "smelter": 50.0, "user": 100.0}
    assert settled.report.warnings == ()


def test_a_steady_network_is_left_bit_for_bit() -> None:
    """Settling twice gives the same objects: nothing drifts when a network is read, built or laid over."""
    once = settle(chain())
    twice = settle(once)
    assert [a is b for a, b in zip(once.arcs, twice.arcs, strict=True)] == [True] * 3
    assert all(once.nodes[name] is twice.nodes[name] for name in once.nodes)


def test_flows_are_proportions_inside_a_slot() -> None:
    """Flows given 20 % too large keep their proportions and are scaled to the use, with a warning."""
    settled = settle(network([mine(), mine("pit"), smelter(), user()], [
        Arc("mine", "smelter", ORE, 90.0, 1.0),
        Arc("pit", "smelter", ORE, 30.0, 1.0),
        Arc("smelter", "user", METAL, 50.0, 1.0),
    ]))  # fmt: skip
    assert flows(settled)["mine", "smelter"] == pytest.approx(75.0, rel=1e-15)
    assert len(settled.report.warnings) == 1
    assert "declare flow_t_per_year of 120" in settled.report.warnings[0]
    assert "scaled by 0.8333" in settled.report.warnings[0]


@pytest.mark.parametrize(
    ("declared", "outcome"), [(50.4, None), (51.0, "warned"), (90.0, "warned"), (101.0, "refused")]
)
def test_deviation_is_reported_from_one_percent_and_refused_from_fifty(
    declared: float, outcome: str | None
) -> None:
    """What differs by rounding passes, what contradicts is refused, what lies between is said."""
    given = chain()
    given = replace(given, arcs=(*given.arcs[:2], replace(given.arcs[2], flow_t_per_year=declared)))
    if outcome == "refused":
        with pytest.raises(NetworkError, match="more than 50% is refused"):
            settle(given)
    else:
        assert bool(settle(given).report.warnings) == (outcome == "warned")


def test_limits_of_deviation_can_be_chosen() -> None:
    """The caller may be stricter or laxer."""
    given = chain()
    given = replace(given, arcs=(*given.arcs[:2], replace(given.arcs[2], flow_t_per_year=500.0)))
    assert planned(settle(given, refuse_above=math.inf))["smelter"] == pytest.approx(50.0)
    with pytest.raises(NetworkError, match="1% is refused"):
        settle(
            replace(given, arcs=(*given.arcs[:2], replace(given.arcs[2], flow_t_per_year=51.0))),
            refuse_above=0.01,
        )


def test_zero_demand_leaves_everything_idle() -> None:
    """An end use of zero demand (a plant to come) is no fault as long as its arcs declare no flow."""
    given = chain(flow_t_per_year=0.0)
    settled = settle(replace(given, nodes={**given.nodes, "user": user(demand=0.0)}))
    assert set(planned(settled).values()) == {0.0}


def test_flow_into_an_end_use_without_demand_is_refused() -> None:
    """A declared flow that nobody uses contradicts the demand."""
    given = chain()
    with pytest.raises(NetworkError, match="= 0 t/year are used"):
        settle(replace(given, nodes={**given.nodes, "user": user(demand=0.0)}))


def test_producer_without_customers_is_idle() -> None:
    """A latent refinery stands still, whatever activity it was given, and its latent arcs stay at 0."""
    given = chain()
    spare = smelter("spare", planned_per_year=7.0)
    arcs = (*given.arcs, Arc("mine", "spare", ORE, 0.0, 1.0), Arc("spare", "user", METAL, 0.0, 1.0))
    settled = settle(network([*given.nodes.values(), spare], arcs))
    assert planned(settled)["spare"] == 0.0
    assert flows(settled)["mine", "spare"] == 0.0


def test_slot_without_inflow_is_a_fault_unless_nothing_depends_on_it() -> None:
    """Essential 0 means that the activity goes on without; then it is only said."""
    given = chain()
    arcs = given.arcs[:2]
    with pytest.raises(NetworkError, match="'user' uses 50 t/year of x/metal but no arc"):
        settle(network(given.nodes.values(), arcs), refuse_above=math.inf)
    easy = user(inputs=(Input(METAL, 0.5, essential=0.0),))
    settled = settle(
        network([mine(), mine("pit"), smelter(), easy], [replace(arc, flow_t_per_year=0.0) for arc in arcs])
    )
    assert "no arc with a base flow brings it" in settled.report.warnings[0]


def test_capacity_must_hold_the_base_activity() -> None:
    """Rounding of decimals (1e-9) passes, more does not."""
    given = chain()
    ok = {**given.nodes, "smelter": smelter(capacity_per_year=50.0 * (1 - 0.5e-9))}
    assert planned(settle(replace(given, nodes=ok)))["smelter"] == 50.0
    short = {**given.nodes, "smelter": smelter(capacity_per_year=50.0 * (1 - 3e-9))}
    with pytest.raises(NetworkError, match=r"capacity_t_per_year = .49\.9999"):
        settle(replace(given, nodes=short))


def test_end_use_capacity_must_hold_its_demand() -> None:
    """A plant whose demand is above its capacity could never have a flat baseline."""
    given = chain()
    with pytest.raises(NetworkError, match="demand_per_year"):
        settle(replace(given, nodes={**given.nodes, "user": user(capacity_per_year=99.0)}))


def test_the_largest_call_of_a_driving_output_sets_the_activity() -> None:
    """A joint producer follows the driving output that wants most; disposable surplus is no matter."""
    joint = mine(outputs=(Output(ORE, 0.5, True, True), Output("x/slag", 0.25, True, True)))
    nodes = [joint, user("a", 40.0, ORE), user("b", 20.0, "x/slag")]
    arcs = [Arc("mine", "a", ORE, 20.0, 1.0), Arc("mine", "b", "x/slag", 10.0, 1.0)]
    settled = settle(network(nodes, arcs))
    assert planned(settled)["mine"] == 40.0
    assert settled.report.warnings == ()


def test_surplus_that_may_not_leave_is_reported() -> None:
    """Stock that grows without end is worth a sentence: the baseline is not flat there."""
    joint = mine(outputs=(Output(ORE), Output("x/slag", 0.25, drives=False)))
    settled = settle(network([joint, user("a", 40.0, ORE)], [Arc("mine", "a", ORE, 20.0, 1.0)]))
    assert settled.report.warnings == (
        "stock of x/slag at 'mine' grows by 5 t/year: nobody takes it and it is not marked disposable",
    )


def test_output_that_does_not_drive_must_be_covered() -> None:
    """20 t of ore bring 5 t of slag; 6 cannot be shipped for ever."""
    joint = mine(outputs=(Output(ORE), Output("x/slag", 0.25, drives=False)))
    nodes = [joint, user("a", 40.0, ORE), user("b", 12.0, "x/slag")]
    arcs = [Arc("mine", "a", ORE, 20.0, 1.0), Arc("mine", "b", "x/slag", 6.0, 1.0)]
    with pytest.raises(NetworkError, match=r"ships 6 t/year of x/slag.*makes 5"):
        settle(network(nodes, arcs))


def test_cycle_of_arcs_is_printed() -> None:
    """Activities of a circle do not follow from demand, so it is refused, with its names."""
    a = Node("a", Stage.REFINING, "AAA", inputs=(Input(METAL, 0.1),), outputs=(Output(ORE),))
    b = smelter("b")
    arcs = [Arc("a", "b", ORE, 1.0, 1.0), Arc("b", "a", METAL, 1.0, 1.0), Arc("b", "user", METAL, 50.0, 1.0)]
    with pytest.raises(NetworkError, match=r"cycle: (a -> b -> a|b -> a -> b); only recycling"):
        settle(network([a, b, user()], arcs))


def test_host_must_allow_the_base_activity() -> None:
    """A by-product larger than its host gives would fall in the first step of the baseline."""
    given = chain()
    ok = {**given.nodes, "pit": mine("pit", host="mine", host_ratio=1 / 3)}
    assert planned(settle(replace(given, nodes=ok)))["pit"] == 25.0
    short = {**given.nodes, "pit": mine("pit", host="mine", host_ratio=0.3)}
    with pytest.raises(NetworkError, match=r"host 'mine' allows 22.5 per year, its own is 25"):
        settle(replace(given, nodes=short))


def loop(
    returned: float, collection: float = 0.5, recovery: float = 0.8, primary: float | None = None
) -> Network:
    """A coil maker takes 120 t of metal for 100 t of coils; 20 t of scrap come back in part."""
    maker = Node("maker", Stage.PROCESSING, "AAA", inputs=(Input(METAL, 1.2),), outputs=(Output("x/slag"),))
    recycler = Node("recycler", Stage.RECYCLING, "AAA", outputs=(Output(METAL),))
    nodes = [mine(), smelter(), maker, recycler, user(demand=200.0, material="x/slag")]
    arcs = [
        Arc("mine", "smelter", ORE, 2 * (120.0 - returned), 1.0),
        Arc("smelter", "maker", METAL, 120.0 - returned if primary is None else primary, 1.0),
        Arc("recycler", "maker", METAL, returned, 1.0),
        Arc("maker", "user", "x/slag", 100.0, 1.0),
    ]
    scrap = [ScrapSource("recycler", "maker", METAL, 28.0, 0.5, collection, recovery)]
    return network(nodes, arcs, scrap)


def test_scrap_loop_is_settled() -> None:
    """8 of 20 t come back: the loop closes and the smelter makes what is left."""
    settled = settle(loop(8.0))
    assert planned(settled)["recycler"] == pytest.approx(8.0, rel=1e-13)
    assert planned(settled)["smelter"] == pytest.approx(112.0, rel=1e-13)
    assert settled.report.warnings == ()
    assert_steady(settled)


def test_scrap_is_what_does_not_enter_the_product_of_the_same_commodity() -> None:
    """1.2 in, 1.0 out of commodity x leaves 0.2; a product of another commodity leaves the whole intake."""
    net = loop(8.0)
    assert scrap_per_unit(net, net.nodes["maker"], METAL) == pytest.approx(0.2)
    other = replace(net.nodes["maker"], outputs=(Output(PART),))
    assert scrap_per_unit(net, other, METAL) == pytest.approx(1.2)
    assert scrap_per_unit(net, net.nodes["user"], "x/slag") == pytest.approx(0.5)


def test_more_recycling_than_scrap_is_refused_with_the_numbers() -> None:
    """9 t a year cannot come from 20 t x 0.5 x 0.8."""
    with pytest.raises(
        NetworkError, match=r"ships 9 t/year but its scrap gives 8 t/year \(20 t/year of x/metal"
    ):
        settle(loop(9.0))


def test_recycling_without_any_scrap_is_refused() -> None:
    """Recovery 0 leaves nothing to share by."""
    with pytest.raises(NetworkError, match="ships 8 t/year but its scrap gives 0 t/year"):
        settle(loop(8.0, recovery=0.0))


def test_excess_by_rounding_moves_to_the_other_suppliers() -> None:
    """A table of one decimal may ask for 0.6 % too much: the smelter takes it over, exactly."""
    settled = settle(loop(8.05))
    assert planned(settled)["recycler"] == pytest.approx(8.0, rel=1e-12)
    assert planned(settled)["smelter"] == pytest.approx(112.0, rel=1e-12)
    assert_steady(settled)


def test_excess_without_another_supplier_is_refused() -> None:
    """Even a small excess has nowhere to go when the recycler is the only supplier."""
    net = loop(120.0, collection=1.0, recovery=1.0, primary=0.0)
    maker = replace(net.nodes["maker"], inputs=(Input(METAL, 2.0),))
    arcs = [
        replace(a, flow_t_per_year=200.0 if a.supplier == "recycler" else a.flow_t_per_year) for a in net.arcs
    ]
    arcs = [replace(a, flow_t_per_year=0.0) if a.supplier in ("mine", "smelter") else a for a in arcs]
    with pytest.raises(NetworkError, match="ships 200 t/year but its scrap gives 100"):
        settle(replace(net, nodes={**net.nodes, "maker": maker}, arcs=tuple(arcs)))


def test_spare_scrap_is_not_collected() -> None:
    """Scrap that nobody buys stays outside, so that the scrap stock is flat in the baseline."""
    settled = settle(loop(4.0))
    assert settled.scrap[0].collection == pytest.approx(0.25)
    assert "ships 4 of the 8 t/year" in settled.report.warnings[0]


def test_idle_recycler_keeps_its_collection() -> None:
    """It may start when a disruption makes customers turn to it."""
    settled = settle(loop(0.0))
    assert settled.scrap[0].collection == 0.5
    assert "ships nothing while its scrap would give 8 t/year" in settled.report.warnings[0]


def test_numbers_that_are_none_are_refused() -> None:
    """A network made in Python has not passed a reader."""
    with pytest.raises(NetworkError, match="flow_t_per_year = 'nan' must be finite"):
        settle(chain(flow_t_per_year=math.nan))
    given = chain()
    for demand in (-1.0, math.inf):
        with pytest.raises(NetworkError, match="demand_per_year"):
            settle(replace(given, nodes={**given.nodes, "user": user(demand=demand)}))
    with pytest.raises(NetworkError, match="output_per_unit = '0'"):
        settle(replace(given, nodes={**given.nodes, "mine": mine(outputs=(Output(ORE, 0.0),))}))
    with pytest.raises(NetworkError, match="input_per_unit = 'nan'"):
        settle(replace(given, nodes={**given.nodes, "smelter": smelter(per_unit=math.nan)}))


def test_activities_beyond_counting_are_refused() -> None:
    """Factors multiply along a chain; an overflow is named, not carried on as infinity."""
    given = chain()
    with pytest.raises(NetworkError, match=r"'smelter': base activity would be 5e\+302"):
        settle(replace(given, nodes={**given.nodes, "user": user(demand=1e303)}), refuse_above=math.inf)
    huge = {**given.nodes, "user": user(demand=1e303), "smelter": smelter(per_unit=1e10)}
    with pytest.raises(NetworkError, match="base activity would be inf"):
        settle(replace(given, nodes=huge), refuse_above=math.inf)


def test_arcs_without_slot_or_port_are_all_named() -> None:
    """Both ends are checked, and both faults come at once."""
    given = chain()
    arcs = (*given.arcs, Arc("mine", "user", ORE, 1.0, 1.0), Arc("mine", "user", METAL, 1.0, 1.0))
    with pytest.raises(NetworkError) as raised:
        settle(replace(given, arcs=arcs))
    assert "'user' has no slot for it" in str(raised.value)
    assert "'mine' does not make it" in str(raised.value)


def test_names_that_nothing_has_are_refused() -> None:
    """A network made in Python may name a host, a scrap source or a material that is not there."""
    given = loop(8.0)
    hosted = {**given.nodes, "mine": mine(host="alumnia", host_ratio=1.0)}
    lost = replace(given.scrap[0], scrap_of="makker")
    alien = replace(given.scrap[0], material="x/metla")
    with pytest.raises(NetworkError) as raised:
        settle(replace(given, nodes=hosted, scrap=(lost, alien)))
    assert "host = 'alumnia' is not a node" in str(raised.value)
    assert "scrap source: 'makker' is not a node; did you mean 'maker'?" in str(raised.value)
    assert "'x/metla' is not a material; did you mean 'x/metal'?" in str(raised.value)
    with pytest.raises(NetworkError, match="'x/ore' is not a material"):
        settle(replace(given, materials={k: v for k, v in MATERIALS.items() if k != ORE}))


def test_places_stand_before_messages() -> None:
    """The reader of a folder says where each thing stands."""
    given = chain()
    arcs = (*given.arcs[:2], replace(given.arcs[2], flow_t_per_year=60.0))
    settled = settle(replace(given, arcs=arcs), places={("arc", *arcs[2].key): "arcs.csv:4: "})
    assert settled.report.warnings[0].startswith("arcs.csv:4: arcs into 'user'")


def test_slots_outside_the_users_files_are_summed_up() -> None:
    """Laying tables over a world changes many inputs a little; one line tells, none is refused."""
    given = chain()
    arcs = (replace(given.arcs[0], flow_t_per_year=1000.0), *given.arcs[1:])
    settled = settle(replace(given, arcs=arcs), places={("node", "user"): "nodes.csv:2: "})
    assert settled.report.warnings == (
        "1 inputs of the base network change by more than 1%, most x/ore of 'smelter': 1025 -> 100 t/year",
    )


def test_earlier_warnings_are_kept() -> None:
    """The report of the build goes on."""
    given = replace(chain(), report=BuildReport(warnings=("first",)))
    assert settle(given).report.warnings == ("first",)


def test_an_empty_network_is_settled() -> None:
    """Nothing in, nothing out."""
    assert settle(network([], [])).arcs == ()


@pytest.mark.parametrize("depth", [1, 7, 60])
def test_long_chains_are_exact(depth: int) -> None:
    """Rounds grow with the length of the chain, not with a tolerance."""
    materials = {f"m/{i}": Material(f"m/{i}", "m", str(i)) for i in range(depth + 1)}
    nodes = {"0": Node("0", Stage.MINING, "AAA", outputs=(Output("m/0"),))}
    for i in range(1, depth + 1):
        entry, made = Input(f"m/{i - 1}", 1.1), Output(f"m/{i}")
        nodes[str(i)] = Node(str(i), Stage.PROCESSING, "AAA", inputs=(entry,), outputs=(made,))
    nodes["u"] = Node("u", Stage.END_USE, "AAA", inputs=(Input(f"m/{depth}", 3.0),), planned_per_year=7.0)
    arcs = [Arc(str(i), str(i + 1), f"m/{i}", 1.0, 1.0) for i in range(depth)]
    arcs.append(Arc(str(depth), "u", f"m/{depth}", 21.0, 1.0))
    settled = settle(Network("t", 2024, materials, nodes, tuple(arcs)), refuse_above=math.inf)
    assert settled.nodes["0"].planned_per_year == pytest.approx(21.0 * 1.1**depth, rel=1e-13)
    assert_steady(settled)


@pytest.mark.parametrize(
    ("edges", "expected"),
    [
        ([], None),
        ([("a", "b"), ("b", "c"), ("a", "c")], None),
        ([("a", "a")], ["a", "a"]),
        ([("x", "a"), ("a", "b"), ("b", "a")], ["a", "b", "a"]),
    ],
)
def test_cycles_are_found(edges: list[tuple[str, str]], expected: list[str] | None) -> None:
    """The path printed is a real one and closes."""
    assert find_cycle(edges) == expected
