"""How countries, materials, quantities and dates are written for a reader."""

from __future__ import annotations

import csv
import re
from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

import sim.data

SPELLINGS = {
    "ev": "EV",
    "led": "LED",
    "hvac": "HVAC",
    "pet": "PET",
    "ir": "IR",
    "ndfeb": "NdFeB",
    "smco": "SmCo",
    "gaas": "GaAs",
}
SHORT_NAMES = {"USA": "United States", "GBR": "United Kingdom", "KOR": "South Korea", "EUU": "European Union"}


@lru_cache(maxsize=1)
def _country_names() -> dict[str, str]:
    path = Path(sim.data.__file__).parent / "tables" / "countries.csv"
    with path.open(encoding="utf-8", newline="") as file:
        return {row["iso3"]: row["name_en"] for row in csv.DictReader(file)} | SHORT_NAMES


@lru_cache(maxsize=1)
def positions() -> dict[str, tuple[float, float]]:
    """Return where maps draw each country: longitude and latitude in degrees."""
    path = Path(sim.data.__file__).parent / "tables" / "countries.csv"
    with path.open(encoding="utf-8", newline="") as file:
        return {
            row["iso3"]: (float(row["longitude_deg"]), float(row["latitude_deg"]))
            for row in csv.DictReader(file)
            if row["longitude_deg"] and row["latitude_deg"]
        }


def country_name(code: str) -> str:
    """Return the English name of a country or region, the code itself when it is unknown.

    Examples
    --------
    >>> country_name("JPN")
    'Japan'
    """
    return _country_names().get(code, code)


def plain(name: str) -> str:
    """Return an identifier as words, abbreviations and compounds in their usual spelling.

    Examples
    --------
    >>> plain("gallium/primary_metal"), plain("ev_traction")
    ('gallium, primary metal', 'EV traction')
    """
    words = name.replace("_", " ").replace("/", ", ").replace("neodymium praseodymium", "NdPr")
    return re.sub(r"\w+", lambda word: SPELLINGS.get(word[0], word[0]), words)


def subject(selector: str) -> str:
    """Return a selector of materials as the head of a title.

    Examples
    --------
    >>> subject("containing: dysprosium")
    'Dysprosium and what contains it'
    """
    if selector.startswith("containing:"):
        return f"{capital(plain(selector.removeprefix('containing:').strip()))} and what contains it"
    return capital(plain(selector))


def short_unit(unit: str) -> str:
    """Return a unit without its basis: ``t`` for ``t Ga`` or ``t finished magnet``.

    Examples
    --------
    >>> short_unit("t Ga"), short_unit("t/week"), short_unit("index")
    ('t', 't/week', 'index')
    """
    return "t" if unit.startswith("t ") else unit


def capital(text: str) -> str:
    """Return the text with its first letter raised and the rest kept."""
    return text[:1].upper() + text[1:]


def quantity(value: float | None, digits: int = 3) -> str:
    """Return a number with some significant digits and thousands separated; a dash for None.

    Examples
    --------
    >>> quantity(12345.6), quantity(0.01234), quantity(None)
    ('12,300', '0.0123', '-')
    """
    if value is None:
        return "-"
    rounded = float(f"{value:.{digits}g}")
    if rounded == 0.0:
        return "0"
    if abs(rounded) >= 10 ** (digits - 1):
        return f"{rounded:,.0f}"
    return f"{rounded:.{digits}g}" if abs(rounded) < 1e-4 else f"{rounded:.6f}".rstrip("0").rstrip(".")


def percent(share: float | None) -> str:
    """Return a share as a percentage with a sensible number of digits; a dash for None.

    Examples
    --------
    >>> percent(0.4), percent(0.0123), percent(0.0004)
    ('40 %', '1.2 %', '<0.1 %')
    """
    if share is None:
        return "-"
    if share == 0.0:
        return "0 %"
    if abs(share) < 0.001:
        return "<0.1 %"
    return f"{share * 100:.0f} %" if abs(share) >= 0.1 else f"{share * 100:.1f} %"


def weeks(value: float | None, never: str = "never") -> str:
    """Return a number of weeks with at most one decimal; `never` for None."""
    if value is None:
        return never
    return f"{value:.0f}" if float(value).is_integer() or value >= 100 else f"{value:.1f}"


def date_after(summary: dict[str, Any], onset: int, weeks_later: float) -> date:
    """Return the day that lies some weeks after the first disruption of a run."""
    days = onset * summary["step_days"] + round(weeks_later * 7)
    return date.fromisoformat(summary["start"]) + timedelta(days=days)


def country_code(code: str) -> str:
    """Return the code of a country as readers know it; the tables' ``EUU`` is the EU."""
    return {"EUU": "EU"}.get(code, code)


def has_moved(row: dict[str, Any]) -> bool:
    """Whether a stockpile of a summary released or bought more than rounding."""
    return bool(max(row["released"], row["bought"]) > 1e-6 * max(row["opening"], row["bought"]))
