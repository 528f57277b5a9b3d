"""Responses: what is chosen. One class a kind; `sim.model.effects` holds one pure function for each."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from sim.model.scenario.disruptions import Target
from sim.model.scenario.quantities import (
    CoverDays,
    Date,
    Days,
    Destinations,
    Fraction,
    Increase,
    Name,
    PositiveDays,
    PositiveFraction,
    Priority,
    PurchaseRate,
    Ratio,
    ReleaseRate,
    Selector,
    StockAmount,
    Usd,
)
from sim.model.scenario.spec import FieldError, Spec


class Trigger(Spec):
    """What starts a response: a state of the members, or a date. Exactly one is given."""

    fill_rate_below: PositiveFraction | None = None
    """Granted over ordered, mean of four weeks, before stockpiles help."""
    days_of_cover_below: CoverDays | None = None
    """Stock on hand over use, days."""
    price_above: Ratio | None = None
    """Spot price over its base; needs prices."""
    on: Date | None = None
    """A date."""

    @model_validator(mode="after")
    def _one_condition(self) -> Self:
        values = (self.fill_rate_below, self.days_of_cover_below, self.price_above, self.on)
        if sum(value is not None for value in values) != 1:
            raise ValueError("needs exactly one of fill_rate_below, days_of_cover_below, price_above, on")
        if self.price_above is not None:
            raise FieldError("price_above", "needs prices: on, which is not available in this version")
        return self


class Response(Spec):
    """What every response has."""

    label: Name | None = None
    """Name shown in the event log."""


class StockpileRelease(Response):
    """A stockpile serves what its members cannot get elsewhere."""

    kind: Literal["stockpile_release"] = "stockpile_release"
    """The kind of response."""
    stockpile: Name
    """Name of a stockpile of the network or of a stockpile_build."""
    materials: Annotated[tuple[Selector, ...], Field(min_length=1)] | None = None
    """Which of its materials; all when left out."""
    trigger: Trigger
    """What opens it."""
    rate: ReleaseRate | None = None
    """Most that leaves, for each material; no limit when left out."""
    delay_days: Days = Field(0.0, alias="delay")
    """Time from the trigger to the first delivery."""
    duration_days: Days | None = Field(None, alias="duration")
    """How long it stays open; to the end when left out."""
    priority: Priority | None = None
    """Serve only users of this priority class or better; all when left out."""
    order_of_use: Literal["stockpile_first", "own_stock_first"] = "stockpile_first"
    """Whether users draw on the stockpile before their own stocks are gone."""


class Purchase(Spec):
    """How a stockpile buys in calm times."""

    target: StockAmount
    """Stock to reach."""
    rate: PurchaseRate
    """Most that is bought, for each material."""
    budget_usd: Usd | None = Field(None, alias="budget")
    """Money for all materials together; shared by the cost of what is missing."""
    premium: Fraction = 0.0
    """Paid above the reference price."""
    start: Date | None = None
    """First day of buying; the start of the run when left out."""


class StockpileBuild(Response):
    """A stockpile is set up, with an opening stock, purchases, or both."""

    kind: Literal["stockpile_build"] = "stockpile_build"
    """The kind of response."""
    stockpile: Name
    """Its name."""
    country: Name
    """Where it lies."""
    members: Annotated[tuple[Name, ...], Field(min_length=1)]
    """Whom it serves: countries, regions, bloc:NAME."""
    materials: Annotated[tuple[Selector, ...], Field(min_length=1)]
    """What it holds."""
    opening: StockAmount | None = None
    """Stock on the first day."""
    purchase: Purchase | None = None
    """How it buys."""

    @model_validator(mode="after")
    def _holds_something(self) -> Self:
        if self.opening is None and self.purchase is None:
            raise ValueError("needs opening, purchase or both")
        return self


class FundProject(Response):
    """Public money for an announced project: better odds, an earlier start, or both.

    On the median path a project is built where its odds are one half or better.
    """

    kind: Literal["fund_project"] = "fund_project"
    """The kind of response."""
    project: Name
    """Id in the register, or all."""
    odds: Fraction = 0.0
    """Added to the probability that it is built."""
    earlier_days: Days = Field(0.0, alias="earlier")
    """How much sooner than on the median path; never before the announced date or the start of the run."""

    @model_validator(mode="after")
    def _does_something(self) -> Self:
        if self.odds == 0.0 and self.earlier_days == 0.0:
            raise ValueError("needs odds, earlier or both above 0")
        return self


def _one_start(start: date | None, trigger: Trigger | None) -> None:
    """Refuse a response with both or neither of start and trigger."""
    if (start is None) == (trigger is None):
        raise ValueError("needs exactly one of start and trigger")


class Substitution(Response):
    """Users come to need less of a material."""

    kind: Literal["substitution"] = "substitution"
    """The kind of response."""
    material: Selector
    """What is replaced."""
    substitute: Name | None = None
    """Material of the network that takes its place; outside the model when left out."""
    users: Target | None = None
    """Who substitutes; all users when left out."""
    sectors: tuple[Name, ...] = ()
    """Only these sectors; all when empty."""
    max_share: Fraction
    """Share of the use that can be replaced in the end."""
    substitute_per_unit: Ratio = 1.0
    """t of substitute for each t replaced."""
    time_constant_days: PositiveDays = Field(alias="time_constant")
    """Time in which 63% of that is done."""
    start: Date | None = None
    """First day."""
    trigger: Trigger | None = None
    """Or what starts it."""
    duration_days: Days | None = Field(None, alias="duration")
    """How long it holds; to the end when left out."""

    @model_validator(mode="after")
    def _starts_once(self) -> Self:
        _one_start(self.start, self.trigger)
        return self


class SurgeCapacity(Response):
    """Plants add capacity in an emergency."""

    kind: Literal["surge_capacity"] = "surge_capacity"
    """The kind of response."""
    target: Target
    """Which nodes."""
    increase: Increase
    """Of their capacity."""
    delay_days: Days = Field(0.0, alias="delay")
    """Time before the first addition."""
    ramp_days: Days = Field(0.0, alias="ramp")
    """Time over which it is added, in a straight line."""
    start: Date | None = None
    """First day."""
    trigger: Trigger | None = None
    """Or what starts it."""
    duration_days: Days | None = Field(None, alias="duration")
    """How long it holds after the delay; to the end when left out."""

    @model_validator(mode="after")
    def _starts_once(self) -> Self:
        _one_start(self.start, self.trigger)
        return self


class DatedResponse(Response):
    """A response that begins on a date."""

    start: Date
    """First day."""
    duration_days: Days | None = Field(None, alias="duration")
    """How long it holds; to the end when left out."""


class PreferentialAllocation(DatedResponse):
    """Suppliers that run short serve some customers before others of their class."""

    kind: Literal["preferential_allocation"] = "preferential_allocation"
    """The kind of response."""
    suppliers: Destinations = "all"
    """Whose plants prefer: all, or a list of countries, regions, bloc:NAME."""
    customers: Destinations = "all"
    """Whom they prefer: all, or a list of countries, regions, bloc:NAME."""
    sectors: tuple[Name, ...] = ()
    """Only customers of these sectors; all, plants too, when empty."""
    materials: tuple[Selector, ...] = ()
    """Of which materials; all when empty."""

    @model_validator(mode="after")
    def _prefers_somebody(self) -> Self:
        if self.customers == "all" and not self.sectors:
            raise ValueError("needs customers or sectors: who is preferred to everybody is not preferred")
        return self


class MandatoryCover(DatedResponse):
    """Users must hold a stock of at least so many days of use."""

    kind: Literal["mandatory_cover"] = "mandatory_cover"
    """The kind of response."""
    countries: Annotated[tuple[Name, ...], Field(min_length=1)]
    """Whose users: countries, regions, bloc:NAME."""
    materials: Annotated[tuple[Selector, ...], Field(min_length=1)]
    """Of what."""
    cover_days: CoverDays = Field(alias="cover")
    """Days of base-year use to hold."""
    build_up_days: Days = Field(0.0, alias="build_up")
    """Time over which it is to be reached, in a straight line."""


class RecyclingBoost(DatedResponse):
    """More scrap is collected and recovered, and recyclers can take it."""

    kind: Literal["recycling_boost"] = "recycling_boost"
    """The kind of response."""
    countries: Destinations = "all"
    """Where: all, or a list of countries, regions, bloc:NAME."""
    materials: tuple[Selector, ...] = ()
    """Of what the recyclers make; everything when empty."""
    increase: Increase
    """Of the share of scrap that comes back (to 100% at most), and of recyclers' capacity."""
    ramp_days: Days = Field(0.0, alias="ramp")
    """Time over which it is reached, in a straight line."""


class DemandRestraint(DatedResponse):
    """Users are made, or choose, to want less."""

    kind: Literal["demand_restraint"] = "demand_restraint"
    """The kind of response."""
    users: Target | None = None
    """Which end uses; all when left out."""
    sectors: tuple[Name, ...] = ()
    """Only these sectors; all when empty."""
    reduction: Fraction
    """Of their demand."""
    ramp_days: Days = Field(0.0, alias="ramp")
    """Time over which demand falls, in a straight line."""
