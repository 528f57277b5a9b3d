"""Names of everything that a record holds by number."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class NodeLabel:
    """A recorded node."""

    id: str
    country: str
    stage: str
    material: str
    """Main output material; for end use the sector."""
    sector: str
    """Sector name when the node counts among the sectors, else empty."""
    unit: str
    """Unit of its activity."""
    output_per_unit: float
    """t of the main output per unit of activity; 0 for end use."""
    value_added_usd_per_unit: float


@dataclass(frozen=True, slots=True)
class ProjectLabel:
    """A part of an announced project, with its course in the run and in the baseline."""

    project: str
    name: str
    country: str
    node: str
    material: str
    unit: str
    status: str
    in_list: bool
    success: float
    """Odds in the run."""
    built: bool
    first_output: str
    """ISO date in the run; empty where none was announced or the median path does not build it."""
    baseline_first_output: str
    running: bool
    """It ran in the base year."""
    capacity_per_year: float


@dataclass(frozen=True, slots=True)
class RunLabels:
    """Names of the record's columns and what the summary needs to know of them.

    Attributes
    ----------
    groups : tuple of (material, country)
        Column by column of the group histories.
    group_units : tuple of str
        Basis of each group's tonnes.
    nodes : tuple of NodeLabel
    piles : tuple of (stockpile, country, material)
    pile_price_usd_per_t : tuple of float
        Reference price, nan where the tables have none.
    arcs : tuple of (supplier, customer, material)
    watch : tuple of str
        Countries that the summary and the figures show.
    projects : tuple of ProjectLabel
    """

    groups: tuple[tuple[str, str], ...]
    group_units: tuple[str, ...]
    nodes: tuple[NodeLabel, ...]
    piles: tuple[tuple[str, str, str], ...]
    pile_price_usd_per_t: tuple[float, ...]
    arcs: tuple[tuple[str, str, str], ...]
    watch: tuple[str, ...]
    projects: tuple[ProjectLabel, ...] = ()
