"""The control endpoints: all that the driver can change in the origin while it runs.

They answer POST requests on the control door only; anything else gets 404.

====================  =================================================  =============  =====================================
endpoint              query                                              answers        ledger event that confirms it
====================  =================================================  =============  =====================================
/control/cell         name; streams: the most on an HTTP/2 connection;   204, 400       CellBegan
                      per_second: updates a second (both optional:
                      without one, no change)
/control/pace         per_second: updates a second, 0 to 1000            204, 400       none
/control/publish      none                                               204            none
/control/end          cell; tab: a client's number                       204, 400, 404  StreamClosed, reason `origin`
/control/drop         cell; how: end, reset or shut                      204, 400       StreamsDropped, then StreamClosed
/control/refuse       cell; status: 200 to 599, or 0 to serve again;     204, 400       StreamClosed, reason `refused`, for
                      type: a content type (text/plain)                                 each refused request
/control/meter        anew: any value                                    204            Counters
====================  =================================================  =============  =====================================

204: done. 400: the query is wrong, and nothing was changed; the body says what was expected. 404: no stream to end.

The settings of `cell` apply to new connections, so to those of a fresh profile; it also ends a refusal. `drop` ends every
stream of a cell at once: only the streams (`end`), every connection of the measured doors (`reset`), or the doors themselves,
which open again after `SHUT_S` (`shut`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import msgspec
import trio
from hypercorn.config import Config

from lab.origin.doors import Doors
from lab.origin.exchange import MAX_TAB, Exchange
from lab.origin.feed import Feed
from lab.origin.ledger_writer import LedgerWriter
from lab.origin.meter import Meter

MAX_PER_SECOND = 1000
"""The most updates a second."""

MAX_STREAMS = 2**31 - 1
"""RFC 9113 section 6.5.2: a setting has 32 bits, and a stream's number 31."""

SHUT_S = 2.0
"""Shut doors open again after this many seconds."""

Query = Mapping[str, str]


class NothingThereError(Exception):
    """The client has no open stream that could be ended."""


class Refusal(msgspec.Struct, frozen=True):
    """The response to a cell's requests for updates, in place of updates."""

    cell: str
    status: int
    content_type: str


class ControlEndpoints:
    """The endpoints. They change the feed, Hypercorn's `settings`, the meter, the doors, and the open streams."""

    def __init__(self, *, ledger: LedgerWriter, feed: Feed, settings: Config, meter: Meter, doors: Doors) -> None:
        self._ledger = ledger
        self._feed = feed
        self._settings = settings
        self._meter = meter
        self._doors = doors
        self._open: set[tuple[str, int, trio.CancelScope]] = set()
        self._refusal: Refusal | None = None
        self.endpoints: dict[str, Callable[[Query], None]] = {
            "/control/cell": self._cell,
            "/control/pace": self._pace,
            "/control/publish": self._publish,
            "/control/end": self._end,
            "/control/drop": self._drop,
            "/control/refuse": self._refuse,
            "/control/meter": self._read_meter,
        }
        self._drops: dict[str, Callable[[str], None]] = {
            "end": self._end_streams,
            "reset": lambda _: self._doors.reset(),
            "shut": lambda _: self._doors.shut(SHUT_S),
        }

    async def answer(self, exchange: Exchange) -> None:
        """Do what a request on the control door asks for, and answer it."""
        endpoint = self.endpoints.get(exchange.path)
        if endpoint is None or exchange.method != "POST":
            await exchange.answer(404, body="There is no such control endpoint.\n")
            return
        try:
            endpoint(exchange.query)
        except ValueError as error:
            await exchange.answer(400, body=f"{exchange.path}: {error}\n")
        except NothingThereError as error:
            await exchange.answer(404, body=f"{exchange.path}: {error}\n")
        else:
            await exchange.answer(204)

    @contextmanager
    def can_end(self, cell: str, tab: int, scope: trio.CancelScope) -> Iterator[None]:
        """Inside the block, `/control/end` and `/control/drop` can end the client's stream, by cancelling `scope`."""
        one = (cell, tab, scope)
        self._open.add(one)
        try:
            yield
        finally:
            self._open.remove(one)

    def refusal(self, cell: str) -> Refusal | None:
        """The response to a cell's requests for updates, if they are refused now; else None."""
        return self._refusal if self._refusal and self._refusal.cell == cell else None

    def _cell(self, query: Query) -> None:
        name = text(query, "name")
        streams = whole(query, "streams", 0, MAX_STREAMS) if "streams" in query else self._settings.h2_max_concurrent_streams
        pace = number(query, "per_second", 0, MAX_PER_SECOND) if "per_second" in query else self._feed.updates_per_second
        self._settings.h2_max_concurrent_streams = max(1, streams)
        self._feed.pace(pace)
        self._refusal = None
        self._meter.begin(name)
        self._ledger.cell_began(name, self._settings.h2_max_concurrent_streams)

    def _pace(self, query: Query) -> None:
        self._feed.pace(number(query, "per_second", 0, MAX_PER_SECOND))

    def _publish(self, query: Query) -> None:
        self._feed.publish()

    def _end(self, query: Query) -> None:
        """End every open stream of a client in order, as if the response were complete."""
        cell, tab = text(query, "cell"), whole(query, "tab", 0, MAX_TAB)
        scopes = [scope for owner, client, scope in self._open if (owner, client) == (cell, tab)]
        if not scopes:
            raise NothingThereError(f"no stream of cell {cell}, client {tab} is open")
        for scope in scopes:
            scope.cancel()

    def _drop(self, query: Query) -> None:
        cell, how = text(query, "cell"), text(query, "how")
        if how not in self._drops:
            raise ValueError(f"how must be {', '.join(self._drops)}, not {how!r}")
        self._ledger.streams_dropped(cell, how)
        self._drops[how](cell)

    def _end_streams(self, cell: str) -> None:
        for owner, _, scope in self._open:
            if owner == cell:
                scope.cancel()

    def _refuse(self, query: Query) -> None:
        cell, status, content_type = text(query, "cell"), whole(query, "status", 0, 599), query.get("type", "text/plain")
        if 0 < status < 200:
            raise ValueError(f"no response ends a request with status {status}")
        if not content_type.isprintable():
            raise ValueError(f"{content_type!r} is no content type")
        self._refusal = Refusal(cell, status, content_type) if status else None

    def _read_meter(self, query: Query) -> None:
        self._ledger.enter(self._meter.read(self._feed.last, self._doors.traffic, anew="anew" in query))


def text(query: Query, name: str) -> str:
    """A value of the query. Raises ValueError if it is missing or empty."""
    if not query.get(name):
        raise ValueError(f"{name} is missing")
    return query[name]


def number(query: Query, name: str, least: float, most: float) -> float:
    """A number of the query within bounds. Raises ValueError for anything else, NaN included."""
    found = text(query, name)
    try:
        value = float(found)
    except ValueError:
        value = math.nan
    if not least <= value <= most:
        raise ValueError(f"{name} must be {least} to {most}, not {found[:40]!r}")
    return value


def whole(query: Query, name: str, least: float, most: float) -> int:
    """A whole number of the query within bounds. Raises ValueError for anything else."""
    found = text(query, name)
    if not (found.isascii() and found.isdigit() and len(found) <= len(str(MAX_STREAMS)) and least <= int(found) <= most):
        raise ValueError(f"{name} must be a whole number from {least} to {most}, not {found[:40]!r}")
    return int(found)
