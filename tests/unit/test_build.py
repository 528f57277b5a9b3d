"""The whole construction on a small world, and how the shipped one is kept."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest

from sim.data.read import read_tables
from sim.errors import NetworkError
from sim.model import cache
from sim.model.build import build_network, default_network
from sim.model.check import check_network
from sim.model.findings import Severity
from sim.model.network import Network
from sim.vocab import DEFAULT_PRIORITY
from tests.tables_world import world_files, write_tables

FIGURES = "figures/zinc.csv"
TOTAL = "zinc_abroad,aggregate,WLD,,2024,5,t/yr,book,high,\n"


def world(folder: Path, *changes: tuple[str, str], extra: str = "") -> Network:
    """Build the small world, its contradictory total left out."""
    text = world_files()[FIGURES].replace(TOTAL, "") + extra
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    return build_network(read_tables(write_tables(folder, {"aggregates.a.csv": None, FIGURES: text})))


def test_a_small_world_obeys_every_rule(tmp_path: Path) -> None:
    """From eleven figures to a steady network."""
    network = world(tmp_path)
    hard = [f for f in check_network(network) if f.severity is Severity.ERROR and f.rule != "moves_accepted"]
    assert hard == []
    assert sorted(network.nodes) == [
        "germanium_circuit.AAA",
        "germanium_loop.AAA",
        "smelter.AAA",
        "use_optics.AAA",
        "zinc_mine.CCC",
        "zinc_mine.CCC.big_pit",
    ]


def test_end_use_is_an_index_of_one_hundred(tmp_path: Path) -> None:
    """Intake per point is a hundredth of the use; capacity leaves room to catch up."""
    node = world(tmp_path).nodes["use_optics.AAA"]
    assert (node.planned_per_year, node.sector) == (100.0, "optics")
    assert node.capacity_per_year == pytest.approx(110.0)
    zinc = next(entry for entry in node.inputs if entry.material == "zinc/metal")
    assert 100 * zinc.input_per_unit == pytest.approx(85, rel=0.05)
    assert {entry.line for entry in node.inputs} == {"", "lens"}


def test_capacity_is_given_or_follows_from_utilisation(tmp_path: Path) -> None:
    """A figure wins; of a country with a facility the rest has what the facility leaves."""
    extra = "smelter,utilisation,WLD,,2024,0.9,fraction,book,high,\n"
    extra += "zinc_mine,facility_capacity,CCC,big_pit,2024,70,t/yr,book,high,\n"
    network = world(tmp_path, extra=extra)
    smelter = network.nodes["smelter.AAA"]
    assert smelter.capacity_per_year == pytest.approx(smelter.planned_per_year / 0.9)
    assert network.nodes["zinc_mine.CCC.big_pit"].capacity_per_year == pytest.approx(70)
    assert network.nodes["zinc_mine.CCC"].capacity_per_year == pytest.approx(50)


def test_a_capacity_below_the_activity_gives_way_and_says_so(tmp_path: Path) -> None:
    """A network that cannot make its own base year is no start."""
    network = world(tmp_path, extra="smelter,capacity,AAA,,2024,60,t/yr,book,high,\n")
    smelter = network.nodes["smelter.AAA"]
    assert smelter.capacity_per_year >= smelter.planned_per_year
    assert any("smelter.AAA: capacity of 60" in text for text in network.report.warnings)


def test_an_idle_place_has_capacity_and_latent_arcs_only(tmp_path: Path) -> None:
    """Production 0 with a capacity is a plant that waits."""
    extra = (
        "zinc_mine,production,BBB,,2024,0,t/yr,book,high,\nzinc_mine,capacity,BBB,,2024,7,t/yr,book,high,\n"
    )
    network = world(tmp_path, extra=extra)
    node = network.nodes["zinc_mine.BBB"]
    assert (node.planned_per_year, node.capacity_per_year) == (0.0, 7.0)
    assert [arc.flow_t_per_year for arc in network.arcs if arc.supplier == node.id] == [0.0]


def test_attributes_come_from_figures_country_before_world(tmp_path: Path) -> None:
    """A country's own row overrides the default for all."""
    extra = "".join(
        f"smelter,{measure},{country},{partner},2024,{value},{unit},book,high,\n"
        for measure, country, partner, value, unit in [
            ("cover_days", "WLD", "zinc/concentrate", 30, "days"),
            ("cover_days", "AAA", "zinc/concentrate", 40, "days"),
            ("essential", "WLD", "zinc/concentrate", 0.7, "fraction"),
            ("share", "WLD", "zinc/concentrate", 0.6, "fraction"),
            ("process_days", "WLD", "", 14, "days"),
            ("restart_days", "WLD", "", 42, "days"),
            ("must_run_share", "AAA", "", 0.4, "fraction"),
            ("storage_days", "AAA", "", 60, "days"),
            ("output_cover_days", "WLD", "", 21, "days"),
            ("unit_cost", "WLD", "", 900, "USD/t"),
        ]
    )
    node = world(tmp_path, extra=extra).nodes["smelter.AAA"]
    (entry,) = node.inputs
    assert (entry.cover_days, entry.essential, entry.share) == (40, 0.7, 0.6)
    assert (node.process_days, node.restart_days, node.output_cover_days) == (14, 42, 21)
    assert (node.must_run_share, node.storage_days, node.unit_cost_usd_per_t) == (0.4, 60, 900)
    assert (node.sector, node.priority) == ("", DEFAULT_PRIORITY)


def test_processing_with_value_added_counts_among_the_sectors(tmp_path: Path) -> None:
    """Its value added is spread over the tonnes of the country."""
    extra = "smelter,value_added,AAA,,2024,4.5e7,USD/yr,book,high,\n"
    files = {
        "processes.a.csv": ("smelter,zinc,refining", "smelter,zinc,processing"),
        "aggregates.a.csv": None,
        FIGURES: world_files()[FIGURES].replace(TOTAL, "") + extra,
    }
    node = build_network(read_tables(write_tables(tmp_path, files))).nodes["smelter.AAA"]
    assert node.sector == "smelter"
    assert node.value_added_usd_per_unit == pytest.approx(4.5e7 / node.planned_per_year, rel=1e-9)


def test_defaults_are_those_of_the_parameter_table(tmp_path: Path) -> None:
    """Where no figure speaks, the parameters do; where neither does, the model's own default."""
    files = {
        "parameters.csv": (
            "adjustment_time,28,days,14,56,expert,expert,judged\n",
            "adjustment_time,28,days,14,56,expert,expert,judged\n"
            "default_cover_days,33,days,1,90,expert,expert,judged\n"
            "default_utilisation,0.5,fraction,0.1,1,expert,expert,judged\n",
        ),
        "aggregates.a.csv": None,
        FIGURES: (TOTAL, ""),
    }
    network = build_network(read_tables(write_tables(tmp_path, files)))
    node = network.nodes["smelter.AAA"]
    assert node.inputs[0].cover_days == 33
    assert node.capacity_per_year == pytest.approx(2 * node.planned_per_year)
    assert network.parameters["default_cover_days"] == 33


def test_a_by_product_knows_its_host(tmp_path: Path) -> None:
    """1 t of germanium on 90 t of zinc at 0.02 t/t: the host does not bind in the base year."""
    node = world(tmp_path).nodes["germanium_circuit.AAA"]
    assert (node.host, node.host_ratio) == ("smelter.AAA", 0.02)


def test_a_host_of_several_nodes_is_stood_for_by_its_largest(tmp_path: Path) -> None:
    """The ratio grows by what the others carry, so that the limit of the base year is that of them all."""
    files = {
        "hosts.a.csv": "process,country,host_process,host_country\ngermanium_circuit,AAA,zinc_mine,CCC\n",
        "aggregates.a.csv": None,
        FIGURES: world_files()[FIGURES]
        .replace(TOTAL, "")
        .replace("AAA,smelter,2024,0.02", "AAA,zinc_mine,2024,0.02"),
    }
    network = build_network(read_tables(write_tables(tmp_path, files)))
    node, pit = network.nodes["germanium_circuit.AAA"], network.nodes["zinc_mine.CCC.big_pit"]
    rest = network.nodes["zinc_mine.CCC"]
    assert node.host == pit.id
    both = pit.planned_per_year + rest.planned_per_year
    assert node.host_ratio * pit.planned_per_year == pytest.approx(0.02 * both, rel=1e-6)


def test_scrap_keeps_the_recovery_and_moves_the_collection(tmp_path: Path) -> None:
    """Collection x recovery is the reconciled share; the plant's yield is not what is uncertain."""
    network = world(tmp_path)
    (source,) = network.scrap
    assert source.recovery == pytest.approx(0.9)
    loop, user = network.nodes["germanium_loop.AAA"], network.nodes["use_optics.AAA"]
    intake = next(e.input_per_unit for e in user.inputs if e.material == "germanium/metal") * 100
    assert source.collection * 0.9 * intake == pytest.approx(loop.planned_per_year, rel=1e-9)


def test_facilities_carry_their_operator_and_are_single_firms(tmp_path: Path) -> None:
    """An aggregate is many firms with differing covers, a facility is one."""
    network = world(tmp_path)
    assert network.nodes["zinc_mine.CCC.big_pit"].operator == "Digger"
    assert not network.nodes["zinc_mine.CCC.big_pit"].aggregate
    assert network.nodes["zinc_mine.CCC"].aggregate


def test_groups_keep_those_who_join_later(tmp_path: Path) -> None:
    """A bloc founded in 2026 matters to a scenario of 2026, whatever the base year."""
    network = world(tmp_path)
    assert network.groups == {"EUU": ("AAA", "BBB"), "PACT": ("CCC",)}
    assert network.country_names["AAA"] == ("Aland", "甲国")


def test_an_unknown_choice_of_projects_is_refused(tmp_path: Path) -> None:
    """With the nearest name."""
    tables = read_tables(write_tables(tmp_path))
    with pytest.raises(NetworkError, match="did you mean 'financed'"):
        build_network(tables, projects="financd")  # type: ignore[arg-type]


# --- keeping -----------------------------------------------------------------------------------------------


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Send the cache to a folder of this test."""
    monkeypatch.setenv(cache.FOLDER_VARIABLE, str(tmp_path / "kept"))
    default_network.cache_clear()
    yield tmp_path / "kept"
    default_network.cache_clear()


def test_a_network_survives_writing_and_reading(tmp_path: Path) -> None:
    """Every field, also infinities and not-a-numbers."""
    network = world(tmp_path)
    again = cache.from_plain(json.loads(json.dumps(cache.to_plain(network))))
    for field in fields(Network):
        first, second = getattr(network, field.name), getattr(again, field.name)
        assert repr(first) == repr(second), field.name


def test_the_default_network_is_kept_and_found_again(kept: Path) -> None:
    """The second call of the process gives the same object, the next process the same network."""
    first = default_network()
    assert default_network() is first
    (file,) = kept.glob("network-2024-*.json")
    default_network.cache_clear()
    second = default_network()
    assert second is not first
    assert repr(second.nodes) == repr(first.nodes)  # a number that is not given differs from itself
    assert second.arcs == first.arcs
    assert file.exists()


@pytest.mark.parametrize("damage", ["", "{}", "cut", "swap", "binary"])
def test_a_damaged_file_is_ignored_and_written_anew(kept: Path, damage: str) -> None:
    """A cache that can break a run is worse than none."""
    first = default_network()
    (file,) = kept.glob("network-2024-*.json")
    whole = file.read_text(encoding="utf-8")
    if damage == "binary":
        file.write_bytes(b"\xff\xfe\x00")
    else:
        cut, swapped = whole[: len(whole) // 2], whole.replace("gallium", "thalium", 1)
        file.write_text({"cut": cut, "swap": swapped}.get(damage, damage), encoding="utf-8")
    default_network.cache_clear()
    assert default_network().arcs == first.arcs
    assert file.read_text(encoding="utf-8") == whole


def test_a_folder_that_cannot_be_written_is_no_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Read-only machines run as well, only slower."""
    blocked = tmp_path / "blocked"
    blocked.write_text("a file where the folder should be")
    monkeypatch.setenv(cache.FOLDER_VARIABLE, str(blocked))
    network = world(tmp_path / "tables")
    cache.store(network, "digest", 2024)
    assert cache.load("digest", 2024) is None


def test_other_tables_and_other_code_have_other_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A changed figure or a changed line of code means a new build; what it replaces is removed."""
    monkeypatch.setenv(cache.FOLDER_VARIABLE, str(tmp_path / "kept"))
    network = world(tmp_path / "tables")
    cache.store(network, "one", 2024)
    assert cache.load("one", 2024) is not None
    assert cache.load("two", 2024) is None
    assert cache.load("one", 2023) is None
    cache.store(network, "two", 2024)
    assert cache.load("one", 2024) is None
    monkeypatch.setattr(cache, "code_hash", lambda: "changed")
    assert cache.load("two", 2024) is None


def test_the_tables_hash_names_the_tables(tmp_path: Path) -> None:
    """A result says which figures it rests on."""
    one = world(tmp_path / "a")
    two = world(tmp_path / "b", ("zinc_mine,production,CCC,,2024,100", "zinc_mine,production,CCC,,2024,101"))
    assert len(one.tables_hash) == 64
    assert one.tables_hash != two.tables_hash


def test_values_added_are_per_unit(tmp_path: Path) -> None:
    """End use: a hundredth of the year's value added; none given is not a number, never 0."""
    given = world(tmp_path / "a", extra="use_optics,value_added,AAA,,2024,2e9,USD/yr,book,high,\n")
    assert given.nodes["use_optics.AAA"].value_added_usd_per_unit == pytest.approx(2e7)
    assert math.isnan(world(tmp_path / "b").nodes["use_optics.AAA"].value_added_usd_per_unit)


PRINT_HASHES = """
import hashlib, json
from sim.data.provenance import tables_hash
from sim.data.read import read_tables
from sim.model.build import build_network
from sim.model.cache import to_plain
text = json.dumps(to_plain(build_network(read_tables())))
print(tables_hash(), hashlib.sha256(text.encode()).hexdigest())
"""


def test_two_processes_build_the_same_bytes() -> None:
    """Whatever order sets and dicts of text take in each: the shipped tables give one network."""
    printed = [
        subprocess.run(
            [sys.executable, "-c", PRINT_HASHES],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "4711")
    ]
    assert printed[0] == printed[1]
    assert len(printed[0].split()) == 2


def test_a_kept_network_needs_neither_pandas_nor_scipy(kept: Path) -> None:
    """A warm run must not pay for the tools of a build."""
    default_network()
    code = (
        "import sys; from sim.model.build import default_network; default_network();"
        " print([name for name in ('pandas', 'scipy', 'networkx') if name in sys.modules])"
    )
    command = [sys.executable, "-c", code]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert printed.strip() == "[]"
