"""What a scenario file may say, and what it comes to: units, dates, extension, defaults, writing back."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import jsonschema
import pytest

from sim.errors import Faults, ScenarioError
from sim.model.scenario import (
    CapacityLoss,
    ExportRestriction,
    Scenario,
    StockpileBuild,
    StockpileRelease,
    dump_scenario,
    json_schema,
    load_scenario,
    loads_scenario,
)
from sim.model.scenario.yaml_tree import Source, read_tree

SHIPPED = sorted((Path(__file__).parents[2] / "scenarios").glob("*.yaml"))
HEAD = "name: s\nstart: 2026-01-05\nhorizon: 2 years\n"
BAN = "  - kind: export_restriction\n    origin: CHN\n    materials: [gallium]\n    start: 2026-03-02\n"


def restriction(rest: str) -> ExportRestriction:
    """Return the restriction of a scenario with some more lines in it."""
    spec = loads_scenario(f"{HEAD}disruptions:\n{BAN}{rest}").disruptions[0]
    assert isinstance(spec, ExportRestriction)
    return spec


# -- quantities ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("12 months", 365.0),
        ("1 year", 365.0),
        ("52 weeks", 364.0),
        ("90 days", 90.0),
        ("1 day", 1.0),
        ("2.5 weeks", 17.5),
        (".5 years", 182.5),
    ],
)
def test_a_duration_says_its_unit(text: str, days: float) -> None:
    """12 months are a year of 365 days, as in every rate."""
    text = f"{{name: s, start: 2026-01-05, step: day, horizon: {text}}}"
    assert loads_scenario(text).horizon_days == days


@pytest.mark.parametrize(
    ("text", "share"), [("40%", 0.4), ("0.4", 0.4), ("100 %", 1.0), ("0", 0.0), ("1", 1.0)]
)
def test_a_share_is_a_percentage_or_a_number(text: str, share: float) -> None:
    assert restriction(f"    severity: {text}\n").severity == share


@pytest.mark.parametrize(
    ("text", "flow"),
    [("1200 t/year", 1200.0), ("1.2 kt/year", 1200.0), ("2 t/day", 730.0), ("7 t/week", 365.0)],
)
def test_a_quota_says_its_unit(text: str, flow: float) -> None:
    assert restriction(f"    quota: {text}\n").quota_t_per_year == pytest.approx(flow, rel=1e-12)


@pytest.mark.parametrize(
    ("text", "day"),
    [("+20 days", date(2026, 1, 25)), ("+2 weeks", date(2026, 1, 19)), ("2026-02-03", date(2026, 2, 3))],
)
def test_an_offset_counts_from_the_start_of_the_scenario(text: str, day: date) -> None:
    scenario = loads_scenario(f"{HEAD}disruptions:\n{BAN.replace('2026-03-02', text)}    severity: 50%\n")
    assert scenario.disruptions[0].start == day


@pytest.mark.parametrize(
    ("rate", "field", "value"),
    [
        ("2 t/day", "t_per_day", 2.0),
        ("730 t/year", "t_per_day", 2.0),
        ("5%/week", "share_per_week", 0.05),
        ("10%/month", "share_per_week", 0.1 * 7 * 12 / 365),
    ],
)
def test_a_release_rate_is_a_mass_or_a_share_of_the_opening_stock(
    rate: str, field: str, value: float
) -> None:
    text = (
        f"responses:\n  - {{kind: stockpile_release, stockpile: p, trigger: {{on: +9 days}}, rate: {rate}}}"
    )
    spec = loads_scenario(HEAD + text).responses[0]
    assert isinstance(spec, StockpileRelease)
    assert getattr(spec.rate, field) == pytest.approx(value)


def test_a_stockpile_is_bought_in_days_of_use_or_in_tonnes() -> None:
    text = """responses:
  - kind: stockpile_build
    stockpile: p
    country: USA
    members: [USA, "bloc:NATO"]
    materials: [gallium]
    opening: {gallium/primary_metal: 5 t, gallium/high_purity_metal: 500 kg}
    purchase: {target: 60 days, rate: 10 days/year, budget: 1.5 billion USD, premium: 5%, start: +1 month}
"""
    spec = loads_scenario(HEAD + text).responses[0]
    assert isinstance(spec, StockpileBuild)
    assert spec.opening is not None
    assert spec.purchase is not None
    assert spec.opening.t_by_material == {"gallium/primary_metal": 5.0, "gallium/high_purity_metal": 0.5}
    assert spec.purchase.target.days_of_use == 60
    assert spec.purchase.rate.days_of_use_per_year == 10
    assert spec.purchase.budget_usd == 1.5e9
    assert spec.purchase.start == date(2026, 2, 5)


def test_a_target_may_be_plain_text_a_mapping_or_an_operator() -> None:
    """The short form is a node's id."""
    text = "disruptions:\n" + "".join(
        f"  - {{kind: capacity_loss, start: 2026-02-02, target: {target}}}\n"
        for target in ("some.node", "{operator: Firm}", "{country: MMR, stage: mining, material: dysprosium}")
    )
    targets = [
        spec.target for spec in loads_scenario(HEAD + text).disruptions if isinstance(spec, CapacityLoss)
    ]
    assert [t.node for t in targets] == ["some.node", None, None]
    assert targets[1].operator == "Firm"
    assert (targets[2].country, targets[2].stage, targets[2].material) == ("MMR", "mining", "dysprosium")


def test_materials_are_named_or_followed_into_what_contains_them() -> None:
    spec = restriction("    severity: 1\n".replace("1", "100%"))
    assert spec.materials == ("gallium",)
    text = f"{HEAD}disruptions:\n{BAN.replace('[gallium]', '[{containing: gallium}, germanium/refined]')}"
    scenario = loads_scenario(text + "    severity: 1\n")
    assert isinstance(scenario.disruptions[0], ExportRestriction)
    assert scenario.disruptions[0].materials == ("containing: gallium", "germanium/refined")


# -- extension -----------------------------------------------------------------------------------------------


def write(folder: Path, **files: str) -> None:
    """Write scenario files."""
    for name, text in files.items():
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")


def test_an_extension_gives_differences_only(tmp_path: Path) -> None:
    """Mappings merge, lists and values are replaced, what is not named stays."""
    base = f"{HEAD}network: {{year: 2024, projects: financed}}\nwatch: [USA, JPN]\ntitle: Base\n"
    write(tmp_path, base=base, over="extends: base.yaml\nnetwork: {projects: none}\nwatch: [KOR]\n")
    found = load_scenario(tmp_path / "over.yaml")
    assert (found.network.year, found.network.projects) == (2024, "none")
    assert found.watch == ("KOR",)
    assert found.title == "Base"
    assert found.horizon_days == 730


def test_an_extension_is_named_after_its_own_file(tmp_path: Path) -> None:
    """Else its result would replace that of the other."""
    write(tmp_path, base=HEAD, over="extends: base.yaml\n", third="extends: over.yaml\nname: own\n")
    assert load_scenario(tmp_path / "over.yaml").name == "over"
    assert load_scenario(tmp_path / "third.yaml").name == "own"


def test_offsets_of_an_extended_file_count_from_the_start_that_holds(tmp_path: Path) -> None:
    """A later start moves the whole story."""
    write(tmp_path, base=f"{HEAD}disruptions:\n{BAN.replace('2026-03-02', '+20 days')}    severity: 1\n")
    write(tmp_path, over="extends: base.yaml\nstart: 2027-01-04\n")
    assert load_scenario(tmp_path / "over.yaml").disruptions[0].start == date(2027, 1, 24)


def test_a_fault_of_an_extended_file_is_placed_there(tmp_path: Path) -> None:
    write(tmp_path, base=HEAD + "watch: USA\n", over="extends: base.yaml\n")
    with pytest.raises(ScenarioError, match=r"base\.yaml:4:8: watch = 'USA'"):
        load_scenario(tmp_path / "over.yaml")


def test_a_network_folder_counts_from_the_file_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "deep" / "net").mkdir(parents=True)
    write(tmp_path / "deep", base=HEAD + "network: {folder: net}\n")
    write(tmp_path, over="extends: deep/base.yaml\n")
    assert load_scenario(tmp_path / "over.yaml").network.folder == tmp_path / "deep" / "net"


# -- writing back, changing ----------------------------------------------------------------------------------


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_a_shipped_scenario_is_named_like_its_file_and_says_whose_question_it_is(path: Path) -> None:
    assert load_scenario(path).name == path.stem
    assert path.read_text(encoding="utf-8").startswith("# Whose question: ")


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_a_resolved_scenario_loads_to_the_same(path: Path) -> None:
    """What stands beside a result must give that result again."""
    scenario = load_scenario(path)
    assert loads_scenario(dump_scenario(scenario)) == scenario


def test_every_field_survives_being_written(tmp_path: Path) -> None:
    """A field that is lost on the way would change the question."""
    full = (Path(__file__).parent / "full_scenario.yaml").read_text(encoding="utf-8")
    scenario = loads_scenario(full)
    assert loads_scenario(dump_scenario(scenario)) == scenario
    assert {spec.kind for spec in scenario.disruptions} == {
        "export_restriction",
        "capacity_loss",
        "project_slippage",
    }
    assert {spec.kind for spec in scenario.responses} == {
        "stockpile_build",
        "stockpile_release",
        "substitution",
        "surge_capacity",
        "fund_project",
    }


def test_a_changed_copy_is_checked() -> None:
    scenario = loads_scenario(HEAD)
    assert scenario.with_changes(step="day").n_steps == 730
    assert scenario.with_changes(horizon_days=14).n_steps == 2
    with pytest.raises(ScenarioError, match="horizon"):
        scenario.with_changes(horizon_days=-1)
    assert scenario.n_steps == 105


def test_the_baseline_keeps_all_but_disruptions_and_responses() -> None:
    scenario = load_scenario(next(path for path in SHIPPED if path.stem == "vault_release"))
    calm = scenario.baseline()
    assert (calm.disruptions, calm.responses) == ((), ())
    assert calm.with_changes(disruptions=scenario.disruptions, responses=scenario.responses) == scenario


def test_a_scenario_can_be_made_in_python_with_bare_numbers() -> None:
    """The attribute's name says the unit."""
    spec = ExportRestriction(
        origin="CHN", materials=("gallium",), start=date(2026, 3, 2), duration_days=90, severity=0.5
    )
    made = Scenario(name="s", start=date(2026, 1, 5), horizon_days=730, disruptions=(spec,))
    assert made == loads_scenario(f"{HEAD}disruptions:\n{BAN}    duration: 90 days\n    severity: 50%\n")


def test_what_yaml_1_1_would_turn_into_something_else_stays_as_written() -> None:
    """``on`` and ``no`` are words here, and a country code NO is no truth value."""
    scenario = loads_scenario(
        f"{HEAD}watch: [NO]\nbehaviour: {{resourcing: off, cover_spread: on}}\nprices: off\n"
    )
    assert scenario.watch == ("NO",)
    assert (scenario.behaviour.resourcing, scenario.behaviour.cover_spread) == ("off", "on")


@pytest.mark.parametrize(
    "path", [*SHIPPED, Path(__file__).parent / "full_scenario.yaml"], ids=lambda path: path.stem
)
def test_editors_find_no_fault_in_a_sound_scenario(path: Path) -> None:
    """The JSON Schema must accept what the loader accepts."""
    faults = Faults(ScenarioError)
    tree = read_tree(path.read_text(encoding="utf-8"), Source(path.name, path.parent, path), faults)
    jsonschema.Draft202012Validator(json_schema()).validate(tree.plain())


@pytest.mark.parametrize(
    "line", ["horizn: 1 year", "horizon: 5", "horizon: 5 t", "watch: USA", "step: month", "prices: on"]
)
def test_editors_find_the_common_mistakes(line: str) -> None:
    key = line.partition(":")[0]
    text = "".join(f"{kept}\n" for kept in HEAD.splitlines() if not kept.startswith(key)) + line
    tree = read_tree(text, Source("s", Path()), Faults(ScenarioError))
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(json_schema()).validate(tree.plain())


def test_the_schema_describes_every_key_for_editors() -> None:
    """Completion shows the meaning beside the key."""
    schema = json_schema()
    json.dumps(schema)
    for model in (schema, *schema["$defs"].values()):
        for key, field in model.get("properties", {}).items():
            assert "description" in field or "$ref" in field or "allOf" in field, key
    assert {"required": ["extends"]} in schema["anyOf"]
