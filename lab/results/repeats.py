"""The repeats of a cell, side by side: a number only where they agree, otherwise the spread, with the likely reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from lab.model.verdict import Kind, Limit
from lab.results.file import CellResult, Results

GRAVEST = (Kind.HARNESS_FAULT, Kind.DISPUTED, Kind.UNSUPPORTED, Kind.REFUTED, Kind.CONFIRMED)


class Group:
    """All runs of one cell, in order."""

    def __init__(self, runs: Sequence[CellResult], cpus: int) -> None:
        self.runs = tuple(runs)
        self._cpus = cpus

    def __repr__(self) -> str:
        return f"<Group {self.first.group}: {self.live}, {self.verdict}>"

    @property
    def first(self) -> CellResult:
        return self.runs[0]

    @property
    def shown(self) -> CellResult:
        """The run to look at: the gravest one."""
        return min(self.runs, key=lambda run: GRAVEST.index(Kind(run.verdict)))

    @property
    def lives(self) -> list[int]:
        return [run.live for run in self.runs if run.live is not None]

    @property
    def agree(self) -> bool:
        """Whether every run says the same."""
        return len({(run.live, run.cause, run.answer, run.verdict) for run in self.runs}) == 1

    @property
    def live(self) -> str:
        """`6`, or `6 to 9` where runs differ, or `–` where nothing was measured."""
        return spread(self.lives)

    @property
    def connections(self) -> str:
        return spread([run.connections for run in self.runs if run.connections is not None])

    @property
    def verdict(self) -> Kind:
        """The gravest of them."""
        return Kind(self.shown.verdict)

    @property
    def answer(self) -> str:
        return " / ".join(dict.fromkeys(run.answer for run in self.runs if run.answer))

    @property
    def reason(self) -> str:
        """The likely reason why the runs differ; nothing when they don't."""
        if self.agree:
            return ""
        kinds = Counter(run.verdict for run in self.runs)
        if kinds[Kind.HARNESS_FAULT] or kinds[Kind.DISPUTED]:
            told = [f"{kinds[kind]} {kind.replace('_', ' ')}" for kind in GRAVEST if kinds[kind]]
            return f"of {len(self.runs)} runs, {' and '.join(told)}: see each"
        if Limit.SOCKETS in [run.cause for run in self.runs]:
            return "this limit in total is a soft one: chance decides, or what is just being opened is not counted"
        load = max((run.load or 0.0 for run in self.runs), default=0.0)
        if load > 2 * self._cpus:
            return f"the machine was busy: load {load} on {self._cpus} processors"
        return "no reason is known: the browser itself did differently"


def spread(values: Sequence[int]) -> str:
    if not values:
        return "–"
    low, high = min(values), max(values)
    return str(low) if low == high else f"{low} to {high}"


def groups(results: Results, scenarios: Iterable[str] = ()) -> list[Group]:
    """The groups of a run, in the order of their first cells; of some scenarios only, where these are named."""
    by_name: dict[str, list[CellResult]] = {}
    named = set(scenarios)
    for cell in results.cells:
        if not named or cell.scenario in named:
            by_name.setdefault(cell.group, []).append(cell)
    return [Group(runs, results.machine.cpus) for runs in by_name.values()]
