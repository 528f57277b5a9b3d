"""Wrong input of a user's network: every mistake is named with file, line, field and the nearest name.

The message is the user interface of a folder of tables: who misspells a node must not have to read code.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from sim.errors import NetworkError, SimError
from sim.model.folder import read_network_folder
from tests.network_files import FILES, added, changed, without, write_files

MATERIALS, NODES, RECIPES, OUTPUTS = "materials.csv", "nodes.csv", "recipes.csv", "outputs.csv"
ARCS, PILES, RECYCLING = "arcs.csv", "stockpiles.csv", "recycling.csv"


def hosted(**hosts: str) -> dict[str, str]:
    """Return the files with a host and its ratio (``"mine_a,0.5"``) for some nodes."""
    header, *rows = FILES[NODES].splitlines()
    tail = [hosts.get(row.partition(",")[0], ",") for row in rows]
    lines = [f"{header},host,host_ratio", *(f"{row},{end}" for row, end in zip(rows, tail, strict=True))]
    return {**FILES, NODES: "\n".join(lines) + "\n"}


CASES: dict[str, tuple[dict[str, str], tuple[str, ...]]] = {
    # names that nothing has ------------------------------------------------------------------------
    "arc to nowhere": (
        changed(ARCS, "refiner,winder,", "refiner,wnder,"),
        ("arcs.csv:5", "customer = 'wnder'", "did you mean 'winder'"),
    ),
    "arc from nowhere": (
        changed(ARCS, "mine_b,smelter", "mine_bb,smelter"),
        ("arcs.csv:3", "supplier = 'mine_bb'", "did you mean 'mine_b'"),
    ),
    "unknown material of an arc": (
        changed(ARCS, "smelter,refiner,metal/crude", "smelter,refiner,metal/crudd"),
        ("arcs.csv:4", "material = 'metal/crudd'", "did you mean 'metal/crude'"),
    ),
    "unknown input material": (
        changed(RECIPES, "winder,metal/fine", "winder,metal/fin"),
        ("recipes.csv:4", "input_material = 'metal/fin'", "did you mean 'metal/fine'"),
    ),
    "recipe of an unknown node": (
        changed(RECIPES, "cars,part/coil", "carz,part/coil"),
        ("recipes.csv:5", "node = 'carz'", "did you mean 'cars'"),
    ),
    "unknown product": (
        changed(NODES, "JPN,part/coil", "JPN,part/coi"),
        ("nodes.csv:6", "output_material = 'part/coi'", "did you mean 'part/coil'"),
    ),
    "unknown joint product": (
        changed(OUTPUTS, "mine_a,ore/sand", "mine_a,ore/sant"),
        ("outputs.csv:3", "output_material = 'ore/sant'", "did you mean 'ore/sand'"),
    ),
    "outputs of an unknown node": (
        changed(OUTPUTS, "mine_a,ore/rock", "mine_aa,ore/rock"),
        ("outputs.csv:2", "node = 'mine_aa'", "did you mean 'mine_a'"),
    ),
    "stockpile of an unknown material": (
        changed(PILES, "part/coil", "part/coill"),
        ("stockpiles.csv:2", "material = 'part/coill'", "did you mean 'part/coil'"),
    ),
    "member of an unknown stockpile": (
        changed(NODES, "40,,,vault", "40,,,vautl"),
        ("nodes.csv:9", "members_of = 'vautl'", "did you mean 'vault'"),
    ),
    "unknown host": (
        hosted(mine_b="mine_x,0.5"),
        ("nodes.csv:3", "host = 'mine_x'", "did you mean 'mine_"),
    ),
    "host without ratio": (
        hosted(mine_b="mine_a,"),
        ("nodes.csv:3", "host_ratio is blank", "host = 'mine_a'"),
    ),
    "ratio without host": (
        hosted(mine_b=",0.5"),
        ("nodes.csv:3", "host_ratio = '0.5'", "host is blank"),
    ),
    "hosts of each other": (
        hosted(mine_a="mine_b,1", mine_b="mine_a,1"),
        ("nodes.csv:3", "hosts form a cycle: mine_b -> mine_a -> mine_b"),
    ),
    "host that is an end use": (
        hosted(mine_b="cars,1"),
        ("nodes.csv:3", "host = 'cars'", "end_use"),
    ),
    "host too small for its by-product": (
        hosted(mine_b="mine_a,0.1"),
        ("nodes.csv:3", "host_ratio = '0.1'", "'mine_a' allows 20 per year", "its own is 30"),
    ),
    "scrap of an unknown node": (
        changed(RECYCLING, "returns,winder", "returns,winde"),
        ("recycling.csv:2", "scrap_of = 'winde'", "did you mean 'winder'"),
    ),
    "unknown stage": (
        changed(NODES, "winder,processing", "winder,procesing"),
        ("nodes.csv:6", "stage = 'procesing'", "did you mean 'processing'"),
    ),
    "unknown status": (
        {**FILES, NODES: "node,status,stage,country,output_material\nmine_b,operatin,mining,CHN,ore/rock\n"},
        ("nodes.csv:2", "status = 'operatin'", "did you mean 'operating'"),
    ),
    # tables and columns ----------------------------------------------------------------------------
    "missing table": (
        without(RECIPES),
        ("recipes.csv", "missing", "required"),
    ),
    "misspelt table": (
        {**without(NODES), "node.csv": FILES[NODES]},
        ("nodes.csv", "missing", "did you mean 'nod"),
    ),
    "misspelt optional table": (
        {**without(OUTPUTS), "output.csv": FILES[OUTPUTS]},
        ("output.csv", "did you mean 'outputs'"),
    ),
    "missing column": (
        changed(ARCS, "supplier,customer,material,flow_t_per_year", "supplier,customer,material,flow"),
        ("arcs.csv:1", "'flow_t_per_year' is missing", "'flow' is not declared"),
    ),
    "unknown column": (
        changed(NODES, "deferred_fraction", "defered_fraction"),
        ("nodes.csv:1", "'defered_fraction'", "did you mean 'deferred_fraction'"),
    ),
    "empty file": (
        {**FILES, ARCS: ""},
        ("arcs.csv:1", "empty"),
    ),
    # numbers -------------------------------------------------------------------------------------
    "text for a number": (
        changed(ARCS, "ore/rock,120,30", "ore/rock,12o,30"),
        ("arcs.csv:2", "flow_t_per_year = '12o'", "is not a number"),
    ),
    "negative flow": (
        changed(ARCS, "ore/rock,30,5", "ore/rock,-30,5"),
        ("arcs.csv:3", "flow_t_per_year = '-30'", "must be >=0"),
    ),
    "NaN": (
        changed(RECIPES, "refiner,metal/crude,1.25", "refiner,metal/crude,nan"),
        ("recipes.csv:3", "input_per_unit = 'nan'", "is not a number"),
    ),
    "infinity": (
        changed(NODES, "AUS,,300", "AUS,,inf"),
        ("nodes.csv:2", "capacity_t_per_year = 'inf'", "is not a number"),
    ),
    "a number too large to hold": (
        changed(NODES, "AUS,,300", "AUS,,1e999"),
        ("nodes.csv:2", "capacity_t_per_year = '1e999'", "is not finite"),
    ),
    "a number that cannot be meant": (
        changed(NODES, "AUS,,300", "AUS,,3e20"),
        ("nodes.csv:2", "capacity_t_per_year = '3e+20'", "larger than 1e+15"),
    ),
    "a number that is hardly one": (
        changed(ARCS, "ore/rock,30,5", "ore/rock,1e-300,5"),
        ("arcs.csv:3", "flow_t_per_year = '1e-300'", "write 0"),
    ),
    "zero input": (
        changed(RECIPES, "winder,metal/fine,0.8", "winder,metal/fine,0"),
        ("recipes.csv:4", "input_per_unit = '0'", "must be >0"),
    ),
    "fraction above one": (
        changed(RECIPES, "10,0.7", "10,1.7"),
        ("recipes.csv:6", "essential = '1.7'", "<=1"),
    ),
    "priority out of range": (
        changed(NODES, "60,0.5,2", "60,0.5,12"),
        ("nodes.csv:8", "priority = '12'", "<=9"),
    ),
    "neither true nor false": (
        changed(OUTPUTS, "0.6,true", "0.6,yes"),
        ("outputs.csv:2", "drives = 'yes'", "neither true nor false"),
    ),
    "blank where required": (
        changed(ARCS, "metal/crude,75,12", "metal/crude,75,"),
        ("arcs.csv:4", "lead_time_days is blank", "required"),
    ),
    # the same twice ----------------------------------------------------------------------------
    "duplicate node": (
        added(NODES, "smelter,refining,KOR,metal/crude,1,,,,"),
        ("nodes.csv:10", "node = 'smelter'", "nodes.csv:4"),
    ),
    "duplicate arc": (
        added(ARCS, "mine_b,smelter,ore/rock,1,5,,,,"),
        ("arcs.csv:9", "supplier = 'mine_b'", "arcs.csv:3"),
    ),
    "duplicate input": (
        added(RECIPES, "cars,part/coil,1,1,,,"),
        ("recipes.csv:7", "input_material = 'part/coil'", "recipes.csv:5"),
    ),
    # rows that contradict each other -------------------------------------------------------------
    "material that the supplier does not make": (
        added(ARCS, "smelter,winder,metal/fine,0,1,,,,"),
        ("arcs.csv:9", "material = 'metal/fine'", "supplier 'smelter'", "metal/crude"),
    ),
    "material that the customer does not use": (
        added(ARCS, "smelter,winder,metal/crude,0,1,,,,"),
        ("arcs.csv:9", "material = 'metal/crude'", "customer 'winder'", "did you mean 'metal/fine'"),
    ),
    "arc from an end use": (
        added(ARCS, "cars,winder,metal/fine,0,1,,,,"),
        ("arcs.csv:9", "supplier = 'cars'", "end_use"),
    ),
    "arc above its capacity": (
        changed(ARCS, "metal/fine,60,3,,", "metal/fine,60,3,59,"),
        ("arcs.csv:5", "flow_t_per_year = '60.0'", "capacity_t_per_year = '59.0'"),
    ),
    "end use without demand": (
        changed(NODES, "power_tools,,40", "power_tools,,"),
        ("nodes.csv:9", "demand_per_year is blank", "end_use"),
    ),
    "demand of a producer": (
        changed(NODES, "metal/fine,90,,", "metal/fine,90,5,"),
        ("nodes.csv:5", "demand_per_year = '5.0'", "stage = 'refining'"),
    ),
    "producer without product": (
        changed(NODES, "JPN,part/coil", "JPN,"),
        ("nodes.csv:6", "output_material is blank", "'winder'"),
    ),
    "product not among the joint ones": (
        changed(NODES, "AUS,,300", "AUS,metal/crude,300"),
        ("nodes.csv:2", "output_material = 'metal/crude'", "outputs.csv"),
    ),
    "no output drives": (
        {**FILES, OUTPUTS: FILES[OUTPUTS].replace("0.6,true,", "0.6,false,").replace("0.4,,", "0.4,false,")},
        ("outputs.csv:2", "drives = 'false'", "'mine_a'"),
    ),
    "driver unknown for lack of a price": (
        changed(OUTPUTS, "0.6,true", "0.6,", changed(MATERIALS, "t X,50,", "t X,,")),
        ("outputs.csv:3", "drives is blank", "ore/sand", "price_usd_per_t"),
    ),
    "outputs of an end use": (
        added(OUTPUTS, "cars,part/coil,1,true,"),
        ("outputs.csv:4", "node = 'cars'", "end_use"),
    ),
    "recipe of a recycling node": (
        added(RECIPES, "returns,metal/crude,1,1,,,"),
        ("recipes.csv:7", "node = 'returns'", "recycling"),
    ),
    "recycling node without scrap": (
        {**FILES, RECYCLING: FILES[RECYCLING].splitlines()[0] + "\n"},
        ("nodes.csv:7", "'returns'", "recycling.csv has no row"),
    ),
    "scrap into a refinery": (
        changed(RECYCLING, "returns,winder", "refiner,winder"),
        ("recycling.csv:2", "node = 'refiner'", "stage = 'refining'", "'recycling'"),
    ),
    "scrap of a mine": (
        changed(RECYCLING, "returns,winder", "returns,mine_a"),
        ("recycling.csv:2", "scrap_of = 'mine_a'", "stage = 'mining'", "end_use"),
    ),
    "scrap that its source does not use": (
        changed(RECYCLING, "winder,metal/fine", "winder,metal/crude"),
        ("recycling.csv:2", "material = 'metal/crude'", "'winder'", "did you mean 'metal/fine'"),
    ),
    "scrap collected twice": (
        added(
            RECYCLING,
            "again,winder,metal/fine,1,0.5,0.6,1",
            files=added(NODES, "again,recycling,KOR,metal/fine,,,,,"),
        ),
        ("recycling.csv:3", "collection = '0.6'", "1.1", "may reach 1"),
    ),
    "stockpile in two countries": (
        added(PILES, "vault,JPN,metal/fine,1,1,,"),
        ("stockpiles.csv:3", "country = 'JPN'", "stockpiles.csv:2", "'USA'"),
    ),
    "stockpile stage without stockpile": (
        added(NODES, "vualt,stockpile,USA,,,,,,"),
        ("nodes.csv:10", "node = 'vualt'", "did you mean 'vault'"),
    ),
    "arc from a stockpile": (
        added(ARCS, "vault,cars,part/coil,0,1,,,,", files=added(NODES, "vault,stockpile,USA,,,,,,")),
        ("arcs.csv:9", "supplier = 'vault'", "members_of"),
    ),
    "material without form": (
        changed(MATERIALS, "ore/sand", "sand", changed(OUTPUTS, "ore/sand", "sand")),
        ("materials.csv:3", "material = 'sand'", "commodity/form"),
    ),
    "material whose parts contradict its name": (
        changed(MATERIALS, "ore/sand,,", "ore/sand,metal,"),
        ("materials.csv:3", "commodity = 'metal'", "'ore'"),
    ),
    "recipe cycle": (
        added(
            RECIPES,
            "smelter,part/coil,0.1,1,,,",
        ),
        (
            "recipes.csv:2",
            "recipes form a cycle",
            "metal/crude (by 'smelter') -> metal/fine (by 'refiner')",
            "recycling",
        ),
    ),
    "own product as input": (
        added(RECIPES, "smelter,metal/crude,0.1,1,,,"),
        ("recipes.csv:2", "recipes form a cycle: metal/crude -> metal/crude (by 'smelter')"),
    ),
    # flows ---------------------------------------------------------------------------------------
    "flows far from the use": (
        changed(ARCS, "metal/crude,75,12", "metal/crude,7500,12"),
        ("arcs.csv:4", "flow_t_per_year of 7500", "1.25 t/unit", "= 75 t/year", "50% is refused"),
    ),
    "slot in use without supplier": (
        {
            **FILES,
            ARCS: FILES[ARCS].replace("smelter,refiner,metal/crude,75", "smelter,refiner,metal/crude,0"),
        },
        ("recipes.csv:3", "'refiner' uses 75 t/year of metal/crude", "flow_t_per_year"),
    ),
    "capacity below the base activity": (
        changed(NODES, "metal/fine,90", "metal/fine,59"),
        ("nodes.csv:5", "capacity_t_per_year = '59'", "activity of 60"),
    ),
    "more recycling than scrap": (
        changed(RECYCLING, "28,0.5,0.5,0.5", "28,0.5,0.5,0.1"),
        ("nodes.csv:7", "ships 20 t/year", "gives 4 t/year", "80 t/year", "collection 0.5 x recovery 0.1"),
    ),
    "by-product that its driver does not cover": (
        added(
            ARCS,
            "mine_a,bricks,ore/sand,90,1,,,,",
            files=added(
                NODES,
                "bricks,end_use,AUS,bricks,,90,,,",
                files=added(RECIPES, "bricks,ore/sand,1,1,,,"),
            ),
        ),
        ("outputs.csv:3", "ships 90 t/year of ore/sand", "makes 80", "drives = true"),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_wrong_input_is_named(case: str, tmp_path: Path) -> None:
    """A wrong cell, row or table raises one NetworkError that names the place and what would be right."""
    files, expected = CASES[case]
    with pytest.raises(NetworkError) as raised:
        read_network_folder(write_files(tmp_path / "mine", files))
    message = str(raised.value)
    assert [text for text in expected if text not in message] == [], message


def test_the_unchanged_files_are_sound(tmp_path: Path) -> None:
    """Each case above is wrong because of its change and of nothing else."""
    assert read_network_folder(write_files(tmp_path)).report.warnings == ()


def test_every_fault_is_reported_at_once(tmp_path: Path) -> None:
    """Faults of cells, names and rules, in several files, come in one message."""
    files = changed(ARCS, "ore/rock,120,30", "ore/rock,x,30")
    files = changed(RECIPES, "cars,part/coil", "carz,part/coil", files)
    files = changed(NODES, "power_tools,,40", "power_tools,,", files)
    with pytest.raises(NetworkError) as raised:
        read_network_folder(write_files(tmp_path, files))
    message = str(raised.value)
    assert all(text in message for text in ("arcs.csv:2", "recipes.csv:5", "nodes.csv:9"))


def test_a_folder_that_is_none_is_named(tmp_path: Path) -> None:
    """Neither a missing folder nor a file in its place ends in a traceback."""
    file = tmp_path / "file"
    file.write_text("x")
    for path in (tmp_path / "missing", file):
        with pytest.raises(SimError, match="no such folder"):
            read_network_folder(path)
