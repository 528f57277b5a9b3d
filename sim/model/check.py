"""Rules that a network must obey before its results mean anything; one function a rule."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator

from sim.model.findings import Finding, Severity
from sim.model.network import Network
from sim.vocab import Stage

CLOSED = 1e-9  # relative miss that rounding explains
ROUNDING = 1e-9
WIDE_SHARE = 0.05  # a known share missed by more is worth a warning

Rule = Callable[[Network], Iterable[Finding]]


def check_network(network: Network) -> list[Finding]:
    """Return everything that is wrong or worth knowing, errors first.

    Parameters
    ----------
    network : Network
        Shipped or a user's own.

    Returns
    -------
    list of Finding
        Sorted by severity, then rule, then place.

    Examples
    --------
    >>> from sim.model.network import Network
    >>> check_network(Network("empty", 2024, {}, {}, ()))
    []
    """
    order = list(Severity)
    found = [finding for rule in RULES for finding in rule(network)]
    return sorted(found, key=lambda f: (order.index(f.severity), f.rule, f.where))


def ends_exist(network: Network) -> Iterator[Finding]:
    """Yield arcs whose ends, port, slot or material do not exist."""
    for arc in network.arcs:
        where = f"{arc.supplier} -> {arc.customer} ({arc.material})"
        supplier, customer = network.nodes.get(arc.supplier), network.nodes.get(arc.customer)
        for name, node in ((arc.supplier, supplier), (arc.customer, customer)):
            if node is None:
                yield Finding("ends_exist", Severity.ERROR, where, f"node '{name}' does not exist")
        if arc.material not in network.materials:
            yield Finding("ends_exist", Severity.ERROR, where, f"material '{arc.material}' does not exist")
        if supplier is not None and all(o.material != arc.material for o in supplier.outputs):
            yield Finding("ends_exist", Severity.ERROR, where, f"'{arc.supplier}' has no port of it")
        if customer is not None and all(i.material != arc.material for i in customer.inputs):
            yield Finding("ends_exist", Severity.ERROR, where, f"'{arc.customer}' has no slot of it")


def arcs_single(network: Network) -> Iterator[Finding]:
    """Yield pairs of nodes with two arcs of one material."""
    seen: set[tuple[str, str, str]] = set()
    for arc in network.arcs:
        if arc.key in seen:
            where = f"{arc.supplier} -> {arc.customer} ({arc.material})"
            yield Finding("arcs_single", Severity.ERROR, where, "there is more than one arc")
        seen.add(arc.key)


def numbers_sound(network: Network) -> Iterator[Finding]:
    """Yield quantities that are negative or not finite where they must be."""
    for arc in network.arcs:
        if not (math.isfinite(arc.flow_t_per_year) and arc.flow_t_per_year >= 0 and arc.lead_time_days >= 0):
            where = f"{arc.supplier} -> {arc.customer} ({arc.material})"
            message = f"flow {arc.flow_t_per_year:g} t/year and lead time {arc.lead_time_days:g} days"
            yield Finding("numbers_sound", Severity.ERROR, where, message)
    for node in network.nodes.values():
        if not (math.isfinite(node.planned_per_year) and node.planned_per_year >= 0):
            message = f"planned activity {node.planned_per_year:g}"
            yield Finding("numbers_sound", Severity.ERROR, node.id, message)
        for entry in node.inputs:
            if not entry.input_per_unit > 0:
                message = f"takes {entry.input_per_unit:g} t of {entry.material} per unit"
                yield Finding("numbers_sound", Severity.ERROR, node.id, message)


def recipe_closed(network: Network) -> Iterator[Finding]:
    """Yield slots whose inflow is not input_per_unit x planned activity."""
    inflow = _sums(network, "customer")
    for node in network.nodes.values():
        for entry in node.inputs:
            use, got = (
                entry.input_per_unit * node.planned_per_year,
                inflow.get((node.id, entry.material), 0.0),
            )
            if abs(got - use) > CLOSED * max(use, got):
                message = f"{got:.9g} t/year of {entry.material} arrive, {use:.9g} are used"
                yield Finding("recipe_closed", Severity.ERROR, node.id, message)


def output_closed(network: Network) -> Iterator[Finding]:
    """Yield ports that ship more than they make, or less although nothing of it may be thrown away."""
    outflow = _sums(network, "supplier")
    for node in network.nodes.values():
        for port in node.outputs:
            made, shipped = (
                port.output_per_unit * node.planned_per_year,
                outflow.get((node.id, port.material), 0.0),
            )
            if shipped > made * (1 + CLOSED):
                message = f"ships {shipped:.9g} t/year of {port.material} but makes {made:.9g}"
                yield Finding("output_closed", Severity.ERROR, node.id, message)
            elif shipped < made * (1 - CLOSED) and not port.disposable:
                message = (
                    f"makes {made:.9g} t/year of {port.material} but ships {shipped:.9g}: its stock grows"
                )
                yield Finding("output_closed", Severity.ERROR, node.id, message)


def material_closed(network: Network) -> Iterator[Finding]:
    """Yield materials whose world balance stays open: output = use + what is thrown away."""
    made, used, spare = dict.fromkeys(network.materials, 0.0), dict.fromkeys(network.materials, 0.0), set()
    for node in network.nodes.values():
        for port in node.outputs:
            made[port.material] += port.output_per_unit * node.planned_per_year
            if port.disposable:
                spare.add(port.material)
        for entry in node.inputs:
            used[entry.material] += entry.input_per_unit * node.planned_per_year
    for material in network.materials:
        left = made[material] - used[material]
        scale = max(made[material], used[material])
        if left < -CLOSED * scale or (left > CLOSED * scale and material not in spare):
            message = f"{made[material]:.9g} t/year made, {used[material]:.9g} used"
            yield Finding("material_closed", Severity.ERROR, material, message)


def scrap_closed(network: Network) -> Iterator[Finding]:
    """Yield recycling nodes whose activity is not what their sources give."""
    supply = {node.id: 0.0 for node in network.nodes.values() if node.stage is Stage.RECYCLING}
    for source in network.scrap:
        if source.node not in network.nodes or source.scrap_of not in network.nodes:
            message = f"collects from '{source.scrap_of}', but one of both does not exist"
            yield Finding("scrap_closed", Severity.ERROR, source.node, message)
            continue
        node = network.nodes[source.scrap_of]
        arising = _scrap_per_unit(network, source.scrap_of, source.material) * node.planned_per_year
        supply[source.node] = supply.get(source.node, 0.0) + arising * source.collection * source.recovery
    for name, t in supply.items():
        wanted = network.nodes[name].planned_per_year
        if abs(t - wanted) > CLOSED * max(t, wanted):
            message = f"makes {wanted:.9g} t/year out of scrap for {t:.9g}"
            yield Finding("scrap_closed", Severity.ERROR, name, message)


def demand_reachable(network: Network) -> Iterator[Finding]:
    """Yield nodes in use whose inputs do not lead back to a mine, a recycler or a node without inputs."""
    fed = {node.id for node in network.nodes.values() if not node.inputs}
    suppliers: dict[tuple[str, str], list[str]] = {}
    for arc in network.arcs:
        if arc.flow_t_per_year > 0:
            suppliers.setdefault((arc.customer, arc.material), []).append(arc.supplier)
    grown = True
    while grown:
        grown = False
        for node in network.nodes.values():
            if node.id in fed:
                continue
            needed = [entry.material for entry in node.inputs if entry.essential > 0]
            if all(any(s in fed for s in suppliers.get((node.id, m), ())) for m in needed):
                fed.add(node.id)
                grown = True
    for node in network.nodes.values():
        if node.planned_per_year > 0 and node.id not in fed:
            lacking = [e.material for e in node.inputs if not suppliers.get((node.id, e.material))]
            message = f"no source feeds {', '.join(lacking) or 'its suppliers'}"
            yield Finding("demand_reachable", Severity.ERROR, node.id, message)


def acyclic_but_scrap(network: Network) -> Iterator[Finding]:
    """Yield nodes on a cycle of used arcs: only scrap, which is no arc, may close a circle."""
    following: dict[str, set[str]] = {}
    incoming = dict.fromkeys(network.nodes, 0)
    for arc in network.arcs:
        heads = following.setdefault(arc.supplier, set())
        if arc.flow_t_per_year > 0 and arc.customer not in heads:
            heads.add(arc.customer)
            incoming[arc.customer] = incoming.get(arc.customer, 0) + 1
    ready = [name for name, count in incoming.items() if count == 0]
    while ready:
        for head in following.get(ready.pop(), ()):
            incoming[head] -= 1
            if incoming[head] == 0:
                ready.append(head)
    stuck = sorted(name for name, count in incoming.items() if count > 0)
    if stuck:
        shown = ", ".join(stuck[:8]) + (" ..." if len(stuck) > 8 else "")
        message = f"goods go round in a circle through or into {shown}; only scrap may close one"
        yield Finding("acyclic_but_scrap", Severity.ERROR, stuck[0], message)


def capacity_suffices(network: Network) -> Iterator[Finding]:
    """Yield nodes planned beyond their capacity."""
    for node in network.nodes.values():
        if node.planned_per_year > node.capacity_per_year * (1 + ROUNDING):
            message = (
                f"planned {node.planned_per_year:.9g} a year exceed its capacity {node.capacity_per_year:.9g}"
            )
            yield Finding("capacity_suffices", Severity.ERROR, node.id, message)


def host_suffices(network: Network) -> Iterator[Finding]:
    """Yield by-products that their host limits already in the base year, or whose host does not exist."""
    for node in network.nodes.values():
        if not node.host:
            continue
        host = network.nodes.get(node.host)
        if host is None:
            yield Finding("host_suffices", Severity.ERROR, node.id, f"host '{node.host}' does not exist")
            continue
        limit = node.host_ratio * host.planned_per_year
        if node.planned_per_year > limit * (1 + ROUNDING):
            message = f"planned {node.planned_per_year:.9g} a year, host '{node.host}' allows {limit:.9g}"
            yield Finding("host_suffices", Severity.ERROR, node.id, message)


def has_second_supplier(network: Network) -> Iterator[Finding]:
    """Yield slots in use that only one node can ever supply."""
    count: dict[tuple[str, str], int] = {}
    for arc in network.arcs:
        count[arc.customer, arc.material] = count.get((arc.customer, arc.material), 0) + 1
    for node in network.nodes.values():
        for entry in node.inputs:
            if node.planned_per_year > 0 and count.get((node.id, entry.material), 0) == 1:
                message = f"{entry.material} has one supplier and no latent one"
                yield Finding("has_second_supplier", Severity.INFO, node.id, message)


def moves_accepted(network: Network) -> Iterator[Finding]:
    """Yield moves of the reconciliation over the limits: an error, or a note with the reason accepted."""
    for row in network.report.moves:
        if not row["flag"]:
            continue
        text = f"{row['flag']}: {row['prior']:.6g} -> {row['value']:.6g}"
        reason = str(row["accepted_reason"])
        severity = Severity.INFO if reason else Severity.ERROR
        if reason:
            text += f"; accepted: {reason}"
        yield Finding("moves_accepted", severity, str(row["quantity"]), text)


def shares_held(network: Network) -> Iterator[Finding]:
    """Yield known trade shares that had nothing to act on, or came out elsewhere."""
    for row in network.report.shares:
        where = f"{row['material']} {row['customer']} from {row['supplier']}"
        share, fitted = float(str(row["share"])), float(str(row["fitted"]))
        if row["dropped_reason"]:
            yield Finding("shares_held", Severity.WARNING, where, f"not used: {row['dropped_reason']}")
        elif abs(fitted - share) > WIDE_SHARE:
            message = f"given as {share:.3f}, the quantities allow {fitted:.3f} at best"
            yield Finding("shares_held", Severity.WARNING, where, message)


def built_without_warning(network: Network) -> Iterator[Finding]:
    """Yield what the building of the network had to assume."""
    for text in network.report.warnings:
        yield Finding("built_without_warning", Severity.WARNING, network.name, text)


def _sums(network: Network, end: str) -> dict[tuple[str, str], float]:
    """Return t/year by (node, material) at one end of the arcs, summed without loss."""
    parts: dict[tuple[str, str], list[float]] = {}
    for arc in network.arcs:
        node = arc.supplier if end == "supplier" else arc.customer
        parts.setdefault((node, arc.material), []).append(arc.flow_t_per_year)
    return {key: math.fsum(values) for key, values in parts.items()}


def _scrap_per_unit(network: Network, name: str, material: str) -> float:
    """Return the scrap that a unit of activity leaves, t: input less what the product keeps of it."""
    node = network.nodes[name]
    commodity = network.materials[material].commodity
    taken = sum(entry.input_per_unit for entry in node.inputs if entry.material == material)
    kept = sum(
        o.output_per_unit for o in node.outputs if network.materials[o.material].commodity == commodity
    )
    return max(0.0, taken - kept)


RULES: tuple[Rule, ...] = (
    ends_exist,
    arcs_single,
    numbers_sound,
    recipe_closed,
    output_closed,
    material_closed,
    scrap_closed,
    demand_reachable,
    acyclic_but_scrap,
    capacity_suffices,
    host_suffices,
    has_second_supplier,
    moves_accepted,
    shares_held,
    built_without_warning,
)
