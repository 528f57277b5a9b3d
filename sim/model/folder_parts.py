"""Turns the rows of a user's network into materials, nodes, arcs, stockpiles and scrap sources.

With a `base`, rows whose name the base has change only what they give, and everything else is kept.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sim.model.folder_tables import FolderTables, Row
from sim.model.network import Arc, Input, Material, Network, Node, Output, ScrapSource, Stockpile
from sim.vocab import Evidence, NodeStatus, Stage

STOCKPILE_STAGE = "stockpile"  # a row of nodes.csv that only names the country of a stockpile
END_USE_UNIT = "unit"

_NODE_NUMBERS = {  # column: (attribute, value of a blank cell)
    "capacity_t_per_year": ("capacity_per_year", math.inf),
    "output_cover_days": ("output_cover_days", 0.0),
    "demand_per_year": ("planned_per_year", 0.0),
    "value_added_usd_per_unit": ("value_added_usd_per_unit", math.nan),
    "growth_per_year": ("growth_per_year", 0.0),
    "deferred_fraction": ("deferred_fraction", 0.0),
    "must_run_share": ("must_run_share", 0.0),
    "storage_days": ("storage_days", 0.0),
    "process_days": ("process_days", 0.0),
    "restart_days": ("restart_days", 0.0),
    "host_ratio": ("host_ratio", math.inf),
    "unit_cost_usd_per_t": ("unit_cost_usd_per_t", math.nan),
}


def materials_of(tables: FolderTables, base: Network | None) -> dict[str, Material]:
    """Return the materials of base and folder, by id."""
    found = dict(base.materials) if base is not None else {}
    for row in tables.rows["materials"]:
        name = row.text("material")
        commodity, _, form = name.partition("/")
        values: dict[str, Any] = {
            "commodity": row.text("commodity") or commodity,
            "form": row.text("form") or form,
            "basis": row.text("basis"),
            "price_usd_per_t": row.number("price_usd_per_t", math.nan),
            "demand_elasticity": row.number("demand_elasticity", 0.0),
        }
        if name in found:
            found[name] = replace(found[name], **{k: v for k, v in values.items() if k in row.given})
        else:
            found[name] = Material(name, **values)
    return found


def nodes_of(
    tables: FolderTables, materials: Mapping[str, Material], base: Network | None
) -> dict[str, Node]:
    """Return the nodes of base and folder with their inputs and outputs, by id."""
    found = dict(base.nodes) if base is not None else {}
    for row in tables.rows["nodes"]:
        if row.text("stage") == STOCKPILE_STAGE:
            continue
        name = row.text("node")
        values = _node_values(row)
        if name in found:
            given = {attribute: value for attribute, (value, stated) in values.items() if stated}
            found[name] = replace(found[name], **given)
        else:
            found[name] = Node(name, **{attribute: value for attribute, (value, _) in values.items()})
    for name, rows in tables.by_node("recipes").items():
        found[name] = replace(found[name], inputs=_inputs(rows, found[name].inputs))
    for name, rows in tables.by_node("outputs").items():
        found[name] = replace(found[name], outputs=outputs_of(rows, found[name].outputs, materials))
    return found


def _node_values(row: Row) -> dict[str, tuple[Any, bool]]:
    """Return the attributes of a node that its row of nodes.csv holds, each with whether it is given."""
    stage = Stage(row.text("stage"))
    product = row.text("output_material")
    plain: dict[str, Any] = {
        "stage": stage,
        "country": row.text("country"),
        "status": NodeStatus(row.text("status")),
        "operator": row.text("operator"),
        "host": row.text("host"),
        "priority": int(row.number("priority", 0.0)),
        "aggregate": bool(row.cells["aggregate"]),
    }
    values: dict[str, tuple[Any, bool]] = {
        column: (value, column in row.given) for column, value in plain.items()
    }
    for column, (attribute, blank) in _NODE_NUMBERS.items():
        values[attribute] = (row.number(column, blank), column in row.given)
    if stage is Stage.END_USE:
        values["sector"] = (product, product != "")
        values["activity_unit"] = (END_USE_UNIT, False)
    else:
        values["outputs"] = ((Output(product),) if product else (), product != "")
    return values


def _inputs(rows: Sequence[Row], present: Sequence[Input]) -> tuple[Input, ...]:
    """Return the inputs of a node: those present, changed or joined by the rows of recipes.csv."""
    found = {entry.material: entry for entry in present}
    for row in rows:
        material = row.text("input_material")
        values: dict[str, Any] = {
            "input_per_unit": row.number("input_per_unit", 0.0),
            "cover_days": row.number("cover_days", 0.0),
            "essential": row.number("essential", 1.0),
            "share": row.number("share", 1.0),
            "line": row.text("line"),
        }
        if material in found:
            given = {name: value for name, value in values.items() if name in row.given}
            found[material] = replace(found[material], **given)
        else:
            found[material] = Input(material, **values)
    return tuple(found.values())


def outputs_of(
    rows: Sequence[Row], present: Sequence[Output], materials: Mapping[str, Material]
) -> tuple[Output, ...]:
    """Return the outputs of a node; which one drives is settled here.

    Parameters
    ----------
    rows : sequence of Row
        Its rows of outputs.csv.
    present : sequence of Output
        Those it has already: its single product, or those of the base.
    materials : mapping of str to Material
        For the prices.

    Returns
    -------
    tuple of Output
        Where no row says ``drives = true`` and none present drives, the output of the largest value
        (price x output_per_unit) among those left blank does; the first of equals.
    """
    listed = {row.text("output_material") for row in rows}
    found = {entry.material: entry for entry in present}
    blank = []
    for row in rows:
        material = row.text("output_material")
        old = found.get(material, Output(material))
        stated = row.cells["drives"]
        if stated is None:
            blank.append(material)
        found[material] = replace(
            old,
            output_per_unit=row.number("output_per_unit", 1.0),
            drives=bool(stated),
            disposable=bool(row.cells["disposable"]) if "disposable" in row.given else old.disposable,
        )
    others_drive = any(entry.drives and entry.material not in listed for entry in present)
    stated_drives = any(bool(row.cells["drives"]) for row in rows)
    if blank and not stated_drives and not others_drive:
        driver = max(blank, key=lambda material: _value(found[material], materials))
        found[driver] = replace(found[driver], drives=True)
    return tuple(found.values())


def _value(output: Output, materials: Mapping[str, Material]) -> float:
    """Return the value of an output per unit of activity, USD; -1 without a price."""
    price = materials[output.material].price_usd_per_t
    return -1.0 if math.isnan(price) else price * output.output_per_unit


def arcs_of(tables: FolderTables, base: Network | None) -> dict[tuple[str, str, str], Arc]:
    """Return the arcs of base and folder, by key."""
    found = {arc.key: arc for arc in base.arcs} if base is not None else {}
    for row in tables.rows["arcs"]:
        key = (row.text("supplier"), row.text("customer"), row.text("material"))
        priority = row.cells["priority"]
        values: dict[str, Any] = {
            "flow_t_per_year": row.number("flow_t_per_year", 0.0),
            "lead_time_days": row.number("lead_time_days", 0.0),
            "capacity_t_per_year": row.number("capacity_t_per_year", math.inf),
            "route": row.items("route"),
            "priority": None if priority is None else int(priority),
            "qualification_days": row.number("qualification_days", 0.0),
        }
        if key in found:
            given = {name: value for name, value in values.items() if name in row.given}
            found[key] = replace(found[key], evidence=Evidence.KNOWN, **given)
        else:
            found[key] = Arc(*key, evidence=Evidence.KNOWN, **values)
    return found


def stockpiles_of(tables: FolderTables, base: Network | None) -> tuple[Stockpile, ...]:
    """Return the stockpiles of base and folder.

    The members of a stockpile are the countries of the nodes whose `members_of` lists it; where nobody
    lists it, the country that holds it. Nodes of an overlay join the members of a base stockpile.
    """
    members: dict[str, list[str]] = {}
    for row in tables.rows["nodes"]:
        for name in row.items("members_of"):
            members.setdefault(name, []).append(row.text("country"))
    found = {(pile.id, pile.material): pile for pile in base.stockpiles} if base is not None else {}
    for row in tables.rows["stockpiles"]:
        key = (row.text("stockpile"), row.text("material"))
        opening_t = row.number("opening_t", 0.0)
        values: dict[str, Any] = {
            "country": row.text("country"),
            "opening_t": opening_t,
            "target_t": row.number("target_t", opening_t),
            "release_t_per_day": row.number("release_t_per_day", math.inf),
            "release_delay_days": row.number("release_delay_days", 0.0),
            "purchase_t_per_day": row.number("purchase_t_per_day", 0.0),
            "budget_usd": row.number("budget_usd", math.inf),
        }
        if key in found:
            found[key] = replace(found[key], **{k: v for k, v in values.items() if k in row.given})
        else:
            found[key] = Stockpile(id=key[0], material=key[1], members=(), **values)
    return tuple(_with_members(pile, members.get(pile.id, [])) for pile in found.values())


def _with_members(pile: Stockpile, joining: Sequence[str]) -> Stockpile:
    """Return a stockpile with the countries that join it, or its own country when it has no member."""
    countries = tuple(dict.fromkeys((*pile.members, *joining)))
    return replace(pile, members=countries or (pile.country,))


def scrap_of(tables: FolderTables, base: Network | None) -> tuple[ScrapSource, ...]:
    """Return the scrap sources of base and folder."""
    found = {(s.node, s.scrap_of, s.material): s for s in base.scrap} if base is not None else {}
    for row in tables.rows["recycling"]:
        key = (row.text("node"), row.text("scrap_of"), row.text("material"))
        values: dict[str, Any] = {
            name: row.number(name, 0.0) for name in ("lifetime_days", "spread", "collection", "recovery")
        }
        if key in found:
            found[key] = replace(found[key], **{k: v for k, v in values.items() if k in row.given})
        else:
            found[key] = ScrapSource(*key, **values)
    return tuple(found.values())
