"""A slow, plain reading of `docs/background/model.md`, written without sight of the compiled kernel.

Lists, floats and loops only; sums run in index order. Where the text leaves room, the oracle reads it so:

- infinite capacity with availability or factor 0 has capacity 0; an infinite order cap is no cap;
- a node of infinite capacity never idles;
- a fill rate is the ratio of sums over the last `trigger_window` steps, or over those there are; steps in
  which the trigger was not armed count; days of cover without use are infinite;
- triggers are watched with and without re-sourcing;
- a qualification clock falls at the end of the very step that starts it, and while its arc is closed;
- "a closed arc" of a slot may be used or latent; every weight snaps to base on its own.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from sim.model.arrays import CompiledRun, Effect, EffectKind, NetworkArrays, TriggerKind
from sim.vocab import FloatArray

MUST_RUN_PILE = 1.0
RESTART_WANT = 0.01
IDLE_ORDERS = 0.005
SHORT = 1e-9
EDGE = 1e-9
CALM_FILL = 0.99
OFFER_LIMIT = 1e6
WEIGHT_FLOOR = 1e-6
WEIGHT_SNAP = 1e-12

FIELDS = {
    EffectKind.AVAILABILITY: "availability",
    EffectKind.CAPACITY_FACTOR: "capacity_factor",
    EffectKind.DEMAND_FACTOR: "demand_factor",
    EffectKind.RESTRICTED: "restricted",
    EffectKind.ARC_CAP: "arc_cap",
    EffectKind.INPUT_FACTOR: "input_factor",
    EffectKind.INPUT_ADDED: "input_added",
    EffectKind.ESSENTIAL_ADDED: "essential_added",
    EffectKind.EXTRA_COVER: "extra_cover",
    EffectKind.PILE_RATE: "pile_rate",
    EffectKind.PILE_BUYING: "pile_buying",
    EffectKind.BUY_OPEN: "buy_open",
    EffectKind.TRIGGER_ARMED: "trigger_armed",
    EffectKind.ARC_DELAY: "arc_delay",
    EffectKind.SEGMENT_RANK: "segment_rank",
    EffectKind.SCRAP_FACTOR: "scrap_factor",
    EffectKind.CAPACITY_ADDED: "capacity_added",
    EffectKind.PLANNED_ADDED: "planned_added",
    EffectKind.TARGET_ADDED: "target_added",
    EffectKind.ENTRY: "entry",
}
MULTIPLY = ("availability", "capacity_factor", "demand_factor", "input_factor", "scrap_factor")
ADD = ("input_added", "essential_added", "extra_cover", "arc_delay", "segment_rank")
ADD += ("capacity_added", "planned_added", "target_added", "entry")
SMALLEST = ("arc_cap", "buy_open", "trigger_armed")

HISTORIES = (
    "on_hand", "transit", "port_stock", "activity", "want", "cap", "draw", "order", "orders", "granted",
    "weight", "use_smoothed", "deferred", "scrap_stock", "pile_stock", "demand", "matured", "wip", "surplus",
    "pile_granted", "pile_under_way", "pile_spent", "bought", "scrap_generated", "scrap_lost", "scrap_chain",
    "running", "qualification_left", "established", "orders_smoothed", "b", "pile_released", "pile_arrived",
    "ceiling",
)  # fmt: skip


def run_oracle(compiled: CompiledRun, n_steps: int | None = None) -> dict[str, Any]:
    """Run every step and return histories, one row a step.

    Parameters
    ----------
    compiled : CompiledRun
        The run.
    n_steps : int, optional
        Steps to do; all when left out.

    Returns
    -------
    dict of str to ndarray
        The names of `HISTORIES`; rows are states at the end of a step. `fired` is a list of
        (step, trigger) and `opening` a dict with the balance at the start.
    """
    oracle = Oracle(compiled)
    return oracle.run(compiled.n_steps if n_steps is None else n_steps)


def row_at(effect: Effect, step: int, fired_at: int | None) -> int:
    """Return the row of an effect that holds at `step`, -1 before its first."""
    origin = 0
    if effect.trigger >= 0:
        if fired_at is None:
            return -1
        origin = fired_at + 1
    row = -1
    for i, first in enumerate(effect.steps.tolist()):
        if step >= origin + first:
            row = i
    return row


def combine(name: str, old: float, new: float) -> float:
    """Return what two values of one field make together."""
    if name in MULTIPLY:
        return old * new
    if name in ADD:
        return old + new
    if name in SMALLEST:
        return min(old, new)
    return max(old, new)


def times(left: float, right: float) -> float:
    """Return the product, with 0 for infinity times 0."""
    return 0.0 if left == 0.0 or right == 0.0 else left * right


def listed(arrays: NetworkArrays) -> dict[str, Any]:
    """Return the arrays as lists of Python numbers."""
    return {
        name: value.tolist() if isinstance(value, np.ndarray) else value
        for name, value in arrays._asdict().items()
    }


@dataclass
class Oracle:
    """State of the slow run; the attributes carry the names of the text."""

    compiled: CompiledRun
    step: int = 0
    fired: dict[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, value in listed(self.compiled.arrays).items():
            setattr(self, name, value)
        self.rule = self.compiled.behaviour
        self.n_node, self.n_slot = len(self.node_planned), len(self.slot_node)
        self.n_port, self.n_arc = len(self.port_node), len(self.arc_slot)
        self.n_scrap, self.n_pile = len(self.scrap_node), len(self.pile_opening)
        self.arcs_of_slot = [
            list(range(self.slot_arc_start[s], self.slot_arc_start[s + 1]))
            + list(range(self.slot_latent_start[s], self.slot_latent_start[s + 1]))
            for s in range(self.n_slot)
        ]
        self.slots_of = [
            range(a, b) for a, b in zip(self.node_slot_start, self.node_slot_start[1:], strict=False)
        ]
        self.ports_of = [
            range(a, b) for a, b in zip(self.node_port_start, self.node_port_start[1:], strict=False)
        ]
        self.arcs_of_port: list[list[int]] = [[] for _ in range(self.n_port)]
        for a in range(self.n_arc):
            self.arcs_of_port[self.arc_port[a]].append(a)
        self.start()

    def start(self) -> None:
        """Fill the state with the steady state of the base flows (table "Start")."""
        planned = self.node_planned
        self.on_hand = [
            self.slot_cover_steps[s] * self.slot_input_per_unit[s] * planned[self.slot_node[s]]
            for s in range(self.n_slot)
        ]
        self.arriving: list[dict[int, float]] = [{} for _ in range(self.n_slot)]
        self.transit = [0.0] * self.n_slot
        for s in range(self.n_slot):
            for a in self.arcs_of_slot[s]:
                self.transit[s] += self.arc_base_flow[a] * self.arc_lead_steps[a]
                for due in range(self.arc_lead_steps[a]):
                    self.send(s, due, self.arc_base_flow[a])
        self.port_stock = list(self.port_target)
        self.planned, self.port_aim = list(planned), list(self.port_target)
        self.base_weight, self.base_flow = list(self.arc_base_weight), list(self.arc_base_flow)
        self.process = [[planned[n]] * self.node_process_steps[n] for n in range(self.n_node)]
        self.orders_last = list(self.port_base_orders)
        self.orders_smoothed = list(self.port_base_orders)
        self.use_smoothed, self.activity = list(planned), list(planned)
        self.weight, self.established = list(self.arc_base_weight), list(self.arc_base_flow)
        self.deferred = [0.0] * self.n_node
        self.chain = []
        recovered = [0.0] * self.n_node
        for r in range(self.n_scrap):
            n = self.slot_node[self.scrap_slot[r]]
            base = (self.slot_input_per_unit[self.scrap_slot[r]] - self.scrap_output_per_unit[r]) * planned[n]
            stages = self.scrap_stage_start[r + 1] - self.scrap_stage_start[r]
            self.chain.append([max(0.0, base) / self.scrap_rate[r]] * stages)
            recovered[self.scrap_node[r]] += max(0.0, base) * self.scrap_yield[r]
        self.scrap_stock = [0.0] * self.n_node
        for n in range(self.n_node):
            if self.node_recycling[n]:
                spare = max(0.0, recovered[n] - planned[n])
                normal = self.node_scrap_steps[n] * planned[n]
                steps = self.rule.scrap_disposal_steps
                self.scrap_stock[n] = normal + (0.0 if math.isinf(steps) else spare * (steps - 1.0))
        self.running = [planned[n] > 0 or self.node_restart_steps[n] == 0 for n in range(self.n_node)]
        self.restart_left = [-1] * self.n_node
        used = self.slot_arc_start[self.n_slot]
        self.qualification_left = [
            0 if a < used or self.arc_qualification_steps[a] == 0 else -1 for a in range(self.n_arc)
        ]
        self.pile_stock = list(self.pile_opening)
        self.pile_spent = [0.0] * self.n_pile
        self.pile_arriving: list[dict[int, float]] = [{} for _ in range(self.n_pile)]
        self.ordered_past: list[list[float]] = []
        self.granted_past: list[list[float]] = []

    def send(self, slot: int, due: int, quantity: float) -> None:
        """Note that a quantity reaches a slot at step `due`."""
        self.arriving[slot][due] = self.arriving[slot].get(due, 0.0) + quantity

    def lead(self, a: int) -> int:
        """Return the steps that what is shipped now will be under way."""
        return int(self.arc_lead_steps[a] + self.arc_delay[a])

    def opening_state(self) -> dict[str, list[float]]:
        """Return what the balance needs to know of the start."""
        return {
            "on_hand": list(self.on_hand),
            "transit": list(self.transit),
            "port_stock": list(self.port_stock),
            "pile_stock": list(self.pile_stock),
            "scrap_stock": list(self.scrap_stock),
            "scrap_chain": [sum(stages) for stages in self.chain],
        }

    def run(self, n_steps: int) -> dict[str, Any]:
        """Do the steps and collect the histories."""
        opening = self.opening_state()
        rows: dict[str, list[list[float]]] = {name: [] for name in HISTORIES}
        fired = []
        for _ in range(n_steps):
            for trigger in self.one_step():
                fired.append((self.step, trigger))
                self.fired[trigger] = self.step
            for name in HISTORIES:
                rows[name].append(self.snapshot(name))
            self.step += 1
        result: dict[str, Any] = {name: np.array(value, dtype=float) for name, value in rows.items()}
        return {**result, "fired": fired, "opening": {k: np.array(v) for k, v in opening.items()}}

    def snapshot(self, name: str) -> list[float]:
        """Return a copy of one state row."""
        if name == "scrap_chain":
            return [sum(stages) for stages in self.chain]
        if name == "pile_under_way":
            return [sum(ring.values()) for ring in self.pile_arriving]
        return list(getattr(self, name))

    # calendar ------------------------------------------------------------------------------------

    def set_parameters(self) -> None:
        """Combine the base parameters with all effects that act at this step."""
        values = {name: array.tolist() for name, array in self.compiled.base._asdict().items()}
        for effect in self.compiled.effects:
            row = row_at(effect, self.step, self.fired.get(effect.trigger))
            if row < 0:
                continue
            name = FIELDS[effect.kind]
            for i, position in enumerate(effect.index.tolist()):
                values[name][position] = combine(name, values[name][position], float(effect.values[row, i]))
        for trigger in self.fired:
            values["trigger_armed"][trigger] = 0.0
        for name, row_values in values.items():
            setattr(self, name, row_values)
        self.move_base()
        self.b = [
            self.slot_input_per_unit[s] * self.input_factor[s] + self.input_added[s]
            for s in range(self.n_slot)
        ]

    def move_base(self) -> None:
        """Let plans, targets, base weights and base flows follow projects; weights move with their base."""
        self.planned = [
            max(0.0, p + more) for p, more in zip(self.node_planned, self.planned_added, strict=True)
        ]
        self.port_aim = [
            max(0.0, q + more) for q, more in zip(self.port_target, self.target_added, strict=True)
        ]
        for s, arcs in enumerate(self.arcs_of_slot):
            entered = any(self.entry[a] != 0 for a in arcs)
            taken = sum(self.entry[a] for a in arcs)
            moved = [max(0.0, self.arc_base_weight[a] * (1 - taken) + self.entry[a]) for a in arcs]
            base = [self.arc_base_weight[a] for a in arcs]
            if entered and sum(moved) > 0:
                base = [weight / sum(moved) for weight in moved]
            n = self.slot_node[s]
            changed = entered or self.planned_added[n] != 0
            use = self.slot_input_per_unit[s] * self.planned[n]
            for a, weight in zip(arcs, base, strict=True):
                self.base_flow[a] = weight * use if changed else self.arc_base_flow[a]
                if self.entry[a] > 0:
                    self.qualification_left[a] = 0
            if base != [self.base_weight[a] for a in arcs]:
                self.follow_base(arcs, base)

    def follow_base(self, arcs: list[int], base: list[float]) -> None:
        """Move the weights of one slot with their base; a slot at its base stays at it."""
        away = any(self.weight[a] != self.base_weight[a] for a in arcs)
        used = self.slot_arc_start[self.n_slot]
        closed = any(self.arc_cap[a] <= 0 and (a < used or self.weight[a] > 0) for a in arcs)
        steps = [weight - self.base_weight[a] for a, weight in zip(arcs, base, strict=True)]
        shifted = [max(0.0, self.weight[a] + step) for a, step in zip(arcs, steps, strict=True)]
        at_rest = not (self.rule.resourcing and (away or closed)) or sum(shifted) <= 0
        for a, weight, follows in zip(arcs, base, shifted, strict=True):
            self.base_weight[a] = weight
            self.weight[a] = weight if at_rest else follows / sum(shifted)

    # one step ------------------------------------------------------------------------------------

    def one_step(self) -> list[int]:
        """Do the parts in the order of the text; return the triggers that fired."""
        self.set_parameters()
        self.arrive()
        self.produce_all()
        self.make_scrap()
        self.order_all()
        self.round_1()
        self.short = [False] * self.n_slot
        if self.rule.resourcing:
            self.round_2()
        fired = self.watch()
        self.pile_granted, self.pile_released = [0.0] * self.n_slot, [0.0] * self.n_pile
        self.bought = [0.0] * len(self.buy_port)
        if self.rule.resourcing:
            self.round_3()
            self.purchase()
        self.ship()
        self.adapt()
        return fired

    def arrive(self) -> None:
        """Part 1."""
        for s in range(self.n_slot):
            quantity = self.arriving[s].pop(self.step, 0.0)
            self.on_hand[s] += quantity
            self.transit[s] -= quantity
        self.pile_arrived = [self.pile_arriving[k].pop(self.step, 0.0) for k in range(self.n_pile)]
        for k in range(self.n_pile):
            self.pile_stock[k] += self.pile_arrived[k]

    def produce_all(self) -> None:
        """Part 3: all nodes, each with the activity of the others in the previous step."""
        n_node = self.n_node
        self.want, self.cap, self.demand = [0.0] * n_node, [0.0] * n_node, [0.0] * n_node
        self.planned_now = list(self.planned)
        self.matured, self.wip = [0.0] * n_node, [0.0] * n_node
        self.draw, self.ceiling = [0.0] * self.n_slot, [0.0] * n_node
        self.activity_before = list(self.activity)
        for n in range(n_node):
            self.produce(n)

    def full_capacity(self, n: int) -> float:
        """Return capacity x surge."""
        return times(max(0.0, self.node_capacity[n] + self.capacity_added[n]), self.capacity_factor[n])

    def produce(self, n: int) -> None:
        """Part 3 for one node."""
        steps = self.node_process_steps[n]
        if steps > 0:
            self.matured[n] = self.process[n].pop(0)
            for started in self.process[n]:
                self.wip[n] += started
        if self.node_end_use[n]:
            growth = math.exp(self.node_growth[n] * self.step)
            self.planned_now[n] = self.planned[n] * growth
            self.demand[n] = self.planned[n] * growth * self.demand_factor[n]
            self.want[n] = self.demand[n] + self.deferred[n] / self.rule.catch_up_steps
        else:
            self.want[n] = self.producer_want(n)
            self.restart(n)
        cap = times(self.full_capacity(n), self.availability[n])
        if self.node_host[n] >= 0:
            cap = min(cap, self.node_host_ratio[n] * self.activity_before[self.node_host[n]])
        self.cap[n] = cap if self.running[n] else 0.0
        ceiling = min(self.want[n], self.cap[n])
        if self.node_recycling[n]:
            ceiling = min(ceiling, self.scrap_stock[n] / self.node_scrap_steps[n])
        self.ceiling[n] = ceiling
        self.activity[n] = self.use_inputs(n, ceiling)
        if steps > 0:
            self.process[n].append(self.activity[n])
        else:
            self.matured[n] = self.activity[n]
        for p in self.ports_of[n]:
            self.port_stock[p] += self.port_output_per_unit[p] * self.matured[n]
        if self.node_end_use[n]:
            unmet = max(0.0, self.demand[n] - self.activity[n])
            caught_up = max(0.0, self.activity[n] - self.demand[n])
            self.deferred[n] += self.node_deferred_fraction[n] * unmet - min(caught_up, self.deferred[n])
            self.deferred[n] -= self.deferred[n] / self.rule.deferral_steps

    def producer_want(self, n: int) -> float:
        """Return the activity that a producing node's ports call for, must-run included."""
        want, steps, pile = 0.0, self.node_process_steps[n], -math.inf
        for p in self.ports_of[n]:
            if not self.port_drives[p]:
                continue
            output = self.port_output_per_unit[p]
            base = output * self.planned[n]
            covered = self.port_aim[p] / base if base > 0 else 0.0
            refill = max(self.rule.refill_steps, steps - covered)
            call = self.orders_last[p] + (self.port_aim[p] - self.port_stock[p]) / refill
            if steps > 0:
                gap = self.orders_smoothed[p] * (steps - 1) - output * self.wip[n]
                call += gap / refill
            want = max(want, call / output)
            if self.planned[n] > 0:
                above = self.port_stock[p] - self.port_aim[p]
                pile = max(pile, above / (self.planned[n] * output))
        if self.node_must_run[n] > 0 and self.planned[n] > 0:
            floor = self.node_must_run[n] * self.planned[n]
            if self.restricted[n] > 0:
                if pile <= self.node_storage_steps[n] + EDGE:
                    want = max(want, floor)
            elif pile > MUST_RUN_PILE + EDGE:
                want = max(want, self.rule.minimum_run * floor)
        return want

    def restart(self, n: int) -> None:
        """Let a clock fall, then test for idling, then start a clock: in that order."""
        steps = self.node_restart_steps[n]
        if steps == 0:
            return
        capacity = self.full_capacity(n)
        if not self.running[n] and self.restart_left[n] > 0:
            self.restart_left[n] -= 1
            if self.restart_left[n] == 0:
                self.running[n] = True
        if self.running[n] and self.planned[n] == 0 and not math.isinf(capacity):
            called = 0.0
            for p in self.ports_of[n]:
                if self.port_drives[p]:
                    called = max(called, self.orders_smoothed[p] / self.port_output_per_unit[p])
            if called < IDLE_ORDERS * capacity:
                self.running[n] = False
                self.restart_left[n] = -1
        if not self.running[n] and self.restart_left[n] <= 0:
            level = 0.0 if math.isinf(capacity) else RESTART_WANT * capacity
            if self.want[n] > level:
                self.restart_left[n] = steps

    def use_inputs(self, n: int, ceiling: float) -> float:
        """Return the activity that inputs allow, and draw them."""
        loss_of_line: dict[int, float] = {}
        share_of_line: dict[int, float] = {}
        for s in self.slots_of[n]:
            line, need = self.slot_line[s], self.b[s] * ceiling
            loss_of_line.setdefault(line, 0.0)
            share_of_line[line] = max(share_of_line.get(line, 0.0), self.slot_share[s])
            if need <= 0:
                continue
            served = min(1.0, self.on_hand[s] / need)
            cover = self.slot_cover_steps[s] * self.b[s] * self.planned_now[n]
            if self.node_aggregate[n] and self.rule.cover_spread and cover > 0:
                served = min(served, 1.0 - max(0.0, 1.0 - self.on_hand[s] / cover) ** 3)
            essential = min(1.0, self.slot_essential[s] + self.essential_added[s])
            lost = self.slot_share[s] * essential * (1.0 - served)
            loss_of_line[line] = max(loss_of_line[line], lost)
        loss = min(1.0, sum(loss_of_line.values()))
        for s in self.slots_of[n]:
            line = self.slot_line[s]
            of_line = ceiling
            if share_of_line[line] > 0:
                of_line = max(0.0, ceiling * (1.0 - loss_of_line[line] / share_of_line[line]))
            self.draw[s] = min(self.on_hand[s], self.b[s] * of_line)
            self.on_hand[s] -= self.draw[s]
        return ceiling * (1.0 - loss)

    def make_scrap(self) -> None:
        """Scrap of all sources, after all nodes."""
        self.scrap_generated = [0.0] * self.n_scrap
        self.scrap_lost = [0.0] * self.n_node
        for n in range(self.n_node):
            if self.node_recycling[n]:
                self.scrap_stock[n] -= self.activity[n]
        for r in range(self.n_scrap):
            s, n = self.scrap_slot[r], self.scrap_node[r]
            kept = self.scrap_output_per_unit[r] * self.activity[self.slot_node[s]]
            generated = max(0.0, self.draw[s] - kept)
            self.scrap_generated[r] = generated
            leaving, stages = generated, self.chain[r]
            for i in reversed(range(len(stages))):
                moved = self.scrap_rate[r] * stages[i]
                stages[i] -= moved
                if i == len(stages) - 1:
                    leaving = moved
                else:
                    stages[i + 1] += moved
            if stages:
                stages[0] += generated
            share = min(1.0, self.scrap_yield[r] * self.scrap_factor[r])
            self.scrap_stock[n] += share * leaving
            self.scrap_lost[n] += leaving - share * leaving
        for n in range(self.n_node):
            if self.node_recycling[n]:
                normal = self.node_scrap_steps[n] * self.planned[n]
                gone = max(0.0, self.scrap_stock[n] - normal) / self.rule.scrap_disposal_steps
                self.scrap_stock[n] -= gone
                self.scrap_lost[n] += gone

    def order_all(self) -> None:
        """Part 4."""
        for n in range(self.n_node):
            able = times(self.full_capacity(n), self.availability[n]) if self.running[n] else 0.0
            x = min(self.demand[n] if self.node_end_use[n] else self.want[n], able)
            self.use_smoothed[n] += (x - self.use_smoothed[n]) / self.rule.forecast_steps
        self.order = [0.0] * self.n_slot
        self.order_a = [0.0] * self.n_arc
        self.orders = [0.0] * self.n_port
        for s in range(self.n_slot):
            n, b = self.slot_node[s], self.b[s]
            mean_lead = 1.0
            if any(self.weight[a] > 0 for a in self.arcs_of_slot[s]):
                mean_lead = sum(self.weight[a] * self.lead(a) for a in self.arcs_of_slot[s])
            cover = self.slot_cover_steps[s] + self.extra_cover[s]
            target = cover * b * self.planned_now[n] + b * self.use_smoothed[n] * (mean_lead - 1.0)
            spare = min(max(0.0, self.cap[n] - self.demand[n]), self.deferred[n] / self.rule.catch_up_steps)
            workable = spare * (mean_lead + self.rule.adjustment_steps)
            position = self.on_hand[s] + self.transit[s] - b * min(self.deferred[n], workable)
            wanted = b * self.use_smoothed[n] + (target - position) / self.rule.adjustment_steps
            self.order[s] = max(0.0, wanted)
            self.split(s)

    def split(self, s: int) -> None:
        """Split a slot's order over its arcs."""
        arcs = self.arcs_of_slot[s]
        if not self.rule.resourcing:
            for a in arcs:
                self.ask(a, min(self.order[s] * self.weight[a], self.arc_cap[a]))
            return
        chosen = [
            a for a in arcs if self.arc_cap[a] > 0 and self.qualification_left[a] == 0 and self.weight[a] > 0
        ]
        open_weight = sum(self.weight[a] for a in chosen)
        bounded = any(a < self.slot_arc_start[self.n_slot] for a in arcs)
        for a in chosen:
            quantity = min(self.order[s] * self.weight[a] / open_weight, self.arc_cap[a])
            if bounded and not math.isinf(self.rule.order_cap):
                quantity = min(quantity, self.rule.order_cap * max(self.base_flow[a], self.established[a]))
            self.ask(a, quantity)

    def ask(self, a: int, quantity: float) -> None:
        """Place an order of round 1."""
        self.order_a[a] = quantity
        self.orders[self.arc_port[a]] += quantity

    def serve(self, asked: list[float], left: list[float]) -> list[float]:
        """Grant what ports have left, rank by rank, in proportion within one; lower `left`."""
        granted = [0.0] * self.n_arc
        for p in range(self.n_port):
            ranks = {self.segment_rank[self.arc_segment[a]] for a in self.arcs_of_port[p]}
            for rank in sorted(ranks):
                members = [a for a in self.arcs_of_port[p] if self.segment_rank[self.arc_segment[a]] == rank]
                total = sum(asked[a] for a in members)
                if total <= 0:
                    continue
                fill = min(1.0, left[p] / total)
                for a in members:
                    granted[a] = asked[a] * fill
                left[p] = left[p] - total if fill == 1.0 else 0.0
        return granted

    def round_1(self) -> None:
        """Part 5."""
        self.left = list(self.port_stock)
        self.granted = self.serve(self.order_a, self.left)

    def granted_to(self, s: int) -> float:
        """Return what rounds 1 and 2 granted to a slot so far."""
        return sum(self.granted[a] for a in self.arcs_of_slot[s])

    def idle_capacity(self) -> list[float]:
        """Return what each port could make beyond the orders of round 1."""
        idle = [0.0] * self.n_port
        for p in range(self.n_port):
            n = self.port_node[p]
            if self.port_drives[p]:
                cap = self.cap[n]
                if not self.running[n]:
                    cap = times(self.full_capacity(n), self.availability[n])
                idle[p] = max(0.0, cap * self.port_output_per_unit[p] - self.orders[p])
        return idle

    def round_2(self) -> None:
        """Part 6."""
        idle = self.idle_capacity()
        request = [0.0] * self.n_arc
        for s in range(self.n_slot):
            missing = self.order[s] - self.granted_to(s)
            least = self.least(s)
            if not missing > least:
                continue
            self.short[s] = True
            offers: dict[int, float] = {}
            for a in self.arcs_of_slot[s]:
                if self.arc_cap[a] <= 0:
                    continue
                p = self.arc_port[a]
                offer = min(self.left[p] + idle[p], self.arc_cap[a] - self.granted[a], OFFER_LIMIT * missing)
                if offer <= least:
                    continue
                if self.qualification_left[a] == 0:
                    offers[a] = offer
                elif self.qualification_left[a] < 0:
                    self.qualification_left[a] = self.arc_qualification_steps[a]
            total = sum(offers.values())
            if total <= 0:
                continue
            for a, offer in offers.items():
                request[a] = min(missing * offer / total, self.arc_cap[a] - self.granted[a])
                request[a] = max(0.0, request[a])
        for a in range(self.n_arc):
            repeated = self.order_a[a] - self.granted[a]  # the supplier heard of this part in round 1
            self.orders[self.arc_port[a]] += max(0.0, request[a] - repeated)
        more = self.serve(request, self.left)
        for a in range(self.n_arc):
            self.granted[a] += more[a]

    def watch(self) -> list[int]:
        """Return the armed triggers whose quantity is below their level after round 2."""
        self.ordered_past.append(list(self.order))
        self.granted_past.append([self.granted_to(s) for s in range(self.n_slot)])
        fired = []
        for j, kind in enumerate(self.trigger_kind):
            if self.trigger_armed[j] <= 0:
                continue
            slots = self.trigger_slot[self.trigger_slot_start[j] : self.trigger_slot_start[j + 1]]
            if kind == TriggerKind.FILL_RATE:
                window = self.trigger_window
                ordered = sum(row[s] for row in self.ordered_past[-window:] for s in slots)
                granted = sum(row[s] for row in self.granted_past[-window:] for s in slots)
                quantity = granted / ordered if ordered > 0 else 1.0
            else:
                held = sum(self.on_hand[s] for s in slots)
                used = sum(self.b[s] * self.use_smoothed[self.slot_node[s]] for s in slots)
                quantity = held / used * self.compiled.step_days if used > 0 else math.inf
            if quantity < self.trigger_level[j]:
                fired.append(j)
        return fired

    def round_3(self) -> None:
        """Part 7: releases."""
        for k in range(self.n_pile):
            if self.pile_rate[k] <= 0:
                continue
            available = min(self.pile_stock[k], self.pile_rate[k])
            members = list(range(self.pile_slot_start[k], self.pile_slot_start[k + 1]))
            for rank in sorted({self.pile_slot_class[m] for m in members}):
                unmet: dict[int, float] = {}
                for m in members:
                    if self.pile_slot_class[m] == rank:
                        s = self.pile_slot[m]
                        unmet[s] = self.unmet_of_member(k, s)
                total = sum(unmet.values())
                if total <= 0:
                    continue
                fill = min(1.0, available / total)
                for s, quantity in unmet.items():
                    self.pile_granted[s] += quantity * fill
                available = max(0.0, available - total * fill)
                self.pile_stock[k] -= total * fill
                self.pile_released[k] += total * fill

    def unmet_of_member(self, k: int, s: int) -> float:
        """Return what a member slot may ask of a pile."""
        unmet = max(0.0, self.order[s] - self.granted_to(s) - self.pile_granted[s])
        if self.pile_own_stock_first[k]:
            use = self.b[s] * self.use_smoothed[self.slot_node[s]]
            unmet = min(unmet, max(0.0, use - self.on_hand[s]))
        return unmet

    def purchase(self) -> None:
        """Part 7: purchases in calm times, after all members of all piles."""
        for k in range(self.n_pile):
            if self.pile_buying[k] <= 0 or self.pile_rate[k] > 0:
                continue
            slots = self.pile_slot[self.pile_slot_start[k] : self.pile_slot_start[k + 1]]
            ordered = sum(self.order[s] for s in slots)
            granted = sum(self.granted_to(s) for s in slots)
            if granted < CALM_FILL * ordered:
                continue
            under_way = sum(self.pile_arriving[k].values())
            asked = min(self.pile_purchase[k], self.pile_target[k] - self.pile_stock[k] - under_way)
            if self.pile_unit_cost[k] > 0:
                asked = min(asked, (self.pile_budget[k] - self.pile_spent[k]) / self.pile_unit_cost[k])
            offers = [
                i for i in range(self.pile_buy_start[k], self.pile_buy_start[k + 1]) if self.buy_open[i] > 0
            ]
            shares = sum(self.buy_share[i] for i in offers)
            if asked <= 0 or shares <= 0:
                continue
            for i in offers:
                self.buy(k, i, asked * self.buy_share[i] / shares)

    def buy(self, k: int, i: int, request: float) -> None:
        """Let one port grant what it has left to a pile."""
        p = self.buy_port[i]
        self.orders[p] += request
        quantity = min(request, self.left[p])
        self.left[p] -= quantity
        self.bought[i] = quantity
        self.pile_spent[k] += quantity * self.pile_unit_cost[k]
        due = self.step + self.buy_lead_steps[i]
        self.pile_arriving[k][due] = self.pile_arriving[k].get(due, 0.0) + quantity

    def ship(self) -> None:
        """Part 8: goods leave; qualification clocks fall."""
        for s in range(self.n_slot):
            for a in self.arcs_of_slot[s]:
                self.transit[s] += self.granted[a]
                self.send(s, self.step + self.lead(a), self.granted[a])
            self.transit[s] += self.pile_granted[s]
            self.send(s, self.step + 1, self.pile_granted[s])
        self.surplus = [0.0] * self.n_port
        for p in range(self.n_port):
            self.port_stock[p] = self.left[p]
            n = self.port_node[p]
            if self.port_disposable[p] or (self.planned[n] == 0 and not self.running[n]):
                self.surplus[p] = max(0.0, self.port_stock[p] - self.port_aim[p])
                self.port_stock[p] -= self.surplus[p]
            self.orders_last[p] = self.orders[p]
            self.orders_smoothed[p] += (self.orders[p] - self.orders_smoothed[p]) / self.rule.forecast_steps
        for a in range(self.n_arc):
            self.established[a] += (self.granted[a] - self.established[a]) / self.rule.established_steps
            if self.qualification_left[a] > 0:
                self.qualification_left[a] -= 1

    def adapt(self) -> None:
        """Part 8: weights move towards what was granted and back towards base."""
        if not self.rule.resourcing:
            return
        for s in range(self.n_slot):
            arcs = self.arcs_of_slot[s]
            closed = any(self.arc_cap[a] <= 0 for a in arcs)
            away = any(self.weight[a] != self.base_weight[a] for a in arcs)
            if self.short[s] or closed or away:
                total = self.granted_to(s)
                self.adapt_slot(arcs, total if total > self.least(s) else 0.0)

    def least(self, s: int) -> float:
        """Return the quantity at and below which a slot's shortage, offer or grant is rounding."""
        return SHORT * max(self.b[s] * self.planned_now[self.slot_node[s]], self.order[s])

    def adapt_slot(self, arcs: list[int], total: float) -> None:
        """Move the weights of one slot."""
        used = self.slot_arc_start[self.n_slot]
        for a in arcs:
            if total > 0:
                self.weight[a] += (self.granted[a] / total - self.weight[a]) / self.rule.switching_steps
            if self.arc_cap[a] > 0 and self.qualification_left[a] == 0:
                self.weight[a] += (self.base_weight[a] - self.weight[a]) / self.rule.loyalty_steps
            if self.base_weight[a] == 0 and self.weight[a] < WEIGHT_FLOOR:
                self.weight[a] = 0.0
        whole = sum(self.weight[a] for a in arcs)
        for a in arcs:
            if whole > 0:
                self.weight[a] /= whole
            if abs(self.weight[a] - self.base_weight[a]) <= WEIGHT_SNAP:
                self.weight[a] = self.base_weight[a]
        latents = [a for a in arcs if a >= used]
        if all(self.weight[a] == 0 for a in latents):
            for a in latents:
                self.established[a] = 0.0


def histories_of_balance(result: dict[str, Any], name: str) -> FloatArray:
    """Return a history with its opening row on top."""
    return np.vstack([result["opening"][name][None, :], result[name]])
