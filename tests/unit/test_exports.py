"""A network written for other programs comes back with the same nodes, arcs and numbers."""

from __future__ import annotations

import json
import math

import networkx as nx
import pytest

from sim.errors import ResultError
from sim.model.build import default_network
from sim.report.exports import FORMATS, export_graph, flat_graph


@pytest.fixture(scope="module")
def network():
    return default_network()


def read_back(form: str, path):
    if form == "graphml":
        return nx.read_graphml(path)
    if form == "gexf":
        return nx.read_gexf(path)
    return nx.node_link_graph(json.loads(path.read_text()), edges="edges")


def same(left, right) -> bool:
    if isinstance(left, float) or isinstance(right, float):
        return math.isclose(float(left), float(right), rel_tol=1e-12, abs_tol=1e-300)
    return left == right


@pytest.mark.parametrize("form", FORMATS)
def test_networkx_opens_what_was_written_and_finds_the_same(network, tmp_path, form):
    path = tmp_path / f"world.{form}"
    export_graph(network, form, path)
    expected, found = flat_graph(network), read_back(form, path)
    assert isinstance(found, nx.DiGraph)
    assert set(found.nodes) == set(expected.nodes)
    assert set(found.edges) == set(expected.edges)
    for node, attributes in expected.nodes(data=True):
        for name, value in attributes.items():
            assert same(found.nodes[node][name], value), (node, name)
    for tail, head, attributes in expected.edges(data=True):
        for name, value in attributes.items():
            assert same(found.edges[tail, head][name], value), (tail, head, name)


@pytest.mark.parametrize("form", FORMATS)
def test_the_same_network_gives_the_same_bytes(network, tmp_path, form):
    for name in ("a", "b"):
        export_graph(network, form, tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_the_exported_graph_holds_text_and_finite_numbers_only(network):
    graph = flat_graph(network)
    values = [v for _, attributes in graph.nodes(data=True) for v in attributes.values()]
    values += [v for *_, attributes in graph.edges(data=True) for v in attributes.values()]
    assert all(isinstance(v, (str, int, bool)) or math.isfinite(v) for v in values)


def test_flows_of_the_graph_are_those_of_the_network(network):
    total = sum(attributes["flow_t_per_year"] for *_, attributes in flat_graph(network).edges(data=True))
    assert total == pytest.approx(sum(arc.flow_t_per_year for arc in network.arcs), rel=1e-12)


def test_an_unknown_format_gets_the_nearest_name(network, tmp_path):
    with pytest.raises(ResultError, match=r"'graphlm' is not a graph format.*graphml"):
        export_graph(network, "graphlm", tmp_path / "x")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("form", FORMATS)
def test_a_fault_while_writing_keeps_the_file_of_before(network, tmp_path, monkeypatch, form):
    path = tmp_path / f"world.{form}"
    path.write_text("of before")

    def full(*_: object, **__: object) -> None:
        raise OSError("No space left on device")

    for name in ("networkx.write_graphml", "networkx.write_gexf", "pathlib.Path.replace"):
        monkeypatch.setattr(name, full)
    with pytest.raises(OSError, match="No space left"):
        export_graph(network, form, path)
    assert path.read_text() == "of before"
    assert [p.name for p in tmp_path.iterdir()] == [path.name]
