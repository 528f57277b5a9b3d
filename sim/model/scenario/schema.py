"""The scenario itself: when, on which network, what happens, what is done, what is watched."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Annotated, Any, Literal, Self

from pydantic import Field, ModelWrapValidatorHandler, PrivateAttr, ValidationError, model_validator

from sim.model.scenario.disruptions import (
    CapacityLoss,
    DemandSurge,
    ExportRestriction,
    ProjectSlippage,
    RouteClosure,
)
from sim.model.scenario.quantities import (
    FileName,
    FolderPath,
    Name,
    OrderCap,
    PositiveDays,
    Prices,
    StartDate,
    Switch,
    Text,
    Year,
)
from sim.model.scenario.readers import scenario_start
from sim.model.scenario.responses import (
    DemandRestraint,
    FundProject,
    MandatoryCover,
    PreferentialAllocation,
    RecyclingBoost,
    StockpileBuild,
    StockpileRelease,
    Substitution,
    SurgeCapacity,
)
from sim.model.scenario.spec import FieldError, Spec
from sim.units import steps_up

AnyDisruption = Annotated[
    ExportRestriction | CapacityLoss | DemandSurge | RouteClosure | ProjectSlippage,
    Field(discriminator="kind"),
]
AnyResponse = Annotated[
    StockpileRelease
    | StockpileBuild
    | Substitution
    | SurgeCapacity
    | PreferentialAllocation
    | MandatoryCover
    | RecyclingBoost
    | DemandRestraint
    | FundProject,
    Field(discriminator="kind"),
]


class NetworkSpec(Spec):
    """Which network the scenario runs on: the shipped one, a folder's, or the shipped one with an overlay."""

    year: Year = 2024
    """Base year of the shipped figures."""
    projects: Literal["none", "operating", "construction", "financed", "permitting", "all"] = "none"
    """Announced projects of this status and better come in run and baseline; in the shipped network alone."""
    folder: FolderPath | None = None
    """Read the whole network from this folder."""
    overlay: FolderPath | None = None
    """Add this folder's rows to the shipped network."""
    latent: Literal["none", "auto"] | None = None
    """Whether suppliers without base flow can be turned to; auto on the shipped network, none in a folder."""

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if self.folder is not None and self.overlay is not None:
            raise FieldError("overlay", "excludes folder; give one of the two")
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

    name: FileName
    """Name of the result folder; in a file that extends another, the file's own name when left out."""
    title: Text = ""
    """One line for figures and tables."""
    description: Text = ""
    """Whose question this is, and what to look at."""
    start: StartDate
    """First day of the run."""
    horizon_days: PositiveDays = Field(alias="horizon")
    """How long the run is: at least one step, at most 200 years."""
    step: Literal["week", "day"] = "week"
    """Length of a step."""
    prices: Prices = "off"
    """Whether prices move; only off in this version."""
    network: NetworkSpec = NetworkSpec()
    """Which network."""
    disruptions: tuple[AnyDisruption, ...] = ()
    """What is imposed."""
    responses: tuple[AnyResponse, ...] = ()
    """What is chosen."""
    watch: Annotated[tuple[Name, ...], Field(min_length=1)] = ("USA", "EUU", "JPN", "KOR")
    """Countries and regions that tables and figures show."""
    behaviour: Behaviour = Behaviour()
    """Rules of behaviour."""

    _positions: Mapping[str, str] = PrivateAttr(default_factory=dict)

    @model_validator(mode="wrap")
    @classmethod
    def _offsets_count_from_start(cls, data: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        """Let offsets such as ``+20 days`` anywhere inside count from the scenario's own start."""
        with scenario_start(data.get("start") if isinstance(data, Mapping) else None):
            return handler(data)

    @model_validator(mode="after")
    def _one_step_at_least(self) -> Self:
        if self.horizon_days < self.step_days:
            raise FieldError("horizon", f"is shorter than one step of {self.step_days} days")
        return self

    def __eq__(self, other: object) -> bool:
        """Compare content; where a scenario was read from does not count."""
        if not isinstance(other, Scenario):
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in type(self).model_fields)

    def __hash__(self) -> int:
        return hash((self.name, self.start, self.horizon_days))  # some fields are mappings

    @property
    def step_days(self) -> int:
        """Days of a step."""
        return 7 if self.step == "week" else 1

    @property
    def n_steps(self) -> int:
        """Steps of the horizon, rounded up."""
        return max(1, steps_up(self.horizon_days, self.step_days))

    @property
    def end(self) -> date:
        """First day after the last step."""
        return self.start + timedelta(days=self.n_steps * self.step_days)

    @property
    def positions(self) -> Mapping[str, str]:
        """``file:line:column`` by path, for what was read from a file."""
        return self._positions

    def locate(self, path: str) -> str:
        """Return ``file:line:column: path`` of a field such as ``disruptions[0].origin``.

        Falls back to the nearest enclosing place that the file has; to ``scenario`` for what was made in
        Python.
        """
        shown = file_path(path)
        part = shown
        while part and part not in self._positions:
            part = part[: max(part.rfind("."), part.rfind("["), 0)]
        return f"{self._positions.get(part, 'scenario')}: {shown}"

    def with_changes(self, **changes: Any) -> Scenario:
        """Return a checked copy with some fields changed.

        Raises
        ------
        ScenarioError
            If a changed value is not allowed.
        """
        data = {name: getattr(self, name) for name in type(self).model_fields}
        for name, key in type(self).keys().items():
            if key in changes:
                data.pop(name)
        try:
            copy = Scenario.model_validate(data | changes)
        except ValidationError as error:
            from sim.model.scenario.faults import scenario_error  # it needs this module

            raise scenario_error(error) from None
        roots = {file_path(name) for name in changes}
        kept = {path: place for path, place in self._positions.items() if _root(path) not in roots}
        copy._positions = kept | dict.fromkeys(roots, "scenario")
        return copy

    def baseline(self) -> Scenario:
        """Return the same run without disruptions and responses."""
        return self.with_changes(disruptions=(), responses=())


def _kinds_of(model: type[Spec]) -> Iterator[type[Spec]]:
    """Yield a model and all that derive from it."""
    yield model
    for derived in model.__subclasses__():
        yield from _kinds_of(derived)


_FILE_KEYS = {name: key for model in _kinds_of(Spec) for name, key in model.keys().items()}


def file_path(path: str) -> str:
    """Return a path with the keys that files write: ``horizon`` for ``horizon_days``."""
    return re.sub(r"[A-Za-z_]+", lambda word: _FILE_KEYS.get(word[0], word[0]), path)


def _root(path: str) -> str:
    """Return the first key of a path."""
    return re.split(r"[.\[]", path, maxsplit=1)[0]
