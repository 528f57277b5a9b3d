"""How much of the world each stage of a material covers, and how far its balance proves anything."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sim.data.figures import BASE_YEAR, Figure, FigureBook
from sim.data.provenance import EXPERT
from sim.data.read import Tables

END_USE = "end_use"
CONFIDENCES = ("high", "medium", "low", EXPERT)


@dataclass(frozen=True, slots=True)
class Coverage:
    """One stage of one material.

    Attributes
    ----------
    material, stage : str
    production_t : float
        Sum of the shipped production figures, t/year of the processes' activity.
    coverage : float or None
        Over the published world figure; None where none is published for this material and stage.
    closure : str
        ``evidence``, ``half`` or ``construction``; empty where nobody has judged it yet.
    known_reason : str
        What the two sides of the balance are, and why what stands out stands.
    confidence : dict of str to float
        Share of the tonnage by confidence of its figure.
    oldest_year : int or None
        Year of the oldest production figure.
    """

    material: str
    stage: str
    production_t: float
    coverage: float | None
    closure: str
    known_reason: str
    confidence: dict[str, float]
    oldest_year: int | None

    @property
    def expert_share(self) -> float:
        """Share of the tonnage that rests on judgement."""
        return self.confidence[EXPERT]


def coverage(tables: Tables, year: int = BASE_YEAR) -> list[Coverage]:
    """Return a row for each material and stage that makes it, in order of both names.

    Parameters
    ----------
    tables : Tables
    year : int
        Base year.
    """
    book = FigureBook(tables, year)
    said = {(row["material"], row["stage"]): row for row in tables.closures.to_dict("records")}
    found = []
    for (material, stage), processes in sorted(_makers(tables).items()):
        figures = [figure for name in processes for figure in book.rows(name, "production")]
        judged = said.get((material, stage), {})
        found.append(
            Coverage(
                material=material,
                stage=stage,
                production_t=math.fsum(figure.value for figure in figures),
                coverage=_covered(book, processes, material, judged),
                closure=judged.get("closure", ""),
                known_reason=judged.get("reason", ""),
                confidence=_by_confidence(figures),
                oldest_year=min((figure.year for figure in figures if figure.value > 0), default=None),
            )
        )
    return found


def _makers(tables: Tables) -> dict[tuple[str, str], list[str]]:
    """Return the processes that make each material, by material and stage."""
    joint: dict[str, list[str]] = {}
    for row in tables.outputs.to_dict("records"):
        joint.setdefault(row["process"], []).append(row["output_material"])
    found: dict[tuple[str, str], list[str]] = {}
    for row in tables.processes.to_dict("records"):
        if row["stage"] == END_USE:
            continue
        for material in joint.get(row["process"], [row["output_material"]]):
            found.setdefault((material, row["stage"]), []).append(row["process"])
    return found


def _covered(
    book: FigureBook, processes: Iterable[str], material: str, judged: Mapping[Hashable, Any]
) -> float | None:
    """Return shipped output over the published world figure; None without one."""
    world = judged.get("world_t_per_year", math.nan)
    if math.isnan(world):
        return None
    by_output = judged["world_of"] == "output"
    return math.fsum(_made(book, name, material, by_output=by_output) for name in processes) / float(world)


def _made(book: FigureBook, process: str, material: str, *, by_output: bool) -> float:
    """Return what a process makes of a material, t/year; its activity where the figure counts that."""
    total = 0.0
    for figure in book.rows(process, "production"):
        ratio = book.find(process, "output_per_unit", figure.key[2], material) if by_output else None
        total += figure.value * (ratio.value if ratio is not None else 1.0)
    return total


def _by_confidence(figures: Iterable[Figure]) -> dict[str, float]:
    """Return the share of the tonnage by confidence; all 0 where nothing is made."""
    tonnes = dict.fromkeys(CONFIDENCES, 0.0)
    for figure in figures:
        tonnes[figure.confidence] += figure.value
    total = math.fsum(tonnes.values())
    return {name: value / total if total > 0 else 0.0 for name, value in tonnes.items()}
