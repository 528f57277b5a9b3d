"""What each command of the command line does, once its words are parsed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from sim.errors import ResultError
from sim.report.console import progress, show, show_json, show_text

if TYPE_CHECKING:
    from sim.analysis.result import ResultView


def run(
    scenarios: Sequence[Path],
    *,
    seed: int,
    step: Literal["week", "day"] | None,
    out: Path,
    record: Literal["watched", "all", "flows"],
    plot: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Run scenarios, save each result, print its tables (or all summaries as JSON)."""
    from sim.analysis.runs import load_scenarios, prepare, run_scenario  # --help must not wait for it

    _check_out(out)
    found = load_scenarios(scenarios)
    with progress(quiet=quiet) as tell:
        prepared = prepare(found, step=step, tell=tell)  # one that is wrong among several: none runs
    summaries = []
    for ready in prepared:
        with progress(quiet=quiet) as tell:
            result = run_scenario(ready, seed=seed, record=record, tell=tell)
            folder = result.save(out, draw=_drawer() if plot else None)
        summaries.append(result.summary)
        if not quiet and not as_json:
            _show_result(result, folder)
    if as_json:
        show_json(summaries[0] if len(summaries) == 1 else summaries)


def _check_out(out: Path) -> None:
    """Refuse a place for results that is no folder before anything is simulated.

    Raises
    ------
    ResultError
        If it, or something above it, is a file.
    """
    for place in (out, *out.parents):
        if place.exists():
            if not place.is_dir():
                raise ResultError(f"{place}: is not a folder; name one with --out")
            return


def _drawer() -> Any:
    from sim.report.figures import draw_figures  # matplotlib is slow to import

    return draw_figures


def _show_result(result: ResultView, folder: Path) -> None:
    from sim.report.tables import summary_tables

    notes = [f"Note: {note}" for note in result.manifest.get("notes", ())]
    show(summary_tables(result), *notes, f"Written to {folder}")


def compare(places: Sequence[Path], *, seed: int, out: Path, plot: bool, as_json: bool, quiet: bool) -> None:
    """Compare result folders or scenario files with the first."""
    from sim.analysis.compare import compare as compare_results
    from sim.analysis.runs import load_or_run
    from sim.report.figures import draw_comparison  # matplotlib is slow to import
    from sim.report.tables import comparison_tables

    _check_out(out)
    with progress(quiet=quiet) as tell:
        comparison = compare_results(*[load_or_run(place, seed=seed, tell=tell) for place in places])
        folder = comparison.save(out, draw=draw_comparison if plot else None)
    if as_json:
        show_json(comparison.summary)
    elif not quiet:
        show(comparison_tables(comparison), f"Written to {folder}")


def plot(folder: Path, *, out: Path | None, quiet: bool) -> None:
    """Draw the figures of a result folder into `out`."""
    from sim.analysis.result import load_result
    from sim.report.figures import draw_figures  # matplotlib is slow to import

    result = load_result(folder)
    target = out if out is not None else result.folder

    def draw() -> None:
        target.mkdir(parents=True, exist_ok=True)
        draw_figures(result, target)

    _write(target, draw)
    if not quiet:
        show(f"Written to {target / 'resilience.png'} and .svg")


def check(what: str, *, as_json: bool) -> bool:
    """Check tables, a network or a scenario; whether there is no error."""
    from sim.analysis.checkup import check_up

    with progress(quiet=as_json) as tell:
        found = check_up(what, tell=tell)
    if as_json:
        show_json(found.summary)
    else:
        from sim.report.network_tables import checkup_tables

        show(checkup_tables(found))
    return found.ok


def draw_network(
    what: str, *, world_map: Path | None, sankey: Path | None, material: str | None, as_json: bool
) -> None:
    """Draw the map of a network, or the flow chart of a chain.

    Raises
    ------
    ResultError
        If a flow chart is asked for without a material, or a file cannot be written.
    """
    from sim.analysis.checkup import network_at
    from sim.report.flow_chart import draw_flow_chart  # matplotlib is slow to import
    from sim.report.world_map import draw_map

    if sankey is not None and material is None:
        raise ResultError("--sankey needs --material: a commodity, a material or 'containing: X'")
    with progress(quiet=as_json) as tell:
        tell("building the network")
        found = network_at(what)
    written = []
    if world_map is not None:
        _write(world_map, lambda: draw_map(found, material, world_map))
        written.append(world_map)
    if sankey is not None and material is not None:
        _write(sankey, lambda: draw_flow_chart(found, material, sankey))
        written.append(sankey)
    files = [str(path.with_suffix(suffix)) for path in written for suffix in (".png", ".svg")]
    if as_json:
        show_json({"written": files})
    else:
        show(f"Written to {', '.join(files)}")


def network(what: str, *, node: str | None, export: tuple[str, Path] | None, as_json: bool) -> None:
    """Print what a network holds, or the account of one node; or write it as a graph."""
    from sim.analysis.accounts import network_summary, node_account
    from sim.analysis.checkup import network_at
    from sim.report.exports import export_graph
    from sim.report.network_tables import account_tables, network_tables

    with progress(quiet=as_json) as tell:
        tell("building the network")
        found = network_at(what)
    if export is not None:
        form, path = export
        _write(path, lambda: export_graph(found, str(form), path))
        if as_json:
            show_json({"written": str(path), "format": str(form)})
        else:
            show(f"Written to {path}")
        return
    content = network_summary(found) if node is None else node_account(found, node)
    if as_json:
        show_json(content)
    else:
        show(network_tables(content) if node is None else account_tables(content))


def trace(name: str, *, as_json: bool) -> None:
    """Print the figures and sources behind a node or a material."""
    from sim.analysis.trace import trace as trace_name
    from sim.report.trace_tables import trace_tables

    with progress(quiet=as_json) as tell:
        tell("building the network")
        found = trace_name(name)
    if as_json:
        show_json(found)
    else:
        show(trace_tables(found))


def projects(filters: dict[str, Any], *, sort: str, as_json: bool) -> None:
    """Print the projects and programmes that match, with their sums."""
    from sim.analysis.projects import project_totals
    from sim.analysis.projects import projects as matching

    rows = matching(**filters, sort=sort)
    if as_json:
        show_json(rows)
    else:
        from sim.report.project_tables import project_tables

        show(project_tables(rows, project_totals(rows)))


def schema(file: Path | None) -> None:
    """Write the JSON Schema of scenario files."""
    from sim.analysis.store import json_text, write_whole
    from sim.model.scenario import json_schema

    text = json_text(json_schema())
    if file is None:
        show_text(text)
    else:
        _write(
            file,
            lambda: write_whole(file, lambda place: place.write_text(text, encoding="utf-8", newline="\n")),
        )


def new_network(folder: Path) -> None:
    """Write the template of a network."""
    from sim.model.templates import write_network_template

    place = write_network_template(folder)
    show(f"Written to {place}; read {place / 'README.txt'}, then: sim check {place}")


def new_scenario(file: Path) -> None:
    """Write the template of a scenario."""
    from sim.model.templates import write_scenario_template

    place = write_scenario_template(file)
    show(f"Written to {place}; then: sim check {place}, sim run {place}")


def _write(path: Path, work: Any) -> None:
    """Do some writing; a fault of the file system becomes one line.

    Raises
    ------
    ResultError
        If it fails.
    """
    try:
        work()
    except OSError as fault:
        raise ResultError(f"{path}: cannot be written: {fault.strerror or fault}") from fault
