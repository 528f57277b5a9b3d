"""Open simulator of critical-mineral supply dependency: figures, network, scenario, result.

::

    from sim import build_network, fill_rate, load_scenario, read_tables, resilience_loss, simulate

    network = build_network(read_tables(), year=2024)
    scenario = load_scenario("scenarios/export_ban.yaml")
    result = simulate(network, scenario, seed=7)
    print(fill_rate(result, consumer="USA"), resilience_loss(result, consumer="USA"))

Names are loaded when first used, so that importing the package costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sim.analysis.compare import Comparison, compare
    from sim.analysis.measures import fill_rate, resilience_loss, time_to_survive
    from sim.analysis.projects import project_totals, projects
    from sim.analysis.result import RunResult, SavedResult, load_result
    from sim.analysis.runs import run_scenario
    from sim.analysis.simulate import World, simulate
    from sim.data.read import Tables, read_tables
    from sim.errors import SimError
    from sim.model.build import build_network, default_network
    from sim.model.network import Network
    from sim.model.scenario import Scenario, load_scenario

_HOMES = {
    "Comparison": "sim.analysis.compare",
    "Network": "sim.model.network",
    "RunResult": "sim.analysis.result",
    "SavedResult": "sim.analysis.result",
    "Scenario": "sim.model.scenario",
    "SimError": "sim.errors",
    "Tables": "sim.data.read",
    "World": "sim.analysis.simulate",
    "build_network": "sim.model.build",
    "compare": "sim.analysis.compare",
    "default_network": "sim.model.build",
    "fill_rate": "sim.analysis.measures",
    "load_result": "sim.analysis.result",
    "load_scenario": "sim.model.scenario",
    "project_totals": "sim.analysis.projects",
    "projects": "sim.analysis.projects",
    "read_tables": "sim.data.read",
    "resilience_loss": "sim.analysis.measures",
    "run_scenario": "sim.analysis.runs",
    "simulate": "sim.analysis.simulate",
    "time_to_survive": "sim.analysis.measures",
}

__all__ = [
    "Comparison",
    "Network",
    "RunResult",
    "SavedResult",
    "Scenario",
    "SimError",
    "Tables",
    "World",
    "__version__",
    "build_network",
    "compare",
    "default_network",
    "fill_rate",
    "load_result",
    "load_scenario",
    "project_totals",
    "projects",
    "read_tables",
    "resilience_loss",
    "run_scenario",
    "simulate",
    "time_to_survive",
]


def __getattr__(name: str) -> object:
    """Load a public name from its module on first use."""
    if name == "__version__":
        from sim.analysis.manifest import code_version  # loaded on use, like all else

        return code_version()
    if name not in _HOMES:
        raise AttributeError(f"module 'sim' has no attribute '{name}'")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
