"""From figures to an exactly balanced world: what must close, and what had to move for it.

For every material m, in the world, over places p::

    sum_p activity_p output_per_unit_pm - sum_p activity_p input_per_unit_pm - sum_p use_pm - surplus_m = 0

and exactly as well: each published total that is a sum (aggregate), each country total out of which
facilities are carved, and the scrap of each recycling process in each country::

    activity = sum over sources of recovered x W,   recovered = collection x recovery <= 1

with W = input - output of the source where its product is of the scrap's commodity, else its whole intake.
The unknowns are moved as little as their standard deviations allow (`sim.model.reconcile`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from sim.data.read import Tables
from sim.errors import Faults, NetworkError
from sim.model.figures import FigureBook, records
from sim.model.moves import Rows, Values, material_rows, move_rows, year_warnings
from sim.model.reconcile import Constraints, Reconciled, reconcile
from sim.model.structure import Place, Scrap, Structure
from sim.model.unknowns import Term, Unknowns, product, scaled, sum_of, value_of
from sim.vocab import FloatArray, Stage


@dataclass(frozen=True, slots=True)
class Balanced:
    """Reconciled values; places and materials by name.

    Attributes
    ----------
    activity : dict of str to float
        Units/year of producing places; idle ones are absent.
    intake, output : dict of (place, material) to float
        t/year.
    input_per_unit, output_per_unit : dict of (place, material) to float
        t/unit, of idle places too.
    recovered : dict of (recycling process, country, scrap_of) to float
        Share of the scrap that returns, collection x recovery.
    surplus : dict of str to float
        t/year by material.
    materials, moves : tuple of mapping
        Rows of the build report.
    warnings : tuple of str
    objective : float
    iterations : int
    """

    activity: dict[str, float]
    intake: dict[tuple[str, str], float]
    output: dict[tuple[str, str], float]
    input_per_unit: dict[tuple[str, str], float]
    output_per_unit: dict[tuple[str, str], float]
    recovered: dict[tuple[str, str, str], float]
    surplus: dict[str, float]
    materials: tuple[Mapping[str, object], ...]
    moves: tuple[Mapping[str, object], ...]
    warnings: tuple[str, ...]
    objective: float
    iterations: int


def balance(tables: Tables, structure: Structure, book: FigureBook) -> Balanced:
    """Reconcile the figures of a structure.

    Parameters
    ----------
    tables : Tables
    structure : Structure
    book : FigureBook

    Returns
    -------
    Balanced

    Raises
    ------
    NetworkError
        If figures are missing, a material has only one side, or the constraints contradict each other.
    """
    faults = Faults(NetworkError)
    unknowns, rows = Unknowns(structure, book), Rows()
    _close_materials(structure, unknowns, rows, faults)
    _close_scrap(structure, unknowns, rows, faults)
    _close_facilities(structure, unknowns, rows)
    _close_aggregates(tables, structure, unknowns, rows, faults)
    for text in unknowns.missing:
        faults.add(text)
    faults.raise_if_any()
    constraints = Constraints.of(len(unknowns.listed), rows.terms)
    sigma = np.array([unknown.sigma for unknown in unknowns.listed], dtype=np.float64)
    result = reconcile(constraints, sigma, *unknowns.bounds())
    if not result.converged:
        raise NetworkError(_open_message(rows, unknowns, result))
    return _balanced(tables, structure, unknowns, rows, result)


def _close_materials(structure: Structure, unknowns: Unknowns, rows: Rows, faults: Faults) -> None:
    """Add the closure of each material in the world."""
    for material in structure.materials:
        supply, use, spare = _sides(structure, unknowns, material)
        if not supply and not use:
            continue
        if not supply or (not use and not spare):
            side = (
                "users but no producer"
                if not supply
                else "producers but no user, and no output is disposable"
            )
            faults.add(f"material '{material}' has {side}")
            continue
        terms = [*supply, *(scaled(term, -1.0) for term in use)]
        if spare:
            terms.append(scaled(unknowns.surplus(material, sum_of(supply), sum_of(use)), -1.0))
        rows.add(f"material:{material}", terms)


def _sides(structure: Structure, unknowns: Unknowns, material: str) -> tuple[list[Term], list[Term], bool]:
    """Return outputs and intakes of a material, and whether some output of it may be thrown away."""
    supply, use, spare = [], [], False
    for place in structure.places.values():
        process = structure.processes[place.process]
        made = unknowns.output(place, material)
        if made is not None:
            supply.append(made)
            spare |= any(output.disposable for output in process.outputs if output.material == material)
        if any(name == material for name, _ in process.inputs):
            taken = unknowns.intake(place, material)
            if taken is not None:
                use.append(taken)
    return supply, use, spare


def _close_scrap(structure: Structure, unknowns: Unknowns, rows: Rows, faults: Faults) -> None:
    """Add the scrap balance of each recycling process in each country."""
    for process in structure.processes.values():
        if process.stage is not Stage.RECYCLING:
            continue
        sources = [scrap for scrap in structure.scrap if scrap.process == process.name]
        for country in sorted({place.country for place in structure.places_of(process.name)}):
            made = [unknowns.activity(place) for place in structure.places_of(process.name, country)]
            left = [term for scrap in sources for term in scrap_terms(structure, unknowns, scrap, country)]
            present = [term for term in made if term is not None]
            if present and not left:
                faults.add(
                    f"'{process.name}.{country}' recycles, but nothing in {country} leaves scrap for it"
                )
            elif present:
                rows.add(
                    f"scrap:{process.name}.{country}", [*present, *(scaled(term, -1.0) for term in left)]
                )


def scrap_terms(structure: Structure, unknowns: Unknowns, scrap: Scrap, country: str) -> list[Term]:
    """Return what a recycling process recovers from one source in a country: recovered x W."""
    returned = unknowns.recovered(scrap, country)
    commodity = structure.materials[scrap.material].commodity
    terms: list[Term] = []
    for place in structure.places_of(scrap.scrap_of, country) if returned is not None else []:
        taken = unknowns.intake(place, scrap.material)
        if taken is None or returned is None:
            continue
        terms.append(product(returned, taken))
        for output in structure.processes[place.process].outputs:
            kept = unknowns.output(place, output.material)
            if structure.materials[output.material].commodity == commodity and kept is not None:
                terms.append(scaled(product(returned, kept), -1.0))
    return terms


def _close_facilities(structure: Structure, unknowns: Unknowns, rows: Rows) -> None:
    """Add the sum of each country total that facilities are carved out of."""
    for process, country in sorted({(p.process, p.country) for p in structure.places.values() if p.facility}):
        total = unknowns.total(process, country)
        parts = [unknowns.activity(place) for place in structure.places_of(process, country)]
        present = [scaled(term, -1.0) for term in parts if term is not None]
        if total is not None and present:
            rows.add(f"facilities:{process}.{country}", [total, *present])


def _close_aggregates(
    tables: Tables, structure: Structure, unknowns: Unknowns, rows: Rows, faults: Faults
) -> None:
    """Add each published total that is a sum."""
    for name, frame in tables.aggregates.groupby("aggregate", sort=True):
        total = unknowns.aggregate(str(name))
        if total is None:
            faults.add(f"aggregate '{name}' has no figure with measure 'aggregate'")
            continue
        terms = [
            scaled(term, float(row.sign))
            for row in records(frame)
            for term in _aggregate_terms(structure, unknowns, row)
        ]
        if not terms:
            faults.add(f"aggregate '{name}' sums nothing: no place of its processes is in its countries")
            continue
        rows.add(f"aggregate:{name}", [*terms, scaled(total, -1.0)])


def _aggregate_terms(structure: Structure, unknowns: Unknowns, row: Any) -> list[Term]:
    """Return what one row of the aggregates table sums."""
    term, process, material, country = row.term, row.process, row.material, row.country
    excluded = country.startswith("!")
    codes = structure.countries_of(country.removeprefix("!"))
    found = []
    for place in structure.places_of(process):
        if country != "*" and (place.country in codes) == excluded:
            continue
        value = unknowns.output(place, material) if term == "output" else unknowns.intake(place, material)
        if value is not None:
            found.append(value)
    return found


def _open_message(rows: Rows, unknowns: Unknowns, result: Reconciled) -> str:
    """Return which constraints stay open and which unknowns strain most."""
    order = np.argsort(-np.abs(result.closure))[:5]
    worst = ", ".join(f"{rows.names[row]} ({result.closure[row]:+.2%})" for row in order)
    strain = np.abs(result.x) / np.array([unknown.sigma for unknown in unknowns.listed])
    names = ", ".join(f"{unknowns.listed[k].name} ({result.x[k]:+.2f})" for k in np.argsort(-strain)[:5])
    return (
        f"the figures cannot be balanced: after {result.iterations} iterations still open are {worst};"
        f" the unknowns that strain most are {names}"
    )


def _balanced(
    tables: Tables, structure: Structure, unknowns: Unknowns, rows: Rows, result: Reconciled
) -> Balanced:
    """Read the reconciled values back into names."""
    multiplier = np.exp(result.x)
    values = _values(structure, unknowns, multiplier)
    surplus = {
        material: float(unknowns.listed[k].prior * multiplier[k])
        for material in structure.materials
        if (k := unknowns.index.get(f"surplus:{material}", -1)) >= 0
    }
    recovered = {
        (scrap.process, country, scrap.scrap_of): value_of(unknowns.recovered(scrap, country), multiplier)
        for scrap in structure.scrap
        for country in sorted({place.country for place in structure.places_of(scrap.process)})
    }
    return Balanced(
        activity=values.activity,
        intake=values.intake,
        output=values.output,
        input_per_unit=values.input_per_unit,
        output_per_unit=values.output_per_unit,
        recovered=recovered,
        surplus=surplus,
        materials=material_rows(structure, unknowns, rows, result, values, surplus),
        moves=move_rows(tables, unknowns, result),
        warnings=year_warnings(unknowns),
        objective=result.objective,
        iterations=result.iterations,
    )


def _values(structure: Structure, unknowns: Unknowns, multiplier: FloatArray) -> Values:
    """Return activity, recipe, intake and output of every place."""
    values = Values()
    for place in structure.places.values():
        process = structure.processes[place.process]
        if process.stage is not Stage.END_USE and place.activity > 0:
            values.activity[place.id] = value_of(unknowns.activity(place), multiplier)
        for material, _ in process.inputs:
            taken = value_of(unknowns.intake(place, material), multiplier)
            if taken > 0:
                values.intake[place.id, material] = taken
            if process.stage is not Stage.END_USE:
                per_unit = unknowns.per_unit(place, "input_per_unit", material)
                values.input_per_unit[place.id, material] = value_of(per_unit, multiplier)
        for declared in process.outputs:
            made = value_of(unknowns.output(place, declared.material), multiplier)
            if made > 0:
                values.output[place.id, declared.material] = made
            per_unit = (
                unknowns.per_unit(place, "output_per_unit", declared.material) if declared.joint else None
            )
            share = value_of(per_unit, multiplier) if declared.joint else 1.0
            values.output_per_unit[place.id, declared.material] = share
    return values


__all__ = ["Balanced", "Place", "balance", "scrap_terms"]
