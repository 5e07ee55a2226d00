from __future__ import annotations

from collections.abc import Sequence

import pytest
import trio
import trio.testing

from lab.model.feed import Missed, Update
from lab.origin.feed import Feed
from lab.transports import resume_from


def test_numbers_have_no_gaps_and_the_memory_is_bounded() -> None:
    async def check() -> None:
        feed = Feed(10, history=5)
        for _ in range(20):
            feed.publish()
        missed, updates = await feed.after(18, patience_s=0)
        assert missed is None
        assert [update.seq for update in updates] == [19, 20, 21]
        missed, updates = await feed.after(3, patience_s=0)
        assert missed == Missed(4, 16)
        assert [update.seq for update in updates] == [17, 18, 19, 20, 21]

    trio.run(check)


def test_a_reader_waits_for_the_next_and_gives_up_when_told() -> None:
    async def check() -> None:
        feed = Feed(10)
        async with trio.open_nursery() as nursery:

            async def read() -> None:
                _, updates = await feed.after(feed.last, patience_s=60)
                assert [update.seq for update in updates] == [2]

            nursery.start_soon(read)
            await trio.testing.wait_all_tasks_blocked()
            feed.publish()
        assert await feed.after(feed.last, patience_s=0.001) == (None, [])

    trio.run(check)


def test_resuming() -> None:
    async def check() -> None:
        feed = Feed(10)
        for _ in range(9):
            feed.publish()
        for known, after in (("4", 4), ("10", 10), (None, 9), ("11", 9), ("-1", 9), ("x", 9), ("٣", 9), ("9" * 5000, 9)):
            assert resume_from(known, feed) == after, known

    trio.run(check)


def test_the_pace_may_change_and_be_nothing() -> None:
    async def check() -> None:
        feed = Feed(10)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(feed.run)
            await trio.sleep(1.055)  # Between two beats of each pace.
            said = [feed.last - 1]
            for pace in (0, 100, 10):
                before = feed.last
                feed.pace(pace)
                await trio.sleep(1.055)
                said.append(feed.last - before)
            nursery.cancel_scope.cancel()
        assert said == [10, 0, 105, 10]

    trio.run(check, clock=trio.testing.MockClock(autojump_threshold=0))


class Taker:
    """Takes updates without waiting, as long as it has room."""

    def __init__(self, room: int) -> None:
        self.room = room
        self.lots: list[list[int]] = []

    def take(self, updates: Sequence[Update]) -> bool:
        if not self.room:
            return False
        self.room -= 1
        self.lots.append([update.seq for update in updates])
        return True


def test_a_follower_takes_each_update_in_the_turn_in_which_it_is_published() -> None:
    async def check() -> None:
        feed, one, other = Feed(0), Taker(room=3), Taker(room=1)
        async with trio.open_nursery() as nursery:

            async def follow(taker: Taker) -> None:
                await feed.follow(feed.last, 60, taker.take)
                assert taker.room == 0
                _, updates = await feed.after(taker.lots[-1][-1], 0)
                assert [update.seq for update in updates] == [taker.lots[-1][-1] + 1], "what it had no room for"

            nursery.start_soon(follow, one)
            nursery.start_soon(follow, other)
            await trio.testing.wait_all_tasks_blocked()
            for count in (1, 2):
                feed.publish()
                assert len(one.lots) == count
            await trio.testing.wait_all_tasks_blocked()
            feed.publish()
            assert other.lots == [[2]]
            feed.publish()
        assert one.lots == [[2], [3], [4]]

    trio.run(check)


def test_overdue_updates_are_handed_out_together() -> None:
    async def check() -> None:
        feed, taker = Feed(10), Taker(room=9)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(feed.run)
            nursery.start_soon(feed.follow, feed.last, 60, taker.take)
            await trio.sleep(0.15)
            clock.jump(0.3)
            await trio.sleep(0.1)
            nursery.cancel_scope.cancel()
        assert taker.lots == [[2], [3, 4, 5], [6]]

    clock = trio.testing.MockClock(autojump_threshold=0)
    trio.run(check, clock=clock)


def test_following_ends_when_nothing_is_published_for_long_or_there_is_something_already() -> None:
    async def check() -> None:
        feed, taker = Feed(0), Taker(room=9)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(feed.follow, feed.last, 15, taker.take)
            await trio.sleep(10)
            feed.publish()
            await trio.sleep(14.9)
            assert nursery.child_tasks
            await trio.sleep(0.2)
            assert not nursery.child_tasks
        await feed.follow(feed.last - 1, 15, taker.take)
        assert taker.lots == [[2]]

    trio.run(check, clock=trio.testing.MockClock(autojump_threshold=0))


def test_an_error_of_one_follower_is_its_own() -> None:
    async def check() -> None:
        feed, taker = Feed(0), Taker(room=9)
        async with trio.open_nursery() as nursery:

            async def fail() -> None:
                with pytest.raises(ZeroDivisionError):
                    await feed.follow(feed.last, 60, lambda _: bool(1 // 0))

            nursery.start_soon(fail)
            nursery.start_soon(feed.follow, feed.last, 60, taker.take)
            await trio.testing.wait_all_tasks_blocked()
            feed.publish()
            await trio.testing.wait_all_tasks_blocked()
            assert taker.lots == [[2]]
            nursery.cancel_scope.cancel()

    trio.run(check)
