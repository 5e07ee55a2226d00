"""The levers on the control door: what the driver may change of the origin while it runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

import trio
from hypercorn.config import Config

from lab.model.ledger import StreamsDropped, now_ms
from lab.origin.exchange import Exchange
from lab.origin.feed import Feed
from lab.origin.ledger_writer import LedgerWriter
from lab.origin.meter import Meter

MAX_PACE = 1000.0
SHUT_S = 2.0
MAX_STREAMS = 2**31 - 1  # RFC 9113 section 6.5.2: a setting is a 32-bit number, a stream's number has 31 bits.


class Doors(Protocol):
    """The measured doors; the control door is none of them."""

    def reset(self) -> None: ...
    def shut(self, seconds: float) -> None: ...


class ControlEndpoints:
    """`doors` is set once they are open."""

    def __init__(self, book: LedgerWriter, feed: Feed, settings: Config, meter: Meter) -> None:
        self._book = book
        self._feed = feed
        self._settings = settings
        self._meter = meter
        self._open: set[tuple[str, int, trio.CancelScope]] = set()
        self._refusal: tuple[str, int, str] | None = None
        self.doors: Doors | None = None

    @contextmanager
    def holding(self, cell: str, tab: int, scope: trio.CancelScope) -> Iterator[None]:
        """A stream that can be ended from here while it is open."""
        one = (cell, tab, scope)
        self._open.add(one)
        try:
            yield
        finally:
            self._open.remove(one)

    def pull(self, exchange: Exchange) -> int:
        """Do what a request asks for; the status that answers it."""
        if exchange.method != "POST":
            return 404
        try:
            match exchange.path:
                case "/control/cell":
                    return self._begin_cell(exchange.query)
                case "/control/pace":
                    self._feed.pace(within(float(exchange.query["per_second"]), MAX_PACE))
                    return 204
                case "/control/publish":
                    self._feed.publish()
                    return 204
                case "/control/end":
                    return 204 if self._end(exchange.query.get("cell", ""), exchange.tab) else 404
                case "/control/meter":
                    self._book.enter(self._meter.read(self._feed.last, anew="anew" in exchange.query))
                    return 204
                case "/control/drop":
                    return 204 if self._drop(exchange.query["cell"], exchange.query["how"]) else 400
                case "/control/refuse":
                    return self._refuse(exchange.query)
        except (KeyError, ValueError):
            return 400
        return 404

    def _begin_cell(self, query: dict[str, str]) -> int:
        """What is set here holds for connections from now on, so for a fresh profile's."""
        streams = int(query.get("streams", self._settings.h2_max_concurrent_streams))
        self._settings.h2_max_concurrent_streams = max(1, int(within(streams, MAX_STREAMS)))
        self._feed.pace(within(float(query.get("per_second", self._feed.updates_per_second)), MAX_PACE))
        self._refusal = None
        self._meter.begin(query.get("name", ""))
        self._book.cell_began(query.get("name", ""), self._settings.h2_max_concurrent_streams)
        return 204

    def refusal(self, cell: str) -> tuple[int, str] | None:
        """Status and content type with which a cell's requests for updates are turned away just now."""
        return self._refusal[1:] if self._refusal and self._refusal[0] == cell else None

    def _refuse(self, query: dict[str, str]) -> int:
        """From now on; `status=0` ends it."""
        status = int(query["status"])
        if (status and not 200 <= status < 600) or not query.get("type", "").isprintable():
            raise ValueError(f"no response ends a request with status {status}")
        self._refusal = (query["cell"], status, query.get("type", "text/plain")) if status else None
        return 204

    def _drop(self, cell: str, how: str) -> bool:
        """Drop every stream of a cell at once: its stream alone, its connection, or the doors themselves."""
        if self.doors is None or how not in ("end", "reset", "shut"):
            return False
        self._book.enter(StreamsDropped(at_ms=now_ms(), cell=cell, how=how))
        if how == "reset":
            self.doors.reset()
        elif how == "shut":
            self.doors.shut(SHUT_S)
        else:
            for owner, _, scope in self._open:
                if owner == cell:
                    scope.cancel()
        return True

    def _end(self, cell: str, tab: int | None) -> bool:
        """End every open stream of a tab, as an origin that has said all it had to say."""
        scopes = [scope for owner, number, scope in self._open if (owner, number) == (cell, tab)]
        for scope in scopes:
            scope.cancel()
        return bool(scopes)


def within(value: float, most: float) -> float:
    """Raises ValueError for a number outside of 0 to `most`, NaN included."""
    if not 0 <= value <= most:
        raise ValueError(value)
    return value
