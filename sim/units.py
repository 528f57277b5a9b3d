"""Durations, shares and dates as a scenario writes them, turned into days, fractions and dates."""

from __future__ import annotations

import math
import re
from datetime import date, timedelta

from sim.errors import UnitError, suggestion
from sim.vocab import DAYS_PER_YEAR

DAYS_PER_UNIT = {
    "day": 1.0,
    "week": 7.0,
    "month": DAYS_PER_YEAR / 12.0,
    "year": DAYS_PER_YEAR,
}

_DURATION = re.compile(r"\s*([+-]?[0-9]*\.?[0-9]+(?:[eE][+-]?[0-9]+)?)\s*([A-Za-z]+)\s*")
_PERCENT = re.compile(r"\s*([+-]?[0-9]*\.?[0-9]+(?:[eE][+-]?[0-9]+)?)\s*%\s*")


def parse_days(text: str) -> float:
    """Read a duration such as ``52 weeks`` or ``12 months`` (365 days) as days.

    Parameters
    ----------
    text : str
        Number and unit: day(s), week(s), month(s), year(s).

    Returns
    -------
    float
        Days.

    Raises
    ------
    UnitError
        If the unit is missing or unknown, or the number is negative or not finite.

    Examples
    --------
    >>> parse_days("12 months")
    365.0
    """
    match = _DURATION.fullmatch(text)
    if match is None:
        raise UnitError(f"'{text}' is not a duration; write a number and a unit, such as '52 weeks'")
    number, unit = float(match[1]), match[2].lower()
    singular = unit[:-1] if unit.endswith("s") else unit
    if singular not in DAYS_PER_UNIT:
        allowed = [name + "s" for name in DAYS_PER_UNIT]
        raise UnitError(f"'{text}' has the unknown unit '{match[2]}'{suggestion(unit, allowed)}")
    if not math.isfinite(number) or number < 0:
        raise UnitError(f"'{text}' must be a finite duration of 0 or more")
    return number * DAYS_PER_UNIT[singular]


def parse_fraction(value: str | float) -> float:
    """Read a share: ``40%`` or ``0.4``; no range is imposed here.

    Raises
    ------
    UnitError
        If the text is neither a percentage nor a number, or is not finite.
    """
    if isinstance(value, str):
        match = _PERCENT.fullmatch(value)
        try:
            number = float(match[1]) / 100.0 if match else float(value)
        except ValueError:
            raise UnitError(f"'{value}' is not a share; write '40%' or 0.4") from None
    else:
        number = float(value)
    if not math.isfinite(number):
        raise UnitError(f"'{value}' is not a finite share")
    return number


def parse_date(text: str, start: date) -> date:
    """Read a date ``2026-07-01`` or an offset ``+20 days`` from `start`.

    Raises
    ------
    UnitError
        If the text is neither.
    """
    stripped = text.strip()
    if stripped.startswith("+"):
        try:
            return start + timedelta(days=math.ceil(parse_days(stripped[1:]) - 1e-9))
        except OverflowError:
            raise UnitError(f"'{text}' lies beyond the calendar") from None
    try:
        return date.fromisoformat(stripped)
    except ValueError:
        raise UnitError(f"'{text}' is neither a date like 2026-07-01 nor an offset like '+20 days'") from None


def steps_up(days: float, step_days: int) -> int:
    """Return the number of whole steps that `days` takes, rounded up (an exact multiple stays)."""
    return math.ceil(days / step_days - 1e-9)
