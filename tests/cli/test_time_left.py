"""How long the rest of a run will take: from its own cells, as soon as there are any."""

from __future__ import annotations

import msgspec
import pytest

from lab.cli.time_left import USUAL, TimeLeft, in_words, left_in_words
from lab.model.cell import Cell


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def cells(scenario: str, engine: str, count: int, question: str = "limits") -> list[Cell]:
    one = Cell(scenario=scenario, question=question, engine=engine, protocol="h1", transport="sse", at_most=12)
    return [msgspec.structs.replace(one, repeat=turn) for turn in range(1, count + 1)]


def measure(left: TimeLeft, clock: Clock, cell: Cell, seconds: float) -> None:
    left.begins(cell)
    clock.now += seconds
    left.ended(cell)


def test_at_first_it_goes_by_other_runs_and_says_so() -> None:
    left = TimeLeft(cells("a", "chromium", 100), Clock())
    assert left.seconds == 100 * USUAL["limits"]
    assert left_in_words(left) == "perhaps 8 min left"


def test_then_by_its_own_cells() -> None:
    clock, every = Clock(), cells("a", "chromium", 5)
    left = TimeLeft(every, clock)
    measure(left, clock, every[0], 60)
    assert left.seconds == pytest.approx(240)
    assert left_in_words(left) == "about 4 min left"


def test_cells_that_sleep_beside_the_others_take_no_time() -> None:
    clock, every = Clock(), cells("a", "chromium", 2)
    sleeping = cells("z", "plain-client", 20, question="silence")
    left = TimeLeft([*every, *sleeping], clock)
    for one in sleeping:
        left.begins(one)
    measure(left, clock, every[0], 60)
    left.ended(sleeping[0])
    assert left.seconds == pytest.approx(60)
    alone = TimeLeft(sleeping, clock)
    alone.begins(sleeping[0])
    assert alone.seconds == 20 * USUAL["silence"], "alone they are all there is"


def test_the_cell_that_is_under_way_counts_for_its_rest() -> None:
    clock, every = Clock(), cells("a", "chromium", 3)
    left = TimeLeft(every, clock)
    measure(left, clock, every[0], 60)
    left.begins(every[1])
    clock.now += 20
    assert left.seconds == pytest.approx(100)
    clock.now += 100  # Longer than the first one: it is not known how much longer.
    assert left.seconds == pytest.approx(60)


def test_an_engine_without_a_cell_is_compared_by_the_scenarios_of_both() -> None:
    clock = Clock()
    ours, theirs = cells("a", "chromium", 1) + cells("b", "chromium", 1), cells("a", "firefox", 1) + cells("b", "firefox", 1)
    left = TimeLeft([*ours, *theirs], clock)
    for one, seconds in zip(ours, (10, 20), strict=True):
        measure(left, clock, one, seconds)
    assert left.seconds == pytest.approx(30)
    assert left_in_words(left) == "perhaps 30 s left"
    measure(left, clock, theirs[0], 30)
    assert left.seconds == pytest.approx(60), "Firefox takes three times as long"


def test_cells_side_by_side_take_half_the_time() -> None:
    clock = Clock()
    ours, theirs = cells("a", "chromium", 4), cells("a", "firefox", 4)
    left = TimeLeft([*ours, *theirs], clock)
    for one, other in zip(ours[:2], theirs[:2], strict=True):
        left.begins(one)
        left.begins(other)
        clock.now += 10
        left.ended(other)
        left.ended(one)
    assert left.seconds == pytest.approx(20)


def test_a_question_without_experience_is_not_guessed() -> None:
    clock, every = Clock(), [*cells("mine", "chromium", 2, question="new"), *cells("a", "chromium", 1)]
    left = TimeLeft(every, clock)
    assert left.seconds is None
    assert left_in_words(left) == "time left unknown"
    measure(left, clock, every[0], 8)
    assert left.seconds == pytest.approx(8 + USUAL["limits"])


def test_a_cell_that_is_measured_again_was_not_expected() -> None:
    clock, every = Clock(), cells("a", "chromium", 1)
    left = TimeLeft(every, clock)
    measure(left, clock, every[0], 10)
    assert left.seconds == 0
    measure(left, clock, every[0], 20)
    assert left.seconds == 0


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "10 s"), (12, "10 s"), (54, "50 s"), (55, "1 min"), (3599, "1 h 0 min"), (7800, "2 h 10 min")],
)
def test_in_words(seconds: float, words: str) -> None:
    assert in_words(seconds) == words
