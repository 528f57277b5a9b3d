"""The plain SimPy program gives the kernel's numbers, so that their speeds may be compared."""

from __future__ import annotations

import numpy as np

from sim.engine.run import Engine
from tests.bench.layered import BAN_END, layered_run
from tests.bench.plain_simpy import PlainWorld


def test_the_plain_simpy_program_equals_the_kernel() -> None:
    """Before, during and after the ban, to 1e-9 of each node's activity."""
    steps = BAN_END + 26
    compiled = layered_run(150, n_steps=steps, seed=3)
    engine = Engine(compiled, trace=True)
    engine.advance(steps)
    world = PlainWorld(compiled)
    world.run(steps)
    ours = np.array(engine.trace["activity"])
    plain = np.array([plant.history for plant in world.plants]).T
    assert plain.shape == ours.shape
    assert np.abs(ours - compiled.arrays.node_planned).max() > 0.1  # the ban is felt
    assert np.abs(plain - ours).max() <= 1e-9 * ours.max()
