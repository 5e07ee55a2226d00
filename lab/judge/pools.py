"""Pools: the pool of one side was filled, then clients of the other side were opened. Do the two share a limit?"""

from __future__ import annotations

from lab.judge import limits
from lab.judge.witnesses import Witnesses, as_answered, conclude, nothing_recorded
from lab.judge.words import claimed
from lab.model.observation import Observation
from lab.model.verdict import Verdict

SHARED, SEPARATE, PARTLY = "shared", "separate", "partly shared"


def verdict(seen: Observation, witnesses: Witnesses) -> Verdict:
    """Judge a pools cell: the answer is shared, separate or partly shared. Inconclusive unless both sides were filled."""
    if len(seen.sides) < 2:
        return nothing_recorded(seen, "`fill`, twice,")
    (first, _), (second, opened) = live_of_side(seen, witnesses, 0), live_of_side(seen, witnesses, 1)
    answer = SHARED if second == 0 else SEPARATE if second >= first or second == opened else PARTLY
    why = (
        f"{answer.capitalize()} ({claimed(seen, answer)}): with {first} live of {seen.sides[0].what}, "
        f"{second} more went live of {seen.sides[1].what}. {limits.held_back(seen, witnesses)}"
    )
    return conclude(
        seen,
        witnesses,
        objections=limits.objections(seen, witnesses),
        as_claimed=as_answered(seen, answer),
        why=why.strip(),
        statements=limits.statements(seen, witnesses),
        cause=limits.cause_of(seen, witnesses),
        answer=answer,
    )


def live_of_side(seen: Observation, witnesses: Witnesses, number: int) -> tuple[int, int]:
    """How many clients of a side are live, and how many were opened."""
    side = seen.sides[number]
    there = range(side.first, side.first + side.opened)
    opened = sum(client in there for client in witnesses.pages.everyone) if witnesses.pages else side.opened
    return sum(client in there for client in witnesses.live), opened
