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

from lab.model.ledger import now_ms

MATCHES = ("Ada United – Hopper City", "Lovelace Rovers – Turing Town", "Real Noether – Curie Athletic")
HISTORY = 1000  # Updates kept for those who come back: 100 s at ten a second.
GOAL_EVERY = 10  # So that whoever listens for a while sees both kinds.


class Update(msgspec.Struct, frozen=True):
    """One update. `kind` is `score`, or `commentary`, whose text has several lines. `at_ms` is its stamp, the moment it was
    published; `due_ms` when that should have been."""

    seq: int
    at_ms: float
    kind: str
    text: str
    due_ms: float = 0.0


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

    def publish(self, due_ms: float | None = None) -> Update:
        self.last += 1
        at_ms = now_ms()
        update = Update(self.last, at_ms, *self._match.play_on(self.last), at_ms if due_ms is None else due_ms)
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
                    nursery.start_soon(self._beat, self.updates_per_second)
                await changed.wait()
                nursery.cancel_scope.cancel()

    async def _beat(self, per_second: float) -> None:
        """Each beat has its own time, so lateness never adds up. What is overdue is said at once: one turn of all streams for
        each would make a busy origin later and later, where one turn for all of it lets it catch up."""
        start, start_ms = trio.current_time(), now_ms()
        for beat in itertools.count(1):
            after_s = beat / per_second
            if start + after_s > trio.current_time():
                await trio.sleep_until(start + after_s)
            self.publish(start_ms + 1000 * after_s)

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
        else:
            # A write to a client that has left ends without an error, and two turns later its stream has heard of it. Else a
            # thousand that had stopped reading, and leave at once, would each be told all the news first: 13 s of nothing else.
            for _ in range(2):
                await trio.lowlevel.checkpoint()
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
        if seq % GOAL_EVERY == 0:
            self._goals[match][side] += 1
            home, away = self._goals[match]
            return "commentary", f"Goal!\n{match}\n{home} : {away} ⚽"
        home, away = self._goals[match]
        return "score", f"{match} {home} : {away}"
