"""The live scores: one feed for every stream, numbered without gaps, with a bounded history.

A stream keeps only the number of the last update that it has sent. So a slow reader costs no memory, a returning client
continues where it stopped, and a client that was away for longer than the history lasts learns which updates it has missed.
"""

from __future__ import annotations

import itertools
import random
from collections import deque
from collections.abc import Sequence

import trio

from lab.model.feed import Missed, Update
from lab.model.ledger import now_ms

MATCHES = ("Ada United – Hopper City", "Lovelace Rovers – Turing Town", "Real Noether – Curie Athletic")
HISTORY = 1000
"""Updates kept for clients that come back: 100 s at ten a second."""

GOAL_EVERY = 10
"""Every tenth update is a goal, so that a short visit sees both kinds of update."""


class Feed:
    """Publishes updates at a pace that can change. At pace 0 it publishes only when `publish` is called. `last` is the newest
    update's number."""

    def __init__(self, updates_per_second: float, history: int = HISTORY) -> None:
        self.updates_per_second = updates_per_second
        self._new_pace = trio.Event()
        self._kept: deque[Update] = deque(maxlen=history)
        self._news = trio.Event()
        self._match = Match()
        self.last = 0
        self.publish()

    def publish(self, due_ms: float | None = None) -> Update:
        """Publish one update now. `due_ms` is when it should have been; without it, now."""
        self.last += 1
        at_ms = now_ms()
        kind, text = self._match.play_on(self.last)
        update = Update(self.last, at_ms, kind, text, at_ms if due_ms is None else due_ms)
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
                    nursery.start_soon(self._publish_at, self.updates_per_second)
                await changed.wait()
                nursery.cancel_scope.cancel()

    async def _publish_at(self, per_second: float) -> None:
        """Each update has its own due time, so delays never add up. All overdue updates are published at once: each stream then
        writes them together, so a busy origin catches up instead of falling further behind."""
        start, start_ms = trio.current_time(), now_ms()
        for beat in itertools.count(1):
            after_s = beat / per_second
            if start + after_s > trio.current_time():
                await trio.sleep_until(start + after_s)
            self.publish(start_ms + 1000 * after_s)

    def pace(self, updates_per_second: float) -> None:
        """Publish this many updates a second from now on; 0: none."""
        if updates_per_second != self.updates_per_second:
            self.updates_per_second = updates_per_second
            self._new_pace.set()
            self._new_pace = trio.Event()

    async def after(self, seq: int, patience_s: float) -> tuple[Missed | None, Sequence[Update]]:
        """Wait up to `patience_s` seconds for an update after number `seq`. Returns the range of these updates that the history
        no longer has, or None, and the others, oldest first."""
        if seq >= self.last:
            with trio.move_on_after(patience_s):
                await self._news.wait()
        else:
            # Yield twice before replaying history: a write to a closed connection succeeds, and its stream learns of the close
            # only two checkpoints later. Without this a thousand departing clients were each sent the whole backlog (13 s).
            for _ in range(2):
                await trio.lowlevel.checkpoint()
        first = self._kept[0].seq
        missed = Missed(seq + 1, first - 1) if seq + 1 < first else None
        return missed, [update for update in self._newest(self.last - seq) if update.seq > seq]

    def _newest(self, count: int) -> list[Update]:
        newest = itertools.islice(reversed(self._kept), max(0, count))
        return list(newest)[::-1]


class Match:
    """Made-up football scores, the same in every run."""

    def __init__(self) -> None:
        self._dice = random.Random(7)  # noqa: S311  # scores, not secrets
        self._goals = {match: [0, 0] for match in MATCHES}

    def play_on(self, seq: int) -> tuple[str, str]:
        """The kind and the text of update number `seq`."""
        match = MATCHES[seq % len(MATCHES)]
        side = self._dice.randrange(2)
        if seq % GOAL_EVERY == 0:
            self._goals[match][side] += 1
            home, away = self._goals[match]
            return "commentary", f"Goal!\n{match}\n{home} : {away} ⚽"
        home, away = self._goals[match]
        return "score", f"{match} {home} : {away}"
