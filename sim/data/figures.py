"""Looks figures up: nearest year, corrections applied, world default where a country has no row."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from sim.data.read import WORLD, Tables

BASE_YEAR = 2024
FigureKey = tuple[str, str, str, str]
"""(process, measure, country, partner)."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One number as used.

    Attributes
    ----------
    key : tuple of str
        (process, measure, country, partner) of the row used; country may be WLD.
    value : float
        In `unit`, after a correction.
    unit, confidence, note : str
        As in the row.
    year : int
        Year of the row.
    source_id : tuple of str
        Sources of the row, or of the correction.
    row : str
        ``file:line`` of the raw figure.
    raw_value : float
        Before a correction; equal to `value` without one.
    """

    key: FigureKey
    value: float
    unit: str
    year: int
    source_id: tuple[str, ...]
    confidence: str
    note: str
    row: str
    raw_value: float

    @property
    def corrected(self) -> bool:
        """Whether a correction replaced the raw value."""
        return self.value != self.raw_value


class FigureBook:
    """Figures by key; of several years the one nearest to the base year, the earlier of two equally near.

    Parameters
    ----------
    tables : Tables
        As read.
    year : int
        Base year.
    """

    def __init__(self, tables: Tables, year: int = BASE_YEAR) -> None:
        self.year = year
        corrections = {_key(row): row for row in tables.corrections.to_dict("records")}
        figures: dict[FigureKey, Figure] = {}
        for row in tables.figures.to_dict("records"):
            figure = _figure(row)
            known = figures.get(figure.key)
            if known is None or self._distance(figure) < self._distance(known):
                figures[figure.key] = figure
        self._figures = {key: _corrected(figure, corrections.get(key)) for key, figure in figures.items()}
        self._by_measure: dict[tuple[str, str], list[Figure]] = {}
        for figure in self._figures.values():
            self._by_measure.setdefault(figure.key[:2], []).append(figure)

    def _distance(self, figure: Figure) -> tuple[int, int]:
        return abs(figure.year - self.year), figure.year

    def exact(self, process: str, measure: str, country: str, partner: str = "") -> Figure | None:
        """Return the figure of this very country, or None."""
        return self._figures.get((process, measure, country, partner))

    def find(self, process: str, measure: str, country: str, partner: str = "") -> Figure | None:
        """Return the figure of the country, else the world default, else None."""
        return self.exact(process, measure, country, partner) or self.exact(process, measure, WORLD, partner)

    def rows(self, process: str, measure: str, partner: str | None = None) -> list[Figure]:
        """Return the figures of a process and measure over countries, in the order of the tables."""
        found = self._by_measure.get((process, measure), [])
        return [figure for figure in found if partner is None or figure.key[3] == partner]

    def countries(self, process: str) -> list[str]:
        """Return the countries in which a process exists: those with a production, capacity or use row."""
        measures = ("production", "capacity", "use")
        return list(dict.fromkeys(f.key[2] for measure in measures for f in self.rows(process, measure)))


def matches(original: float, value: float) -> bool:
    """Return whether a correction's original value is the figure's, to the digits a table carries."""
    return abs(original - value) <= 1e-6 * max(abs(original), abs(value))


def _key(row: Mapping[Hashable, Any]) -> FigureKey:
    """Return the key of a row of figures or corrections."""
    return row["process"], row["measure"], row["country"], row["partner"]


def _figure(row: Mapping[Hashable, Any]) -> Figure:
    """Turn a row into a figure."""
    return Figure(
        key=_key(row),
        value=float(row["value"]),
        unit=row["unit"],
        year=int(row["year"]),
        source_id=row["source_id"],
        confidence=row["confidence"],
        note=row["note"],
        row=f"{row['file']}:{row['line']}",
        raw_value=float(row["value"]),
    )


def _corrected(figure: Figure, correction: Mapping[Hashable, Any] | None) -> Figure:
    """Return the figure after its correction; one made for another raw value is not applied."""
    if correction is None or not matches(correction["original_value"], figure.value):
        return figure
    return replace(
        figure,
        value=float(correction["value"]),
        source_id=correction["source_id"],
        confidence=correction["confidence"],
        note=correction["reason"],
    )
