"""What the how-to pages tell a reader to write works as it stands."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import sim
from sim.analysis.runs import network_for
from sim.data.check import check_tables
from sim.data.read import TABLES_FOLDER, read_tables
from sim.engine.run import run
from sim.model.build import build_network
from sim.model.check import check_network
from sim.model.compile import compile_network
from sim.model.effects import Context, effects_of
from sim.model.findings import Severity
from sim.model.index import number_parts
from sim.model.network import Network
from sim.model.overlay import overlay_network
from sim.model.plan import plan_run
from sim.model.scenario import check_scenario, load_scenario

ROOT = Path(__file__).parents[2]
HOW_TO = ROOT / "docs" / "how-to"
PAGES = sorted(path.name for path in HOW_TO.glob("*.md"))
WITH_CODE = [*PAGES, "../reference/python.md", "../../README.md"]


def blocks(page: str, kind: str) -> list[tuple[str, str]]:
    """Return (file name, content) of the blocks of a kind; the name is the last one quoted before it."""
    text = (HOW_TO / page).read_text(encoding="utf-8")
    found = []
    for match in re.finditer(rf"^```{kind}\n(.*?)^```$", text, re.M | re.S):
        names = re.findall(r"`([\w./-]+\.\w+)`", text[: match.start()])
        found.append((names[-1] if names else "", match[1]))
    return found


@pytest.fixture(scope="module")
def grown(tmp_path_factory: pytest.TempPathFactory) -> Network:
    """Return the world with the commodity of the page."""
    folder = tmp_path_factory.mktemp("tables") / "tables"
    shutil.copytree(TABLES_FOLDER, folder)
    for name, content in blocks("add_a_commodity.md", "csv"):
        (folder / name).write_text(content, encoding="utf-8")
    tables = read_tables(folder)
    errors = [str(found) for found in check_tables(tables) if found.severity is Severity.ERROR]
    assert errors == []
    return build_network(tables)


def test_a_commodity_is_rows_not_code(grown: Network) -> None:
    """The rows of the page add two materials, their makers and users, and break no rule."""
    assert {"examplium/oxide", "examplium/metal"} <= set(grown.materials)
    assert "use_examplium_lamps.USA" in grown.nodes
    ours = [
        str(finding)
        for finding in check_network(grown)
        if finding.severity is Severity.ERROR and "examplium" in str(finding)
    ]
    assert ours == []


def test_the_new_commodity_can_be_banned_at_once(grown: Network, tmp_path: Path) -> None:
    (tmp_path / "ban.yaml").write_text(
        "{name: ban, start: 2026-01-05, horizon: 52 weeks, watch: [USA], disruptions: ["
        "{kind: export_restriction, origin: CHN, materials: [examplium], start: 2026-03-02, severity: 1}]}",
        encoding="utf-8",
    )
    result = sim.simulate(grown, load_scenario(tmp_path / "ban.yaml"))
    (row,) = [row for row in result.summary["sectors"] if row["sector"] == "lamps"]
    assert row["shortfall_share"] > 0.1


@pytest.mark.parametrize("page", PAGES)
def test_every_scenario_of_a_page_passes_its_check(page: str, tmp_path: Path) -> None:
    """Readers copy whole files; each loads and names only what the network has."""
    (tmp_path / "scenarios").symlink_to(ROOT / "scenarios")
    for number, (name, content) in enumerate(blocks(page, "yaml")):
        file = tmp_path / (name if name.endswith(".yaml") else f"example_{number}.yaml")
        file.write_text(content, encoding="utf-8")
        scenario = load_scenario(file)
        check_scenario(scenario, network_for(scenario))


def test_a_plant_of_ones_own_takes_two_files(tmp_path: Path) -> None:
    """The plant of the page gets its two tonnes of wafers a year from its sector's, not on top of them."""
    (tmp_path / "my_plant").mkdir()
    for name, content in blocks("own_network.md", "csv"):
        (tmp_path / name).write_text(content, encoding="utf-8")
    world = sim.default_network()
    grown = overlay_network(world, tmp_path / "my_plant")
    (slot,) = grown.nodes["fab_dresden"].inputs
    assert slot.input_per_unit * grown.nodes["fab_dresden"].planned_per_year == pytest.approx(2.0)
    used, used_before = (
        sum(arc.flow_t_per_year for arc in network.arcs if arc.material == "gaas/wafer")
        for network in (grown, world)
    )
    assert used == pytest.approx(used_before, rel=1e-6)


def executed(page: str) -> dict[str, Any]:
    """Return the names that the Python blocks of a page leave, run one after the other."""
    names: dict[str, Any] = {"__name__": "__main__"}
    for number, (_, content) in enumerate(blocks(page, "python")):
        exec(compile(content, f"{page}[{number}]", "exec", dont_inherit=True), names)
    return names


@pytest.mark.parametrize("page", WITH_CODE)
def test_every_python_block_of_a_page_runs(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The blocks of a page run one after the other, in the root of a checkout."""
    (tmp_path / "scenarios").symlink_to(ROOT / "scenarios")
    monkeypatch.chdir(tmp_path)
    executed(page)


def test_the_new_kind_of_disruption_does_what_it_says() -> None:
    """The class and the function of the page, on the shipped world: demand falls by 30 % and comes back."""
    page = executed("add_a_disruption.md")
    pause = page["DemandPause"](
        target={"country": "USA", "stage": "end_use"}, share=0.3, start="2026-03-02", duration="10 weeks"
    )
    network = sim.default_network()
    calm = load_scenario(ROOT / "scenarios" / "baseline.yaml").with_changes(horizon_days=210)
    plan = plan_run(network, calm)
    index = number_parts(plan, calm.step_days)
    compiled = compile_network(network, calm)
    context = Context(network, plan, index, compiled.run.arrays, calm, {})
    paused = replace(compiled.run, effects=tuple(effects_of(pause, 0, context)))
    demand, base = (run(one).series.node_demand for one in (paused, compiled.run))
    (row,) = [i for i, node in enumerate(compiled.labels.nodes) if node.id == "use_fibre_optics.USA"]
    ratio = demand[:, row] / base[:, row]
    assert ratio[:8] == pytest.approx(1.0)
    assert ratio[8:18] == pytest.approx(0.7)
    assert ratio[18:] == pytest.approx(1.0)
