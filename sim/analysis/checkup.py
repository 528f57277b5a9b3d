"""One look at tables, a network or a scenario: findings, residuals, demand unmet without a disruption."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.analysis.runs import SCENARIO_SUFFIXES, Tell, network_for, silent
from sim.errors import ResultError
from sim.model.check import check_network
from sim.model.findings import Finding, Severity
from sim.model.scenario import Scenario, check_scenario, load_scenario

if TYPE_CHECKING:
    from sim.data.coverage import Coverage
    from sim.model.network import Network

SHIPPED, TABLES = "network", "data"
BASELINE_START, BASELINE_DAYS = date(2026, 1, 5), 6 * 365
MET = 1e-9  # share of demand; less than this unmet is rounding

Row = dict[str, Any]


@dataclass(frozen=True)
class CheckUp:
    """What was looked at and what was found.

    Attributes
    ----------
    what : str
    findings : tuple of Finding
        Errors first.
    materials : tuple of dict
        Balance of each material as built.
    unmet : tuple of dict
        Rows of kind, name, country, share: demand that the baseline itself does not meet.
    moves : tuple of dict
        Figures that the balance moved so far that a reason is needed.
    coverage : tuple of dict
        For each material and stage that makes it (tables only): how much of the world is shipped, the
        residual of the balance before it was closed, and what the balance proves.
    """

    what: str
    findings: tuple[Finding, ...]
    materials: tuple[Row, ...] = ()
    unmet: tuple[Row, ...] = ()
    moves: tuple[Row, ...] = ()
    coverage: tuple[Row, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether no finding is an error."""
        return all(finding.severity is not Severity.ERROR for finding in self.findings)

    @property
    def summary(self) -> Row:
        """Everything as plain values, ready for JSON."""
        findings = [
            {"severity": str(f.severity), "rule": f.rule, "where": f.where, "message": f.message}
            for f in self.findings
        ]
        lists = {
            "materials": self.materials,
            "unmet": self.unmet,
            "moves": self.moves,
            "coverage": self.coverage,
        }
        head: Row = {"checked": self.what, "ok": self.ok, "findings": findings}
        return head | {name: [dict(row) for row in rows] for name, rows in lists.items()}


def check_up(what: str = SHIPPED, *, tell: Tell = silent) -> CheckUp:
    """Check the tables (``data``), the shipped world (``network``), a network folder or a scenario file.

    Parameters
    ----------
    what : str
    tell : callable
        Hears what is being done.

    Raises
    ------
    SimError
        If the thing cannot even be read or built: the message says where.
    """
    if what == TABLES:
        return _check_tables()
    path = Path(what)
    if path.suffix in SCENARIO_SUFFIXES:
        scenario = load_scenario(path)
        tell("building the network")
        network = network_for(scenario)
        notes = tuple(
            Finding("scenario", Severity.INFO, path.name, note) for note in check_scenario(scenario, network)
        )
        return _check(what, network, scenario.baseline(), notes, tell)
    tell("building the network")
    network = network_at(what)
    return _check(what, network, _calm(network), (), tell)


def network_at(what: str = SHIPPED) -> Network:
    """Return the shipped world (``network``), the network of a folder, or that of a scenario file.

    Raises
    ------
    ResultError
        If `what` is none of these.
    """
    from sim.model.build import default_network  # scipy is slow to import
    from sim.model.folder import read_network_folder

    path = Path(what)
    if what == SHIPPED:
        return default_network()
    if path.is_dir():
        return read_network_folder(path)
    if path.suffix in SCENARIO_SUFFIXES:
        return network_for(load_scenario(path))
    raise ResultError(f"'{what}' is not '{SHIPPED}', '{TABLES}', a network folder or a scenario file (.yaml)")


def _check_tables() -> CheckUp:
    from sim.data.check import check_tables  # pandas is slow to import
    from sim.data.coverage import coverage
    from sim.data.read import read_tables
    from sim.model.build import default_network

    tables = read_tables()
    found = CheckUp(TABLES, tuple(check_tables(tables)))
    if not found.ok:
        return found
    report = default_network().report  # the figures' gaps, and what balancing them leaves
    moves = tuple(dict(move) for move in report.moves if move.get("flag"))
    rows = tuple(dict(row) for row in report.materials)
    covered = tuple(_coverage_rows(coverage(tables), rows))
    return replace(found, materials=rows, moves=moves, coverage=covered)


def _coverage_rows(found: Sequence[Coverage], materials: Sequence[Row]) -> Iterator[Row]:
    """Yield what the tables cover, joined with the residual of each material's balance."""
    gaps = {row["material"]: row["gap_before"] for row in materials}
    for row in found:
        gap = gaps.get(row.material, math.nan)
        yield {
            "material": row.material,
            "stage": row.stage,
            "production_t": row.production_t,
            "coverage": row.coverage,
            "residual": None if math.isnan(gap) else gap,
            "closure": row.closure,
            "known_reason": row.known_reason,
            "expert_share": row.expert_share,
            "confidence": row.confidence,
            "oldest_year": row.oldest_year,
        }


def _calm(network: Network) -> Scenario:
    """Return a scenario in which nothing happens."""
    return Scenario(
        name="baseline", start=BASELINE_START, horizon_days=BASELINE_DAYS, watch=(network.countries[0],)
    )


def _check(what: str, network: Network, scenario: Scenario, notes: Sequence[Finding], tell: Tell) -> CheckUp:
    report = network.report
    findings = [*check_network(network), *notes]
    order = list(Severity)
    findings.sort(key=lambda finding: order.index(finding.severity))
    moves = tuple(dict(move) for move in report.moves if move.get("flag"))
    broken = any(finding.severity is Severity.ERROR for finding in findings)
    unmet = () if broken or not network.nodes else tuple(baseline_unmet(network, scenario, tell))
    rows = report.materials or tuple(flow_balance(network))
    return CheckUp(what, tuple(findings), tuple(dict(row) for row in rows), unmet, moves)


def flow_balance(network: Network) -> list[Row]:
    """Return the balance of each material of a network as it stands, t/year; `closure` is a share of output.

    Without figures to balance there is no gap before, which is NaN.
    """
    made = dict.fromkeys(network.materials, 0.0)
    used, sold = made.copy(), made.copy()
    for node in network.nodes.values():
        for output in node.outputs:
            made[output.material] += output.output_per_unit * node.planned_per_year
        for entry in node.inputs:
            used[entry.material] += entry.input_per_unit * node.planned_per_year
    for arc in network.arcs:
        sold[arc.material] += arc.flow_t_per_year
    return [
        {
            "material": name,
            "basis": material.basis,
            "gap_before": math.nan,
            "production_t": made[name],
            "use_t": used[name],
            "surplus_t": max(0.0, made[name] - sold[name]),
            "closure": (sold[name] - used[name]) / max(made[name], used[name])
            if made[name] + used[name]
            else 0.0,
        }
        for name, material in sorted(network.materials.items())
    ]


def baseline_unmet(network: Network, scenario: Scenario, tell: Tell = silent) -> list[Row]:
    """Return the demand that goes unmet without disruption, by sector and material; largest share first."""
    from sim.analysis.simulate import simulate  # the engine is slow to import

    words = "simulating the baseline"
    tell(words)
    calm = scenario.baseline()
    result = simulate(network, calm, record="all", progress=lambda share: tell(words, share))
    series, rows = result.baseline.series, []
    for row, node in enumerate(result.labels.nodes):
        if node.stage == "end_use":
            names = ("sector", node.id, node.country)
            rows.append(_unmet_row(names, series.node_demand[:, row], series.node_activity[:, row]))
    for column, (material, country) in enumerate(result.labels.groups):
        names = ("material", material, country)
        rows.append(_unmet_row(names, series.demand[:, column], series.consumption[:, column]))
    return sorted((row for row in rows if row["share"] > MET), key=lambda row: (-row["share"], row["name"]))


def _unmet_row(names: tuple[str, str, str], demand: Any, met: Any) -> Row:
    wanted = float(np.sum(demand))
    unmet = float(np.sum(np.maximum(demand - met, 0.0)))
    kind, name, country = names
    return {"kind": kind, "name": name, "country": country, "share": unmet / wanted if wanted > 0 else 0.0}
