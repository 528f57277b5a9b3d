"""What a run leaves behind: preallocated series and the event log."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from sim.model.arrays import CompiledRun
from sim.vocab import FloatArray


class Series(NamedTuple):
    """Histories that the kernel writes, one row a step. Sums over the slots or ports of a group.

    A group is a material in a country (`NetworkArrays.slot_group`, `port_group`), a row a recorded node
    (`node_row`). Quantities are t/step or t for groups, units/step for nodes.
    """

    demand: FloatArray
    """(step, group) t/step that users would draw with inputs unlimited: at min(want, cap); end use: at
    min(demand, cap), without backlog."""
    consumption: FloatArray  # (step, group) t/step drawn
    caught_up: FloatArray  # (step, group) t/step of consumption that met deferred demand
    inventory: FloatArray  # (step, group) t on hand at users
    in_transit: FloatArray  # (step, group) t under way to users
    production: FloatArray  # (step, group) t/step that entered the ports of producers in the country
    port_stock: FloatArray  # (step, group) t at producers' ports
    node_demand: FloatArray
    """(step, row) units/step; end use: demand, whatever its capacity; producer: what inputs are to serve."""
    node_activity: FloatArray  # (step, row) units/step
    node_caught_up: FloatArray  # (step, row) units/step
    node_capacity: FloatArray  # (step, row) units/step, after availability, surge and host
    node_deferred: FloatArray  # (step, row) units
    pile_stock: FloatArray  # (step, pile) t
    pile_released: FloatArray  # (step, pile) t/step
    pile_bought: FloatArray  # (step, pile) t/step arrived
    pile_spent: FloatArray  # (step, pile) USD, cumulative
    flow: FloatArray  # (step, arc) t/step shipped, or (0, 0)


@dataclass(frozen=True, slots=True)
class LoggedEvent:
    """One line of the event log."""

    step: int
    kind: str
    name: str
    label: str


@dataclass
class RunRecord:
    """Histories, event log and the balance of one trajectory."""

    series: Series
    events: list[LoggedEvent] = field(default_factory=list)
    max_relative_balance_error: float = 0.0
    steps_done: int = 0


def empty_series(compiled: CompiledRun) -> Series:
    """Return zeroed histories of the right shapes for `compiled`."""
    steps, groups, rows = compiled.n_steps, compiled.record_groups, compiled.record_nodes
    piles = len(compiled.arrays.pile_opening)
    arcs = len(compiled.arrays.arc_port)
    flow_shape = (steps, arcs) if compiled.record_flows else (0, 0)
    per_group = [np.zeros((steps, groups)) for _ in range(7)]
    per_row = [np.zeros((steps, rows)) for _ in range(5)]
    per_pile = [np.zeros((steps, piles)) for _ in range(4)]
    return Series._make([*per_group, *per_row, *per_pile, np.zeros(flow_shape)])
