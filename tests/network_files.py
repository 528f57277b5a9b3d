"""A small valid network as text files, and ways to write it with changes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

FILES: dict[str, str] = {
    "materials.csv": """\
material,commodity,form,basis,price_usd_per_t,demand_elasticity
ore/rock,,,t X,100,
ore/sand,,,t X,50,
metal/crude,,,t X,1000,
metal/fine,,,t X,2000,
part/coil,,,t coil,9000,-0.2
""",
    "nodes.csv": """\
node,stage,country,output_material,capacity_t_per_year,demand_per_year,deferred_fraction,priority,members_of
mine_a,mining,AUS,,300,,,,
mine_b,mining,CHN,ore/rock,200,,,,
smelter,refining,CHN,metal/crude,150,,,,
refiner,refining,JPN,metal/fine,90,,,,
winder,processing,JPN,part/coil,120,,,,
returns,recycling,JPN,metal/fine,40,,,,
cars,end_use,JPN,ev_traction,,60,0.5,2,vault
tools,end_use,USA,power_tools,,40,,,vault
""",
    "recipes.csv": """\
node,input_material,input_per_unit,cover_days,essential,share,line
smelter,ore/rock,2,30,,,
refiner,metal/crude,1.25,20,,,
winder,metal/fine,0.8,40,,,
cars,part/coil,1,10,,,
tools,part/coil,1,10,0.7,,
""",
    "outputs.csv": """\
node,output_material,output_per_unit,drives,disposable
mine_a,ore/rock,0.6,true,
mine_a,ore/sand,0.4,,true
""",
    "arcs.csv": """\
supplier,customer,material,flow_t_per_year,lead_time_days,capacity_t_per_year,route,priority,qualification_days
mine_a,smelter,ore/rock,120,30,,malacca,,
mine_b,smelter,ore/rock,30,5,,,,
smelter,refiner,metal/crude,75,12,,,,
refiner,winder,metal/fine,60,3,,,,
returns,winder,metal/fine,20,3,,,,
winder,cars,part/coil,60,2,,,,
winder,tools,part/coil,40,25,,,1,
""",
    "stockpiles.csv": """\
stockpile,country,material,opening_t,target_t,release_t_per_day,release_delay_days
vault,USA,part/coil,5,8,0.1,14
""",
    "recycling.csv": """\
node,scrap_of,material,lifetime_days,spread,collection,recovery
returns,winder,metal/fine,28,0.5,0.5,0.5
""",
}


def write_files(folder: Path, files: Mapping[str, str] = FILES) -> Path:
    """Write the files of a network and return the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def changed(name: str, old: str, new: str, files: Mapping[str, str] = FILES) -> dict[str, str]:
    """Return the files with one piece of text replaced; it must be there once."""
    assert files[name].count(old) == 1, f"{old!r} stands {files[name].count(old)} times in {name}"
    return {**files, name: files[name].replace(old, new)}


def added(name: str, *lines: str, files: Mapping[str, str] = FILES) -> dict[str, str]:
    """Return the files with lines added at the end of one."""
    return {**files, name: files[name] + "".join(line + "\n" for line in lines)}


def without(name: str, files: Mapping[str, str] = FILES) -> dict[str, str]:
    """Return the files but one."""
    return {key: text for key, text in files.items() if key != name}
