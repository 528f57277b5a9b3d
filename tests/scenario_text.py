"""Scenario files put together from the inside of their disruptions and responses."""

from __future__ import annotations


def scenario_text(head: str, disruptions: str = "", responses: str = "") -> str:
    """Return the text of a scenario: one disruption or response a line, each the inside of a flow mapping."""
    text = head
    for key, items in (("disruptions", disruptions), ("responses", responses)):
        lines = [f"  - {{{item}}}\n" for item in items.splitlines()]
        text += f"{key}:\n{''.join(lines)}" if lines else ""
    return text
