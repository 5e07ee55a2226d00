"""Nothing stands still before a whole opening beside it has been seen, and nothing is given up while something moves."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest

from lab.errors import HarnessFaultError
from lab.measure import settling as stillness
from lab.measure.activity import Watch
from lab.measure.control_tab import Control
from lab.measure.origin import Origin
from lab.measure.settling import Settling
from lab.model import ledger


class FakeTab:
    """Opens whenever it is let."""

    def __init__(self) -> None:
        self.may_open = asyncio.Event()
        self.may_answer = asyncio.Event()

    async def open(self, url: str) -> None:
        await self.may_open.wait()

    async def ask(self, expression: str) -> Any:
        if expression == "lab.caughtUp()":
            await self.may_answer.wait()

    async def picture(self) -> bytes:
        return b""

    async def close(self) -> None: ...


class FakeProfile:
    def __init__(self) -> None:
        self.tab = FakeTab()

    async def new_tab(self) -> FakeTab:
        return self.tab

    async def close(self) -> None: ...


class FakeOrigin:
    """A ledger that tests write."""

    def __init__(self) -> None:
        self.events: list[ledger.AnyEvent] = []
        self._news = asyncio.Event()

    def url(self, door: str, path: str) -> str:
        return f"http://{door}{path}"

    async def news(self) -> None:
        await self._news.wait()

    def enter(self, event: ledger.AnyEvent) -> None:
        self.events.append(event)
        self._news.set()
        self._news = asyncio.Event()


def made() -> tuple[Settling, FakeProfile, FakeOrigin]:
    origin, profile = FakeOrigin(), FakeProfile()
    there = cast(Origin, origin)
    still = Settling(Watch(there, 0), Control(profile, there))
    for _ in range(3):
        still.opened_in(5)
    assert still.quiet_ms == 10
    return still, profile, origin


def test_held_back_is_said_only_after_a_control_opening() -> None:
    async def check() -> None:
        still, profile, _ = made()
        waiting = asyncio.create_task(still.until(lambda: False))
        done, _ = await asyncio.wait({waiting}, timeout=0.3)  # Sixty times the slowest opening: still no verdict.
        assert not done
        profile.tab.may_open.set()
        assert await waiting is False
        assert still.control.openings == 1
        assert still.quiet_ms >= 300, "the slow control opening is now the measure"

    asyncio.run(check())


def test_a_page_without_time_is_not_taken_for_one_that_waits() -> None:
    async def check() -> None:
        still, profile, _ = made()
        profile.tab.may_open.set()
        page = FakeTab()
        still.attend(page)
        waiting = asyncio.create_task(still.until(lambda: False))
        done, _ = await asyncio.wait({waiting}, timeout=0.3)
        assert still.control.openings == 1, "browser and origin are well"
        assert not done, "but not that page"
        page.may_answer.set()
        await asyncio.sleep(0.005)
        still.watch.move()  # As soon as it has time it goes on.
        assert await waiting is False
        assert still.control.openings > 1

    asyncio.run(check())


def test_a_page_that_never_answers_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stillness, "ANSWER_S", 0.05)

    async def check() -> None:
        still, profile, _ = made()
        profile.tab.may_open.set()
        still.attend(FakeTab())
        with pytest.raises(HarnessFaultError, match="1 of 1 pages did not answer"):
            await still.until(lambda: False)

    asyncio.run(check())


def test_it_returns_as_soon_as_it_is_done() -> None:
    async def check() -> None:
        still, _, _ = made()
        live: list[int] = []
        waiting = asyncio.create_task(still.until(lambda: bool(live)))
        await asyncio.sleep(0)
        live.append(1)
        still.watch.move()
        assert await waiting is True
        await still.control.close()

    asyncio.run(check())


def test_a_move_starts_the_waiting_anew() -> None:
    async def check() -> None:
        still, profile, _ = made()
        waiting = asyncio.create_task(still.until(lambda: False))
        await asyncio.sleep(0)
        still.watch.move()
        profile.tab.may_open.set()
        assert await waiting is False
        assert still.control.openings == 2

    asyncio.run(check())


def test_only_the_measured_door_moves() -> None:
    async def check() -> None:
        still, _, origin = made()
        following = asyncio.create_task(still.watch.follow())
        events: list[tuple[ledger.AnyEvent, bool]] = [
            (ledger.ConnectionOpened(at_ms=1, connection=1, door="control", peer="p"), False),
            (ledger.StreamOpened(at_ms=1, stream=1, connection=1, cell="c", tab=1, transport="sse", http="2"), False),
            (ledger.StreamClosed(at_ms=1, stream=1, reason="client", sent=0), False),
            (ledger.ConnectionOpened(at_ms=1, connection=2, door="h1", peer="p"), True),
            (ledger.ConnectionNegotiated(at_ms=1, connection=2, protocol="http/1.1"), True),
            (ledger.StreamOpened(at_ms=1, stream=2, connection=2, cell="c", tab=1, transport="sse", http="2"), True),
            (ledger.StreamClosed(at_ms=1, stream=2, reason="client", sent=0), True),
            (ledger.ProbeServed(at_ms=1, connection=2, cell="c", tab=1, kind="image"), True),
            (ledger.ProbeServed(at_ms=1, connection=1, cell="c", tab=1, kind="image"), False),
            (ledger.OriginFault(at_ms=1, where="x", error="y"), True),
        ]
        for event, moves in events:
            before = still.watch.moves
            origin.enter(event)
            for _ in range(3):
                await asyncio.sleep(0)
            assert (still.watch.moves > before) == moves, event
        following.cancel()

    asyncio.run(check())


def test_whoever_is_given_up_waiting_does_not_end_the_opening() -> None:
    async def check() -> None:
        still, profile, _ = made()
        opening = still.control.begin()
        waiting = asyncio.create_task(still.control.update())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.wait({waiting})
        profile.tab.may_open.set()
        assert await opening > 0

    asyncio.run(check())


def test_who_opens_after_the_verdict_had_waited_and_is_no_measure() -> None:
    async def check() -> None:
        still, _, _ = made()
        still.settle()
        still.opened_in(60_000)
        assert still.quiet_ms == 10

    asyncio.run(check())
