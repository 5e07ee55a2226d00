"""What a client's notes say of the updates that were published while it was followed."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import pytest

from lab.errors import HarnessFaultError
from lab.measure.clock_offset import Offset
from lab.measure.context import CellContext
from lab.measure.delivery import delivered, let_in, within_patience
from lab.measure.page_script import Note

AHEAD = Offset(900.0, 0.5)


def notes(*updates: tuple[int, float]) -> list[Note]:
    return [(seq, 1000.0, at, "") for seq, at in updates]


def test_latency_runs_from_the_stamp_to_the_page() -> None:
    one = delivered(1, notes((6, 105.0), (7, 110.5)), AHEAD, 5, 7)
    assert one.latencies_ms == (5.0, 10.5)
    assert (one.received, one.missed, one.repeated, one.disordered) == (2, 0, 0, 0)


@pytest.mark.parametrize(
    ("seqs", "missed", "repeated", "disordered"),
    [([6, 7, 8], 0, 0, 0), ([6, 8], 1, 0, 0), ([8, 7, 6], 0, 0, 2), ([6, 6, 7, 8], 0, 1, 0), ([4, 5, 6, 7, 8, 9], 0, 0, 0)],
)
def test_what_did_not_come_as_it_was_sent(seqs: list[int], missed: int, repeated: int, disordered: int) -> None:
    one = delivered(1, notes(*((seq, 100.0) for seq in seqs)), AHEAD, 5, 8)
    assert (one.missed, one.repeated, one.disordered) == (missed, repeated, disordered)


def test_a_client_that_falls_silent_has_missed_every_update() -> None:
    """It was left out once, and so "no update was lost" was said of it."""
    one = delivered(2, [], AHEAD, 5, 8)
    assert (one.received, one.missed, one.latencies_ms) == (0, 3, ())


def context(patience: Any) -> CellContext:
    settling = SimpleNamespace(patience=lambda _: patience)
    return cast(CellContext, SimpleNamespace(settling=settling, cell=SimpleNamespace(interval_ms=None)))


def test_a_page_that_fails_is_no_end_of_the_wait() -> None:
    async def fails() -> None:
        raise HarnessFaultError("the page crashed")

    async def check() -> None:
        with pytest.raises(HarnessFaultError, match="the page crashed"):
            await within_patience(context(asyncio.sleep(60)), fails())
        with pytest.raises(HarnessFaultError, match="the page crashed"):
            await within_patience(context(fails()), asyncio.sleep(60))

    asyncio.run(check())


def test_patience_ends_the_wait() -> None:
    async def check() -> None:
        await within_patience(context(asyncio.sleep(0)), asyncio.sleep(60))

    asyncio.run(check())


def test_those_who_wait_for_an_update_are_let_in_one_after_the_other() -> None:
    """Long polls give their connections back with an update: six of twelve tabs were measured once."""
    patience: list[float] = []

    async def check() -> None:
        turns = [asyncio.Event() for _ in range(4)]
        openings = [asyncio.create_task(asyncio.wait_for(turn.wait(), None)) for turn in turns]

        def wait(ms: float) -> Any:
            patience.append(ms)
            if len(patience) <= 3:  # The fourth never comes in.
                turns[len(patience) - 1].set()
            return asyncio.sleep(0.01)

        fake = SimpleNamespace(settling=SimpleNamespace(patience=wait), cell=SimpleNamespace(interval_ms=None))
        await let_in(cast(CellContext, fake), cast(Any, openings), per_second=5)
        assert [one.done() for one in openings] == [True, True, True, False]
        openings[3].cancel()

    asyncio.run(check())
    assert patience == [600.0] * 4, "as long as somebody came in, and as long as three updates take"
