"""The most important raw lines of a cell, as each witness wrote them: a reader need not search the files beside the report.
Pure."""

from __future__ import annotations

import msgspec

from lab.model import ledger
from lab.model.browsers import HeldRequest
from lab.model.ledger import AnyEvent, StreamClosed, StreamOpened
from lab.model.observation import Observation

MOST_HELD = 3


class Line(msgspec.Struct, frozen=True):
    """One line of evidence."""

    witness: str
    """The witness that wrote it: ledger, page or network log."""
    about: str
    """What the line shows, in words."""
    text: str
    """The line as it was written."""


def lines(seen: Observation) -> tuple[Line, ...]:
    """The lines for: the last client that reached the origin, a client that waited, what the browser's log says about waiting
    clients, and the first release."""
    return (*ledger_lines(seen), *page_lines(seen), *log_lines(seen), *release_lines(seen))


def entry(about: str, event: AnyEvent) -> Line:
    """One event of the ledger as evidence, encoded as it stands in ledger.jsonl."""
    return Line("ledger", about, ledger.encode(event).decode())


def ledger_lines(seen: Observation) -> list[Line]:
    """The event of the last stream that opened before the verdict; empty where there was none."""
    opened = [one for one in streams(seen) if one.at_ms <= (seen.settled_ms or 0.0)]
    return [entry(f"client {opened[-1].tab} was the last to reach the origin", opened[-1])] if opened else []


def streams(seen: Observation) -> list[StreamOpened]:
    """This cell's requests for updates, in order; empty if the server keeps no ledger."""
    return [one for one in seen.ledger or () if isinstance(one, StreamOpened) and one.cell == seen.cell.name]


def page_lines(seen: Observation) -> list[Line]:
    """The report of the first client that was not live; empty where all were."""
    waiting = [client for client in seen.clients if not client.live]
    if not waiting:
        return []
    what = "had failed" if waiting[0].failed else "waited, its document loaded" if waiting[0].document else "waited, blank"
    return [Line("page", f"client {waiting[0].tab} {what}", msgspec.json.encode(waiting[0]).decode())]


def log_lines(seen: Observation) -> list[Line]:
    """The browser's own lines about requests that it held back, `MOST_HELD` at most."""
    held = seen.browser_log.held if seen.browser_log else ()
    return [Line("network log", f"{whose(one)} is held back", one.line) for one in held[:MOST_HELD] if one.line]


def whose(held: HeldRequest) -> str:
    """Whose request the browser held back: `client 7`."""
    return "a request that names no client" if held.tab is None else f"client {held.tab}"


def release_lines(seen: Observation) -> list[Line]:
    """The end of the first released stream, and the first client that came in its place; empty without a release."""
    if not seen.releases:
        return []
    first = seen.releases[0]
    ours = {one.stream: one.tab for one in streams(seen)}
    ended = [one for one in seen.ledger or () if isinstance(one, StreamClosed) and ours.get(one.stream) == first.tab]
    told = [
        entry(f"the stream of client {first.tab} was ended on purpose", one) for one in ended if one.at_ms >= first.ended_ms
    ]
    told = told[:1]
    for arrival in first.arrived[:1]:
        came = [one for one in streams(seen) if one.tab == arrival.tab and one.at_ms >= first.ended_ms]
        told += [entry(f"client {arrival.tab} came in its place", one) for one in came[:1]]
    return told
