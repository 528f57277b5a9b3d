"""Scenario files: schema, reading, writing, checks against a network."""

from sim.model.scenario.check import check_scenario
from sim.model.scenario.disruptions import (
    CapacityLoss,
    Disruption,
    ExportRestriction,
    Licence,
    ProjectSlippage,
    Target,
)
from sim.model.scenario.dump import dump_scenario, json_schema
from sim.model.scenario.load import load_scenario, loads_scenario
from sim.model.scenario.responses import (
    FundProject,
    Purchase,
    Response,
    StockpileBuild,
    StockpileRelease,
    Substitution,
    SurgeCapacity,
    Trigger,
)
from sim.model.scenario.schema import Behaviour, NetworkSpec, Scenario

__all__ = [
    "Behaviour",
    "CapacityLoss",
    "Disruption",
    "ExportRestriction",
    "FundProject",
    "Licence",
    "NetworkSpec",
    "ProjectSlippage",
    "Purchase",
    "Response",
    "Scenario",
    "StockpileBuild",
    "StockpileRelease",
    "Substitution",
    "SurgeCapacity",
    "Target",
    "Trigger",
    "check_scenario",
    "dump_scenario",
    "json_schema",
    "load_scenario",
    "loads_scenario",
]
