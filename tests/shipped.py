"""The shipped network under scenarios written in a test: compile, run, and compare with the baseline."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

import sim
from sim.engine.record import RunRecord, Series
from sim.engine.run import Engine
from sim.model.compile import Compilation, compile_network
from sim.model.network import Network
from sim.model.scenario import Scenario, loads_scenario

START = "2026-01-05"
ONSET_STEP = 26  # 2026-07-06 in steps of a week
END_STEP = 79  # first step after twelve months, rounded up to weeks
CHAINS = ("gallium", "germanium", "dysprosium", "terbium")
PER_GROUP = ("demand", "consumption", "inventory", "in_transit", "production", "port_stock")
PER_NODE = ("node_demand", "node_activity")


def scenario(**keys: Any) -> Scenario:
    """Return a scenario from its keys; names are as in a scenario file."""
    defaults = {
        "name": "shipped",
        "start": START,
        "horizon": "12 years",
        "watch": ["USA", "JPN", "KOR", "EUU"],
    }
    return loads_scenario(json.dumps(defaults | keys))


def ban(severity: float = 1.0, duration: str = "12 months", **keys: Any) -> dict[str, Any]:
    """Return the export ban of the shipped scenario; `keys` change it."""
    whole: dict[str, Any] = {
        "kind": "export_restriction",
        "origin": "CHN",
        "materials": [{"containing": name} for name in CHAINS],
        "start": "2026-07-06",
        "duration": duration,
        "severity": severity,
    }
    return whole | keys


def loss(
    country: str, stage: str, material: str, severity: float = 1.0, duration: str = "12 months"
) -> dict[str, Any]:
    """Return a loss of the capacity that makes a material in a country."""
    target = {"country": country, "stage": stage, "material": material}
    return {
        "kind": "capacity_loss",
        "target": target,
        "start": "2026-07-06",
        "duration": duration,
        "severity": severity,
    }


def compiled(*disruptions: dict[str, Any], network: Network | None = None, **keys: Any) -> Compilation:
    """Return a run of the shipped network (or of `network`) that records all countries and arcs."""
    spec = scenario(disruptions=list(disruptions), **keys)
    return compile_network(network or sim.default_network(2024), spec, record="flows")


def record(run: Any, *, check: bool = False) -> RunRecord:
    """Run to the end."""
    engine = Engine(run, check=check)
    engine.advance(run.n_steps)
    return engine.finish()


def end_use_shortfall(compilation: Compilation, series: Series) -> float:
    """Return the demand that end uses could not meet, in weeks of each end use's demand, summed."""
    columns = [i for i, node in enumerate(compilation.labels.nodes) if node.stage == "end_use"]
    demand, activity = series.node_demand[:, columns], series.node_activity[:, columns]
    return float((np.maximum(0.0, demand - activity).sum(axis=0) / demand[0]).sum())


def relative(value: np.ndarray, base: np.ndarray) -> np.ndarray:
    """Return |value - base| / |base| place by place; inf where something stands on a base of zero."""
    with np.errstate(divide="ignore", invalid="ignore"):
        apart = np.abs(value - base) / np.abs(base)
    return np.where(value == base, 0.0, apart)


def far_off(compilation: Compilation, run: Series, base: Series, step: int, limit: float) -> dict[str, float]:
    """Return the recorded histories that are beyond `limit` of the baseline in a step, with how far."""
    found = {}
    for kinds, labels in (
        (PER_GROUP, [" ".join(group) for group in compilation.labels.groups]),
        (PER_NODE, [node.id for node in compilation.labels.nodes]),
    ):
        for kind in kinds:
            apart = relative(getattr(run, kind)[step], getattr(base, kind)[step])
            found |= {f"{kind} {labels[i]}": float(apart[i]) for i in np.flatnonzero(apart > limit)}
    return found
