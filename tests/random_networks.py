"""Random layered networks with a consistent steady base, as drafts, and random disruptions of them.

The base is built from the end upwards: demand of end use, flows into it, planned activity of what
supplies it, and so on to mining. Recycling nodes take a part of a slot's need that their scrap covers
exactly, so that with no effect every series is flat.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass

import numpy as np

from sim.model.arrays import EffectKind, TriggerKind
from tests.drafts import (
    DEFAULT_BEHAVIOUR,
    Draft,
    DraftArc,
    DraftEffect,
    DraftNode,
    DraftPile,
    DraftPort,
    DraftScrap,
    DraftSlot,
    DraftTrigger,
)

LAYERS = ("mining", "refining", "processing")


@dataclass(frozen=True)
class Features:
    """What a random network has; everything off gives plain producers, users and arcs."""

    joint: bool = False
    hosts: bool = False
    recycling: bool = False
    lifetimes: bool = False
    spare_scrap: bool = False
    process: bool = False
    restart: bool = False
    aggregates: bool = False
    must_run: bool = False
    latents: bool = False
    qualification: bool = False
    priorities: bool = False
    piles: bool = False
    triggers: bool = False
    caps: bool = False
    lines: bool = False
    deferral: bool = False
    growth: bool = False
    projects: bool = False
    unlimited: bool = False
    resourcing: bool = True
    cover_spread: bool = True
    free_behaviour: bool = False


ALL_FEATURES = Features(**{f.name: True for f in dataclasses.fields(Features) if f.name != "growth"})
FLAG_NAMES = tuple(f.name for f in dataclasses.fields(Features))


class NetworkMaker:
    """Builds one draft; every choice comes from one generator."""

    def __init__(self, seed: int, features: Features, width: int = 3) -> None:
        self.rng = np.random.default_rng(seed)
        self.features, self.width = features, width
        self.draft = Draft()
        self.materials: list[list[int]] = []
        self.outflow: dict[tuple[str, int], float] = {}
        self.recycled: dict[tuple[str, int, int], list[tuple[tuple[str, int], float]]] = {}

    def chance(self, probability: float) -> bool:
        return bool(self.rng.random() < probability)

    def between(self, low: float, high: float) -> float:
        return float(self.rng.uniform(low, high))

    def whole(self, low: int, high: int) -> int:
        return int(self.rng.integers(low, high + 1))

    def pick(self, items: list[DraftNode], count: int) -> list[DraftNode]:
        chosen = self.rng.permutation(len(items))[:count]
        return [items[i] for i in sorted(chosen)]

    def make(self) -> Draft:
        """Return the network, without effects."""
        first = 0
        for _ in LAYERS:
            count = self.whole(1, 2)
            self.materials.append(list(range(first, first + count)))
            first += count
        for layer, of_layer in enumerate(self.materials):
            for material in of_layer:
                for i in range(self.whole(1, self.width)):
                    self.producer(f"{LAYERS[layer]}.{material}.{i}", material)
            if self.features.joint:
                self.joint_ports(layer)
        for i in range(self.whole(1, self.width)):
            self.user(f"end_use.{i}")
        self.feed("end_use", self.materials[2])
        for layer in (2, 1, 0):
            self.plan(layer)
            if layer > 0:
                self.inputs_of_layer(layer)
                if self.features.recycling:
                    self.recycle(layer)
                self.feed(LAYERS[layer], self.materials[layer - 1])
        self.finish_nodes()
        self.draft.nodes = [self.draft.nodes[i] for i in self.rng.permutation(len(self.draft.nodes))]
        if self.features.piles:
            self.piles()
        self.draft.behaviour = self.behaviour()
        return self.draft

    # nodes ---------------------------------------------------------------------------------------

    def producer(self, key: str, material: int) -> None:
        node = DraftNode(key)
        if self.features.process and self.chance(0.5):
            node.process_steps = self.whole(1, 10)
        self.draft.nodes.append(node)
        cover = self.between(0, 5) if self.chance(0.8) else 0.0
        self.draft.ports.append(DraftPort(key, material, self.between(0.5, 2.0), cover))

    def joint_ports(self, layer: int) -> None:
        """Give some producers a second output of the same layer."""
        if len(self.materials[layer]) < 2:
            return
        for port in list(self.draft.ports):
            others = [m for m in self.materials[layer] if m != port.material]
            if port.node.startswith(LAYERS[layer]) and self.chance(0.5):
                self.draft.ports.append(
                    DraftPort(port.node, others[0], 1.0, self.between(0, 4), drives=False)
                )

    def user(self, key: str) -> None:
        node = DraftNode(key, end_use=True, planned=float(np.exp(self.between(0.0, 6.0))))
        if self.features.deferral:
            node.deferred_fraction = self.between(0, 1)
        if self.features.growth:
            node.growth = self.between(-0.001, 0.002)
        self.draft.nodes.append(node)
        self.slots_of(key, self.materials[2])

    def slots_of(self, key: str, materials: list[int]) -> None:
        """Give a node slots: one line of plain inputs, or two lines with shares."""
        shares = [1.0, 1.0]
        if self.features.lines:
            first = self.between(0.1, 0.9)
            shares = [first, 1.0 - first]
        for material in materials:
            line = self.whole(0, 1) if self.features.lines else 0
            essential = 1.0 if self.chance(0.6) else self.between(0, 1)
            share = shares[line] * (
                self.between(0.3, 1.0) if self.features.lines and self.chance(0.3) else 1.0
            )
            cover = self.between(0.2, 10.0) if self.chance(0.85) else 0.0
            slot = DraftSlot(key, material, self.between(0.2, 3.0), cover, essential, share, line)
            self.draft.slots.append(slot)
            if self.features.lines and self.chance(0.2):
                self.draft.slots.append(dataclasses.replace(slot, line=1 - line, share=shares[1 - line]))

    def inputs_of_layer(self, layer: int) -> None:
        for node in self.draft.nodes:
            if node.key.startswith(LAYERS[layer]):
                below = self.materials[layer - 1]
                self.slots_of(
                    node.key, [m for m in below if len(below) == 1 or self.chance(0.7)] or below[:1]
                )

    # flows ---------------------------------------------------------------------------------------

    def node(self, key: str) -> DraftNode:
        return next(node for node in self.draft.nodes if node.key == key)

    def feed(self, prefix: str, materials: list[int]) -> None:
        """Draw arcs into the slots of the nodes whose key starts with `prefix`."""
        for slot in self.draft.slots:
            if not slot.node.startswith(prefix) or slot.material not in materials:
                continue
            need = slot.input_per_unit * self.node(slot.node).planned
            for port_key, flow in self.recycled.get(slot.key, []):
                self.arc(slot, port_key, flow)
                need -= flow
            ports = [
                p
                for p in self.draft.ports
                if p.material == slot.material and not p.node.startswith("recycling")
            ]
            used = self.rng.permutation(len(ports))[: self.whole(1, len(ports))]
            parts = self.rng.dirichlet(np.full(len(used), 2.0)) * need
            flows = dict(zip(used.tolist(), parts.tolist(), strict=True))
            for i, port in enumerate(ports):
                if flows.get(i, 0.0) > 0:
                    self.arc(slot, port.key, flows[i])
                elif self.features.latents and self.chance(0.7):
                    self.arc(slot, port.key, 0.0)

    def arc(self, slot: DraftSlot, port: tuple[str, int], flow: float) -> None:
        arc = DraftArc(slot.key, port, self.whole(1, 8), flow, latent=flow == 0.0)
        if self.features.priorities:
            arc.rank = self.whole(1, 3)
        if arc.latent and self.features.qualification and self.chance(0.7):
            arc.qualification_steps = self.whole(1, 12)
        if self.features.caps and self.chance(0.3):
            arc.cap = flow * self.between(1.05, 2.0) if flow > 0 else float(np.exp(self.between(-2.0, 5.0)))
        self.draft.arcs.append(arc)
        self.outflow[port] = self.outflow.get(port, 0.0) + flow

    def plan(self, layer: int) -> None:
        """Set planned activity and outputs of a layer from what its ports ship."""
        for node in self.draft.nodes:
            if not node.key.startswith(LAYERS[layer]):
                continue
            ports = [port for port in self.draft.ports if port.node == node.key]
            ports.sort(key=lambda port: -self.outflow.get(port.key, 0.0))
            node.planned = self.outflow.get(ports[0].key, 0.0) / ports[0].output_per_unit
            ports[0].drives = True
            for port in ports[1:]:
                flow = self.outflow.get(port.key, 0.0)
                port.disposable = flow == 0.0 or self.chance(0.5)
                port.drives = not port.disposable and self.chance(0.5)
                port.output_per_unit = self.between(0.1, 1.0)
                if node.planned > 0 and flow > 0:
                    excess = self.between(1.0, 1.6) if port.disposable else 1.0
                    port.output_per_unit = flow / node.planned * excess

    def recycle(self, layer: int) -> None:
        """Let one recycling node serve a material of the layer, from scrap of its slots and of end use."""
        material = self.materials[layer - 1][0]
        users = [
            s
            for s in self.draft.slots
            if s.material == material and s.node.startswith(LAYERS[layer]) and self.node(s.node).planned > 0
        ]
        if not users:
            return
        key = f"recycling.{material}"
        node = DraftNode(key, recycling=True, scrap_steps=self.between(2.0, 8.0))
        need = {s.key: s.input_per_unit * self.node(s.node).planned for s in users}
        sources = [DraftScrap(key, s.key, s.input_per_unit * self.between(0.4, 0.95), 0.0) for s in users]
        for slot in self.draft.slots:
            if slot.node.startswith("end_use") and self.chance(0.5):
                sources.append(DraftScrap(key, slot.key, 0.0, 0.0))
        base = [
            (slot.input_per_unit - r.output_per_unit) * self.node(slot.node).planned
            for r in sources
            for slot in self.draft.slots
            if slot.key == r.slot
        ]
        total, output = sum(need.values()), self.between(0.7, 1.0)
        recovered = min(0.9, 0.4 * total / (sum(base) * output))
        spare = self.between(0.01, 0.08) if self.features.spare_scrap else 0.0
        for source in sources:
            source.share_recovered = recovered * (1.0 + spare)
            if self.features.lifetimes and self.chance(0.7):
                source.stages, source.rate = self.whole(1, 4), self.between(0.02, 0.6)
        node.planned = recovered * sum(base)
        if self.features.process and self.chance(0.3):
            node.process_steps = self.whole(1, 4)
        self.draft.nodes.append(node)
        port = DraftPort(key, material, output, self.between(0, 4))
        self.draft.ports.append(port)
        self.draft.scraps.extend(sources)
        for slot in users:
            flow = node.planned * output * need[slot.key] / total
            self.recycled.setdefault(slot.key, []).append((port.key, flow))

    # the rest ------------------------------------------------------------------------------------

    def finish_nodes(self) -> None:
        """Set capacities, hosts, restart, must-run and firm spread."""
        for node in self.draft.nodes:
            if node.planned > 0:
                node.capacity = node.planned * (1.0 + self.between(0.02, 0.8))
            else:
                node.capacity = float(np.exp(self.between(0.0, 4.0)))
            if self.features.unlimited and self.chance(0.1):
                node.capacity = math.inf
            if self.features.aggregates and not node.recycling:
                node.aggregate = self.chance(0.5)
            if node.end_use:
                if self.chance(0.3):
                    node.capacity = math.inf
                continue
            if self.features.projects and node.planned == 0 and not self.features.restart:
                node.restart_steps = 0
            elif self.features.restart and (node.planned == 0 or self.chance(0.3)):
                node.restart_steps = self.whole(1, 10)
            if self.features.must_run and not node.recycling and self.chance(0.5):
                node.must_run, node.storage_steps = self.between(0.2, 1.0), self.between(0.5, 15.0)
        if self.features.hosts:
            self.hosts()
        if self.features.latents and self.features.projects:
            self.project()

    def hosts(self) -> None:
        producers = [n for n in self.draft.nodes if not n.end_use and n.planned > 0]
        for i, node in enumerate(producers[1:]):  # an earlier node: hosts never form a circle
            host = producers[self.whole(0, i)]
            if self.chance(0.3):
                node.host = host.key
                node.host_ratio = node.planned / host.planned * self.between(1.02, 1.5)

    def project(self) -> None:
        """Add a refinery that nobody uses yet, fed and bought from by latent arcs only."""
        made, used = self.materials[1][0], self.materials[0][0]
        node = DraftNode("refining.project", capacity=self.between(1.0, 200.0))
        if self.features.restart:
            node.restart_steps = self.whole(1, 8)
        if self.features.process:
            node.process_steps = self.whole(0, 6)
        customers = [s for s in self.draft.slots if s.material == made and s.node.startswith("processing")]
        suppliers = [p for p in self.draft.ports if p.material == used and not p.node.startswith("recycling")]
        self.draft.nodes.append(node)
        port = DraftPort(node.key, made, 1.0, 0.0)
        slot = DraftSlot(node.key, used, self.between(0.5, 2.0), self.between(0.0, 4.0))
        self.draft.ports.append(port)
        self.draft.slots.append(slot)
        for supplier in suppliers:
            self.arc(slot, supplier.key, 0.0)
        for customer in customers:
            self.arc(customer, port.key, 0.0)

    def piles(self) -> None:
        """Add stockpiles, a release trigger for some, purchases for others."""
        for material in (self.materials[0][0], self.materials[2][0])[: self.whole(1, 2)]:
            members = [
                s for s in self.draft.slots if s.material == material and self.node(s.node).planned > 0
            ]
            ports = [p for p in self.draft.ports if p.material == material]
            if not members:
                continue
            use = sum(s.input_per_unit * self.node(s.node).planned for s in members)
            pile = DraftPile(f"pile.{material}", material, opening=use * self.between(0.0, 12.0))
            pile.members = [(s.key, self.whole(1, 2)) for s in members if self.chance(0.8)] or [
                (members[0].key, 1)
            ]
            pile.own_stock_first = self.chance(0.5)
            pile.target = pile.opening + use * self.between(0.0, 5.0)
            pile.purchase, pile.unit_cost = use * self.between(0.0, 0.2), self.between(0.0, 50.0)
            pile.budget = use * pile.unit_cost * self.between(0.0, 4.0)
            pile.buys = [(p.key, self.between(0.1, 1.0), self.whole(1, 6)) for p in ports if self.chance(0.6)]
            self.draft.piles.append(pile)
            if self.features.triggers:
                kind = TriggerKind.FILL_RATE if self.chance(0.6) else TriggerKind.DAYS_OF_COVER
                watched = [slot for slot, _ in pile.members]
                level = self.between(0.6, 0.98)
                if kind == TriggerKind.DAYS_OF_COVER:
                    level *= self.calm_cover_days(watched)  # below what the members hold in calm times
                self.draft.triggers.append(DraftTrigger(f"trigger.{material}", kind, level, watched))

    def calm_cover_days(self, keys: list[tuple[str, int, int]]) -> float:
        """Return the days of cover of some slots at the start."""
        slots = [slot for slot in self.draft.slots if slot.key in keys]
        use = [slot.input_per_unit * self.node(slot.node).planned for slot in slots]
        held = sum(u * slot.cover_steps for u, slot in zip(use, slots, strict=True))
        return held / sum(use) * self.draft.step_days

    def behaviour(self) -> object:
        rule = DEFAULT_BEHAVIOUR._replace(
            resourcing=self.features.resourcing, cover_spread=self.features.cover_spread
        )
        if not self.features.free_behaviour:
            return rule
        return rule._replace(
            adjustment_steps=self.between(3.0, 8.0),
            refill_steps=self.between(3.0, 8.0),
            forecast_steps=self.between(2.0, 8.0),
            switching_steps=self.between(1.0, 12.0),
            loyalty_steps=self.between(4.0, 52.0),
            established_steps=self.between(4.0, 52.0),
            scrap_disposal_steps=self.between(4.0, 52.0),
            catch_up_steps=1.0 if self.chance(0.5) else self.between(1.0, 26.0),
            deferral_steps=math.inf if self.chance(0.5) else self.between(4.0, 104.0),
            order_cap=math.inf if self.chance(0.3) else self.between(1.0, 2.0),
            minimum_run=self.between(0.0, 1.0),
        )


def random_draft(seed: int, features: Features, width: int = 3) -> Draft:
    """Return a random network without effects.

    Parameters
    ----------
    seed : int
        Of the generator.
    features : Features
        What the network has.
    width : int
        Most nodes per material and layer.
    """
    return NetworkMaker(seed, features, width).make()


class EffectMaker:
    """Draws random disruptions and responses for a draft."""

    def __init__(self, seed: int, draft: Draft) -> None:
        self.rng = np.random.default_rng([seed, 1])
        self.draft = draft

    def between(self, low: float, high: float) -> float:
        return float(self.rng.uniform(low, high))

    def window(self) -> list[int]:
        """Return a first step and an end."""
        start = int(self.rng.integers(0, max(1, self.draft.n_steps // 2)))
        return [start, start + int(self.rng.integers(1, 40))]

    def producer(self) -> str:
        names = [n.key for n in self.draft.nodes if not n.end_use]
        return names[int(self.rng.integers(len(names)))]

    def add(self, kind: EffectKind, places: list, value: float | list[float], neutral: float) -> None:
        """Add an effect that starts, may change once, and ends."""
        if not places:
            return
        start, end = self.window()
        row = value if isinstance(value, list) else [value] * len(places)
        steps, rows = [start, end], [row, [neutral] * len(places)]
        if end - start > 4 and self.rng.random() < 0.5:
            steps = [start, (start + end) // 2, end]
            middle = [(v + neutral) / 2 if math.isfinite(neutral) else 2 * v for v in row]
            rows = [row, middle, rows[-1]]
        self.draft.effects.append(DraftEffect(kind, places, steps, rows, name=f"{kind.name} {start}"))

    def restriction(self) -> None:
        """Cap the used arcs out of a node and close its latent ones."""
        node, severity = self.producer(), self.between(0.3, 1.0)
        arcs = [arc for arc in self.draft.arcs if arc.port[0] == node]
        if self.rng.random() < 0.3:
            arcs = [arc for arc in arcs if self.rng.random() < 0.5]
        if self.rng.random() < 0.4:
            severity = 1.0
        self.add(EffectKind.ARC_CAP, [a.key for a in arcs], [(1 - severity) * a.flow for a in arcs], math.inf)
        if arcs:
            last = self.draft.effects[-1]
            on = [[1.0]] * (len(last.steps) - 1) + [[0.0]]
            self.draft.effects.append(DraftEffect(EffectKind.RESTRICTED, [node], last.steps, on))

    def newcomer(self) -> None:
        """Let a plant grow and take a share of a customer's orders, or lose its share."""
        arcs = [arc for arc in self.draft.arcs if not arc.latent]
        arc = arcs[int(self.rng.integers(len(arcs)))]
        node = next(n for n in self.draft.nodes if n.key == arc.port[0])
        flow = next((a.flow for a in arcs if a.key == arc.key), 0.0)
        entry = self.between(0.05, 0.6) if self.rng.random() < 0.7 else -self.between(0.0, 1.0)
        more = self.between(0.0, 1.0) * max(flow, 1.0)
        capacity = more if math.isfinite(node.capacity) else 0.0
        start, end = self.window()
        for kind, place, value in (
            (EffectKind.ENTRY, arc.key, entry),
            (EffectKind.CAPACITY_ADDED, node.key, capacity),
            (EffectKind.PLANNED_ADDED, node.key, more if not node.recycling else 0.0),
            (EffectKind.TARGET_ADDED, arc.port, more),
        ):
            steps, rows = [start, start + 4, end + 8], [[0.5 * value], [value], [0.25 * value]]
            name = f"{kind.name} {start}"
            self.draft.effects.append(DraftEffect(kind, [place], steps, rows, name=name))

    def disrupt(self, count: int) -> None:
        """Add `count` random effects."""
        users = [n.key for n in self.draft.nodes if n.end_use]
        slots = [s.key for s in self.draft.slots]
        for _ in range(count):
            choice = int(self.rng.integers(14))
            some = [s for s in slots if self.rng.random() < 0.4]
            if choice <= 2:
                self.restriction()
            elif choice <= 4:
                self.add(EffectKind.AVAILABILITY, [self.producer()], self.between(0.0, 0.9), 1.0)
            elif choice == 5:
                self.add(EffectKind.CAPACITY_FACTOR, [self.producer()], self.between(1.0, 1.5), 1.0)
            elif choice == 6:
                self.add(EffectKind.DEMAND_FACTOR, users, self.between(0.6, 1.5), 1.0)
            elif choice == 7:
                self.add(EffectKind.INPUT_FACTOR, some, self.between(0.0, 1.0), 1.0)
                self.add(EffectKind.INPUT_ADDED, some[:1], self.between(0.0, 0.5), 0.0)
                self.add(EffectKind.ESSENTIAL_ADDED, some[:1], self.between(0.0, 0.5), 0.0)
            elif choice == 8:
                self.add(EffectKind.EXTRA_COVER, some, self.between(0.0, 6.0), 0.0)
            elif choice == 9:
                arcs = [arc.key for arc in self.draft.arcs if self.rng.random() < 0.4]
                self.add(EffectKind.ARC_DELAY, arcs, 2.0 * int(self.rng.integers(1, 4)), 0.0)
            elif choice == 10:
                segments = sorted({(*arc.port, arc.rank) for arc in self.draft.arcs})
                chosen = [segment for segment in segments if self.rng.random() < 0.4]
                self.add(EffectKind.SEGMENT_RANK, chosen, float(self.rng.choice([-0.5, -1.0, 1.0])), 0.0)
            elif choice <= 12:
                self.newcomer()
            else:
                scraps = [((scrap.node,), scrap.slot) for scrap in self.draft.scraps]
                self.add(EffectKind.SCRAP_FACTOR, scraps, self.between(0.5, 2.5), 1.0)

    def use_piles(self) -> None:
        """Open the stockpiles by a date or a trigger; let them buy; close a supplier of theirs."""
        triggers = {trigger.key.removeprefix("trigger."): trigger.key for trigger in self.draft.triggers}
        for pile in self.draft.piles:
            rate = pile.opening * self.between(0.02, 0.3)
            trigger = triggers.get(pile.key.removeprefix("pile."))
            start, end = (0, 10) if trigger else self.window()
            if trigger is not None:
                start = int(self.rng.integers(0, 4))
                armed = DraftEffect(EffectKind.TRIGGER_ARMED, [trigger], [0, 5], [[0.0], [1.0]])
                if self.rng.random() < 0.5:
                    self.draft.effects.append(armed)
            steps, rows = [start, start + end], [[rate], [0.0]]
            self.draft.effects.append(DraftEffect(EffectKind.PILE_RATE, [pile.key], steps, rows, trigger))
            self.add(EffectKind.PILE_BUYING, [pile.key], 1.0, 0.0)
            if pile.buys:
                self.add(EffectKind.BUY_OPEN, [(pile.key, pile.buys[0][0])], 0.0, 1.0)


def disrupted(seed: int, draft: Draft, n_effects: int, n_steps: int) -> Draft:
    """Return the draft with random effects, to run `n_steps` steps."""
    draft.n_steps = n_steps
    maker = EffectMaker(seed, draft)
    maker.disrupt(n_effects)
    maker.use_piles()
    return draft
