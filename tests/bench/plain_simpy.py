"""The rules of the layered networks as a plain SimPy program: a process a node, an event a shipment.

It holds what these networks use of ``docs/background/model.md``: arrivals, want with goods in process,
spread of cover, deferred demand, orders with a cap, proportional allocation, re-sourcing, moving weights and
closed arcs.
It is written for people, as most SimPy models are, and gives the kernel's numbers.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Generator
from dataclasses import dataclass, field

import simpy

from sim.model.arrays import Behaviour, CompiledRun, EffectKind

SHORT = 1e-9
PART = 0.125  # steps between two parts of a step
BEFORE = 0.0625  # steps before a step at which arcs close and shipments arrive


@dataclass
class Link:
    """A supplier of a node."""

    supplier: Plant
    customer: Plant
    lead_steps: int
    base_flow: float
    base_weight: float
    cap: float = math.inf
    weight: float = 0.0
    established: float = 0.0
    ordered: float = 0.0
    granted: float = 0.0
    request: float = 0.0


@dataclass(eq=False)
class Plant:
    """A node with at most one input and one output."""

    planned: float
    capacity: float
    end_use: bool
    deferred_fraction: float
    process_steps: int
    input_per_unit: float
    cover_steps: float
    target: float
    base_orders: float
    links: list[Link] = field(default_factory=list)
    customers: list[Link] = field(default_factory=list)
    on_hand: float = 0.0
    transit: float = 0.0
    stock: float = 0.0
    deferred: float = 0.0
    use_smoothed: float = 0.0
    want: float = 0.0
    activity: float = 0.0
    order: float = 0.0
    short: bool = False
    adapting: bool = False
    orders: float = 0.0
    orders_last: float = 0.0
    orders_smoothed: float = 0.0
    left: float = 0.0
    idle: float = 0.0
    fill: float = 1.0
    in_process: deque[float] = field(default_factory=deque)
    history: list[float] = field(default_factory=list)

    def receive(self, event: simpy.Event) -> None:
        """Take in a shipment."""
        self.on_hand += event.value
        self.transit -= event.value


class PlainWorld:
    """All nodes of a layered network as SimPy processes.

    Parameters
    ----------
    compiled : CompiledRun
        Made by `tests.bench.layered.layered_run`.
    """

    def __init__(self, compiled: CompiledRun) -> None:
        self.env = simpy.Environment()
        self.rule: Behaviour = compiled.behaviour
        self.plants = plants_of(compiled)
        self.links = [link for plant in self.plants for link in plant.links]
        for plant in self.plants:
            for link in plant.links:
                for due in range(link.lead_steps):
                    self.ship(plant, link.base_flow, due)
        self.env.process(self.calendar(compiled))
        for plant in self.plants:
            self.env.process(self.live(plant))

    def run(self, n_steps: int) -> None:
        """Go on to the end of step `n_steps` - 1."""
        self.env.run(until=n_steps - BEFORE)

    def ship(self, customer: Plant, quantity: float, due_step: int) -> None:
        """Let a shipment arrive just before the production of a step."""
        customer.transit += quantity
        event = self.env.timeout(max(0.0, due_step - BEFORE / 2 - self.env.now), quantity)
        event.callbacks.append(customer.receive)

    def calendar(self, compiled: CompiledRun) -> Generator[simpy.Event, None, None]:
        """Close and open arcs just before a step."""
        for effect in compiled.effects:
            if effect.kind is EffectKind.ARC_CAP:
                for step, caps in zip(effect.steps.tolist(), effect.values.tolist(), strict=True):
                    yield self.env.timeout(step - BEFORE / 2 - self.env.now)
                    for a, cap in zip(effect.index.tolist(), caps, strict=True):
                        self.links[a].cap = cap

    def live(self, plant: Plant) -> Generator[simpy.Event, None, None]:
        """Do the parts of each step, all nodes one part before any does the next."""
        parts = (self.produce, self.place_order, self.allocate, self.ask_again, self.serve_again, self.close)
        while True:
            for part in parts:
                part(plant)
                yield self.env.timeout(PART)
            yield self.env.timeout(round(self.env.now) - self.env.now)

    def step(self) -> int:
        """Return the number of the present step."""
        return math.floor(self.env.now + BEFORE)

    # parts of a step -----------------------------------------------------------------------------

    def produce(self, plant: Plant) -> None:
        """Part 3."""
        matured = 0.0
        if plant.process_steps > 0:
            matured = plant.in_process.popleft()
        plant.want = plant.planned + plant.deferred if plant.end_use else self.called_for(plant)
        ceiling = min(plant.want, plant.capacity)
        plant.activity = ceiling * self.availability(plant, ceiling)
        draw = min(plant.on_hand, plant.input_per_unit * plant.activity) if plant.links else 0.0
        plant.on_hand -= draw
        if plant.end_use:
            unmet = max(0.0, plant.planned - plant.activity)
            caught_up = max(0.0, plant.activity - plant.planned)
            plant.deferred += plant.deferred_fraction * unmet - min(caught_up, plant.deferred)
        if plant.process_steps > 0:
            plant.in_process.append(plant.activity)
        else:
            matured = plant.activity
        plant.stock += matured
        plant.history.append(plant.activity)

    def called_for(self, plant: Plant) -> float:
        """Return the activity that orders, stock and goods in process call for."""
        covered = plant.target / plant.planned if plant.planned > 0 else 0.0
        refill = max(self.rule.refill_steps, plant.process_steps - covered)
        want = plant.orders_last + (plant.target - plant.stock) / refill
        if plant.process_steps > 0:
            behind = plant.orders_smoothed * (plant.process_steps - 1) - sum(plant.in_process)
            want += behind / refill
        return max(0.0, want)

    def availability(self, plant: Plant, ceiling: float) -> float:
        """Return the share of the ceiling that the input can serve."""
        needed = plant.input_per_unit * ceiling
        if not plant.links or needed <= 0:
            return 1.0
        cover = plant.cover_steps * plant.input_per_unit * plant.planned
        return min(1.0, plant.on_hand / needed, 1.0 - max(0.0, 1.0 - plant.on_hand / cover) ** 3)

    def place_order(self, plant: Plant) -> None:
        """Part 4."""
        used = min(plant.planned if plant.end_use else plant.want, plant.capacity)
        plant.use_smoothed += (used - plant.use_smoothed) / self.rule.forecast_steps
        if not plant.links:
            return
        use = plant.input_per_unit * plant.use_smoothed
        mean_lead = sum(link.weight * link.lead_steps for link in plant.links)
        target = plant.cover_steps * plant.input_per_unit * plant.planned + use * (mean_lead - 1.0)
        spare = max(0.0, plant.capacity - plant.planned) if plant.end_use else 0.0
        backlog = min(plant.deferred, spare * (mean_lead + self.rule.adjustment_steps))
        position = plant.on_hand + plant.transit - plant.input_per_unit * backlog
        plant.order = max(0.0, use + (target - position) / self.rule.adjustment_steps)
        open_weight = sum(link.weight for link in plant.links if link.cap > 0)
        for link in plant.links:
            link.ordered = link.granted = link.request = 0.0
            if link.cap > 0:
                limit = min(link.cap, self.rule.order_cap * max(link.base_flow, link.established))
                link.ordered = min(plant.order * link.weight / open_weight, limit)

    def allocate(self, plant: Plant) -> None:
        """Part 5: ship in proportion to orders."""
        plant.orders = sum(link.ordered for link in plant.customers)
        plant.fill = min(1.0, plant.stock / plant.orders) if plant.orders > 0 else 1.0
        for link in plant.customers:
            self.grant(link, link.ordered * plant.fill)
        plant.left = plant.stock - plant.orders if plant.fill == 1.0 else 0.0
        plant.idle = max(0.0, plant.capacity - plant.orders)

    def grant(self, link: Link, quantity: float) -> None:
        """Send a quantity to the customer of a link."""
        link.granted += quantity
        if quantity > 0:
            self.ship(link.customer, quantity, self.step() + link.lead_steps)

    def ask_again(self, plant: Plant) -> None:
        """Part 6: ask open suppliers for what is missing, in proportion to what they offer."""
        missing = plant.order - sum(link.granted for link in plant.links)
        noise = SHORT * max(plant.order, plant.input_per_unit * plant.planned)
        plant.short = bool(plant.links) and missing > noise
        if not plant.short:
            return
        offers = {
            id(link): min(link.supplier.left + link.supplier.idle, link.cap - link.granted, 1e6 * missing)
            for link in plant.links
            if link.cap > 0
        }
        offers = {key: offer for key, offer in offers.items() if offer > noise}
        for link in plant.links:
            if id(link) in offers:
                request = missing * offers[id(link)] / sum(offers.values())
                link.request = max(0.0, min(request, link.cap - link.granted))

    def serve_again(self, plant: Plant) -> None:
        """Part 6: ports serve the requests from what they have left."""
        asked = sum(link.request for link in plant.customers)
        plant.orders += sum(
            max(0.0, link.request - link.ordered * (1.0 - plant.fill)) for link in plant.customers
        )
        fill = min(1.0, plant.left / asked) if asked > 0 else 1.0
        for link in plant.customers:
            self.grant(link, link.request * fill)
        plant.left = plant.left - asked if fill == 1.0 else 0.0

    def close(self, plant: Plant) -> None:
        """Part 8: remember orders and move weights."""
        plant.stock = plant.left
        plant.orders_last = plant.orders
        plant.orders_smoothed += (plant.orders - plant.orders_smoothed) / self.rule.forecast_steps
        for link in plant.links:
            link.established += (link.granted - link.established) / self.rule.established_steps
        if plant.short or plant.adapting or any(link.cap <= 0 for link in plant.links):
            self.move_weights(plant)

    def move_weights(self, plant: Plant) -> None:
        """Let weights follow what was granted and return to base."""
        granted = sum(link.granted for link in plant.links)
        if granted <= SHORT * max(plant.order, plant.input_per_unit * plant.planned):
            granted = 0.0
        for link in plant.links:
            if granted > 0:
                link.weight += (link.granted / granted - link.weight) / self.rule.switching_steps
            if link.cap > 0:
                link.weight += (link.base_weight - link.weight) / self.rule.loyalty_steps
        total = sum(link.weight for link in plant.links)
        plant.adapting = False
        for link in plant.links:
            link.weight /= total
            if abs(link.weight - link.base_weight) < 1e-12:
                link.weight = link.base_weight
            else:
                plant.adapting = True


def plants_of(compiled: CompiledRun) -> list[Plant]:
    """Return the nodes of a layered network in their steady state."""
    net = compiled.arrays
    plants = []
    for n, planned in enumerate(net.node_planned.tolist()):
        first = int(net.node_slot_start[n])
        has_slot, has_port = (
            net.node_slot_start[n + 1] > first,
            net.node_port_start[n + 1] > net.node_port_start[n],
        )
        p = int(net.node_port_start[n])
        plant = Plant(
            planned=planned,
            capacity=float(net.node_capacity[n]),
            end_use=bool(net.node_end_use[n]),
            deferred_fraction=float(net.node_deferred_fraction[n]),
            process_steps=int(net.node_process_steps[n]),
            input_per_unit=float(net.slot_input_per_unit[first]) if has_slot else 0.0,
            cover_steps=float(net.slot_cover_steps[first]) if has_slot else 0.0,
            target=float(net.port_target[p]) if has_port else 0.0,
            base_orders=float(net.port_base_orders[p]) if has_port else 0.0,
        )
        plant.on_hand = plant.cover_steps * plant.input_per_unit * planned
        plant.stock, plant.use_smoothed = plant.target, planned
        plant.orders_last = plant.orders_smoothed = plant.base_orders
        plant.in_process = deque([planned] * plant.process_steps)
        plants.append(plant)
    for a, s in enumerate(net.arc_slot.tolist()):
        customer, supplier = plants[net.slot_node[s]], plants[net.port_node[net.arc_port[a]]]
        flow, weight = float(net.arc_base_flow[a]), float(net.arc_base_weight[a])
        link = Link(
            supplier, customer, int(net.arc_lead_steps[a]), flow, weight, weight=weight, established=flow
        )
        customer.links.append(link)
        supplier.customers.append(link)
    return plants
