"""How long the rest of a run will take, from how long its cells have taken so far.

A cell is expected to take as long as others of its scenario in its engine did. Without any: as long as in the other engine,
corrected by how the two compared so far. For a scenario of which no cell has ended, all there is to go by is `USUAL`, corrected
by how the cells so far compared with it. Cells may overlap, and there is time between them: the sum is corrected by the pace so
far. Cells that are asleep beside all others are left out, unless there are no others.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable
from statistics import mean

from lab.model.cell import Cell
from lab.model.questions import QUESTIONS, Company

USUAL = {
    "limits": 4.5,
    "pools": 3.0,
    "starvation": 6.0,
    "delivery": 10.0,
    "drops": 4.0,
    "payloads": 2.0,
    "hops": 5.0,
    "buffering": 3.2,
    "silence": 76.0,
}
"""The mean duration of a cell by its question, in seconds, in the run of reports/sample/ (140 cells on two cores)."""

PRIOR_S = 20.0
"""How many seconds of cells must have been measured until they weigh as much as `USUAL`."""

CellKey = tuple[str, str]
"""A scenario and an engine."""


class TimeLeft:
    """Told when cells begin and end, it says how long the others will take. `clock` gives seconds."""

    def __init__(self, cells: Iterable[Cell], clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        cells = list(cells)
        awake = [cell for cell in cells if not asleep(cell)]
        self._all = not awake
        cells = awake or cells
        self._waiting = Counter(map(key, cells))
        self._questions = {cell.scenario: cell.question for cell in cells}
        self._begun: dict[str, tuple[CellKey, float]] = {}
        self._took: dict[CellKey, list[float]] = {}
        self._first_s: float | None = None

    def begins(self, cell: Cell) -> None:
        """A cell begins. Others may be under way; and it may be measured again, which was not expected."""
        if asleep(cell) and not self._all:
            return
        now = self._clock()
        self._first_s = now if self._first_s is None else self._first_s
        self._waiting[key(cell)] -= self._waiting[key(cell)] > 0
        self._begun[cell.name] = key(cell), now

    def ended(self, cell: Cell) -> None:
        """A cell ended that had begun."""
        if cell.name not in self._begun:
            return
        which, began = self._begun.pop(cell.name)
        self._took.setdefault(which, []).append(self._clock() - began)

    @property
    def seconds(self) -> float | None:
        """Seconds to the end of the run; None when nothing is known of a cell that is left."""
        now = self._clock()
        left = [(self._expected(which), count, 0.0) for which, count in self._waiting.items() if count]
        left += [(self._expected(which), 1, now - began) for which, began in self._begun.values()]
        known = [count * took - min(took, spent) for took, count, spent in left if took is not None]
        return self._pace(now) * sum(known) if len(known) == len(left) else None

    @property
    def seen(self) -> bool:
        """Whether a cell has ended of each scenario in each engine that is left."""
        left = [*(which for which, count in self._waiting.items() if count), *(which for which, _ in self._begun.values())]
        return all(which in self._took for which in left)

    def _expected(self, which: CellKey) -> float | None:
        """How long such a cell will take, in seconds; None when nothing is known."""
        scenario, engine = which
        if which in self._took:
            return mean(self._took[which])
        if others := self._elsewhere(scenario, engine):
            both = [(mean(took), mean(elsewhere)) for (one, where), took in self._took.items()
                    if where == engine and (elsewhere := self._elsewhere(one, engine))]  # fmt: skip
            return mean(others) * (sum(here for here, _ in both) / sum(there for _, there in both) if both else 1.0)
        usual = USUAL.get(self._questions[scenario])
        return None if usual is None else usual * self._speed()

    def _elsewhere(self, scenario: str, engine: str) -> list[float]:
        """How long the scenario's cells took in other engines."""
        return [took for (one, where), those in self._took.items() if one == scenario and where != engine for took in those]

    def _speed(self) -> float:
        """How long the cells so far took, compared with the usual time."""
        spent, usual = PRIOR_S, PRIOR_S
        for (scenario, _), took in self._took.items():
            if self._questions[scenario] in USUAL:
                spent += sum(took)
                usual += len(took) * USUAL[self._questions[scenario]]
        return spent / usual

    def _pace(self, now: float) -> float:
        """The time that has passed, compared with the sum of the cells' times: less than 1 where cells overlap."""
        spent = sum(map(sum, self._took.values())) + sum(now - began for _, began in self._begun.values())
        return (now - self._first_s) / spent if self._took and self._first_s is not None and spent else 1.0


def asleep(cell: Cell) -> bool:
    """Whether a cell is measured beside all others, and adds nothing to their time."""
    return cell.question in QUESTIONS and QUESTIONS[cell.question].company is Company.ASLEEP


def key(cell: Cell) -> CellKey:
    """What durations are kept by."""
    return cell.scenario, cell.engine


def left_in_words(left: TimeLeft) -> str:
    """`about 2 min left`; `perhaps 3 min left`, while no cell of the kind of some that are left has ended."""
    seconds = left.seconds
    if seconds is None:
        return "time left unknown"
    return f"{'about' if left.seen else 'perhaps'} {in_words(seconds)} left"


def in_words(seconds: float) -> str:
    """`20 s` (in steps of 10), `3 min`, `2 h 10 min`."""
    if seconds < 55:
        return f"{max(10, 10 * round(seconds / 10))} s"
    hours, minutes = divmod(max(1, round(seconds / 60)), 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"
