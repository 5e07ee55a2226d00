"""Observations: what was seen in one cell, raw. Nothing here is judged.

Rules. Times (`…_ms`) are milliseconds: moments of the machine's monotonic clock, or durations. An observation is all that the
judge gets, so it must be complete, and it must survive JSON: observations.jsonl keeps one a line.

What it may not know: any verdict, and any number that is derived from others.

How it works. `Observation` has the fields of every cell. What one kind of question records is a struct of its own, in the file
of that question's name beside this one.

What is still ugly: every question has a field in `Observation`, empty in the cells of all other questions.
"""

from __future__ import annotations

import msgspec

from lab.model.browsers import BrowserLog, HeldRequest
from lab.model.buffering import BufferingSeen
from lab.model.cell import Cell
from lab.model.claims import Claim
from lab.model.delivery import DeliverySeen
from lab.model.drops import DropSeen
from lab.model.hops import HopsSeen, ProxySeen
from lab.model.ledger import AnyEvent
from lab.model.payloads import PayloadSeen
from lab.model.pools import SideSeen
from lab.model.probe import ProbeReport
from lab.model.silence import SilenceSeen
from lab.model.starvation import ProbeSeen


class ClientSeen(msgspec.Struct, frozen=True):
    """One client (a tab, a frame, or a stream of a page), as its page reported it. If the page had not loaded, only `tab`,
    `begun_ms` and `errors` are known."""

    tab: int
    """The client's number, from 1 in the order of opening."""
    document: bool
    """Whether the page that the client is in had loaded."""
    live: bool
    """Whether it received one more update at the moment of the verdict, by a request that was already under way."""
    received: int = 0
    """How many updates it received."""
    repeated: int = 0
    """How many updates it received more than once."""
    skipped: int = 0
    """How many updates it never received: gaps in their numbers."""
    begun_ms: float | None = None
    """When its opening began."""
    opening_ms: float | None = None
    """Time from that moment to its first update; null when none came."""
    errors: tuple[str, ...] = ()
    """The browser's error messages about it, the first ten."""
    failed: str | None = None
    """The browser's message when the client failed for good instead of waiting; null if it did not."""


class Arrival(msgspec.Struct, frozen=True):
    """A waiting client whose stream reached the origin after a release."""

    tab: int
    """The client's number."""
    after_ms: float
    """Time from the end of the released stream, in ms."""
    connection: int
    """The number of its connection in the ledger."""
    reused: bool
    """Whether that connection was already open before the release."""


class Release(msgspec.Struct, frozen=True):
    """A release: one live stream was ended on purpose, and waiting clients were watched."""

    tab: int
    """The client whose stream was ended."""
    ended_by: str
    """How it was ended. page: its page closed it; origin: the origin ended it; tab: its tab or frame was closed."""
    ended_ms: float
    """When it ended."""
    waiting: tuple[int, ...]
    """The clients that were waiting at that moment."""
    arrived: tuple[Arrival, ...]
    """The waiting clients that then reached the origin, in order."""
    most: int = 0
    """The largest number of streams open at once between this release and the next one; after the last release, until the
    control tab had been opened once more."""
    held: tuple[HeldRequest, ...] = ()
    """The requests that the browser still held back according to its log, if no client came."""


class Screenshot(msgspec.Struct, frozen=True):
    """A screenshot of a tab at the moment of the verdict, or the reason why there is none."""

    tab: int
    """The number of the client in the tab."""
    image: bytes | None = None
    """The image file, in base64 in JSON; null if there is none."""
    why: str | None = None
    """Why there is no picture; null if there is one."""
    media_type: str = "image/jpeg"
    """The picture's media type."""


class Observation(msgspec.Struct, frozen=True, kw_only=True):
    """All that was seen in one cell. `settled_ms` is the moment of the verdict; what happens later belongs to the release
    proof.

    `source` is the scenario's name or path on the command line. `opened` is how many clients were opened, at most the cell's
    `at_most`. `ledger` is the server as a witness; None where the server keeps no ledger. `quiet_ms` is the quiet time that had
    passed without a move. `controls` counts the openings of the control tab that completed while the waiting clients did not
    move: they show that browser and origin were working.

    `proxy` is the proxy that stood between browser and origin, if any.

    Four fields say why a cell can't be judged. `faults`: failures of the lab itself. `unmet`: a precondition of the question
    that was not met. `missing`: why the engine could not be
    started, or the proxy. `too_busy`: something did not answer in time, on a machine
    too busy to say that it never would have.
    """

    cell: Cell
    claim: Claim
    source: str = ""
    engine_version: str | None = None
    opened: int | None = None
    load: float | None = None
    seconds: float = 0.0
    clients: tuple[ClientSeen, ...] = ()
    ledger: tuple[AnyEvent, ...] | None = None
    browser_log: BrowserLog | None = None
    releases: tuple[Release, ...] = ()
    settled_ms: float | None = None
    quiet_ms: float | None = None
    controls: int = 0
    sides: tuple[SideSeen, ...] = ()
    probes: tuple[ProbeSeen, ...] = ()
    delivery: DeliverySeen | None = None
    drops: tuple[DropSeen, ...] = ()
    payloads: tuple[PayloadSeen, ...] = ()
    proxy: ProxySeen | None = None
    hops: HopsSeen | None = None
    buffering: BufferingSeen | None = None
    silence: SilenceSeen | None = None
    probe: ProbeReport | None = None
    screenshots: tuple[Screenshot, ...] = ()
    faults: tuple[str, ...] = ()
    unmet: str | None = None
    missing: str | None = None
    too_busy: str | None = None
