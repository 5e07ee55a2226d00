"""A probe from begin to end: the wire, then each browser, then the results.

How it works. The plain client asks the URL. In each browser the first tab is watched while the lab measures, in another profile
of the same browser, how many connections it opens. Then a second tab shows what each further tab adds; the arithmetic
(lab/judge/prediction.py) says at which tab the app will hang; and more tabs verify it. What was seen becomes an observation
like any other: the prediction is its claim.
"""

from __future__ import annotations

import asyncio
import logging
import os
import time
import traceback
from collections.abc import Callable, Sequence
from importlib.resources import files
from pathlib import Path

import msgspec

from lab import paths
from lab.browser import Browser, VisitOptions
from lab.browser.engines import ENGINES
from lab.errors import LabError, UsageError
from lab.judge.prediction import Prediction, announced, predict
from lab.judge.wire import changed_between, findings
from lab.measure.origin import Origin
from lab.model.browsers import LaunchAttempt
from lab.model.cell import STREAMS as USUAL_STREAMS
from lab.model.cell import Cell
from lab.model.claims import Answer
from lab.model.ledger import now_ms
from lab.model.observation import ClientSeen, Observation
from lab.model.probe import Held, ProbeReport
from lab.model.protocols import PROTOCOLS
from lab.model.wire import EVENT_STREAM, FIRST_ERROR, WireSeen
from lab.probe import limits
from lab.probe.interface import Findings
from lab.probe.tabs import EVENTS, SOCKET, STREAMING, Do, first_line
from lab.probe.visit import Visiting, Ways
from lab.results.file import CellResult, Results
from lab.results.observations import BrowsersTried, LogKept, ObservationsFile, Observed, RunEnded, RunRecord
from lab.run.browser_logs import BrowserLogs
from lab.run.folder import now
from lab.run.resources import Plan, Resources, lanes, temporary_files
from lab.run.run import Notebook, began, write_end
from lab.text import counted, one_line
from lab.wire.address import Address, parse, shown_in
from lab.wire.ask import Asking, Cookie, ask
from lab.wire.greet import answered, greet

NAME = "probe"
MOST_PAGE_STREAMS = 64
"""How far the search for a limit on connections goes."""
MOST_STREAMS_ASKED = 2
"""How many of the page's own streams the plain client asks."""
LIMIT_S, TAB_S = 300.0, 10.0
"""Watchdog against a probe of a browser that never ends: seconds for it, and more seconds for each tab."""
TRANSPORTS = {EVENTS: "sse", SOCKET: "websocket", STREAMING: "fetch_stream"}

log = logging.getLogger(__name__)


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What to probe, and how."""

    address: Address
    asking: Asking
    engines: tuple[str, ...]
    tabs: int
    hops: tuple[tuple[str, Address], ...] = ()
    headed: bool = False
    login: Path | None = None
    do: Do | None = None
    do_file: Path | None = None
    keep_logs: bool = False
    pictures: bool = False


class Progress(msgspec.Struct, frozen=True):
    """Who is told how the probe goes on. `step`: what is done now. `begun` gets the results, which then grow: an interrupted
    probe has a report too."""

    step: Callable[[str], None] = lambda _: None
    begun: Callable[[Results], None] = lambda _: None
    predicted: Callable[[Prediction, ProbeReport], None] = lambda *_: None
    ended: Callable[[CellResult], None] = lambda _: None


async def probe_wire(order: Order) -> tuple[tuple[WireSeen, ...], Findings]:
    """What the plain client sees of the URL and of each hop, and the findings. Raises UsageError if the URL can't be asked."""
    asked = [ask(order.address, order.asking), *(ask(address, order.asking, name) for name, address in order.hops)]
    seen = tuple(await asyncio.gather(*asked))
    found = [one for each in seen for one in findings(each)]
    named = [one for one in seen if one.name]
    changed = changed_between(named) if len(named) > 1 else None
    every = (changed, *found) if changed else tuple(found)
    return seen, Findings(seen[0].url, seen[0].protocol, every)


def refusal(seen: WireSeen) -> UsageError | None:
    """Why no browser is sent to this URL; None if one is."""
    first = seen.first()
    if first is None or first.status is None:
        return None
    if first.status >= FIRST_ERROR:
        logins = {401: "a login: --storage-state FILE or --header 'Authorization: …'", 403: "a login, or another URL"}
        return UsageError(
            f"{seen.url} answers {first.status}", logins.get(first.status, "see the server's log, or give another URL")
        )
    return None


async def probe_browsers(order: Order, wire: Sequence[WireSeen], folder: Path, progress: Progress) -> Results:
    """Probe the app in each browser, and write observations.jsonl and results.json into `folder`.

    Raises UsageError for a failure of the user's file, and MachineError for a full disk; what was seen by then is kept."""
    record = RunRecord()
    cells = tuple(cell_of(order, engine, wire[0], ()) for engine in order.engines)
    plan, logs = Plan(scenarios=(), cells=cells, headed=order.headed, keep_logs=order.keep_logs), BrowserLogs()
    with ObservationsFile(folder / paths.OBSERVATIONS) as written, temporary_files() as temporary:
        notebook = Notebook(written, record)
        question = {NAME: f"At which tab does {order.address} hang, and why?"}
        notebook.add(msgspec.structs.replace(began(plan, folder), questions=question))
        progress.begun(notebook.results)
        finished, interrupted = None, False
        try:
            async with lanes(plan, folder if order.keep_logs else temporary, logs) as means:
                for cell in cells:
                    await probe_one(order, cell, wire, means.of(cell.engine), notebook, progress)
                    await means.of(cell.engine).replace()  # One browser at a time.
            finished = now()
        except (asyncio.CancelledError, KeyboardInterrupt):
            interrupted = True
            raise
        finally:
            kept = [LogKept(name=name) for name in logs.names if order.keep_logs]
            end = RunEnded(finished=finished, interrupted=interrupted)
            failure = write_end(notebook, [*kept, end], folder / paths.RESULTS)
        if failure:
            raise failure
    return notebook.results


async def probe_one(
    order: Order, cell: Cell, wire: Sequence[WireSeen], means: Resources, notebook: Notebook, progress: Progress
) -> None:
    """Probe the app in one browser, and write down what was seen."""
    progress.step(f"{ENGINES[cell.engine].title}: the app in one tab, and beside it what this browser allows")
    browser, tried = await means.browser(cell)
    notebook.add(BrowsersTried(attempts=tuple(tried)))
    if browser is None:
        seen = absent(cell, tried)
    else:
        seen = await observed(order, browser, await means.origin(), wire, progress)
    result = notebook.add(Observed(observation=seen))
    assert result is not None
    progress.ended(result)


def absent(cell: Cell, tried: Sequence[LaunchAttempt]) -> Observation:
    """The observation of a browser that did not start."""
    reasons = "; ".join(f"{one.what}: {one.reason}" for one in tried)
    missing = f"{ENGINES[cell.engine].title} did not start. {reasons}"
    return Observation(cell=cell, claim=Answer("not known", source="no browser started"), missing=missing)


async def observed(order: Order, browser: Browser, origin: Origin, wire: Sequence[WireSeen], progress: Progress) -> Observation:
    """What was seen of the app in one browser. Whatever fails in it is part of the observation, but for the user's own file."""
    began_s, faults, unmet = time.monotonic(), list[str](), None
    visiting = Visiting(browser, origin, order.address, ways(order))
    visiting.note(url=wire[0].url, wire=tuple(wire))  # Where redirects lead: that is the page's origin.
    prediction: Prediction | None = None
    settled_ms = None
    limit_s = LIMIT_S + TAB_S * order.tabs + order.asking.watch_s
    watchdog = asyncio.timeout(limit_s)
    try:
        await origin.begin(NAME, USUAL_STREAMS)
        async with watchdog, visiting:
            await study(order, visiting, browser, origin, wire)
            prediction = predict(visiting.report)
            progress.predicted(prediction, visiting.report)
            progress.step(f"{ENGINES[browser.engine].title}: the app in {counted(order.tabs, 'tab')}")
            await visiting.verify()
            settled_ms = now_ms()
            await visiting.release(lambda: answered(order.address, order.asking))
    except UsageError as error:
        unmet = str(error)
    except TimeoutError as error:
        if not watchdog.expired():  # The user's file raised it.
            raise user_error(error, order.do_file) from error
        log.debug("probe", exc_info=error)
        faults.append(f"the probe had not ended after {limit_s:.0f} s: something in it never answered")
    except LabError as error:
        log.debug("probe", exc_info=error)
        faults.append(shown_in(str(error)))
    except ExceptionGroup as group:
        log.debug("probe", exc_info=group)
        faults.append("; ".join(shown_in(str(one)) for one in group.exceptions))
    except Exception as error:
        raise user_error(error, order.do_file) from error
    report = visiting.report
    return Observation(
        cell=cell_of(order, browser.engine, wire[0], report.holders),
        claim=claim_of(prediction),
        engine_version=browser.version,
        opened=order.tabs,
        load=round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
        seconds=time.monotonic() - began_s,
        clients=clients_of(report),
        settled_ms=settled_ms,
        probe=report,
        screenshots=visiting.pictures,
        faults=tuple(faults),
        unmet=unmet,
    )


def ways(order: Order) -> Ways:
    """How a browser visits the app."""
    options = VisitOptions(
        insecure=order.asking.trust.insecure,
        own=order.address.origin,
        fields=dict(order.asking.fields),
        login=order.login,
        script=files("lab.probe").joinpath("observer.js").read_text(encoding="utf-8"),
    )
    return Ways(options=options, asked=order.tabs, do=order.do, done=order.do_file.name if order.do_file else "",
                pictures=order.pictures)  # fmt: skip


async def study(order: Order, visiting: Visiting, browser: Browser, origin: Origin, wire: Sequence[WireSeen]) -> None:
    """All that the prediction needs: what a tab holds open, over which protocols, and this browser's limits."""
    own = wire[0].protocol
    if PROTOCOLS[own].multiplexed:
        holders = await visiting.rest()
    else:  # The limit is needed in any case, and measured while the first tab is watched.
        measuring = asyncio.create_task(limits.measure(browser, origin, own, at_most=MOST_PAGE_STREAMS))
        try:
            holders = await visiting.rest()
        except BaseException:
            measuring.cancel()
            await asyncio.wait({measuring})
            raise
        visiting.note(limits=(await measuring,))
    further = await ask_further(order, visiting, holders)
    visiting.note(wire=(*visiting.report.wire, *further))
    await visiting.second()
    visiting.note(holders=tuple(with_protocol(one, visiting.report.wire) for one in visiting.report.holders))
    await measure_further(visiting, browser, origin)


async def ask_further(order: Order, visiting: Visiting, holders: Sequence[Held]) -> list[WireSeen]:
    """What the plain client sees of the page's streams (the first few), and what other servers negotiate."""
    asked: dict[str, Address] = {}
    greeted: dict[str, Address] = {}
    for one in holders:
        url = visiting.url_of(one)
        if one.kind == EVENTS and one.method == "GET" and len(asked) < MOST_STREAMS_ASKED:
            asked.setdefault(one.url, parse(url))
        elif one.origin != order.address.origin:
            greeted.setdefault(one.origin, parse(f"{one.origin}/"))
    seen = await asyncio.gather(
        *[ask_stream(order, visiting, address) for address in asked.values()],
        *[greet(address, order.asking.trust) for address in greeted.values()],
    )
    return [each for each in seen if each is not None]


async def ask_stream(order: Order, visiting: Visiting, address: Address) -> WireSeen | None:
    """What the plain client sees of a page's stream, with the page's own cookies; None if it can't be asked."""
    cookies = await visiting.profile.cookies(address.url)
    own = tuple(Cookie(name, value, address.host) for name, value in cookies.items())
    asking = msgspec.structs.replace(order.asking, cookies=own, accept=EVENT_STREAM)  # As an EventSource asks.
    try:
        return await ask(address, asking, name="stream")
    except UsageError as error:
        log.info("a stream of the page could not be asked: %s", error)
        return None


def with_protocol(one: Held, wire: Sequence[WireSeen]) -> Held:
    """A holder with the protocol to its origin, as the plain client negotiated it."""
    found = next((each.protocol for each in wire if each.url.startswith(f"{one.origin}/")), "")
    if one.kind == SOCKET and found == "h2" and not connects(one.origin, wire):
        found = "h1"
    return msgspec.structs.replace(one, protocol=found or ("h1-clear" if one.origin.startswith("http:") else "h1"))


def connects(origin: str, wire: Sequence[WireSeen]) -> bool:
    """Whether WebSockets may go over HTTP/2 to an origin (RFC 8441)."""
    settings = [each.settings for one in wire if one.url.startswith(f"{origin}/") for each in one.exchanges]
    return any(one.get("ENABLE_CONNECT_PROTOCOL") for one in settings)


async def measure_further(visiting: Visiting, browser: Browser, origin: Origin) -> None:
    """The limits that the holders' protocols need and that were not measured yet."""
    report = visiting.report
    known = {(one.protocol, one.what) for one in report.limits}
    for one in report.holders:
        what = limits.SOCKETS if one.kind == SOCKET else limits.STREAMS
        if (one.protocol, what) in known or not one.protocol:
            continue
        known.add((one.protocol, what))
        need = (max(one.count, one.further) + 1) * report.asked
        search = PROTOCOLS[one.protocol].multiplexed or what == limits.SOCKETS
        at_most = need if search else MOST_PAGE_STREAMS
        allowed = min(announced(report, one.origin) or USUAL_STREAMS, 2**31 - 1)
        measured = await limits.measure(browser, origin, one.protocol, what=what, at_most=at_most, allowed=allowed)
        visiting.note(limits=(*visiting.report.limits, measured))


def cell_of(order: Order, engine: str, wire: WireSeen, holders: Sequence[Held]) -> Cell:
    """The cell of one browser."""
    kinds = [one.kind for one in holders]
    transport = next((name for kind, name in TRANSPORTS.items() if kind in kinds), "long_polling" if kinds else "none")
    streams = next((each.settings.get("MAX_CONCURRENT_STREAMS", USUAL_STREAMS) for each in wire.exchanges), USUAL_STREAMS)
    return Cell(
        scenario=NAME, question=NAME, engine=engine, protocol=wire.protocol, transport=transport, at_most=order.tabs,
        streams=streams,
    )  # fmt: skip


def claim_of(prediction: Prediction | None) -> Answer:
    """The claim of a probe: its prediction."""
    if prediction is None:
        return Answer("not known", source="nothing was predicted", basis="predicted")
    return Answer(prediction.answer, source="; ".join(prediction.steps), basis="predicted")


def clients_of(report: ProbeReport) -> tuple[ClientSeen, ...]:
    """The tabs as clients, as every cell has them."""
    return tuple(ClientSeen(one.tab, document=one.loaded, live=one.live, opening_ms=one.ready_ms) for one in report.tabs)


def user_error(error: Exception, path: Path | None) -> Exception:
    """An error of the user's file, with its line; any other error as it is: it is a bug of the lab."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [one for one in frames if path is not None and Path(one.filename) == path]
    if not own or path is None:
        return error
    said = shown_in(one_line(first_line(error)))
    return UsageError(f"{path.name}, line {own[-1].lineno}: {type(error).__name__}: {said}", "correct the file of --do")
