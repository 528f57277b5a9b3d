"""Figures as priors: what the reconciliation adds to the look-up of `sim.data.figures`."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from sim.data.figures import Figure
from sim.data.figures import FigureBook as Lookup
from sim.data.read import Tables
from sim.vocab import Confidence

if TYPE_CHECKING:
    import pandas as pd  # slow to import

SIGMA = {"high": 0.03, "medium": 0.10, "low": 0.30, "expert": 0.50, "surplus": 1.0}
"""Standard deviation of the logarithm of a figure, unless `parameters.csv` says otherwise."""
SIGMA_PER_YEAR = 0.1
RATIOS = frozenset({"input_per_unit", "output_per_unit", "collection", "recovery", "host_ratio"})
"""Measures of a technique; they do not drift with the market from year to year."""
YIELDS = frozenset({"input_per_unit", "output_per_unit", "recovery"})
SIGMA_YIELD = 0.10
"""Most that a yield is unsure: mass is conserved and practice knows it within a tenth or two, unlike a judged
tonnage, which may be off by half."""


class FigureBook(Lookup):
    """Looks up figures for one base year, and how far each may be moved.

    Parameters
    ----------
    tables : Tables
    year : int
        Base year; of several years of one figure the nearest counts, of two equally near the earlier.

    Attributes
    ----------
    parameters : mapping of str to float
        Behaviour parameters.
    """

    def __init__(self, tables: Tables, year: int) -> None:
        super().__init__(tables, year)
        names, values = tables.parameters["name"], tables.parameters["value"]
        self.parameters: Mapping[str, float] = {
            str(name): float(value) for name, value in zip(names, values, strict=True)
        }

    def value(self, process: str, measure: str, country: str, partner: str = "", *, default: float) -> float:
        """Return the value of `find`, or `default`."""
        figure = self.find(process, measure, country, partner)
        return default if figure is None else figure.value

    def countries_with(self, process: str, measure: str) -> list[str]:
        """Return the countries (and WLD) with a figure, sorted."""
        return sorted({figure.key[2] for figure in self.rows(process, measure)})

    def sigma(self, figure: Figure, *, statistical: bool = False) -> float:
        """Return the standard deviation of the logarithm of a figure.

        Parameters
        ----------
        figure : Figure
        statistical : bool
            Surplus and statistical nodes (priority 9): known least of all.
        """
        base = self.sigma_of("surplus" if statistical else str(Confidence(figure.confidence)))
        if figure.key[1] in YIELDS:
            base = min(base, self.parameter("sigma_yield", SIGMA_YIELD))
        if figure.key[1] in RATIOS:
            return base
        return math.hypot(base, self.parameter("sigma_per_year", SIGMA_PER_YEAR) * (figure.year - self.year))

    def sigma_of(self, word: str) -> float:
        """Return the standard deviation that a confidence (or ``surplus``) stands for."""
        return self.parameter(f"sigma_{word}", SIGMA[word])

    def parameter(self, name: str, default: float) -> float:
        """Return a parameter, or `default` when the table has none of that name."""
        return self.parameters.get(name, default)


def records(frame: pd.DataFrame) -> Iterator[Any]:
    """Yield the rows of a frame as named tuples; the reader has checked their types."""
    yield from frame.itertuples(index=False)


__all__ = ["Figure", "FigureBook", "records"]
