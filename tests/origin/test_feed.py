from __future__ import annotations

import trio
import trio.testing

from lab.model.feed import Missed
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
