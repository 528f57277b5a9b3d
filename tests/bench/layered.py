"""Random layered networks of any size, made with whole arrays: mining -> refining -> processing -> end use.

One input slot a node below mining, one port a node above end use. The base is built from the end upwards, so
that it is steady; a ban closes every arc out of three tenths of the refineries for a year.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from sim.model.arrays import CompiledRun, Effect, EffectKind, NetworkArrays, Parameters
from tests.drafts import DEFAULT_BEHAVIOUR

LAYER_SHARES = (0.15, 0.25, 0.25, 0.35)  # of the nodes: mining, refining, processing, end use
COUNTRIES = 10
BANNED = 3  # countries: more than the spare capacity of the others makes good
WATCHED_USERS = 50
BAN_START, BAN_END = 26, 78  # steps
INPUT_PER_UNIT, COVER_STEPS, PORT_COVER_STEPS = 1.2, 6.0, 2.0
SPARE, PROCESS_STEPS = 1.2, (2, 6, 4, 0)  # capacity over planned; by layer


@dataclass(frozen=True)
class Layers:
    """Where layers begin in the node numbering; arcs of each slot."""

    starts: tuple[int, ...]
    arcs_per_slot: int

    @property
    def n_node(self) -> int:
        return self.starts[-1]

    def size(self, layer: int) -> int:
        return self.starts[layer + 1] - self.starts[layer]


def split_layers(n_arc: int, arcs_per_slot: int) -> Layers:
    """Return layer sizes that give about `n_arc` arcs: every node but the mines has one slot."""
    n_slot = n_arc // arcs_per_slot
    n_node = round(n_slot / (1.0 - LAYER_SHARES[0]))
    ends = np.round(np.cumsum(LAYER_SHARES) * n_node).astype(int).tolist()
    return Layers((0, *ends[:3], n_node), arcs_per_slot)


def layered_run(n_arc: int, arcs_per_slot: int = 5, *, seed: int = 0, n_steps: int = 520) -> CompiledRun:
    """Return the engine's input for a random layered network with a ban."""
    rng = np.random.default_rng(seed)
    layers = split_layers(n_arc, arcs_per_slot)
    n_node, mines = layers.n_node, layers.starts[1]
    planned = np.zeros(n_node)
    planned[layers.starts[3] :] = np.exp(rng.uniform(0.0, 4.0, layers.size(3)))
    supplier = np.zeros((n_node - mines, arcs_per_slot), dtype=np.int64)
    flow = np.zeros((n_node - mines, arcs_per_slot))
    for layer in (3, 2, 1):
        first, last = layers.starts[layer], layers.starts[layer + 1]
        above, n_above = layers.starts[layer - 1], layers.size(layer - 1)
        # one supplier in turn, so that each has a customer, the rest at random
        offset = (np.arange(last - first)[:, None] + rng.integers(1, n_above, (1, arcs_per_slot))) % n_above
        chosen = above + np.sort((offset + np.arange(arcs_per_slot) * 7) % n_above, axis=1)
        parts = rng.dirichlet(np.full(arcs_per_slot, 2.0), last - first)
        rows = slice(first - mines, last - mines)
        supplier[rows] = chosen
        flow[rows] = parts * (INPUT_PER_UNIT * planned[first:last, None])
        np.add.at(planned, chosen.ravel(), flow[rows].ravel())
    leads = rng.integers(1, 9, supplier.shape)
    return _compiled(layers, planned, supplier, flow, leads, n_steps)


def _compiled(
    layers: Layers,
    planned: np.ndarray,
    supplier: np.ndarray,
    flow: np.ndarray,
    leads: np.ndarray,
    n_steps: int,
) -> CompiledRun:
    """Pack a layered network; ports are numbered as their nodes, slots as their nodes less the mines."""
    n_node, mines = layers.n_node, layers.starts[1]
    n_port, n_slot, n_arc = layers.starts[3], n_node - mines, supplier.size
    layer = np.searchsorted(layers.starts, np.arange(n_node), side="right") - 1
    country = np.arange(n_node) % COUNTRIES
    group = np.where(layer < 3, layer, 2) * COUNTRIES + country
    slot_node = np.arange(mines, n_node)
    port = supplier.ravel()
    base_flow = flow.ravel()
    orders = np.bincount(port, base_flow, n_port)
    sums = np.repeat(flow.sum(axis=1), layers.arcs_per_slot)
    process = np.array(PROCESS_STEPS)[layer]
    watched = (layer == 3) & (np.arange(n_node) < layers.starts[3] + WATCHED_USERS)
    arrays = NetworkArrays(
        **_nodes(layers, planned, layer, process),
        slot_node=slot_node,
        slot_input_per_unit=np.full(n_slot, INPUT_PER_UNIT),
        slot_cover_steps=np.full(n_slot, COVER_STEPS),
        slot_essential=np.ones(n_slot),
        slot_share=np.ones(n_slot),
        slot_line=np.zeros(n_slot, np.int64),
        slot_arc_start=np.arange(n_slot + 1) * layers.arcs_per_slot,
        slot_latent_start=np.full(n_slot + 1, n_arc),
        slot_ring_start=np.concatenate([[0], np.cumsum(leads.max(axis=1))]),
        port_node=np.arange(n_port),
        port_output_per_unit=np.ones(n_port),
        port_target=PORT_COVER_STEPS * orders,
        port_base_orders=orders,
        port_drives=np.ones(n_port, np.bool_),
        port_disposable=np.zeros(n_port, np.bool_),
        port_segment_start=np.arange(n_port + 1),
        arc_slot=np.repeat(np.arange(n_slot), layers.arcs_per_slot),
        arc_port=port,
        arc_segment=port,
        arc_lead_steps=leads.ravel(),
        arc_base_flow=base_flow,
        arc_base_weight=base_flow / sums,
        arc_qualification_steps=np.zeros(n_arc, np.int64),
        **_nothing(),
        slot_material=layer[slot_node] - 1,
        port_material=layer[:n_port],
        slot_group=(layer[slot_node] - 1) * COUNTRIES + country[slot_node],
        port_group=group[:n_port],
        node_row=np.where(watched, np.cumsum(watched) - 1, -1),
    )
    return CompiledRun(
        arrays=arrays,
        behaviour=DEFAULT_BEHAVIOUR,
        base=_parameters(n_node, n_slot, n_port, n_arc),
        effects=_ban(port, base_flow, layer, country),
        n_steps=n_steps,
        step_days=7,
        record_groups=3 * COUNTRIES,
        record_nodes=WATCHED_USERS,
        first_disruption_step=BAN_START,
    )


def _nodes(
    layers: Layers, planned: np.ndarray, layer: np.ndarray, process: np.ndarray
) -> dict[str, np.ndarray]:
    """Return the node arrays."""
    n_node, mines, users = layers.n_node, layers.starts[1], layers.starts[3]
    end_use = layer == 3
    return {
        "node_end_use": end_use,
        "node_recycling": np.zeros(n_node, np.bool_),
        "node_aggregate": np.ones(n_node, np.bool_),
        "node_capacity": planned * SPARE,
        "node_planned": planned,
        "node_growth": np.zeros(n_node),
        "node_deferred_fraction": np.where(end_use, 0.5, 0.0),
        "node_must_run": np.zeros(n_node),
        "node_storage_steps": np.zeros(n_node),
        "node_process_steps": process,
        "node_restart_steps": np.zeros(n_node, np.int64),
        "node_host": np.full(n_node, -1),
        "node_host_ratio": np.zeros(n_node),
        "node_scrap_steps": np.full(n_node, 4.0),
        "node_slot_start": np.maximum(0, np.arange(n_node + 1) - mines),
        "node_port_start": np.minimum(np.arange(n_node + 1), users),
        "node_wip_start": np.concatenate([[0], np.cumsum(process)]),
    }


def _nothing() -> dict[str, np.ndarray | int]:
    """Return empty scrap sources, stockpiles and triggers."""
    none, integers = np.zeros(0), np.zeros(0, np.int64)
    start = np.zeros(1, np.int64)
    empty: dict[str, np.ndarray | int] = {"scrap_stage_start": start, "trigger_window": 4}
    for name in ("scrap_node", "scrap_slot", "pile_slot", "pile_slot_class", "buy_port", "buy_lead_steps"):
        empty[name] = integers
    for name in ("scrap_output_per_unit", "scrap_yield", "scrap_rate", "pile_opening", "pile_target"):
        empty[name] = none
    for name in ("pile_purchase", "pile_unit_cost", "pile_budget", "buy_share", "trigger_level"):
        empty[name] = none
    for name in ("pile_slot_start", "pile_buy_start", "pile_ring_start", "trigger_slot_start"):
        empty[name] = start
    empty["pile_own_stock_first"] = np.zeros(0, np.bool_)
    for name in ("trigger_kind", "trigger_slot", "pile_material"):
        empty[name] = integers
    return empty


def _parameters(n_node: int, n_slot: int, n_port: int, n_arc: int) -> Parameters:
    """Return the parameters of a calm world."""
    none = np.zeros(0)
    return Parameters(
        availability=np.ones(n_node),
        capacity_factor=np.ones(n_node),
        demand_factor=np.ones(n_node),
        restricted=np.zeros(n_node),
        arc_cap=np.full(n_arc, math.inf),
        input_factor=np.ones(n_slot),
        input_added=np.zeros(n_slot),
        essential_added=np.zeros(n_slot),
        extra_cover=np.zeros(n_slot),
        pile_rate=none,
        pile_buying=none,
        buy_open=none,
        trigger_armed=none,
        arc_delay=np.zeros(n_arc),
        segment_rank=np.full(n_port, 5.0),
        scrap_factor=none,
        capacity_added=np.zeros(n_node),
        planned_added=np.zeros(n_node),
        target_added=np.zeros(n_port),
        entry=np.zeros(n_arc),
    )


def _ban(
    port: np.ndarray, base_flow: np.ndarray, layer: np.ndarray, country: np.ndarray
) -> tuple[Effect, ...]:
    """Close every arc out of the refineries of the first countries for a year."""
    banned = np.flatnonzero((layer == 1) & (country < BANNED))
    arcs = np.flatnonzero(np.isin(port, banned) & (base_flow > 0))
    steps = np.array([BAN_START, BAN_END])
    caps = np.stack([np.zeros(len(arcs)), np.full(len(arcs), math.inf)])
    flags = np.stack([np.ones(len(banned)), np.zeros(len(banned))])
    labels = ("ban starts", "ban ends")
    return (
        Effect(EffectKind.RESTRICTED, "ban", banned, steps, flags, ("", "")),
        Effect(EffectKind.ARC_CAP, "ban", arcs, steps, caps, labels),
    )
