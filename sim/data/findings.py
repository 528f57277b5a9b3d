"""What a check found: how grave, where, what."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How grave a finding is."""

    ERROR = "error"
    """No network can be built, or a number is wrong."""
    WARNING = "warning"
    """Deserves a look."""
    INFO = "info"
    """For the reader of a result."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing a rule found.

    Attributes
    ----------
    rule : str
        Name of the rule: its function without ``check_``.
    severity : Severity
    where : str
        ``file:line``, or the process, material or table concerned.
    message : str
        What, with the numbers.
    """

    rule: str
    severity: Severity
    where: str
    message: str

    def __str__(self) -> str:
        return f"{self.severity}: {self.where}: {self.message} [{self.rule}]"
