"""The judge: what an Observation means. Pure: the same observation always gives the same verdict.

It keeps apart what people confuse: a browser that does otherwise than is said (`refuted`: a finding), witnesses that disagree
(`disputed`), an engine that can't do this (`unsupported`), and an instrument that failed (`harness_fault`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum

import msgspec

from lab import ledger
from lab.ledger import Connection
from lab.observation import BrowserLog, Held, Observation, Release
from lab.protocols import PROTOCOLS


class Kind(StrEnum):
    CONFIRMED = "confirmed"
    REFUTED = "refuted"
    DISPUTED = "disputed"
    UNSUPPORTED = "unsupported"
    HARNESS_FAULT = "harness_fault"


class Cause(StrEnum):
    """What held the waiting tabs back."""

    CONNECTIONS = "connections per host"
    ORIGIN_STREAMS = "streams per connection (the origin's setting)"
    BROWSER_STREAMS = "streams per connection (the browser's own)"
    SOCKETS = "sockets in total"
    NONE = "none found"


class Statement(msgspec.Struct, frozen=True):
    """What one witness says, in words; `live` is its own count of live tabs, where it has one."""

    witness: str
    says: str
    live: int | None = None


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """The counts are None where there was nothing to count. `why` is one or two sentences for a reader."""

    kind: Kind
    why: str
    live: int | None = None
    documents: int | None = None
    connections: int | None = None
    max_streams: int | None = None
    cause: Cause | None = None
    witnesses: tuple[Statement, ...] = ()


def judge(seen: Observation) -> Verdict:
    if seen.missing is not None:
        return Verdict(kind=Kind.UNSUPPORTED, why=seen.missing)
    faults = faults_of(seen)
    if faults or seen.settled_ms is None:
        return Verdict(kind=Kind.HARNESS_FAULT, why="; ".join(faults) or "the cell ended before it was settled")
    rows = ledger.connections(seen.ledger, seen.cell.protocol)
    foreign = foreign_protocols(rows, seen.cell.protocol)
    if foreign:
        return Verdict(kind=Kind.UNSUPPORTED, why=foreign)
    return Bench(seen, rows, seen.settled_ms).verdict()


def faults_of(seen: Observation) -> list[str]:
    """The instrument's own failures, and tabs that failed to load instead of loading or waiting."""
    faults = list(seen.faults)
    own = [event for event in seen.ledger if isinstance(event, ledger.OriginFault)]
    faults += [f"the origin failed at {event.where}: {event.error}" for event in own]
    for tab in seen.tabs:
        if tab.errors and not tab.document:
            faults.append(f"tab {tab.tab} failed to load instead of waiting: {tab.errors[0]}")
    return faults


def foreign_protocols(rows: Sequence[Connection], door: str) -> str:
    """Why this was not a measurement of the door's protocol, or nothing."""
    wanted = PROTOCOLS[door].alpn
    spoken = sorted({row.protocol or "nothing" for row in rows if row.streams and row.protocol != wanted})
    return f"the browser was offered {wanted} and negotiated {', '.join(spoken)}" if spoken else ""


class Bench:
    """One settled observation before the judge: the counts of each witness, and what follows from them."""

    def __init__(self, seen: Observation, rows: Sequence[Connection], settled_ms: float) -> None:
        self.seen = seen
        self.rows = rows
        self.asked = seen.cell.asked
        self.pages = {tab.tab for tab in seen.tabs if tab.live}
        self.streams = {stream.tab for stream in ledger.live_streams(rows, settled_ms)}
        self.held = held_by_browser(seen)
        self.live = len(self.pages)
        self.waiting = self.asked - self.live
        self.documents = sum(tab.document for tab in seen.tabs)
        self.open = ledger.live_connections(rows, settled_ms)
        self.peak = ledger.peak(rows, settled_ms)
        self.max_streams = ledger.peak_streams(rows, settled_ms)

    def verdict(self) -> Verdict:
        dispute = self.dispute()
        kind = Kind.DISPUTED if dispute else Kind.CONFIRMED if self.live == self.expected else Kind.REFUTED
        return Verdict(
            kind=kind,
            why=dispute or f"{self.against_claim()} {self.held_back()}".strip(),
            live=self.live,
            documents=self.documents,
            connections=len(self.open),
            max_streams=self.max_streams,
            cause=self.cause(),
            witnesses=tuple(self.statements()),
        )

    @property
    def expected(self) -> int:
        """A claim speaks of a limit; fewer tabs than that must all be live."""
        return min(self.seen.claim.limit, self.asked)

    def dispute(self) -> str:
        """Where the witnesses disagree, or nothing."""
        if self.pages != self.streams:
            only_pages, only_ledger = sorted(self.pages - self.streams), sorted(self.streams - self.pages)
            return (
                f"The pages say {self.live} tabs are live, the ledger says {len(self.streams)}: "
                f"only the page says so of tabs {only_pages or 'none'}, only the ledger of tabs {only_ledger or 'none'}."
            )
        waiting = set(range(1, self.asked + 1)) - self.pages
        if self.held is not None and set(self.held) != waiting:
            return (
                f"The pages say that tabs {sorted(waiting) or 'none'} wait, the browser's own network log says "
                f"that it holds back tabs {sorted(self.held) or 'none'}."
            )
        if not self.waiting:
            return ""
        if self.held and not {self.inferred_cause(), None} & set(self.held.values()):
            return (
                f"The counts point to {self.inferred_cause()}, the browser's own network log to {joined(self.held.values())}."
            )
        if self.seen.release is None:
            why = "no waiting one could be tried with a freed place: what they wait for is not proven"
            return f"{self.waiting} tabs are not live, and {why}."
        came = len(self.seen.release.arrived)
        if came == 0:
            return f"{self.waiting} tabs are not live, but none came when a place was freed: they wait for something else."
        if came > 1:
            return f"One place was freed and {came} streams came: those tabs were not waiting for a place."
        return ""

    def cause(self) -> Cause | None:
        if not self.waiting:
            return Cause.NONE
        return None if self.dispute() else self.inferred_cause()

    def inferred_cause(self) -> Cause:
        """What the counts alone point to: the browser's log, where there is one, must say the same."""
        if not PROTOCOLS[self.seen.cell.protocol].multiplexed:
            return Cause.CONNECTIONS
        if self.seen.streams_per_connection is not None and self.max_streams >= self.seen.streams_per_connection:
            return Cause.ORIGIN_STREAMS
        return Cause.BROWSER_STREAMS

    def against_claim(self) -> str:
        limit = self.seen.claim.limit
        if self.live != self.expected:
            return f"The claim is {limit} live at once; {self.live} of {self.asked} were."
        if limit >= self.asked:
            beyond = f" The claimed limit of {limit} was not reached with {self.asked}." if limit > self.asked else ""
            return f"All {self.asked} tabs were live.{beyond}"
        return f"{self.live} of {self.asked} tabs were live, as claimed."

    def held_back(self) -> str:
        if not self.waiting or self.seen.release is None:
            return ""
        return f"The other {self.waiting} were waiting: {release_in_words(self.seen.release)}"

    def statements(self) -> list[Statement]:
        asked = self.asked
        blank = asked - self.documents
        pages = f"{self.live} of {asked} tabs received updates when asked; {self.documents} documents had loaded"
        pages += f", {blank} navigations were still waiting." if blank else "."
        streams = f"{len(self.streams)} tabs had a stream open, on {len(self.open)} connections (at most {self.peak} at once)"
        streams += f"; no connection carried more than {self.max_streams}."
        words = [Statement("pages", pages, self.live), Statement("ledger", streams, len(self.streams))]
        if self.waiting:
            words.append(Statement("control", self.control_in_words()))
        if self.seen.browser_log is not None:
            words.append(Statement("network log", self.log_in_words(self.seen.browser_log), self.log_live()))
        if self.seen.release is not None:
            words.append(Statement("release", sentence(release_in_words(self.seen.release))))
        return words

    def log_live(self) -> int | None:
        return None if self.held is None else self.asked - len(self.held)

    def log_in_words(self, log: BrowserLog) -> str:
        if log.missing is not None:
            return f"Not heard: {log.missing}."
        if not self.held:
            return "The browser itself held back no request of these tabs."
        notes = "".join(f" {note}." for note in sorted({one.note for one in log.held if one.note}))
        return f"The browser itself held back requests of {len(self.held)} tabs, for {joined(self.held.values())}.{notes}"

    def control_in_words(self) -> str:
        quiet = f"{self.seen.quiet_ms:.0f} ms" if self.seen.quiet_ms is not None else "a while"
        return (
            f"In the same browser, {self.seen.controls} tabs opened through another door and went live. "
            f"The waiting ones stood still for at least {quiet}: twice the usual opening, and no less than the slowest."
        )


def held_by_browser(seen: Observation) -> dict[int, Cause | None] | None:
    """The tabs whose requests the browser says it holds back, and for what; None when its log is not there to ask."""
    log = seen.browser_log
    if log is None or log.missing is not None:
        return None
    return {one.tab: cause_of(one, seen.streams_per_connection) for one in log.held if one.tab is not None}


def cause_of(held: Held, origin_limit: int | None) -> Cause | None:
    """A limit on streams is the origin's own setting when the browser names the same number; None when it names none."""
    if held.limit is not None:
        return Cause.ORIGIN_STREAMS if held.limit == origin_limit else Cause.BROWSER_STREAMS
    return Cause(held.waits_for) if held.waits_for in list(Cause) else None


def joined(causes: Iterable[Cause | None]) -> str:
    return " and ".join(sorted({cause or "streams per connection" for cause in causes}))


def sentence(words: str) -> str:
    return words[:1].upper() + words[1:]


def release_in_words(release: Release) -> str:
    ended = f"when the stream of tab {release.tab} was ended"
    if not release.arrived:
        return f"{ended}, no waiting tab came."
    first = release.arrived[0]
    where = "a connection that was already open" if first.reused else "a new connection"
    return f"{ended}, tab {first.tab} reached the origin {first.after_ms:.0f} ms later, on {where}."
