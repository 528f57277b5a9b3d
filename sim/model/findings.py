"""What a check of a network has to say: the same record as for the tables."""

from __future__ import annotations

from sim.data.findings import Finding, Severity

__all__ = ["Finding", "Severity"]
