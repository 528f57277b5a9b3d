"""Responses against a network: stockpiles, users, targets."""

from __future__ import annotations

import math
from typing import Any

from sim.errors import suggestion
from sim.model.scenario.check_choices import check_choice
from sim.model.scenario.check_projects import check_fund
from sim.model.scenario.checker import Checker, shown
from sim.model.scenario.readers import Amount
from sim.model.scenario.responses import (
    FundProject,
    StockpileBuild,
    StockpileRelease,
    Substitution,
    SurgeCapacity,
)


def check_response(checker: Checker, path: str, spec: Any) -> None:
    """Check the names of one response."""
    if isinstance(spec, StockpileBuild):
        _check_build(checker, path, spec)
    elif isinstance(spec, StockpileRelease):
        _check_release(checker, path, spec)
    elif isinstance(spec, Substitution):
        _check_substitution(checker, path, spec)
    elif isinstance(spec, SurgeCapacity):
        _check_surge(checker, path, spec)
    elif isinstance(spec, FundProject):
        check_fund(checker, path, spec)
    else:
        check_choice(checker, path, spec)


# -- stockpiles --------------------------------------------------------------------------------------------


def check_stockpiles(checker: Checker) -> None:
    """Refuse a stockpile that exists already, and releases of one stockpile that contradict each other."""
    owners = dict.fromkeys((pile.id for pile in checker.network.stockpiles), "the network")
    rules: dict[str, tuple[str, tuple[str, int | None]]] = {}
    for i, spec in enumerate(checker.scenario.responses):
        path = f"responses[{i}]"
        if isinstance(spec, StockpileBuild):
            if spec.stockpile in owners:
                owner = owners[spec.stockpile]
                checker.fault(f"{path}.stockpile", f"= '{spec.stockpile}' is a stockpile of {owner} already")
            owners.setdefault(spec.stockpile, path)
        elif isinstance(spec, StockpileRelease):
            first, rule = rules.setdefault(spec.stockpile, (path, (spec.order_of_use, spec.priority)))
            if rule != (spec.order_of_use, spec.priority):
                checker.fault(
                    f"{path}.order_of_use",
                    f"or priority differs from {first}, which releases the same stockpile",
                )


def _check_build(checker: Checker, path: str, spec: StockpileBuild) -> None:
    """Check the names of a new stockpile, and that its members use what it holds."""
    if spec.country.startswith("bloc:"):
        checker.fault(f"{path}.country", f"= '{spec.country}' is a bloc; a stockpile lies in one country")
    checker.country(f"{path}.country", spec.country)
    members = checker.countries(f"{path}.members", spec.members)
    groups = checker.materials(f"{path}.materials", spec.materials)
    if not members or not all(groups):
        return
    held = sorted({material for group in groups for material in group})
    amounts = {"opening": spec.opening}
    if spec.purchase is not None:
        amounts["purchase.target"] = spec.purchase.target
    for key, amount in amounts.items():
        if amount is not None:
            _check_amount(checker, f"{path}.{key}", amount, held, members)
    if spec.purchase is not None:
        _check_prices(checker, path, spec, held)


def _check_amount(
    checker: Checker, path: str, amount: Amount, held: list[str], members: tuple[str, ...]
) -> None:
    """Check that an amount names what the stockpile holds, once, or that there is use to count days of."""
    from sim.model.plan import member_use_t_per_day

    if amount.t_by_material is None:
        unused = [m for m in held if member_use_t_per_day(checker.network, members, m) <= 0]
        if len(unused) == len(held):
            checker.fault(path, f"counts days of use, but no member uses {shown(held)}")
        elif unused:
            checker.warn(path, f"is 0 for {shown(unused)}: no member uses them")
        return
    named: dict[str, str] = {}
    for selector in amount.t_by_material:
        for material in checker.material(f"{path}.{selector}", selector):
            if material not in held:
                checker.fault(
                    f"{path}.{selector}", f"is not held by the stockpile, which holds {shown(held)}"
                )
            elif material in named:
                checker.fault(f"{path}.{selector}", f"names {material} again, after {named[material]}")
            named.setdefault(material, selector)
    missing = [material for material in held if material not in named]
    if missing:
        checker.warn(path, f"names no amount of {shown(missing)}: it is 0")


def _check_prices(checker: Checker, path: str, spec: StockpileBuild, held: list[str]) -> None:
    """Refuse a budget for what has no price."""
    materials = checker.network.materials
    unpriced = [m for m in held if not math.isfinite(materials[m].price_usd_per_t)]
    if spec.purchase is not None and spec.purchase.budget_usd is not None and unpriced:
        checker.fault(f"{path}.purchase.budget", f"needs prices; the network has none of {shown(unpriced)}")


def _check_release(checker: Checker, path: str, spec: StockpileRelease) -> None:
    """Check that a released stockpile exists and holds what is released."""
    held = _held_by(checker, spec.stockpile)
    groups = checker.materials(f"{path}.materials", spec.materials or ())
    if held is None:
        known = [*_built(checker), *dict.fromkeys(pile.id for pile in checker.network.stockpiles)]
        near = suggestion(spec.stockpile, known) or "; this network has none: add a stockpile_build"
        checker.fault(f"{path}.stockpile", f"= '{spec.stockpile}' is not a stockpile{near}")
        return
    for i, group in enumerate(groups):
        if group and held and not held & set(group):
            name = (spec.materials or ())[i]
            checker.fault(
                f"{path}.materials[{i}]", f"= '{name}' is not in '{spec.stockpile}': {shown(sorted(held))}"
            )
    built = _built(checker).get(spec.stockpile)
    if (
        spec.rate is not None
        and spec.rate.share_per_week is not None
        and built is not None
        and not built.opening
    ):
        checker.fault(
            f"{path}.rate", "is a share of the opening stock, which is 0; write a rate such as '2 t/day'"
        )


def _built(checker: Checker) -> dict[str, StockpileBuild]:
    """Return the stockpiles that the scenario builds, by name."""
    return {spec.stockpile: spec for spec in checker.scenario.responses if isinstance(spec, StockpileBuild)}


def _held_by(checker: Checker, stockpile: str) -> set[str] | None:
    """Return the materials of a stockpile (empty if their names are unknown); None for no such stockpile."""
    built = _built(checker).get(stockpile)
    if built is not None:
        quiet = Checker(checker.scenario, checker.network)  # the build reports its own unknown names
        return {m for group in quiet.materials("materials", built.materials) for m in group}
    held = {pile.material for pile in checker.network.stockpiles if pile.id == stockpile}
    return held or None


# -- substitution and surge --------------------------------------------------------------------------------


def _check_substitution(checker: Checker, path: str, spec: Substitution) -> None:
    """Check material, substitute, users and sectors, and that somebody substitutes."""
    from sim.model.plan import substituting_nodes

    replaced = checker.material(f"{path}.material", spec.material)
    known = checker.sectors(f"{path}.sectors", spec.sectors)
    users = spec.users is None or bool(checker.target(f"{path}.users", spec.users))
    _check_substitute(checker, path, spec, replaced)
    if replaced and users and known and not substituting_nodes(checker.network, spec):
        found = sorted({node.id for material in replaced for node in checker.network.users_of(material)})
        checker.fault(path, f"finds no user of {spec.material} among these; its users are {shown(found)}")
    if spec.max_share == 0:
        checker.warn(f"{path}.max_share", "= 0 replaces nothing")


def _check_substitute(checker: Checker, path: str, spec: Substitution, replaced: tuple[str, ...]) -> None:
    """Check that the substitute is a material of the network, is made, and is not the material itself."""
    name = spec.substitute
    if name is None:
        return
    if name not in checker.network.materials:
        near = suggestion(name, checker.network.materials)
        checker.fault(
            f"{path}.substitute", f"= '{name}' is not a material (commodity/form) of this network{near}"
        )
    elif name in replaced:
        checker.fault(f"{path}.substitute", f"= '{name}' is what it replaces")
    elif next(checker.network.suppliers_of(name), None) is None:
        checker.fault(f"{path}.substitute", f"= '{name}' is made by no node")


def _check_surge(checker: Checker, path: str, spec: SurgeCapacity) -> None:
    """Check the target of a surge, and that it has capacities to add to."""
    nodes = checker.target(f"{path}.target", spec.target)
    if nodes and all(math.isinf(node.capacity_per_year) for node in nodes):
        checker.warn(
            f"{path}.target", f"names only nodes without a capacity limit: {shown(n.id for n in nodes)}"
        )
