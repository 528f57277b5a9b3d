"""The common base of everything a scenario file holds."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, model_validator

from sim.model.scenario.readers import InNamedUnit


class Spec(BaseModel):
    """A frozen record that refuses unknown keys; descriptions come from the texts under its fields.

    A key such as ``duration`` takes text with a unit; the attribute's own name, ``duration_days``, takes a
    bare number in the unit that it names (for use from Python).
    """

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        validate_by_name=True,
        validate_by_alias=True,
        serialize_by_alias=True,
        use_attribute_docstrings=True,
        arbitrary_types_allowed=True,
    )

    @model_validator(mode="before")
    @classmethod
    def _numbers_under_unit_names(cls, data: Any) -> Any:
        """Mark bare numbers that are given under an attribute name."""
        if not isinstance(data, dict):
            return data
        named = {name for name, field in cls.model_fields.items() if field.alias not in (None, name)}
        return {
            key: InNamedUnit(value)
            if key in named and isinstance(value, int | float) and not isinstance(value, bool)
            else value
            for key, value in data.items()
        }
