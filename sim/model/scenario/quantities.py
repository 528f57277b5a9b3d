"""Annotated types of a scenario's fields: how each is read, written back, and described to editors."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated, Literal

from pydantic import PlainSerializer, PlainValidator, WithJsonSchema

from sim.model.scenario import readers, texts
from sim.model.scenario.readers import Amount, Rate

_NUMBER = r"[0-9]*\.?[0-9]+([eE][+-]?[0-9]+)?"
_DURATION_PATTERN = rf"^\s*\+?{_NUMBER}\s*([Dd]ay|[Ww]eek|[Mm]onth|[Yy]ear)s?\s*$"
_DATE_PATTERN = r"^\s*([0-9]{4}-[0-9]{2}-[0-9]{2}|\+.*[A-Za-z])\s*$"
_PERCENT_PATTERN = rf"^\s*\+?{_NUMBER}\s*%?\s*$"
_NAME_SCHEMA: dict[str, object] = {"type": "string", "minLength": 1, "maxLength": 200}


def _schema(kind: str, *examples: object, **more: object) -> WithJsonSchema:
    """Return the JSON Schema of a value of type `kind`."""
    return WithJsonSchema({"type": kind, **more, "examples": list(examples)})


def _share_schema(high: float, *examples: object) -> WithJsonSchema:
    """Return the JSON Schema of a share: a number up to `high`, or a percentage as text."""
    number = {"type": "number", "minimum": 0, "maximum": high}
    text = {"type": "string", "pattern": _PERCENT_PATTERN}
    return WithJsonSchema({"anyOf": [number, text], "examples": list(examples)})


def _with_unit(unit: str) -> PlainSerializer:
    """Return a writer of numbers with their unit, exact to the last bit."""
    return PlainSerializer(lambda value: f"{value!r} {unit}", when_used="json")


def _amount_data(amount: Amount) -> str | dict[str, str]:
    """Write an amount as `readers.read_amount` reads it."""
    if amount.t_by_material is None:
        return f"{amount.days_of_use!r} days"
    return {name: f"{mass_t!r} t" for name, mass_t in amount.t_by_material.items()}


def _rate_text(rate: Rate) -> str:
    """Write a rate as `readers.read_rate` reads it."""
    if rate.t_per_day is not None:
        return f"{rate.t_per_day!r} t/day"
    if rate.days_of_use_per_year is not None:
        return f"{rate.days_of_use_per_year!r} days/year"
    return f"{rate.share_per_week!r}/week"


def _selector_data(selector: str) -> str | dict[str, str]:
    """Write ``containing: X`` as the mapping that YAML makes of it."""
    if selector.startswith("containing: "):
        return {"containing": selector.removeprefix("containing: ")}
    return selector


Days = Annotated[
    float,
    PlainValidator(readers.read_days),
    _with_unit("days"),
    _schema("string", "52 weeks", "12 months", "90 days", pattern=_DURATION_PATTERN),
]
"""A duration; text with its unit in YAML, days in Python."""

PositiveDays = Annotated[
    float,
    PlainValidator(readers.read_positive_days),
    _with_unit("days"),
    _schema("string", "6 years", "4 weeks", pattern=_DURATION_PATTERN),
]
"""A duration above 0."""

CoverDays = Annotated[
    float,
    PlainValidator(readers.read_cover_days),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "number", "exclusiveMinimum": 0},
                {"type": "string", "pattern": _DURATION_PATTERN},
            ],
            "examples": [30, "4 weeks"],
        }
    ),
]
"""Days of cover above 0; the key names the unit, so a bare number will do."""

Fraction = Annotated[float, PlainValidator(readers.read_fraction), _share_schema(1, "40%", 0.4)]
"""A share from 0 to 1."""

PositiveFraction = Annotated[
    float, PlainValidator(readers.read_positive_fraction), _share_schema(1, "90%", 0.9)
]
"""A share above 0, up to 1."""

Increase = Annotated[float, PlainValidator(readers.read_increase), _share_schema(10, "25%", 0.25)]
"""An increase above 0, up to 10 (1,000%)."""

Ratio = Annotated[float, PlainValidator(readers.read_ratio), _schema("number", 1.5, exclusiveMinimum=0)]
"""A number above 0 without unit."""

OrderCap = Annotated[
    float,
    PlainValidator(readers.read_order_cap),
    PlainSerializer(lambda cap: "off" if cap == float("inf") else cap, when_used="json"),
    WithJsonSchema(
        {"anyOf": [{"type": "number", "minimum": 1}, {"enum": ["off", False]}], "examples": [1.25]}
    ),
]
"""A number of at least 1; infinite for ``off``."""

ProjectStatus = Literal[
    "operating", "commissioning", "construction", "financed", "permitting", "announced", "paused", "cancelled"
]
"""How far an announced project is."""

Switch = Annotated[
    Literal["on", "off"],
    PlainValidator(readers.read_switch),
    WithJsonSchema({"enum": ["on", "off", True, False]}),
]
"""``on`` or ``off``."""

Flag = Annotated[bool, PlainValidator(readers.read_bool), WithJsonSchema({"type": "boolean"})]
"""``true`` or ``false``."""

_DATE_TEXT = PlainSerializer(lambda day: day.isoformat(), return_type=str, when_used="json")

Date = Annotated[
    date,
    PlainValidator(readers.read_date),
    _DATE_TEXT,
    _schema("string", "2026-07-06", "+20 days", pattern=_DATE_PATTERN),
]
"""A date, or an offset from the scenario's start."""

StartDate = Annotated[
    date,
    PlainValidator(readers.read_start_date),
    _DATE_TEXT,
    _schema("string", "2026-01-05", pattern=r"^\s*[0-9]{4}-[0-9]{2}-[0-9]{2}\s*$"),
]
"""A date that is not an offset."""

TonnesPerYear = Annotated[
    float,
    PlainValidator(readers.read_tonnes_per_year),
    _with_unit("t/year"),
    _schema(
        "string", "1200 t/year", "1.2 kt/year", pattern=rf"^\s*\+?{_NUMBER}\s*[kM]?[tg]\s*/\s*[a-z]+\s*$"
    ),
]
"""A flow; text with its unit in YAML, t/year in Python."""

Usd = Annotated[
    float,
    PlainValidator(readers.read_usd),
    _with_unit("USD"),
    _schema("string", "1.67 billion USD", pattern=rf"^\s*\+?{_NUMBER}\s*([a-z]+)?\s*USD\s*$"),
]
"""Money; text with its unit in YAML, USD in Python."""

StockAmount = Annotated[
    Amount,
    PlainValidator(readers.read_amount),
    PlainSerializer(_amount_data, when_used="json"),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "pattern": _DURATION_PATTERN},
                {"type": "object", "minProperties": 1, "additionalProperties": {"type": "string"}},
            ],
            "examples": ["60 days", {"gallium/primary_metal": "5 t"}],
        }
    ),
]
"""Days of the members' use, or masses by material."""

PurchaseRate = Annotated[
    Rate,
    PlainValidator(readers.read_purchase_rate),
    PlainSerializer(_rate_text, when_used="json"),
    _schema("string", "2 t/day", "10 days/year"),
]
"""A rate of buying."""

ReleaseRate = Annotated[
    Rate,
    PlainValidator(readers.read_release_rate),
    PlainSerializer(_rate_text, when_used="json"),
    _schema("string", "2 t/day", "5%/week"),
]
"""A rate of release."""

Text = Annotated[str, PlainValidator(texts.read_text), WithJsonSchema({"type": "string"})]
"""Text of any length up to 10,000 characters."""

Name = Annotated[str, PlainValidator(texts.read_name), WithJsonSchema(_NAME_SCHEMA)]
"""One line of text."""

FileName = Annotated[
    str,
    PlainValidator(texts.read_file_name),
    _schema("string", "export_ban", pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,79}$"),
]
"""A plain file name: letters, digits, ``_`` and ``-``."""

Selector = Annotated[
    str,
    PlainValidator(texts.read_selector),
    PlainSerializer(_selector_data, when_used="json"),
    WithJsonSchema(
        {
            "anyOf": [
                _NAME_SCHEMA,
                {
                    "type": "object",
                    "properties": {"containing": _NAME_SCHEMA},
                    "required": ["containing"],
                    "additionalProperties": False,
                },
            ],
            "examples": ["gallium", "gallium/primary_metal", {"containing": "dysprosium"}],
        }
    ),
]
"""A commodity (all its forms), one material, or ``containing: X`` (X and all that leads back to it)."""

Destinations = Annotated[
    Literal["all"] | tuple[str, ...],
    PlainValidator(texts.read_destinations),
    PlainSerializer(lambda places: places if places == "all" else list(places), when_used="json"),
    WithJsonSchema(
        {
            "anyOf": [{"const": "all"}, {"type": "array", "items": _NAME_SCHEMA, "minItems": 1}],
            "examples": ["all", ["USA", "bloc:FORGE"]],
        }
    ),
]
"""``all``, or countries, regions and ``bloc:NAME``."""

Year = Annotated[
    int,
    PlainValidator(readers.whole_number(1990, 2100)),
    WithJsonSchema({"type": "integer", "minimum": 1990, "maximum": 2100}),
]
"""A calendar year."""

Priority = Annotated[
    int,
    PlainValidator(readers.whole_number(1, 9)),
    WithJsonSchema({"type": "integer", "minimum": 1, "maximum": 9}),
]
"""A priority class: 1 is served first."""

Prices = Annotated[
    Literal["off", "on"], PlainValidator(readers.read_prices), WithJsonSchema({"enum": ["off", False]})
]
"""Only ``off`` in this version."""

FolderPath = Annotated[
    Path,
    PlainValidator(texts.read_path),
    PlainSerializer(str, when_used="json"),
    _schema("string", "my_network"),
]
"""A folder."""
