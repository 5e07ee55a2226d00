"""What was seen in a cell: raw, never judged. Times are milliseconds of the machine's monotonic clock.

What a kind of question records of its own is in the file of its name beside this one.
"""

from __future__ import annotations

import msgspec

from lab.model.browsers import BrowserLog, HeldRequest
from lab.model.cell import Cell
from lab.model.claims import Claim
from lab.model.delivery import DeliverySeen
from lab.model.drops import DropSeen
from lab.model.ledger import AnyEvent
from lab.model.payloads import PayloadSeen
from lab.model.pools import SideSeen
from lab.model.starvation import ProbeSeen


class ClientSeen(msgspec.Struct, frozen=True):
    """One client (a tab, a frame, a stream of a page), as its page reported it. Without a document it had nothing to report
    with."""

    tab: int
    """The client's number, from 1 in the order of opening."""
    document: bool
    """Whether the page that it is in had loaded."""
    live: bool
    """Whether it received an update when asked for one at the moment of the verdict, by a request already under way."""
    received: int = 0
    """Updates that it received."""
    repeated: int = 0
    """Updates that came again."""
    skipped: int = 0
    """Updates that never came, by their numbers."""
    begun_ms: float | None = None
    """When its opening began."""
    opening_ms: float | None = None
    """From there to its first update; null when none came."""
    errors: tuple[str, ...] = ()
    """What the browser said of it."""
    failed: str | None = None
    """What the browser said when it gave up for good, instead of waiting."""


class Arrival(msgspec.Struct, frozen=True):
    """A waiting client whose stream reached the origin after a release."""

    tab: int
    """The client's number."""
    after_ms: float
    """From the end of the released stream, in ms."""
    connection: int
    """The ledger's number of the connection that it came by."""
    reused: bool
    """Whether that connection was open already."""


class Release(msgspec.Struct, frozen=True):
    """One live stream ended on purpose, and what came of it."""

    tab: int
    """The client whose stream was ended."""
    ended_by: str
    """page: its page closed it; origin: the origin ended it; tab: its tab or frame was closed."""
    ended_ms: float
    """When it ended."""
    waiting: tuple[int, ...]
    """The clients that waited then."""
    arrived: tuple[Arrival, ...]
    """Those that came in its place, in order."""
    most: int = 0
    """The most streams open at once from then until the next release, or the end of a whole control opening."""
    held: tuple[HeldRequest, ...] = ()
    """The requests that the browser's log still held back, where none came."""


class Screenshot(msgspec.Struct, frozen=True):
    """What a tab looked like at the moment of the verdict."""

    tab: int
    """The number of the client in it."""
    image: bytes | None = None
    """The picture, in base64; null where there is none."""
    why: str | None = None
    """Why there is none."""
    media_type: str = "image/jpeg"
    """The picture's media type."""


class Observation(msgspec.Struct, frozen=True, kw_only=True):
    """`settled_ms` is the moment the verdict speaks of; what comes later belongs to the release proof.

    `source` is how the scenario is named on the command line. `opened` is how many clients were opened, up to the cell's bound.
    `ledger` is the server's witness: None where the server keeps none. `controls` counts whole openings through the control
    door while the waiting clients stood still: browser and origin were well then.

    Three things can keep a cell from being judged: `faults` are the instrument's own; `unmet` says which precondition of the
    question was not met; `missing` why the engine could not be asked at all.
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
    screenshots: tuple[Screenshot, ...] = ()
    faults: tuple[str, ...] = ()
    unmet: str | None = None
    missing: str | None = None
