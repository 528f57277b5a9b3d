"""Latent arcs: trade that does not happen in the base year but could."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from itertools import islice
from statistics import median

from sim.errors import NetworkError
from sim.model.network import Arc, Node

DEFAULT_LEAD_TIME_DAYS = 40.0  # where no listed arc of the material tells; a sea voyage with both ports
MAX_LATENT_ARCS = 1_000_000  # memory; a network of that size needs a rule for which arcs make sense


def latent_arcs(
    nodes: Mapping[str, Node], arcs: Iterable[Arc], *, touching: Collection[str] | None = None
) -> tuple[Arc, ...]:
    """Return a latent arc for every producer and user of a material that no arc links yet.

    Parameters
    ----------
    nodes : mapping of str to Node
        By id.
    arcs : iterable of Arc
        Those that exist. Lead time and qualification of the new ones are the medians, material by
        material, of their lead times and of the qualification of the latent ones among them; without any,
        40 days and none.
    touching : collection of str, optional
        Only arcs from or to these nodes.

    Returns
    -------
    tuple of Arc
        Sorted by material, supplier and customer, each in the order of `nodes`.

    Raises
    ------
    NetworkError
        If they are more than a million.
    """
    lead_times: dict[str, list[float]] = {}
    waits: dict[str, list[float]] = {}
    present = set()
    for arc in arcs:
        present.add(arc.key)
        lead_times.setdefault(arc.material, []).append(arc.lead_time_days)
        if arc.flow_t_per_year == 0:
            waits.setdefault(arc.material, []).append(arc.qualification_days)
    makers = _by_material((node.id, [output.material for output in node.outputs]) for node in nodes.values())
    users = _by_material((node.id, [entry.material for entry in node.inputs]) for node in nodes.values())
    found: list[Arc] = []
    for material in sorted(makers.keys() & users.keys()):
        lead_days = median(lead_times.get(material, [DEFAULT_LEAD_TIME_DAYS]))
        wait_days = median(waits.get(material, [0.0]))
        pairs = (
            (maker, user)
            for maker in makers[material]
            for user in users[material]
            if touching is None or maker in touching or user in touching
        )
        new = (
            Arc(*pair, material, 0.0, lead_days, qualification_days=wait_days)
            for pair in pairs
            if pair[0] != pair[1] and (*pair, material) not in present
        )
        found.extend(islice(new, MAX_LATENT_ARCS + 1 - len(found)))  # one too many is enough to refuse
        if len(found) > MAX_LATENT_ARCS:
            raise NetworkError(
                f"latent: auto would add more than {MAX_LATENT_ARCS:,} arcs; list those that make sense"
                f" with flow_t_per_year = 0 in arcs.csv and leave latent out"
            )
    return tuple(found)


def _by_material(named: Iterable[tuple[str, Iterable[str]]]) -> dict[str, list[str]]:
    """Return node names by material."""
    found: dict[str, list[str]] = {}
    for name, materials in named:
        for material in materials:
            found.setdefault(material, []).append(name)
    return found
