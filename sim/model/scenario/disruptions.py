"""Disruptions: what is imposed. One class a kind; `sim.model.effects` holds one pure function for each."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, PlainValidator, WithJsonSchema, model_validator

from sim.errors import suggestion
from sim.model.scenario.quantities import Date, Days, Flag, Fraction, Name, Selector, TonnesPerYear
from sim.model.scenario.spec import Spec
from sim.vocab import Stage


def read_destinations(value: object) -> Literal["all"] | tuple[str, ...]:
    """Read ``all`` or a list of countries, regions and blocs."""
    if value == "all":
        return "all"
    if isinstance(value, list | tuple) and value and all(isinstance(item, str) and item for item in value):
        return tuple(value)
    raise ValueError("must be 'all' or a list of countries, regions or bloc:NAME")


def read_stage(value: object) -> Stage:
    """Read a stage's name."""
    if value in list(Stage):
        return Stage(str(value))
    raise ValueError(f"is not a stage{suggestion(str(value), list(Stage))}")


Destinations = Annotated[
    Any,
    PlainValidator(read_destinations),
    WithJsonSchema({"anyOf": [{"const": "all"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}]}),
]
StageName = Annotated[Stage, PlainValidator(read_stage), WithJsonSchema({"enum": [str(s) for s in Stage]})]


class Licence(Spec):
    """A licence regime: exports stop, then a rising share of the base flow is approved."""

    initial_stop_days: Days = Field(0.0, alias="initial_stop")
    """Time in which nothing is approved."""
    ramp_days: Days = Field(0.0, alias="ramp")
    """Time over which approvals then rise, in a straight line, to their final share."""
    approval: Fraction = 1.0
    """Share of the base flow that is approved in the end."""
    by_destination: dict[Name, Fraction] = Field(default_factory=dict)
    """Final share for single destinations: country, region or bloc:NAME."""


class Target(Spec):
    """Nodes, named in one way: by id, by operator, or by country with stage and material."""

    node: Name | None = None
    """One node's id."""
    operator: Name | None = None
    """All nodes of an operator."""
    country: Name | None = None
    """All nodes of a country, region or bloc:NAME; narrow it by stage and material."""
    stage: StageName | None = None
    """Only nodes of this stage."""
    material: Selector | None = None
    """Only nodes that make it (end uses: that use it)."""

    @model_validator(mode="before")
    @classmethod
    def _plain_text_is_a_node(cls, data: Any) -> Any:
        """Let ``target: some.node`` stand for ``target: {node: some.node}``."""
        return {"node": data} if isinstance(data, str) else data

    @model_validator(mode="after")
    def _one_way(self) -> Target:
        ways = [self.node is not None, self.operator is not None, self.by_place]
        if sum(ways) != 1 or (self.stage is not None and not self.by_place):
            raise ValueError("name the target in one way: node, operator, or country and/or material (with stage)")
        return self

    @property
    def by_place(self) -> bool:
        """Whether the target is named by country or material."""
        return self.country is not None or self.material is not None


class Disruption(Spec):
    """What every disruption has."""

    label: Name | None = None
    """Name shown in the event log."""
    start: Date
    """First day."""
    duration_days: Days | None = Field(None, alias="duration")
    """How long it holds; to the end of the run when left out."""


class ExportRestriction(Disruption):
    """A country stops or limits its exports of some materials.

    Exactly one of severity, quota and licence says how far.
    """

    kind: Literal["export_restriction"] = "export_restriction"
    origin: Name
    """Country, region or bloc:NAME that restricts."""
    materials: tuple[Selector, ...] = Field(min_length=1)
    """What is held back."""
    destinations: Destinations = "all"
    """Who is hit: all, or countries, regions, bloc:NAME."""
    severity: Fraction | None = None
    """Share of the base flow that is withheld; 0 is no restriction at all."""
    quota_t_per_year: TonnesPerYear | None = Field(None, alias="quota")
    """One quota over all restricted materials and destinations, shared by base flow."""
    licence: Licence | None = None
    """A licence regime."""
    leakage: Fraction = 0.0
    """Share of what is withheld that finds a way through hubs, later."""
    leakage_hubs: tuple[Name, ...] = ()
    """Countries that leaking goods pass; lead times follow from theirs."""
    end_use_checks: Flag = False
    """With true, goods cannot reach restricted users through destinations that are spared."""
    announced: Date | None = None
    """Date of the announcement, before the start: customers buy ahead from then on."""

    @model_validator(mode="after")
    def _one_rule(self) -> ExportRestriction:
        given = [x for x in (self.severity, self.quota_t_per_year, self.licence) if x is not None]
        if len(given) != 1:
            raise ValueError("give exactly one of severity, quota, licence")
        if self.announced is not None and self.announced > self.start:
            raise ValueError(f"announced {self.announced} lies after the start {self.start}")
        return self


class CapacityLoss(Disruption):
    """Plants stand still, wholly or in part, and come back."""

    kind: Literal["capacity_loss"] = "capacity_loss"
    target: Target
    """Which nodes."""
    severity: Fraction = 1.0
    """Share of capacity that is lost."""
    recovery: Literal["step", "linear", "logistic"] = "step"
    """How capacity comes back after the duration."""
    recovery_time_days: Days = Field(0.0, alias="recovery_time")
    """How long that takes, for linear and logistic."""
