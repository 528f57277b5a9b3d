"""Writes the cross-check cases as network folders with a scenario each, the way a user would.

Amounts of the cases are per day, those of the tables per year of 365 days; a step is a day. A lead time of 0
becomes one step, so that times come one step later for each such arc, and totals stay.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

DAYS = 365.0
MATERIALS = "material,basis\n"
NODES = "node,stage,country,output_material,capacity_t_per_year,demand_per_year,deferred_fraction,priority\n"
RECIPES = "node,input_material,input_per_unit,cover_days\n"
ARCS = "supplier,customer,material,flow_t_per_year,lead_time_days,capacity_t_per_year\n"
Row = Mapping[str, Any]


def case(name: str) -> dict[str, Any]:
    """Return one case of the file beside this one."""
    text = Path(__file__).with_name("crosscheck_cases.json").read_text(encoding="utf-8")
    found: dict[str, Any] = next(entry for entry in json.loads(text)["cases"] if entry["id"] == name)
    return found


def year(amount_per_day: float) -> str:
    """Return an amount per day as the text of an amount per year."""
    return repr(amount_per_day * DAYS)


def write_case(
    folder: Path,
    tables: Mapping[str, Iterable[str]],
    scenario: Mapping[str, object],
    *,
    behaviour: str = "{resourcing: off, cover_spread: off}",
) -> Path:
    """Write the tables and ``scenario.yaml``; return the latter.

    Parameters
    ----------
    folder : Path
        Made if needed.
    tables : mapping of str to rows
        Rows of materials, nodes, recipes and arcs, without headers.
    scenario : mapping of str to object
        `outages`: (node, first day, days, severity) each; `days`: horizon; `watch`: countries.
    behaviour : str
        The scenario's behaviour block.
    """
    folder.mkdir(parents=True, exist_ok=True)
    heads = {"materials": MATERIALS, "nodes": NODES, "recipes": RECIPES, "arcs": ARCS}
    for name, head in heads.items():
        text = head + "".join(row + "\n" for row in tables[name])
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    lines = [
        "name: crosscheck",
        "start: 2026-01-01",
        f"horizon: {scenario['days']} days",
        "step: day",
        "network: {folder: .}",
        f"behaviour: {behaviour}",
        f"watch: [{', '.join(scenario['watch'])}]",  # type: ignore[arg-type]
        "disruptions:",
    ]
    for node, first, days, severity in scenario["outages"]:  # type: ignore[attr-defined]
        lines += [
            "  - kind: capacity_loss",
            f"    target: {{node: {node}}}",
            f'    start: "+{first} days"',
            *([f"    duration: {days} days"] if days is not None else []),
            f"    severity: {severity!r}",
        ]
    path = folder / "scenario.yaml"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def write_v01(folder: Path, row: Row) -> Path:
    """One supplier, one user, a lead time and a buffer; unmet demand is lost."""
    rate = row["demand_per_day"]
    cover = row["sink_stock"] / rate
    end = row["outage_start_day"] + row["outage_days"] + row["lead_time_days"]
    tables = {
        "materials": ["x/metal,t X"],
        "nodes": [f"supplier,refining,AAA,x/metal,{year(rate)},,,", f"user,end_use,BBB,use,,{year(rate)},0,"],
        "recipes": [f"user,x/metal,1,{cover!r}"],
        "arcs": [f"supplier,user,x/metal,{year(rate)},{row['lead_time_days']},"],
    }
    outage = ("supplier", row["outage_start_day"], row["outage_days"], 1.0)
    return write_case(folder, tables, {"days": end + 60, "watch": ["BBB"], "outages": [outage]})


def write_v02(folder: Path, row: Row) -> Path:
    """A chain of tiers with yields; tier 0 is the source, the last stock is the user's."""
    tiers, rate = row["tiers"], row["demand_per_day"]
    yields = [*row["yield_of_tier_0_to_k_minus_1"], 1.0]
    made = [rate] * tiers  # output of each tier, t/day
    for j in range(tiers - 2, -1, -1):
        made[j] = made[j + 1] / yields[j + 1]
    nodes, recipes, arcs = [], [], []
    for j in range(tiers):
        stage = "mining" if j == 0 else "processing"
        nodes.append(f"tier{j},{stage},AAA,m/{j},{year(made[j])},,,")
        customer = f"tier{j + 1}" if j + 1 < tiers else "user"
        arcs.append(f"tier{j},{customer},m/{j},{year(made[j])},{row['lead_time_days'][j]},")
        stock = row["input_stock_of_tier_1_to_k"][j]
        recipes.append(f"{customer},m/{j},{1.0 / yields[j + 1]!r},{stock / made[j]!r}")
    nodes.append(f"user,end_use,BBB,use,,{year(rate)},0,")
    tables = {
        "materials": [f"m/{j},t X" for j in range(tiers)],
        "nodes": nodes,
        "recipes": recipes,
        "arcs": arcs,
    }
    end = row["outage_start_day"] + row["outage_days"] + sum(row["lead_time_days"])
    outage = (f"tier{row['outage_tier']}", row["outage_start_day"], row["outage_days"], 1.0)
    return write_case(folder, tables, {"days": end + 60, "watch": ["BBB"], "outages": [outage]})


def write_v03(folder: Path, supply: float, orders: Sequence[float], *, by_priority: bool) -> Path:
    """One producer that falls to `supply`; customers in a country each, none with stock."""
    total = sum(orders)
    nodes = [f"producer,refining,AAA,x/metal,{year(total)},,,"]
    for number, order in enumerate(orders, start=1):
        priority = number if by_priority else 5
        nodes.append(f"customer{number},end_use,C{number},use,,{year(order)},0,{priority}")
    tables = {
        "materials": ["x/metal,t X"],
        "nodes": nodes,
        "recipes": [f"customer{n},x/metal,1,0" for n in range(1, len(orders) + 1)],
        "arcs": [f"producer,customer{n},x/metal,{year(o)},1," for n, o in enumerate(orders, start=1)],
    }
    watch = [f"C{number}" for number in range(1, len(orders) + 1)]
    outage = ("producer", 10, 5, 1.0 - supply / total)
    return write_case(folder, tables, {"days": 40, "watch": watch, "outages": [outage]})


def write_v04(folder: Path, row: Row) -> Path:
    """A user of two inputs in fixed proportion; part of the suppliers of A stop."""
    rate, share = row["output_per_day"], row["share_of_A_suppliers_out"]
    use = {"A": row["input_A_per_unit"] * rate, "B": row["input_B_per_unit"] * rate}
    flows = {"a_out": ("A", share), "a_in": ("A", 1.0 - share), "b": ("B", 1.0)}
    flows = {name: (kind, part) for name, (kind, part) in flows.items() if part > 0}
    tables = {
        "materials": ["x/A,t A", "x/B,t B"],
        "nodes": [
            *(f"{n},refining,AAA,x/{kind},{year(part * use[kind])},,," for n, (kind, part) in flows.items()),
            f"user,end_use,BBB,use,,{year(rate)},0,",
        ],
        "recipes": [
            f"user,x/{kind},{row[f'input_{kind}_per_unit']!r},{row[f'stock_{kind}'] / use[kind]!r}"
            for kind in use
        ],
        "arcs": [f"{n},user,x/{kind},{year(part * use[kind])},1," for n, (kind, part) in flows.items()],
    }
    outage = ("a_out", row["outage_start_day"], row["outage_days"], 1.0)
    end = row["outage_start_day"] + row["outage_days"]
    return write_case(folder, tables, {"days": end + 60, "watch": ["BBB"], "outages": [outage]})


V05_FLOWS = {  # one set of base flows that serves all demand within every capacity
    ("mineA", "refX"): 50, ("mineB", "refX"): 15, ("mineB", "refY"): 10, ("mineC", "refY"): 7,
    ("mineC", "refZ"): 8, ("refX", "mag1"): 47, ("refX", "mag2"): 18, ("refY", "mag2"): 14,
    ("refZ", "mag2"): 8, ("refY", "mag1"): 3, ("mag1", "user1"): 45, ("mag1", "user2"): 5,
    ("mag2", "user2"): 30, ("mag2", "user3"): 10,
}  # fmt: skip


def write_v05(folder: Path, inputs: Mapping[str, Any], removed: str, *, resourcing: bool) -> Path:
    """The twelve-node network, without stocks, with one or more nodes out for good."""
    limits = {**inputs["mine_output"], **inputs["node_capacity"]}
    stages = {"mine": ("mining", "x/ore"), "ref": ("refining", "x/metal"), "mag": ("processing", "x/magnet")}
    links = {tuple(name.split("->")): limit for name, limit in inputs["link_capacity"].items()}
    nodes, recipes = [], []
    for name, limit in limits.items():
        stage, product = stages[name[:3] if name[:4] != "mine" else "mine"]
        nodes.append(f"{name},{stage},AAA,{product},{year(limit)},,,")
        if stage != "mining":
            recipes.append(f"{name},{'x/ore' if stage == 'refining' else 'x/metal'},1,0")
    for name, demand in inputs["demand"].items():
        nodes.append(f"{name},end_use,BBB,use,,{year(demand)},0,")
        recipes.append(f"{name},x/magnet,1,0")
    product_of = {row.split(",")[0]: row.split(",")[3] for row in nodes}
    arcs = [
        f"{tail},{head},{product_of[tail]},{year(V05_FLOWS.get((tail, head), 0))},1,{year(limit)}"
        for (tail, head), limit in links.items()
    ]
    tables = {
        "materials": ["x/ore,t", "x/metal,t", "x/magnet,t"],
        "nodes": nodes,
        "recipes": recipes,
        "arcs": arcs,
    }
    outages = [(name, 20, None, 1.0) for name in removed.split("+") if name != "none"]
    switch = "on" if resourcing else "off"
    return write_case(
        folder,
        tables,
        {"days": 1500, "watch": ["BBB"], "outages": outages or [("mineA", 20, 1, 0.0)]},
        behaviour=f"{{resourcing: {switch}, cover_spread: off}}",
    )


def write_v09(folder: Path, row: Row) -> Path:
    """As V01 with backlog and spare capacity; orders follow the position within a day."""
    rate = row["demand_per_day"]
    full = rate * row["capacity_over_demand"]
    tables = {
        "materials": ["x/metal,t X"],
        "nodes": [f"supplier,refining,AAA,x/metal,{year(full)},,,", f"user,end_use,BBB,use,,{year(rate)},1,"],
        "recipes": [f"user,x/metal,1,{row['sink_stock'] / rate!r}"],
        "arcs": [f"supplier,user,x/metal,{year(rate)},{row['lead_time_days']},"],
    }
    outage = ("supplier", row["outage_start_day"], row["outage_days"], 1.0)
    end = int(row["stock_restored_day"])
    times = "adjustment_time: 1 days, refill_time: 1 days, forecast_time: 1 days"
    return write_case(
        folder,
        tables,
        {"days": end + 60, "watch": ["BBB"], "outages": [outage]},
        behaviour=f"{{resourcing: off, cover_spread: off, {times}}}",
    )
