"""From a scenario, or the path of one, to its result: the network that it names is found or built."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol

from sim.errors import ResultError, ScenarioError
from sim.model.scenario import Scenario, check_scenario, load_scenario

if TYPE_CHECKING:
    from sim.analysis.result import ResultView, RunResult
    from sim.model.network import Network

RecordScope = Literal["watched", "all", "flows"]
SCENARIO_SUFFIXES = (".yaml", ".yml")


class Prepared(NamedTuple):
    """A scenario with the network that it names, checked against each other."""

    scenario: Scenario
    network: Network
    build_s: float


class Tell(Protocol):
    """Hears what is being done, and what share of it is done where that is known."""

    def __call__(self, words: str, share: float | None = None, /) -> None:
        """Take the words for the stage, and the share from 0 to 1."""


def silent(words: str, share: float | None = None, /) -> None:
    """Tell nobody."""


def run_scenario(
    scenario: Scenario | Path | str | Prepared,
    *,
    seed: int = 0,
    step: Literal["week", "day"] | None = None,
    record: RecordScope = "watched",
    tell: Tell = silent,
) -> RunResult:
    """Run a scenario and its baseline on the network that the scenario names.

    Parameters
    ----------
    scenario : Scenario, Path, str or Prepared
        A scenario, its file, or one that `prepare` has given its network.
    seed : int
        Of every random stream.
    step : {"week", "day"}, optional
        Replaces the scenario's own.
    record : {"watched", "all", "flows"}
        Watched countries; all countries and nodes; also every flow.
    tell : callable
        Hears what is being done, for a progress bar.

    Returns
    -------
    RunResult

    Raises
    ------
    ScenarioError, NetworkError, DataError
        If the scenario or its network is wrong.

    Examples
    --------
    >>> result = run_scenario("scenarios/export_ban.yaml")  # doctest: +SKIP
    """
    from sim.analysis.simulate import simulate  # the engine is slow to import

    if isinstance(scenario, Prepared):
        ready = scenario
    else:
        found = scenario if isinstance(scenario, Scenario) else load_scenario(scenario)
        ready = prepare([found], step=step, tell=tell)[0]
    words = f"{ready.scenario.name}: {_engine_words()}"
    tell(words)
    result = simulate(
        ready.network, ready.scenario, seed=seed, record=record, progress=lambda share: tell(words, share)
    )
    result.manifest.setdefault("timings_s", {})["build"] = ready.build_s
    tell(f"{ready.scenario.name}: measuring and writing")
    return result


def network_for(scenario: Scenario) -> Network:
    """Return the network that a scenario names: the shipped world, a folder, or the world with an overlay.

    Raises
    ------
    NetworkError, DataError
        If its tables are wrong.
    """
    from sim.model.build import default_network  # pandas and scipy are slow
    from sim.model.folder import read_network_folder

    wanted = scenario.network
    if wanted.folder is not None:
        return read_network_folder(wanted.folder, latent=wanted.latent or "none", year=wanted.year)
    world = default_network(wanted.year, wanted.projects)
    if wanted.overlay is None:
        return world
    from sim.model.overlay import overlay_network

    return overlay_network(world, wanted.overlay, latent=wanted.latent or "none")


def load_scenarios(paths: Sequence[Path | str]) -> list[Scenario]:
    """Read scenarios whose results will stand side by side.

    Raises
    ------
    ScenarioError
        If one is wrong, or two bear one name and would overwrite each other.
    """
    scenarios = [load_scenario(path) for path in paths]
    first: dict[str, Path | str] = {}
    for path, scenario in zip(paths, scenarios, strict=True):
        if scenario.name in first:
            raise ScenarioError(
                f"{path}: name '{scenario.name}' is also that of {first[scenario.name]}; "
                "their results would overwrite each other"
            )
        first[scenario.name] = path
    return scenarios


def prepare(
    scenarios: Sequence[Scenario], *, step: Literal["week", "day"] | None = None, tell: Tell = silent
) -> list[Prepared]:
    """Return each scenario with its network, checked against it, so that a fault is known before any run.

    Raises
    ------
    ScenarioError, NetworkError, DataError
        For the first scenario that is wrong or whose network is.
    """
    prepared = []
    for scenario in scenarios:
        wanted = scenario if step is None else scenario.with_changes(step=step)
        tell(f"{wanted.name}: building the network")
        started = time.perf_counter()
        network = network_for(wanted)
        built = time.perf_counter() - started
        check_scenario(wanted, network)
        prepared.append(Prepared(wanted, network, built))
    return prepared


def load_or_run(place: Path | str, *, seed: int = 0, tell: Tell = silent) -> ResultView:
    """Return the result in a folder, or the run of a scenario file.

    Raises
    ------
    ResultError
        If it is neither.
    """
    from sim.analysis.result import load_result  # pandas is slow to import

    path = Path(place)
    if path.is_dir():
        return load_result(path)
    if path.suffix in SCENARIO_SUFFIXES:
        return run_scenario(path, seed=seed, tell=tell)
    raise ResultError(f"{path}: neither a result folder nor a scenario file (.yaml)")


def _engine_words() -> str:
    """Say why a first run takes longer."""
    from sim.engine.compiled import is_cached  # numba is slow to import

    if is_cached():
        return "simulating"
    return "compiling the engine (once after installing or updating, about half a minute), then simulating"
