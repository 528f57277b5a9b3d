"""Keeps a built network on disk, as JSON: nothing in it is ever executed, and a bad file is no fault."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from sim.model.announced import Announced, Entry, Feed, Part, Redirect
from sim.model.network import Arc, BuildReport, Input, Material, Network, Node, Output, ScrapSource, Stockpile
from sim.vocab import Evidence, NodeStatus, Stage

FOLDER_VARIABLE = "CRITMIN_SIM_CACHE"
CODE_FOLDERS = (Path(__file__).parent, Path(__file__).parents[1] / "data")


def cache_folder() -> Path:
    """Return where built networks are kept: ``$CRITMIN_SIM_CACHE``, or the user's cache folder."""
    own = os.environ.get(FOLDER_VARIABLE)
    if own:
        return Path(own)
    base = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA")
    return (Path(base) if base else Path.home() / ".cache") / "critmin-sim"


def code_hash() -> str:
    """Return the SHA-256 of the code that builds networks: a changed line means a new build."""
    digest = hashlib.sha256()
    for folder in CODE_FOLDERS:
        for path in sorted(folder.glob("*.py")):
            digest.update(path.name.encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


def load(tables_digest: str, year: int) -> Network | None:
    """Return the network kept for these tables and this code, or None."""
    try:
        text = _path(tables_digest, year).read_text(encoding="utf-8")
        check, _, body = text.partition("\n")
        if check != hashlib.sha256(body.encode()).hexdigest():
            return None
        return from_plain(json.loads(body))
    except (OSError, ValueError, TypeError, KeyError, RuntimeError):  # RuntimeError: no home folder
        return None


def store(network: Network, tables_digest: str, year: int) -> None:
    """Keep a network; a folder that cannot be written is no fault."""
    body = json.dumps(to_plain(network), separators=(",", ":"))
    text = hashlib.sha256(body.encode()).hexdigest() + "\n" + body
    try:
        path = _path(tables_digest, year)
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, suffix=".part")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        Path(name).replace(path)  # whole or not at all
        _forget_others(path)
    except (OSError, RuntimeError):
        return


def _path(tables_digest: str, year: int) -> Path:
    """Return the file of one network."""
    key = hashlib.sha256(f"{tables_digest} {code_hash()}".encode()).hexdigest()[:32]
    return cache_folder() / f"network-{year}-{key}.json"


def _forget_others(path: Path) -> None:
    """Remove networks of the same year that other tables or code have left."""
    year = path.name.split("-")[1]
    for other in path.parent.glob(f"network-{year}-*.json"):
        if other != path:
            other.unlink(missing_ok=True)


def to_plain(network: Network) -> dict[str, Any]:
    """Return a network as dicts, lists, text and numbers."""
    return {
        "name": network.name,
        "year": network.year,
        "materials": [_row(item) for item in network.materials.values()],
        "nodes": [
            {
                **_row(item),
                "inputs": [_row(i) for i in item.inputs],
                "outputs": [_row(o) for o in item.outputs],
            }
            for item in network.nodes.values()
        ],
        "arcs": [list(_row(item).values()) for item in network.arcs],
        "stockpiles": [_row(item) for item in network.stockpiles],
        "scrap": [_row(item) for item in network.scrap],
        "groups": dict(network.groups),
        "country_names": dict(network.country_names),
        "parameters": dict(network.parameters),
        "detour_days": dict(network.detour_days),
        "tables_hash": network.tables_hash,
        "announced": _announced_to_plain(network.announced),
        "report": {name: list(getattr(network.report, name)) for name in _REPORT},
    }


def from_plain(plain: Mapping[str, Any]) -> Network:
    """Return the network that `to_plain` wrote.

    Raises
    ------
    KeyError, TypeError, ValueError
        If something is missing or of another form.
    """
    nodes = [
        Node(
            **{
                **row,
                "stage": Stage(row["stage"]),
                "status": NodeStatus(row["status"]),
                "inputs": tuple(Input(**entry) for entry in row["inputs"]),
                "outputs": tuple(Output(**entry) for entry in row["outputs"]),
            }
        )
        for row in plain["nodes"]
    ]
    materials = [Material(**row) for row in plain["materials"]]
    piles = [Stockpile(**{**row, "members": tuple(row["members"])}) for row in plain["stockpiles"]]
    return Network(
        name=plain["name"],
        year=plain["year"],
        materials={item.id: item for item in materials},
        nodes={item.id: item for item in nodes},
        arcs=tuple(_arc(row) for row in plain["arcs"]),
        stockpiles=tuple(piles),
        scrap=tuple(ScrapSource(**row) for row in plain["scrap"]),
        groups={name: tuple(members) for name, members in plain["groups"].items()},
        country_names={code: (names[0], names[1]) for code, names in plain["country_names"].items()},
        parameters=plain["parameters"],
        detour_days=plain["detour_days"],
        tables_hash=plain["tables_hash"],
        announced=_announced(plain["announced"]),
        report=BuildReport(**{name: tuple(plain["report"][name]) for name in _REPORT}),
    )


def _announced_to_plain(announced: Announced) -> dict[str, Any]:
    """Return what is announced as lists and numbers."""
    return {
        "parts": [_row(item) for item in announced.parts],
        "redirects": [_row(item) for item in announced.redirects],
        "entries": [list(_row(item).values()) for item in announced.entries],
        "feeds": [list(_row(item).values()) for item in announced.feeds],
        "new_nodes": list(announced.new_nodes),
    }


def _announced(plain: Mapping[str, Any]) -> Announced:
    """Return what `_announced_to_plain` wrote."""
    return Announced(
        parts=tuple(Part(**{**row, "curve": tuple(row["curve"])}) for row in plain["parts"]),
        redirects=tuple(Redirect(**row) for row in plain["redirects"]),
        entries=tuple(Entry(*row) for row in plain["entries"]),
        feeds=tuple(Feed(*row) for row in plain["feeds"]),
        new_nodes=tuple(plain["new_nodes"]),
    )


_REPORT = tuple(item.name for item in fields(BuildReport))
_ARC = tuple(item.name for item in fields(Arc))
_ROUTE, _EVIDENCE = _ARC.index("route"), _ARC.index("evidence")


def _row(item: Any) -> dict[str, Any]:
    """Return the fields of a frozen record, not copied (`dataclasses.asdict` copies deeply and is slow)."""
    return {field.name: getattr(item, field.name) for field in fields(item)}


def _arc(row: list[Any]) -> Arc:
    """Return one arc; by position, since there are many."""
    row[_ROUTE] = tuple(row[_ROUTE])
    row[_EVIDENCE] = Evidence(row[_EVIDENCE])
    return Arc(*row)


__all__ = ["cache_folder", "from_plain", "load", "store", "to_plain"]
