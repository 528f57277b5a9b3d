"""YAML text as a tree in which every value knows its file, line and column.

The tree is built from the parser's events, so that nothing is constructed before it is checked: tags are
refused, aliases share one item instead of being copied, and depth and size are bounded while reading.
Scalars follow the core of YAML 1.2: null, true, false, decimal numbers; anything else is text, dates and
``on``/``off`` included.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from sim.errors import Faults, ScenarioError

MAX_BYTES = 1_000_000  # shipped scenarios have some 3,000
MAX_VALUES = 20_000  # with aliases expanded
MAX_DEPTH = 30
MAX_DIGITS = 300  # a longer number stays text, which no field of numbers accepts

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_INTEGER = re.compile(r"[-+]?[0-9]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_WORDS: dict[str, object] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), float("inf")),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), float("-inf")),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan")),
}


class Broken:
    """Stands for a value whose fault is already known, so that it is not reported twice."""


BROKEN: Final = Broken()


@dataclass(frozen=True, slots=True)
class Source:
    """Where text comes from: the name that messages show, and the folder of relative paths."""

    name: str
    folder: Path
    file: Path | None = None
    """None for text that is not from a file."""


class Place(NamedTuple):
    """A position in a source; line and column count from 1."""

    source: Source
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.source.name}:{self.line}:{self.column}"


@dataclass(slots=True)
class Item:
    """A value and where it stands.

    Attributes
    ----------
    place : Place
    value : None, bool, int, float, str, Broken, list of Item, or dict of str to Item
    keys : dict of str to Place
        Where the keys of a mapping stand.
    size : int
        Number of values in it, aliases expanded.
    depth : int
        Levels of nesting below it.
    """

    place: Place
    value: object
    keys: dict[str, Place] = field(default_factory=dict)
    size: int = 1
    depth: int = 0

    def plain(self) -> object:
        """Return the value without positions."""
        if isinstance(self.value, dict):
            return {key: item.plain() for key, item in self.value.items()}
        if isinstance(self.value, list):
            return [item.plain() for item in self.value]
        return self.value


def decode(data: bytes, source: Source) -> str:
    """Return the text of a file.

    Raises
    ------
    ScenarioError
        If the file is too large, binary, or not UTF-8.
    """
    if len(data) > MAX_BYTES:
        raise ScenarioError(
            f"{source.name}: is larger than {MAX_BYTES:,} bytes, the most a scenario may have"
        )
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start]
        line, column = before.count(b"\n") + 1, error.start - before.rfind(b"\n")
        raise ScenarioError(
            f"{source.name}:{line}:{column}: byte 0x{data[error.start]:02x} is not UTF-8 text; "
            "save the file as UTF-8"
        ) from None
    check_text(text, source)
    return text


def check_text(text: str, source: Source) -> None:
    """Refuse text with control characters, which no editor writes.

    Raises
    ------
    ScenarioError
        With the first one's position.
    """
    found = _CONTROL.search(text)
    if found is not None:
        line, column = (
            text.count("\n", 0, found.start()) + 1,
            found.start() - text.rfind("\n", 0, found.start()),
        )
        code = f"U+{ord(found[0]):04X}"
        raise ScenarioError(
            f"{source.name}:{line}:{column}: holds the character {code}: is this a text file?"
        )


def read_tree(text: str, source: Source, faults: Faults) -> Item:
    """Return the tree of YAML text that holds one mapping.

    Parameters
    ----------
    text : str
    source : Source
    faults : Faults
        Receives tags, duplicate keys and the like, which do not stop the reading.

    Raises
    ------
    ScenarioError
        If the text is not YAML, too large or too deep, or not one mapping.
    """
    check_text(text, source)
    builder = _Builder(source, faults)
    try:
        for event in YAML(typ="safe", pure=True).parse(text):
            builder.take(event)
    except MarkedYAMLError as error:
        raise ScenarioError(_syntax_fault(error, source)) from None
    except (YAMLError, ValueError, LookupError, AttributeError, TypeError, AssertionError) as error:
        if isinstance(error, ScenarioError):
            raise
        # the parser's own slips on text that is far from YAML
        raise ScenarioError(
            f"{source.name}: is not YAML ({type(error).__name__} in the YAML reader)"
        ) from None
    root = builder.root
    if root is None or root.value is None:
        raise ScenarioError(f"{source.name}: is empty; a scenario needs name, start and horizon")
    if not isinstance(root.value, dict):
        raise ScenarioError(f"{root.place}: is not a mapping; a scenario is lines such as 'name: export_ban'")
    return root


def _syntax_fault(error: MarkedYAMLError, source: Source) -> str:
    """Return the message of a syntax error, in the words of this package where the reader's are dark."""
    mark = error.problem_mark or error.context_mark
    place = f"{source.name}:{mark.line + 1}:{mark.column + 1}" if mark is not None else source.name
    problem = shorten(str(error.problem or error.context or "cannot be parsed"), 300)
    if "\\t" in problem or "tab" in problem.split():
        return f"{place}: a tab where YAML wants blanks; indent with blanks"
    if "mapping values are not allowed" in problem:
        problem += " (a second ': ' on the line, or a wrong indent; put text with ': ' in quotes)"
    return f"{place}: is not YAML: {problem}"


@dataclass(slots=True)
class _Open:
    """A mapping or list that is still being read."""

    item: Item
    anchor: str | None
    broken: bool
    key: str | None = None
    key_place: Place | None = None
    skips_value: bool = False

    @property
    def wants_key(self) -> bool:
        return isinstance(self.item.value, dict) and self.key_place is None


class _Builder:
    """Turns parser events into a tree of items."""

    def __init__(self, source: Source, faults: Faults) -> None:
        self.source, self.faults = source, faults
        self.root: Item | None = None
        self._documents = 0
        self._events = 0
        self._open: list[_Open] = []
        self._anchors: dict[str, Item | None] = {}

    def take(self, event: Event) -> None:
        """Take one event of the parser."""
        self._events += 1
        place = self._place(event)
        if self._events > 3 * MAX_VALUES:
            raise ScenarioError(f"{place}: holds more than {MAX_VALUES:,} values")
        if isinstance(event, DocumentStartEvent):
            self._documents += 1
            if self._documents > 1:
                raise ScenarioError(f"{place}: holds a second document ('---'); a scenario is one")
        elif isinstance(event, ScalarEvent):
            self._scalar(event, place)
        elif isinstance(event, AliasEvent):
            self._alias(event, place)
        elif isinstance(event, MappingStartEvent | SequenceStartEvent):
            self._begin(event, place)
        elif isinstance(event, MappingEndEvent | SequenceEndEvent):
            self._end()

    def _place(self, event: Event) -> Place:
        mark = event.start_mark
        return (
            Place(self.source, mark.line + 1, mark.column + 1)
            if mark is not None
            else Place(self.source, 1, 1)
        )

    def _scalar(self, event: ScalarEvent, place: Place) -> None:
        if self._open and self._open[-1].wants_key and event.tag is None:
            self._anchor(event.anchor, Item(place, event.value))
            self._key(event.value, place, merges=event.value == "<<" and event.style is None)
            return
        plain = event.style is None and event.tag is None
        value = _resolve(event.value) if plain else event.value
        item = Item(place, BROKEN if self._tagged(event.tag, place) else value)
        self._anchor(event.anchor, item)
        self._add(item)

    def _alias(self, event: AliasEvent, place: Place) -> None:
        known = self._anchors.get(event.anchor)
        if known is None:
            reason = "refers to itself" if event.anchor in self._anchors else "is not defined above"
            raise ScenarioError(f"{place}: alias *{event.anchor} {reason}")
        if self._open and self._open[-1].wants_key and isinstance(known.value, str):
            self._key(known.value, place)
            return
        self._add(Item(place, known.value, known.keys, known.size, known.depth))

    def _begin(self, event: MappingStartEvent | SequenceStartEvent, place: Place) -> None:
        if len(self._open) >= MAX_DEPTH:
            raise ScenarioError(f"{place}: is nested deeper than {MAX_DEPTH} levels")
        value: object = {} if isinstance(event, MappingStartEvent) else []
        if event.anchor is not None:
            self._anchors[event.anchor] = None
        self._open.append(_Open(Item(place, value), event.anchor, self._tagged(event.tag, place)))

    def _end(self) -> None:
        closed = self._open.pop()
        if closed.broken:
            closed.item.value, closed.item.keys = BROKEN, {}
        self._anchor(closed.anchor, closed.item)
        self._add(closed.item)

    def _anchor(self, anchor: str | None, item: Item) -> None:
        if anchor is not None:
            self._anchors[anchor] = item

    def _tagged(self, tag: object, place: Place) -> bool:
        """Return whether a value has a tag, which is a fault."""
        if tag is None:
            return False
        self.faults.add(
            f"{place}: the tag {_shown_tag(tag)} is not allowed; a scenario holds plain values only"
        )
        return True

    def _key(self, key: str, place: Place, *, merges: bool = False) -> None:
        """Start a pair of the mapping that is open."""
        top = self._open[-1]
        top.key, top.key_place, top.skips_value = key, place, True
        if merges:
            self.faults.add(f"{place}: merge keys (<<) are not read; use 'extends: other.yaml'")
        elif not key.strip():
            self.faults.add(f"{place}: a key is missing before ':'")
        elif key in top.item.keys:
            first = top.item.keys[key]
            self.faults.add(f"{place}: the key '{shorten(key)}' is given twice, first in line {first.line}")
        else:
            top.skips_value = False

    def _add(self, item: Item) -> None:
        """Put a finished item where it belongs."""
        if not self._open:
            self.root = item
            return
        top = self._open[-1]
        if top.wants_key:
            self.faults.add(f"{item.place}: a key must be plain text")
            top.key_place, top.skips_value = item.place, True
            return
        parent = top.item
        parent.size += item.size
        parent.depth = max(parent.depth, item.depth + 1)
        if parent.size > MAX_VALUES:
            raise ScenarioError(
                f"{item.place}: holds more than {MAX_VALUES:,} values once aliases are expanded"
            )
        if len(self._open) + item.depth > MAX_DEPTH:
            raise ScenarioError(
                f"{item.place}: is nested deeper than {MAX_DEPTH} levels once aliases are expanded"
            )
        if isinstance(parent.value, list):
            parent.value.append(item)
        elif isinstance(parent.value, dict) and top.key is not None and top.key_place is not None:
            if not top.skips_value:
                parent.value[top.key] = item
                parent.keys[top.key] = top.key_place
            top.key = top.key_place = None


def _resolve(text: str) -> object:
    """Return the value that plain text stands for in the core of YAML 1.2."""
    if text in _WORDS:
        return _WORDS[text]
    if len(text) <= MAX_DIGITS:
        if _INTEGER.fullmatch(text):
            return int(text)
        if _FLOAT.fullmatch(text):
            return float(text)
    return text


def _shown_tag(tag: object) -> str:
    """Return a tag as files write it."""
    text = str(tag)
    return shorten(text.replace("tag:yaml.org,2002:", "!!"))


def printable(text: str) -> str:
    """Return text with what cannot be shown written as an escape."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def shorten(text: str, length: int = 60) -> str:
    """Return text for a message: one line that any terminal can show, cut to `length`."""
    flat = printable(" ".join(text.split()))
    return flat if len(flat) <= length else flat[: length - 3] + "..."
