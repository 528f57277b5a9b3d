"""A user's own world: reads a folder of CSV tables as a whole network.

Meaning of what can be left out:

- `priority` 1 is served first, 9 last, 5 by default; an arc without one takes its customer's.
- A blank capacity is no limit; a blank price means that no money is booked.
- `output_material` of an end use is its sector's name, and optional.
- `members_of` lists the stockpiles that serve the node's country; a stockpile that nobody lists serves the
  country that holds it.
- Where `drives` is blank for all joint products, the one of largest value (price x output_per_unit) drives.
- Scrap: what a processing node takes in and does not ship as a product of the same commodity; of an end use,
  and of a minor input of a product of another commodity, the whole intake. `collection` x `recovery` of it
  becomes the recycling node's product, tonne for tonne.
- Only listed arcs exist, unless latent arcs are asked for (`latent="auto"`).
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from sim.data.csv_table import read_csv_table
from sim.data.provenance import tables_hash
from sim.data.read import TABLES_FOLDER, read_columns
from sim.data.routes import detours
from sim.errors import Faults, NetworkError
from sim.model.folder_parts import arcs_of, materials_of, nodes_of, scrap_of, stockpiles_of
from sim.model.folder_rules import check_rules
from sim.model.folder_tables import check_names, read_folder_tables
from sim.model.latent import latent_arcs
from sim.model.network import BuildReport, Network
from sim.model.overlay import overlay_network
from sim.model.places import places_of
from sim.model.settle import settle

__all__ = ["overlay_network", "read_network_folder"]

DEFAULT_YEAR = 2024

WORLD_ONLY = frozenset({"catch_up_time", "deferral_time"})
"""Parameters judged for the shipped sectors: in a user's own world deferred demand waits until it is
met, as fast as capacity allows."""


def read_network_folder(
    path: str | Path, *, latent: Literal["none", "auto"] = "none", year: int = DEFAULT_YEAR
) -> Network:
    """Read a folder of tables as a whole network with a steady start.

    Parameters
    ----------
    path : str or Path
        Folder with ``materials.csv``, ``nodes.csv``, ``recipes.csv``, ``arcs.csv`` and, where needed,
        ``outputs.csv``, ``stockpiles.csv``, ``recycling.csv``; at most 16 MiB a file.
    latent : {'none', 'auto'}
        ``auto`` adds a latent arc from every producer to every user of a material that has no arc yet.
    year : int
        Year that the tables describe; it decides which countries a region holds.

    Returns
    -------
    Network
        Regions, blocs, names of countries and parameters of behaviour are those of the shipped tables,
        but for `WORLD_ONLY`.

    Raises
    ------
    NetworkError
        Once, with every fault: first those of cells, names and rules between rows; where there is none,
        those of the flows (`settle`).
    """
    folder = Path(path)
    faults = Faults(NetworkError)
    tables = read_folder_tables(folder, faults)
    check_names(tables, {}, faults)
    check_rules(tables, None, faults)
    faults.raise_if_any()
    materials = materials_of(tables, None)
    nodes = nodes_of(tables, materials, None)
    arcs = tuple(arcs_of(tables, None).values())
    if latent == "auto":
        arcs += latent_arcs(nodes, arcs)
    groups, country_names, parameters, detour_days = _shipped(year)
    network = Network(
        name=tables.label,
        year=year,
        materials=materials,
        nodes=nodes,
        arcs=arcs,
        stockpiles=stockpiles_of(tables, None),
        scrap=scrap_of(tables, None),
        groups=groups,
        country_names=country_names,
        parameters=parameters,
        detour_days=detour_days,
        tables_hash=tables_hash(folder),
        report=BuildReport(warnings=tuple(tables.warnings)),
    )
    return settle(network, places=places_of(tables))


def _shipped(
    year: int,
) -> tuple[dict[str, tuple[str, ...]], dict[str, tuple[str, str]], dict[str, float], dict[str, float]]:
    """Return groups, names of countries, parameters and detours of the shipped tables."""
    columns = read_columns(TABLES_FOLDER / "columns.csv")
    groups, countries, parameters, chokepoints = (
        read_csv_table(TABLES_FOLDER / f"{table}.csv", columns[table])
        for table in ("groups", "countries", "parameters", "chokepoints")
    )
    members: dict[str, list[str]] = {}
    for row in groups.itertuples():
        left = getattr(row.to_date, "year", year)
        if not left < year:  # NaT has the year NaN
            members.setdefault(str(row.group), []).append(str(row.member))
    names = zip(*(countries[column] for column in ("iso3", "name_en", "name_ja")), strict=True)
    return (
        {group: tuple(dict.fromkeys(listed)) for group, listed in sorted(members.items())},
        {str(code): (str(english), str(japanese)) for code, english, japanese in names},
        {
            str(n): float(v)
            for n, v in zip(parameters["name"], parameters["value"], strict=True)
            if n not in WORLD_ONLY
        },
        detours(chokepoints),
    )
