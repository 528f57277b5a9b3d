"""Wrong scenario files: each fault is one line that names file, place, field, value and the nearest name.

The whole path is under test: the command line reads the file, so that exit code, standard output and the
absence of a traceback are checked with the message.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from sim.cli import app
from sim.model.build import default_network
from sim.model.scenario import check_scenario, loads_scenario
from tests.network_files import write_files

HEAD = "name: s\nstart: 2026-01-05\nhorizon: 2 years\n"
NET = "network: {folder: net}\nwatch: [USA, JPN]\n"
BAN = (
    HEAD + NET + "disruptions:\n  - kind: export_restriction\n    origin: CHN\n    materials: [metal/crude]\n"
)
FULL_BAN = BAN + "    start: 2026-07-06\n    severity: 100%\n"
LOSS = HEAD + NET + "disruptions:\n  - kind: capacity_loss\n    start: 2026-07-06\n"
VAULT = "  - {kind: stockpile_build, stockpile: pile, country: USA, members: [USA], materials: [part/coil], "
RELEASE = "  - {kind: stockpile_release, stockpile: vault, trigger: "
SWAP = "  - {kind: substitution, time_constant: 1 year, start: +9 days, "
SURGE = "  - {kind: surge_capacity, increase: 20%, "
RESPONSES = HEAD + NET + "responses:\n"

CASES: dict[str, tuple[str | bytes, tuple[str, ...]]] = {
    # keys ------------------------------------------------------------------------------------------
    "unknown key": (
        HEAD + "horizn: 3 years\n",
        ("s.yaml:4:1", "unknown key 'horizn'", "did you mean 'horizon'"),
    ),
    "unknown key below": (
        FULL_BAN + "    leekage: 10%\n",
        ("s.yaml:12:5", "disruptions[0].leekage", "did you mean 'leakage'"),
    ),
    "key like none": (HEAD + "colour: red\n", ("s.yaml:4:1", "unknown key 'colour'", "allowed: name")),
    "key twice": (HEAD + "name: t\n", ("s.yaml:4:1", "'name' is given twice", "line 1")),
    "missing start": ("name: s\nhorizon: 2 years\n", ("start is missing", "First day of the run")),
    "missing kind": (HEAD + "disruptions:\n  - {origin: CHN}\n", ("disruptions[0].kind is missing",)),
    "unknown kind": (
        HEAD + "disruptions:\n  - {kind: export_ban}\n",
        ("s.yaml:5:12", "kind = 'export_ban' is unknown", "export_restriction"),
    ),
    "missing field of a kind": (BAN + "    severity: 1\n", ("disruptions[0].start is missing",)),
    "text for a list": (HEAD + "watch: USA\n", ("s.yaml:4:8", "watch = 'USA'", "must be a list")),
    "list for a mapping": (HEAD + "network: [2024]\n", ("s.yaml:4:10", "network", "must be a mapping")),
    "text for a disruption": (
        HEAD + "disruptions: [ban]\n",
        ("disruptions[0] = 'ban'", "mapping with a kind"),
    ),
    "empty list": (HEAD + "watch: []\n", ("watch", "must not be empty")),
    "response among disruptions": (
        HEAD + "disruptions:\n  - {kind: surge_capacity}\n",
        ("kind = 'surge_capacity' is unknown",),
    ),
    # names that the network does not have ------------------------------------------------------------
    "misspelt country": (
        FULL_BAN.replace("origin: CHN", "origin: CHI"),
        ("s.yaml:8:13", "disruptions[0].origin = 'CHI'", "did you mean 'CHN'"),
    ),
    "misspelt watch": (
        FULL_BAN.replace("[USA, JPN]", "[USA, JPX]"),
        ("watch[1] = 'JPX'", "did you mean 'JPN'"),
    ),
    "misspelt material": (
        FULL_BAN.replace("[metal/crude]", "[metal/crudd]"),
        ("s.yaml:9:17", "materials[0] = 'metal/crudd'", "did you mean 'metal/crude'"),
    ),
    "misspelt containing": (
        FULL_BAN.replace("[metal/crude]", "[{containing: metl}]"),
        ("materials[0]", "metl", "did you mean 'metal'"),
    ),
    "misspelt node": (
        LOSS + "    target: refinner\n",
        ("s.yaml:9:13", "target = 'refinner' is not a node", "did you mean 'refiner'"),
    ),
    "misspelt bloc": (
        FULL_BAN + "    destinations: ['bloc:NATOO']\n",
        ("destinations[0] = 'bloc:NATOO' is not a bloc", "did you mean 'NATO'"),
    ),
    "unknown operator": (
        LOSS + "    target: {operator: Firm}\n",
        ("target.operator = 'Firm' operates no node",),
    ),
    "unknown stage": (
        LOSS + "    target: {country: JPN, stage: refinning}\n",
        ("target.stage = 'refinning'", "did you mean 'refining'"),
    ),
    "no such node in the country": (
        LOSS + "    target: {country: USA, stage: mining}\n",
        ("names no node", "USA has tools"),
    ),
    "nothing exported": (
        FULL_BAN.replace("origin: CHN", "origin: AUS").replace("metal/crude", "part/coil"),
        ("holds nothing", "AUS exports ore/rock"),
    ),
    "unknown stockpile": (
        RESPONSES + RELEASE.replace("vault", "valut") + "{on: +9 days}}\n",
        ("responses[0].stockpile = 'valut' is not a stockpile", "did you mean 'vault'"),
    ),
    "stockpile that exists": (
        RESPONSES + VAULT.replace("pile: pile", "pile: vault") + "opening: 9 days}\n",
        ("'vault' is a stockpile of the network already",),
    ),
    "unknown substitute": (
        RESPONSES + SWAP + "material: metal/fine, max_share: 10%, substitute: metal/fin}\n",
        ("substitute = 'metal/fin'", "did you mean 'metal/fine'"),
    ),
    "unknown sector": (
        RESPONSES + SWAP + "material: part/coil, max_share: 10%, sectors: [power_tool]}\n",
        ("sectors[0] = 'power_tool' is not a sector", "did you mean 'power_tools'"),
    ),
    "two of one label": (
        FULL_BAN + "    label: ban\n" + FULL_BAN.split("disruptions:\n")[1] + "    label: ban\n",
        ("disruptions[1].label = 'ban' is the name of disruptions[0] already",),
    ),
    "listed twice": (FULL_BAN.replace("[USA, JPN]", "[USA, USA]"), ("watch[1] = 'USA' is listed twice",)),
    # units and numbers -------------------------------------------------------------------------------
    "wrong unit of time": (
        HEAD.replace("2 years", "2 yaers"),
        ("s.yaml:3:10", "horizon = '2 yaers'", "unknown unit", "did you mean 'years'"),
    ),
    "no unit of time": (HEAD.replace("2 years", "730"), ("horizon = 730", "has no unit", "'730 days'")),
    "mass for a time": (HEAD.replace("2 years", "5 t"), ("horizon = '5 t'", "unknown unit 't'")),
    "negative time": (HEAD.replace("2 years", "-2 years"), ("horizon = '-2 years'", "0 or more")),
    "horizon of nothing": (HEAD.replace("2 years", "0 days"), ("horizon = '0 days'", "longer than 0")),
    "horizon below a step": (
        HEAD.replace("2 years", "3 days"),
        ("horizon = '3 days'", "shorter than one step"),
    ),
    "horizon of a millennium": (HEAD.replace("2 years", "1000 years"), ("longer than 200 years",)),
    "negative severity": (
        BAN + "    start: +9 days\n    severity: -0.5\n",
        ("severity = -0.5", "from 0 to 1"),
    ),
    "severity in percent without the sign": (
        BAN + "    start: +9 days\n    severity: 40\n",
        ("severity = 40", "write 40%"),
    ),
    "severity above all": (
        BAN + "    start: +9 days\n    severity: 140%\n",
        ("severity = '140%'", "from 0 to 1"),
    ),
    "severity not a number": (
        BAN + "    start: +9 days\n    severity: .nan\n",
        ("severity = nan", "from 0 to 1"),
    ),
    "severity infinite": (BAN + "    start: +9 days\n    severity: .inf\n", ("severity = inf",)),
    "severity in words": (BAN + "    start: +9 days\n    severity: full\n", ("severity = 'full'", "40%")),
    "quota without unit": (BAN + "    start: +9 days\n    quota: 30\n", ("quota = 30", "'1200 t/year'")),
    "quota of money": (
        BAN + "    start: +9 days\n    quota: 30 USD/year\n",
        ("quota = '30 USD/year'", "unknown unit"),
    ),
    "negative quota": (
        BAN + "    start: +9 days\n    quota: -3 t/year\n",
        ("quota = '-3 t/year'", "0 or more"),
    ),
    "budget without unit": (
        RESPONSES + VAULT + "purchase: {target: 9 days, rate: 1 t/day, budget: 5}}\n",
        ("purchase.budget = 5", "billion USD"),
    ),
    "rate of nothing": (RESPONSES + RELEASE + "{on: +9 days}, rate: fast}\n", ("rate = 'fast'", "'5%/week'")),
    "opening in tonnes of what": (RESPONSES + VAULT + "opening: 5 t}\n", ("opening = '5 t'", "unknown unit")),
    "opening of what it does not hold": (
        RESPONSES + VAULT + "opening: {metal/fine: 5 t}}\n",
        ("opening.metal/fine is not held", "part/coil"),
    ),
    "year out of range": (HEAD + "network: {year: 20024}\n", ("network.year = 20024", "1990")),
    "priority out of range": (
        RESPONSES + RELEASE + "{on: +9 days}, priority: 0}\n",
        ("priority = 0", "1 to 9"),
    ),
    "order cap below one": (HEAD + "behaviour: {order_cap: 0.5}\n", ("order_cap = 0.5", "at least 1")),
    "switch that is no switch": (
        HEAD + "behaviour: {resourcing: maybe}\n",
        ("resourcing = 'maybe'", "on or off"),
    ),
    "prices on": (HEAD + "prices: on\n", ("prices = 'on'", "off")),
    "unknown step": (HEAD + "step: month\n", ("step = 'month'", "must be one of week, day")),
    # dates --------------------------------------------------------------------------------------------
    "no date": (HEAD.replace("2026-01-05", "5.1.2026"), ("s.yaml:2:8", "start = '5.1.2026'", "2026-07-01")),
    "thirtieth of February": (HEAD.replace("2026-01-05", "2026-02-30"), ("start = '2026-02-30'",)),
    "start as an offset": (HEAD.replace("2026-01-05", "+9 days"), ("start = '+9 days'", "offset")),
    "start after the end": (
        BAN + "    start: 2031-01-01\n    severity: 1\n",
        ("disruptions[0].start = '2031-01-01'", "not before the end of the run"),
    ),
    "over before the start": (
        BAN + "    start: 2025-01-01\n    duration: 4 weeks\n    severity: 1\n",
        ("is over before the run starts",),
    ),
    "announced after the start": (
        FULL_BAN + "    announced: 2026-08-01\n",
        ("announced = '2026-08-01'", "must be before the start"),
    ),
    # rules over several fields ------------------------------------------------------------------------
    "two rules of restriction": (
        FULL_BAN + "    quota: 5 t/year\n",
        ("exactly one of severity, quota, licence",),
    ),
    "no rule of restriction": (BAN + "    start: +9 days\n", ("exactly one of severity, quota, licence",)),
    "hubs without a leak": (
        FULL_BAN + "    leakage_hubs: [KOR]\n",
        ("leakage_hubs", "needs a leakage above 0"),
    ),
    "two triggers": (
        RESPONSES + RELEASE + "{on: +9 days, fill_rate_below: 90%}}\n",
        ("trigger", "exactly one of"),
    ),
    "trigger on prices": (RESPONSES + RELEASE + "{price_above: 2}}\n", ("price_above", "needs prices: on")),
    "empty stockpile": (RESPONSES + VAULT[:-2] + "}\n", ("needs opening, purchase or both",)),
    "recovery without time": (
        LOSS + "    target: refiner\n    recovery: linear\n",
        ("recovery", "recovery_time"),
    ),
    "target named twice": (LOSS + "    target: {node: refiner, operator: X}\n", ("named in one way",)),
    "folder and overlay": (HEAD + "network: {folder: net, overlay: net}\n", ("overlay", "excludes folder")),
    "folder that is not there": (
        HEAD + "network: {folder: nett}\n",
        ("network.folder = 'nett' is not a folder",),
    ),
    # names with paths ---------------------------------------------------------------------------------
    "name with path parts": (
        HEAD.replace("name: s", "name: ../../etc/s"),
        ("name = '../../etc/s'", "no path"),
    ),
    "name that is absolute": (HEAD.replace("name: s", "name: /tmp/s"), ("name = '/tmp/s'", "no path")),
    "name of dots": (HEAD.replace("name: s", "name: .."), ("name = '..'", "plain name")),
    "empty name": (HEAD.replace("name: s", 'name: ""'), ("name = ''", "plain name")),
    "name with a line break": (HEAD.replace("name: s", 'name: "a\\nb"'), ("name", "plain name")),
    # files --------------------------------------------------------------------------------------------
    "empty file": ("", ("s.yaml: is empty",)),
    "only comments": ("# nothing\n", ("s.yaml: is empty",)),
    "a list": ("- a\n- b\n", ("s.yaml:1:1", "is not a mapping")),
    "two documents": (HEAD + "---\n" + HEAD, ("s.yaml:4:1", "second document")),
    "not YAML": (HEAD + "title: [a\n", ("s.yaml:5:1", "is not YAML")),
    "tab": (HEAD + "network:\n\tyear: 2024\n", ("s.yaml:5:1", "a tab")),
    "colon in text": (HEAD + "title: what: if\n", ("s.yaml:4:12", "put text with ': ' in quotes")),
    "binary file": (b"\x89PNG\r\n\x1a\n\x00\x00", ("s.yaml:1:1", "is not UTF-8 text")),
    "null byte": (b"name: s\nstart\x00: 2026\n", ("s.yaml:2:6", "U+0000", "text file")),
    "UTF-16": (HEAD.encode("utf-16"), ("s.yaml:1:1", "is not UTF-8")),
    "Latin-1": (HEAD.encode() + "title: Größe\n".encode("latin-1"), ("s.yaml:4:10", "is not UTF-8")),
    "50 MB": (HEAD.encode() + b"# " + b"x" * 50_000_000, ("larger than 1,000,000 bytes",)),
    "alias bomb": (
        "a: &a [x, x, x, x, x, x, x, x, x]\n"
        + "".join(
            f"{k}: &{k} [{', '.join(['*' + p] * 9)}]\n" for p, k in zip("abcdefgh", "bcdefghi", strict=True)
        ),
        ("once aliases are expanded",),
    ),
    "alias of itself": (HEAD + "title: &t [*t]\n", ("alias *t refers to itself",)),
    "alias of nothing": (HEAD + "title: *t\n", ("alias *t is not defined above",)),
    "deep nesting": (HEAD + "title: " + "[" * 5000 + "]" * 5000 + "\n", ("nested deeper",)),
    "tag that calls code": (
        HEAD + "title: !!python/object/apply:os.system [echo]\n",
        ("s.yaml:4:8", "the tag", "is not allowed"),
    ),
    "merge key": (HEAD + "network:\n  <<: {year: 2024}\n", ("merge keys", "extends")),
    "key that is a list": (HEAD + "? [a, b]\n: c\n", ("a key must be plain text",)),
    # extends ------------------------------------------------------------------------------------------
    "extends itself": ("extends: s.yaml\n", ("extends is circular: s.yaml -> s.yaml",)),
    "extends in a circle": ("extends: other.yaml\n", ("extends is circular", "other.yaml")),
    "extends nothing": ("extends: otherr.yaml\n", ("does not exist", "did you mean 'other.yaml'")),
    "extends a folder": ("extends: net\n", ("is a folder",)),
    "extends a list": ("extends: [a.yaml]\n", ("extends must be the path",)),
    "extends a device": ("extends: /dev/zero\n", ("is not a plain file",)),
}


def run(*words: str) -> tuple[int, str, str]:
    """Run the command line; return exit code, standard output, standard error."""
    result = CliRunner().invoke(app, list(words))
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.stdout, result.stderr


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with a network beside the scenario."""
    monkeypatch.chdir(tmp_path)
    write_files(tmp_path / "net")
    (tmp_path / "other.yaml").write_text("extends: s.yaml\n", encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize("name", CASES)
def test_a_wrong_scenario_is_refused_in_words(folder: Path, name: str) -> None:
    """Exit code 1, one screen on standard error, nothing on standard output, nothing written."""
    content, expected = CASES[name]
    (folder / "s.yaml").write_bytes(content.encode() if isinstance(content, str) else content)
    code, output, message = run("run", "s.yaml")
    assert (code, output) == (1, "")
    for part in expected:
        assert part in message, f"{part!r} is not in:\n{message}"
    assert "Traceback" not in message
    assert len(message.splitlines()) <= 24
    assert len(message) <= 4000
    assert not (folder / "results").exists()


def test_there_are_sixty_cases_and_more() -> None:
    """The promise of the issue."""
    assert len(CASES) >= 60


def test_all_faults_of_a_file_are_told_at_once(folder: Path) -> None:
    """Who mends a file must not run ten times."""
    text = FULL_BAN.replace("100%", "140%").replace("2 years", "2 yaers") + "    leekage: 1\nwatsh: [USA]\n"
    (folder / "s.yaml").write_text(text, encoding="utf-8")
    message = run("run", "s.yaml")[2]
    for part in ("140%", "2 yaers", "leekage", "watsh"):
        assert part in message
    assert len(message.splitlines()) == 4


def test_all_unknown_names_of_a_file_are_told_at_once(folder: Path) -> None:
    """Names are checked against the network after the schema."""
    text = (
        FULL_BAN.replace("CHN", "CHI").replace("[metal/crude]", "[metal/crud]").replace("[USA, JPN]", "[USB]")
    )
    (folder / "s.yaml").write_text(text, encoding="utf-8")
    message = run("check", "s.yaml")[2]
    for part in ("'CHI'", "'metal/crud'", "'USB'"):
        assert part in message


def test_a_broken_scenario_among_several_runs_none(folder: Path) -> None:
    """Neither by its schema nor by a name that only the network knows."""
    (folder / "good.yaml").write_text(FULL_BAN.replace("name: s", "name: good"), encoding="utf-8")
    for text in (FULL_BAN.replace("100%", "140%"), FULL_BAN.replace("CHN", "CHI")):
        (folder / "s.yaml").write_text(text, encoding="utf-8")
        code, output, message = run("run", "good.yaml", "s.yaml")
        assert (code, output) == (1, "")
        assert "s.yaml:" in message
        assert not (folder / "results").exists()


def test_two_scenarios_of_one_name_are_refused(folder: Path) -> None:
    """The second result would replace the first."""
    for name in ("a", "b"):
        (folder / f"{name}.yaml").write_text(FULL_BAN, encoding="utf-8")
    code, _, message = run("run", "a.yaml", "b.yaml")
    assert code == 1
    assert "b.yaml: name 's' is also that of a.yaml" in message


def test_a_chain_of_extensions_has_an_end(folder: Path) -> None:
    """A chain that nobody can follow is a mistake."""
    for number in range(20):
        (folder / f"c{number}.yaml").write_text(f"extends: c{number + 1}.yaml\n", encoding="utf-8")
    assert "more than 8 files extend one another" in run("run", "c0.yaml")[2]


def test_a_country_misspelt_on_the_shipped_world_is_named(folder: Path) -> None:
    """The shipped names are those that most users misspell."""
    ban = "{kind: export_restriction, origin: CHM, materials: [galium], start: +9 days, severity: 1}"
    (folder / "s.yaml").write_text(f"{HEAD}disruptions:\n  - {ban}\n", encoding="utf-8")
    message = run("check", "s.yaml")[2]
    assert "did you mean 'CHN'" in message
    assert "did you mean 'gallium'" in message


def test_a_country_written_out_is_told_its_code(folder: Path) -> None:
    """Codes are the table's way, names are the reader's."""
    (folder / "s.yaml").write_text(HEAD + "watch: [Germany]\n", encoding="utf-8")
    assert "did you mean 'DEU'?" in run("check", "s.yaml")[2]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("watch: [DEU]", "watch[0] = 'DEU' means the plants named in it alone; its other industry is in EUU"),
        ("watch: ['bloc:NATO']", "watch[0] = 'bloc:NATO' leaves out EUU, which holds most industry of BEL"),
        ("watch: [EUU, DEU]", "watch[1] = 'DEU' has no rows: counted under EUU, listed before it"),
        ("watch: [DEU, EUU]", "watch[1] = 'EUU' is shown without DEU: counted under DEU, listed before it"),
        ("network: {year: 2022}", "network.year = 2022: the figures are gathered for 2024"),
    ],
)
def test_a_question_that_means_less_than_it_seems_is_noted(line: str, said: str) -> None:
    """Half a country's industry, a country counted elsewhere, a year without figures: the run says so."""
    scenario = loads_scenario(f"{HEAD}{line}\n")
    assert any(said in note for note in check_scenario(scenario, default_network()))


def test_countries_and_regions_apart_need_no_note() -> None:
    """What the shipped scenarios watch is whole."""
    scenario = loads_scenario(HEAD + "watch: [USA, EUU, JPN, KOR, CHN, IND]\n")
    assert not any("watch" in note for note in check_scenario(scenario, default_network()))
