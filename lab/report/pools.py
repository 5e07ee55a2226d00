"""Pools: one pool was filled, then clients of another side were opened. Which sides share a limit?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lab.report import tables as cells
from lab.report.answers import Answer, Entry
from lab.report.tables import ANSWER as ANSWER_COLUMN
from lab.report.tables import REPEATS, VERDICT, Column, Row, Spread, Table, by_engine, grouped, measured, over
from lab.results.file import CellResult
from lab.results.repeats import Repeats
from lab.text import listed, sentence

COLUMNS = (
    ANSWER_COLUMN,
    Column("first", "first side live", number=True, brief=False),
    Column("second", "second side live", number=True, brief=False),
    VERDICT,
    REPEATS,
)


def tables(groups: Sequence[Repeats]) -> list[Table]:
    """One table with a row for each case: the answer, and how many clients of each side were live."""
    rows = tuple(
        Row(
            one,
            one.first.cell.case,
            {
                "answer": one.answer or None,
                "first": live_of_side(one, 0),
                "second": live_of_side(one, 1),
                "verdict": one.verdict,
                "repeats": cells.repeats_in_words(one),
            },
        )
        for one in groups
    )
    return [
        Table(
            "The pool of the first side was filled, then clients of the second side were opened", "second side", COLUMNS, rows
        )
    ]


def live_of_side(one: Repeats, number: int) -> Spread:
    """How many clients of a side were live, in each repeat that knows it."""
    return Spread(tuple(count(run, number) for run in one.runs if run.verdict.live is not None and number < len(run.sides)))


def count(run: CellResult, number: int) -> int:
    """How many clients of one side were live in a run."""
    side = run.sides[number]
    return sum(client.live for client in run.clients if side.first <= client.tab < side.first + side.opened)


def entries(one: Repeats) -> list[Entry]:
    """A row for each case."""
    return [Entry((sentence(one.first.cell.case),), {"answer": one.answer or None})]


ANSWER = Answer(
    title="Does the second side share the limit of the first?",
    about="second side",
    entries=entries,
    measures=(Column("answer", ""),),
    by_protocol=True,
)


def lead(groups: Sequence[Repeats], titles: Mapping[str, str]) -> list[str]:
    """`Separate everywhere: another port, another profile. Shared everywhere: the same again. It depends on browser and
    protocol for: …`"""
    told: dict[str, list[str]] = {}
    for case, members in grouped(measured(groups), lambda one: one.first.cell.case).items():
        answers = {one.answer for one in members}
        told.setdefault(answers.pop() if len(answers) == 1 else "", []).append(case)
    found = [f"{sentence(answer)} everywhere: {listed(cases)}." for answer, cases in sorted(told.items()) if answer]
    if depends := told.get(""):
        found.append(f"It depends on browser and protocol for {listed(depends)}.")
    return found


def sentences(groups: Sequence[Repeats], titles: Mapping[str, str]) -> list[str]:
    """`In Chromium 156 over HTTP/1.1, the limit is separate for another port; shared for the same again.`"""
    found = []
    for engine, members in by_engine(groups):
        for protocol, those in grouped(members, lambda one: over(one.first)).items():
            answers = grouped(those, lambda one: one.answer)
            told = [f"{answer} for {listed([one.first.cell.case for one in same])}" for answer, same in sorted(answers.items())]
            found.append(f"In {titles[engine]} over {protocol}, the limit is {'; '.join(told)}.")
    return found
