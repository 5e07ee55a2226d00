"""The raw lines that matter of a cell, in each witness's own words: what a reader would look for in the files beside the
report. Pure."""

from __future__ import annotations

import msgspec

from lab.model import ledger
from lab.model.ledger import AnyEvent, StreamClosed, StreamOpened
from lab.model.observation import Observation

MOST_HELD = 3


class Line(msgspec.Struct, frozen=True):
    """What `witness` wrote, as it wrote it; `about` says in words what it shows."""

    witness: str
    about: str
    text: str


def lines(seen: Observation) -> tuple[Line, ...]:
    """The last one that went live, who waited, what the browser says of it, and what came of the release."""
    return (*ledger_lines(seen), *page_lines(seen), *log_lines(seen), *release_lines(seen))


def entry(about: str, event: AnyEvent) -> Line:
    return Line("ledger", about, ledger.encode(event).decode())


def ledger_lines(seen: Observation) -> list[Line]:
    opened = [one for one in streams(seen) if one.at_ms <= (seen.settled_ms or 0.0)]
    return [entry(f"number {opened[-1].tab} was the last to reach the origin", opened[-1])] if opened else []


def streams(seen: Observation) -> list[StreamOpened]:
    return [one for one in seen.ledger if isinstance(one, StreamOpened) and one.cell == seen.cell.name]


def page_lines(seen: Observation) -> list[Line]:
    waiting = [tab for tab in seen.tabs if not tab.live]
    if not waiting:
        return []
    what = "had failed" if waiting[0].failed else "waited, its document loaded" if waiting[0].document else "waited, blank"
    return [Line("page", f"number {waiting[0].tab} {what}", msgspec.json.encode(waiting[0]).decode())]


def log_lines(seen: Observation) -> list[Line]:
    held = seen.browser_log.held if seen.browser_log else ()
    return [Line("network log", f"number {one.tab} is held back", one.line) for one in held[:MOST_HELD] if one.line]


def release_lines(seen: Observation) -> list[Line]:
    if not seen.releases:
        return []
    first = seen.releases[0]
    ours = {one.stream: one.tab for one in streams(seen)}
    ended = [one for one in seen.ledger if isinstance(one, StreamClosed) and ours.get(one.stream) == first.tab]
    told = [entry(f"number {first.tab} was ended on purpose", one) for one in ended if one.at_ms >= first.ended_ms][:1]
    for arrival in first.arrived[:1]:
        came = [one for one in streams(seen) if one.tab == arrival.tab and one.at_ms >= first.ended_ms]
        told += [entry(f"number {arrival.tab} came in its place", one) for one in came[:1]]
    return told
