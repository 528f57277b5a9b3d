"""Writes a scenario so that it loads to an equal one, and its JSON Schema."""

from __future__ import annotations

import io
from typing import Any

from ruamel.yaml import YAML

from sim.model.scenario.schema import Scenario


def scenario_data(scenario: Scenario) -> dict[str, Any]:
    """Return plain data as a file would hold it; what is None is left out."""
    data: dict[str, Any] = scenario.model_dump(mode="json", by_alias=True, exclude_none=True)
    return data


def dump_scenario(scenario: Scenario) -> str:
    """Return resolved YAML text."""
    stream = io.StringIO()
    writer = YAML()
    writer.default_flow_style = False
    writer.width = 110
    writer.dump(scenario_data(scenario), stream)
    return stream.getvalue()


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of a scenario file, for editors; `extends` makes every key optional."""
    schema: dict[str, Any] = Scenario.model_json_schema(by_alias=True)
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "critmin-sim scenario"
    schema["properties"]["extends"] = {
        "type": "string",
        "description": "Path of a scenario file that this one changes: mappings merge, lists are replaced.",
    }
    schema["anyOf"] = [{"required": schema.pop("required")}, {"required": ["extends"]}]
    return schema
