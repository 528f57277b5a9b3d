"""Sums over the balanced network that the tests of several chains compare with published totals."""

from __future__ import annotations

import math

from sim.model.network import Network


def made_t(network: Network, *processes: str, country: str | None = None) -> float:
    """Return the balanced activity of processes, t/year."""
    return math.fsum(
        node.planned_per_year
        for node in network.nodes.values()
        if node.process in processes and country in (None, node.country)
    )


def used_t(network: Network, material: str, country: str | None = None) -> float:
    """Return what all nodes take of a material in the base year, t."""
    return math.fsum(
        entry.input_per_unit * node.planned_per_year
        for node in network.nodes.values()
        for entry in node.inputs
        if entry.material == material and country in (None, node.country)
    )
