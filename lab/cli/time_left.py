"""How long the rest of a run will take, from how long its cells have taken so far.

A cell is expected to take as long as others of its scenario in its engine did; else, of its scenario in another engine. For a
scenario of which no cell has ended, all there is to go by is `USUAL`, corrected by what this run has shown. Cells may overlap,
and there is time between them: the sum is corrected by the pace so far.
"""

from __future__ import annotations

import statistics
import time
from collections import Counter
from collections.abc import Callable, Iterable

from lab.model.cell import Cell

USUAL = {"limits": 3.5, "pools": 2.5, "starvation": 8.0, "delivery": 18.0, "drops": 4.5, "payloads": 1.5}
"""The mean duration of a cell by its question, in seconds, in the run of reports/sample/ (190 cells on two cores). Only for
scenarios of which no cell has ended yet."""

CellKey = tuple[str, str]
"""A scenario and an engine."""


class TimeLeft:
    """Told when cells begin and end, it says how long the others will take. `clock` gives seconds."""

    def __init__(self, cells: Iterable[Cell], clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._waiting = Counter(map(key, cells))
        self._questions = {cell.scenario: cell.question for cell in cells}
        self._begun: dict[str, tuple[CellKey, float]] = {}
        self._took: dict[CellKey, list[float]] = {}
        self._first: float | None = None

    def begins(self, cell: Cell) -> None:
        """A cell begins. Cells may overlap; a cell that is measured again was not expected."""
        now = self._clock()
        self._first = now if self._first is None else self._first
        self._waiting[key(cell)] -= self._waiting[key(cell)] > 0
        self._questions[cell.scenario] = cell.question
        self._begun[cell.name] = key(cell), now

    def ended(self, cell: Cell) -> None:
        """A cell ended that had begun."""
        which, began = self._begun.pop(cell.name)
        self._took.setdefault(which, []).append(self._clock() - began)

    @property
    def seconds(self) -> float | None:
        """Seconds to the end of the run; None when nothing is known of a cell that is left."""
        now = self._clock()
        left = [(which, count, 0.0) for which, count in self._waiting.items() if count]
        left += [(which, 1, now - began) for which, began in self._begun.values()]
        each = [(self._expected(which), count, spent) for which, count, spent in left]
        known = [(took, count, spent) for took, count, spent in each if took is not None]
        if len(known) < len(each):
            return None
        return self._pace(now) * sum(count * took - min(took, spent) for took, count, spent in known)

    @property
    def seen(self) -> bool:
        """Whether a cell has ended of each scenario that is left."""
        ended = {scenario for scenario, _ in self._took}
        left = [which for which, count in self._waiting.items() if count] + [which for which, _ in self._begun.values()]
        return all(scenario in ended for scenario, _ in left)

    def _expected(self, which: CellKey) -> float | None:
        """How long such a cell will take, in seconds; None when it is not known."""
        scenario, _ = which
        alike = self._took.get(which) or [
            took for (other, _), those in self._took.items() if other == scenario for took in those
        ]
        if alike:
            return statistics.mean(alike)
        usual = USUAL.get(self._questions[scenario])
        return None if usual is None else usual * self._speed()

    def _speed(self) -> float:
        """How long the cells so far took, compared with the usual time; 1 before any has ended."""
        known = [(USUAL[question] * len(took), sum(took)) for (scenario, _), took in self._took.items()
                 if (question := self._questions[scenario]) in USUAL]  # fmt: skip
        return sum(took for _, took in known) / sum(usual for usual, _ in known) if known else 1.0

    def _pace(self, now: float) -> float:
        """The time that has passed, compared with the sum of the cells' times: less than 1 where cells overlap."""
        spent = sum(map(sum, self._took.values())) + sum(now - began for _, began in self._begun.values())
        return (now - self._first) / spent if self._took and self._first is not None and spent else 1.0


def key(cell: Cell) -> CellKey:
    """What durations are kept by."""
    return cell.scenario, cell.engine


def left_in_words(left: TimeLeft) -> str:
    """`about 2 min left`; `about 3 min left, going by other runs`; `time left not known yet`."""
    seconds = left.seconds
    if seconds is None:
        return "time left not known yet"
    return f"about {in_words(seconds)} left" + ("" if left.seen else ", going by other runs")


def in_words(seconds: float) -> str:
    """`10 s` (in steps of 10), `3 min`, `2 h 10 min`."""
    if seconds < 55:
        return f"{max(10, 10 * round(seconds / 10))} s"
    hours, minutes = divmod(max(1, round(seconds / 60)), 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"
