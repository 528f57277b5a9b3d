"""What the reconciliation did: rows of the build report, and the records it works on."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from sim.data.read import Tables
from sim.model.figures import FigureBook
from sim.model.reconcile import Reconciled
from sim.model.structure import Structure
from sim.model.unknowns import Term, Unknown, Unknowns, sum_of
from sim.vocab import Confidence

FLAG_SIGMA = 2.0
FLAG_HIGH = 0.01


@dataclass(slots=True)
class Rows:
    """Constraints under construction."""

    names: list[str] = field(default_factory=list)
    terms: list[list[Term]] = field(default_factory=list)

    def add(self, name: str, terms: list[Term]) -> None:
        """Add one sum that must vanish."""
        self.names.append(name)
        self.terms.append(terms)


@dataclass(slots=True)
class Values:
    """Reconciled values of places, by (place, material)."""

    activity: dict[str, float] = field(default_factory=dict)
    intake: dict[tuple[str, str], float] = field(default_factory=dict)
    output: dict[tuple[str, str], float] = field(default_factory=dict)
    input_per_unit: dict[tuple[str, str], float] = field(default_factory=dict)
    output_per_unit: dict[tuple[str, str], float] = field(default_factory=dict)


def material_rows(
    structure: Structure,
    unknowns: Unknowns,
    rows: Rows,
    result: Reconciled,
    values: Values,
    surplus: Mapping[str, float],
) -> tuple[Mapping[str, object], ...]:
    """Return the report of each material: both sides before and after, and what stays open."""
    found: list[Mapping[str, object]] = []
    for name, terms, left in zip(rows.names, rows.terms, result.closure, strict=True):
        kind, _, material = name.partition(":")
        if kind != "material":
            continue
        plain = terms[:-1] if material in surplus else terms
        made, taken = [t for t in plain if t[0] > 0], [t for t in plain if t[0] < 0]
        supply, use = sum_of(made), -sum_of(taken)
        found.append(
            {
                "material": material,
                "basis": structure.materials[material].basis,
                "production_before_t": supply,
                "use_before_t": use,
                "gap_before": supply / use - 1.0 if use > 0 else math.nan,
                "production_judged": _judged(unknowns, made),
                "use_judged": _judged(unknowns, taken),
                "production_t": math.fsum(t for (_, m), t in values.output.items() if m == material),
                "use_t": math.fsum(t for (_, m), t in values.intake.items() if m == material),
                "surplus_t": surplus.get(material, 0.0),
                "closure": float(left),
            }
        )
    return tuple(found)


def _judged(unknowns: Unknowns, terms: list[Term]) -> float:
    """Return the share of one side of a material that rests on judgement: its closing proves little."""

    def is_judged(held: list[int]) -> bool:
        figures = [unknowns.listed[k].figure for k in held]
        return any(figure is not None and figure.confidence == Confidence.EXPERT for figure in figures)

    total = sum_of(terms)
    return sum_of([term for term in terms if is_judged(term[1])]) / total + 0.0 if total else math.nan


def move_rows(tables: Tables, unknowns: Unknowns, result: Reconciled) -> tuple[Mapping[str, object], ...]:
    """Return the report of each unknown."""
    accepted = dict(zip(tables.accepted_moves["quantity"], tables.accepted_moves["reason"], strict=True))
    found: list[Mapping[str, object]] = []
    for unknown, x, bound in zip(unknowns.listed, result.x.tolist(), result.at_bound.tolist(), strict=True):
        figure = unknown.figure
        found.append(
            {
                "quantity": unknown.name,
                "prior": unknown.prior,
                "value": unknown.prior * math.exp(x),
                "sigma": unknown.sigma,
                "x_over_sigma": x / unknown.sigma,
                "confidence": figure.confidence if figure is not None else "",
                "year": figure.year if figure is not None else 0,
                "where": figure.row if figure is not None else "",
                "flag": _flag(unknown, x, bound, unknowns.book),
                "accepted_reason": accepted.get(unknown.name, ""),
            }
        )
    return tuple(found)


def _flag(unknown: Unknown, x: float, bound: int, book: FigureBook) -> str:
    """Return why a move needs a reason; empty when it needs none."""
    reasons = []
    if abs(x) > book.parameter("flag_move_sigma", FLAG_SIGMA) * unknown.sigma:
        reasons.append(f"moved {x / unknown.sigma:+.1f} sigma")
    high = unknown.figure is not None and unknown.figure.confidence == Confidence.HIGH
    if high and abs(math.expm1(x)) > book.parameter("flag_move_high", FLAG_HIGH):
        reasons.append(f"a figure of high confidence moved {math.expm1(x):+.1%}")
    if bound:
        reasons.append(f"held by its {'lower' if bound < 0 else 'upper'} bound ({unknown.bound_reason})")
    return "; ".join(reasons)


def year_warnings(unknowns: Unknowns) -> tuple[str, ...]:
    """Return one line that says how many figures are of another year than the base year."""
    base = unknowns.book.year
    others = [u.figure for u in unknowns.listed if u.figure is not None and u.figure.year != base]
    if not others:
        return ()
    years = sorted({figure.year for figure in others})
    return (
        f"{len(others)} of {len(unknowns.listed)} reconciled figures are of another year than {base}"
        f" ({years[0]} to {years[-1]}); the nearest year was taken",
    )
