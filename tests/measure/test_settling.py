"""Nothing stands settling before a whole opening beside it has been seen, and nothing is given up while something moves."""

from __future__ import annotations

import asyncio
from typing import cast

import pytest

from lab.errors import HarnessFaultError
from lab.measure import settling as module
from lab.measure.activity import Activity
from lab.measure.control_tab import ControlTab
from lab.measure.origin import Origin
from lab.measure.settling import Settling
from lab.model import ledger
from tests.measure.fakes import FakeOrigin, FakeProfile, FakeScript


def made() -> tuple[Settling, FakeProfile, FakeOrigin]:
    origin, profile = FakeOrigin(), FakeProfile()
    there = cast(Origin, origin)
    settling = Settling(Activity(there), ControlTab(profile, there))
    for _ in range(3):
        settling.opened_in(5)
    assert settling.quiet_ms == 10
    return settling, profile, origin


def test_held_back_is_said_only_after_a_control_opening() -> None:
    async def check() -> None:
        settling, profile, _ = made()
        waiting = asyncio.create_task(settling.until(lambda: False))
        done, _ = await asyncio.wait({waiting}, timeout=0.3)  # Sixty times the slowest opening: settling no verdict.
        assert not done
        profile.tab.may_open.set()
        assert await waiting is False
        assert settling.control.openings == 1
        assert settling.quiet_ms >= 280, "the slow control opening, which began a moment later, is now the measure"

    asyncio.run(check())


def test_a_page_without_time_is_not_taken_for_one_that_waits() -> None:
    async def check() -> None:
        settling, profile, _ = made()
        profile.tab.may_open.set()
        page = FakeScript()
        page.may_answer.clear()
        settling.attend(page)
        waiting = asyncio.create_task(settling.until(lambda: False))
        done, _ = await asyncio.wait({waiting}, timeout=0.3)
        assert not done
        assert settling.control.openings == 0, "what it may send after its answer must come before a control opening"
        page.may_answer.set()
        await asyncio.sleep(0.005)
        settling.activity.move()  # As soon as it has time it goes on.
        assert await waiting is False
        assert settling.control.openings > 0

    asyncio.run(check())


def test_a_page_that_never_answers_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ANSWER_S", 0.05)

    async def check() -> None:
        settling, profile, _ = made()
        profile.tab.may_open.set()
        page = FakeScript()
        page.may_answer.clear()
        settling.attend(page)
        with pytest.raises(HarnessFaultError, match="1 of 1 pages did not answer"):
            await settling.until(lambda: False)

    asyncio.run(check())


def test_it_returns_as_soon_as_it_is_done() -> None:
    async def check() -> None:
        settling, _, _ = made()
        live: list[int] = []
        waiting = asyncio.create_task(settling.until(lambda: bool(live)))
        await asyncio.sleep(0)
        live.append(1)
        settling.activity.move()
        assert await waiting is True
        await settling.control.close()

    asyncio.run(check())


def test_a_move_starts_the_waiting_anew() -> None:
    async def check() -> None:
        settling, profile, _ = made()
        waiting = asyncio.create_task(settling.until(lambda: False))
        await asyncio.sleep(0)
        settling.activity.move()
        profile.tab.may_open.set()
        assert await waiting is False
        assert settling.control.openings == 2

    asyncio.run(check())


def test_only_the_measured_door_moves() -> None:
    async def check() -> None:
        settling, _, origin = made()
        following = asyncio.create_task(settling.activity.follow())
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
            before = settling.activity.moves
            origin.enter(event)
            for _ in range(3):
                await asyncio.sleep(0)
            assert (settling.activity.moves > before) == moves, event
        following.cancel()

    asyncio.run(check())


def test_whoever_is_given_up_waiting_does_not_end_the_opening() -> None:
    async def check() -> None:
        settling, profile, _ = made()
        opening = settling.control.begin()
        waiting = asyncio.create_task(settling.control.update())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.wait({waiting})
        profile.tab.may_open.set()
        assert await opening > 0

    asyncio.run(check())


def test_who_opens_after_the_verdict_had_waited_and_is_no_measure() -> None:
    async def check() -> None:
        settling, _, _ = made()
        settling.settle()
        settling.opened_in(60_000)
        assert settling.quiet_ms == 10

    asyncio.run(check())


def test_a_page_that_is_left_while_it_loads_was_never_attended() -> None:
    """The ledger can show a stream before its page's `open()` has returned; ending that client then must not fail."""
    settling, _, _ = made()
    settling.leave(FakeScript())


def test_a_control_tab_that_fails_ends_no_wait_as_if_all_had_gone_well() -> None:
    async def check() -> None:
        settling, profile, _ = made()

        async def broken(url: str) -> None:
            raise HarnessFaultError("the control tab crashed")

        profile.tab.open = broken  # type: ignore[method-assign]
        with pytest.raises(HarnessFaultError, match="crashed"):
            await settling.patience(None)

    asyncio.run(check())
