"""Settling holds on any layered network: it closes to 1e-13, twice is once, and it scales."""

from __future__ import annotations

import math
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.model.network import Arc, Input, Material, Network, Node, Output, ScrapSource
from sim.model.settle import settle
from sim.vocab import Stage


def layered(rng: Random) -> Network:
    """Return a random chain of layers; every node buys from one to all nodes of the layer above."""
    depth, width = rng.randint(2, 5), rng.randint(1, 4)
    materials = {f"m/{i}": Material(f"m/{i}", "m", str(i)) for i in range(depth)}
    nodes: dict[str, Node] = {}
    arcs: list[Arc] = []
    scrap: list[ScrapSource] = []
    for layer in range(depth + 1):
        for place in range(width):
            name = f"{layer}.{place}"
            inputs = (Input(f"m/{layer - 1}", rng.uniform(1.0, 3.0)),) if layer else ()
            joint = rng.random() < 0.3
            outputs = (Output(f"m/{layer}", rng.uniform(0.2, 1.0) if joint else 1.0, True, joint),)
            stage = Stage.MINING if layer == 0 else Stage.END_USE if layer == depth else Stage.PROCESSING
            demand = rng.choice((0.0, 10.0 ** rng.randint(-6, 6))) if layer == depth else 0.0
            nodes[name] = Node(
                name, stage, "AAA", inputs, () if layer == depth else outputs, planned_per_year=demand
            )
            suppliers = rng.sample(range(width), rng.randint(1, width)) if layer else []
            for supplier in suppliers:
                flow = 10.0 ** rng.uniform(-3, 3) if demand or layer < depth else 0.0
                arcs.append(Arc(f"{layer - 1}.{supplier}", name, f"m/{layer - 1}", flow, 1.0))
            if 0 < layer < depth and rng.random() < 0.3:
                nodes[f"r{name}"] = Node(
                    f"r{name}", Stage.RECYCLING, "AAA", outputs=(Output(f"m/{layer - 1}"),)
                )
                arcs.append(Arc(f"r{name}", name, f"m/{layer - 1}", 0.0, 1.0))
                scrap.append(ScrapSource(f"r{name}", name, f"m/{layer - 1}", recovery=0.9))
    return Network("t", 2024, materials, nodes, tuple(arcs), scrap=tuple(scrap))


def settled(seed: int) -> Network:
    return settle(layered(Random(seed)), refuse_above=math.inf)


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 2**32))
def test_every_slot_and_port_closes(seed: int) -> None:
    """Checked from outside, with exact sums."""
    network = settled(seed)
    for node in network.nodes.values():
        for entry in node.inputs:
            flows = [
                a.flow_t_per_year
                for a in network.arcs
                if (a.customer, a.material) == (node.id, entry.material)
            ]
            use = entry.input_per_unit * node.planned_per_year
            assert math.fsum(flows) == pytest.approx(use, rel=1e-13, abs=0)
        for made in node.outputs:
            flows = [
                a.flow_t_per_year
                for a in network.arcs
                if (a.supplier, a.material) == (node.id, made.material)
            ]
            assert math.fsum(flows) == pytest.approx(
                made.output_per_unit * node.planned_per_year, rel=1e-13, abs=0
            )


@settings(max_examples=80, deadline=None)
@given(st.integers(0, 2**32))
def test_settling_twice_is_settling_once(seed: int) -> None:
    """A settled network is a fixed point, to rounding."""
    once = settled(seed)
    twice = settle(once)
    for name, node in once.nodes.items():
        assert twice.nodes[name].planned_per_year == pytest.approx(node.planned_per_year, rel=1e-13, abs=0)


@settings(max_examples=80, deadline=None)
@given(st.integers(0, 2**32), st.integers(-20, 20))
def test_everything_scales_with_demand(seed: int, power: int) -> None:
    """Demand times a power of two gives every amount times it, bit for bit."""
    given_network, factor = layered(Random(seed)), 2.0**power
    nodes = {
        name: replace(node, planned_per_year=node.planned_per_year * factor)
        for name, node in given_network.nodes.items()
    }
    plain = settle(given_network, refuse_above=math.inf)
    scaled = settle(replace(given_network, nodes=nodes), refuse_above=math.inf)
    assert [a.flow_t_per_year * factor for a in plain.arcs] == [a.flow_t_per_year for a in scaled.arcs]
