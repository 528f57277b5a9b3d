"""Readers of quantities: text with a unit, or a number, to a checked plain value.

A YAML key without a unit in its name (``duration``) takes text that says the unit (``52 weeks``); the
attribute name (``duration_days``) takes a number in the unit it names. `Spec` in `spec.py` wraps such
numbers in `InNamedUnit` before the readers see them. A reader raises `UnitError` with a text that goes on
from ``field = value``; `faults.py` puts file, line, field and value before it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

from sim.errors import UnitError, suggestion
from sim.model.scenario.texts import read_name
from sim.units import DAYS_PER_UNIT, parse_date, parse_days, parse_fraction
from sim.vocab import DAYS_PER_YEAR

MAX_DAYS = 200 * DAYS_PER_YEAR  # the longest horizon: beyond it dates and step counts stop making sense
MAX_TONNES_PER_YEAR = 1e12  # a thousand times world mining of everything; catches slips of unit
FIRST_DATE, LAST_DATE = date(1900, 1, 1), date(2200, 1, 1)

_NUMBER = r"[+-]?[0-9]*\.?[0-9]+(?:[eE][+-]?[0-9]+)?"
_MASS = {"t": 1.0, "kt": 1e3, "Mt": 1e6, "kg": 1e-3}
_AMOUNT = re.compile(rf"\s*({_NUMBER})\s*([A-Za-z]+)\s*(?:/\s*([A-Za-z]+))?\s*")
_SHARE_RATE = re.compile(rf"\s*({_NUMBER}\s*%?)\s*/\s*([A-Za-z]+)\s*")
_MONEY = re.compile(rf"\s*({_NUMBER})\s*(thousand|million|billion|trillion)?\s*USD\s*")
_MONEY_WORDS = {None: 1.0, "thousand": 1e3, "million": 1e6, "billion": 1e9, "trillion": 1e12}
_UNREADABLE_START = date(2000, 1, 1)  # stands in for a faulty scenario start, which is its own fault

_scenario_start: ContextVar[date | None] = ContextVar("scenario_start", default=None)


class InNamedUnit(float):
    """A bare number given under an attribute name, and so in the unit that the name says."""


@dataclass(frozen=True, slots=True)
class Amount:
    """How much a stockpile holds or is to hold: days of its members' use, or tonnes by material.

    Exactly one of the two is given.
    """

    days_of_use: float | None = None
    """Days of the members' base-year use of each material."""
    t_by_material: Mapping[str, float] | None = None
    """t by material selector, in the basis of each material."""

    def __post_init__(self) -> None:
        if (self.days_of_use is None) == (self.t_by_material is None):
            raise UnitError("an amount is either days of use or tonnes by material")


@dataclass(frozen=True, slots=True)
class Rate:
    """How fast a stockpile buys or releases, for each of its materials. Exactly one is given."""

    t_per_day: float | None = None
    days_of_use_per_year: float | None = None
    """Days of the members' base-year use, each year."""
    share_per_week: float | None = None
    """Share of the opening stock, each week."""

    def __post_init__(self) -> None:
        given = [v for v in (self.t_per_day, self.days_of_use_per_year, self.share_per_week) if v is not None]
        if len(given) != 1:
            raise UnitError("a rate is one of t/day, days of use per year, share per week")


@contextmanager
def scenario_start(start: object) -> Iterator[None]:
    """Within the block, offsets such as ``+20 days`` count from `start` (a date, or a date's text)."""
    try:
        known = read_date(start)
    except ValueError:
        known = _UNREADABLE_START
    token = _scenario_start.set(known)
    try:
        yield
    finally:
        _scenario_start.reset(token)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _finite(value: float, text: object) -> float:
    """Return `value`; refuse NaN, infinity and negative numbers."""
    if not math.isfinite(value) or value < 0:
        raise UnitError(f"must be a finite number of 0 or more, not {text}")
    return float(value)


def _number(value: Any) -> float:
    """Return a number given as int or float; integers too large for a float become infinite."""
    try:
        return float(value)
    except OverflowError:
        return math.inf


def read_days(value: object) -> float:
    """Read a duration of 0 days to 200 years; a bare number only under a name that says the unit."""
    if isinstance(value, InNamedUnit):
        days = _finite(value, float(value))
    elif isinstance(value, str):
        days = parse_days(value)
    elif _is_number(value):
        raise UnitError(f"has no unit; write '{value} days' or '{value} weeks'")
    else:
        raise UnitError("must be a duration with its unit, such as '52 weeks'")
    if days > MAX_DAYS:
        raise UnitError("is longer than 200 years")
    return days


def read_positive_days(value: object) -> float:
    """Read a duration above 0."""
    days = read_days(value)
    if days <= 0:
        raise UnitError("must be longer than 0")
    return days


def read_cover_days(value: object) -> float:
    """Read days of cover: a number of days (the key names the unit) or text such as ``4 weeks``."""
    return read_positive_days(InNamedUnit(_number(value)) if _is_number(value) else value)


def _read_share(value: object, low_allowed: bool, high: float) -> float:
    """Read a share in [0, high], or (0, high] unless `low_allowed`."""
    if isinstance(value, str):
        share = parse_fraction(value)
    elif _is_number(value):
        share = _number(value)
    else:
        raise UnitError("must be a share such as 40% or 0.4")
    if not math.isfinite(share) or share < 0 or share > high or (share == 0 and not low_allowed):
        hint = f"; write {value}%" if _is_number(value) and high == 1 and 1 < share <= 100 else ""
        low = "0" if low_allowed else "more than 0"
        raise UnitError(f"must be a share from {low} to {high:g} ({high:.0%}){hint}")
    return share


def read_fraction(value: object) -> float:
    """Read a share from 0 to 1: ``40%`` or 0.4."""
    return _read_share(value, True, 1.0)


def read_positive_fraction(value: object) -> float:
    """Read a share above 0 and up to 1."""
    return _read_share(value, False, 1.0)


def read_increase(value: object) -> float:
    """Read an increase above 0 and up to 10 (1,000%)."""
    return _read_share(value, False, 10.0)


def read_ratio(value: object) -> float:
    """Read a positive finite number without unit."""
    if not _is_number(value):
        raise UnitError("must be a number such as 1.5")
    number = _number(value)
    if not math.isfinite(number) or number <= 0 or number > 1e6:
        raise UnitError("must be a number above 0 and up to 1,000,000")
    return number


def read_order_cap(value: object) -> float:
    """Read a number of at least 1, or ``off`` (infinite)."""
    if value is False or value in ("off", math.inf):
        return math.inf
    if not _is_number(value) or not 1 <= _number(value) <= 1e6:
        raise UnitError("must be a number of at least 1, or off")
    return _number(value)


def read_switch(value: object) -> Literal["on", "off"]:
    """Read ``on`` or ``off``; true and false mean the same, for readers of YAML 1.1 turn them so."""
    if value in ("on", "off"):
        return "on" if value == "on" else "off"
    if isinstance(value, bool):
        return "on" if value else "off"
    raise UnitError("must be on or off")


def read_bool(value: object) -> bool:
    """Read ``true`` or ``false``."""
    if not isinstance(value, bool):
        raise UnitError("must be true or false")
    return value


def read_prices(value: object) -> Literal["off", "on"]:
    """Read ``off``; a later version brings prices."""
    if value is True or value == "on":
        raise UnitError("is not available in this version; allowed: off")
    if value is False or value == "off":
        return "off"
    raise UnitError("must be off")


def whole_number(low: int, high: int) -> Callable[[object], int]:
    """Return a reader of whole numbers from `low` to `high`."""

    def read(value: object) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise UnitError(f"must be a whole number from {low} to {high}")
        return value

    return read


def read_date(value: object) -> date:
    """Read a date, or an offset such as ``+20 days`` from the scenario's start."""
    if isinstance(value, datetime) or not isinstance(value, str | date):
        raise UnitError("must be a date like 2026-07-01 or an offset like '+20 days'")
    found = _read_date_text(value) if isinstance(value, str) else value
    if not FIRST_DATE <= found <= LAST_DATE:
        raise UnitError(f"lies outside {FIRST_DATE} to {LAST_DATE}")
    return found


def _read_date_text(text: str) -> date:
    """Read a date's text; an offset needs the start of the scenario that is being read."""
    start = _scenario_start.get()
    if text.strip().startswith("+") and start is None:
        raise UnitError("is an offset, which only a scenario's start can place; give a date here")
    return parse_date(text, start or _UNREADABLE_START)


def read_start_date(value: object) -> date:
    """Read a plain date; the scenario's own start cannot be an offset."""
    if isinstance(value, str) and value.strip().startswith("+"):
        raise UnitError("must be a date like 2026-01-05; an offset needs a start to count from")
    return read_date(value)


def _mass(number: str, unit: str, text: object) -> float:
    """Return tonnes."""
    if unit not in _MASS:
        raise UnitError(f"has the unknown unit '{unit}'{suggestion(unit, _MASS)}")
    return _finite(float(number) * _MASS[unit], text)


def _days_of_unit(unit: str) -> float:
    """Return the days of ``day``, ``week``, ``month`` or ``year``."""
    if unit not in DAYS_PER_UNIT:
        raise UnitError(f"has the unknown unit of time '{unit}'{suggestion(unit, DAYS_PER_UNIT)}")
    return DAYS_PER_UNIT[unit]


def read_tonnes(value: object) -> float:
    """Read a mass such as ``5 t`` or ``1.2 kt`` as tonnes."""
    match = _AMOUNT.fullmatch(value) if isinstance(value, str) else None
    if match is None or match[3]:
        raise UnitError("must be a mass with its unit, such as '5 t' or '1.2 kt'")
    mass_t = _mass(match[1], match[2], value)
    if mass_t > MAX_TONNES_PER_YEAR:
        raise UnitError("is more than the world produces of anything")
    return mass_t


def read_tonnes_per_year(value: object) -> float:
    """Read a flow such as ``1200 t/year`` as t/year."""
    if isinstance(value, InNamedUnit):
        flow = _finite(value, float(value))
    else:
        match = _AMOUNT.fullmatch(value) if isinstance(value, str) else None
        if match is None or not match[3]:
            raise UnitError("must be a flow with its unit, such as '1200 t/year'")
        flow = _mass(match[1], match[2], value) * DAYS_PER_YEAR / _days_of_unit(match[3])
    if flow > MAX_TONNES_PER_YEAR:
        raise UnitError("is more than the world produces of anything")
    return flow


def read_usd(value: object) -> float:
    """Read money such as ``1.67 billion USD`` as USD."""
    match = _MONEY.fullmatch(value) if isinstance(value, str) else None
    if isinstance(value, InNamedUnit):
        money = _finite(value, float(value))
    elif match is not None:
        money = _finite(float(match[1]) * _MONEY_WORDS[match[2]], value)
    else:
        raise UnitError("must be money with its unit, such as '1.5 billion USD'")
    if money > 1e15:
        raise UnitError("is more than the money of the world")
    return money


def read_amount(value: object) -> Amount:
    """Read ``60 days`` of the members' use, or a mapping from material to mass."""
    if isinstance(value, Amount):
        return value
    if isinstance(value, str):
        return Amount(days_of_use=read_days(value))
    if not isinstance(value, Mapping) or not value:
        raise UnitError("must be days of the members' use ('60 days') or masses by material ({gallium: 5 t})")
    masses: dict[str, float] = {}
    for key, mass in value.items():
        try:
            masses[read_name(key)] = read_tonnes(mass)
        except UnitError as error:
            raise UnitError(f"[{key}] = {mass!r} {error}") from None
    return Amount(t_by_material=masses)


def _rate_of_unit(match: re.Match[str], text: str) -> Rate:
    """Return the rate of a number, a unit of time or mass, and a unit of time."""
    per_days = _days_of_unit(match[3])
    if match[2].removesuffix("s") in DAYS_PER_UNIT:
        return Rate(days_of_use_per_year=parse_days(f"{match[1]} {match[2]}") * (DAYS_PER_YEAR / per_days))
    read_tonnes_per_year(text)  # refuses what is larger than the world
    return Rate(t_per_day=_mass(match[1], match[2], text) / per_days)


def read_rate(value: object) -> Rate:
    """Read ``2 t/day``, ``10 days/year`` of the members' use or ``5%/week`` of the opening stock."""
    if isinstance(value, Rate):
        return value
    if isinstance(value, str):
        if match := _SHARE_RATE.fullmatch(value):
            share = parse_fraction(match[1].replace(" ", "")) * (7.0 / _days_of_unit(match[2]))
            return Rate(share_per_week=_finite(share, value))
        match = _AMOUNT.fullmatch(value)
        if match is not None and match[3]:
            return _rate_of_unit(match, value)
    raise UnitError("must be a rate such as '2 t/day', '10 days/year' or '5%/week'")


def read_purchase_rate(value: object) -> Rate:
    """Read a rate of buying: ``2 t/day`` or ``10 days/year`` of the members' use."""
    rate = read_rate(value)
    if rate.share_per_week is not None:
        raise UnitError("must be '2 t/day' or '10 days/year' (of the members' use)")
    return rate


def read_release_rate(value: object) -> Rate:
    """Read a rate of release: ``2 t/day`` or ``5%/week`` of the opening stock."""
    rate = read_rate(value)
    if rate.days_of_use_per_year is not None:
        raise UnitError("must be '2 t/day' or '5%/week' (of the opening stock)")
    return rate
