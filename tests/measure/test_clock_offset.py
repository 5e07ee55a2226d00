"""A page's clock against the origin's, with a clock and a page made up for it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from lab.measure import clock_offset
from lab.measure.clock_offset import READINGS, Offset
from tests.measure.fakes import FakeScript

ZERO = 5000.0
"""The page's clock began at that moment of ours."""

Trip = tuple[float, float, float]
"""One question: how long it took to the page, and its answer back, and by how much the page's clock read less than it was."""


class Travelling(FakeScript):
    """A page whose clock takes its time to be asked."""

    def __init__(self, trips: Sequence[Trip]) -> None:
        super().__init__()
        self.trips = list(trips)
        self.now_ms = 6000.0

    async def clock(self) -> float:
        self.asked.append("clock")
        there, back, less = self.trips[len(self.asked) - 1]
        self.now_ms += there
        answer = self.now_ms - ZERO - less
        self.now_ms += back
        return answer


def offset(monkeypatch: pytest.MonkeyPatch, *trips: Trip) -> Offset:
    """As it is found of these questions; the others are slow both ways."""
    page = Travelling([*trips, *[(100.0, 100.0, 0.0)] * (READINGS - len(trips))])
    monkeypatch.setattr(clock_offset, "now_ms", lambda: page.now_ms)
    found = asyncio.run(clock_offset.offset(page))
    assert page.asked == ["clock"] * READINGS
    return found


@pytest.mark.parametrize(
    ("trips", "found"),
    [
        ([], Offset(ZERO, 100.0)),
        ([(4.0, 4.0, 0.0)], Offset(ZERO, 4.0)),
        ([(0.0, 8.0, 0.0)], Offset(ZERO + 4, 4.0)),
        ([(8.0, 0.0, 0.0)], Offset(ZERO - 4, 4.0)),
        ([(1.0, 50.0, 0.0), (50.0, 3.0, 0.0)], Offset(ZERO + 1, 2.0)),
    ],
)
def test_the_narrowest_bounds_of_all_questions(monkeypatch: pytest.MonkeyPatch, trips: list[Trip], found: Offset) -> None:
    """The quickest way there bounds it on one side, the quickest way back on the other: of one question or of two."""
    assert offset(monkeypatch, *trips) == found
    assert abs(found.ms - ZERO) <= found.within_ms


def test_a_coarse_clock_whose_bounds_cross(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two answers at one moment, one is right and the other 16 ms old: the truth is told to lie between."""
    assert offset(monkeypatch, (0.0, 0.0, 0.0), (0.0, 0.0, 16.0)) == Offset(ZERO + 8, 8.0)


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        (Offset(100.0, 0.5), Offset(100.0, 0.5), Offset(100.0, 0.5)),
        (Offset(100.0, 0.5), Offset(100.0, 2.0), Offset(100.0, 2.0)),
        (Offset(100.0, 2.0), Offset(103.0, 0.5), Offset(101.5, 3.5)),
        (Offset(103.0, 0.5), Offset(100.0, 2.0), Offset(101.5, 3.5)),
        (Offset(-3.0, 0.0), Offset(3.0, 0.0), Offset(0.0, 3.0)),
    ],
)
def test_between_two_comparisons_clocks_may_have_drifted(before: Offset, after: Offset, found: Offset) -> None:
    """Wherever it lay meanwhile, each of the two is within what is told."""
    assert clock_offset.between(before, after) == found
    assert all(abs(one.ms - found.ms) + one.within_ms <= found.within_ms for one in (before, after))
