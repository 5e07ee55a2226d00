"""The command `probe`: a user's own app, on the wire and in browsers."""

from __future__ import annotations

import importlib.util
import inspect
import json as json_module
import re
import shlex
import socket
import sys
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console

from lab import paths
from lab.browser.engines import ENGINES
from lab.cli import reports
from lab.cli.console import output, print_lines
from lab.cli.options import engine_option
from lab.cli.probe_lines import cell_lines, finding_lines, prediction_lines
from lab.errors import UsageError
from lab.model.verdict import KINDS, Kind
from lab.paths import LOOPBACK
from lab.report.last_screen import SURE
from lab.text import clean

if TYPE_CHECKING:
    from lab.judge.prediction import Prediction
    from lab.model.probe import ProbeReport
    from lab.model.wire import WireSeen
    from lab.probe.interface import Findings
    from lab.probe.probe import Order
    from lab.results.file import CellResult, Results
    from lab.wire.address import Address

TABS, MOST_TABS = 12, 300
WIDTH = 110
"""The most columns of a line."""
FEWER_LIVE, NOT_TOLD = 1, 5
"""Exit codes of --expect-tabs."""
FIELD_NAME, FIELD_VALUE = re.compile(r"[\w!#$%&'*+.^`|~-]+", re.ASCII), re.compile(r"[\t\x20-\x7e]*")
"""RFC 9110, sections 5.1 and 5.5."""
OWN_FIELDS = {
    "cookie": "give a login with --storage-state",
    "host": "give the URL with that host",
    "content-length": "leave it out",
    "transfer-encoding": "leave it out",
    "connection": "leave it out",
}
"""Fields that --header can't set, and what to do instead."""
SAID_OF_THE_PAGE = ("no-tls", "no-h2", "streams", "answers", "no-connect")
"""Findings about a server that are not said again of the page's streams."""


@click.command()
@click.argument("url")
@engine_option
@click.option(
    "--tabs", type=click.IntRange(1, MOST_TABS), help=f"Open this many tabs; default: {TABS}, or what --expect-tabs says."
)
@click.option("--expect-tabs", "expected", type=click.IntRange(1, MOST_TABS),
              help="Exit 1 when fewer tabs are proven to stay live, 5 when it could not be told.")  # fmt: skip
@click.option("--wire-only", is_flag=True, help="Start no browser.")
@click.option("--watch", type=click.FloatRange(0.5, 3600), help="How many seconds to watch a stream; default: 8.")
@click.option("--hop", "hops", multiple=True, metavar="NAME=URL",
              help="Ask this URL too, and name the first hop where the answer changes; from the browser's side.")  # fmt: skip
@click.option("--behind", type=click.IntRange(1, 65535), metavar="PORT",
              help="Put the lab's origin where your proxy expects the app (stop that first): proves buffering.")  # fmt: skip
@click.option("--bind", default=LOOPBACK, show_default=True, help="With --behind: listen on this address.")
@click.option("--do", "do_file", type=click.Path(path_type=Path, dir_okay=False),
              help="A Python file with `async def do(page)`: brings each tab to its stream, and acts there.")  # fmt: skip
@click.option("--header", "headers", multiple=True, metavar="'NAME: VALUE'", help="Send this field, to the URL's origin only.")
@click.option("--storage-state", "login", type=click.Path(path_type=Path, dir_okay=False),
              help="A login: cookies and local storage, as Playwright saves them.")  # fmt: skip
@click.option("--insecure", is_flag=True, help="Accept any certificate.")
@click.option("--start", "start", metavar="COMMAND", help="Start the app with this command, and end it afterwards.")
@click.option("--ready", metavar="URL", help="The app is ready when this URL answers; default: the URL itself.")
@click.option("--yes", is_flag=True, help="Open several tabs on a host that is not this machine, without asking.")
@click.option("--headed", is_flag=True, help="Show the browser.")
@click.option("--keep-logs", is_flag=True, help="Keep the browsers' whole logs. They may contain secrets of the app.")
@click.option("--pictures", is_flag=True, help="Keep a picture of each tab in the results. It shows what the page shows.")
@click.option("--out", type=click.Path(path_type=Path), default=paths.REPORTS, show_default=True, help="Where reports go.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON on standard output, all else on standard error.")
@click.option("--verbose", is_flag=True, help="Print run.log while it is written.")
@reports.output_options
def probe(
    url: str, engine: tuple[str, ...], tabs: int | None, expected: int | None, as_json: bool, verbose: bool, out: Path,
    wire_only: bool, start: str | None, ready: str | None, yes: bool, junit: Path | None, markdown: Path | None,
    behind: int | None, bind: str, **more: Any,
) -> None:  # fmt: skip
    """Find out at which tab your own app at URL hangs, and why: the wire first, then in browsers."""
    from lab.cli.main import complete
    from lab.wire.address import parse

    address = parse(url)
    if tabs and expected and tabs < expected:
        raise UsageError(f"--tabs {tabs} opens fewer tabs than --expect-tabs {expected}", "leave out --tabs, or raise it")
    count = tabs or max(TABS, expected or 0)
    console = Console(stderr=True, highlight=False) if as_json else output()
    order = order_of(address, engine or tuple(ENGINES), count, **more)
    if (wire_only or behind) and (junit or markdown):
        raise UsageError("--junit and --markdown are about browsers", "leave out --wire-only and --behind, or use --json")
    may = yes or wire_only or behind is not None or count == 1
    if not may:
        ask_leave(order.address, count)
    for kept, option in ((order.keep_logs, "--keep-logs"), (order.pictures, "--pictures")):
        if kept:
            console.print(f"{option}: what is kept may show secrets of the app. Look before you pass it on.")
    with ExitStack() as stack:
        if start:
            from lab.probe.start import started

            stack.enter_context(started(words_of(start), parse(ready) if ready else address))
        probing = Probing(order, console, out=out, verbose=verbose, as_json=as_json, junit=junit, markdown=markdown, may=may)
        found = complete(probing.behind(behind, bind) if behind else probing.run(wire_only=wire_only))
    if found is None:
        sys.exit(NOT_TOLD if expected else 0)
    if all(cell.verdict.kind is Kind.UNSUPPORTED for cell in found.cells):
        from lab.run.run import NothingStartedError

        raise NothingStartedError(() if as_json else found.browsers)
    sys.exit(code_of(found, expected))


def words_of(command: str) -> list[str]:
    """The words of a command, as a shell splits them. Raises UsageError."""
    try:
        return shlex.split(command)
    except ValueError as error:
        raise UsageError(f"--start: {error}", "quote the command as in a shell") from error


def order_of(
    address: Address, engines: tuple[str, ...], tabs: int, *, watch: float | None, hops: tuple[str, ...], do_file: Path | None,
    headers: tuple[str, ...], login: Path | None, insecure: bool, headed: bool, keep_logs: bool, pictures: bool,
) -> Order:  # fmt: skip
    """What to probe, from the options. Raises UsageError for a wrong one."""
    from lab.probe.probe import Order
    from lab.wire.ask import WATCH_S, Asking
    from lab.wire.connection import Trust

    asking = Asking(
        own=address.origin,
        fields=tuple(map(header, headers)),
        cookies=cookies_of(login) if login else (),
        trust=Trust(insecure=insecure),
        watch_s=watch or WATCH_S,
    )
    return Order(
        address=address, asking=asking, engines=engines, tabs=tabs, hops=tuple(map(hop, hops)), headed=headed, login=login,
        do=load_do(do_file) if do_file else None, do_file=do_file.resolve() if do_file else None, keep_logs=keep_logs,
        pictures=pictures,
    )  # fmt: skip


def header(text: str) -> tuple[str, str]:
    """A header field from `NAME: VALUE`. Raises UsageError, which does not repeat the value."""
    name, colon, value = map(str.strip, text.partition(":"))
    if not colon or not FIELD_NAME.fullmatch(name) or not FIELD_VALUE.fullmatch(value):
        raise UsageError("a --header is no header field", "write --header 'Name: value', in ASCII")
    if (fix := OWN_FIELDS.get(name.lower())) is not None:
        raise UsageError(f"--header can't set {name}: browsers set it themselves", fix)
    return name, value


def hop(text: str) -> tuple[str, Address]:
    """A hop from `NAME=URL`. Raises UsageError."""
    from lab.wire.address import parse

    name, equals, url = text.partition("=")
    if not equals or not name:
        raise UsageError(f"--hop {clean(text)!r} has no name", "write --hop edge=https://…")
    return clean(name), parse(url)


def cookies_of(login: Path) -> tuple[Any, ...]:
    """The cookies in a file as Playwright saves a login. Raises UsageError if it is none."""
    from lab.wire.ask import Cookie

    try:
        state = json_module.loads(login.read_text(encoding="utf-8"))
        return tuple(
            Cookie(
                one["name"], one["value"], one["domain"].lstrip("."), one.get("path", "/"),
                secure=one.get("secure", False), exact=not one["domain"].startswith("."),
            )
            for one in state.get("cookies", [])
        )  # fmt: skip
    except OSError as error:
        raise UsageError(f"{login} can't be read: {error.strerror}", "give the file of a login with --storage-state") from error
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise UsageError(
            f"{login} is no login: {type(error).__name__}", "save one with Playwright: context.storage_state(path=…)"
        ) from error


def load_do(path: Path) -> Callable[[Any], Any]:
    """The function `do` of a user's file. Raises UsageError, with its line, if it can't be loaded."""
    spec = importlib.util.spec_from_file_location("seventh_tab_do", path.resolve())
    if not path.is_file() or spec is None or spec.loader is None:
        raise UsageError(f"{path} is no Python file", "give one with `async def do(page)` to --do")
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except SyntaxError as error:
        raise UsageError(f"{path.name}, line {error.lineno}: {error.msg}", "correct the file of --do") from error
    except Exception as error:
        from lab.probe.probe import user_error

        raise user_error(error, path.resolve()) from error
    do = getattr(module, "do", None)
    if not inspect.iscoroutinefunction(do):
        raise UsageError(f"{path.name} has no `async def do(page)`", "see docs/probe.md")
    return do


def ask_leave(address: Address, tabs: int) -> None:
    """Ask before several tabs are opened on another machine. Raises UsageError if nobody can be asked, or the answer is no."""
    if address.local or is_this_machine(address.host):
        return
    what = f"{tabs} tabs would be opened on {address.host}, which is not this machine"
    if not sys.stdin.isatty():
        raise UsageError(what, "say --yes if you may do that, or --tabs 1")
    if not click.confirm(f"{what}. May you do that?", err=True):
        raise UsageError(what, "you said no; --tabs 1 opens only one")


def is_this_machine(host: str) -> bool:
    """Whether all addresses of a host are this machine's own: a socket can be bound to each."""
    try:
        found = socket.getaddrinfo(host, 0, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return True  # It is not known: the wire part says so.
    for family, kind, protocol, _, place in found:
        with socket.socket(family, kind, protocol) as trial:
            try:
                trial.bind(place)
            except OSError:
                return False
    return True


class Probing:
    """One probe, and what is printed and written of it."""

    def __init__(
        self,
        order: Order,
        console: Console,
        *,
        out: Path,
        verbose: bool,
        as_json: bool,
        junit: Path | None,
        markdown: Path | None,
        may: bool,
    ) -> None:
        """`may`: the user allows all these tabs on any host to which the URL redirects."""
        self._order = order
        self._may = may
        self._console = console
        self._out = out
        self._verbose = verbose
        self._json = as_json
        self._junit = junit
        self._markdown = markdown
        self._width = min(console.width, WIDTH)

    async def run(self, *, wire_only: bool) -> Results | None:
        """The whole probe. None where no browser was sent there."""
        from lab.probe.probe import probe_wire, refusal

        self._step(f"asking {self._order.address} with a plain client, for about {self._order.asking.watch_s:.0f} s")
        wire, found = await probe_wire(self._order)
        self._print_findings(found)
        refused = refusal(wire[0])
        stream = next((one for one in wire[0].exchanges if one.is_stream), None)
        if refused is not None or wire_only or stream is not None:
            self._print_json(None, found)
            if refused is not None:
                raise refused
            if stream is not None and not wire_only:
                self._say("This URL is a stream itself. Give the page that opens it, and browsers are asked too.")
            return None
        self._look_where_it_leads(wire[0])
        results, found, report = await self._browsers(wire, found)
        self._print_json(results, found, report)
        return results

    def _look_where_it_leads(self, seen: WireSeen) -> None:
        """Check the origin to which redirects led. Raises UsageError if the user does not allow the tabs there, or if
        a --header would be sent there."""
        from lab.wire.address import parse

        to = parse(seen.url)
        if to.origin == self._order.address.origin:
            return
        if self._order.asking.fields:  # Browsers send them on with a redirect.
            raise UsageError(f"--header would follow the redirect to {to.origin}", "give the URL behind the redirects")
        if not self._may:
            ask_leave(to, self._order.tabs)

    async def behind(self, port: int, bind: str) -> None:
        """What stands between this client and the place where the app would listen."""
        from lab.probe.behind import behind
        from lab.probe.interface import Findings

        found = Findings(str(self._order.address), "", await behind(self._order.address, self._order.asking, port, bind))
        self._print_findings(found)
        self._print_json(None, found)

    async def _browsers(self, wire: Any, found: Findings) -> tuple[Results, Findings, Path]:
        from lab.probe.probe import Progress, probe_browsers
        from lab.run.folder import make_folder
        from lab.run.log import run_log
        from lab.run.old_runs import going_on

        folder = make_folder(self._out)
        begun: list[Results] = []
        try:
            with going_on(folder), run_log(folder, verbose=self._verbose):  # `prune` leaves it alone meanwhile.
                progress = Progress(self._step, begun.append, self._print_prediction, self._print_cell)
                results = await probe_browsers(self._order, wire, folder, progress)
            found = self._with_further(found, results, len(wire))
        finally:
            pages = [self._report(one, folder) for one in begun]
        return results, found, pages[0]

    def _with_further(self, found: Findings, results: Results, asked: int) -> Findings:
        """The findings, with those about the page's own streams, which are printed."""
        from lab.judge.wire import findings
        from lab.probe.interface import Findings

        seen = [one for cell in results.cells if cell.probe for each in cell.probe.wire[asked:] for one in findings(each)]
        more = tuple(one for one in dict.fromkeys(seen) if one.id not in SAID_OF_THE_PAGE)
        self._print_findings(Findings(found.url, found.protocol, more))
        return Findings(found.url, found.protocol, (*found.findings, *more))

    def _report(self, results: Results, folder: Path) -> Path:
        """Write the report, and the other files that were asked for. It is also called after an interruption."""
        from lab.report.render import write_report
        from lab.run.folder import point_latest

        page = write_report(results, folder / paths.REPORT)
        self._say(f"report: {point_latest(folder) / page.name}")
        reports.write_beside(results, junit=self._junit, markdown=self._markdown)
        return page

    def _step(self, what: str) -> None:
        """Say what is done now: it takes some seconds."""
        Console(stderr=True, highlight=False).print(f"… {clean(what)}", markup=False, soft_wrap=True)

    def _say(self, line: str) -> None:
        self._print([clean(line)])

    def _print(self, lines: Iterable[str]) -> None:
        print_lines(self._console, lines)

    def _print_findings(self, found: Findings) -> None:
        self._print(finding_lines(found.findings, self._width))

    def _print_prediction(self, prediction: Prediction, report: ProbeReport) -> None:
        self._print(prediction_lines(prediction, report, self._width))

    def _print_cell(self, cell: CellResult) -> None:
        self._print(cell_lines(cell, self._width))

    def _print_json(self, results: Results | None, found: Findings, report: Path | None = None) -> None:
        from lab.probe.interface import as_json

        if self._json:
            click.echo(as_json(results, found, report))


def code_of(results: Results, expected: int | None) -> int:
    """The exit code: of --expect-tabs, if it was given; else the largest of the verdicts' codes."""
    kinds = [cell.verdict.kind for cell in results.cells]
    if expected is not None:
        told = [cell for cell in results.cells if cell.verdict.kind is not Kind.UNSUPPORTED]
        if any(cell.verdict.live is not None and cell.verdict.live < expected for cell in told if is_told(cell)):
            return FEWER_LIVE
        if not all(map(is_told, told)):
            return NOT_TOLD
        return 0
    return max(KINDS[kind].exit_code for kind in kinds)


def is_told(cell: CellResult) -> bool:
    """Whether a probe proves how many tabs stay live: where the witnesses disagree, it does not."""
    return cell.verdict.kind in SURE
