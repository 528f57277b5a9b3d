"""Unknowns of the reconciliation: named values with a prior, a standard deviation and bounds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from sim.data.read import WORLD
from sim.model.figures import Figure, FigureBook
from sim.model.structure import Place, Scrap, Structure
from sim.vocab import FloatArray, Stage

Term = tuple[float, list[int]]
"""Value at the priors, and the unknowns that multiply it."""

SURPLUS_SHARE = 0.001  # of supply, prior where the figures leave none: what is scarce is not thrown away


@dataclass(frozen=True, slots=True)
class Unknown:
    """One value to reconcile.

    Attributes
    ----------
    name : str
        ``kind:process.country[:partner]``; `accepted_moves.csv` uses it.
    prior, sigma : float
        Value in the figure's unit; standard deviation of its logarithm.
    lower, upper : float
        Bounds of the value.
    figure : Figure or None
        None for what has no figure: surplus, and the remainder beside facilities.
    bound_reason : str
        What the bound stands for.
    """

    name: str
    prior: float
    sigma: float
    lower: float = 0.0
    upper: float = math.inf
    figure: Figure | None = None
    bound_reason: str = ""


@dataclass(slots=True)
class Unknowns:
    """All unknowns of a structure, made on first use.

    Parameters
    ----------
    structure : Structure
    book : FigureBook
    """

    structure: Structure
    book: FigureBook
    listed: list[Unknown] = field(default_factory=list)
    index: dict[str, int] = field(default_factory=dict)
    missing: dict[str, None] = field(default_factory=dict)
    """Figures that are needed and not given."""

    def add(self, unknown: Unknown) -> int:
        """Return the number of an unknown, adding it when it is new."""
        if unknown.name not in self.index:
            self.index[unknown.name] = len(self.listed)
            self.listed.append(unknown)
        return self.index[unknown.name]

    def activity(self, place: Place) -> Term | None:
        """Return the activity of a producing place; None when it is idle."""
        if place.activity <= 0:
            return None
        process = self.structure.processes[place.process]
        head = f"{place.process}.{place.country}"
        if place.remainder or place.figure is None:
            sigma = self.book.sigma_of("surplus")
            return place.activity, [self.add(Unknown(f"remainder:{head}", place.activity, sigma))]
        sigma = self.book.sigma(place.figure, statistical=process.statistical)
        name = f"production:{head}" + (f":{place.facility}" if place.facility else "")
        return place.activity, [self.add(Unknown(name, place.activity, sigma, figure=place.figure))]

    def total(self, process: str, country: str) -> Term | None:
        """Return the production figure of a country out of which facilities are carved."""
        figure = self.book.exact(process, "production", country)
        if figure is None or figure.value <= 0:
            return None
        unknown = Unknown(
            f"production:{process}.{country}", figure.value, self.book.sigma(figure), figure=figure
        )
        return figure.value, [self.add(unknown)]

    def intake(self, place: Place, material: str) -> Term | None:
        """Return what a place takes in of a material, t/year; None when nothing."""
        process = self.structure.processes[place.process]
        if process.stage is Stage.END_USE:
            figure = self.book.exact(place.process, "use", place.country, material)
            if figure is None or figure.value <= 0:
                return None
            sigma = self.book.sigma(figure, statistical=process.statistical)
            unknown = Unknown(f"use:{place.id}:{material}", figure.value, sigma, figure=figure)
            return figure.value, [self.add(unknown)]
        activity, per_unit = self.activity(place), self.per_unit(place, "input_per_unit", material)
        return None if activity is None or per_unit is None else product(activity, per_unit)

    def output(self, place: Place, material: str) -> Term | None:
        """Return what a place puts out of a material, t/year; None when nothing."""
        declared = next(
            (o for o in self.structure.processes[place.process].outputs if o.material == material), None
        )
        activity = self.activity(place) if declared is not None else None
        if declared is None or activity is None or not declared.joint:
            return activity
        per_unit = self.per_unit(place, "output_per_unit", material)
        return None if per_unit is None else product(activity, per_unit)

    def per_unit(self, place: Place, measure: str, material: str) -> Term | None:
        """Return a recipe parameter, shared by all countries without a figure of their own."""
        figure = self.book.find(place.process, measure, place.country, material)
        if figure is None:
            if measure == "input_per_unit":
                self.missing[
                    f"{place.process} lacks {measure} of {material} for {place.country} or {WORLD}"
                ] = None
            return None
        if figure.value <= 0:
            return None
        name = f"{measure}:{place.process}.{figure.key[2]}:{material}"
        if name in self.index:
            return figure.value, [self.index[name]]
        lower = 0.0
        if measure == "input_per_unit" and self._conserves_mass(place.process, material):
            lower = 1.0
        reason = "no more of an element can leave a process than enters it" if lower else ""
        unknown = Unknown(name, figure.value, self.book.sigma(figure), lower, math.inf, figure, reason)
        return figure.value, [self.add(unknown)]

    def _conserves_mass(self, process: str, material: str) -> bool:
        """Return whether 1 t of product needs 1 t of this input: same element, same basis, no other feed."""
        materials, declared = self.structure.materials, self.structure.processes[process]
        if len(declared.outputs) != 1 or declared.outputs[0].joint:
            return False
        product_ = materials[declared.outputs[0].material]
        alike = [
            name
            for name, _ in declared.inputs
            if (materials[name].commodity, materials[name].basis) == (product_.commodity, product_.basis)
        ]
        return alike == [material]

    def recovered(self, scrap: Scrap, country: str) -> Term | None:
        """Return collection x recovery of a recycling process, at most 1; None when nothing is collected."""
        figures = [
            self.book.find(scrap.process, measure, country, scrap.scrap_of) for measure in SCRAP_MEASURES
        ]
        value = math.prod(figure.value if figure is not None else 1.0 for figure in figures)
        if value <= 0:
            return None
        own = any(figure is not None and figure.key[2] == country for figure in figures)
        name = f"recovered:{scrap.process}.{country if own else WORLD}:{scrap.scrap_of}"
        given = [figure for figure in figures if figure is not None]
        sigma = math.hypot(*(self.book.sigma(figure) for figure in given)) or self.book.sigma_of("expert")
        upper = max(self._scrap_limit(scrap, country), value)
        reason = "no more scrap can return than arises"
        unknown = Unknown(name, value, sigma, 0.0, upper, given[0] if given else None, reason)
        return value, [self.add(unknown)]

    def _scrap_limit(self, scrap: Scrap, country: str) -> float:
        """Return the most that can be recovered of what counts as scrap.

        Where the product is of another commodity, the whole intake counts; what its basis shows to be in the
        product cannot return as well.
        """
        materials, source = self.structure.materials, self.structure.processes[scrap.scrap_of]
        kept = [o for o in source.outputs if materials[o.material].basis == materials[scrap.material].basis]
        other = all(materials[o.material].commodity != materials[scrap.material].commodity for o in kept)
        figure = self.book.find(scrap.scrap_of, "input_per_unit", country, scrap.material)
        if len(kept) != 1 or kept[0].joint or not other or figure is None:
            return 1.0
        return 1.0 - 1.0 / max(figure.value, 1.0)

    def aggregate(self, name: str) -> Term | None:
        """Return a published total; None when it has no figure."""
        figure = next(iter(self.book.rows(name, "aggregate")), None)
        if figure is None or figure.value <= 0:
            return None
        unknown = Unknown(f"aggregate:{name}", figure.value, self.book.sigma(figure), figure=figure)
        return figure.value, [self.add(unknown)]

    def surplus(self, material: str, supply: float, use: float) -> Term:
        """Return the surplus of a material some of whose producers may throw it away, t/year."""
        prior = max(supply - use, SURPLUS_SHARE * supply)
        return prior, [self.add(Unknown(f"surplus:{material}", prior, self.book.sigma_of("surplus")))]

    def priors(self) -> FloatArray:
        """Return the prior of every unknown."""
        return np.array([unknown.prior for unknown in self.listed], dtype=np.float64)

    def bounds(self) -> tuple[FloatArray, FloatArray]:
        """Return lower and upper bounds of the log multipliers."""
        with np.errstate(divide="ignore"):
            low = np.log([unknown.lower / unknown.prior for unknown in self.listed])
            high = np.log([unknown.upper / unknown.prior for unknown in self.listed])
        return low, high


SCRAP_MEASURES = ("collection", "recovery")


def product(*terms: Term) -> Term:
    """Return the product of terms."""
    return math.prod(value for value, _ in terms), [unknown for _, held in terms for unknown in held]


def scaled(term: Term, factor: float) -> Term:
    """Return a term times a number."""
    return term[0] * factor, term[1]


def value_of(term: Term | None, multiplier: FloatArray) -> float:
    """Return the value of a term, given the multipliers exp(x); 0 for None."""
    return 0.0 if term is None else term[0] * math.prod(float(multiplier[unknown]) for unknown in term[1])


def sum_of(terms: Sequence[Term]) -> float:
    """Return the sum of terms at the priors."""
    return math.fsum(value for value, _ in terms)
