"""The commands list, run, serve and doctor. lab/cli/reports.py has the commands that read the files of a run.

Nothing heavy is imported before a command needs it, so that reports can be read without Playwright.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
import tempfile
from collections.abc import Coroutine, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click
from rich.console import Console

from lab import paths
from lab.browser.engines import ENGINES
from lab.cli import reports
from lab.cli.console import complain, output, print_anything
from lab.cli.explain import explain
from lab.cli.listing import scenario_line, scenario_lines
from lab.cli.options import axis_options, choice_of, engine_option
from lab.cli.probe import probe
from lab.cli.prune import held, prune
from lab.errors import LabError, UsageError
from lab.model.axes import AXES
from lab.model.protocols import PROTOCOLS, parse_ports
from lab.model.verdict import KINDS
from lab.paths import LOOPBACK
from lab.results.file import Results
from lab.scenario import catalogue

INTERRUPTED = 130
T = TypeVar("T")


class Commands(click.Group):
    """Ends every LabError with one line and its documented exit code."""

    def invoke(self, context: click.Context) -> Any:
        print_anything()
        try:
            return super().invoke(context)
        except LabError as error:
            if tried := getattr(error, "tried", ()):
                from lab.doctor.tables import attempts_table

                output().print(attempts_table(tried))
            complain(error)
            sys.exit(error.exit_code)
        except KeyboardInterrupt:
            Console(stderr=True, highlight=False).print("interrupted")
            sys.exit(INTERRUPTED)


def complete(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end. SIGTERM and SIGHUP interrupt it like Ctrl-C: it is cancelled and tidies up; a second signal
    cancels that too. (Without these handlers, Python would raise KeyboardInterrupt at any point.)"""

    async def with_signals() -> T:
        task = asyncio.current_task()
        assert task is not None
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(number, task.cancel)
        return await work

    try:
        return asyncio.run(with_signals())
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="seventh-tab")
def main() -> None:
    """Measure how many tabs of a live page stay live, and why the rest wait."""


@main.command("list")
@click.argument("scenario", required=False)
def list_scenarios(scenario: str | None) -> None:
    """List the scenarios, a line each; or show all about one SCENARIO (a name or a file): its question, cells, cases and
    claims."""
    known = catalogue.load(catalogue.home())
    console = output()
    if scenario is None:
        widest = max(map(len, known))
        for one in known.values():
            console.print(scenario_line(one, widest), markup=False, no_wrap=True, overflow="ellipsis")
        return
    for one in catalogue.choose(known, (scenario,)):
        for line in scenario_lines(one):
            console.print(line, markup=False, soft_wrap=True)


@main.command()
@click.argument("scenario", nargs=-1)
@axis_options
@click.option("--repeat", type=click.IntRange(1, 1000), help="Measure each cell this often; default: what the scenario says.")
@click.option("--all", "breadth", flag_value="all", help="The full product: every transport in every opening at every setting.")
@click.option("--thorough", "breadth", flag_value="thorough", help="More cells of each scenario, some repeated: nine minutes.")
@click.option("--quick", "breadth", flag_value="quick", help="The seventh tab only, over HTTP/1.1 and HTTP/2: half a minute.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=paths.REPORTS,
    show_default=True,
    help="Where reports go.",
)
@click.option("--headed", is_flag=True, help="Show the browser.")
@click.option(
    "--keep-logs", is_flag=True, help="Keep the browsers' own network logs, gzipped: hundreds of megabytes, unpacked."
)
@click.option("--verbose", is_flag=True, help="Print run.log while it is written.")
@click.option("--strict", is_flag=True, help="Exit 1 when a claim is refuted or disputed.")
@reports.output_options
def run(
    scenario: tuple[str, ...],
    repeat: int | None,
    breadth: str | None,
    out: Path,
    headed: bool,
    keep_logs: bool,
    verbose: bool,
    strict: bool,
    junit: Path | None,
    markdown: Path | None,
    **axes: Any,
) -> None:
    """Measure scenarios (all, or those named by name or file) and write a report."""
    from lab.cli.progress import RunProgress
    from lab.run.folder import make_folder
    from lab.run.log import run_log
    from lab.run.old_runs import going_on
    from lab.run.resources import Plan
    from lab.run.run import run as run_plan

    assert axes.keys() == {axis.field for axis in AXES}
    chosen = catalogue.choose(catalogue.load(catalogue.home()), scenario, quick=breadth == "quick")
    cells = catalogue.selected(chosen, choice_of(chosen, axes, repeat=repeat, breadth=breadth))
    folder = make_folder(out)
    click.get_current_context().with_resource(going_on(folder))  # So that `prune` leaves it alone.
    found: list[Results] = []
    written = True

    def begun(results: Results) -> None:
        found.append(results)
        progress.page.begin(results)

    try:
        with run_log(folder, verbose=verbose), RunProgress(cells, folder / paths.REPORT, plain=verbose) as progress:
            plan = Plan(scenarios=tuple(chosen), cells=tuple(cells), headed=headed, keep_logs=keep_logs)
            complete(run_plan(plan, folder, progress, begun))
    finally:
        for results in found:
            written = reports.finish(results, folder, junit=junit, markdown=markdown, strict=strict)
        if much := held(out):
            output().print(much, markup=False, soft_wrap=True)
    sys.exit(exit_code(found[0], strict=strict, written=written))


def exit_code(found: Results, *, strict: bool, written: bool) -> int:
    """The exit code of a finished run: the largest of its verdicts' codes; if that is 0, whether a file could not be
    written."""
    kinds = [KINDS[cell.verdict.kind] for cell in (*found.calibration, *found.cells)]
    code = max((row.strict_exit_code if strict else row.exit_code for row in kinds), default=0)
    return code or (0 if written else UsageError.exit_code)  # Verdicts come first.


@main.command()
@click.option("--bind", default=LOOPBACK, show_default=True,
              help="The address to listen on; the control door stays on this machine.")  # fmt: skip
@click.option("--name", "names", multiple=True,
              help="A host name of this machine; requests for unknown names are refused.")  # fmt: skip
@click.option("--port", multiple=True, help="DOOR=PORT; without it, any free port.")
@click.option("--streams-per-connection", type=click.IntRange(1, 2**31 - 1), default=100, show_default=True)
def serve(bind: str, names: tuple[str, ...], port: tuple[str, ...], streams_per_connection: int) -> None:
    """Keep the doors open and print addresses to try by hand, until Ctrl-C."""
    complete(serve_doors(bind, names, fixed_ports(port), streams_per_connection))


def fixed_ports(values: Sequence[str]) -> dict[str, int]:
    """The fixed ports by door. Raises UsageError for a wrong text."""
    try:
        return parse_ports(values)
    except ValueError as error:
        raise UsageError(f"--port: {error}") from error


async def serve_doors(bind: str, names: Sequence[str], ports: dict[str, int], streams_per_connection: int) -> None:
    """Start an origin, print its addresses, and wait until the user ends it. Raises HarnessFaultError if the origin dies."""
    from lab.measure.origin import origin
    from lab.run import certs

    console = output()
    if bind != LOOPBACK:
        console.print(f"Every computer that can reach this machine at {bind} can open any number of these pages and streams.")
    with (
        certs.minted(*certs.NAMES) as leaf,
        tempfile.TemporaryDirectory(prefix="seventh-tab-") as folder,
    ):
        starting = origin(
            leaf, Path(folder), streams_per_connection=streams_per_connection, host=bind, names=names, ports=ports
        )
        async with starting as running:
            for row in PROTOCOLS.values():
                console.print(f"{row.title:<22} {running.url(row.name, '/')}", soft_wrap=True)
            console.print(
                "Open one of them in one tab after another. The browser will warn: the certificate is this run's own."
            )
            console.print("Ctrl-C ends it.")
            with contextlib.suppress(asyncio.CancelledError):
                await running.wait_for(lambda: False)


@main.command()
@engine_option
@click.option("--install", "installing", is_flag=True, help="Get the engines that are missing.")
def doctor(engine: tuple[str, ...], installing: bool) -> None:
    """Check this machine: what would go wrong, which browsers start, why others don't, which proxies there are, and how to fix
    it."""
    from lab.doctor import browsers, machine, packages, proxies
    from lab.doctor.tables import attempts_table, checks_table, proxies_table
    from lab.run.run import NothingStartedError

    engines = [ENGINES[name] for name in engine or ENGINES]
    found = [*packages.checks(), *machine.checks(paths.REPORTS)]
    if installing:
        for one in found:
            if one.problem:
                click.echo(f"{one.what}: {one.found}: {one.problem}: {one.fix}", err=True)
        machine.require(found)  # Before anything is fetched.
        if complete(browsers.install_missing(engines, lambda line: click.echo(line, err=True))):
            return
    output().print(checks_table(found))
    tried = complete(browsers.attempts(engines))
    output().print(attempts_table(tried))
    output().print(proxies_table(proxies.found()))
    machine.require(found)
    if not any(one.version for one in tried):
        raise NothingStartedError(())  # The table has just been printed.


for command in (reports.report, reports.judge, reports.compare, reports.show, prune, probe, explain):
    main.add_command(command)
