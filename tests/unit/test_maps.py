"""Maps and flow charts: what they add up, and that they are drawn."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

import sim
from sim.analysis.trade_flows import country_flows, in_order
from sim.cli import app
from sim.data.read import read_tables
from sim.report.coast import LAND
from sim.report.names import positions


def test_flows_between_countries_add_up_to_the_arcs() -> None:
    network = sim.default_network()
    flows = country_flows(network, ("gallium/primary_metal",))
    arcs = sum(a.flow_t_per_year for a in network.arcs if a.material == "gallium/primary_metal")
    assert sum(flow.t_per_year for flow in flows) == pytest.approx(arcs)
    assert len({(flow.origin, flow.destination) for flow in flows}) == len(flows)


def test_materials_stand_in_the_order_of_making() -> None:
    network = sim.default_network()
    order = in_order(network, network.select_materials("containing: gallium"))
    assert order.index("gallium/primary_metal") < order.index("gallium/high_purity_metal")
    assert order.index("gallium/high_purity_metal") < order.index("gaas/wafer")


def test_every_country_has_a_place_on_the_map() -> None:
    assert set(positions()) == set(read_tables().countries["iso3"])
    for ring in LAND:
        assert all(-180 <= x <= 180 and -90 <= y <= 90 for x, y in ring)


def test_the_commands_draw_png_and_svg(tmp_path: Path) -> None:
    words = ["network", "--map", str(tmp_path / "m.png"), "--sankey", str(tmp_path / "s.png")]
    done = CliRunner().invoke(app, [*words, "--material", "containing: germanium"])
    assert done.exit_code == 0, done.output
    assert {path.name for path in tmp_path.iterdir()} == {"m.png", "m.svg", "s.png", "s.svg"}
    assert all(path.stat().st_size > 5_000 for path in tmp_path.iterdir())


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--sankey", "s.png"], "--sankey needs --material"),
        (["--map", "m.png", "--material", "galium"], "did you mean 'gallium'"),
    ],
)
def test_wrong_words_are_refused_in_a_line(
    words: list[str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, ["network", *words])
    assert done.exit_code == 1
    assert message in " ".join(done.output.split())
    assert not list(tmp_path.iterdir())
