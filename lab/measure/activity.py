"""Activity of a cell: every move of its tabs, and every event of the ledger on the measured doors."""

from __future__ import annotations

import asyncio

from lab.measure.origin import Origin
from lab.model import ledger
from lab.model.ledger import now_ms
from lab.model.protocols import CONTROL


class Activity:
    """Counts the moves of the running cell. `moved_ms` is the moment of the last one, on the monotonic clock."""

    def __init__(self, origin: Origin) -> None:
        self._origin = origin
        self._ledger = origin.ledger
        self._read = 0
        self._connections: set[int] = set()
        self._streams: set[int] = set()
        self._moved = asyncio.Event()
        self.moves = 0
        self.moved_ms = now_ms()

    def move(self) -> None:
        """Count a move that is not in the ledger."""
        self.moves += 1
        self.moved_ms = now_ms()
        self._moved.set()
        self._moved = asyncio.Event()

    @property
    def next_move(self) -> asyncio.Event:
        """An event that is set at the next move. Get it before you check a condition, or a move in between is missed."""
        return self._moved

    async def follow(self) -> None:
        """Count every event of the measured doors as a move, until cancelled. Events of the control door don't count."""
        while True:
            while self._read < len(self._ledger.events):
                event = self._ledger.events[self._read]
                self._read += 1
                if self._concerns(event):
                    self.move()
            await self._origin.news()

    def _concerns(self, event: ledger.AnyEvent) -> bool:
        match event:
            case ledger.ConnectionOpened():
                if event.door == CONTROL.name:
                    return False
                self._connections.add(event.connection)
            case ledger.StreamOpened() if event.connection in self._connections:
                self._streams.add(event.stream)
            case ledger.StreamClosed():
                return event.stream in self._streams
            case ledger.ConnectionNegotiated() | ledger.ConnectionClosed() | ledger.DocumentServed() | ledger.ProbeServed():
                return event.connection in self._connections
            case _:
                return isinstance(event, ledger.OriginFault)
        return True
