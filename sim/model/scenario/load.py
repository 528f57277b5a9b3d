"""Reads scenario files: strict, with the position of every fault, all faults at once."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from sim.errors import Faults, ScenarioError, suggestion
from sim.model.scenario.dates import date_faults
from sim.model.scenario.faults import add_faults, places_of
from sim.model.scenario.schema import Scenario
from sim.model.scenario.yaml_tree import MAX_BYTES, Item, Place, Source, decode, printable, read_tree

MAX_EXTENDS = 8  # files in a chain; a longer one cannot be followed by a reader either


def load_scenario(path: Path | str) -> Scenario:
    """Read a scenario file with everything that it extends.

    Parameters
    ----------
    path : Path or str

    Raises
    ------
    ScenarioError
        One line for each fault: file:line:column, key, value got, what is allowed.

    Examples
    --------
    >>> load_scenario("scenarios/baseline.yaml").step_days
    7
    """
    file = Path(path)
    source = Source(printable(str(file)), file.parent, file)
    return _load(_read_file(source, None), source)


def loads_scenario(text: str | bytes, folder: Path | str = ".", name: str = "scenario") -> Scenario:
    """Read a scenario from text; relative paths count from `folder`.

    Parameters
    ----------
    text : str or bytes
    folder : Path or str
    name : str
        What messages call the text.

    Raises
    ------
    ScenarioError
        As `load_scenario`.

    Examples
    --------
    >>> loads_scenario("{name: short, start: 2026-01-05, horizon: 1 year}").n_steps
    53
    """
    source = Source(name, Path(folder))
    return _load(decode(text, source) if isinstance(text, bytes) else text, source)


def _load(text: str, source: Source) -> Scenario:
    """Return the scenario of a text and of what it extends."""
    faults = Faults(ScenarioError)
    root = _read_chain(text, source, (source,), faults)
    places = places_of(root)
    try:
        scenario = Scenario.model_validate(root.plain())
    except ValidationError as error:
        add_faults(error, places, faults)
        faults.raise_if_any()
        raise AssertionError("the schema refused a scenario without naming a fault") from error
    scenario._positions = places.values
    for message in date_faults(scenario):
        faults.add(message)
    scenario = _with_folders(scenario, root, faults)
    faults.raise_if_any()
    return scenario


# -- files -------------------------------------------------------------------------------------------------


def _read_file(source: Source, asked_at: Place | None) -> str:
    """Return the text of a source's file.

    Parameters
    ----------
    source : Source
    asked_at : Place or None
        The `extends` that names it; None for the file asked for.

    Raises
    ------
    ScenarioError
        If the file is missing, not a plain file, too large, or not text.
    """
    file = source.file
    assert file is not None
    head = f"{asked_at}: extends = '{source.name}'" if asked_at is not None else source.name
    try:
        if file.is_dir():
            raise ScenarioError(f"{head} is a folder; name a scenario file")
        if file.exists() and not file.is_file():
            raise ScenarioError(f"{head} is not a plain file")
        if not file.is_file():
            raise ScenarioError(f"{head} does not exist{_like(file)}")
        with file.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        if isinstance(error, ScenarioError):
            raise
        raise ScenarioError(f"{head} cannot be read: {getattr(error, 'strerror', None) or error}") from None
    return decode(data, source)


def _like(file: Path) -> str:
    """Return a hint at the scenario files beside a missing one."""
    names = sorted(path.name for path in file.parent.glob("*.y*ml")) if file.parent.is_dir() else []
    return suggestion(file.name, names)


def _read_chain(text: str, source: Source, chain: tuple[Source, ...], faults: Faults) -> Item:
    """Return the tree of a text laid over the one it extends, if it does."""
    root = read_tree(text, source, faults)
    assert isinstance(root.value, dict)
    parent = root.value.pop("extends", None)
    if parent is None:
        return root
    if not isinstance(parent.value, str) or not parent.value.strip():
        faults.add(f"{parent.place}: extends must be the path of one scenario file")
        faults.raise_if_any()
    assert isinstance(parent.value, str)
    file = source.folder / parent.value
    base = Source(printable(str(file)), file.parent, file)
    text = _read_file(base, parent.place)
    links = (*chain, base)
    shown = " -> ".join(link.file.name if link.file else link.name for link in links)
    if any(link.file is not None and link.file.samefile(file) for link in chain):
        raise ScenarioError(f"{parent.place}: extends is circular: {shown}")
    if len(links) > MAX_EXTENDS:
        raise ScenarioError(f"{parent.place}: more than {MAX_EXTENDS} files extend one another: {shown}")
    _default_name(root, source, parent.place)
    return _merged(_read_chain(text, base, links, faults), root)


def _default_name(root: Item, source: Source, place: Place) -> None:
    """Name a file that extends another after itself, lest its result replace the other's."""
    assert isinstance(root.value, dict)
    if "name" not in root.value and source.file is not None:
        root.value["name"] = Item(place, source.file.stem)
        root.keys["name"] = place


def _merged(base: Item, over: Item) -> Item:
    """Return `base` with `over` laid over it: mappings merge, lists and plain values are replaced."""
    if not isinstance(base.value, dict) or not isinstance(over.value, dict):
        return over
    value = dict(base.value)
    for key, item in over.value.items():
        value[key] = _merged(value[key], item) if key in value else item
    return Item(over.place, value, base.keys | over.keys)


def _with_folders(scenario: Scenario, root: Item, faults: Faults) -> Scenario:
    """Return the scenario with its network folders counted from the file that names them."""
    network = root.value.get("network") if isinstance(root.value, dict) else None
    if network is None or not isinstance(network.value, dict):
        return scenario
    found: dict[str, Path] = {}
    for key in ("folder", "overlay"):
        given = getattr(scenario.network, key)
        if given is None:
            continue
        place = network.value[key].place
        found[key] = (place.source.folder / given).absolute()
        if not found[key].is_dir():
            faults.add(f"{place}: network.{key} = '{given}' is not a folder")
    if not found:
        return scenario
    return scenario.model_copy(update={"network": scenario.network.model_copy(update=found)})
