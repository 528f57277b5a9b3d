"""The command line: each command parses, calls one public function, prints.

Exit codes: 0 done, 1 a fault in the input (a message, no traceback), 2 wrong usage, 130 interrupted.
Imports are inside the commands so that ``sim --help`` answers at once.
"""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from sim.errors import SimError

INTERRUPTED = 130


class Commands(TyperGroup):
    """Turns known faults into a message and exit code 1, Ctrl-C into one line and 130."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command named on the command line."""
        try:
            return super().invoke(ctx)
        except SimError as fault:
            if ctx.params.get("debug"):
                raise
            from sim.report.console import show_fault

            show_fault(str(fault))
            raise typer.Exit(1) from None
        except KeyboardInterrupt:
            sys.stderr.write("interrupted; earlier results are untouched\n")
            raise typer.Exit(INTERRUPTED) from None


class StepChoice(StrEnum):
    """Length of a step."""

    week = "week"
    day = "day"


class RecordChoice(StrEnum):
    """What is recorded."""

    watched = "watched"
    all = "all"
    flows = "flows"


class GraphFormat(StrEnum):
    """Formats of an exported network."""

    graphml = "graphml"
    gexf = "gexf"
    json = "json"


app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Critical-mineral supply dependency: what a supplier's stop does, what a response is worth.",
)
new = typer.Typer(no_args_is_help=True, help="Write a commented template to start from.")
app.add_typer(new, name="new")

Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but faults.")]
Out = Annotated[Path, typer.Option("--out", "-o", help="Folder that takes the result folders.")]
Seed = Annotated[int, typer.Option(min=0, help="Seed of every random stream.")]
NoPlot = Annotated[bool, typer.Option("--no-plot", help="Write no figures.")]


def _print_version(wanted: bool) -> None:
    if wanted:
        from sim import __version__

        typer.echo(f"critmin-sim {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show a traceback with a fault.")] = False,
) -> None:
    """Take the options that all commands share."""


@app.command()
def run(
    scenarios: Annotated[list[Path], typer.Argument(help="Scenario files (YAML).")],
    seed: Seed = 0,
    step: Annotated[StepChoice | None, typer.Option(help="Step, instead of the scenario's own.")] = None,
    out: Out = Path("results"),
    record: Annotated[
        RecordChoice, typer.Option(help="Countries, or everything, or flows too.")
    ] = RecordChoice.watched,
    no_plot: NoPlot = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Run scenarios, print who falls short and when it is over, write results/NAME/."""
    from sim.report import commands

    commands.run(
        scenarios,
        seed=seed,
        step=step.value if step else None,
        out=out,
        record=record.value,
        plot=not no_plot,
        as_json=as_json,
        quiet=quiet,
    )


@app.command()
def compare(
    results: Annotated[
        list[Path], typer.Argument(help="Result folders or scenario files; the first is the reference.")
    ],
    seed: Seed = 0,
    out: Out = Path("results"),
    no_plot: NoPlot = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Compare results with the first of them, such as a scenario with and without a response."""
    if len(results) < 2:
        raise typer.BadParameter("a comparison needs at least two result folders or scenario files")
    from sim.report import commands

    commands.compare(results, seed=seed, out=out, plot=not no_plot, as_json=as_json, quiet=quiet)


@app.command()
def plot(
    folder: Annotated[Path, typer.Argument(help="Result folder.")],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Folder for the figures; default: FOLDER.")
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Draw the figures of a result folder again."""
    from sim.report import commands

    commands.plot(folder, out=out, quiet=quiet)


@app.command()
def check(
    what: Annotated[
        str,
        typer.Argument(
            help="A scenario file, a network folder, 'data' (the tables) or 'network' (the world)."
        ),
    ] = "network",
    as_json: Json = False,
) -> None:
    """Check a scenario, a network or the tables; exit 1 if there is an error."""
    from sim.report import commands

    if not commands.check(what, as_json=as_json):
        raise typer.Exit(1)


@app.command()
def network(
    what: Annotated[
        str, typer.Argument(help="A scenario file, a network folder, or 'network' (the shipped world).")
    ] = "network",
    node: Annotated[
        str | None, typer.Option(help="Account of one node: inputs, outputs, partners, stocks.")
    ] = None,
    export: Annotated[
        tuple[GraphFormat, Path] | None,
        typer.Option(metavar="FORMAT FILE", help="Write as graphml, gexf or json."),
    ] = None,
    world_map: Annotated[
        Path | None, typer.Option("--map", metavar="FILE", help="Draw makers and main flows on a world map.")
    ] = None,
    sankey: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Draw who makes and who uses each material of --material."),
    ] = None,
    material: Annotated[
        str | None,
        typer.Option(help="For --map and --sankey: a commodity, a material or 'containing: X'."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Show what a network holds, or one node of it, or export or draw it."""
    from sim.report import commands

    if world_map is not None or sankey is not None:
        commands.draw_network(what, world_map=world_map, sankey=sankey, material=material, as_json=as_json)
        return
    commands.network(what, node=node, export=export, as_json=as_json)


@app.command()
def trace(
    name: Annotated[
        str, typer.Argument(help="A node (process.COUNTRY), material (commodity/form), commodity or project.")
    ],
    as_json: Json = False,
) -> None:
    """Show where the numbers of a node or material come from: every figure down to its source."""
    from sim.report import commands

    commands.trace(name, as_json=as_json)


@app.command()
def projects(
    text: Annotated[str | None, typer.Argument(help="Part of an id, a name or an operator.")] = None,
    country: Annotated[str | None, typer.Option(help="Country code, such as USA.")] = None,
    material: Annotated[str | None, typer.Option(help="Material, commodity or plain word.")] = None,
    agency: Annotated[str | None, typer.Option(help="Who gives money: EXIM, DOE, DoW, DFC ...")] = None,
    status: Annotated[str | None, typer.Option(help="Status, or 'programme'.")] = None,
    in_list: Annotated[
        bool | None,
        typer.Option("--in-list/--not-in-list", help="Named in the list of February 2026, or not."),
    ] = None,
    sort: Annotated[str, typer.Option(help="id, country, status, start, amount_usd_m ...")] = "id",
    as_json: Json = False,
) -> None:
    """Show announced projects, money and institutions, and what they add up to."""
    from sim.report import commands

    filters = {"text": text, "country": country, "material": material, "agency": agency, "status": status}
    commands.projects(filters | {"in_list": in_list}, sort=sort, as_json=as_json)


@app.command()
def schema(
    file: Annotated[Path | None, typer.Argument(help="Where to write it; default: standard output.")] = None,
) -> None:
    """Print the JSON Schema of scenario files, for editors that complete and check."""
    from sim.report import commands

    commands.schema(file)


@new.command("network")
def new_network(folder: Annotated[Path, typer.Argument(help="Folder to make.")]) -> None:
    """Write the tables of a small network of one's own, with comments."""
    from sim.report import commands

    commands.new_network(folder)


@new.command("scenario")
def new_scenario(file: Annotated[Path, typer.Argument(help="File to make (.yaml).")]) -> None:
    """Write a scenario with comments on every part."""
    from sim.report import commands

    commands.new_scenario(file)
