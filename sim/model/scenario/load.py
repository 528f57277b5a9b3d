"""Reads scenario files: strict, with the position of every fault, all faults at once."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from sim.errors import Faults, ScenarioError, suggestion
from sim.model.scenario.disruptions import CapacityLoss, ExportRestriction, Licence, Target
from sim.model.scenario.responses import (
    Purchase,
    StockpileBuild,
    StockpileRelease,
    Substitution,
    SurgeCapacity,
    Trigger,
)
from sim.model.scenario.schema import Behaviour, NetworkSpec, Scenario
from sim.model.scenario.spec import Spec

MAX_BYTES = 256_000  # shipped scenarios have some 3,000
MAX_VALUES = 20_000  # after aliases are expanded
MAX_DEPTH = 20
MAX_EXTENDS = 10
_TAG = "tag:yaml.org,2002:"

KINDS: dict[str, dict[str, type[Spec]]] = {
    "disruptions": {"export_restriction": ExportRestriction, "capacity_loss": CapacityLoss},
    "responses": {
        "stockpile_release": StockpileRelease,
        "stockpile_build": StockpileBuild,
        "substitution": Substitution,
        "surge_capacity": SurgeCapacity,
    },
}
_NESTED: dict[str, type[Spec]] = {
    "network": NetworkSpec,
    "behaviour": Behaviour,
    "licence": Licence,
    "target": Target,
    "users": Target,
    "trigger": Trigger,
    "purchase": Purchase,
}


@dataclass
class Document:
    """Plain data of one file and where each part of it stands, by path (``disruptions[0].origin``)."""

    data: dict[str, Any]
    positions: dict[str, str] = field(default_factory=dict)


def load_scenario(path: Path | str) -> Scenario:
    """Read a scenario file with everything that it extends.

    Parameters
    ----------
    path : Path or str

    Raises
    ------
    ScenarioError
        One message for each fault: file:line:column, field, value, what is allowed.
    """
    source = Path(path)
    return _finish(_read_chain(source, ()), source.parent, str(source))


def loads_scenario(text: str, folder: Path | str = ".", name: str = "scenario") -> Scenario:
    """Read a scenario from text; relative paths count from `folder`.

    Raises
    ------
    ScenarioError
        As `load_scenario`.
    """
    base = Path(folder)
    return _finish(_extended(_parse(text, name), base / name, ()), base, name)


def _read_chain(path: Path, chain: tuple[Path, ...]) -> Document:
    """Read a file and, below it, the one that it extends."""
    resolved = path.resolve()
    if resolved in chain:
        links = " -> ".join(p.name for p in (*chain, resolved))
        raise ScenarioError(f"{chain[-1]}: extends is circular: {links}")
    if len(chain) >= MAX_EXTENDS:
        raise ScenarioError(f"{path}: more than {MAX_EXTENDS} files extend one another")
    return _extended(_parse(_read_text(path), str(path)), path, (*chain, resolved))


def _extended(document: Document, path: Path, chain: tuple[Path, ...]) -> Document:
    """Return the document laid over the one it extends, if it does."""
    if "extends" not in document.data:
        return document
    parent = document.data.pop("extends")
    where = document.positions.get("extends", str(path))
    if not isinstance(parent, str) or not parent.strip():
        raise ScenarioError(f"{where}: extends = {parent!r} must be the path of a scenario file")
    target = path.parent / parent
    if not target.is_file():
        near = suggestion(target.name, sorted(p.name for p in target.parent.glob("*.yaml")))
        raise ScenarioError(f"{where}: extends = '{parent}' is not a file{near}")
    base = _read_chain(target, chain or (path.resolve(),))
    return Document(_merge(base.data, document.data), _merge_positions(base, document))


def _merge(base: dict[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Return `base` with `over` laid over it: mappings merge, anything else is replaced."""
    merged = dict(base)
    for key, value in over.items():
        if isinstance(value, dict) and isinstance(merged.get(key), dict):
            merged[key] = _merge(merged[key], value)
        else:
            merged[key] = value
    return merged


def _merge_positions(base: Document, over: Document) -> dict[str, str]:
    """Return the positions of merged data: those of lists that were replaced are dropped."""
    replaced = [path for path in over.positions if path and not path.endswith("]")]
    dropped = tuple(f"{path}[" for path in replaced)
    kept = {path: where for path, where in base.positions.items() if not path.startswith(dropped)}
    return kept | over.positions


def _read_text(path: Path) -> str:
    """Return the text of a file that can be a scenario."""
    try:
        if path.is_dir():
            raise ScenarioError(f"{path}: is a folder; name a scenario file")
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise ScenarioError(f"{path}: has {size:,} bytes; a scenario has at most {MAX_BYTES:,}")
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        near = suggestion(path.name, sorted(p.name for p in path.parent.glob("*.yaml"))) if path.parent.is_dir() else ""
        raise ScenarioError(f"{path}: no such file{near}") from None
    except UnicodeDecodeError as error:
        raise ScenarioError(f"{path}: is not UTF-8 text (byte {error.start}); is it a scenario file?") from None
    except (OSError, ValueError) as error:
        raise ScenarioError(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}") from None


# -- YAML to plain data with positions ---------------------------------------------------------------------


def _parse(text: str, name: str) -> Document:
    """Return the plain data of YAML text and the position of every part."""
    if "\x00" in text:
        raise ScenarioError(f"{name}: holds a NUL character; is it a scenario file?")
    try:
        reader = YAML(typ="safe", pure=True)
        nodes = list(reader.compose_all(text))
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f":{mark.line + 1}:{mark.column + 1}" if mark is not None else ""
        raise ScenarioError(f"{name}{place}: is not YAML: {error.problem or error.context}") from None
    except (YAMLError, RecursionError, ValueError, AttributeError, AssertionError, IndexError) as error:
        detail = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ScenarioError(f"{name}: is not YAML: {detail}") from None
    if len(nodes) != 1 or nodes[0] is None:
        what = "is empty" if not nodes or nodes[0] is None else "holds several documents"
        raise ScenarioError(f"{name}: {what}; write one mapping with name, start, horizon ...")
    if not isinstance(nodes[0], MappingNode):
        raise ScenarioError(f"{name}:1:1: is not a mapping; write 'name: ...', 'start: ...' and so on")
    walker = _Walker(name)
    data = walker.value(nodes[0], "", 0)
    walker.faults.raise_if_any()
    return Document(data, walker.positions)


class _Walker:
    """Turns YAML nodes into plain data; keeps positions; refuses tags, duplicates and bombs."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.positions: dict[str, str] = {}
        self.faults = Faults(ScenarioError)
        self._count = 0

    def value(self, node: Node, path: str, depth: int) -> Any:
        """Return the plain value of `node`, which stands at `path`."""
        self._count += 1
        if self._count > MAX_VALUES:
            raise ScenarioError(f"{self.name}: holds more than {MAX_VALUES:,} values once aliases are expanded")
        where = f"{self.name}:{node.start_mark.line + 1}:{node.start_mark.column + 1}"
        if depth > MAX_DEPTH:
            raise ScenarioError(f"{where}: is nested deeper than {MAX_DEPTH} levels")
        self.positions.setdefault(path, where)
        tag = str(node.tag)
        if not tag.startswith(_TAG) or tag.removeprefix(_TAG) not in _PLAIN_TAGS:
            self.faults.add(f"{where}: {path or 'scenario'}: the tag '{tag}' is not allowed; write plain values")
            return None
        if isinstance(node, MappingNode):
            return self._mapping(node, path, depth)
        if isinstance(node, SequenceNode):
            return [self.value(item, f"{path}[{i}]", depth + 1) for i, item in enumerate(node.value)]
        return _scalar(node)

    def _mapping(self, node: MappingNode, path: str, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key_node, value_node in node.value:
            where = f"{self.name}:{key_node.start_mark.line + 1}:{key_node.start_mark.column + 1}"
            key = key_node.value if isinstance(key_node, ScalarNode) else None
            if not isinstance(key, str) or key_node.tag == f"{_TAG}merge":
                self.faults.add(f"{where}: {path or 'scenario'}: a key must be plain text")
                continue
            inner = f"{path}.{key}" if path else key
            if key in found:
                self.faults.add(f"{where}: {inner}: the key is given twice")
            self.positions[inner] = where
            found[key] = self.value(value_node, inner, depth + 1)
        return found


_PLAIN_TAGS = {"map", "seq", "str", "int", "float", "bool", "null", "timestamp", "merge", "value"}


def _scalar(node: ScalarNode) -> Any:
    """Return the plain value of a scalar; what cannot be read as its type stays text."""
    text, kind = str(node.value), str(node.tag).removeprefix(_TAG)
    try:
        if kind == "null":
            return None
        if kind == "bool":
            return text.lower() == "true"
        if kind == "int":
            return int(text.replace("_", ""), 10 if re.fullmatch(r"[+-]?[0-9_]+", text) else 0)
        if kind == "float":
            return float(text.replace("_", "").lower().replace(".inf", "inf").replace(".nan", "nan"))
        if kind == "timestamp":
            return date.fromisoformat(text)
    except ValueError:
        return text
    return text


# -- data to scenario --------------------------------------------------------------------------------------


def _finish(document: Document, folder: Path, name: str) -> Scenario:
    """Validate the data; translate every fault; resolve folder paths against `folder`."""
    try:
        scenario = Scenario(**document.data)
    except ValidationError as error:
        faults = Faults(ScenarioError)
        for fault in error.errors(include_url=False):
            faults.add(_message(fault, document, name))
        faults.raise_if_any()
        raise AssertionError from error
    scenario._positions = document.positions
    network = scenario.network
    moved = {
        key: folder / value
        for key, value in (("folder", network.folder), ("overlay", network.overlay))
        if value is not None and not value.is_absolute()
    }
    return scenario.with_changes(network=network.model_copy(update=moved)) if moved else scenario


def _message(fault: Any, document: Document, name: str) -> str:
    """Return one line for a fault that pydantic found."""
    keys = [key for i, key in enumerate(fault["loc"]) if not _is_kind(fault["loc"], i)]
    path = _path(keys)
    where = document.positions.get(path) or _enclosing(document.positions, path) or name
    kind = fault["type"]
    if kind == "extra_forbidden":
        allowed = _allowed_keys(keys[:-1], document.data)
        return f"{where}: {path}: unknown key '{keys[-1]}'{suggestion(str(keys[-1]), allowed)}"
    if kind == "missing":
        return f"{where}: the key '{path}' is missing"
    if kind in {"union_tag_invalid", "union_tag_not_found"}:
        kinds = KINDS[str(keys[0])]
        value = _value_at(document.data, [*keys, "kind"])
        if value is None:
            return f"{where}: {path}: the key 'kind' is missing; allowed: {', '.join(kinds)}"
        where = document.positions.get(f"{path}.kind", where)
        return f"{where}: {path}.kind = {value!r} is unknown{suggestion(str(value), kinds)}"
    text = fault["msg"].removeprefix("Value error, ")
    if kind == "literal_error":
        text = f"is not allowed{suggestion(str(fault['input']), re.findall(chr(39) + '([^' + chr(39) + ']+)', text))}"
    value = fault["input"]
    shown = "" if isinstance(value, Mapping | list | tuple | Spec) else f" = {_short(value)}"
    return f"{where}: {path or 'scenario'}{shown} {text[:1].lower() + text[1:]}"


def _short(value: object) -> str:
    """Return a value for a message, cut to a line."""
    text = f"'{value}'" if isinstance(value, str | date) else repr(value)
    return text if len(text) <= 80 else text[:77] + "..."


def _is_kind(loc: tuple[Any, ...], i: int) -> bool:
    """Return whether element `i` of a location is the tag of a union, which the file does not show."""
    return i >= 2 and isinstance(loc[i - 1], int) and loc[i - 2] in KINDS and loc[i] in KINDS[loc[i - 2]]


def _path(keys: list[Any]) -> str:
    """Return ``disruptions[0].origin`` from its keys."""
    text = ""
    for key in keys:
        if isinstance(key, int):
            text += f"[{key}]"
        elif key != "[key]":
            text += f".{key}" if text else str(key)
    return text


def _enclosing(positions: Mapping[str, str], path: str) -> str | None:
    """Return the position of the nearest part around `path` that the file has."""
    while path:
        path = re.sub(r"(\.[^.\[\]]+|\[\d+\]|^[^.\[\]]+|\.|\])$", "", path)
        if path in positions:
            return positions[path]
    return None


def _value_at(data: Any, keys: list[Any]) -> Any:
    """Return the value at a path, None where there is none."""
    for key in keys:
        try:
            data = data[key]
        except (KeyError, IndexError, TypeError):
            return None
    return data


def _allowed_keys(keys: list[Any], data: Any) -> list[str]:
    """Return the keys that the mapping at a path may have, as files write them."""
    model: type[Spec] | None = Scenario if not keys else None
    if keys and keys[0] in KINDS and len(keys) == 2:
        kind = _value_at(data, [*keys, "kind"])
        model = KINDS[keys[0]].get(kind) if isinstance(kind, str) else None
    elif keys:
        model = _NESTED.get(str(keys[-1]))
    if model is None:
        return []
    names = [field.alias or name for name, field in model.model_fields.items()]
    return [*names, "extends"] if model is Scenario else names
