"""A ledger kept in memory, for tests that run parts of the origin in their own process."""

from __future__ import annotations

import os
from typing import TypeVar

import trio

from lab.model.ledger import Event
from lab.origin.ledger_writer import LedgerWriter

E = TypeVar("E", bound=Event)


class Recorder(LedgerWriter):
    """Keeps every event that is entered; nothing is written."""

    def __init__(self) -> None:
        self._null = os.open(os.devnull, os.O_WRONLY)
        super().__init__(self._null)
        self.events: list[Event] = []
        self._entered = trio.Event()

    def enter(self, event: Event) -> None:
        self.events.append(event)
        self._entered.set()
        self._entered = trio.Event()

    def of(self, kind: type[E]) -> list[E]:
        return [event for event in self.events if isinstance(event, kind)]

    async def until(self, kind: type[E], count: int = 1) -> list[E]:
        """The events of a kind, once there are so many."""
        while len(self.of(kind)) < count:
            await self._entered.wait()
        return self.of(kind)

    def close(self) -> None:
        os.close(self._null)
