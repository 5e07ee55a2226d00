"""Starvation before the judge: what got through while the streams were held."""

from __future__ import annotations

from typing import Any

from lab.judge import judge
from lab.model.claims import Answer
from lab.model.observation import Observation
from lab.model.starvation import ProbeSeen
from lab.model.verdict import Doubt, Kind
from tests.judge.made import seen


def tried(probes: tuple[ProbeSeen, ...]) -> Observation:
    claim = Answer(answer="websocket", source="somebody")
    return seen(6, 6, claim=claim, probes=probes, question="starvation", opening="page")


def probes(**outcomes: str) -> tuple[ProbeSeen, ...]:
    times: dict[str, dict[str, Any]] = {
        "passed": {"took_ms": 5.0},
        "waited": {"after_release_ms": 7.0},
        "failed": {"note": "blocked"},
    }
    return tuple(
        ProbeSeen(kind, "same-origin", outcome, arrived_ms=1.0, **times[outcome]) for kind, outcome in outcomes.items()
    )


def test_starvation() -> None:
    verdict = judge(tried(probes(image="waited", websocket="passed", beacon="failed")))
    assert (verdict.kind, verdict.answer) == (Kind.CONFIRMED, "websocket")
    assert "1 waited until a stream ended, and then arrived within 7 ms. Failed: beacon." in verdict.why
    assert judge(tried(probes(image="passed", websocket="passed"))).answer == "everything"
    lost = (ProbeSeen("image", "same-origin", "waited", note="it did not come"),)
    assert judge(tried(lost)).kind == Kind.DISPUTED


def test_nothing_got_through_and_nothing_was_tried() -> None:
    assert judge(tried(probes(image="waited"))).answer == "nothing"
    verdict = judge(tried(()))
    assert (verdict.kind, verdict.doubt) == (Kind.INCONCLUSIVE, Doubt.PRECONDITION)
    assert "recorded nothing about starvation: `probe` is missing" in verdict.why
