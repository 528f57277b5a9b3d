"""The network as plain arrays: all that the engine sees (integers for names; tonnes and steps).

Index families: node *n*, slot *s* (an input of a node), port *p* (an output of a node), segment *g*
(the customers of one port that share a priority class), arc *a* (port -> slot), scrap source *r*,
stockpile *k*, trigger *j*. Slots and ports are sorted by node, arcs by slot, so that ranges
``x_start[i]:x_start[i + 1]`` list what belongs to *i*.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import NamedTuple

import numpy as np

from sim.vocab import BoolArray, FloatArray, IntArray


class NetworkArrays(NamedTuple):
    """What does not change during a run. Quantities are t (or units of activity) and steps."""

    # nodes ---------------------------------------------------------------- shape (n_node,)
    node_end_use: BoolArray
    node_recycling: BoolArray
    node_aggregate: BoolArray
    """Many firms with differing covers: a slot runs short early and gently."""
    node_capacity: FloatArray
    """units/step; inf for no limit."""
    node_planned: FloatArray
    """Base-year activity, units/step; for end use the demand."""
    node_growth: FloatArray
    """Growth of end-use demand, log per step."""
    node_deferred_fraction: FloatArray
    node_must_run: FloatArray
    """Share of planned activity that goes on while exports are shut."""
    node_storage_steps: FloatArray
    """Pile that a must-run node accepts above its port target, in steps of planned output."""
    node_process_steps: IntArray
    node_restart_steps: IntArray
    node_host: IntArray
    """Node whose activity limits this one; -1 for none."""
    node_host_ratio: FloatArray
    node_scrap_steps: FloatArray
    """Recycling: activity is at most scrap on hand divided by this many steps."""
    node_slot_start: IntArray  # (n_node + 1,)
    node_port_start: IntArray  # (n_node + 1,)
    node_wip_start: IntArray  # (n_node + 1,) offsets into the rings of goods in process
    # slots ---------------------------------------------------------------- shape (n_slot,)
    slot_node: IntArray
    slot_input_per_unit: FloatArray
    slot_cover_steps: FloatArray
    slot_essential: FloatArray
    slot_share: FloatArray
    slot_line: IntArray
    """Line number; slots of a node are sorted by line."""
    slot_arc_start: IntArray  # (n_slot + 1,) used arcs: indices 0 .. n_used
    slot_latent_start: IntArray  # (n_slot + 1,) latent arcs: indices n_used .. n_arc
    slot_ring_start: IntArray  # (n_slot + 1,) offsets into the arrival rings, which hold lead and delay
    # ports ---------------------------------------------------------------- shape (n_port,)
    port_node: IntArray
    port_output_per_unit: FloatArray
    port_target: FloatArray
    """Q*, t."""
    port_base_orders: FloatArray
    """Base outflow, t/step."""
    port_drives: BoolArray
    port_disposable: BoolArray
    port_segment_start: IntArray  # (n_port + 1,)
    # arcs ----------------------------------------------------------------- shape (n_arc,)
    arc_slot: IntArray
    arc_port: IntArray
    arc_segment: IntArray
    arc_lead_steps: IntArray
    """At least 1."""
    arc_base_flow: FloatArray
    arc_base_weight: FloatArray
    """Share of the slot's base inflow; 0 for a latent arc."""
    arc_qualification_steps: IntArray
    """0 for used arcs."""
    # scrap sources -------------------------------------------------------- shape (n_scrap,)
    scrap_node: IntArray
    """The recycling node."""
    scrap_slot: IntArray
    """Slot whose draw becomes scrap."""
    scrap_output_per_unit: FloatArray
    """t of the product, per unit of activity, that the draw does not leave behind as scrap."""
    scrap_yield: FloatArray
    """Collection x recovery, calibrated to the base year's recycling plus a small spare."""
    scrap_rate: FloatArray
    """Share of each stage of the lifetime chain that moves on in a step; at most 1."""
    scrap_stage_start: IntArray  # (n_scrap + 1,) offsets into the chain; no stage = no delay
    # stockpiles ----------------------------------------------------------- shape (n_pile,)
    pile_opening: FloatArray
    pile_target: FloatArray
    pile_purchase: FloatArray
    """t/step at most."""
    pile_unit_cost: FloatArray
    """USD/t paid for a purchase, premium included."""
    pile_budget: FloatArray
    """USD."""
    pile_own_stock_first: BoolArray
    pile_slot_start: IntArray  # (n_pile + 1,)
    pile_slot: IntArray
    """Member slots of each pile, first served first."""
    pile_slot_class: IntArray
    pile_buy_start: IntArray  # (n_pile + 1,)
    buy_port: IntArray
    buy_share: FloatArray
    buy_lead_steps: IntArray
    pile_ring_start: IntArray  # (n_pile + 1,) offsets into the rings of purchases under way
    # triggers ------------------------------------------------------------- shape (n_trigger,)
    trigger_kind: IntArray
    """See `TriggerKind`."""
    trigger_level: FloatArray
    trigger_slot_start: IntArray  # (n_trigger + 1,)
    trigger_slot: IntArray
    trigger_window: int
    """Steps over which a fill rate is averaged (4 weeks)."""
    # recording and accounting ---------------------------------------------
    slot_material: IntArray
    """Number of the material, for the balance alone."""
    port_material: IntArray
    pile_material: IntArray
    slot_group: IntArray
    """Row of the record (material x country) that the slot adds to; -1 for none."""
    port_group: IntArray
    node_row: IntArray
    """Row of the record that holds the node; -1 for none."""


class Behaviour(NamedTuple):
    """Rules of behaviour, one set for all nodes; times in steps, at least 1."""

    adjustment_steps: float
    refill_steps: float
    forecast_steps: float
    switching_steps: float
    loyalty_steps: float
    established_steps: float
    """Half a year: shipments smoothed over it count as a customer's established flow."""
    catch_up_steps: float
    """A backlog is worked off with this time constant at the quickest; 1: as fast as capacity allows."""
    deferral_steps: float
    """Deferred demand that is not met fades with this time constant; inf for never."""
    scrap_disposal_steps: float
    """Scrap above its normal stock leaves to other uses with this time constant."""
    order_cap: float
    """Round-1 order of an arc at most this multiple of its established flow; inf for no cap."""
    minimum_run: float
    """Share of the must-run activity kept while a pile left by a restriction is sold."""
    cover_spread: bool
    resourcing: bool


class Parameters(NamedTuple):
    """What the calendar changes; the arrays are written in place between kernel calls."""

    availability: FloatArray  # (n_node,) share of capacity that works
    capacity_factor: FloatArray  # (n_node,) surge
    demand_factor: FloatArray  # (n_node,)
    restricted: FloatArray  # (n_node,) > 0 while a restriction holds some arc out of the node
    arc_cap: FloatArray  # (n_arc,) t/step; inf for no limit, 0 for closed
    input_factor: FloatArray  # (n_slot,) share of the input that substitution leaves
    input_added: FloatArray  # (n_slot,) t per unit that substitution brings to this slot
    essential_added: FloatArray  # (n_slot,) share of the use that has come to rest on this substitute
    extra_cover: FloatArray  # (n_slot,) steps of additional cover wanted (buying ahead)
    pile_rate: FloatArray  # (n_pile,) t/step that may be released; 0 while closed
    pile_buying: FloatArray  # (n_pile,) 1 while purchases are allowed
    buy_open: FloatArray  # (n_buy,) 1 while the supplier may sell to the pile
    arc_delay: FloatArray  # (n_arc,) whole steps added to the lead time of what is shipped now
    segment_rank: FloatArray  # (n_segment,) order of service, least first; equal ranks share alike
    scrap_factor: FloatArray  # (n_scrap,) multiplies collection x recovery, which stays at most 1
    trigger_armed: FloatArray  # (n_trigger,) 1 while the trigger is watched
    capacity_added: FloatArray  # (n_node,) units/step that projects have added, or taken where they replace
    planned_added: FloatArray  # (n_node,) units/step that projects add to what is planned
    target_added: FloatArray  # (n_port,) t that projects add to a port's target
    entry: FloatArray  # (n_arc,) how far a base weight has moved: w -> w (1 - sum of entries) + entry


class TriggerKind(IntEnum):
    """What a trigger compares with its level; it fires when the quantity falls below."""

    FILL_RATE = 0
    """Granted / ordered of the members before round 3, mean of the last four weeks."""
    DAYS_OF_COVER = 1
    """On hand over use wanted, in days."""


class EffectKind(IntEnum):
    """Order in which effects of one instant are logged and applied."""

    AVAILABILITY = 0
    CAPACITY_FACTOR = 1
    DEMAND_FACTOR = 2
    RESTRICTED = 3
    ARC_CAP = 4
    INPUT_FACTOR = 5
    INPUT_ADDED = 6
    ESSENTIAL_ADDED = 7
    EXTRA_COVER = 8
    PILE_RATE = 9
    PILE_BUYING = 10
    BUY_OPEN = 11
    TRIGGER_ARMED = 12
    ARC_DELAY = 13
    SEGMENT_RANK = 14
    SCRAP_FACTOR = 15
    CAPACITY_ADDED = 16
    PLANNED_ADDED = 17
    TARGET_ADDED = 18
    ENTRY = 19


@dataclass(frozen=True)
class Effect:
    """One dated change of parameters: rows of values that hold from a step until the next row.

    Attributes
    ----------
    kind : EffectKind
        Which field of `Parameters`.
    name : str
        Shown in the event log.
    index : ndarray of int, shape (n,)
        Positions in the field.
    steps : ndarray of int, shape (k,)
        First step at which each row acts, rising; relative to the firing step if `trigger` >= 0.
    values : ndarray of float, shape (k, n)
    labels : tuple of str, length k
        What the log says when the row starts; empty text logs nothing.
    trigger : int
        Trigger that starts the effect; -1 when it is dated.

    Notes
    -----
    Factors of several effects on one position multiply, caps take the smallest, extra terms add,
    switches take the largest; see `sim.engine.clock`.
    """

    kind: EffectKind
    name: str
    index: IntArray
    steps: IntArray
    values: FloatArray
    labels: tuple[str, ...]
    trigger: int = -1


@dataclass(frozen=True)
class CompiledRun:
    """Arrays, rules and calendar of one run: the engine's whole input."""

    arrays: NetworkArrays
    behaviour: Behaviour
    base: Parameters
    """Parameters before any effect."""
    effects: tuple[Effect, ...]
    """Of disruptions, responses and projects; those of projects act in the baseline too."""
    n_steps: int
    step_days: int
    trigger_names: tuple[str, ...] = ()
    record_flows: bool = False
    record_groups: int = 0
    record_nodes: int = 0
    first_disruption_step: int = -1
    notes: tuple[str, ...] = field(default=())
    """What was rounded to steps, and the like; said once to the user."""


def n_used(arrays: NetworkArrays) -> int:
    """Return the number of used arcs; the latent ones follow."""
    return int(arrays.slot_arc_start[-1])


def empty_index() -> IntArray:
    """Return an index array without entries."""
    return np.zeros(0, dtype=np.int64)
