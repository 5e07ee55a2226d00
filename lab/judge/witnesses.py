"""The witnesses of one cell: what each of them says, before they are compared.

There are four. The *pages* say which clients received an update when asked. The *server* says in its ledger which clients had a
stream open. The browser's own *log* says which requests it holds back. The *releases* show what the others were waiting for.

Rules.
1. Each witness may be absent: a user's own server keeps no ledger, some browsers have no log. No code of the judge may assume
   that one is there. What can't be known without it is None, never 0.
2. Without pages and without a server it is not known which clients were live, and nothing is confirmed.
3. A verdict says how many witnesses were available, and how many of them agree with it.

What it may not know: the claim, except in `as_answered` and `conclude`.

How it works. `witnesses_of` reads each witness from the observation. Each question adds its objections: points on which
witnesses disagree. `conclude` makes the verdict; one objection is enough for `disputed`.

What is still ugly: drops and payloads leave out two witnesses, because which clients wait is not their question.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from lab.model.browsers import HeldRequest
from lab.model.claims import Answer
from lab.model.connections import connections_of, control_connections, live_connections, live_streams, peak, peak_streams
from lab.model.ledger import Counters
from lab.model.observation import Observation, Release
from lab.model.openings import OPENINGS
from lab.model.verdict import Doubt, Kind, Limit, Statement, Verdict
from lab.transports import transports

PAGES, LEDGER, LOG, RELEASE = "pages", "ledger", "network log", "release"
"""The name of each witness in a statement."""

Clients = frozenset[int]
"""A set of clients, by their numbers."""

STREAMING, SENT = "had a stream open", "had been sent the last update"


class Pages(msgspec.Struct, frozen=True, kw_only=True):
    """What the pages say: which clients exist, which are live, and which failed instead of waiting."""

    everyone: Clients
    live: Clients
    failed: Clients


class Server(msgspec.Struct, frozen=True, kw_only=True):
    """What the ledger says at the moment of the verdict. `streaming` are the clients with an open stream. `live` are the same,
    or the clients to which the last update was sent; `had` says in words which of the two. `connections` are open and in use,
    `peak` is the largest number that was open at once, `max_streams` the largest number of streams that one connection carried
    at once. `own` is how many connections of the lab itself count for the limit."""

    live: Clients
    had: str = STREAMING
    streaming: Clients
    connections: int
    peak: int
    max_streams: int
    own: int = 0


class Log(msgspec.Struct, frozen=True, kw_only=True):
    """What the browser's log says. `held`: the clients whose requests it holds back, each with the limit that it waits for.
    `reasons`: every limit that it names."""

    held: dict[int, Limit]
    reasons: frozenset[Limit]


class Witnesses(msgspec.Struct, frozen=True, kw_only=True):
    """All witnesses of a cell. `pages`, `server` and `log` are None if absent; `releases` is empty if nothing was released.
    `opened` is how many clients were opened."""

    pages: Pages | None = None
    server: Server | None = None
    log: Log | None = None
    releases: tuple[Release, ...] = ()
    opened: int = 0

    @property
    def live(self) -> Clients:
        """The clients that are live according to the pages, or to the server if there are no pages."""
        return self.pages.live if self.pages else self.server.live if self.server else frozenset()

    @property
    def failed(self) -> Clients:
        return self.pages.failed if self.pages else frozenset()

    @property
    def waiting(self) -> Clients:
        """The clients that wait, according to the pages."""
        return self.pages.everyone - self.pages.live - self.pages.failed if self.pages else frozenset()

    @property
    def others(self) -> int:
        """How many clients are not live."""
        return self.opened - len(self.live)

    @property
    def spoke(self) -> tuple[str, ...]:
        """The names of the witnesses that are available."""
        there = {PAGES: self.pages, LEDGER: self.server, LOG: self.log, RELEASE: self.releases or None}
        return tuple(name for name, witness in there.items() if witness is not None)

    @property
    def anybody(self) -> bool:
        """Whether a witness can say which clients were live."""
        return self.pages is not None or self.server is not None


class Objection(msgspec.Struct, frozen=True):
    """A point on which witnesses disagree: the witness that disagrees with the pages or with the counts, and the point in
    words."""

    witness: str
    words: str


def witnesses_of(seen: Observation) -> Witnesses:
    """The witnesses of a settled observation, each read on its own."""
    pages, server = pages_of(seen), server_of(seen)
    opened = len(seen.clients) or seen.opened or (len(server.live) if server else 0)
    return Witnesses(pages=pages, server=server, log=log_of(seen), releases=seen.releases, opened=opened)


def pages_of(seen: Observation) -> Pages | None:
    """What the pages say; None where no page reported."""
    if not seen.clients:
        return None
    return Pages(
        everyone=frozenset(client.tab for client in seen.clients),
        live=frozenset(client.tab for client in seen.clients if client.live),
        failed=frozenset(client.tab for client in seen.clients if client.failed and not client.live),
    )


def server_of(seen: Observation) -> Server | None:
    """What the ledger says at the moment of the verdict; None where the server keeps no ledger, or nothing settled."""
    if seen.ledger is None or seen.settled_ms is None:
        return None
    rows, at_ms = connections_of(seen.ledger, seen.cell.name), seen.settled_ms
    streaming = frozenset(stream.tab for stream in live_streams(rows, at_ms))
    return Server(
        live=streaming,
        streaming=streaming,
        connections=sum(bool(row.streams or row.documents) for row in live_connections(rows, at_ms)),
        peak=peak(rows, at_ms),
        max_streams=peak_streams(rows, at_ms),
        # A limit in total counts the control tab's connection too.
        own=control_connections(seen.ledger, at_ms) if seen.cell.opening == "hosts" else 0,
    )


def log_of(seen: Observation) -> Log | None:
    """What the browser's log says; None where there is no log, or it could not be read."""
    log = seen.browser_log
    if log is None or log.missing is not None:
        return None
    known = {client.tab for client in seen.clients}
    return Log(
        held={one.tab: limit_of(one, seen) for one in log.held if one.tab is not None and (one.tab in known or not known)},
        reasons=frozenset(limit_of(one, seen) for one in log.held),
    )


def limit_of(held: HeldRequest, seen: Observation) -> Limit:
    """The limit that a held request waits for. A limit on streams is the setting of the origin, or of the proxy in front of it,
    if the log gives the same number, and the browser's if it gives another; without a number it is not known (`STREAMS`)."""
    if held.limit is not None:
        if seen.proxy is not None:
            own = seen.hops is not None and held.limit == seen.hops.announced
            return Limit.PROXY_STREAMS if own else Limit.BROWSER_STREAMS
        return Limit.ORIGIN_STREAMS if held.limit == seen.cell.streams else Limit.BROWSER_STREAMS
    if held.waits_for in (Limit.CONNECTIONS, Limit.SOCKETS) and own_limit(seen.cell.transport):
        return Limit.WEBSOCKETS
    return held.waits_for


def own_limit(transport: str) -> bool:
    """Whether browsers count this transport's connections by a limit of their own (lab/transports)."""
    found = transports().get(transport)
    return found is not None and found.OWN_LIMIT


def by_last_update(witnesses: Witnesses, ended: Counters) -> Witnesses:
    """The same witnesses, but the server's `live` are the clients to which the last update was sent: a client that polls has no
    open stream most of the time."""
    if witnesses.server is None:
        return witnesses
    sent = frozenset(tab for tab, reached in ended.reached.items() if reached >= ended.last)
    known = sent & witnesses.pages.everyone if witnesses.pages else sent  # The counters also have clients that were closed.
    return msgspec.structs.replace(witnesses, server=msgspec.structs.replace(witnesses.server, live=known, had=SENT))


def documents_of(seen: Observation) -> int | None:
    """How many documents had loaded; None if clients share a page."""
    own = seen.clients and OPENINGS[seen.cell.opening].own_document
    return sum(client.document for client in seen.clients) if own else None


def as_answered(seen: Observation, answer: str) -> bool | None:
    """Whether the claim has the same answer; None for a claim without an answer."""
    return seen.claim.answer == answer if isinstance(seen.claim, Answer) else None


def nothing_recorded(seen: Observation, verb: str) -> Verdict:
    """The verdict on a cell whose steps recorded nothing about the scenario's question. `verb`: the verb that would have."""
    why = f"the steps of {seen.cell.scenario} recorded nothing about {seen.cell.question}: {verb} is missing among them"
    return Verdict(kind=Kind.INCONCLUSIVE, doubt=Doubt.PRECONDITION, why=why)


def conclude(
    seen: Observation,
    witnesses: Witnesses,
    *,
    objections: Sequence[Objection],
    as_claimed: bool | None,
    why: str,
    statements: Sequence[Statement],
    cause: Limit | None = None,
    answer: str | None = None,
) -> Verdict:
    """The verdict, from what the witnesses say. It is disputed if there is an objection. `as_claimed`: whether the claim holds;
    None if the claim is not about this question."""
    kind, doubt = Kind.CONFIRMED if as_claimed else Kind.REFUTED, None
    if not witnesses.anybody:
        kind, doubt, why = (
            Kind.INCONCLUSIVE,
            Doubt.PRECONDITION,
            "Neither a page nor the server could say which clients were live.",
        )
    elif objections:
        kind, why = Kind.DISPUTED, objections[0].words
        cause = cause if cause is Limit.NONE else None
    elif as_claimed is None:
        kind, doubt = Kind.INCONCLUSIVE, Doubt.PRECONDITION
        why = f"The claim is about another question ({seen.claim}). {why}"
    if witnesses.anybody and witnesses.server is None:
        why = f"{why} The server's ledger is unavailable."
    against = {one.witness for one in objections}
    return Verdict(
        kind=kind,
        why=why,
        live=len(witnesses.live) if witnesses.anybody else None,
        documents=documents_of(seen),
        connections=witnesses.server.connections if witnesses.server else None,
        max_streams=witnesses.server.max_streams if witnesses.server else None,
        cause=cause if witnesses.anybody else None,
        answer=answer,
        doubt=doubt,
        witnesses=tuple(statements),
        spoke=len(witnesses.spoke),
        agreed=sum(name not in against for name in witnesses.spoke) if witnesses.anybody else 0,
    )
