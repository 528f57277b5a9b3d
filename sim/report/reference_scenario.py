"""Writes the reference page of scenario files from their JSON Schema, that is, the texts under the fields."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sim.model.scenario import json_schema

Schema = Mapping[str, Any]
Rows = list[tuple[str, str, str, str]]

HEAD = ("key", "write", "default", "meaning")
INTRO = """\
# Scenario files

A scenario is a YAML file: when, on which network, what happens, what is done about it, who is watched.
`sim check FILE` tests one, `sim new scenario FILE` writes a commented one, `sim schema` prints the JSON
Schema from which this page is made (editors use it to complete and check). Unknown keys are refused.

- **Durations** say their unit: `52 weeks`, `12 months` (365 days), `90 days`, `6 years`.
- **Dates** are dates, `2026-07-06`, or offsets from the scenario's start, `+20 days`. An event acts from the
  first step that starts on or after its date; the run says once what it rounded.
- **Shares** are `40%` or `0.4`. **Flows** are `1200 t/year`, **masses** `5 t`, **money** `1.5 billion USD`.
- **Materials** are a commodity (`gallium`: all its forms), one material (`gallium/primary_metal`), or
  `{containing: dysprosium}`: it and every material that leads back to it through inputs that are at least
  half essential.
- **Places** are a country (`USA`), a region (`EUU`: its members too) or `bloc:NAME`; members stand in
  `sim/data/tables/groups.csv`.
- **`extends: FILE`** takes another scenario and changes it: mappings merge, lists and plain values are
  replaced. A file that extends another is named after itself when it gives no `name`.
"""


def scenario_page() -> str:
    """Return the page on scenario files."""
    schema = json_schema()
    kinds = {key: _kinds(schema["properties"][key]) for key in ("disruptions", "responses")}
    lines = [INTRO, "## The file", "", *_table(schema, schema)]
    for key, names in kinds.items():
        lines += [
            "",
            f"## {key.capitalize()}",
            "",
            "One of these kinds; each item of the list says its `kind`.",
        ]
        for kind, name in names.items():
            lines += ["", f"### {kind}", "", *_section(schema["$defs"][name], schema)]
    lines += ["", "## Parts", "", "Mappings that keys above refer to."]
    used = {name for names in kinds.values() for name in names.values()}
    for name, part in schema["$defs"].items():
        if name not in used and "properties" in part:
            lines += ["", f"### {name}", "", *_section(part, schema)]
    return "\n".join(lines) + "\n"


def _kinds(field: Schema) -> dict[str, str]:
    """Return the definition of each kind in a list of disruptions or responses, in the schema's order."""
    by_name = {
        ref.rsplit("/", 1)[1]: kind for kind, ref in field["items"]["discriminator"]["mapping"].items()
    }
    names = [option["$ref"].rsplit("/", 1)[1] for option in field["items"]["oneOf"]]
    return {by_name[name]: name for name in names}


def _section(part: Schema, schema: Schema) -> list[str]:
    """Return the description and the table of one mapping."""
    return [*str(part.get("description", "")).splitlines(), "", *_table(part, schema)]


def _table(part: Schema, schema: Schema) -> list[str]:
    from sim.report.reference import markdown_table  # it imports this module

    return markdown_table(HEAD, _rows(part, schema))


def _rows(part: Schema, schema: Schema) -> Rows:
    """Return a row for each key of a mapping but `kind`."""
    needed = part.get("required") or part.get("anyOf", [{}])[0].get("required", ())
    rows: Rows = []
    for key, field in part["properties"].items():
        if "const" not in field:
            default = "required" if key in needed else _default(field)
            rows.append((f"`{key}`", how_written(field, schema), default, field.get("description", "")))
    return rows


def _default(field: Schema) -> str:
    """Return the default of a field; blank when leaving it out means what its text says."""
    value = field.get("default")
    if value is None or value == "" or isinstance(value, Mapping):
        return ""
    return _code(value)


def how_written(field: Schema, schema: Schema) -> str:
    """Return how a field is written, in words and examples.

    Examples
    --------
    >>> how_written({"type": "array", "items": {"type": "string"}}, {})
    'list of text'
    """
    if "$ref" in field:
        return _reference(field["$ref"].rsplit("/", 1)[1], schema)
    if field.get("type") == "array":
        return f"list of {how_written(field['items'], schema).removeprefix('such as ')}"
    if "examples" in field:
        return "such as " + ", ".join(_code(example) for example in field["examples"])
    if "enum" in field:
        return " or ".join(_code(word) for word in _words(field["enum"]))
    if "oneOf" in field:
        return "the kinds below"
    if "anyOf" in field:
        return " or ".join(dict.fromkeys(how_written(o, schema) for o in _given(field["anyOf"])))
    return _plain(field, schema)


def _plain(field: Schema, schema: Schema) -> str:
    """Return how a value of one plain type is written."""
    kind = field.get("type")
    if kind == "integer":
        return f"whole number, {field['minimum']} to {field['maximum']}"
    if kind == "object":
        values = how_written(field["additionalProperties"], schema)
        return f"mapping from a name to {values.removeprefix('such as ')}"
    return {"boolean": "`true` or `false`", "number": "number", "string": "text"}[str(kind)]


def _reference(name: str, schema: Schema) -> str:
    """Return a link to a part, or the words of an enumeration."""
    part = schema["$defs"][name]
    if "enum" in part:
        return " or ".join(_code(word) for word in part["enum"])
    return f"[{name}](#{name.lower()})"


def _given(options: Sequence[Schema]) -> Iterator[Schema]:
    """Yield the options that stand for a value; null only says that the key may be left out."""
    yield from (option for option in options if option.get("type") != "null")


def _words(values: Sequence[Any]) -> list[Any]:
    """Return the texts of an enumeration; true and false beside them are spellings of older YAML."""
    texts = [value for value in values if isinstance(value, str)]
    return texts or list(values)


def _code(value: Any) -> str:
    """Return a value as YAML in one line."""
    if isinstance(value, Mapping):
        return "`{" + ", ".join(f"{key}: {item}" for key, item in value.items()) + "}`"
    if isinstance(value, list):
        return "`[" + ", ".join(str(item) for item in value) + "]`"
    if isinstance(value, float):
        return f"`{value:g}`"
    return f"`{value if isinstance(value, str) else json.dumps(value)}`"
