"""The error tree, and the collector that gathers every fault of a file before raising.

::

    SimError
    ├── DataError          (also ValueError)  a figure or structure table is wrong
    ├── UnitError          (also ValueError)  a quantity cannot be read in the unit asked for
    ├── NetworkError       (also ValueError)  nodes, arcs and recipes do not make a network
    ├── ScenarioError      (also ValueError)  a scenario file is wrong
    ├── ResultError        (also ValueError)  a result folder cannot be read or written
    └── EngineError        (also RuntimeError) the engine found its own state to be impossible
        └── MassBalanceError

A message names file, line, field, the value got, what is allowed and the nearest valid name.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass, field

MAX_FAULTS_SHOWN = 12  # a message must fit one screen


class SimError(Exception):
    """Any fault this package raises on purpose; its text is meant for the user."""


class DataError(SimError, ValueError):
    """A figure table or structure table is wrong."""


class UnitError(SimError, ValueError):
    """A quantity cannot be read in the unit asked for."""


class NetworkError(SimError, ValueError):
    """Nodes, arcs and recipes do not make a network."""


class ScenarioError(SimError, ValueError):
    """A scenario file is wrong."""


class ResultError(SimError, ValueError):
    """A result folder cannot be read or written."""


class EngineError(SimError, RuntimeError):
    """The engine found its own state to be impossible."""


class MassBalanceError(EngineError):
    """A material's balance does not close."""


def nearest(name: str, allowed: Iterable[str]) -> str | None:
    """Return the allowed name most like `name`, or None when none is close.

    Examples
    --------
    >>> nearest("galium", ["gallium", "germanium"])
    'gallium'
    """
    names = list(allowed)
    lowered = {candidate.lower(): candidate for candidate in reversed(names)}
    if name.lower() in lowered:
        return lowered[name.lower()]
    found = difflib.get_close_matches(name.lower(), list(lowered), n=1, cutoff=0.6)
    return lowered[found[0]] if found else None


def suggestion(name: str, allowed: Iterable[str]) -> str:
    """Return ``; did you mean 'x'?`` or, when nothing is close, a few of the allowed names.

    Names that hold the text come before others.

    Examples
    --------
    >>> suggestion("ev", ["use_ev_traction.USA", "gallium_primary.CHN"])
    "; with 'ev' in it: use_ev_traction.USA"
    """
    names = list(dict.fromkeys(allowed))
    close = nearest(name, names)
    if close is not None:
        return f"; did you mean '{close}'?"
    if not names:
        return ""
    part = name.lower()
    holding = [candidate for candidate in names if part and part in candidate.lower()]
    names, word = (holding, f"with '{name}' in it") if holding else (names, "known")
    shown = ", ".join(names[:8])
    return f"; {word}: {shown}" + (f" and {len(names) - 8} more" if len(names) > 8 else "")


@dataclass(slots=True)
class Faults:
    """Gathers the faults of one or more files and raises them together.

    Parameters
    ----------
    error : type of SimError
        What `raise_if_any` raises.

    Examples
    --------
    >>> faults = Faults(DataError)
    >>> faults.add("nodes.csv:3: capacity_t_per_year = 'abc' is not a number")
    >>> faults.raise_if_any()
    Traceback (most recent call last):
        ...
    sim.errors.DataError: nodes.csv:3: capacity_t_per_year = 'abc' is not a number
    """

    error: type[SimError]
    messages: list[str] = field(default_factory=list)

    def add(self, message: str) -> None:
        """Keep one fault; the same text twice counts once."""
        if message not in self.messages:
            self.messages.append(message)

    def __bool__(self) -> bool:
        return bool(self.messages)

    def raise_if_any(self) -> None:
        """Raise one error that lists every fault gathered, if there is any.

        Raises
        ------
        SimError
            Of the class given at construction.
        """
        if not self.messages:
            return
        shown = self.messages[:MAX_FAULTS_SHOWN]
        rest = len(self.messages) - len(shown)
        if rest:
            shown = [*shown, f"... and {rest} more faults"]
        raise self.error("\n".join(shown))
