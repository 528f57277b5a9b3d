"""Disruptions: what is imposed. One class a kind; `sim.model.effects` holds one pure function for each."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import ConfigDict, Field, model_validator

from sim.model.scenario.quantities import (
    Date,
    Days,
    Destinations,
    Flag,
    Fraction,
    Increase,
    Name,
    ProjectStatus,
    Selector,
    TonnesPerYear,
)
from sim.model.scenario.spec import FieldError, Spec
from sim.vocab import Stage


class Licence(Spec):
    """A licence regime: exports stop, then a rising share of the base flow is approved."""

    initial_stop_days: Days = Field(0.0, alias="initial_stop")
    """Time from the start in which nothing is approved."""
    ramp_days: Days = Field(0.0, alias="ramp")
    """Time over which approvals then rise, in a straight line, to their final share."""
    approval: Fraction
    """Share of the base flow that is approved in the end."""
    by_destination: dict[Name, Fraction] = Field(default_factory=dict)
    """Final share for single destinations (country, region or bloc:NAME), instead of `approval`."""


class Target(Spec):
    """Nodes, named in one way: by id, by operator, or by country with stage and material.

    Plain text stands for a node's id.
    """

    model_config = ConfigDict(json_schema_extra={"type": ["object", "string"]})

    node: Name | None = None
    """One node's id."""
    operator: Name | None = None
    """All nodes of an operator."""
    country: Name | None = None
    """All nodes of a country, region or bloc:NAME; narrow it by stage and material."""
    stage: Stage | None = None
    """Only nodes of this stage."""
    material: Selector | None = None
    """Only nodes that make it (end uses: that use it); may stand without a country."""

    @model_validator(mode="before")
    @classmethod
    def _plain_text_is_a_node(cls, data: Any) -> Any:
        """Let ``target: some.node`` stand for ``target: {node: some.node}``."""
        return {"node": data} if isinstance(data, str) else data

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        ways = [self.node is not None, self.operator is not None, self.by_place]
        if sum(ways) != 1 or (self.stage is not None and not self.by_place):
            raise ValueError(
                "must be named in one way: node, or operator, or country and/or material (and stage)"
            )
        return self

    @property
    def by_place(self) -> bool:
        """Whether the target is named by country or material."""
        return self.country is not None or self.material is not None


class Disruption(Spec):
    """What every disruption has."""

    label: Name | None = None
    """Name shown in the event log; the kind and its number when left out."""
    start: Date
    """First day: a date, or an offset from the scenario's start."""
    duration_days: Days | None = Field(None, alias="duration")
    """How long it holds; to the end of the run when left out."""


class ExportRestriction(Disruption):
    """A country stops or limits its exports of some materials.

    Exactly one of severity, quota and licence says how far. Goods in transit arrive; goods that stay inside
    the origin are not exports.
    """

    kind: Literal["export_restriction"] = "export_restriction"
    """The kind of disruption."""
    origin: Name
    """Country, region or bloc:NAME that restricts."""
    materials: Annotated[tuple[Selector, ...], Field(min_length=1)]
    """What is held back: commodities, single materials, or {containing: X}."""
    destinations: Destinations = "all"
    """Who is hit: all, or a list of countries, regions, bloc:NAME."""
    severity: Fraction | None = None
    """Share of the base flow that is withheld; 0 is no restriction at all."""
    quota_t_per_year: TonnesPerYear | None = Field(None, alias="quota")
    """One quota over all restricted materials and destinations, shared by base flow."""
    licence: Licence | None = None
    """A licence regime: a stop, then rising approvals."""
    leakage: Fraction = 0.0
    """Share of what is withheld that finds another way, later."""
    leakage_hubs: tuple[Name, ...] = ()
    """Countries that leaking goods pass; lead times follow from theirs."""
    end_use_checks: Flag = False
    """With true, goods cannot reach restricted users through destinations that are spared."""
    announced: Date | None = None
    """Day of the announcement, before the start: customers buy ahead from then on."""

    @model_validator(mode="after")
    def _one_rule(self) -> Self:
        given = [rule for rule in (self.severity, self.quota_t_per_year, self.licence) if rule is not None]
        if len(given) != 1:
            raise ValueError("needs exactly one of severity, quota, licence")
        if self.announced is not None and self.announced >= self.start:
            raise FieldError("announced", f"must be before the start, {self.start}")
        if self.leakage_hubs and self.leakage == 0.0:
            raise FieldError("leakage_hubs", "needs a leakage above 0")
        return self


class ProjectSlippage(Disruption):
    """Announced projects come later than the median path says, or not at all.

    Those that had their first output before the start are not touched. Without projects, country and status
    it means every project of the network.
    """

    kind: Literal["project_slippage"] = "project_slippage"
    """The kind of disruption."""
    projects: tuple[Name, ...] = ()
    """Which projects; all when empty."""
    country: Name | None = None
    """Only projects in this country."""
    status: ProjectStatus | None = None
    """Only parts of this status."""
    delay_days: Days = Field(0.0, alias="delay")
    """How much later than on the median path."""
    cancelled: Flag = False
    """With true, they never come."""

    @model_validator(mode="after")
    def _does_something(self) -> Self:
        if self.duration_days is not None:
            raise FieldError("duration", "has no meaning here: what slips comes later, see delay")
        if (self.delay_days > 0) == self.cancelled:
            raise ValueError("needs exactly one of delay above 0 and cancelled: true")
        return self


class CapacityLoss(Disruption):
    """Plants stand still, wholly or in part, and come back."""

    kind: Literal["capacity_loss"] = "capacity_loss"
    """The kind of disruption."""
    target: Target
    """Which nodes."""
    severity: Fraction = 1.0
    """Share of capacity that is lost."""
    recovery: Literal["step", "linear", "logistic"] = "step"
    """How capacity comes back after the duration: at once, in a line, or along a logistic curve."""
    recovery_time_days: Days = Field(0.0, alias="recovery_time")
    """How long coming back takes, for linear and logistic."""

    @model_validator(mode="after")
    def _recovery_time_fits(self) -> Self:
        if self.recovery == "step" and self.recovery_time_days > 0:
            raise FieldError("recovery_time", "needs recovery: linear or logistic; step comes back at once")
        if self.recovery != "step" and self.recovery_time_days == 0:
            raise FieldError("recovery", "needs a recovery_time above 0")
        return self


class DemandSurge(Disruption):
    """Users want more than usual."""

    kind: Literal["demand_surge"] = "demand_surge"
    """The kind of disruption."""
    users: Target | None = None
    """Which end uses; all when left out."""
    sectors: tuple[Name, ...] = ()
    """Only these sectors; all when empty."""
    increase: Increase
    """Of their demand."""
    ramp_days: Days = Field(0.0, alias="ramp")
    """Time over which demand rises, in a straight line."""


class RouteClosure(Disruption):
    """Narrow places of transport are closed: goods go round, later, or not at all."""

    kind: Literal["route_closure"] = "route_closure"
    """The kind of disruption."""
    chokepoints: Annotated[tuple[Name, ...], Field(min_length=1)]
    """Which, by their names in the table of chokepoints."""
    severity: Fraction = 1.0
    """Share of the traffic that cannot pass. What has a way round loses this share of the detour's time;
    what has none loses this share of its flow."""
    detour_days: Days | None = Field(None, alias="detour")
    """Extra time of the way round, for all chokepoints named; from the table when left out."""
