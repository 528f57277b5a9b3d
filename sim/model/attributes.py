"""Nodes from figures: recipe, capacity, stocks, times, host and money of each place."""

from __future__ import annotations

import math
from typing import Any

from sim.model.balance import Balanced
from sim.model.figures import FigureBook
from sim.model.network import Input, Node, Output, ScrapSource
from sim.model.structure import Place, Process, Structure
from sim.vocab import Stage

INDEX_BASE = 100.0  # end use: activity of the base year, index points per year
UTILISATION, COVER_DAYS, OUTPUT_COVER_DAYS = 0.85, 45.0, 14.0
CATCH_UP = 0.1
LEAST_SPARE = 0.02  # a plant without any could never fill its stores again
SPREAD = 0.5


def make_node(
    place: Place,
    structure: Structure,
    book: FigureBook,
    balanced: Balanced,
    notes: list[str],
    *,
    operator: str = "",
    host: tuple[str, str] | None = None,
) -> Node:
    """Return the node of a place.

    Parameters
    ----------
    place : Place
    structure : Structure
    book : FigureBook
    balanced : Balanced
    notes : list of str
        Receives what had to be assumed.
    operator : str
        Company, of a facility.
    host : (process, country), optional
        What limits a by-product.
    """
    process = structure.processes[place.process]
    if process.stage is Stage.END_USE:
        return _user(place, process, book, balanced)
    planned = balanced.activity.get(place.id, 0.0)
    host_id, ratio = _host(place, host, structure, book, balanced)
    added = book.exact(place.process, "value_added", place.country)
    return Node(
        id=place.id,
        stage=process.stage,
        country=place.country,
        inputs=_inputs(place, process, book, balanced, planned),
        outputs=_outputs(place, process, balanced),
        planned_per_year=planned,
        capacity_per_year=_capacity(place, structure, book, planned, notes),
        sector=process.name if added is not None else "",
        operator=operator,
        activity_unit=process.activity_unit,
        process=process.name,
        value_added_usd_per_unit=_added_per_unit(place, structure, book, balanced),
        priority=process.priority,
        aggregate=process.aggregate and not place.facility,
        host=host_id,
        host_ratio=ratio,
        **_times(place, book),
    )


def _outputs(place: Place, process: Process, balanced: Balanced) -> tuple[Output, ...]:
    """Return the ports of a place."""
    return tuple(
        Output(o.material, balanced.output_per_unit[place.id, o.material], o.drives, o.disposable)
        for o in process.outputs
        if balanced.output_per_unit[place.id, o.material] > 0
    )


def _times(place: Place, book: FigureBook) -> dict[str, Any]:
    """Return what a producing place takes from a figure as it stands."""
    defaults = {
        "output_cover_days": book.parameter("default_output_cover_days", OUTPUT_COVER_DAYS),
        "must_run_share": 0.0,
        "storage_days": 0.0,
        "process_days": 0.0,
        "restart_days": 0.0,
        "unit_cost": math.nan,
    }
    found: dict[str, Any] = {
        measure: book.value(place.process, measure, place.country, default=default)
        for measure, default in defaults.items()
    }
    return found | {"unit_cost_usd_per_t": found.pop("unit_cost")}


def _added_per_unit(place: Place, structure: Structure, book: FigureBook, balanced: Balanced) -> float:
    """Return the value added per unit: of a country's each tonne brings the same; NaN where none is given."""
    added = book.exact(place.process, "value_added", place.country)
    alike = structure.places_of(place.process, place.country)
    made = sum(balanced.activity.get(other.id, 0.0) for other in alike)
    return added.value / made if added is not None and made > 0 else math.nan


def _user(place: Place, process: Process, book: FigureBook, balanced: Balanced) -> Node:
    """Return an end-use node: 100 index points a year."""

    def value(measure: str) -> float:
        return book.value(place.process, measure, place.country, default=0.0)

    added = book.exact(place.process, "value_added", place.country)
    return Node(
        id=place.id,
        stage=Stage.END_USE,
        country=place.country,
        inputs=_inputs(place, process, book, balanced, INDEX_BASE),
        planned_per_year=INDEX_BASE,
        capacity_per_year=INDEX_BASE * (1.0 + book.parameter("catch_up_capacity", CATCH_UP)),
        sector=process.sector,
        activity_unit=process.activity_unit,
        process=process.name,
        value_added_usd_per_unit=added.value / INDEX_BASE if added is not None else math.nan,
        growth_per_year=value("growth_per_year"),
        deferred_fraction=value("deferred_fraction"),
        priority=process.priority,
        aggregate=process.aggregate,
    )


def _inputs(
    place: Place, process: Process, book: FigureBook, balanced: Balanced, planned: float
) -> tuple[Input, ...]:
    """Return the slots of a place."""
    found = []
    for material, line in process.inputs:
        per_unit = balanced.input_per_unit.get((place.id, material), 0.0)
        if process.stage is Stage.END_USE:
            per_unit = balanced.intake.get((place.id, material), 0.0) / planned
        if per_unit <= 0:
            continue

        def value(measure: str, default: float, material: str = material) -> float:
            return book.value(place.process, measure, place.country, material, default=default)

        found.append(
            Input(
                material=material,
                input_per_unit=per_unit,
                cover_days=value("cover_days", book.parameter("default_cover_days", COVER_DAYS)),
                essential=value("essential", 1.0),
                share=value("share", 1.0),
                line=line,
            )
        )
    return tuple(found)


def _capacity(
    place: Place, structure: Structure, book: FigureBook, planned: float, notes: list[str]
) -> float:
    """Return the capacity of a producing place, units/year."""
    name, country = place.process, place.country
    given: float | None = None
    if place.facility:
        figure = book.exact(name, "facility_capacity", country, place.facility)
        given = figure.value if figure is not None else None
    else:
        figure = book.exact(name, "capacity", country)
        if figure is not None:
            named = [p for p in structure.places_of(name, country) if p.facility]
            given = figure.value - sum(
                book.value(
                    name,
                    "facility_capacity",
                    country,
                    p.facility,
                    default=_by_utilisation(p, book, p.activity),
                )
                for p in named
            )
    availability = book.value(name, "availability", country, default=1.0)
    if given is None:
        return _by_utilisation(place, book, planned)
    least = planned * (1.0 + book.parameter("least_spare_capacity", LEAST_SPARE))
    if given * availability < planned:
        notes.append(
            f"{place.id}: capacity of {given:.6g} a year lies below the reconciled activity of {planned:.6g};"
            f" taken as equal"
        )
    return max(given * availability, least)


def _by_utilisation(place: Place, book: FigureBook, planned: float) -> float:
    """Return planned activity over utilisation."""
    default = book.parameter("default_utilisation", UTILISATION)
    return planned / book.value(place.process, "utilisation", place.country, default=default)


def _host(
    place: Place, host: tuple[str, str] | None, structure: Structure, book: FigureBook, balanced: Balanced
) -> tuple[str, float]:
    """Return the host node and its ratio; a host of several nodes stands for all by its largest."""
    if host is None:
        return "", math.inf
    figure = book.find(place.process, "host_ratio", place.country, host[0])
    hosts = structure.places_of(*host)
    if figure is None or not hosts:
        return "", math.inf
    whole = sum(balanced.activity.get(p.id, 0.0) for p in hosts)
    largest = max(hosts, key=lambda p: balanced.activity.get(p.id, 0.0))
    part = balanced.activity.get(largest.id, 0.0)
    own = structure.places_of(place.process, place.country)
    made = sum(balanced.activity.get(p.id, 0.0) for p in own)
    share = balanced.activity.get(place.id, 0.0) / made if made > 0 else 1.0 / len(own)
    return largest.id, figure.value * share * (whole / part if part > 0 else 1.0)


def scrap_sources(structure: Structure, book: FigureBook, balanced: Balanced) -> tuple[ScrapSource, ...]:
    """Return where each recycling node collects its scrap.

    Recycling nodes of one process and country share every source by their activity. The reconciled product of
    collection and recovery keeps the figures' recovery, unless collection would exceed 1.
    """
    found: list[ScrapSource] = []
    for scrap in structure.scrap:
        for place in structure.places_of(scrap.process):
            returned = balanced.recovered[scrap.process, place.country, scrap.scrap_of]
            if returned <= 0:
                continue

            def value(
                measure: str, default: float, country: str = place.country, of: str = scrap.scrap_of
            ) -> float:
                return book.value(scrap.process, measure, country, of, default=default)  # noqa: B023

            recovery = max(value("recovery", 1.0), returned)
            together = sum(
                balanced.activity.get(p.id, 0.0) for p in structure.places_of(scrap.process, place.country)
            )
            share = balanced.activity.get(place.id, 0.0) / together if together > 0 else 0.0
            found.extend(
                ScrapSource(
                    node=place.id,
                    scrap_of=source.id,
                    material=scrap.material,
                    lifetime_days=value("lifetime_days", 0.0),
                    spread=value("spread", SPREAD),
                    collection=share * returned / recovery,
                    recovery=recovery,
                )
                for source in structure.places_of(scrap.scrap_of, place.country)
                if (source.id, scrap.material) in balanced.intake
            )
    return tuple(found)


__all__ = ["INDEX_BASE", "make_node", "scrap_sources"]
