"""A tiny, sound folder of tables for tests: a mine, a smelter with a by-product, a user, a recycler."""

from __future__ import annotations

from pathlib import Path

MEASURES = Path(__file__).parents[1] / "sim" / "data" / "tables" / "measures.csv"
WORLD = """\
== sources.csv
source_id,title,publisher,year,url,accessed,note
expert,Judgement,us,2026,,,
book,A book,a press,2020,,,
== countries.csv
iso3,name_en,name_ja,region,note
AAA,Aland,甲国,EUU,
BBB,Bland,乙国,EUU,
CCC,Cland,丙国,far,
EUU,Union,連合,EUU,
ROW,Rest,その他,rest,
== groups.csv
group,kind,member,from_date,to_date,source_id,confidence,note
EUU,region,AAA,,,book,high,
EUU,region,BBB,,,book,high,
PACT,bloc,CCC,2026-02-04,,book,low,
== chokepoints.csv
chokepoint,countries,alternative,detour_days,detour_low_days,detour_high_days,source_id,confidence,note
strait,CCC,,5,,,expert,expert,judged
== routes.csv
origin,destination,mode,lead_time_days,chokepoints,source_id,confidence,note
CCC,EUU,sea,30,strait,book,medium,
CCC,EUU,air,8,,expert,expert,judged
AAA,CCC,land,12,,book,low,
country,country,sea,5,,expert,expert,judged
country,country,air,4,,expert,expert,judged
region,region,sea,7,,expert,expert,judged
region,region,air,6,,expert,expert,judged
*,*,sea,40,,expert,expert,judged
*,*,air,10,,expert,expert,judged
== parameters.csv
name,value,unit,low,high,source_id,confidence,note
adjustment_time,28,days,14,56,expert,expert,judged
== materials.a.csv
material,commodity,form,basis,freight,price_usd_per_t,price_year,demand_elasticity,source_id,confidence,note
zinc/concentrate,zinc,concentrate,t Zn,sea,1000,2024,,book,high,
zinc/metal,zinc,metal,t Zn,sea,2500,2024,-0.1,book,high,
germanium/metal,germanium,metal,t Ge,air,2000000,2024,-0.2,book,high,
== processes.a.csv
process,chain,stage,output_material,activity_unit,aggregate,priority,description
zinc_mine,zinc,mining,zinc/concentrate,t,,,Mine
smelter,zinc,refining,zinc/metal,t,,,Smelter
germanium_circuit,zinc,refining,germanium/metal,t,,,By-product
germanium_loop,zinc,recycling,germanium/metal,t,,,Scrap
use_optics,zinc,end_use,optics,index,,,Lenses
== inputs.a.csv
process,input_material,line
smelter,zinc/concentrate,
use_optics,zinc/metal,
use_optics,germanium/metal,lens
== hosts.a.csv
process,country,host_process,host_country
germanium_circuit,AAA,smelter,AAA
== recycling.a.csv
process,scrap_of,material
germanium_loop,use_optics,germanium/metal
== facilities.a.csv
facility,process,country,operator,name,note
big_pit,zinc_mine,CCC,Digger,Big Pit,
== aggregates.a.csv
aggregate,material,sign,term,process,country
zinc_abroad,zinc/metal,1,output,smelter,!CCC
zinc_abroad,zinc/metal,-1,use,use_optics,AAA
== trade_shares.a.csv
material,customer,supplier,share,basis,year,source_id,confidence,note
zinc/concentrate,AAA,CCC,0.9,imports,2024,book,high,
== corrections.a.csv
process,measure,country,partner,original_value,value,unit,source_id,confidence,reason
smelter,production,AAA,,80,90,t/yr,book,medium,Misprint
== figures/zinc.csv
process,measure,country,partner,year,value,unit,source_id,confidence,note
zinc_mine,production,CCC,,2024,100,t/yr,book,high,
zinc_mine,capacity,CCC,,2024,120,t/yr,book,high,
zinc_mine,facility_production,CCC,big_pit,2024,60,t/yr,book,high,
smelter,production,AAA,,2023,80,t/yr,book,high,
smelter,production,AAA,,2015,50,t/yr,book,high,
smelter,input_per_unit,WLD,zinc/concentrate,2024,1.1,t/t,book,medium,
germanium_circuit,production,AAA,,2024,1,t/yr,book,high,
germanium_circuit,host_ratio,AAA,smelter,2024,0.02,t/t,expert,expert,judged
germanium_loop,production,AAA,,2024,0.2,t/yr,book;expert,low,
germanium_loop,collection,WLD,use_optics,2024,0.2,fraction,book,low,
germanium_loop,recovery,AAA,use_optics,2024,0.9,fraction,book,low,
use_optics,use,AAA,zinc/metal,2024,85,t/yr,book,high,
use_optics,use,AAA,germanium/metal,2024,1.2,t/yr,book,high,
zinc_abroad,aggregate,WLD,,2024,5,t/yr,book,high,
"""


def world_files() -> dict[str, str]:
    """Return the text of every file of the world."""
    parts = [block.split("\n", 1) for block in WORLD.split("== ")[1:]]
    return dict(parts) | {"measures.csv": MEASURES.read_text(encoding="utf-8")}


def write_tables(folder: Path, changes: dict[str, str | tuple[str, str] | None] | None = None) -> Path:
    """Write the folder and return it.

    Parameters
    ----------
    folder : Path
        Made when absent.
    changes : dict, optional
        File name to new text, to (old part, new part), or to None for leaving the file out.
    """
    files = world_files()
    for name, change in (changes or {}).items():
        if change is None:
            del files[name]
        elif isinstance(change, tuple):
            assert change[0] in files[name], f"{name} has no {change[0]!r}"
            files[name] = files[name].replace(*change)
        else:
            files[name] = change
    (folder / "figures").mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder
