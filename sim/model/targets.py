"""Which nodes a target names."""

from __future__ import annotations

from sim.model.network import Network, Node
from sim.model.scenario import Target


def nodes_of_target(network: Network, target: Target) -> list[Node]:
    """Return the nodes that `target` names, in the network's order; empty when there is none.

    A node is named by id, by operator, or by country with stage and material. The material is matched
    with what a node makes; for end uses, which make none, with what they use.

    Raises
    ------
    NetworkError
        If the target's country or material is unknown.
    """
    if target.node is not None:
        return [network.nodes[target.node]] if target.node in network.nodes else []
    if target.operator is not None:
        return [node for node in network.nodes.values() if node.operator == target.operator]
    countries = network.members(target.country) if target.country is not None else None
    materials = network.select_materials(target.material) if target.material is not None else None
    return [
        node
        for node in network.nodes.values()
        if (countries is None or node.country in countries)
        and (target.stage is None or node.stage == target.stage)
        and (materials is None or _handles(node, materials))
    ]


def _handles(node: Node, materials: tuple[str, ...]) -> bool:
    """Return whether a producer makes, or an end use takes, one of `materials`."""
    handled = [o.material for o in node.outputs] if node.outputs else [i.material for i in node.inputs]
    return any(material in materials for material in handled)
