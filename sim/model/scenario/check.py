"""Names and dates of a scenario against a network: every fault at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, timedelta
from typing import Any

from sim.errors import Faults, NetworkError, ScenarioError, suggestion
from sim.model.network import Network
from sim.model.scenario.disruptions import CapacityLoss, ExportRestriction, Target
from sim.model.scenario.responses import StockpileBuild, StockpileRelease, Substitution, SurgeCapacity
from sim.model.scenario.schema import Scenario, end_of


def check_scenario(scenario: Scenario, network: Network) -> tuple[str, ...]:
    """Raise when the scenario names what the network does not have; return warnings.

    Raises
    ------
    ScenarioError
        One line a fault, with file:line:column where the scenario came from a file.
    """
    check = _Check(scenario, network)
    for i, name in enumerate(scenario.watch):
        check.country(f"watch[{i}]", name)
    for i, disruption in enumerate(scenario.disruptions):
        check.window(f"disruptions[{i}]", disruption.start, disruption.duration_days)
        if isinstance(disruption, ExportRestriction):
            check.restriction(f"disruptions[{i}]", disruption)
        elif isinstance(disruption, CapacityLoss):
            check.target(f"disruptions[{i}].target", disruption.target)
    for i, response in enumerate(scenario.responses):
        check.response(f"responses[{i}]", response)
    check.faults.raise_if_any()
    return tuple(dict.fromkeys(check.warnings))


class _Check:
    """Gathers faults and warnings of one scenario."""

    def __init__(self, scenario: Scenario, network: Network) -> None:
        self.scenario, self.network = scenario, network
        self.faults = Faults(ScenarioError)
        self.warnings: list[str] = []

    def fault(self, path: str, text: str) -> None:
        """Keep one fault of a field."""
        self.faults.add(f"{self.scenario.locate(path)}{text}")

    def ask(self, path: str, lookup: Callable[[str], Iterable[str]], name: str) -> tuple[str, ...]:
        """Return what a name stands for; keep the fault when it stands for nothing."""
        try:
            return tuple(lookup(name))
        except NetworkError as error:
            self.fault(path, f" = {error}")
            return ()

    def country(self, path: str, name: str) -> tuple[str, ...]:
        """Check a country, region or bloc."""
        return self.ask(path, self.network.members, name)

    def material(self, path: str, name: str) -> tuple[str, ...]:
        """Check a material selector."""
        return self.ask(path, self.network.select_materials, name)

    def window(self, path: str, start: date, duration_days: float | None) -> None:
        """Check that a dated thing lies inside the horizon."""
        scenario = self.scenario
        if start >= end_of(scenario):
            self.fault(f"{path}.start", f" = '{start}' lies after the end of the run, {end_of(scenario)}")
            return
        if duration_days is not None and start + timedelta(days=duration_days) < scenario.start:
            self.fault(f"{path}.duration", f" ends before the run starts on {scenario.start}")
        if (start - scenario.start).days % scenario.step_days and start > scenario.start:
            offset = -((scenario.start - start).days // scenario.step_days) * scenario.step_days
            acts = scenario.start + timedelta(days=offset)
            self.warnings.append(f"{path}: starts {start}, acts from the step that begins {acts}")

    def restriction(self, path: str, spec: ExportRestriction) -> None:
        """Check names of an export restriction, and that it holds some arc."""
        from sim.model.plan import restricted_arcs

        origin = self.country(f"{path}.origin", spec.origin)
        materials = [self.material(f"{path}.materials[{i}]", name) for i, name in enumerate(spec.materials)]
        places = () if spec.destinations == "all" else spec.destinations
        found = [self.country(f"{path}.destinations[{i}]", name) for i, name in enumerate(places)]
        for i, name in enumerate(spec.leakage_hubs):
            self.country(f"{path}.leakage_hubs[{i}]", name)
        for name in spec.licence.by_destination if spec.licence is not None else ():
            self.country(f"{path}.licence.by_destination.{name}", name)
        if not origin or not all(materials) or not all(found):
            return
        if not restricted_arcs(self.network, spec):
            exported = sorted(
                {a.material for a in self.network.arcs if self.network.nodes[a.supplier].country in origin}
            )
            shown = ", ".join(exported[:8]) or "nothing"
            self.fault(path, f" holds no arc: {spec.origin} exports {shown}")
        if spec.severity == 0.0:
            self.warnings.append(f"{path}: severity 0 is no restriction at all")

    def target(self, path: str, target: Target) -> None:
        """Check names of a target, and that it names some node."""
        from sim.model.targets import nodes_of_target

        known = True
        if target.country is not None:
            known = bool(self.country(f"{path}.country", target.country))
        if target.material is not None:
            known = bool(self.material(f"{path}.material", target.material)) and known
        if not known or nodes_of_target(self.network, target):
            return
        if target.node is not None:
            self.fault(
                path, f" = '{target.node}' is not a node of this network{suggestion(target.node, self.network.nodes)}"
            )
        elif target.operator is not None:
            operators = sorted({node.operator for node in self.network.nodes.values() if node.operator})
            self.fault(path, f" = '{target.operator}' operates no node{suggestion(target.operator, operators)}")
        else:
            self.fault(path, " names no node: nothing there has this country, stage and material together")

    def response(self, path: str, spec: Any) -> None:
        """Check names and dates of a response."""
        start = getattr(spec, "start", None)
        trigger = getattr(spec, "trigger", None)
        if start is not None:
            self.window(path, start, None)
        if trigger is not None and trigger.on is not None:
            self.window(f"{path}.trigger.on", trigger.on, None)
        if isinstance(spec, StockpileBuild):
            self._build(path, spec)
        elif isinstance(spec, StockpileRelease):
            self._release(path, spec)
        elif isinstance(spec, Substitution):
            self._substitution(path, spec)
        elif isinstance(spec, SurgeCapacity):
            self.target(f"{path}.target", spec.target)

    def _build(self, path: str, spec: StockpileBuild) -> None:
        self.country(f"{path}.country", spec.country)
        for i, name in enumerate(spec.members):
            self.country(f"{path}.members[{i}]", name)
        for i, name in enumerate(spec.materials):
            self.material(f"{path}.materials[{i}]", name)
        amounts = [("opening", spec.opening)]
        if spec.purchase is not None:
            amounts.append(("purchase.target", spec.purchase.target))
        for key, amount in amounts:
            for name in (amount.t_by_material if amount is not None else None) or {}:
                self.material(f"{path}.{key}.{name}", name)

    def _release(self, path: str, spec: StockpileRelease) -> None:
        built = [r.stockpile for r in self.scenario.responses if isinstance(r, StockpileBuild)]
        known = [*built, *(pile.id for pile in self.network.stockpiles)]
        if spec.stockpile not in known:
            near = suggestion(spec.stockpile, known) or "; the network has none: add a stockpile_build"
            self.fault(f"{path}.stockpile", f" = '{spec.stockpile}' is not a stockpile{near}")
        for i, name in enumerate(spec.materials or ()):
            self.material(f"{path}.materials[{i}]", name)

    def _substitution(self, path: str, spec: Substitution) -> None:
        self.material(f"{path}.material", spec.material)
        if spec.substitute is not None and spec.substitute not in self.network.materials:
            near = suggestion(spec.substitute, self.network.materials)
            self.fault(f"{path}.substitute", f" = '{spec.substitute}' is not a material of this network{near}")
        if spec.users is not None:
            self.target(f"{path}.users", spec.users)
        sectors = sorted({node.sector for node in self.network.nodes.values() if node.sector})
        for i, name in enumerate(spec.sectors):
            if name not in sectors:
                self.fault(f"{path}.sectors[{i}]", f" = '{name}' is not a sector{suggestion(name, sectors)}")
