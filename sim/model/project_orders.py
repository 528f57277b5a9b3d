"""How a new plant gets orders and feed, and how output changes hands (decision 0017).

A plant enters the sourcing of its customers like any supplier of the base year: by their use and nearness,
with the rule that no slot leans on newcomers for more than `MOST_OF_A_SLOT`. Its share displaces the other
suppliers of the slot in proportion. What finds no customer is capacity without orders: it can still help in a
shortage.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from sim.data.routes import REST_OF_WORLD
from sim.model.announced import Entry, Feed
from sim.model.network import Network, Node
from sim.model.trade import Trader
from sim.vocab import STOCK_BUILDING_PRIORITY

MOST_OF_A_SLOT = 0.8  # expert: buyers keep a fifth with their old suppliers
COVERED = 0.97  # of a plant's output is placed at its likeliest customers, the small rest with them
FEED_COVERED, FEED_SUPPLIERS = 0.95, 8
NEGLIGIBLE = 1e-6  # of a slot


@dataclass(frozen=True, slots=True)
class _Slot:
    customer: str
    use_t: float
    nearness: float


class OrderBook:
    """Writes entries and feeds for plants that come.

    Parameters
    ----------
    network : Network
        The base year.
    nodes : mapping of str to Node
        Its nodes and the new ones.
    new : mapping of str to float
        Full capacity of new plants, units/year, by node.
    feeders : mapping of str to str
        The only supplier of a new plant, where it has one.
    trader : Trader
        Knows how near countries are.
    """

    def __init__(
        self,
        network: Network,
        nodes: Mapping[str, Node],
        new: Mapping[str, float],
        feeders: Mapping[str, str],
        trader: Trader,
    ) -> None:
        self._nodes, self._new, self._feeders, self._trader = nodes, new, feeders, trader
        self._flow = {arc.key: arc.flow_t_per_year for arc in network.arcs if arc.flow_t_per_year > 0}
        self._use: dict[tuple[str, str], float] = {}
        self._sold: dict[tuple[str, str], float] = {}
        for (supplier, customer, material), t in self._flow.items():
            self._use[customer, material] = self._use.get((customer, material), 0.0) + t
            self._sold[supplier, material] = self._sold.get((supplier, material), 0.0) + t
        self._taken: dict[tuple[str, str], float] = {}
        self.entries: list[Entry] = []
        self.feeds: list[Feed] = []
        for name in sorted(new):
            self._feed(name)

    # -- links and feed --------------------------------------------------------------------------------------

    def links(self) -> Iterator[tuple[str, str, str]]:
        """Yield (supplier, customer, material) of every arc that the new plants need.

        A plant with one feeder gets that material from nobody else.
        """
        makers, users = self._by_material()
        for material in sorted(makers.keys() & users.keys()):
            for supplier in makers[material]:
                for customer in users[material]:
                    if supplier == customer or (supplier not in self._new and customer not in self._new):
                        continue
                    feeder = self._feeders.get(customer)
                    if feeder is not None and self._makes(feeder, material) and feeder != supplier:
                        continue
                    yield supplier, customer, material

    def _by_material(self) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
        """Return makers and users by material."""
        makers: dict[str, list[str]] = {}
        users: dict[str, list[str]] = {}
        for node in self._nodes.values():
            for output in node.outputs:
                makers.setdefault(output.material, []).append(node.id)
            for entry in node.inputs:
                users.setdefault(entry.material, []).append(node.id)
        return makers, users

    def _makes(self, name: str, material: str) -> bool:
        return any(output.material == material for output in self._nodes[name].outputs)

    def _feed(self, name: str) -> None:
        """Write from whom a new plant takes its inputs: its feeder, else the nearest large producers."""
        node, feeder = self._nodes[name], self._feeders.get(name)
        for entry in node.inputs:
            material = entry.material
            if feeder is not None and feeder in self._nodes and self._makes(feeder, material):
                self.feeds.append(Feed(feeder, name, material, 1.0))
                continue
            weights = {
                supplier: t * self._trader.nearness(material, self._nodes[supplier].country, node.country)
                for (supplier, sold), t in self._sold.items()
                if sold == material
            }
            chosen = _likeliest(weights, FEED_COVERED, FEED_SUPPLIERS)
            total = math.fsum(chosen.values())
            self.feeds += [Feed(s, name, material, w / total) for s, w in sorted(chosen.items())]

    # -- output ----------------------------------------------------------------------------------------------

    def place(self, name: str, activity: float) -> float:
        """Write the entries of a plant that comes with `activity` units/year more.

        Returns
        -------
        float
            Share of that activity for which its driving products find customers.
        """
        node = self._nodes[name]
        best = 0.0
        for output in node.outputs:
            made_t = activity * output.output_per_unit
            own_t = min(made_t, self._dedicated(name, output.material))
            placed_t = own_t + self._spread(node, output.material, made_t - own_t)
            if output.drives and made_t > 0:
                best = max(best, placed_t / made_t)
        return min(1.0, best)

    def _dedicated(self, name: str, material: str) -> float:
        """Return what the plants that this one alone feeds take at full output, t/year."""
        return math.fsum(
            self._new.get(customer, 0.0) * entry.input_per_unit
            for customer, feeder in self._feeders.items()
            if feeder == name and customer in self._nodes
            for entry in self._nodes[customer].inputs
            if entry.material == material
        )

    def _spread(self, node: Node, material: str, wanted_t: float) -> float:
        """Place up to `wanted_t` t/year of a product at users outside the project; return what found one."""
        slots = self._customers(node, material)
        if wanted_t <= 0 or not slots:
            return 0.0
        room = {s.customer: s.use_t * self._room(node.id, s.customer, material) for s in slots}
        amounts = _filled(slots, room, min(wanted_t, math.fsum(room.values())))
        chosen = _likeliest(amounts, COVERED, len(amounts))
        kept = [s for s in slots if s.customer in chosen]
        amounts = _filled(kept, room, min(wanted_t, math.fsum(room[s.customer] for s in kept)))
        for slot in kept:
            self._move(node.id, node.id, slot.customer, material, amounts[slot.customer])
        return math.fsum(amounts.values())

    def _customers(self, node: Node, material: str) -> list[_Slot]:
        """Return the slots in use that may buy from a node; stock-building is no lasting customer."""
        return [
            _Slot(customer, t, self._trader.nearness(material, node.country, self._nodes[customer].country))
            for (customer, used), t in sorted(self._use.items())
            if used == material
            and customer != node.id
            and self._nodes[customer].priority != STOCK_BUILDING_PRIORITY
        ]

    def _room(self, supplier: str, customer: str, material: str) -> float:
        """Return the share of a slot's use that a supplier may still gain."""
        others = 1.0 - self._flow.get((supplier, customer, material), 0.0) / self._use[customer, material]
        return max(0.0, MOST_OF_A_SLOT - self._taken.get((customer, material), 0.0)) * others

    def _move(self, owner: str, supplier: str, customer: str, material: str, gain_t: float) -> None:
        """Write the entry by which `supplier` gains (or loses) some t/year in a slot."""
        use_t = self._use[customer, material]
        weight = self._flow.get((supplier, customer, material), 0.0) / use_t
        gain = gain_t / use_t
        if abs(gain) <= NEGLIGIBLE or weight >= 1.0 - NEGLIGIBLE:
            return
        share = max(gain, -weight) / (1.0 - weight)
        self.entries.append(Entry(owner, supplier, customer, material, share))
        if gain > 0:
            self._taken[customer, material] = self._taken.get((customer, material), 0.0) + share

    # -- who gives way, and redirects ------------------------------------------------------------------------

    def retire(self, owner: str, retired: str) -> None:
        """Write the entries by which a running plant loses all its customers to the one that replaces it."""
        for (supplier, customer, material), t in sorted(self._flow.items()):
            if supplier == retired:
                self._move(owner, supplier, customer, material, -t)

    def redirect(
        self,
        owner: str,
        supplier: str,
        material: str,
        customers: Collection[str],
        taken_from: Collection[str],
        amount: tuple[float, float],
    ) -> bool:
        """Write the entries of output that changes hands; return whether there is any.

        Parameters
        ----------
        owner, supplier, material : str
        customers, taken_from : collection of str
            Country codes; `taken_from` empty = all others. Customers without a user of their own stand in the
            rest of the world.
        amount : (t/year, share)
            What `customers` get in all; NaN for the one that is not given. With a share of 1 the others lose
            everything, whether or not the new customers have room for it.
        """
        tonnes, share = amount
        flows = {key[1]: t for key, t in self._flow.items() if (key[0], key[2]) == (supplier, material)}
        sold = self._sold.get((supplier, material), 0.0)
        if sold <= 0:
            return False
        there = math.fsum(t for c, t in flows.items() if self._nodes[c].country in customers)
        customers = self._with_users(customers, material)
        wanted = (share * sold if math.isnan(tonnes) else tonnes) - there
        losers = {
            c: t
            for c, t in flows.items()
            if self._nodes[c].country not in customers
            and (not taken_from or self._nodes[c].country in taken_from)
        }
        lost = min(max(0.0, wanted), math.fsum(losers.values()))
        if lost <= 0:
            return False
        before = len(self.entries)
        slots = [
            s
            for s in self._customers(self._nodes[supplier], material)
            if self._nodes[s.customer].country in customers
        ]
        room = {s.customer: max(0.0, s.use_t - flows.get(s.customer, 0.0)) for s in slots}
        gained = _filled(slots, room, min(lost, math.fsum(room.values())))
        if share != 1.0:
            lost = math.fsum(gained.values())
        total = math.fsum(losers.values())
        for customer, t in sorted(losers.items()):
            self._move(owner, supplier, customer, material, -lost * t / total)
        for customer, t in sorted(gained.items()):
            self._move(owner, supplier, customer, material, t)
        return len(self.entries) > before

    def _with_users(self, countries: Collection[str], material: str) -> Collection[str]:
        """Return the countries, or the rest of the world where none of them has a user of the material."""
        users = {self._nodes[customer].country for customer, used in self._use if used == material}
        return countries if users.intersection(countries) else (REST_OF_WORLD,)


def _filled(slots: Collection[_Slot], room: Mapping[str, float], total_t: float) -> dict[str, float]:
    """Spread a total over slots by use x nearness, none beyond its room."""
    amounts = {slot.customer: 0.0 for slot in slots}
    open_slots = {slot.customer: slot.use_t * slot.nearness for slot in slots if room[slot.customer] > 0}
    left = total_t
    while left > 1e-12 * total_t and open_slots:
        weight = math.fsum(open_slots.values())
        full = [c for c, w in open_slots.items() if amounts[c] + left * w / weight >= room[c]]
        if not full:
            for customer, w in open_slots.items():
                amounts[customer] += left * w / weight
            break
        for customer in full:
            left -= room[customer] - amounts[customer]
            amounts[customer] = room[customer]
            del open_slots[customer]
    return amounts


def _likeliest(weights: Mapping[str, float], covered: float, most: int) -> dict[str, float]:
    """Return the largest weights that together make `covered` of the sum, at most `most` of them."""
    total, summed = math.fsum(weights.values()), 0.0
    chosen: dict[str, float] = {}
    for name, weight in sorted(weights.items(), key=lambda item: (-item[1], item[0])):
        if weight <= 0 or summed >= covered * total or len(chosen) >= most:
            break
        chosen[name] = weight
        summed += weight
    return chosen
