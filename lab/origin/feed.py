"""The live scores: one feed for every stream, numbered without gaps, with a bounded memory of what was said.

A stream keeps only the number it has reached. So a slow reader costs nothing, a returning one continues where it
stopped, and one that stayed away longer than the memory is told what it missed.
"""

from __future__ import annotations

import itertools
import random
from collections import deque
from collections.abc import Sequence

import msgspec
import trio

from lab.ledger import now_ms

MATCHES = ("Ada United – Hopper City", "Lovelace Rovers – Turing Town", "Real Noether – Curie Athletic")
HISTORY = 1000  # Updates kept for those who come back: 100 s at ten a second.


class Update(msgspec.Struct, frozen=True):
    """One update. `kind` is `score`, or `commentary`, whose text has several lines."""

    seq: int
    at_ms: float
    kind: str
    text: str


class Missed(msgspec.Struct, frozen=True):
    """What the memory no longer holds: the updates `first` to `last`."""

    first: int
    last: int


class Feed:
    """It publishes at a pace that may change, or be 0: then it is silent until it is told to publish."""

    def __init__(self, updates_per_second: float, history: int = HISTORY) -> None:
        self.updates_per_second = updates_per_second
        self._new_pace = trio.Event()
        self._kept: deque[Update] = deque(maxlen=history)
        self._news = trio.Event()
        self._match = Match()
        self.last = 0
        self.publish()

    def publish(self) -> Update:
        self.last += 1
        update = Update(self.last, now_ms(), *self._match.play_on(self.last))
        self._kept.append(update)
        self._news.set()
        self._news = trio.Event()
        return update

    async def run(self) -> None:
        """Publish at the pace in force, until cancelled."""
        while True:
            changed = self._new_pace
            async with trio.open_nursery() as nursery:
                if self.updates_per_second:
                    nursery.start_soon(self._beat)
                await changed.wait()
                nursery.cancel_scope.cancel()

    async def _beat(self) -> None:
        """Each beat has its own time, so lateness never adds up."""
        start = trio.current_time()
        for beat in itertools.count(1):
            await trio.sleep_until(start + beat / self.updates_per_second)
            self.publish()

    def pace(self, updates_per_second: float) -> None:
        if updates_per_second != self.updates_per_second:
            self.updates_per_second = updates_per_second
            self._new_pace.set()
            self._new_pace = trio.Event()

    async def after(self, seq: int, patience_s: float) -> tuple[Missed | None, Sequence[Update]]:
        """What came after `seq`, oldest first, waiting for it up to `patience_s`; nothing, when nothing came."""
        if seq >= self.last:
            with trio.move_on_after(patience_s):
                await self._news.wait()
        first = self._kept[0].seq
        missed = Missed(seq + 1, first - 1) if seq + 1 < first else None
        return missed, [update for update in self._tail(self.last - seq) if update.seq > seq]

    def _tail(self, count: int) -> list[Update]:
        newest = itertools.islice(reversed(self._kept), max(0, count))
        return list(newest)[::-1]


class Match:
    """A made-up afternoon of football, the same at every run."""

    def __init__(self) -> None:
        self._dice = random.Random(7)  # noqa: S311  # scores, not secrets
        self._goals = {match: [0, 0] for match in MATCHES}

    def play_on(self, seq: int) -> tuple[str, str]:
        match = MATCHES[seq % len(MATCHES)]
        side = self._dice.randrange(2)
        if self._dice.random() < 0.1:
            self._goals[match][side] += 1
            home, away = self._goals[match]
            return "commentary", f"Goal!\n{match}\n{home} : {away} ⚽"
        home, away = self._goals[match]
        return "score", f"{match} {home} : {away}"
