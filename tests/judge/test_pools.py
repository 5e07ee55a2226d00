"""Pools before the judge: whether the second side shares the limit of the first."""

from __future__ import annotations

import pytest

from lab.judge import judge
from lab.model.claims import Answer
from lab.model.observation import Observation
from lab.model.pools import SideSeen
from lab.model.verdict import Doubt, Kind, Limit
from tests.judge.made import seen

SEPARATE = Answer(answer="separate", source="somebody")


def two_sides(second: int) -> Observation:
    sides = (SideSeen("https://a", 1, 6), SideSeen("https://b", 7, 10))
    return seen(16, 6 + second, claim=SEPARATE, sides=sides, question="pools", opening="page")


@pytest.mark.parametrize(
    ("second", "answer", "kind"),
    [(0, "shared", Kind.REFUTED), (6, "separate", Kind.CONFIRMED), (3, "partly shared", Kind.REFUTED)],
)
def test_pools(second: int, answer: str, kind: Kind) -> None:
    """Six are live of the first side; the second asked for ten."""
    verdict = judge(two_sides(second))
    assert (verdict.kind, verdict.answer) == (kind, answer)
    assert f"with 6 live of https://a, {second} more went live of https://b" in verdict.why


def test_the_words_of_a_claim_that_holds_and_of_one_that_does_not() -> None:
    assert judge(two_sides(6)).why.startswith("Separate (as claimed): with 6 live")
    assert judge(two_sides(0)).why.startswith("Shared (claim: separate): with 6 live")
    assert judge(two_sides(0)).cause == Limit.CONNECTIONS


def test_a_side_that_was_never_filled() -> None:
    verdict = judge(seen(6, 6, claim=SEPARATE, sides=(SideSeen("https://a", 1, 6),), question="pools"))
    assert (verdict.kind, verdict.doubt) == (Kind.INCONCLUSIVE, Doubt.PRECONDITION)
