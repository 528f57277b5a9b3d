"""Checks of the tables as a whole: one rule a function, each yields what it found.

Reading (`sim.data.read`) already refuses wrong cells, unknown names and units. These rules ask whether the
rows together describe a world: nothing without a producer or a user, no share above one, no by-product above
its host, and how much of it rests on judgement.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator

from sim.data.balances import check_aggregates, check_capacities, check_facilities, check_hosts
from sim.data.check_projects import (
    check_joint_parts,
    check_parts,
    check_ramps,
    check_redirects,
    check_register,
    check_running,
)
from sim.data.csv_table import FILE_COLUMN, LINE_COLUMN
from sim.data.figures import BASE_YEAR, FigureBook, matches
from sim.data.findings import Finding, Severity
from sim.data.provenance import EXPERT, EXPERT_ONLY, expert_share
from sim.data.read import WORLD, Tables
from sim.errors import DataError

OLD_YEARS = 5  # a figure further from the base year than this is named
RECYCLING, END_USE = "recycling", "end_use"

Rule = Callable[[Tables, FigureBook], Iterable[Finding]]


def check_tables(tables: Tables, *, year: int = BASE_YEAR, strict: bool = False) -> list[Finding]:
    """Apply every rule.

    Parameters
    ----------
    tables : Tables
        As read.
    year : int
        Base year.
    strict : bool
        Raise when any finding is an error.

    Returns
    -------
    list of Finding
        Errors first, then warnings, then information, each in the order of the rules.

    Raises
    ------
    DataError
        If `strict` and there is an error.
    """
    book = FigureBook(tables, year)
    found = [finding for rule in RULES for finding in rule(tables, book)]
    order = list(Severity)
    found.sort(key=lambda finding: order.index(finding.severity))
    errors = [finding for finding in found if finding.severity is Severity.ERROR]
    if strict and errors:
        raise DataError("\n".join(map(str, errors)))
    return found


def check_sources(tables: Tables, book: FigureBook) -> Iterator[Finding]:  # noqa: ARG001
    """Every cited source is listed, and every listed source is cited."""
    cited: set[str] = set()
    for name, frame in tables.frames().items():
        if name == "sources" or "source_id" not in frame.columns:
            continue
        used = {source for row in frame["source_id"] for source in row}
        for source in sorted(used - set(tables.sources["source_id"])):
            yield Finding("sources", Severity.ERROR, name, f"source '{source}' is not listed")
        cited |= used
    unused = [source for source in tables.sources["source_id"] if source not in cited | {EXPERT}]
    if unused:
        yield Finding("sources", Severity.INFO, "sources", f"listed but not cited: {', '.join(unused)}")


def check_trade_shares(tables: Tables, book: FigureBook) -> Iterator[Finding]:  # noqa: ARG001
    """Shares of one customer and material sum to 1 at most, and imports have no own production."""
    members = region_members(tables)
    sums: Counter[tuple[str, str, str]] = Counter()
    sellers: dict[tuple[str, str, str], set[str]] = {}
    for row in tables.trade_shares.to_dict("records"):
        key = (row["material"], row["customer"], row["basis"])
        sums[key] += row["share"]
        sellers.setdefault(key, set()).add(row["supplier"])
        if row["basis"] == "imports" and row["supplier"] == row["customer"]:
            where = f"{row[FILE_COLUMN]}:{row[LINE_COLUMN]}"
            yield Finding("trade_shares", Severity.ERROR, where, f"{row['customer']} imports from itself")
    for (material, customer, basis), share in sums.items():
        where = f"{material} to {customer}"
        if share > 1 + 1e-9:
            text = f"shares of {basis} sum to {share:.4f}, above 1"
            yield Finding("trade_shares", Severity.ERROR, where, text)
        names = sellers[material, customer, basis]
        twice = sorted(m for region in names & set(members) for m in members[region] & names)
        if twice:
            text = f"{', '.join(twice)} stand beside the region they belong to"
            yield Finding("trade_shares", Severity.WARNING, where, text)


def region_members(tables: Tables) -> dict[str, set[str]]:
    """Return the members of every region of the groups table."""
    found: dict[str, set[str]] = {}
    for row in tables.groups.to_dict("records"):
        if row["kind"] == "region":
            found.setdefault(row["group"], set()).add(row["member"])
    return found


def check_regions(tables: Tables, book: FigureBook) -> Iterator[Finding]:  # noqa: ARG001
    """Members of a region say so in the countries table, and nobody else does."""
    of_country = dict(zip(tables.countries["iso3"], tables.countries["region"], strict=True))
    for region, members in region_members(tables).items():
        said = {code for code, name in of_country.items() if name == region and code != region}
        for code in sorted(said ^ members):
            place = "groups" if code in said else "countries"
            text = f"{code} is of region {region} in one table but not in {place}"
            yield Finding("regions", Severity.ERROR, place, text)


def check_processes(tables: Tables, book: FigureBook) -> Iterator[Finding]:
    """Every process exists somewhere; a producer has production rows, an end use has use rows."""
    for process, stage in _stages(tables).items():
        measure = "use" if stage == END_USE else "production"
        if not book.rows(process, measure):
            text = f"no figure of measure '{measure}', so it exists nowhere"
            yield Finding("processes", Severity.ERROR, process, text)


def check_recipes(tables: Tables, book: FigureBook) -> Iterator[Finding]:
    """Every input has a coefficient or a use figure, and every such figure an inputs row."""
    stages = _stages(tables)
    inputs = set(zip(tables.inputs["process"], tables.inputs["input_material"], strict=True))
    for process, material in sorted(inputs):
        if stages[process] == END_USE:
            if not book.rows(process, "use", material):
                yield Finding("recipes", Severity.ERROR, process, f"input {material} has no use figure")
            continue
        countries = book.countries(process)
        without = [c for c in countries if book.find(process, "input_per_unit", c, material) is None]
        if without:
            text = f"input {material} has no input_per_unit in {', '.join(without)}"
            yield Finding("recipes", Severity.ERROR, process, text)
    for process in stages:
        for measure in ("use", "input_per_unit", "essential", "share", "cover_days"):
            for figure in book.rows(process, measure):
                if (process, figure.key[3]) not in inputs:
                    text = f"{process} has no input {figure.key[3]} in the inputs table"
                    yield Finding("recipes", Severity.ERROR, figure.row, text)


def check_joint_outputs(tables: Tables, book: FigureBook) -> Iterator[Finding]:
    """Every producer has one product or listed joint products, and the listed ones have yields."""
    listed: dict[str, list[str]] = {}
    for process, material in zip(tables.outputs["process"], tables.outputs["output_material"], strict=True):
        listed.setdefault(process, []).append(material)
    single = dict(zip(tables.processes["process"], tables.processes["output_material"], strict=True))
    for process, product in single.items():
        if bool(product) == (process in listed):
            text = "names a product and lists joint products" if product else "has no product"
            yield Finding("joint_outputs", Severity.ERROR, process, text)
        for material in listed.get(process, []):
            countries = book.countries(process)
            without = [c for c in countries if book.find(process, "output_per_unit", c, material) is None]
            if without:
                text = f"output {material} has no output_per_unit in {', '.join(without)}"
                yield Finding("joint_outputs", Severity.ERROR, process, text)


def check_materials(tables: Tables, book: FigureBook) -> Iterator[Finding]:  # noqa: ARG001
    """Every material has a producer and a user; a disposable by-product may lack the user."""
    stages = _stages(tables)
    products = zip(tables.processes["process"], tables.processes["output_material"], strict=True)
    made = {material for process, material in products if stages[process] != END_USE}
    made |= set(tables.outputs["output_material"])
    used = set(tables.inputs["input_material"])
    joint = tables.outputs
    kept = set(joint.loc[~joint["disposable"].astype(bool), "output_material"])
    for material in tables.materials["material"]:
        if material not in made:
            yield Finding("materials", Severity.ERROR, material, "no process makes it")
        if material not in used:
            thrown = material in set(joint["output_material"]) - kept
            text = "no process uses it" + ("; all of it is surplus" if thrown else "")
            yield Finding("materials", Severity.INFO if thrown else Severity.ERROR, material, text)


def check_recycling(tables: Tables, book: FigureBook) -> Iterator[Finding]:
    """Recycling processes collect from processes that use the material, where both exist."""
    stages = _stages(tables)
    inputs = set(zip(tables.inputs["process"], tables.inputs["input_material"], strict=True))
    fed = {process for process, _ in inputs}
    declared = set(tables.recycling["process"])
    for process, stage in stages.items():
        if (stage == RECYCLING) != (process in declared):
            text = (
                "is of stage recycling but collects nothing" if stage == RECYCLING else "is not of that stage"
            )
            yield Finding("recycling", Severity.ERROR, process, text)
        if stage == RECYCLING and process in fed:
            yield Finding("recycling", Severity.ERROR, process, "takes scrap only, so it has no inputs row")
    sources: dict[str, set[str]] = {}
    for row in tables.recycling.to_dict("records"):
        process, origin = row["process"], row["scrap_of"]
        sources.setdefault(process, set()).update(book.countries(origin))
        where = f"{row[FILE_COLUMN]}:{row[LINE_COLUMN]}"
        if (origin, row["material"]) not in inputs:
            text = f"{origin} has no input {row['material']}, so no scrap of it"
            yield Finding("recycling", Severity.ERROR, where, text)
        if not book.rows(process, "collection", origin) and not book.rows(process, "recovery", origin):
            text = f"neither collection nor recovery of {origin} is given; both count as 1"
            yield Finding("recycling", Severity.WARNING, where, text)
    for process, countries in sources.items():
        for country in book.countries(process):
            if country not in countries:
                text = f"recycles in {country}, where none of its scrap arises"
                yield Finding("recycling", Severity.ERROR, process, text)


def check_corrections(tables: Tables, book: FigureBook) -> Iterator[Finding]:
    """Every correction meets the raw figure it was made for."""
    for row in tables.corrections.to_dict("records"):
        where = f"{row[FILE_COLUMN]}:{row[LINE_COLUMN]}"
        figure = book.exact(row["process"], row["measure"], row["country"], row["partner"])
        if figure is None:
            yield Finding("corrections", Severity.ERROR, where, "there is no such figure")
        elif not matches(row["original_value"], figure.raw_value):
            text = (
                f"made for {row['original_value']:g}, but the figure is {figure.raw_value:g} ({figure.row})"
            )
            yield Finding("corrections", Severity.ERROR, where, text)


def check_expert_share(tables: Tables, book: FigureBook) -> Iterator[Finding]:  # noqa: ARG001
    """Say how much of each process, and of all, is judgement."""
    figures = tables.figures
    text = f"{expert_share(figures):.0%} of {len(figures)} figures are judgement"
    yield Finding("expert_share", Severity.INFO, "figures", text)
    for process, rows in figures.groupby("process", sort=True):
        text = f"{expert_share(rows):.0%} of {len(rows)} figures are judgement"
        yield Finding("expert_share", Severity.INFO, str(process), text)


def check_expert_marks(tables: Tables, book: FigureBook) -> Iterator[Finding]:  # noqa: ARG001
    """Rows that cite nothing but judgement claim no higher confidence, and all judgement says how."""
    for table, frame in tables.frames().items():
        if "confidence" not in frame.columns:
            continue
        line_column = "line" if table == "figures" else LINE_COLUMN
        note_column = "reason" if table == "corrections" else "note"
        names = ("source_id", "confidence", note_column, FILE_COLUMN, line_column)
        claimed: dict[str, list[int]] = {}
        for sources, confidence, note, file, line in zip(*(frame[name] for name in names), strict=True):
            if confidence == EXPERT and not note:
                text = "judgement that does not say how it was judged"
                yield Finding("expert_marks", Severity.ERROR, f"{file}:{line}", text)
            elif confidence != EXPERT and sources == EXPERT_ONLY:
                claimed.setdefault(file, []).append(line)
        for file, lines in claimed.items():
            text = f"{len(lines)} rows cite only '{EXPERT}' but claim more, the first in line {lines[0]}"
            yield Finding("expert_marks", Severity.WARNING, file, text)


def check_oldest_year(tables: Tables, book: FigureBook) -> Iterator[Finding]:
    """Name the figures used that lie far from the base year."""
    processes = [*_stages(tables), *dict.fromkeys(tables.aggregates["aggregate"])]
    used = [
        f
        for process in processes
        for measure in tables.measures["measure"]
        for f in book.rows(process, measure)
    ]
    if not used:
        return
    oldest = min(used, key=lambda figure: figure.year)
    name = ".".join(part for part in oldest.key if part and part != WORLD)
    text = f"the oldest figure used is of {oldest.year}: {name} ({oldest.row})"
    yield Finding("oldest_year", Severity.INFO, "figures", text)
    far = Counter(f.key[0] for f in used if abs(f.year - book.year) > OLD_YEARS)
    for process, count in sorted(far.items()):
        lie = "figure lies" if count == 1 else "figures lie"
        text = f"{count} {lie} more than {OLD_YEARS} years from {book.year}"
        yield Finding("oldest_year", Severity.WARNING, process, text)


def _stages(tables: Tables) -> dict[str, str]:
    """Return the stage of every process."""
    return dict(zip(tables.processes["process"], tables.processes["stage"], strict=True))


RULES: tuple[Rule, ...] = (
    check_sources,
    check_regions,
    check_trade_shares,
    check_processes,
    check_recipes,
    check_joint_outputs,
    check_materials,
    check_recycling,
    check_hosts,
    check_capacities,
    check_facilities,
    check_corrections,
    check_aggregates,
    check_register,
    check_parts,
    check_running,
    check_joint_parts,
    check_redirects,
    check_ramps,
    check_oldest_year,
    check_expert_marks,
    check_expert_share,
)
