"""Scenario files: schema, reading, writing, checks against a network."""

from sim.model.scenario.check import check_scenario
from sim.model.scenario.disruptions import (
    CapacityLoss,
    DemandSurge,
    Disruption,
    ExportRestriction,
    Licence,
    ProjectSlippage,
    RouteClosure,
    Target,
)
from sim.model.scenario.dump import dump_scenario, json_schema
from sim.model.scenario.load import load_scenario, loads_scenario
from sim.model.scenario.responses import (
    DemandRestraint,
    FundProject,
    MandatoryCover,
    PreferentialAllocation,
    Purchase,
    RecyclingBoost,
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
    "DemandRestraint",
    "DemandSurge",
    "Disruption",
    "ExportRestriction",
    "FundProject",
    "Licence",
    "MandatoryCover",
    "NetworkSpec",
    "PreferentialAllocation",
    "ProjectSlippage",
    "Purchase",
    "RecyclingBoost",
    "Response",
    "RouteClosure",
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
