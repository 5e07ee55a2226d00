"""What happened according to a log: requests, their waits, and the hosts. Frozen values; made by the recorder."""

from __future__ import annotations

import datetime
from enum import StrEnum

import msgspec

from lab.model.verdict import Limit


class Outcome(StrEnum):
    """How a wait ended."""

    SERVED = "served"
    JOINED = "joined"
    GAVE_UP = "gave up"
    FAILED = "failed"
    WAITING = "still waiting"


class Kind(StrEnum):
    """What a request is for, as far as the log tells."""

    PAGE = "page"
    FRAME = "frame"
    EVENTS = "event stream"
    WEBSOCKET = "WebSocket"
    OTHER = "request"


class Wait(msgspec.Struct, frozen=True, kw_only=True):
    """One wait of a request. Times are milliseconds since the log began; negative: before it."""

    limit: Limit
    """What it waited for."""
    pool: str
    """The pool that had no place: of a host, of an HTTP/2 connection, or of the browser."""
    since_ms: float
    """When it began to wait."""
    until_ms: float | None
    """When it ceased to wait; null if it waited when the log ended."""
    outcome: Outcome
    """How the wait ended."""
    held: int
    """How many requests held the pool's places when the wait began, as far as the log shows them."""
    most: int | None = None
    """The limit's value, or the count that was compared with it, where the log gives it."""
    holders: tuple[int, ...] = ()
    """The numbers of those requests; of many, the first ones."""
    released_by: int | None = None
    """The number of the request whose place it got; null if not known."""
    derived: bool = False
    """Whether the wait is inferred: the log has no line that says so."""


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """One request for a connection. A redirect, or another try, is another request."""

    number: int
    """Its number, in the order of the log, from 1."""
    url: str
    """Its address; query values are replaced by …."""
    host: str
    """Scheme, host and port."""
    kind: Kind
    """What it is for."""
    protocol: str = ""
    """h1, h2 or h3; empty if not known."""
    pool: str = ""
    """The pool in which it held a place; empty if it never did."""
    connection: str = ""
    """The log's name of its connection; empty if not known."""
    began_ms: float
    """When it asked for a connection, in ms since the log began."""
    served_ms: float | None = None
    """When it got its place; null if it never did."""
    ended_ms: float | None = None
    """When it gave the place back; null if it held it when the log ended."""
    waits: tuple[Wait, ...] = ()
    """Its waits."""


class Host(msgspec.Struct, frozen=True, kw_only=True):
    """One host, with all requests for it."""

    host: str
    """Scheme, host and port."""
    protocols: tuple[str, ...]
    """The protocols it spoke: h1, h2, h3; empty if no connection was made."""
    requests: int
    """How many requests asked for a connection to it."""
    most_at_once: int
    """The most requests that held a connection (h1) or a stream (h2, h3) at once."""
    waited: int
    """How many of its requests waited."""


class History(msgspec.Struct, frozen=True, kw_only=True):
    """A whole log. `requests` are those that waited, and those that held a place meanwhile."""

    log: str
    """The kind of log: NetLog or MOZ_LOG."""
    browser: str
    """The browser and its version, as the log says; empty if it does not."""
    began: str
    """When the log began, by the recording machine's clock (UTC); empty if not known."""
    length_ms: float
    """From the log's first event to its last one."""
    timed: bool = True
    """False: the log has no time stamps. All times are then numbers of lines, good for their order only."""
    counted: int
    """How many requests there were in all."""
    requests: tuple[Request, ...]
    """The requests that waited, and those that held what others waited for, by number."""
    hosts: tuple[Host, ...]
    """Every host, those with waits first."""
    notes: tuple[str, ...] = ()
    """What limits the explanation: the log was cut off, lines could not be read, a level of detail is missing."""


def utc(ms: float) -> str:
    """Milliseconds since 1970 as a date and time of day, to the second; empty if no calendar has it."""
    try:
        return f"{datetime.datetime.fromtimestamp(ms / 1000, datetime.UTC):%Y-%m-%d %H:%M:%S}"
    except (ValueError, OverflowError, OSError):
        return ""
