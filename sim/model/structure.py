"""What exists: processes with their inputs and outputs, and the places that carry them out."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from sim.data.read import WORLD, Tables
from sim.errors import Faults
from sim.model.figures import Figure, FigureBook, records
from sim.model.network import Material
from sim.vocab import STOCK_BUILDING_PRIORITY, Stage


@dataclass(frozen=True, slots=True)
class ProcessOutput:
    """A product of a process, as declared."""

    material: str
    drives: bool = True
    disposable: bool = False
    joint: bool = False
    """Its quantity per unit is a figure; else it is 1."""


@dataclass(frozen=True, slots=True)
class Process:
    """A stage and product, whatever the country."""

    name: str
    chain: str
    stage: Stage
    sector: str
    activity_unit: str
    aggregate: bool
    priority: int
    inputs: tuple[tuple[str, str], ...]
    """(material, product line)."""
    outputs: tuple[ProcessOutput, ...]

    @property
    def statistical(self) -> bool:
        """Whether it stands for what nobody counts, such as stock-building."""
        return self.priority == STOCK_BUILDING_PRIORITY


@dataclass(frozen=True, slots=True)
class Place:
    """A process in one country, or a named facility of it: a node to be."""

    id: str
    process: str
    country: str
    facility: str = ""
    activity: float = 0.0
    """Prior activity, units/year; for end use 1 (its uses are figures of their own)."""
    figure: Figure | None = None
    """Where the activity stands."""
    remainder: bool = False
    """What is left of the country when its facilities are carved out."""


@dataclass(frozen=True, slots=True)
class Scrap:
    """A recycling process collects what another process leaves, in the same country."""

    process: str
    scrap_of: str
    material: str


@dataclass(frozen=True, slots=True)
class Structure:
    """All that exists, by name.

    Attributes
    ----------
    materials : dict of str to Material
    freight : dict of str to str
        Freight of each material, ``air`` or ``sea``.
    processes : dict of str to Process
    places : dict of str to Place
        Sorted by name.
    by_process : dict of str to list of Place
        The same by process.
    scrap : tuple of Scrap
    regions : dict of str to frozenset of str
        A region that is itself a place (EUU) and its members, itself included.
    """

    materials: dict[str, Material]
    freight: dict[str, str]
    processes: dict[str, Process]
    places: dict[str, Place]
    by_process: dict[str, list[Place]]
    scrap: tuple[Scrap, ...]
    regions: dict[str, frozenset[str]]

    def places_of(self, process: str, country: str | None = None) -> list[Place]:
        """Return the places of a process (in one country)."""
        return [p for p in self.by_process.get(process, ()) if country in (None, p.country)]

    def countries_of(self, code: str) -> frozenset[str]:
        """Return what a code covers: a region with its members, or the country alone."""
        return self.regions.get(code, frozenset((code,)))


def read_structure(tables: Tables, book: FigureBook, faults: Faults) -> Structure:
    """Return everything that exists according to the tables.

    Parameters
    ----------
    tables : Tables
    book : FigureBook
        Its figures say in which countries a process exists.
    faults : Faults
        Collects figures that are missing.
    """
    processes = _processes(tables)
    places = sorted(_places(tables, processes, book, faults), key=lambda place: place.id)
    by_process: dict[str, list[Place]] = {}
    for place in places:
        by_process.setdefault(place.process, []).append(place)
    return Structure(
        materials=_materials(tables),
        freight=dict(zip(tables.materials["material"], tables.materials["freight"], strict=True)),
        processes=processes,
        places={place.id: place for place in places},
        by_process=by_process,
        scrap=tuple(Scrap(row.process, row.scrap_of, row.material) for row in records(tables.recycling)),
        regions=_regions(tables, book.year),
    )


def _materials(tables: Tables) -> dict[str, Material]:
    """Return the materials, sorted."""
    rows = tables.materials.sort_values("material")
    return {
        row.material: Material(
            id=row.material,
            commodity=row.commodity,
            form=row.form,
            basis=row.basis,
            price_usd_per_t=float(row.price_usd_per_t),
            demand_elasticity=float(row.demand_elasticity),
        )
        for row in records(rows)
    }


def _processes(tables: Tables) -> dict[str, Process]:
    """Return the processes, sorted."""
    inputs: dict[str, list[tuple[str, str]]] = {}
    for row in records(tables.inputs):
        inputs.setdefault(row.process, []).append((row.input_material, row.line))
    joint: dict[str, list[ProcessOutput]] = {}
    for row in records(tables.outputs):
        joint.setdefault(row.process, []).append(
            ProcessOutput(row.output_material, _is_true(row.drives), _is_true(row.disposable), joint=True)
        )
    prices = dict(zip(tables.materials["material"], tables.materials["price_usd_per_t"], strict=True))
    found = {}
    for row in records(tables.processes.sort_values("process")):
        stage = Stage(row.stage)
        single = (
            () if stage is Stage.END_USE or not row.output_material else (ProcessOutput(row.output_material),)
        )
        outputs = tuple(joint.get(row.process, ())) or single
        found[row.process] = Process(
            name=row.process,
            chain=row.chain,
            stage=stage,
            sector=row.output_material if stage is Stage.END_USE else "",
            activity_unit=row.activity_unit,
            aggregate=bool(row.aggregate),
            priority=int(row.priority),
            inputs=tuple(sorted(inputs.get(row.process, ()))),
            outputs=_with_driver(outputs, prices),
        )
    return found


def _is_true(cell: object) -> bool:
    """Return whether a cell says true; a blank one (None, NaN or NA) does not."""
    return str(cell).lower() == "true"


def _with_driver(outputs: tuple[ProcessOutput, ...], prices: dict[str, float]) -> tuple[ProcessOutput, ...]:
    """Return the outputs with one driver at least: the dearest, where the table marks none."""
    if not outputs or any(output.drives for output in outputs):
        return outputs
    dearest = max(outputs, key=lambda output: prices.get(output.material, 0.0))
    return tuple(ProcessOutput(o.material, o is dearest, o.disposable, o.joint) for o in outputs)


def _regions(tables: Tables, year: int) -> dict[str, frozenset[str]]:
    """Return each region that is itself a place, with its members at the end of the base year."""
    codes = set(tables.countries["iso3"])
    found: dict[str, set[str]] = {}
    for row in records(tables.groups):
        if row.kind == "region" and row.group in codes and _is_member(row, year):
            found.setdefault(row.group, {row.group}).add(row.member)
    return {region: frozenset(members) for region, members in sorted(found.items())}


def _is_member(row: Any, year: int) -> bool:
    """Return whether a membership holds at the end of a year; blank dates hold always."""
    begun = not getattr(row.from_date, "year", -math.inf) > year  # the year of NaT is NaN
    lasts = not getattr(row.to_date, "year", math.inf) <= year
    return bool(begun and lasts)


def _places(tables: Tables, processes: dict[str, Process], book: FigureBook, faults: Faults) -> list[Place]:
    """Return every place with its prior activity."""
    facilities: dict[tuple[str, str], list[str]] = {}
    for row in records(tables.facilities):
        facilities.setdefault((row.process, row.country), []).append(row.facility)
    places: list[Place] = []
    for process in processes.values():
        if process.stage is Stage.END_USE:
            places.extend(_users(process, book))
            continue
        named = {country for name, country in facilities if name == process.name}
        listed = {
            *book.countries_with(process.name, "production"),
            *book.countries_with(process.name, "capacity"),
        } - {WORLD}
        for country in sorted(listed | named):
            places.extend(
                _producers(
                    process, country, sorted(facilities.get((process.name, country), ())), book, faults
                )
            )
    return places


def _users(process: Process, book: FigureBook) -> list[Place]:
    """Return the end-use places of a process: every country with a use above zero."""
    found = []
    for country in book.countries_with(process.name, "use"):
        uses = (book.exact(process.name, "use", country, material) for material, _ in process.inputs)
        if any(figure is not None and figure.value > 0 for figure in uses):
            found.append(Place(f"{process.name}.{country}", process.name, country, activity=1.0))
    return found


def _producers(
    process: Process, country: str, facilities: list[str], book: FigureBook, faults: Faults
) -> list[Place]:
    """Return the producing places of one country: its facilities, and what they leave of its total."""
    base = f"{process.name}.{country}"
    total = book.exact(process.name, "production", country)
    capacity = book.exact(process.name, "capacity", country)
    places = []
    for facility in facilities:
        figure = book.exact(process.name, "facility_production", country, facility)
        most = book.exact(process.name, "facility_capacity", country, facility)
        if figure is None and most is None:
            faults.add(
                f"facility '{facility}' of {base} has neither facility_production nor facility_capacity"
            )
            continue
        activity = figure.value if figure is not None else 0.0
        if activity > 0 or (most is not None and most.value > 0):
            places.append(Place(f"{base}.{facility}", process.name, country, facility, activity, figure))
    carved = sum(place.activity for place in places)
    left = (total.value if total is not None else 0.0) - carved
    if total is not None and left > 1e-6 * total.value:
        places.append(Place(base, process.name, country, "", left, total, remainder=bool(carved)))
    elif total is not None and total.value <= 0 and capacity is not None and capacity.value > 0:
        idle = capacity.value - sum(_most(book, place) for place in places)
        if idle > 0:
            places.append(Place(base, process.name, country, "", 0.0, total))
    elif total is None and capacity is not None and not places:
        places.append(Place(base, process.name, country, "", 0.0, capacity))
    return places


def _most(book: FigureBook, place: Place) -> float:
    """Return the capacity figure of a facility, or its production."""
    return book.value(
        place.process, "facility_capacity", place.country, place.facility, default=place.activity
    )
