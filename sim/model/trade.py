"""Who buys from whom: arcs of each material from margins, known shares, lead times and nearness.

Between countries o and c the prior is ``S_o D_c exp(-lead / 60 d) x (20 own country, 5 own region, 1 else)``.
The flows nearest to it (`sim.model.entropy`) that meet both margins keep every known share within 1 % of the
customer's imports (or use, as the share says), or as near as the quantities allow (`sim.model.shares`). Of
the suppliers of a customer the first stay that cover 95 % of its use, eight at most, and of the customers of
a supplier the first three; flows under 0.2 % of both margins are dropped, but the two next suppliers of a
customer stay, at 2 % or more where that is a small part of what they make: else small users would hang on one
supplier by an artefact. Flows between countries are split over their nodes by size, which keeps all margins.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from sim.data.read import Tables
from sim.data.routes import REST_OF_WORLD, RouteBook
from sim.errors import NetworkError
from sim.model.entropy import Band, Fit, fit, least_slack
from sim.model.figures import FigureBook, records
from sim.model.network import Arc
from sim.model.shares import Market, Settled, read_shares, settle_shares
from sim.model.structure import Structure
from sim.vocab import BoolArray, Evidence, FloatArray, IntArray

DISTANCE_SCALE_DAYS = 60.0
OWN_COUNTRY, OWN_REGION = 20.0, 5.0
LEAST_FLOW = 0.001  # of the first fit, kept free while floors are judged
PRUNE_SHARE = 0.002
COVERED_SHARE, MOST_SUPPLIERS, MAIN_CUSTOMERS = 0.95, 8, 3
KEPT_SUPPLIERS, KEPT_SHARE = 2, 0.02
KEPT_OUTPUT_SHARE = 0.05  # a floor never takes more of what a supplier makes
FLOOR_MARGIN = 1.1  # a floor must hold at this height in the linear programme, so that the fit has room
FLOOR_WEIGHT = 1e-3  # of the price of a share's slack: floors give way first
EASY_SWEEPS = 500  # of a fit; a harder one gets more suppliers to choose from
NEGLIGIBLE = 1e-7  # of the smallest customer's use
SAME_TOTAL = 1e-9  # relative difference of both sides of a material that rounding explains


@dataclass(frozen=True, slots=True)
class End:
    """One end of the trade of a material: a port or a slot."""

    place: str
    process: str
    country: str
    t_per_year: float


@dataclass(slots=True)
class Trade:
    """Arcs of all materials, and what became of the known shares."""

    arcs: list[Arc] = field(default_factory=list)
    shares: list[dict[str, object]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


class Trader:
    """Makes the arcs of one material after another.

    Parameters
    ----------
    tables : Tables
    structure : Structure
    book : FigureBook
    """

    def __init__(self, tables: Tables, structure: Structure, book: FigureBook) -> None:
        self._structure, self._book = structure, book
        self.routes = RouteBook(tables)
        self._region = dict(zip(tables.countries["iso3"], tables.countries["region"], strict=True))
        self._shares = read_shares(records(tables.trade_shares), book)

    def trade(self, material: str, ports: Sequence[End], slots: Sequence[End], trade: Trade) -> None:
        """Add the arcs of a material, used and latent, and the report of its shares.

        Parameters
        ----------
        material : str
        ports, slots : sequence of End
            Who makes and who takes it, t/year; both sums are equal. Idle ones have 0.
        trade : Trade
            Receives the arcs.

        Raises
        ------
        NetworkError
            If the margins differ.
        """
        market = self._market(material, ports, slots)
        if len(market.customers):
            flow, known = self._flows(market, trade)
        else:
            flow, known = np.zeros((0, 0)), np.zeros((0, 0), dtype=np.bool_)
        trade.arcs.extend(self._arcs(market, flow, known, ports, slots))

    def _market(self, material: str, ports: Sequence[End], slots: Sequence[End]) -> Market:
        """Sum ports and slots by country and give each pair its prior."""
        supply, demand = _by_country(ports), _by_country(slots)
        suppliers, customers = sorted(supply), sorted(demand)
        s = np.array([supply[code] for code in suppliers], dtype=np.float64)
        d = np.array([demand[code] for code in customers], dtype=np.float64)
        if abs(s.sum() - d.sum()) > SAME_TOTAL * max(s.sum(), d.sum()):
            raise NetworkError(f"{material}: {s.sum():.9g} t/year for sale and {d.sum():.9g} wanted")
        near = [[self.nearness(material, o, c) for c in customers] for o in suppliers]
        return Market(
            material=material,
            suppliers=suppliers,
            customers=customers,
            supply=s,
            demand=d * (s.sum() / d.sum()) if len(d) else d,  # the last digits: margins must be equal
            prior=s[:, None] * d[None, :] * np.array(near, dtype=np.float64).reshape(len(s), len(d)),
            regions=self._structure.regions,
            region_of=self._region,
        )

    def nearness(self, material: str, origin: str, destination: str) -> float:
        """Return the weight of a pair beside the sizes of its ends."""
        route = self.routes.find(origin, destination, self._structure.freight[material])
        scale = self._book.parameter("arc_distance_scale", DISTANCE_SCALE_DAYS)
        weight = float(np.exp(-route.lead_time_days / scale))
        if REST_OF_WORLD in (origin, destination):  # many countries, near to none
            return weight
        if origin == destination:
            return weight * self._book.parameter("arc_own_country_weight", OWN_COUNTRY)
        if self._region[origin] == self._region[destination]:
            return weight * self._book.parameter("arc_own_region_weight", OWN_REGION)
        return weight

    def _flows(self, market: Market, trade: Trade) -> tuple[FloatArray, BoolArray]:
        """Return the flows between countries and which of them rest on a known share."""
        settled = settle_shares(market, self._shares.get(market.material, []), self._book)
        bands = settled.bands(market)
        first = fit(market.supply, market.demand, market.prior, bands)
        floors = self._floors(first.flow, market)
        for widening in (1, 2):
            support = self._support(first.flow, market, widening)
            if support.all() and not floors:
                return self._reported(market, settled, first, trade)
            lowest = np.where(support, LEAST_FLOW * first.flow, np.nan)
            together = _with_floors(market, bands, lowest, floors)
            if together is None:
                continue  # the kept flows cannot meet the margins
            prior = np.where(support, market.prior, 0.0)
            final = fit(market.supply, market.demand, prior, together, most_sweeps=EASY_SWEEPS)
            if final.converged:
                return self._reported(market, settled, final, trade)
        return self._reported(market, settled, first, trade)

    def _reported(
        self, market: Market, settled: Settled, final: Fit, trade: Trade
    ) -> tuple[FloatArray, BoolArray]:
        """Return the flows and which are known; report the shares and a fit that did not end."""
        if not final.converged:
            trade.warnings.append(
                f"{market.material}: flows meet their margins to {final.error:.1e} only,"
                f" after {final.sweeps} sweeps"
            )
        known = np.zeros(market.prior.shape, dtype=np.bool_)
        for held in settled.held:
            known.reshape(-1)[held.cells_in] = True
        trade.shares.extend(_share_rows(settled, final.flow))
        return final.flow, known

    def _support(self, flow: FloatArray, market: Market, widening: int) -> BoolArray:
        """Return which flows are kept: a customer's main suppliers and a supplier's main customers.

        `widening` times as many of both, where fewer could hardly meet the margins.
        """
        limit = self._book.parameter("arc_prune_share", PRUNE_SHARE)
        kept = (flow >= limit * market.supply[:, None]) | (flow >= limit * market.demand[None, :])
        rank = _rank(flow)
        before = np.empty_like(flow)  # covered by larger suppliers, of the customer's use
        order = np.argsort(-flow, axis=0, kind="stable")
        in_turn = np.take_along_axis(flow, order, axis=0)
        np.put_along_axis(before, order, np.cumsum(in_turn, axis=0) - in_turn, axis=0)
        covered = 1.0 - (1.0 - self._book.parameter("arc_covered_share", COVERED_SHARE)) / widening**2
        most = widening * int(self._book.parameter("arc_most_suppliers", MOST_SUPPLIERS))
        kept &= (before < covered * market.demand[None, :]) & (rank < most)
        first = 1 + int(self._book.parameter("arc_kept_suppliers", KEPT_SUPPLIERS))
        outlets = widening * int(self._book.parameter("arc_main_customers", MAIN_CUSTOMERS))
        of_supplier = _rank(flow.T).T
        return np.asarray(kept | (rank < first) | (of_supplier < outlets), dtype=np.bool_)

    def _floors(self, flow: FloatArray, market: Market) -> list[Band]:
        """Return a lower bound for each next supplier that would fall below the least share."""
        share = self._book.parameter("arc_latent_minimum_share", KEPT_SHARE)
        count = int(self._book.parameter("arc_kept_suppliers", KEPT_SUPPLIERS))
        floors = []
        order = np.argsort(-flow, axis=0, kind="stable")
        for customer, demand in enumerate(market.demand.tolist()):
            for supplier in order[1 : 1 + count, customer].tolist():
                least = share * demand
                if flow[supplier, customer] < least <= KEPT_OUTPUT_SHARE * market.supply[supplier]:
                    cell = np.array([supplier * flow.shape[1] + customer], dtype=np.int64)
                    floors.append(Band(cell, np.zeros(0, dtype=np.int64), -1.0, 0.0, -least))
        return floors

    def _arcs(
        self, market: Market, flow: FloatArray, known: BoolArray, ports: Sequence[End], slots: Sequence[End]
    ) -> Iterable[Arc]:
        """Split flows between countries over nodes, and add the pairs not used as latent arcs."""
        row = {code: number for number, code in enumerate(market.suppliers)}
        column = {code: number for number, code in enumerate(market.customers)}
        freight = self._structure.freight[market.material]
        routes = {
            (o, c): self.routes.find(o, c, freight)
            for o in {port.country for port in ports}
            for c in {slot.country for slot in slots}
        }
        for slot in slots:
            for port in ports:
                if port.place == slot.place:
                    continue
                i, j = row.get(port.country), column.get(slot.country)
                amount, evidence = 0.0, Evidence.ESTIMATED
                if i is not None and j is not None and port.t_per_year > 0 and slot.t_per_year > 0:
                    part = (port.t_per_year / market.supply[i]) * (slot.t_per_year / market.demand[j])
                    amount = float(flow[i, j] * part)
                    evidence = Evidence.KNOWN if known[i, j] and amount > 0 else Evidence.ESTIMATED
                route = routes[port.country, slot.country]
                wait = self._book.value(port.process, "qualification_days", port.country, default=0.0)
                yield Arc(
                    supplier=port.place,
                    customer=slot.place,
                    material=market.material,
                    flow_t_per_year=amount,
                    lead_time_days=route.lead_time_days,
                    route=route.chokepoints,
                    qualification_days=0.0 if amount > 0 else wait,
                    evidence=evidence,
                )


def _rank(flow: FloatArray) -> IntArray:
    """Return the place of each flow in its column, the largest first."""
    return np.argsort(np.argsort(-flow, axis=0, kind="stable"), axis=0)


def _by_country(ends: Sequence[End]) -> dict[str, float]:
    """Return t/year by country, idle ends left out."""
    found: dict[str, float] = {}
    for end in ends:
        if end.t_per_year > 0:
            found[end.country] = found.get(end.country, 0.0) + end.t_per_year
    return found


def _with_floors(
    market: Market, bands: list[Band], lowest: FloatArray, floors: list[Band]
) -> list[Band] | None:
    """Return the bands and those floors that hold beside them; None when the margins cannot be met."""
    groups = np.arange(len(bands) + len(floors), dtype=np.int64)
    prices = np.array([1.0] * len(bands) + [FLOOR_WEIGHT] * len(floors))
    scales = np.full(len(groups), float(market.demand.sum()))
    higher = [replace(floor, limit=FLOOR_MARGIN * floor.limit) for floor in floors]
    found = least_slack(market.supply, market.demand, lowest, [*bands, *higher], groups, prices, scales)
    if found is None:
        return None
    limit = NEGLIGIBLE * float(market.demand.min())
    missing = found[1].tolist()
    if any(t > limit for t in missing[: len(bands)]):
        return None
    return [*bands, *(floor for floor, t in zip(floors, missing[len(bands) :], strict=True) if t <= limit)]


def _share_rows(settled: Settled, flow: FloatArray) -> Iterator[dict[str, object]]:
    """Return the report of each known share."""
    for held in settled.held:
        yield {
            **held.share.row,
            "fitted": held.fitted(flow),
            "nearest": held.nearest,
            "dropped_reason": "",
        }
    for share, reason in settled.dropped:
        yield {**share.row, "fitted": math.nan, "nearest": math.nan, "dropped_reason": reason}
