"""Gathers the faults and warnings of a scenario against a network; look-ups that several checks share."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from sim.errors import Faults, NetworkError, ScenarioError, suggestion
from sim.model.scenario.disruptions import Target
from sim.model.scenario.schema import Scenario

if TYPE_CHECKING:
    from sim.model.network import Network, Node

MAX_SHOWN = 8  # names in a message


class Checker:
    """One scenario against one network.

    Attributes
    ----------
    faults : Faults
    warnings : list of str
    """

    def __init__(self, scenario: Scenario, network: Network) -> None:
        self.scenario, self.network = scenario, network
        self.faults = Faults(ScenarioError)
        self.warnings: list[str] = []

    def fault(self, path: str, text: str) -> None:
        """Keep one fault; `text` goes on from the field's name."""
        self.faults.add(f"{self.scenario.locate(path)} {text}")

    def warn(self, path: str, text: str) -> None:
        """Keep one warning; `text` goes on from the field's name."""
        self.warnings.append(f"{self.scenario.locate(path)} {text}")

    def country(self, path: str, name: str) -> tuple[str, ...]:
        """Return the codes that a country, region or bloc stands for; empty, with a fault, when unknown."""
        codes = self._ask(path, self.network.members, name)
        self._warn_of_region(path, name, codes)
        return codes

    def _warn_of_region(self, path: str, name: str, codes: tuple[str, ...]) -> None:
        """Warn of members of a region whose industry stands under the region, which the name leaves out."""
        for region, members in self.network.groups.items():
            left = [code for code in codes if code in members]
            if not left or region in codes or region not in self.network.countries:
                continue
            if name in left:
                text = f"= '{name}' means the plants named in it alone; its other industry is in {region}"
            else:
                text = f"= '{name}' leaves out {region}, which holds most industry of {shown(left)}"
            self.warn(path, text)

    def countries(self, path: str, names: Iterable[str]) -> tuple[str, ...]:
        """Return the codes of a list of countries; a name given twice is a fault."""
        self.no_repeats(path, names)
        return tuple(code for i, name in enumerate(names) for code in self.country(f"{path}[{i}]", name))

    def material(self, path: str, selector: str) -> tuple[str, ...]:
        """Return the materials of a selector; empty, with a fault, when unknown."""
        return self._ask(path, self.network.select_materials, selector)

    def materials(self, path: str, selectors: Iterable[str]) -> list[tuple[str, ...]]:
        """Return the materials of each selector of a list; a selector given twice is a fault."""
        self.no_repeats(path, selectors)
        return [self.material(f"{path}[{i}]", selector) for i, selector in enumerate(selectors)]

    def sectors(self, path: str, names: Iterable[str]) -> bool:
        """Return whether all are sectors of the network; a name given twice is a fault."""
        known = sorted({node.sector for node in self.network.nodes.values() if node.sector})
        self.no_repeats(path, names)
        unknown = [(i, name) for i, name in enumerate(names) if name not in known]
        for i, name in unknown:
            self.fault(f"{path}[{i}]", f"= '{name}' is not a sector{suggestion(name, known)}")
        return not unknown

    def no_repeats(self, path: str, names: Iterable[str]) -> None:
        """Refuse a list that names the same twice."""
        seen: set[str] = set()
        for i, name in enumerate(names):
            if name in seen:
                self.fault(f"{path}[{i}]", f"= '{name}' is listed twice")
            seen.add(name)

    def target(self, path: str, target: Target) -> list[Node]:
        """Return the nodes of a target; empty, with a fault that says what exists, when it names none."""
        from sim.model.targets import nodes_of_target

        names_known = (
            target.country is None or self.country(f"{path}.country", target.country),
            target.material is None or self.material(f"{path}.material", target.material),
        )
        if not all(names_known):
            return []
        found = nodes_of_target(self.network, target)
        if not found:
            self._no_node(path, target)
        return found

    def _ask(self, path: str, lookup: Callable[[str], Iterable[str]], name: str) -> tuple[str, ...]:
        """Return what a name stands for; keep the fault when it stands for nothing."""
        try:
            return tuple(lookup(name))
        except NetworkError as error:
            text = str(error)
            self.fault(path, f"= {text}" if text.startswith(f"'{name}'") else f"= '{name}': {text}")
            return ()

    def _no_node(self, path: str, target: Target) -> None:
        """Keep the fault of a target that names no node."""
        nodes = self.network.nodes
        if target.node is not None:
            key = f"{path}.node" if f"{path}.node" in self.scenario.positions else path
            self.fault(
                key, f"= '{target.node}' is not a node of this network{suggestion(target.node, nodes)}"
            )
        elif target.operator is not None:
            operators = sorted({node.operator for node in nodes.values() if node.operator})
            known = suggestion(target.operator, operators) or "; no node of this network has an operator"
            self.fault(f"{path}.operator", f"= '{target.operator}' operates no node{known}")
        else:
            self.fault(path, f"names no node: {self._no_place(target)}")

    def _no_place(self, target: Target) -> str:
        """Return what there is instead of the nodes of a country, stage and material."""
        words = [
            f"stage {target.stage}" if target.stage else "",
            f"material {target.material}" if target.material else "",
            f"country {target.country}" if target.country else "",
        ]
        asked = ", ".join(word for word in words if word)
        if target.country is None:
            return f"nothing has {asked}"
        codes = self.network.members(target.country)
        there = sorted(node.id for node in self.network.nodes.values() if node.country in codes)
        return f"nothing has {asked}; {target.country} has {shown(there)}"


def shown(names: Iterable[str]) -> str:
    """Return names for a message: the first few, and how many more."""
    listed = list(dict.fromkeys(names))
    if not listed:
        return "none"
    more = len(listed) - MAX_SHOWN
    return ", ".join(listed[:MAX_SHOWN]) + (f" and {more} more" if more > 0 else "")
