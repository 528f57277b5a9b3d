"""What has been announced and what the network keeps of it: parts, redirects, and the entries they make."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sim.model.network import Network

QUARTER_DAYS = 365.0 / 4.0
EVEN = 0.5
CHOICES = {
    "operating": ("operating",),
    "construction": ("operating", "commissioning", "construction"),
    "financed": ("operating", "commissioning", "construction", "financed"),
    "permitting": ("operating", "commissioning", "construction", "financed", "permitting"),
}
"""Statuses that a choice of the scenario lets in; `all` lets in every one."""


@dataclass(frozen=True, slots=True)
class Part:
    """One plant of a project: a node that comes up to capacity, or a running one that grows."""

    node: str
    project: str
    name: str
    """Full name of the project."""
    country: str
    status: str
    success: float
    """Probability of first output within five years of the announced date."""
    start: str = ""
    """Announced first output, ISO date; empty for a running plant that does not grow."""
    slip_days: float = 0.0
    spread: float = 0.0
    capacity_per_year: float = 0.0
    """Full capacity, units/year."""
    base_capacity_per_year: float = 0.0
    base_planned_per_year: float = 0.0
    """Both of the base year; 0 for a new plant."""
    placed_share: float = 1.0
    """Share of its full output for which it finds customers."""
    curve: tuple[float, ...] = ()
    """Share of capacity at the end of each quarter after the first output."""
    qualification_days: float = 0.0
    in_list: bool = False
    retires: str = ""
    """Node that gives way to it."""

    @property
    def median_start(self) -> date | None:
        """First output on the median path, whether that path builds it or not."""
        return date.fromisoformat(self.start) + timedelta(days=round(self.slip_days)) if self.start else None

    @property
    def built(self) -> bool:
        """Whether the median path builds it."""
        return self.success >= EVEN


@dataclass(frozen=True, slots=True)
class Redirect:
    """Output of a running plant that goes to other customers from a date on."""

    name: str
    project: str
    status: str
    success: float
    start: str
    label: str


@dataclass(frozen=True, slots=True)
class Entry:
    """How far the base weight of an arc moves at full output of its owner; see `sim.engine.entries`."""

    owner: str
    """Node of a part, or name of a redirect."""
    supplier: str
    customer: str
    material: str
    share: float


@dataclass(frozen=True, slots=True)
class Feed:
    """Share of a new plant's intake that comes along an arc."""

    supplier: str
    customer: str
    material: str
    share: float


@dataclass(frozen=True, slots=True)
class Announced:
    """Everything announced that a network holds."""

    parts: tuple[Part, ...] = ()
    redirects: tuple[Redirect, ...] = ()
    entries: tuple[Entry, ...] = ()
    feeds: tuple[Feed, ...] = ()
    new_nodes: tuple[str, ...] = field(default=())
    """Nodes of parts that did not run in the base year."""


def select_projects(network: Network, choice: str) -> Network:
    """Return the network with the announced projects of some statuses alone.

    Parameters
    ----------
    network : Network
        With all projects of its tables.
    choice : str
        ``none``, a status of `CHOICES` (it and every better one), or ``all``.
    """
    held = network.announced
    if choice == "all" or not (held.parts or held.redirects):
        return network
    statuses = CHOICES.get(choice, ())
    parts = tuple(part for part in held.parts if part.status in statuses)
    redirects = tuple(item for item in held.redirects if item.status in statuses)
    kept_nodes = {part.node for part in parts}
    gone = {name for name in held.new_nodes if name not in kept_nodes}
    gone |= _unhosted(network, gone)
    parts = tuple(part for part in parts if part.node not in gone)
    owners = {part.node for part in parts} | {item.name for item in redirects}
    announced = Announced(
        parts=parts,
        redirects=redirects,
        entries=tuple(e for e in held.entries if e.owner in owners and not _touches(gone, e)),
        feeds=tuple(feed for feed in held.feeds if not _touches(gone, feed)),
        new_nodes=tuple(name for name in held.new_nodes if name not in gone),
    )
    return replace(
        network,
        nodes={name: node for name, node in network.nodes.items() if name not in gone},
        arcs=tuple(arc for arc in network.arcs if arc.supplier not in gone and arc.customer not in gone),
        announced=announced,
    )


def _unhosted(network: Network, gone: Iterable[str]) -> set[str]:
    """Return the new nodes whose host is left out."""
    lost = set(gone)
    return {name for name in network.announced.new_nodes if network.nodes[name].host in lost} - lost


def _touches(gone: set[str], link: Entry | Feed) -> bool:
    return link.supplier in gone or link.customer in gone


def share_sum_of_entries(announced: Announced) -> dict[tuple[str, str], float]:
    """Return, by slot, the sum of what all newcomers take of it."""
    redirects = {item.name for item in announced.redirects}
    sums: dict[tuple[str, str], float] = {}
    for entry in announced.entries:
        if entry.share > 0 and entry.owner not in redirects:
            key = (entry.customer, entry.material)
            sums[key] = sums.get(key, 0.0) + entry.share
    return sums
