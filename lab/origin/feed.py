"""The live scores: one feed for every stream, numbered without gaps, with a bounded history.

A stream keeps only the number of the last update that it has sent. So a slow reader costs no memory, a returning client
continues where it stopped, and a client that was away for longer than the history lasts learns which updates it has missed.

How it works: a stream that is at the end of the feed *follows* it. Its updates are written in the feed's own turn, to one
stream after the other: to wake a task for each would take longer than to write, and trio wakes them now in one order, now in
the reverse. A stream that can't take an update at once leaves the followers, and catches up in its own task, by `after`.
"""

from __future__ import annotations

import itertools
import math
import random
from collections import deque
from collections.abc import Callable, Sequence

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
        self._followers: dict[Follower, None] = {}
        self._published_s = -math.inf
        self._match = Match()
        self.last = 0
        self._add()
        self._handed_out = self.last

    def publish(self, due_ms: float | None = None) -> Update:
        """Publish one update now. `due_ms` is when it should have been; without it, now."""
        update = self._add(due_ms)
        self._hand_out()
        return update

    def _add(self, due_ms: float | None = None) -> Update:
        self.last += 1
        at_ms = now_ms()
        kind, text = self._match.play_on(self.last)
        update = Update(self.last, at_ms, kind, text, at_ms if due_ms is None else due_ms)
        self._kept.append(update)
        return update

    def _hand_out(self) -> None:
        """Give all new updates to every follower, in this turn, and wake whoever waits for them."""
        updates = self._newest(self.last - self._handed_out)
        if not updates:
            return
        self._handed_out = self.last
        self._published_s = trio.current_time()
        for follower in list(self._followers):
            if not follower.takes(updates):
                del self._followers[follower]
        self._news.set()
        self._news = trio.Event()

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
                self._hand_out()
                await trio.sleep_until(start + after_s)
            self._add(start_ms + 1000 * after_s)

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

    async def follow(self, seq: int, patience_s: float, take: Callable[[Sequence[Update]], bool]) -> None:
        """Call `take` with the updates after number `seq` in the moment they are published, as long as it returns True: that
        it has taken them, without waiting. Returns when it has not, when there were such updates already, or when none was
        published for `patience_s` seconds. Raises what `take` raises."""
        if seq < self.last:
            return
        follower, since_s = Follower(take), trio.current_time()
        self._followers[follower] = None
        try:
            while (rest_s := max(since_s, self._published_s) + patience_s - trio.current_time()) > 0:
                with trio.move_on_after(rest_s):
                    await follower.ended.wait()
                    break
        finally:
            self._followers.pop(follower, None)
        if follower.error is not None:
            raise follower.error

    def _newest(self, count: int) -> list[Update]:
        newest = itertools.islice(reversed(self._kept), max(0, count))
        return list(newest)[::-1]


class Follower:
    """One that takes updates as they are published, until it does not. An error of its own is kept for its own task."""

    def __init__(self, take: Callable[[Sequence[Update]], bool]) -> None:
        self._take = take
        self.ended = trio.Event()
        self.error: Exception | None = None

    def takes(self, updates: Sequence[Update]) -> bool:
        try:
            if self._take(updates):
                return True
        except Exception as error:  # noqa: BLE001  # it is raised in `follow`; the others must go on
            self.error = error
        self.ended.set()
        return False


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
