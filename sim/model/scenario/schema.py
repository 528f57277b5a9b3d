"""The scenario itself: when, on which network, what happens, what is done, what is watched."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Annotated, Any, Literal, Self

from pydantic import Field, PlainValidator, PrivateAttr, WithJsonSchema, model_validator

from sim.errors import suggestion
from sim.model.scenario.disruptions import CapacityLoss, ExportRestriction
from sim.model.scenario.quantities import FolderPath, Name, OrderCap, PositiveDays, StartDate, Switch, Text
from sim.model.scenario.readers import scenario_start
from sim.model.scenario.responses import StockpileBuild, StockpileRelease, Substitution, SurgeCapacity
from sim.model.scenario.spec import Spec
from sim.units import steps_up

AnyDisruption = Annotated[ExportRestriction | CapacityLoss, Field(discriminator="kind")]
AnyResponse = Annotated[
    StockpileRelease | StockpileBuild | Substitution | SurgeCapacity, Field(discriminator="kind")
]

PROJECTS = ("none", "operating", "construction", "financed", "permitting", "all")
_PLAIN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,79}")


def read_plain_name(value: object) -> str:
    """Read a name that can be a folder: letters, digits, _ and -."""
    if isinstance(value, str) and _PLAIN_NAME.fullmatch(value):
        return value
    raise ValueError("must be a plain name: letters, digits, _ and -, at most 80, no path parts")


def read_prices(value: object) -> Literal["off"]:
    """Read ``off``; prices come with a later version."""
    if value is False or value == "off":
        return "off"
    if value is True or value == "on":
        raise ValueError("is not available in this version; allowed: off")
    raise ValueError("must be off")


def read_projects(value: object) -> str:
    """Read the status that announced projects need to count."""
    if value in PROJECTS:
        return str(value)
    raise ValueError(f"is not a project status{suggestion(str(value), PROJECTS)}")


Prices = Annotated[Literal["off"], PlainValidator(read_prices), WithJsonSchema({"enum": ["off", False]})]
PlainName = Annotated[
    str, PlainValidator(read_plain_name), WithJsonSchema({"type": "string", "pattern": f"^{_PLAIN_NAME.pattern}$"})
]
ProjectStatus = Annotated[str, PlainValidator(read_projects), WithJsonSchema({"enum": list(PROJECTS)})]


class NetworkSpec(Spec):
    """Which network the scenario runs on: the shipped one, a folder's, or the shipped one with an overlay."""

    year: int = Field(2024, ge=1990, le=2100)
    """Base year of the shipped figures."""
    projects: ProjectStatus = "operating"
    """Announced projects of this status and better count."""
    folder: FolderPath | None = None
    """Read the whole network from this folder."""
    overlay: FolderPath | None = None
    """Add this folder's rows to the shipped network."""
    latent: Literal["none", "auto"] | None = None
    """Whether suppliers without base flow can be turned to; auto on the shipped network, none in a folder."""

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if self.folder is not None and self.overlay is not None:
            raise ValueError("give folder or overlay, not both")
        return self


class Behaviour(Spec):
    """Rules of behaviour; what is left out comes from the network's parameter table."""

    adjustment_time_days: PositiveDays | None = Field(None, alias="adjustment_time")
    """Time in which a user closes the gap to its target stock."""
    refill_time_days: PositiveDays | None = Field(None, alias="refill_time")
    """The same for a producer's finished goods."""
    forecast_time_days: PositiveDays | None = Field(None, alias="forecast_time")
    """Smoothing of use and of orders received."""
    switching_time_days: PositiveDays | None = Field(None, alias="switching_time")
    """Time in which supplier weights follow deliveries."""
    loyalty_time_days: PositiveDays | None = Field(None, alias="loyalty_time")
    """Time in which supplier weights return to the base year."""
    order_cap: OrderCap | None = None
    """A first-round order is at most this multiple of the established flow; off for no cap."""
    cover_spread: Switch | None = None
    """Whether nodes that stand for many firms run short early and gently."""
    resourcing: Switch | None = None
    """Whether users turn to other suppliers and stockpiles; off is fixed sourcing."""


class Scenario(Spec):
    """A question to the network, with its disruptions and responses."""

    name: PlainName
    """Name of the result folder."""
    title: Text = ""
    """One line for figures and tables."""
    description: Text = ""
    """Whose question this is, and what to look at."""
    start: StartDate
    """First day of the run."""
    horizon_days: PositiveDays = Field(alias="horizon")
    """How long the run is."""
    step: Literal["week", "day"] = "week"
    """Length of a step."""
    prices: Prices = "off"
    """Prices come with a later version."""
    network: NetworkSpec = NetworkSpec()
    """Which network."""
    disruptions: tuple[AnyDisruption, ...] = ()
    """What is imposed."""
    responses: tuple[AnyResponse, ...] = ()
    """What is chosen."""
    watch: tuple[Name, ...] = ("USA", "EUU", "JPN", "KOR")
    """Countries and regions that tables and figures show."""
    behaviour: Behaviour = Behaviour()
    """Rules of behaviour."""

    _positions: Mapping[str, str] = PrivateAttr(default_factory=dict)

    def __init__(self, /, **data: Any) -> None:
        with scenario_start(data.get("start")):
            super().__init__(**data)

    def __eq__(self, other: object) -> bool:
        """Compare content; where a scenario was read from does not count."""
        if not isinstance(other, Scenario):
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in type(self).model_fields)

    __hash__ = Spec.__hash__

    @property
    def step_days(self) -> int:
        """Days of a step."""
        return 7 if self.step == "week" else 1

    @property
    def n_steps(self) -> int:
        """Steps of the horizon, rounded up."""
        return max(1, steps_up(self.horizon_days, self.step_days))

    def locate(self, path: str) -> str:
        """Return ``file:line:column: path`` of a field such as ``disruptions[0].origin``.

        Falls back to the nearest enclosing place that the file has; to ``scenario`` without a file.
        """
        part = path
        while part:
            if part in self._positions:
                return f"{self._positions[part]}: {path}"
            part = re.sub(r"(\.[^.\[\]]+|\[\d+\]|^[^.\[\]]+)$", "", part)
        return f"{self._positions.get('', 'scenario')}: {path}"

    def with_changes(self, **changes: Any) -> Scenario:
        """Return a validated copy with some fields changed."""
        data = {name: getattr(self, name) for name in type(self).model_fields}
        copy = Scenario(**(data | changes))
        copy._positions = self._positions
        return copy

    def baseline(self) -> Scenario:
        """Return the same run without disruptions and responses."""
        return self.with_changes(disruptions=(), responses=())


def end_of(scenario: Scenario) -> date:
    """Return the first day after the horizon."""
    return scenario.start + timedelta(days=scenario.n_steps * scenario.step_days)
