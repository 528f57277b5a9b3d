"""Known shares of a customer's supply: which cells they bind, and how far they can hold together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from sim.errors import NetworkError
from sim.model.entropy import Band, fit, least_slack
from sim.model.figures import FigureBook
from sim.vocab import FloatArray, IntArray

SHARE_BAND = 0.01
SMALL_SHARE_BAND = 0.25  # of a share itself: a supplier of 0.2 % is not one of 1.2 %
HAIR = 0.2  # part of the band kept free in the linear programme, so that the fit has room to move
LEAST_FLOW = 0.001  # of the flow without any share, in the linear programme
LEAST_OWN_FLOW = 0.25  # the same inside one country: trade shares do not starve a supplier's own plants
WIDENED = 1e-6


@dataclass(frozen=True, slots=True)
class Share:
    """A known share of a customer's supply.

    Attributes
    ----------
    customer, supplier : str
        As the table names them.
    share : float
    of_imports : bool
        Share of imports, own production left out; else of all use.
    sigma : float
        Of its confidence.
    row : mapping
        Material, customer, supplier, share, basis, year, confidence, for the report.
    """

    customer: str
    supplier: str
    share: float
    of_imports: bool
    sigma: float
    row: Mapping[str, object]


@dataclass(slots=True)
class Market:
    """Trade of one material between countries.

    Attributes
    ----------
    material : str
    suppliers, customers : list of str
        Countries.
    supply, demand : FloatArray, t/year
    prior : FloatArray, shape (n_supplier, n_customer)
    regions : mapping of str to frozenset of str
        What a region stands for.
    region_of : mapping of str to str
        Region of each country.
    """

    material: str
    suppliers: list[str]
    customers: list[str]
    supply: FloatArray
    demand: FloatArray
    prior: FloatArray
    regions: Mapping[str, frozenset[str]]
    region_of: Mapping[str, str]

    def covers(self, code: str) -> frozenset[str]:
        """Return what a code covers: a region with its members, or the country alone."""
        return self.regions.get(code, frozenset((code,)))

    def sellers(self, code: str, named: frozenset[str] = frozenset()) -> frozenset[str]:
        """Return the suppliers that a code stands for.

        A region with its members, or the country; a member without a node stands for its region, less the
        members `named` by other shares of the same customer.
        """
        codes = self.covers(code) & set(self.suppliers)
        if codes:
            return codes
        region = self.regions.get(self.region_of.get(code, ""), frozenset())
        return (region & set(self.suppliers)) - named

    def use_of(self, code: str) -> float:
        """Return what all slots of a customer take, t/year."""
        here = self.covers(code)
        return float(sum(d for name, d in zip(self.customers, self.demand, strict=True) if name in here))

    def own(self) -> FloatArray:
        """Return 1 for each pair inside one country, else 0."""
        return np.array([[float(o == c) for c in self.customers] for o in self.suppliers])


@dataclass(frozen=True, slots=True)
class Held:
    """A share as it enters the fit.

    Attributes
    ----------
    share : Share
    cells_in, cells_out : IntArray
        Its supplier's cells, and the others that its total counts.
    low, high : float
        Edges of its band.
    nearest : float
        NaN where the share holds; else the nearest that can hold beside everything else.
    """

    share: Share
    cells_in: IntArray
    cells_out: IntArray
    low: float
    high: float
    nearest: float = float("nan")

    def bands(self, market: Market) -> list[Band]:
        """Return the inequalities of both edges; an edge at or beyond 0 or 1 says nothing."""
        found = []
        for sign, edge in ((1.0, self.high), (-1.0, self.low)):
            if not 0.0 < edge < 1.0:
                continue
            if self.share.of_imports:
                found.append(Band(self.cells_in, self.cells_out, sign * (1.0 - edge), -sign * edge, 0.0))
            else:
                total = market.use_of(self.share.customer)
                found.append(Band(self.cells_in, self.cells_out, sign, 0.0, sign * edge * total))
        return found

    def fitted(self, flow: FloatArray) -> float:
        """Return the share in given flows; NaN when its total is nothing."""
        flat = flow.reshape(-1)
        part = float(flat[self.cells_in].sum())
        total = part + float(flat[self.cells_out].sum())
        return part / total if total > 0 else float("nan")


@dataclass(slots=True)
class Settled:
    """Shares that hold or come near, and those that have nothing to act on."""

    held: list[Held] = field(default_factory=list)
    dropped: list[tuple[Share, str]] = field(default_factory=list)

    def bands(self, market: Market) -> list[Band]:
        """Return all inequalities."""
        return [band for held in self.held for band in held.bands(market)]


def settle_shares(market: Market, shares: Sequence[Share], book: FigureBook) -> Settled:
    """Return how each known share enters the fit.

    A linear programme finds the least total slack, weighted by confidence. A share without slack holds within
    its band; one with slack is widened to the nearest value that can hold beside the quantities and the other
    shares, which says more than nothing. A share whose customer or supplier has no node is dropped.

    Parameters
    ----------
    market : Market
    shares : sequence of Share
    book : FigureBook

    Raises
    ------
    NetworkError
        If supply and demand by country cannot be matched at all.
    """
    settled = _with_cells(market, shares, book)
    if not settled.held:
        return settled
    free = fit(market.supply, market.demand, market.prior).flow
    lowest = free * np.where(market.own() > 0, LEAST_OWN_FLOW, LEAST_FLOW)
    tight = [_edges(held, 1.0 - HAIR, book) for held in settled.held]
    owners = [number for number, held in enumerate(tight) for _ in held.bands(market)]
    prices = np.array([1.0 / held.share.sigma for held in settled.held])
    scales = np.array([market.use_of(held.share.customer) for held in settled.held])
    bands = [band for held in tight for band in held.bands(market)]
    groups = np.array(owners, dtype=np.int64)
    found = least_slack(market.supply, market.demand, lowest, bands, groups, prices, scales)
    if found is None:
        raise NetworkError(f"{market.material}: supply and demand by country cannot be matched")
    flow, slack = found
    settled.held = [
        _widened(held, flow, book) if missing > WIDENED * scale else held
        for held, missing, scale in zip(settled.held, slack.tolist(), scales.tolist(), strict=True)
    ]
    return settled


def _with_cells(market: Market, shares: Sequence[Share], book: FigureBook) -> Settled:
    """Return the shares with their cells; rows that stand for the same cells are added."""
    settled = Settled()
    found: dict[tuple[object, ...], list[tuple[Share, Held]]] = {}
    for share in shares:
        named = frozenset(s.supplier for s in shares if s.customer == share.customer and s is not share)
        reason, held = _cells(market, share, named, book)
        if held is None:
            settled.dropped.append((share, reason))
            continue
        key = (share.of_imports, tuple(held.cells_in.tolist()), tuple(held.cells_out.tolist()))
        found.setdefault(key, []).append((share, held))
    for alike in found.values():
        first, held = alike[0]
        total = sum(share.share for share, _ in alike)
        names = ";".join(share.supplier for share, _ in alike)
        joint = replace(
            first, supplier=names, share=total, row={**first.row, "supplier": names, "share": total}
        )
        settled.held.append(_edges(replace(held, share=joint if len(alike) > 1 else first), 1.0, book))
    return settled


def _cells(market: Market, share: Share, named: frozenset[str], book: FigureBook) -> tuple[str, Held | None]:
    """Return a share with its cells, or why it has nothing to act on."""
    here, there = market.covers(share.customer), market.sellers(share.supplier, named)
    if not here & set(market.customers):
        return f"no node of {share.customer} takes {market.material}", None
    at = np.array([code in here for code in market.customers], dtype=np.bool_)
    counted = np.array(
        [not share.of_imports or code not in here for code in market.suppliers], dtype=np.bool_
    )
    sells = np.array([code in there for code in market.suppliers], dtype=np.bool_)
    inside = np.flatnonzero(((sells & counted)[:, None] & at[None, :]).reshape(-1))
    outside = np.flatnonzero(((~sells & counted)[:, None] & at[None, :]).reshape(-1))
    if len(inside) == 0:
        return f"no node of {share.supplier} sells {market.material}", None
    if len(outside) == 0:
        return f"{share.supplier} is the only supplier", None
    return "", _edges(Held(share, inside, outside, 0.0, 1.0), 1.0, book)


def _edges(held: Held, part: float, book: FigureBook) -> Held:
    """Return a share with the edges of (a part of) its band."""
    share = held.share.share
    half = part * min(book.parameter("arc_share_band", SHARE_BAND), SMALL_SHARE_BAND * share)
    return Held(held.share, held.cells_in, held.cells_out, share - half, share + half)


def _widened(held: Held, flow: FloatArray, book: FigureBook) -> Held:
    """Return a share whose band reaches to the nearest value that can hold, and a hair beyond."""
    nearest = held.fitted(flow)
    hair = HAIR * book.parameter("arc_share_band", SHARE_BAND)
    return Held(
        share=held.share,
        cells_in=held.cells_in,
        cells_out=held.cells_out,
        low=min(held.low, nearest - hair),
        high=max(held.high, nearest + hair),
        nearest=nearest,
    )


def read_shares(rows: Iterable[Any], book: FigureBook) -> dict[str, list[Share]]:
    """Return the rows of the table of shares by material."""
    names = ("material", "customer", "supplier", "share", "basis", "year", "confidence")
    found: dict[str, list[Share]] = {}
    for row in rows:
        cells = {name: getattr(row, name) for name in names}
        value = float(cells["share"])
        share = Share(
            customer=str(cells["customer"]),
            supplier=str(cells["supplier"]),
            share=value,
            of_imports=cells["basis"] == "imports",
            sigma=book.sigma_of(str(cells["confidence"])),
            row={**cells, "share": value, "year": int(cells["year"])},
        )
        found.setdefault(str(cells["material"]), []).append(share)
    return found
