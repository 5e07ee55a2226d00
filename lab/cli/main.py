"""The commands: list, run, serve, doctor (lab/reading.py has those that read results). Each asks the rest of the lab to do it,
and says what came of it."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
import tempfile
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click
from rich.console import Console

from lab.browser.engines import ENGINES
from lab.cli import reports as reading
from lab.cli.console import RunProgress, complain, doctor_table, machine_table, output, scenarios_table
from lab.doctor import machine
from lab.doctor import packages as versions
from lab.doctor.browsers import all_there, examined
from lab.errors import LabError, UsageError
from lab.measure.origin import LOOPBACK, origin
from lab.model.openings import OPENINGS
from lab.model.protocols import PROTOCOLS
from lab.run import certs
from lab.run import log as diary
from lab.run.resources import Plan
from lab.run.run import NothingStartedError, make_folder, new_results
from lab.run.run import run as run_plan
from lab.scenario import catalogue
from lab.scenario.scenario import LEAST_MS, MOST_MS, MOST_PER_SECOND, Choice
from lab.transports import transports

INTERRUPTED = 130
T = TypeVar("T")


class Group(click.Group):
    """Ends every LabError with one line and its documented exit code."""

    def invoke(self, context: click.Context) -> Any:
        try:
            return super().invoke(context)
        except NothingStartedError as error:
            if error.tried:
                output().print(doctor_table(error.tried))
            fail(error)
        except LabError as error:
            fail(error)
        except KeyboardInterrupt:
            Console(stderr=True, highlight=False).print("interrupted")
            sys.exit(INTERRUPTED)


def fail(error: LabError) -> None:
    complain(error)
    sys.exit(error.exit_code)


def complete(work: Coroutine[Any, Any, T]) -> T:
    """Run to the end. SIGTERM and SIGHUP are interruptions like Ctrl-C: the work is cancelled and tidies up, and with the next
    one it no longer waits for that. Python itself would throw the second into whatever ran just then."""

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


def names(kind: str, known: Callable[[], dict[str, Any]]) -> Callable[..., tuple[str, ...]]:
    """A click callback that checks names, and offers the nearest one for a name that is not known."""

    def check(_: click.Context, __: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(catalogue.known(value, known(), kind) for value in values))

    return check


@click.group(cls=Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="seventh-tab")
def main() -> None:
    """Measure how many tabs of a live page stay live, and why the rest wait."""


@main.command("list")
def list_scenarios() -> None:
    """The scenarios, with their questions."""
    output().print(scenarios_table(catalogue.load(catalogue.home())))


@main.command()
@click.argument("scenario", nargs=-1)
@click.option(
    "--engine",
    multiple=True,
    callback=names("engine", lambda: ENGINES),
    help="chromium, firefox; default all.",
)
@click.option("--protocol", multiple=True, callback=names("protocol", lambda: PROTOCOLS), help="h1-clear, h1, h2.")
@click.option("--transport", multiple=True, callback=names("transport", transports),
              help="How updates are sent: sse, websocket, fetch_stream, long_polling, polling.")  # fmt: skip
@click.option("--opened", multiple=True, callback=names("opening", lambda: OPENINGS),
              help="tabs, cross-tabs, frames, page, hosts.")  # fmt: skip
@click.option("--case", multiple=True, callback=names("case", catalogue.cases), help="A case of pools, by its name.")
@click.option("--interval", multiple=True, type=click.IntRange(LEAST_MS, MOST_MS),
              help="Milliseconds from one poll to the next; default: what the scenario says.")  # fmt: skip
@click.option("--updates-per-second", type=click.FloatRange(0, MOST_PER_SECOND, min_open=True),
              help="The feed's pace while tabs listen; default: what the scenario says.")  # fmt: skip
@click.option("--tabs", type=click.IntRange(1, 2000), help="How many to open at most; default: what the scenario says.")
@click.option("--repeat", type=click.IntRange(1, 1000), help="Run each cell so many times; default: what the scenario says.")
@click.option("--streams-per-connection", type=click.IntRange(1, 2**31 - 1),
              help="The origin's HTTP/2 MAX_CONCURRENT_STREAMS; default: what the scenario says.")  # fmt: skip
@click.option("--all", "breadth", flag_value="all", help="The full product: every transport in every opening at every setting.")
@click.option("--quick", "breadth", flag_value="quick", help="One repeat of the first cells of each: a minute.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=reading.REPORTS,
    show_default=True,
    help="Where reports go.",
)
@click.option("--headed", is_flag=True, help="Show the browser.")
@click.option("--verbose", is_flag=True, help="Show run.log, the diary of the run, while it is written.")
@click.option("--strict", is_flag=True, help="Exit 1 when a claim is refuted or disputed.")
@reading.beside
def run(
    scenario: tuple[str, ...],
    engine: tuple[str, ...],
    protocol: tuple[str, ...],
    transport: tuple[str, ...],
    opened: tuple[str, ...],
    case: tuple[str, ...],
    interval: tuple[int, ...],
    updates_per_second: float | None,
    tabs: int | None,
    repeat: int | None,
    streams_per_connection: int | None,
    breadth: str | None,
    out: Path,
    headed: bool,
    verbose: bool,
    strict: bool,
    junit: Path | None,
    markdown: Path | None,
) -> None:
    """Run scenarios (all, or those named) and write a report."""
    chosen = catalogue.choose(catalogue.load(catalogue.home()), scenario, quick=breadth == "quick")
    engines = engine or tuple(ENGINES)
    cells = catalogue.cells(chosen, Choice(
        engines, protocol, transport, opened, tabs, repeat, streams_per_connection, case, breadth or "main",
        interval, updates_per_second,
    ))  # fmt: skip
    folder = make_folder(out)
    plan = Plan(tuple(chosen), tuple(cells), headed)
    found = new_results(plan, folder)
    try:
        with diary.kept(folder, verbose=verbose), RunProgress(len(cells)) as progress:
            complete(run_plan(plan, folder, found, progress))
    finally:
        written = reading.conclude(found, folder, junit, markdown, strict)
    kinds = {cell.verdict for cell in (*found.calibration, *found.cells)}
    if "harness_fault" in kinds:
        sys.exit(4)
    if strict and kinds & {"refuted", "disputed"}:
        sys.exit(1)
    if not written:  # Last: what was measured counts for more.
        sys.exit(UsageError.exit_code)


@main.command()
@click.option("--bind", default=LOOPBACK, show_default=True, help="The address to listen on; the levers stay on this machine.")
@click.option(
    "--name", "called", multiple=True, help="A name that others call this machine by; requests for others are refused."
)
@click.option("--port", multiple=True, help="DOOR=PORT; without it, any free port.")
@click.option("--streams-per-connection", type=click.IntRange(1, 2**31 - 1), default=100, show_default=True)
def serve(bind: str, called: tuple[str, ...], port: tuple[str, ...], streams_per_connection: int) -> None:
    """Keep the doors open and print addresses to try by hand, until Ctrl-C."""
    complete(serve_doors(bind, called, fixed(port), streams_per_connection))


def fixed(ports: tuple[str, ...]) -> dict[str, int]:
    found: dict[str, int] = {}
    for text in ports:
        door, _, number = text.partition("=")
        catalogue.known(door, [*PROTOCOLS, "control"], "door")
        if not (number.isascii() and number.isdigit()) or not 0 <= int(number) <= 65535:
            raise UsageError(f"--port {text!r}: expected DOOR=PORT, with a port up to 65535")
        found[door] = int(number)
    return found


async def serve_doors(bind: str, called: Sequence[str], ports: dict[str, int], streams_per_connection: int) -> None:
    console = output()
    if bind != LOOPBACK:
        console.print(
            f"Whoever reaches this machine at {bind} can open these pages and streams, and hold as many as they like."
        )
    with (
        certs.minted(*certs.NAMES) as leaf,
        tempfile.TemporaryDirectory(prefix="seventh-tab-") as folder,
    ):
        starting = origin(
            leaf, Path(folder), streams_per_connection=streams_per_connection, host=bind, names=called, ports=ports
        )
        async with starting as running:
            for row in PROTOCOLS.values():
                console.print(f"{row.title:<22} {running.url(row.name, '/')}", soft_wrap=True)
            console.print("Open one of them in tab after tab. The certificate is this run's own: the browser will warn.")
            console.print("Ctrl-C ends it.")
            with contextlib.suppress(asyncio.CancelledError):
                await running.wait_for(lambda: False)


@main.command()
@click.option("--engine", multiple=True, callback=names("engine", lambda: ENGINES), help="chromium, firefox; default all.")
@click.option("--install", "installing", is_flag=True, help="Get the engines that are missing.")
def doctor(engine: tuple[str, ...], installing: bool) -> None:
    """What would go wrong on this machine; which browsers there are, why others are not, and what would mend it."""
    engines = [ENGINES[name] for name in engine or ENGINES]
    found = [*versions.examined(), *machine.examined(reading.REPORTS)]
    if installing:
        for one in found:
            if one.wrong:
                click.echo(f"{one.what}: {one.found}: {one.wrong}: {one.todo}", err=True)
        machine.insist(found)  # Before anything is fetched.
        if complete(all_there(engines, lambda line: click.echo(line, err=True))):
            return
    output().print(machine_table(found))
    tried = complete(examined(engines))
    output().print(doctor_table(tried))
    machine.insist(found)
    if not any(one.version for one in tried):
        raise NothingStartedError(())  # The table has just been shown.


for command in (reading.report, reading.compare, reading.show):
    main.add_command(command)
