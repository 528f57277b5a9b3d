"""What the project says of itself at its rim agrees with what it is."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

from sim.data.read import TABLES_FOLDER
from sim.model.templates import NETWORK_FILES, TEMPLATES_FOLDER

ROOT = Path(__file__).parents[2]
MODULE_OF = {"ruamel.yaml": "ruamel"}
INDIRECT = {"typing_extensions"}  # comes with pydantic, which needs it for the same purpose


@pytest.fixture(scope="module")
def project() -> dict[str, Any]:
    """Return the parsed pyproject.toml."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def requirements(project: dict[str, Any]) -> list[Requirement]:
    """Return what the program and its tools need."""
    table = project["project"]
    return [Requirement(line) for line in (*table["dependencies"], *table["optional-dependencies"]["dev"])]


def imported() -> set[str]:
    """Return the top-level names that the package imports, its own and Python's apart."""
    found: set[str] = set()
    for path in (ROOT / "sim").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found.add(node.module.partition(".")[0])
            elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module"):
                found |= {
                    ast.literal_eval(a).partition(".")[0] for a in node.args if isinstance(a, ast.Constant)
                }
    return found - set(sys.stdlib_module_names) - {"sim"}


def test_what_is_imported_is_declared_and_the_reverse(project: dict[str, Any]) -> None:
    """An undeclared import breaks a clean install; an idle declaration costs every user a download."""
    declared = [Requirement(line).name for line in project["project"]["dependencies"]]
    assert {MODULE_OF.get(name, name) for name in declared} == imported() - INDIRECT


def test_every_requirement_is_bounded_on_both_sides(project: dict[str, Any]) -> None:
    """The next major version of anything may change results or break."""
    open_ended = [
        str(need)
        for need in requirements(project)
        if not {">=", "<"} <= {clause.operator for clause in need.specifier}
    ]
    assert open_ended == []


def test_locked_versions_lie_within_the_bounds(project: dict[str, Any]) -> None:
    """The environment of the Makefile is one that the project promises to work in."""
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pinned = dict(line.split("==") for line in lines if line and not line.startswith("#"))
    locked = {name.lower().replace("_", "-"): version for name, version in pinned.items()}
    for need in requirements(project):
        assert Version(locked[need.name.lower().replace("_", "-")]) in need.specifier, str(need)


def test_one_version_everywhere(project: dict[str, Any]) -> None:
    """Project, citation and the newest entry of the changelog agree."""
    version = project["project"]["version"]
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.findall(r"^version: (\S+)$", citation, re.M) == [version]
    assert re.findall(r"^## (\d\S*?),? ", changelog, re.M)[0] == version


def test_tables_and_templates_lie_inside_the_package() -> None:
    """The wheel holds the folder `sim` whole; what lies elsewhere is missing after an install."""
    assert TABLES_FOLDER.is_relative_to(ROOT / "sim")
    assert TEMPLATES_FOLDER.is_relative_to(ROOT / "sim")
    assert all((TEMPLATES_FOLDER / "network" / name).is_file() for name in NETWORK_FILES)


def test_every_make_target_that_is_named_exists() -> None:
    """Readers type what pages and the continuous integration name."""
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M))
    pages = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), ROOT / ".ci" / "run"]
    code = re.compile(r"(?:`|^ {4}|stage )make ([a-z-]+)", re.M)
    named = {word for page in pages for word in code.findall(page.read_text(encoding="utf-8"))}
    assert {"run", "test", "check"} <= named
    assert named <= targets


def test_the_readme_lists_every_shipped_scenario() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| `(\w+)` \|", text, re.M)
    assert sorted(listed) == sorted(path.stem for path in (ROOT / "scenarios").glob("*.yaml"))


def test_the_picture_is_small() -> None:
    """A page must load at once."""
    pictures = list((ROOT / "docs" / "images").iterdir())
    assert pictures
    assert [path.name for path in pictures if path.stat().st_size > 300_000] == []


def test_no_file_of_the_rim_names_a_package_index() -> None:
    """Where packages come from is the business of whoever installs them."""
    for name in ("constraints.txt", "Makefile", "pyproject.toml", ".ci/run"):
        text = (ROOT / name).read_text(encoding="utf-8")
        assert not re.search(r"index-url|find-links|pypi", text), name
