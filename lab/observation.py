"""What was seen in a cell: raw, never judged. Times are milliseconds of the machine's monotonic clock."""

from __future__ import annotations

import msgspec

from lab.ledger import AnyEvent
from lab.scenario import Cell, Claim


class TabSeen(msgspec.Struct, frozen=True):
    """One tab, as its page told it when asked. A tab without a document had nothing to tell with.

    `live`: it received an update when asked to wait for one, at the moment of the verdict. `begun_ms`: when its
    navigation began. `opening_ms`: from there to its first update; None when that never came.
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


class Arrival(msgspec.Struct, frozen=True):
    """A waiting tab whose stream reached the origin, `after_ms` from the end of the one that made room."""

    tab: int
    after_ms: float
    connection: int
    reused: bool


class Release(msgspec.Struct, frozen=True):
    """One live stream was ended on purpose, and this came of it. `ended_by`: `page`, `origin` or `tab`."""

    tab: int
    ended_by: str
    ended_ms: float
    waiting: tuple[int, ...]
    arrived: tuple[Arrival, ...]


class Held(msgspec.Struct, frozen=True):
    """A request that the browser itself says it holds back, since `since_ms`. `tab` is None for a URL that names none;
    `limit` is the number of streams in force, where that is what it waits for and the log tells it; `note` is what else the
    browser says of it, in words."""

    url: str
    tab: int | None
    waits_for: str
    since_ms: float
    limit: int | None = None
    note: str | None = None


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

    `source` is how the scenario is named on the command line. `controls` counts full openings through the control door
    while the waiting ones stood still: browser and origin were well then. `faults` are the instrument's own; `missing` says
    why there was nothing to see at all.
    """

    cell: Cell
    claim: Claim
    source: str = ""
    engine_version: str | None = None
    opened: str = "one by one"
    streams_per_connection: int | None = None
    tabs: tuple[TabSeen, ...] = ()
    ledger: tuple[AnyEvent, ...] = ()
    settled_ms: float | None = None
    quiet_ms: float | None = None
    controls: int = 0
    release: Release | None = None
    browser_log: BrowserLog | None = None
    seconds: float = 0.0
    faults: tuple[str, ...] = ()
    missing: str | None = None
