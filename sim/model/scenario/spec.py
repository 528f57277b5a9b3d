"""The common base of everything a scenario file holds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, model_validator

from sim.model.scenario.readers import InNamedUnit


class FieldError(ValueError):
    """A rule over several fields is broken; the fault is best shown at one of them.

    Parameters
    ----------
    key : str
        The field, as files write it.
    text : str
        Goes on from ``field = value``.
    """

    def __init__(self, key: str, text: str) -> None:
        super().__init__(text)
        self.key = key


class Spec(BaseModel):
    """A frozen record that refuses unknown keys; descriptions come from the texts under its fields.

    A key such as ``duration`` takes text with a unit; the attribute's own name, ``duration_days``, takes a
    bare number in the unit that it names (for use from Python).
    """

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        populate_by_name=True,
        use_attribute_docstrings=True,
    )

    @model_validator(mode="before")
    @classmethod
    def _numbers_under_unit_names(cls, data: Any) -> Any:
        """Mark bare numbers that are given under an attribute name."""
        if not isinstance(data, Mapping):
            return data
        named = {name for name, field in cls.model_fields.items() if field.alias not in (None, name)}
        return {
            key: InNamedUnit(value)
            if key in named and isinstance(value, int | float) and not isinstance(value, bool)
            else value
            for key, value in data.items()
        }

    @classmethod
    def keys(cls) -> dict[str, str]:
        """Return the key that files write for each attribute: ``duration`` for ``duration_days``."""
        return {name: field.alias or name for name, field in cls.model_fields.items()}
