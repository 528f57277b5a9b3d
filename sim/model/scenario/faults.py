"""What the schema finds wrong, in the words of the file: place, key, value, what is allowed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import Enum
from typing import Any, get_args

from pydantic import ValidationError

from sim.errors import Faults, ScenarioError, nearest
from sim.model.scenario.schema import Scenario, file_path
from sim.model.scenario.spec import FieldError, Spec
from sim.model.scenario.yaml_tree import BROKEN, Item, shorten

MAX_MESSAGE = 600  # characters; twelve of them still fit a screen
_VALUE_AGAIN = re.compile(r"^'[^']*' (?=(is|has|must|lies) )")  # the value stands before it already
_TAG_FAULTS = {"union_tag_invalid", "union_tag_not_found"}


@dataclass(slots=True)
class Places:
    """Where values and keys stand, ``file:line:column`` by path such as ``disruptions[0].origin``."""

    values: dict[str, str] = field(default_factory=lambda: {"": "scenario"})
    keys: dict[str, str] = field(default_factory=dict)
    broken: list[str] = field(default_factory=list)
    """Paths whose fault is known already."""

    def of(self, path: str) -> str:
        """Return the place of the value at `path`, or of the nearest part around it that the file has."""
        while path and path not in self.values:
            path = path[: max(path.rfind("."), path.rfind("["), 0)]
        return self.values[path]

    def is_known(self, path: str) -> bool:
        """Return whether the value at `path`, or a part of it, is known to be faulty."""
        return any(bad.startswith(path) or path.startswith(bad) for bad in self.broken) and bool(path)


def places_of(root: Item) -> Places:
    """Return the places of a whole tree."""
    places = Places({}, {}, [])
    for path, item, key_place in _walk(root, "", None):
        shown = file_path(path)
        places.values[shown] = str(item.place)
        if key_place is not None:
            places.keys[shown] = key_place
        if item.value is BROKEN:
            places.broken.append(shown)
    return places


def _walk(item: Item, path: str, key_place: str | None) -> Iterator[tuple[str, Item, str | None]]:
    """Yield (path, item, place of its key) of an item and of all below it."""
    yield path, item, key_place
    if isinstance(item.value, dict):
        for key, inner in item.value.items():
            yield from _walk(inner, f"{path}.{key}" if path else key, str(item.keys[key]))
    elif isinstance(item.value, list):
        for number, inner in enumerate(item.value):
            yield from _walk(inner, f"{path}[{number}]", None)


def scenario_error(error: ValidationError, places: Places | None = None) -> ScenarioError:
    """Return one error with every fault that the schema found."""
    faults = Faults(ScenarioError)
    add_faults(error, places or Places(), faults)
    try:
        faults.raise_if_any()
    except ScenarioError as raised:
        return raised
    return ScenarioError(f"scenario: {error.title} is not valid")


def add_faults(error: ValidationError, places: Places, faults: Faults) -> None:
    """Add every fault that the schema found, in the order of the file's parts."""
    for fault in error.errors(include_url=False):
        loc = tuple(fault["loc"])
        if fault["input"] is not BROKEN and not places.is_known(_path(loc)):
            faults.add(shorten(_message(fault, loc, places), MAX_MESSAGE))


def _message(fault: Any, loc: tuple[int | str, ...], places: Places) -> str:
    """Return one line for one fault."""
    path, kind, value = _path(loc), fault["type"], fault["input"]
    if kind == "extra_forbidden":
        return _unknown_key(loc, path, places)
    if kind == "missing":
        return f"{places.of(path)}: {path} is missing{_meaning(loc)}"
    if kind in _TAG_FAULTS:
        return _unknown_kind(loc, path, value, places)
    raised = fault.get("ctx", {}).get("error")
    if isinstance(raised, FieldError):
        key = file_path(raised.key)
        path = f"{path}.{key}" if path else key
        value = _field(value, raised.key)
    text = _text(fault, loc, value)
    return f"{places.of(path)}: {path or 'scenario'}{_shown(value)} {text}"


def _unknown_key(loc: tuple[int | str, ...], path: str, places: Places) -> str:
    """Return the message of a key that its mapping does not have."""
    allowed = [key for model in _models_at(loc[:-1]) for key in model.keys().values()]
    if len(loc) == 1:
        allowed.append("extends")
    key = str(loc[-1])
    near = nearest(key, allowed)
    hint = f"; did you mean '{near}'?" if near else f"; allowed: {', '.join(allowed)}"
    return f"{places.keys.get(path, places.of(path))}: {shorten(path)}: unknown key '{shorten(key)}'{hint}"


def _unknown_kind(loc: tuple[int | str, ...], path: str, value: object, places: Places) -> str:
    """Return the message of a missing or unknown kind of disruption or response."""
    kinds = _kinds(_models_at(loc))
    if not isinstance(value, Mapping):
        return f"{places.of(path)}: {path}{_shown(value)} must be a mapping with a kind: {', '.join(kinds)}"
    got = value.get("kind")
    place = f"{places.of(f'{path}.kind')}: {path}.kind"
    if got is BROKEN:
        return f"{place} must be one of {', '.join(kinds)}"
    if got is None:
        return f"{place} is missing; allowed: {', '.join(kinds)}"
    near = nearest(str(got), kinds)
    hint = f"; did you mean '{near}'?" if near else ""
    return f"{place}{_shown(got)} is unknown; allowed: {', '.join(kinds)}{hint}"


def _kinds(models: Sequence[type[Spec]]) -> list[str]:
    """Return the kind of each class of a union."""
    return [str(model.model_fields["kind"].default) for model in models]


def _text(fault: Any, loc: tuple[int | str, ...], value: object) -> str:
    """Return what is wrong, to go on from ``field = value``."""
    kind, context = fault["type"], fault.get("ctx", {})
    if kind == "value_error":
        return _VALUE_AGAIN.sub("", str(context["error"]))
    if kind in {"literal_error", "enum"}:
        allowed = re.findall(r"'([^']*)'", context["expected"])
        near = nearest(str(value), allowed) if isinstance(value, str) else None
        return f"must be one of {', '.join(allowed)}" + (f"; did you mean '{near}'?" if near else "")
    if kind in {"model_type", "model_attributes_type", "dict_type", "mapping_type"}:
        models = _models_at(loc)
        if len(models) > 1:
            return f"must be a mapping with a kind: {', '.join(_kinds(models))}"
        keys = [key for model in models for key in model.keys().values()]
        return "must be a mapping" + (f" with the keys {', '.join(keys)}" if keys else "")
    if kind in {"tuple_type", "list_type"}:
        return (
            "must be a list such as [a, b]"
            if loc[-1] not in {"disruptions", "responses"}
            else "must be a list"
        )
    if kind == "too_short":
        return "must not be empty"
    text = str(fault["msg"])
    return text[:1].lower() + text[1:]


def _shown(value: object) -> str:
    """Return `` = value`` for a message, or nothing for what takes more than a line."""
    if isinstance(value, bool):
        return f" = {str(value).lower()}"
    if value is None:
        return " = null"
    if isinstance(value, str | date) and not isinstance(value, Enum):
        return f" = '{shorten(str(value))}'"
    if isinstance(value, int | float):
        return f" = {shorten(str(float(value)) if isinstance(value, float) else _integer(value))}"
    return ""


def _integer(value: int) -> str:
    """Return an integer's digits; Python refuses to print very long ones."""
    return str(value) if abs(value) < 10**60 else "a very large number"


def _field(value: object, key: str) -> object:
    """Return what a mapping or a record holds under a key of the file, None for nothing."""
    if isinstance(value, Mapping):
        return next((inner for name, inner in value.items() if file_path(str(name)) == key), BROKEN)
    return BROKEN


def _meaning(loc: Sequence[int | str]) -> str:
    """Return what a missing field is, from the text under it."""
    for model in _models_at(loc[:-1]):
        for name, info in model.model_fields.items():
            if loc[-1] in (name, info.alias) and info.description:
                return f": {info.description.splitlines()[0].rstrip('.')}"
    return ""


def _path(loc: Sequence[int | str]) -> str:
    """Return ``disruptions[0].origin`` from a location, without the tags of unions."""
    text = ""
    for number, key in enumerate(loc):
        if isinstance(key, int):
            text += f"[{key}]"
        elif key != "[key]" and not _is_tag(loc, number):
            text += f".{key}" if text else key
    return file_path(text)


def _is_tag(loc: Sequence[int | str], number: int) -> bool:
    """Return whether an element of a location is the kind that chose the member of a union."""
    return number == 2 and loc[0] in {"disruptions", "responses"} and isinstance(loc[1], int)


def _models_at(loc: Sequence[int | str]) -> list[type[Spec]]:
    """Return the schema classes that the mapping at a location may be of."""
    models: list[type[Spec]] = [Scenario]
    for number, key in enumerate(loc):
        if isinstance(key, int):
            continue
        if _is_tag(loc, number):
            models = [model for model in models if model.model_fields["kind"].default == key]
            continue
        annotations = [
            info.annotation
            for model in models
            for name, info in model.model_fields.items()
            if key in (name, info.alias)
        ]
        models = [model for annotation in annotations for model in _models_in(annotation)]
    return models


def _models_in(annotation: object) -> Iterator[type[Spec]]:
    """Yield the schema classes inside an annotation."""
    if isinstance(annotation, type) and issubclass(annotation, Spec):
        yield annotation
    for inner in get_args(annotation):
        yield from _models_in(inner)
