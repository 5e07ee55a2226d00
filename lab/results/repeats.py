"""The repeats of a cell, side by side: a number only where they agree, otherwise the spread, with the likely reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import msgspec

from lab.model.verdict import KINDS, Kind, Limit
from lab.results.file import CellResult, Results
from lab.text import NONE, listed

GRAVEST = sorted(KINDS, key=lambda kind: -KINDS[kind].gravity)
"""The kinds of verdict, the gravest first."""

UNSURE = (Kind.HARNESS_FAULT, Kind.DISPUTED, Kind.INCONCLUSIVE)
"""A cell of such a kind says nothing for sure."""


class Repeats(msgspec.Struct, frozen=True):
    """All runs of one cell, in order, on a machine with so many processors."""

    runs: tuple[CellResult, ...]
    cpus: int

    def __repr__(self) -> str:
        return f"<Repeats {self.first.cell.group}: {self.live}, {self.verdict}>"

    @property
    def first(self) -> CellResult:
        return self.runs[0]

    @property
    def shown(self) -> CellResult:
        """The run to look at: the gravest one."""
        return min(self.runs, key=lambda run: GRAVEST.index(run.verdict.kind))

    @property
    def lives(self) -> list[int]:
        """How many were live, in each run that counted them."""
        return [run.verdict.live for run in self.runs if run.verdict.live is not None]

    @property
    def agree(self) -> bool:
        """Whether every run says the same."""
        said = {(one.live, one.cause, one.answer, one.kind) for one in (run.verdict for run in self.runs)}
        return len(said) == 1

    @property
    def live(self) -> str:
        """`6`, or `6 to 9` where runs differ, or `–` where nothing was measured."""
        return spread(self.lives)

    @property
    def connections(self) -> str:
        """How many connections were in use, likewise."""
        return spread([run.verdict.connections for run in self.runs if run.verdict.connections is not None])

    @property
    def verdict(self) -> Kind:
        """The gravest kind among them."""
        return self.shown.verdict.kind

    @property
    def answer(self) -> str:
        """The answer; where runs differ, each different one."""
        return " / ".join(dict.fromkeys(run.verdict.answer for run in self.runs if run.verdict.answer))

    @property
    def reason(self) -> str:
        """The likely reason why the runs differ; empty when they don't."""
        if self.agree:
            return ""
        kinds = Counter(run.verdict.kind for run in self.runs)
        if any(kinds[kind] for kind in UNSURE):
            told = [f"{kinds[kind]} {KINDS[kind].label}" for kind in GRAVEST if kinds[kind]]
            return f"of {len(self.runs)} runs, {listed(told)}: see each"
        if Limit.SOCKETS in [run.verdict.cause for run in self.runs]:
            return "this limit in total is a soft one: chance decides, or what is just being opened is not counted"
        load = max((run.load or 0.0 for run in self.runs), default=0.0)
        if load > 2 * self.cpus:
            return f"the machine was busy: load {load} on {self.cpus} processors"
        return "no reason is known: the browser itself behaved differently"


def spread(values: Sequence[int]) -> str:
    """`6`, or `6 to 9`."""
    if not values:
        return NONE
    low, high = min(values), max(values)
    return str(low) if low == high else f"{low} to {high}"


def repeats(results: Results, scenarios: Iterable[str] = ()) -> list[Repeats]:
    """The cells of a run with their repeats, in the order of their first runs; only of `scenarios`, where any are named."""
    by_group: dict[str, list[CellResult]] = {}
    named = set(scenarios)
    for one in results.cells:
        if not named or one.cell.scenario in named:
            by_group.setdefault(one.cell.group, []).append(one)
    return [Repeats(tuple(runs), results.machine.cpus) for runs in by_group.values()]
