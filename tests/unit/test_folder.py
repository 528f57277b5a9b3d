"""A folder of tables becomes a network: defaults, joint products, stockpiles, latent arcs."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from sim.data.provenance import tables_hash
from sim.errors import NetworkError
from sim.model.folder import read_network_folder
from sim.model.latent import MAX_LATENT_ARCS, latent_arcs
from sim.model.network import Arc, Input, Node, Output
from sim.vocab import NodeStatus, Stage
from tests.network_files import FILES, added, changed, without, write_files


def test_the_network_holds_what_the_tables_say(tmp_path: Path) -> None:
    """Every column arrives in its attribute."""
    network = read_network_folder(write_files(tmp_path / "mine"))
    assert network.name == "mine"
    assert list(network.nodes) == [line.split(",")[0] for line in FILES["nodes.csv"].splitlines()[1:]]
    cars = network.nodes["cars"]
    assert (cars.stage, cars.country, cars.sector) == (Stage.END_USE, "JPN", "ev_traction")
    assert (cars.planned_per_year, cars.deferred_fraction, cars.priority) == (60.0, 0.5, 2)
    assert network.nodes["tools"].inputs == (Input("part/coil", 1.0, 10.0, 0.7),)
    assert network.materials["part/coil"].demand_elasticity == -0.2
    assert network.materials["part/coil"].commodity == "part"
    arcs = {arc.key: arc for arc in network.arcs}
    assert arcs["mine_a", "smelter", "ore/rock"].route == ("malacca",)
    assert arcs["winder", "tools", "part/coil"].priority == 1
    assert arcs["winder", "cars", "part/coil"].priority is None
    assert network.scrap[0].lifetime_days == 28.0
    assert network.tables_hash == tables_hash(tmp_path / "mine")


def test_the_start_is_settled(tmp_path: Path) -> None:
    """100 coils need 80 t of fine metal, 20 of them from scrap, and so on upstream."""
    planned = {n.id: n.planned_per_year for n in read_network_folder(write_files(tmp_path)).nodes.values()}
    assert planned == pytest.approx(
        {"mine_a": 200, "mine_b": 30, "smelter": 75, "refiner": 60, "winder": 100, "returns": 20}
        | {"cars": 60, "tools": 40},
        rel=1e-13,
    )


def test_blank_cells_have_the_declared_defaults(tmp_path: Path) -> None:
    """Two columns are enough for a mine; what is blank is no limit, nothing, or the ordinary."""
    network = read_network_folder(write_files(tmp_path))
    tools = network.nodes["tools"]
    assert (tools.capacity_per_year, tools.priority, tools.status) == (math.inf, 5, NodeStatus.OPERATING)
    assert (tools.aggregate, tools.host, tools.growth_per_year) == (False, "", 0.0)
    assert math.isnan(tools.value_added_usd_per_unit)
    arc = next(a for a in network.arcs if a.customer == "cars")
    assert (arc.capacity_t_per_year, arc.qualification_days, arc.route) == (math.inf, 0.0, ())
    assert (network.stockpiles[0].purchase_t_per_day, network.stockpiles[0].budget_usd) == (0.0, math.inf)


def test_shipped_regions_and_parameters_apply(tmp_path: Path) -> None:
    """EUU and FORGE mean the same in a user's network, and behaviour has its defaults."""
    network = read_network_folder(write_files(tmp_path))
    assert "DEU" in network.groups["EUU"]
    assert network.parameters["adjustment_time"] == 28.0
    assert network.country_names["JPN"][0] == "Japan"


def test_optional_tables_may_be_absent(tmp_path: Path) -> None:
    """A chain of single products needs four tables."""
    files = {
        "materials.csv": "material\nore/rock\n",
        "nodes.csv": "node,stage,country,output_material,demand_per_year\n"
        "mine,mining,AUS,ore/rock,\nuser,end_use,USA,,10\n",
        "recipes.csv": "node,input_material,input_per_unit\nuser,ore/rock,2\n",
        "arcs.csv": "supplier,customer,material,flow_t_per_year,lead_time_days\nmine,user,ore/rock,20,7\n",
    }
    network = read_network_folder(write_files(tmp_path, files))
    assert network.nodes["mine"].planned_per_year == 20.0
    assert network.materials["ore/rock"].basis == "gross"
    assert (network.stockpiles, network.scrap, network.report.warnings) == ((), (), ())


def test_members_are_the_countries_of_those_who_list_a_stockpile(tmp_path: Path) -> None:
    """Nodes of USA and JPN list the vault, so it serves both, whatever country holds it."""
    assert read_network_folder(write_files(tmp_path)).stockpiles[0].members == ("JPN", "USA")


def test_a_stockpile_that_nobody_lists_serves_its_own_country(tmp_path: Path) -> None:
    """A national stock needs no membership."""
    files = {**FILES, "nodes.csv": FILES["nodes.csv"].replace("vault", "")}
    assert read_network_folder(write_files(tmp_path, files)).stockpiles[0].members == ("USA",)


def test_a_stockpile_may_hold_several_materials(tmp_path: Path) -> None:
    """One row a material; a blank target is the opening stock."""
    network = read_network_folder(write_files(tmp_path, added("stockpiles.csv", "vault,USA,metal/fine,3,,,")))
    assert [(p.id, p.material, p.target_t) for p in network.stockpiles] == [
        ("vault", "part/coil", 8.0),
        ("vault", "metal/fine", 3.0),
    ]


def test_a_node_of_stage_stockpile_is_only_a_name(tmp_path: Path) -> None:
    """It is accepted, since the stages of the design name it, and makes no node."""
    network = read_network_folder(write_files(tmp_path, added("nodes.csv", "vault,stockpile,USA,,,,,,")))
    assert "vault" not in network.nodes


@pytest.mark.parametrize(
    ("rock", "sand", "prices", "drivers"),
    [
        ("", "", (100, 50), ["ore/rock"]),  # 60 against 20 USD
        ("", "", (10, 50), ["ore/sand"]),
        ("", "", (50, 75), ["ore/rock"]),  # equal: the first
        ("", "true", (100, 50), ["ore/sand"]),
        ("true", "true", (100, 50), ["ore/rock", "ore/sand"]),
        ("false", "", (100, 50), ["ore/sand"]),
    ],
)
def test_the_output_of_largest_value_drives(
    tmp_path: Path, rock: str, sand: str, prices: tuple[int, int], drivers: list[str]
) -> None:
    """Where nobody says what drives, price x output_per_unit does."""
    files = dict(FILES)
    files["materials.csv"] = files["materials.csv"].replace("t X,100", f"t X,{prices[0]}")
    files["materials.csv"] = files["materials.csv"].replace(
        "ore/sand,,,t X,50", f"ore/sand,,,t X,{prices[1]}"
    )
    files["outputs.csv"] = files["outputs.csv"].replace("0.6,true", f"0.6,{rock}")
    files["outputs.csv"] = files["outputs.csv"].replace("0.4,,", f"0.4,{sand},")
    files["arcs.csv"] += "mine_a,bricks,ore/sand,80,1,,,,\n"
    files["nodes.csv"] += "bricks,end_use,AUS,bricks,,80,,,\n"
    files["recipes.csv"] += "bricks,ore/sand,1,1,,,\n"
    network = read_network_folder(write_files(tmp_path, files))
    assert [o.material for o in network.nodes["mine_a"].outputs if o.drives] == drivers


def test_a_single_row_of_outputs_drives_without_a_price(tmp_path: Path) -> None:
    """With one product there is nothing to compare."""
    files = {**FILES, "outputs.csv": "node,output_material,output_per_unit\nmine_a,ore/rock,0.6\n"}
    files["materials.csv"] = files["materials.csv"].replace("t X,100", "t X,")
    assert read_network_folder(write_files(tmp_path, files)).nodes["mine_a"].outputs[0].drives


def test_a_product_may_stand_in_both_tables(tmp_path: Path) -> None:
    """output_material repeated in outputs.csv is the same product, not another one."""
    files = changed("nodes.csv", "AUS,,300", "AUS,ore/rock,300")
    outputs = read_network_folder(write_files(tmp_path, files)).nodes["mine_a"].outputs
    assert outputs == (Output("ore/rock", 0.6), Output("ore/sand", 0.4, drives=False, disposable=True))


def test_only_listed_arcs_exist_unless_asked_for(tmp_path: Path) -> None:
    """latent: auto adds each missing pair of maker and user, with the material's median lead time."""
    files = added("nodes.csv", "forge,refining,USA,metal/fine,,,,,")
    folder = write_files(tmp_path, added("recipes.csv", "forge,metal/crude,1.1,5,,,", files=files))
    assert len(read_network_folder(folder).arcs) == 7
    new = [arc for arc in read_network_folder(folder, latent="auto").arcs if arc.flow_t_per_year == 0]
    assert {(arc.key, arc.lead_time_days) for arc in new} == {
        (("smelter", "forge", "metal/crude"), 12.0),
        (("forge", "winder", "metal/fine"), 3.0),
    }


def test_latent_arcs_wait_as_the_listed_latent_ones_do() -> None:
    """The median qualification of latent arcs of the material; 40 days of travel where none is listed."""
    makers = {f"m{i}": Node(f"m{i}", Stage.MINING, "AAA", outputs=(Output("x/ore"),)) for i in range(3)}
    users = {f"u{i}": Node(f"u{i}", Stage.END_USE, "AAA", inputs=(Input("x/ore", 1.0),)) for i in range(2)}
    nodes = makers | users
    assert {arc.lead_time_days for arc in latent_arcs(nodes, [])} == {40.0}
    listed = [
        Arc("m0", "u0", "x/ore", 5.0, 10.0),
        Arc("m1", "u0", "x/ore", 0.0, 20.0, qualification_days=90.0),
        Arc("m1", "u1", "x/ore", 0.0, 30.0, qualification_days=180.0),
    ]
    added_arcs = latent_arcs(nodes, listed)
    assert [arc.key for arc in added_arcs] == [
        ("m0", "u1", "x/ore"),
        ("m2", "u0", "x/ore"),
        ("m2", "u1", "x/ore"),
    ]
    assert {(arc.lead_time_days, arc.qualification_days) for arc in added_arcs} == {(20.0, 135.0)}
    assert [arc.key for arc in latent_arcs(nodes, listed, touching=["u1"])] == [
        ("m0", "u1", "x/ore"),
        ("m2", "u1", "x/ore"),
    ]


def test_too_many_latent_arcs_are_refused() -> None:
    """A thousand and one makers and users would fill the memory with trade that never was."""
    count = math.isqrt(MAX_LATENT_ARCS) + 1
    nodes = {f"m{i}": Node(f"m{i}", Stage.MINING, "A", outputs=(Output("x/o"),)) for i in range(count)}
    nodes |= {f"u{i}": Node(f"u{i}", Stage.END_USE, "A", inputs=(Input("x/o", 1.0),)) for i in range(count)}
    with pytest.raises(NetworkError, match="more than 1,000,000 arcs"):
        latent_arcs(nodes, [])


def test_a_file_that_is_no_table_is_said(tmp_path: Path) -> None:
    """Notes beside the tables do no harm, but nobody should believe that they are read."""
    network = read_network_folder(write_files(tmp_path / "n", {**FILES, "my_remarks.csv": "a,b\n"}))
    assert network.report.warnings == ("n/my_remarks.csv is not a table of a network; it is not read",)


def test_bases_that_differ_across_recycling_are_said(tmp_path: Path) -> None:
    """Scrap becomes product tonne for tonne; oxide from metal needs its conversion in `recovery`."""
    files = changed("materials.csv", "metal/fine,,,t X,", "metal/fine,,,t X2O3,")
    files = changed("recycling.csv", "winder,metal/fine", "winder,metal/crude", files)
    files = added("recipes.csv", "winder,metal/crude,0.1,1,,,", files=files)
    files = added("arcs.csv", "smelter,winder,metal/crude,10,1,,,,", files=files)
    files["recycling.csv"] = files["recycling.csv"].replace("28,0.5,0.5,0.5", "28,0.5,1,1")
    files["arcs.csv"] = files["arcs.csv"].replace(
        "returns,winder,metal/fine,20", "returns,winder,metal/fine,10"
    )
    files["arcs.csv"] = files["arcs.csv"].replace(
        "refiner,winder,metal/fine,60", "refiner,winder,metal/fine,70"
    )
    warnings = read_network_folder(write_files(tmp_path, files)).report.warnings
    assert any("metal/crude is in 't X' but metal/fine in 't X2O3'" in text for text in warnings)


def test_tables_may_hold_comments_and_a_byte_order_mark(tmp_path: Path) -> None:
    """Spreadsheets write the mark, people write comments; both leave the numbers alone."""
    folder = write_files(tmp_path)
    text = (folder / "nodes.csv").read_text(encoding="utf-8")
    (folder / "nodes.csv").write_text("# my plants\r\n" + text.replace("\n", "\r\n"), encoding="utf-8-sig")
    assert len(read_network_folder(folder).nodes) == 8


def test_order_of_rows_changes_nothing(tmp_path: Path) -> None:
    """Rows are a set: the same world comes out whatever their order."""
    one = read_network_folder(write_files(tmp_path / "a"))
    turned = {
        name: "\n".join([text.splitlines()[0], *reversed(text.splitlines()[1:])]) + "\n"
        for name, text in FILES.items()
    }
    other = read_network_folder(write_files(tmp_path / "b", turned))
    assert {n: other.nodes[n].planned_per_year for n in one.nodes} == pytest.approx(
        {n: node.planned_per_year for n, node in one.nodes.items()}, rel=1e-14
    )
    assert {a.key for a in other.arcs} == {a.key for a in one.arcs}


def test_arcs_are_required(tmp_path: Path) -> None:
    """Without arcs there is no network."""
    with pytest.raises(NetworkError, match=r"arcs\.csv: the table is missing.*overlay: FOLDER"):
        read_network_folder(write_files(tmp_path, without("arcs.csv")))
