"""Tables laid over a network: nothing is counted twice, what is not named stays."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from sim.errors import NetworkError
from sim.model.folder import overlay_network, read_network_folder
from sim.model.network import Arc, Input, Network
from sim.model.settle import settle
from tests.network_files import FILES, write_files

AGGREGATES = ("smelter", "refiner", "winder", "cars", "tools")
NODE_COLUMNS = "node,stage,country,output_material,capacity_t_per_year,demand_per_year,members_of"
ARC_COLUMNS = "supplier,customer,material,flow_t_per_year,lead_time_days"
RECIPE_COLUMNS = "node,input_material,input_per_unit,cover_days"


@pytest.fixture
def base(tmp_path: Path) -> Network:
    """The small network of the other tests, its plants standing for whole industries."""
    network = read_network_folder(write_files(tmp_path / "base"))
    nodes = {
        name: replace(node, aggregate=name in AGGREGATES, stage=node.stage)
        for name, node in network.nodes.items()
    }
    return replace(network, nodes=nodes)


def overlay(base: Network, folder: Path, files: Mapping[str, str], **options: str) -> Network:
    return overlay_network(base, write_files(folder, files), **options)  # type: ignore[arg-type]


def planned(network: Network) -> dict[str, float]:
    return {node.id: node.planned_per_year for node in network.nodes.values()}


def flows(network: Network) -> dict[tuple[str, str], float]:
    return {(arc.supplier, arc.customer): arc.flow_t_per_year for arc in network.arcs}


PLANT = {  # half of the Japanese car demand becomes a named plant, supplied as listed
    "nodes.csv": f"{NODE_COLUMNS}\ncar_plant,end_use,JPN,ev_traction,,30,vault\n",
    "recipes.csv": f"{RECIPE_COLUMNS}\ncar_plant,part/coil,1,60\n",
    "arcs.csv": f"{ARC_COLUMNS}\nwinder,car_plant,part/coil,30,2\n",
}


def test_a_plant_is_carved_out_of_its_sector(base: Network, tmp_path: Path) -> None:
    """30 of the 60 move from the country's sector to the plant; upstream nothing moves."""
    joined = overlay(base, tmp_path / "mine", PLANT)
    assert planned(joined) == pytest.approx(planned(base) | {"cars": 30.0, "car_plant": 30.0}, rel=1e-13)
    assert flows(joined)["winder", "cars"] == pytest.approx(30.0, rel=1e-13)
    assert any(
        "'car_plant' (base activity 30 per year) is carved out of 'cars'" in w for w in joined.report.warnings
    )
    assert joined.name == "base+mine"
    assert joined.tables_hash not in ("", base.tables_hash)


def test_units_of_activity_need_not_agree(base: Network, tmp_path: Path) -> None:
    """A plant counts cars, its sector index points: tonnes of the input decide the share."""
    files = PLANT | {
        "nodes.csv": PLANT["nodes.csv"].replace(",30,vault", ",150000,"),
        "recipes.csv": PLANT["recipes.csv"].replace("part/coil,1,", "part/coil,0.0001,"),
        "arcs.csv": PLANT["arcs.csv"].replace("part/coil,30", "part/coil,15"),
    }
    joined = overlay(base, tmp_path / "o", files)
    assert planned(joined)["cars"] == pytest.approx(45.0, rel=1e-13)
    assert planned(joined)["winder"] == pytest.approx(100.0, rel=1e-13)


def test_what_a_plant_does_not_list_stays_with_its_sector(base: Network, tmp_path: Path) -> None:
    """A sector of two inputs: a plant that uses only one leaves the use of the other as it was."""
    two = replace(base.nodes["cars"], inputs=(*base.nodes["cars"].inputs, Input("metal/fine", 0.1)))
    arcs = (*base.arcs, Arc("refiner", "cars", "metal/fine", 6.0, 3.0))
    joined = overlay(
        settle(replace(base, nodes={**base.nodes, "cars": two}, arcs=arcs)), tmp_path / "o", PLANT
    )
    assert planned(joined)["cars"] == pytest.approx(30.0, rel=1e-13)
    assert flows(joined)["refiner", "cars"] == pytest.approx(6.0, rel=1e-13)
    assert planned(joined)["refiner"] == pytest.approx(66.0, rel=1e-13)


def test_a_plant_without_suppliers_has_those_of_its_sector(base: Network, tmp_path: Path) -> None:
    """Two files are enough to ask how long a plant survives."""
    joined = overlay(base, tmp_path / "o", {k: v for k, v in PLANT.items() if k != "arcs.csv"})
    assert flows(joined)["winder", "car_plant"] == pytest.approx(30.0, rel=1e-13)
    assert planned(joined)["winder"] == pytest.approx(100.0, rel=1e-13)
    assert any("its suppliers are those of 'cars'" in text for text in joined.report.warnings)


def test_a_plant_in_a_member_state_is_carved_out_of_its_region(base: Network, tmp_path: Path) -> None:
    """The European Union is one consuming region; a German plant is part of it."""
    nodes = {**base.nodes, "cars": replace(base.nodes["cars"], country="EUU")}
    files = PLANT | {"nodes.csv": PLANT["nodes.csv"].replace("JPN", "DEU")}
    joined = overlay(replace(base, nodes=nodes), tmp_path / "o", files)
    assert planned(joined)["cars"] == pytest.approx(30.0, rel=1e-13)


def test_another_sector_is_new_demand(base: Network, tmp_path: Path) -> None:
    """What no aggregate stands for adds to the world, and production follows."""
    files = PLANT | {"nodes.csv": PLANT["nodes.csv"].replace("ev_traction", "cranes").replace("vault", "")}
    files["nodes.csv"] = files["nodes.csv"].replace(",30,", ",6,")
    files["arcs.csv"] = files["arcs.csv"].replace("part/coil,30", "part/coil,6")
    joined = overlay(base, tmp_path / "o", files)
    assert planned(joined)["cars"] == 60.0
    assert planned(joined)["winder"] == pytest.approx(106.0, rel=1e-13)
    assert any("inputs of the base network change" in text for text in joined.report.warnings)


MAKER = {  # a named part of the Japanese winding industry
    "nodes.csv": f"{NODE_COLUMNS}\nmy_winder,processing,JPN,part/coil,30,,\n",
    "recipes.csv": f"{RECIPE_COLUMNS}\nmy_winder,metal/fine,0.8,90\n",
    "arcs.csv": f"{ARC_COLUMNS}\nmy_winder,cars,part/coil,25,2\nrefiner,my_winder,metal/fine,20,3\n",
    "recycling.csv": "node,scrap_of,material,collection,recovery\nreturns,my_winder,metal/fine,0,0.5\n",
}


def test_a_maker_is_carved_out_of_activity_and_capacity(base: Network, tmp_path: Path) -> None:
    """25 of 100 coils and 30 of 120 of the capacity move; its own metal comes as listed."""
    given = {k: v for k, v in MAKER.items() if k != "recycling.csv"}
    joined = overlay(base, tmp_path / "o", given)
    assert planned(joined)["winder"] == pytest.approx(75.0, rel=1e-13)
    assert planned(joined)["my_winder"] == pytest.approx(25.0, rel=1e-13)
    assert joined.nodes["winder"].capacity_per_year == pytest.approx(90.0, rel=1e-13)
    assert {k: v for k, v in planned(joined).items() if k in base.nodes and k != "winder"} == pytest.approx(
        {k: v for k, v in planned(base).items() if k != "winder"}, rel=1e-13
    )
    assert flows(joined)["refiner", "winder"] == pytest.approx(40.0, rel=1e-13)


def test_its_scrap_is_collected_as_before(base: Network, tmp_path: Path) -> None:
    """The recycler goes on: what the industry leaves less, the plant leaves."""
    joined = overlay(base, tmp_path / "o", {k: v for k, v in MAKER.items() if k != "recycling.csv"})
    assert {(s.node, s.scrap_of, s.collection) for s in joined.scrap} == {
        ("returns", "winder", 0.5),
        ("returns", "my_winder", 0.5),
    }


def test_scrap_that_the_folder_gives_is_not_inherited(base: Network, tmp_path: Path) -> None:
    """A plant that collects nothing leaves the recycler 15 t of 20; the rest cannot be shipped."""
    with pytest.raises(NetworkError, match="ships 20 t/year but its scrap gives 15"):
        overlay(base, tmp_path / "o", MAKER)


def test_a_maker_without_recipe_has_that_of_its_industry(base: Network, tmp_path: Path) -> None:
    """Coils do not come from nothing."""
    files = {"nodes.csv": MAKER["nodes.csv"], "arcs.csv": f"{ARC_COLUMNS}\nmy_winder,cars,part/coil,25,2\n"}
    joined = overlay(base, tmp_path / "o", files)
    assert joined.nodes["my_winder"].inputs == base.nodes["winder"].inputs
    assert flows(joined)["refiner", "my_winder"] == pytest.approx(15.0, rel=1e-13)
    assert flows(joined)["returns", "my_winder"] == pytest.approx(5.0, rel=1e-13)
    assert planned(joined)["refiner"] == pytest.approx(60.0, rel=1e-13)
    assert any("recipes.csv has no row of 'my_winder'" in text for text in joined.report.warnings)


def test_two_carved_nodes_that_trade_take_the_flow_once(base: Network, tmp_path: Path) -> None:
    """A firm's winder that supplies the firm's car plant: both industries shrink by the same 25."""
    files = {
        "nodes.csv": MAKER["nodes.csv"] + "car_plant,end_use,JPN,ev_traction,,25,\n",
        "recipes.csv": f"{RECIPE_COLUMNS}\ncar_plant,part/coil,1,60\n",
        "arcs.csv": f"{ARC_COLUMNS}\nmy_winder,car_plant,part/coil,25,2\n",
    }
    joined = overlay(base, tmp_path / "o", files)
    assert planned(joined) == pytest.approx(
        planned(base) | {"winder": 75.0, "my_winder": 25.0, "cars": 35.0, "car_plant": 25.0}, rel=1e-13
    )
    assert flows(joined)["winder", "cars"] == pytest.approx(35.0, rel=1e-13)
    assert flows(joined)["winder", "tools"] == pytest.approx(40.0, rel=1e-13)


def test_a_plant_larger_than_its_industry_is_said(base: Network, tmp_path: Path) -> None:
    """Nothing is left of the sector, and world use grows by the rest."""
    files = PLANT | {"nodes.csv": PLANT["nodes.csv"].replace(",30,vault", ",66,")}
    files["arcs.csv"] = files["arcs.csv"].replace("part/coil,30", "part/coil,66")
    joined = overlay(base, tmp_path / "o", files)
    assert planned(joined)["cars"] == 0.0
    assert planned(joined)["car_plant"] == pytest.approx(66.0)
    assert any("'cars' had 60 left and is left with nothing" in text for text in joined.report.warnings)


def test_a_row_of_the_base_changes_only_what_it_gives(base: Network, tmp_path: Path) -> None:
    """Blank cells keep the base: replacing a cover does not wipe out a priority."""
    files = {
        "nodes.csv": f"{NODE_COLUMNS}\ncars,end_use,JPN,,,55,\n",
        "recipes.csv": f"{RECIPE_COLUMNS}\ncars,part/coil,1,99\n",
        "arcs.csv": f"{ARC_COLUMNS}\nwinder,cars,part/coil,55,9\n",
        "materials.csv": "material,price_usd_per_t\npart/coil,1\n",
        "stockpiles.csv": "stockpile,country,material,opening_t\nvault,USA,part/coil,50\n",
    }
    joined = overlay(base, tmp_path / "o", files)
    cars = joined.nodes["cars"]
    assert (cars.planned_per_year, cars.priority, cars.sector, cars.aggregate) == (
        55.0,
        2,
        "ev_traction",
        True,
    )
    assert cars.inputs[0].cover_days == 99.0
    assert (joined.materials["part/coil"].price_usd_per_t, joined.materials["part/coil"].basis) == (
        1.0,
        "t coil",
    )
    assert (joined.stockpiles[0].opening_t, joined.stockpiles[0].target_t) == (50.0, 8.0)
    assert joined.stockpiles[0].members == ("JPN", "USA")
    assert next(a for a in joined.arcs if a.customer == "cars").lead_time_days == 9.0


def test_new_nodes_join_the_members_of_a_stockpile(base: Network, tmp_path: Path) -> None:
    """A Korean plant that lists the vault makes Korea a member."""
    files = PLANT | {"nodes.csv": PLANT["nodes.csv"].replace("JPN", "KOR").replace(",30,", ",10,")}
    files["arcs.csv"] = files["arcs.csv"].replace("part/coil,30", "part/coil,10")
    assert overlay(base, tmp_path / "o", files).stockpiles[0].members == ("JPN", "USA", "KOR")


def test_latent_auto_joins_new_nodes_only(base: Network, tmp_path: Path) -> None:
    """The world keeps its arcs; the plant may turn to every maker of coils."""
    other = {"nodes.csv": MAKER["nodes.csv"] + PLANT["nodes.csv"].splitlines()[1] + "\n"}
    files = PLANT | other | {"recipes.csv": PLANT["recipes.csv"] + "my_winder,metal/fine,0.8,90\n"}
    joined = overlay(base, tmp_path / "o", files, latent="auto")
    new = {a.key for a in joined.arcs if a.flow_t_per_year == 0}
    assert new == {
        ("my_winder", "cars", "part/coil"),
        ("my_winder", "tools", "part/coil"),
        ("my_winder", "car_plant", "part/coil"),
        ("refiner", "my_winder", "metal/fine"),
        ("returns", "my_winder", "metal/fine"),
    } - {a.key for a in joined.arcs if a.flow_t_per_year > 0}


def test_another_basis_than_the_base_is_refused(base: Network, tmp_path: Path) -> None:
    """Tonnes of oxide and of metal cannot be added."""
    files = PLANT | {"materials.csv": "material,basis\nmetal/fine,t X2O3\n"}
    with pytest.raises(
        NetworkError, match=r"materials\.csv:2: basis = 't X2O3' but the base network has metal/fine in 't X'"
    ):
        overlay(base, tmp_path / "o", files)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (
            ("arcs.csv", "winder,car", "winderr,car"),
            "supplier = 'winderr' is not in nodes.node; did you mean 'winder'",
        ),
        (
            ("recipes.csv", "part/coil", "part/coils"),
            "'part/coils' is not in materials.material; did you mean",
        ),
        (
            ("nodes.csv", ",vault", ",vaultt"),
            "members_of = 'vaultt' is not in stockpiles.stockpile; did you mean",
        ),
        (("nodes.csv", ",30,vault", ",,vault"), "demand_per_year is blank"),
    ],
)
def test_names_of_the_base_are_known_and_suggested(
    base: Network, tmp_path: Path, change: tuple[str, str, str], expected: str
) -> None:
    """Messages offer names of base and folder alike."""
    name, old, new = change
    with pytest.raises(NetworkError) as raised:
        overlay(base, tmp_path / "o", PLANT | {name: PLANT[name].replace(old, new)})
    assert expected in str(raised.value)


def test_a_folder_without_tables_is_refused(base: Network, tmp_path: Path) -> None:
    """An empty folder is a wrong path, not a wish for nothing."""
    with pytest.raises(NetworkError, match="no table of a network"):
        overlay(base, tmp_path / "o", {})
    with pytest.raises(NetworkError, match="no such folder"):
        overlay_network(base, tmp_path / "missing")


def test_an_overlay_that_says_nothing_new_changes_nothing(base: Network, tmp_path: Path) -> None:
    """Rows equal to those of the base give the base."""
    files = {k: FILES[k] for k in ("recipes.csv", "arcs.csv")}
    joined = overlay(base, tmp_path / "o", files)
    assert planned(joined) == planned(base)
    assert flows(joined) == flows(base)
    assert joined.report.warnings == base.report.warnings


def test_an_unlimited_capacity_stays_so(base: Network, tmp_path: Path) -> None:
    """Nothing can be taken from no limit."""
    nodes = {**base.nodes, "winder": replace(base.nodes["winder"], capacity_per_year=math.inf)}
    given = {k: v for k, v in MAKER.items() if k != "recycling.csv"}
    joined = overlay(replace(base, nodes=nodes), tmp_path / "o", given)
    assert joined.nodes["winder"].capacity_per_year == math.inf
