"""The repeats of a cell together: one number if they agree; else the spread, with the likely reason."""

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
"""The kinds of verdict without a sure result."""


class Repeats(msgspec.Struct, frozen=True):
    """All repeats of one cell, in order, on a machine with `cpus` processors."""

    runs: tuple[CellResult, ...]
    cpus: int

    def __repr__(self) -> str:
        return f"<Repeats {self.first.cell.group}: {self.live}, {self.verdict}>"

    @property
    def first(self) -> CellResult:
        return self.runs[0]

    @property
    def shown(self) -> CellResult:
        """The repeat that is shown in full: the one with the gravest verdict."""
        return min(self.runs, key=lambda run: GRAVEST.index(run.verdict.kind))

    @property
    def lives(self) -> list[int]:
        """How many clients were live, in each repeat that counted them."""
        return [run.verdict.live for run in self.runs if run.verdict.live is not None]

    @property
    def agree(self) -> bool:
        """Whether all repeats have the same verdict and counts."""
        said = {(one.live, one.cause, one.answer, one.kind) for one in (run.verdict for run in self.runs)}
        return len(said) == 1

    @property
    def live(self) -> str:
        """How many clients were live: `6`, or `6 to 9` if repeats differ, or `–` if nothing was measured."""
        return spread(self.lives)

    @property
    def connections(self) -> str:
        """How many connections were in use, in the same form."""
        return spread([run.verdict.connections for run in self.runs if run.verdict.connections is not None])

    @property
    def verdict(self) -> Kind:
        """The gravest kind of verdict among the repeats."""
        return self.shown.verdict.kind

    @property
    def answer(self) -> str:
        """The answer; if repeats differ, every different answer."""
        return " / ".join(dict.fromkeys(run.verdict.answer for run in self.runs if run.verdict.answer))

    @property
    def reason(self) -> str:
        """The likely reason why the repeats differ; empty if they agree."""
        if self.agree:
            return ""
        kinds = Counter(run.verdict.kind for run in self.runs)
        if any(kinds[kind] for kind in UNSURE):
            told = [f"{kinds[kind]} {KINDS[kind].label}" for kind in GRAVEST if kinds[kind]]
            return f"of {len(self.runs)} runs, {listed(told)}: see each"
        if Limit.SOCKETS in [run.verdict.cause for run in self.runs]:
            return (
                "the limit on all sockets is soft: the browser decides by chance, or does not count what is just being opened"
            )
        load = max((run.load or 0.0 for run in self.runs), default=0.0)
        if load > 2 * self.cpus:
            return f"the machine was busy: load {load} on {self.cpus} processors"
        return "no reason is known: the browser itself behaved differently"


def spread(values: Sequence[int]) -> str:
    """The range of some numbers: `6`, or `6 to 9`; `–` without numbers."""
    if not values:
        return NONE
    low, high = min(values), max(values)
    return str(low) if low == high else f"{low} to {high}"


def repeats(results: Results, scenarios: Iterable[str] = ()) -> list[Repeats]:
    """The cells of a run with their repeats, in the order of their first repeats. With `scenarios`, only cells of these."""
    by_group: dict[str, list[CellResult]] = {}
    named = set(scenarios)
    for one in results.cells:
        if not named or one.cell.scenario in named:
            by_group.setdefault(one.cell.group, []).append(one)
    return [Repeats(tuple(runs), results.machine.cpus) for runs in by_group.values()]
