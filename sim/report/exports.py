"""A network written for other programs."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.analysis.store import write_whole
from sim.errors import ResultError, suggestion

if TYPE_CHECKING:
    import networkx as nx

    from sim.model.network import Network

FORMATS = ("graphml", "gexf", "json")


def export_graph(network: Network, form: str, path: Path) -> None:
    """Write the network as a graph: GraphML (Gephi, yEd), GEXF (Gephi) or node-link JSON (networkx, D3).

    Parameters
    ----------
    network : Network
    form : {"graphml", "gexf", "json"}
    path : Path
        Replaced if it exists, whole or not at all; its folder must exist.

    Raises
    ------
    ResultError
        If the format is unknown.
    """
    import networkx as nx  # slow to import

    if form not in FORMATS:
        raise ResultError(f"'{form}' is not a graph format{suggestion(form, FORMATS)}")
    graph = flat_graph(network)
    if form == "graphml":
        write_whole(path, lambda place: nx.write_graphml(graph, place))
    elif form == "gexf":
        write_whole(path, lambda place: nx.write_gexf(graph, place))
    else:
        text = json.dumps(nx.node_link_data(graph, edges="edges"), indent=1, allow_nan=False) + "\n"
        write_whole(path, lambda place: place.write_text(text, encoding="utf-8", newline="\n"))


def flat_graph(network: Network) -> nx.DiGraph[str]:
    """Return the network as a graph whose attributes are text and finite numbers only.

    The materials of an edge become the text ``gallium/primary_metal: 12.5; ...`` (t/year); what has no
    limit or no figure is left out.
    """
    graph = network.graph()
    for _, attributes in graph.nodes(data=True):
        _flatten(attributes)
    for _, _, attributes in graph.edges(data=True):
        _flatten(attributes)
    return graph


def _flatten(attributes: dict[str, Any]) -> None:
    for name, value in list(attributes.items()):
        if isinstance(value, dict):
            attributes[name] = "; ".join(f"{key}: {item:g}" for key, item in sorted(value.items()))
        elif isinstance(value, float) and not math.isfinite(value):
            del attributes[name]
