"""The levers on the control door: what the driver may change of the origin while it runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import trio
from hypercorn.config import Config

from lab.origin.book import Book
from lab.origin.exchange import Exchange
from lab.origin.feed import Feed

MAX_PACE = 1000.0
MAX_STREAMS = 2**31 - 1  # RFC 9113 section 6.5.2: a setting is a 32-bit number, a stream's number has 31 bits.


class Levers:
    def __init__(self, book: Book, feed: Feed, settings: Config) -> None:
        self._book = book
        self._feed = feed
        self._settings = settings
        self._open: set[tuple[str, int, trio.CancelScope]] = set()

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
        except (KeyError, ValueError):
            return 400
        return 404

    def _begin_cell(self, query: dict[str, str]) -> int:
        """What is set here holds for connections from now on, so for a fresh profile's."""
        streams = int(query.get("streams", self._settings.h2_max_concurrent_streams))
        self._settings.h2_max_concurrent_streams = max(1, int(within(streams, MAX_STREAMS)))
        self._feed.pace(within(float(query.get("per_second", self._feed.updates_per_second)), MAX_PACE))
        self._book.cell_began(query.get("name", ""), self._settings.h2_max_concurrent_streams)
        return 204

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
