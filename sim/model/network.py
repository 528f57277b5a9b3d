"""The network: materials, nodes with recipes, arcs, stockpiles, scrap sources; frozen once built.

A *node* turns inputs into outputs in one place; an *arc* carries one material from a supplier's port
to a customer's slot. Quantities are t/year of the material's declared basis and days; the engine's
arrays (t per step, steps) are made from these by `sim.model.compile`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

from sim.errors import NetworkError, suggestion
from sim.model.announced import Announced
from sim.vocab import DEFAULT_PRIORITY, Evidence, NodeStatus, Stage

if TYPE_CHECKING:
    import networkx as nx


@dataclass(frozen=True, slots=True)
class Material:
    """A commodity in one form with one declared mass basis."""

    id: str
    """``commodity/form``, such as ``gallium/primary_metal``."""
    commodity: str
    form: str
    basis: str = "t"
    """What a tonne is a tonne of, such as ``t Ga`` or ``t REO``."""
    price_usd_per_t: float = math.nan
    demand_elasticity: float = 0.0


@dataclass(frozen=True, slots=True)
class Input:
    """One input slot of a node."""

    material: str
    input_per_unit: float
    """t per unit of activity (1 / yield)."""
    cover_days: float = 0.0
    """Input stock held, in days of planned use."""
    essential: float = 1.0
    """Share of the using activity that is lost when the input is absent."""
    share: float = 1.0
    """Share of the node's activity that uses the input."""
    line: str = ""
    """Product line; the largest loss within a line counts, lines add."""


@dataclass(frozen=True, slots=True)
class Output:
    """One output port of a node."""

    material: str
    output_per_unit: float = 1.0
    """t per unit of activity."""
    drives: bool = True
    """Orders for this output call for activity."""
    disposable: bool = False
    """What stands above the port's target goes to the booked surplus sink."""


@dataclass(frozen=True, slots=True)
class Node:
    """A producing, using or recycling place: one process in one country, or a named facility."""

    id: str
    stage: Stage
    country: str
    inputs: tuple[Input, ...] = ()
    outputs: tuple[Output, ...] = ()
    planned_per_year: float = 0.0
    """Activity of the base year, units/year; for end use the demand."""
    capacity_per_year: float = math.inf
    sector: str = ""
    """Plain name of the sector (end use, or processing with value added)."""
    operator: str = ""
    activity_unit: str = "t"
    process: str = ""
    """Process that the node was built from; empty in a user's network."""
    output_cover_days: float = 0.0
    value_added_usd_per_unit: float = math.nan
    growth_per_year: float = 0.0
    deferred_fraction: float = 0.0
    priority: int = DEFAULT_PRIORITY
    status: NodeStatus = NodeStatus.OPERATING
    must_run_share: float = 0.0
    storage_days: float = 0.0
    process_days: float = 0.0
    restart_days: float = 0.0
    aggregate: bool = False
    host: str = ""
    host_ratio: float = math.inf
    unit_cost_usd_per_t: float = math.nan

    @property
    def is_end_use(self) -> bool:
        """Whether the node is a final user."""
        return self.stage is Stage.END_USE


@dataclass(frozen=True, slots=True)
class Arc:
    """A trade link of one material; at most one for each (supplier, customer, material)."""

    supplier: str
    customer: str
    material: str
    flow_t_per_year: float
    """Flow of the base year; 0 for a latent arc."""
    lead_time_days: float
    capacity_t_per_year: float = math.inf
    route: tuple[str, ...] = ()
    """Chokepoints passed."""
    priority: int | None = None
    """1 is served first; None takes the customer's priority."""
    qualification_days: float = 0.0
    """Time before a latent arc may carry anything."""
    evidence: Evidence = Evidence.ESTIMATED

    @property
    def key(self) -> tuple[str, str, str]:
        """(supplier, customer, material)."""
        return (self.supplier, self.customer, self.material)


@dataclass(frozen=True, slots=True)
class Stockpile:
    """A strategic stock of one material, released by decision, for members only."""

    id: str
    country: str
    material: str
    members: tuple[str, ...]
    """Countries, regions or blocs that it serves."""
    opening_t: float
    target_t: float
    release_t_per_day: float = math.inf
    release_delay_days: float = 0.0
    purchase_t_per_day: float = 0.0
    budget_usd: float = math.inf


@dataclass(frozen=True, slots=True)
class ScrapSource:
    """Scrap that a recycling node collects from one process node or end use."""

    node: str
    """The recycling node."""
    scrap_of: str
    """The node where the scrap arises."""
    material: str
    """The input of `scrap_of` that becomes scrap."""
    lifetime_days: float = 0.0
    spread: float = 0.5
    """Standard deviation of the lifetime over its mean."""
    collection: float = 1.0
    recovery: float = 1.0


@dataclass(frozen=True, slots=True)
class BuildReport:
    """What the construction of a network had to assume; see `sim check`.

    Attributes
    ----------
    materials : tuple of dict
        One row a material: production, use, gap_before, residual, closure ...
    moves : tuple of dict
        One row a reconciled quantity: quantity, prior, value, sigma, x_over_sigma, flag, accepted_reason.
    shares : tuple of dict
        One row a known trade share: customer, supplier, share, fitted, dropped_reason.
    warnings : tuple of str
    """

    materials: tuple[Mapping[str, object], ...] = ()
    moves: tuple[Mapping[str, object], ...] = ()
    shares: tuple[Mapping[str, object], ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Network:
    """Nodes and arcs with a steady base year, ready for a scenario."""

    name: str
    year: int
    materials: Mapping[str, Material]
    nodes: Mapping[str, Node]
    arcs: tuple[Arc, ...]
    stockpiles: tuple[Stockpile, ...] = ()
    scrap: tuple[ScrapSource, ...] = ()
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Members by region (``EUU``) or bloc (``FORGE``)."""
    country_names: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """English and Japanese name by country code."""
    parameters: Mapping[str, float] = field(default_factory=dict)
    """Behaviour defaults, from `parameters.csv`."""
    detour_days: Mapping[str, float] = field(default_factory=dict)
    """Extra days of the way around a closed chokepoint; one that is not listed has none."""
    tables_hash: str = ""
    announced: Announced = field(default_factory=Announced)
    """Projects and redirects, at rest in the base year."""
    report: BuildReport = field(default_factory=BuildReport)

    def __post_init__(self) -> None:
        for name in ("materials", "nodes", "groups", "country_names", "parameters", "detour_days"):
            object.__setattr__(self, name, MappingProxyType(dict(getattr(self, name))))

    @property
    def countries(self) -> tuple[str, ...]:
        """Sorted codes of every country or region that holds a node."""
        return tuple(sorted({node.country for node in self.nodes.values()}))

    def members(self, name: str) -> tuple[str, ...]:
        """Return the country codes that a country, region or ``bloc:NAME`` stands for.

        A region such as ``EUU`` stands for itself (its consuming node) and its members.

        Raises
        ------
        NetworkError
            If the name is neither a country with a node nor a group.
        """
        plain = name.removeprefix("bloc:")
        listed = self.groups.get(plain)
        if name.startswith("bloc:") and listed is None:
            raise NetworkError(f"'{name}' is not a bloc{suggestion(plain, self.groups)}")
        found: list[str] = [] if name.startswith("bloc:") else [plain]
        for member in listed or ():
            found.extend((member, *self.groups.get(member, ())))
        found = list(dict.fromkeys(found))
        if listed is None and plain not in self.countries:
            raise NetworkError(f"'{name}' is not a country of this network{self._country_like(plain)}")
        return tuple(found)

    def _country_like(self, name: str) -> str:
        """Return which code was meant by a misspelt code or a country's name, for messages."""
        known = [*self.countries, *self.groups]
        for code in known:
            if name.lower() in (spelled.lower() for spelled in self.country_names.get(code, ())):
                return f"; did you mean '{code}'?"
        return suggestion(name, known)

    def select_materials(self, selector: str) -> tuple[str, ...]:
        """Return the material ids that a selector names, sorted.

        Parameters
        ----------
        selector : str
            A commodity (``gallium``: all its forms), one material (``gallium/primary_metal``), or
            ``containing: dysprosium`` (every material that leads back to it through inputs of
            essential >= 0.5).

        Raises
        ------
        NetworkError
            If nothing has that name.
        """
        text = selector.strip()
        if text.startswith("containing:"):
            seed = self.select_materials(text.removeprefix("containing:"))
            return tuple(sorted(self._descendants(set(seed))))
        if text in self.materials:
            return (text,)
        found = sorted(m.id for m in self.materials.values() if m.commodity == text)
        if not found:
            commodities = sorted({m.commodity for m in self.materials.values()})
            raise NetworkError(
                f"'{selector}' is not a material or commodity of this network"
                f"{suggestion(text, [*commodities, *self.materials])}"
            )
        return tuple(found)

    def _descendants(self, reached: set[str]) -> set[str]:
        """Follow inputs of essential >= 0.5 from `reached` to the products they lead to."""
        grown = True
        while grown:
            grown = False
            for node in self.nodes.values():
                if not any(i.material in reached and i.essential >= 0.5 for i in node.inputs):
                    continue
                for output in node.outputs:
                    if output.material not in reached:
                        reached.add(output.material)
                        grown = True
        return reached

    def suppliers_of(self, material: str) -> Iterator[Node]:
        """Yield the nodes with a port of `material`."""
        return (n for n in self.nodes.values() if any(o.material == material for o in n.outputs))

    def users_of(self, material: str) -> Iterator[Node]:
        """Yield the nodes with a slot of `material`."""
        return (n for n in self.nodes.values() if any(i.material == material for i in n.inputs))

    def graph(self, *, latent: bool = False) -> nx.DiGraph[str]:
        """Return the network as a networkx DiGraph for questions of topology.

        Parameters
        ----------
        latent : bool
            Also include arcs without base flow.

        Returns
        -------
        networkx.DiGraph
            Nodes carry stage, country, sector, planned_per_year, capacity_per_year; edges carry
            `materials` (a dict of t/year by material), flow_t_per_year (their sum) and lead_time_days
            (the shortest). Scrap returns are edges with ``scrap=True``.
        """
        from sim.model.topology import to_digraph

        return to_digraph(self, latent=latent)
