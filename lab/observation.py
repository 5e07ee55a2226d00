"""What was seen in a cell: raw, never judged. Times are milliseconds of the machine's monotonic clock."""

from __future__ import annotations

import msgspec

from lab.cell import Cell, Claim
from lab.ledger import AnyEvent, Metered


class TabSeen(msgspec.Struct, frozen=True):
    """One client (a tab, a frame, a stream of a page), as its page told it when asked. Without a document it had nothing to
    tell with.

    `live`: it received an update when asked to wait for one, at the moment of the verdict, by a request that was then on its
    way already. `begun_ms`: when its opening began. `opening_ms`: from there to its first update; None when that never came.
    `failed`: what the browser said when it gave up for good, instead of waiting.
    """

    tab: int
    document: bool
    live: bool
    received: int = 0
    repeated: int = 0
    skipped: int = 0
    begun_ms: float | None = None
    opening_ms: float | None = None
    errors: tuple[str, ...] = ()
    failed: str | None = None


class Held(msgspec.Struct, frozen=True):
    """A request that the browser itself says it holds back, since `since_ms`. `tab` is None for a URL that names none;
    `limit` is the number of streams in force, where that is what it waits for and the log tells it; `note` is what else the
    browser says of it, in words; `line` is the log's own, cut where it is long."""

    url: str
    tab: int | None
    waits_for: str
    since_ms: float
    limit: int | None = None
    note: str | None = None
    line: str = ""


class Arrival(msgspec.Struct, frozen=True):
    """A waiting client whose stream reached the origin, `after_ms` from the end of the one that made room."""

    tab: int
    after_ms: float
    connection: int
    reused: bool


class Release(msgspec.Struct, frozen=True):
    """One live stream was ended on purpose, and this came of it, in order. `ended_by`: the `page` closed it, the `origin` ended
    it, or its `tab` (or frame) was closed. `most` streams were open at once from then until the next release, or until a whole
    control opening had gone by. `held` are those whom the browser's own log still held back, where none came."""

    tab: int
    ended_by: str
    ended_ms: float
    waiting: tuple[int, ...]
    arrived: tuple[Arrival, ...]
    most: int = 0
    held: tuple[Held, ...] = ()


class Filled(msgspec.Struct, frozen=True):
    """One side of a case about pools: its clients are numbered from `first`, `asked` of them; `what` says who asked whom."""

    what: str
    first: int
    asked: int


class Probe(msgspec.Struct, frozen=True):
    """Something else that a page did while the streams were held. `outcome`: `passed` after `took_ms`; `waited`, and came
    `after_release_ms` from the end of a stream; or `failed`. `arrived_ms` is when the origin saw it."""

    kind: str
    page: str
    outcome: str
    took_ms: float | None = None
    after_release_ms: float | None = None
    arrived_ms: float | None = None
    note: str | None = None


class Usage(msgspec.Struct, frozen=True):
    """What a tree of processes has used: CPU seconds since it began, and bytes of memory of its own."""

    cpu_s: float
    memory_bytes: int
    processes: int


class Heard(msgspec.Struct, frozen=True):
    """What one client received of the updates published while it listened: how many (each once), how many it missed, received
    again, or received after a newer one. `latencies_ms` run from the origin's stamp to the page's handler."""

    tab: int
    received: int
    missed: int
    repeated: int
    disordered: int
    latencies_ms: tuple[float, ...]


class Spent(msgspec.Struct, frozen=True):
    """A time and what it cost origin and browser: the counters at its begin and its end. `at_ms` are the two moments."""

    at_ms: tuple[float, float]
    origin: tuple[Usage, Usage]
    browser: tuple[Usage, Usage]


class Listened(msgspec.Struct, frozen=True, kw_only=True):
    """The feed ran from `began` to `ended`, the origin's own counters at those moments; `idle` is a time before that and one
    after, with the same tabs open and nothing to say. `clocks_ms` is the most by which a page's clock may differ from the
    origin's, after both were compared."""

    tabs: tuple[Heard, ...]
    began: Metered
    ended: Metered
    clocks_ms: float
    idle: tuple[Spent, Spent]
    spent: Spent


class Back(msgspec.Struct, frozen=True, kw_only=True):
    """One client after a drop. Its stream ended at `closed_ms`, where it had one; it asked again at `asked_ms` first, and
    `asks` times in all, by that version of `http`, with that Last-Event-ID; it was live again at `live_ms`, when the first
    update of the new request came. `had` is the last update before that. Of those published since it was asked to note them,
    it `missed` some and had some `repeated`. `kinds` counts them by the name of the event that brought them. `failed`: it gave
    up for good, and why."""

    tab: int
    had: int | None
    closed_ms: float | None
    asked_ms: float | None
    asks: int
    http: str | None
    last_event_id: str | None
    live_ms: float | None
    missed: int
    repeated: int
    kinds: dict[str, int]
    failed: str | None


class DropSeen(msgspec.Struct, frozen=True, kw_only=True):
    """Every client's stream was dropped at `dropped_ms`: its stream `end`ed, its connection `reset`, or the doors `shut` for a
    while. `retry` and `status` are the case's (lab.cell.Drop). `watched_ms` is how long nobody came any more, where they had
    been turned away. `ended` is what the origin had sent when the feed fell silent. Clocks agree within `clocks_ms`."""

    how: str
    dropped_ms: float
    retry: int | None
    status: int
    watched_ms: float
    clocks_ms: float
    ended: Metered
    clients: tuple[Back, ...]


class Carried(msgspec.Struct, frozen=True, kw_only=True):
    """One payload, as it came to the page. `events` came of it, `right` says whether they are what the standard says; if not,
    `note` is what came instead. Of the `content_bytes` that were meant `survived_bytes` came, where that can be asked. The
    wire's bytes are those from the origin (`sent`) and to it while it was carried, TLS included, over a connection already
    open."""

    name: str
    chunks: int
    events: int
    right: bool
    sent_bytes: int
    received_bytes: int
    content_bytes: int | None = None
    survived_bytes: int | None = None
    note: str = ""


class Picture(msgspec.Struct, frozen=True):
    """What a tab looked like at the moment of the verdict: a JPEG (in JSON as base64), or why there is none."""

    tab: int
    jpeg: bytes | None = None
    why: str | None = None


class BrowserLog(msgspec.Struct, frozen=True):
    """The browser's own account at the moment of the verdict; `missing` says why it could not be read."""

    held: tuple[Held, ...] = ()
    missing: str | None = None


class Tried(msgspec.Struct, frozen=True):
    """One candidate and what became of it: `version` when it started, else `reason` and how to mend it."""

    engine: str
    what: str
    version: str | None = None
    reason: str | None = None
    mend: str = ""


class Observation(msgspec.Struct, frozen=True, kw_only=True):
    """`settled_ms` is the moment the verdict speaks of; what comes later belongs to the release proof.

    `source` is how the scenario is named on the command line. `asked` is how many were opened, up to the cell's bound.
    `controls` counts full openings through the control door while the waiting ones stood still: browser and origin were well
    then. `faults` are the instrument's own; `missing` says why there was nothing to see at all.
    """

    cell: Cell
    claim: Claim
    source: str = ""
    engine_version: str | None = None
    asked: int | None = None
    streams_per_connection: int | None = None
    load: float | None = None
    tabs: tuple[TabSeen, ...] = ()
    ledger: tuple[AnyEvent, ...] = ()
    settled_ms: float | None = None
    quiet_ms: float | None = None
    controls: int = 0
    releases: tuple[Release, ...] = ()
    sides: tuple[Filled, ...] = ()
    probes: tuple[Probe, ...] = ()
    listened: Listened | None = None
    drops: tuple[DropSeen, ...] = ()
    payloads: tuple[Carried, ...] = ()
    pictures: tuple[Picture, ...] = ()
    browser_log: BrowserLog | None = None
    seconds: float = 0.0
    faults: tuple[str, ...] = ()
    missing: str | None = None
