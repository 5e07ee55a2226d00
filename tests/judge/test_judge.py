"""The judge as a whole: it is pure, its questions are rows of a table, and a witness may be absent in each of them."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from lab.judge import VERDICTS, judge
from lab.judge.witnesses import Witnesses
from lab.model.browsers import BrowserLog
from lab.model.observation import ClientSeen, Observation
from lab.model.questions import QUESTIONS
from lab.model.verdict import Doubt, Kind, Verdict
from tests.judge import (
    test_buffering,
    test_delivery,
    test_drops,
    test_hops,
    test_payloads,
    test_pools,
    test_probe,
    test_silence,
    test_starvation,
)
from tests.judge.made import log, said, seen

LEDGER_GONE = " The server's ledger is unavailable."

MADE: dict[str, Observation] = {
    "limits": seen(12, 6, browser_log=log(*range(7, 13))),
    "pools": msgspec.structs.replace(test_pools.two_sides(6), browser_log=log(13, 14, 15, 16)),
    "starvation": msgspec.structs.replace(
        test_starvation.tried(test_starvation.probes(image="waited", websocket="passed")), browser_log=log()
    ),
    "delivery": msgspec.structs.replace(test_delivery.streaming(), browser_log=log(*range(7, 13))),
    "drops": test_drops.observed(test_drops.drop(*test_drops.ALL)),
    "payloads": test_payloads.observed(test_payloads.carried("one line"), test_payloads.BYTES),
    "hops": test_hops.observed(12, 6, browser_log=log(*range(7, 13))),
    "buffering": test_buffering.observed([1.0] * 20),
    "silence": test_silence.observed(60_000.0, None),
    "probe": test_probe.observed(test_probe.HANGS),
}
"""An observation for each question, of which all witnesses say the same as the claim."""

LAB = tuple(name for name in QUESTIONS if name not in ("probe", "buffering", "silence"))
"""The questions in which pages, ledger and log tell of clients."""

WITNESSES = {
    "limits": 4,
    "pools": 4,
    "starvation": 3,
    "delivery": 4,
    "drops": 2,
    "payloads": 2,
    "probe": 5,
    "hops": 4,
    "buffering": 3,
    "silence": 2,
}
"""How many witnesses each has: where none waits nothing is released, and drops and payloads ask pages and ledger only."""


@pytest.mark.parametrize("question", QUESTIONS)
def test_every_witness_speaks_and_agrees(question: str) -> None:
    verdict = judge(MADE[question])
    assert verdict.kind == Kind.CONFIRMED
    assert (verdict.spoke, verdict.agreed) == (WITNESSES[question],) * 2


@pytest.mark.parametrize("question", LAB)
def test_without_a_ledger_the_others_judge_alone(question: str) -> None:
    verdict = judge(msgspec.structs.replace(MADE[question], ledger=None))
    assert verdict.kind == Kind.CONFIRMED
    assert verdict.why.endswith(LEDGER_GONE)
    assert said(verdict, "ledger") == "Unavailable: the server keeps no ledger."
    assert (verdict.connections, verdict.max_streams) == (None, None)
    assert (verdict.spoke, verdict.agreed) == (WITNESSES[question] - 1,) * 2
    whole = judge(MADE[question])
    assert (verdict.live, verdict.answer, verdict.cause) == (whole.live, whole.answer, whole.cause)


@pytest.mark.parametrize("log", [None, BrowserLog(missing="it is empty")])
@pytest.mark.parametrize("question", LAB)
def test_without_a_log_the_others_judge_alone(question: str, log: BrowserLog | None) -> None:
    verdict = judge(msgspec.structs.replace(MADE[question], browser_log=log))
    asked = question not in ("drops", "payloads")
    assert verdict.kind == Kind.CONFIRMED
    assert (verdict.spoke, verdict.agreed) == (WITNESSES[question] - asked,) * 2
    if asked:
        assert said(verdict, "network log").startswith("Unavailable: ")


@pytest.mark.parametrize("question", LAB)
def test_with_neither_ledger_nor_log_pages_and_releases_judge_alone(question: str) -> None:
    verdict = judge(msgspec.structs.replace(MADE[question], ledger=None, browser_log=None))
    assert verdict.kind == Kind.CONFIRMED
    assert verdict.spoke == verdict.agreed == WITNESSES[question] - (1 if question in ("drops", "payloads") else 2)


@pytest.mark.parametrize("question", [*LAB, "probe"])
def test_on_nothing_nothing_is_confirmed(question: str) -> None:
    nobody = msgspec.structs.replace(MADE[question], clients=(), ledger=None, browser_log=None, releases=(), probe=None)
    verdict = judge(nobody)
    assert (verdict.kind, verdict.doubt) == (Kind.INCONCLUSIVE, Doubt.PRECONDITION)
    assert (verdict.live, verdict.cause, verdict.spoke, verdict.agreed) == (None, None, 0, 0)


def test_without_pages_the_server_judges_alone() -> None:
    verdict = judge(msgspec.structs.replace(seen(6, 6), clients=(), opened=6))
    assert (verdict.kind, verdict.live, verdict.spoke, verdict.agreed) == (Kind.CONFIRMED, 6, 1, 1)
    assert said(verdict, "pages") == "Unavailable: no page reported."


def test_without_pages_server_and_log_can_still_disagree() -> None:
    made = msgspec.structs.replace(seen(12, 6, browser_log=log(1, 7)), clients=(), opened=12)
    assert judge(made).kind == Kind.DISPUTED


def test_pages_alone_can_be_refuted() -> None:
    verdict = judge(msgspec.structs.replace(seen(12, 9), ledger=None))
    assert (verdict.kind, verdict.live) == (Kind.REFUTED, 9)


def test_pages_alone_are_disputed_by_the_log() -> None:
    verdict = judge(msgspec.structs.replace(seen(12, 6, browser_log=log(7)), ledger=None))
    assert (verdict.kind, verdict.spoke, verdict.agreed) == (Kind.DISPUTED, 3, 2)


def test_a_case_of_drops_needs_the_ledger() -> None:
    """When clients asked again is known from it alone: without it, `retry honoured` was `none came back`."""
    made = test_drops.observed(test_drops.drop(*test_drops.ALL), case="retry 500")
    verdict = judge(msgspec.structs.replace(made, ledger=None))
    assert (verdict.kind, verdict.doubt) == (Kind.INCONCLUSIVE, Doubt.PRECONDITION)


@pytest.mark.parametrize(
    ("change", "agreed"),
    [
        (lambda made: msgspec.structs.replace(made, browser_log=log(7)), 3),
        (lambda made: msgspec.structs.replace(made, clients=(*made.clients[:11], ClientSeen(12, True, True))), 2),
        (lambda made: msgspec.structs.replace(made, releases=(msgspec.structs.replace(made.releases[0], arrived=()),)), 3),
        (lambda made: msgspec.structs.replace(made, releases=()), 3),
    ],
)
def test_witnesses_that_disagree_are_not_counted(change: Callable[[Observation], Observation], agreed: int) -> None:
    """Where one page says something else, ledger and log both contradict it."""
    made = change(MADE["limits"])
    verdict = judge(made)
    assert (verdict.kind, verdict.spoke) == (Kind.DISPUTED, 4 if made.releases else 3)
    assert verdict.agreed == agreed


@pytest.mark.parametrize("question", QUESTIONS)
def test_the_judge_is_pure(question: str) -> None:
    before = msgspec.json.encode(MADE[question])
    assert judge(MADE[question]) == judge(MADE[question])
    assert msgspec.json.encode(MADE[question]) == before


def test_every_question_has_a_judge_and_no_other_has() -> None:
    assert VERDICTS.keys() == QUESTIONS.keys() == MADE.keys()


def test_a_new_question_is_a_row(monkeypatch: pytest.MonkeyPatch) -> None:
    """And nothing is guessed from what was recorded: this one has drops, and is no question about them."""

    def verdict(seen: Observation, witnesses: Witnesses) -> Verdict:
        return Verdict(kind=Kind.CONFIRMED, why=f"{len(witnesses.live)} see hops", answer="two")

    monkeypatch.setitem(VERDICTS, "hops", verdict)
    made = MADE["drops"]
    asked = msgspec.structs.replace(made, cell=msgspec.structs.replace(made.cell, question="hops"))
    assert (judge(asked).answer, judge(asked).why) == ("two", "3 see hops")


@pytest.mark.parametrize("question", QUESTIONS)
def test_one_kind_of_obstacle_is_told_before_any_question(question: str) -> None:
    made = MADE[question]
    assert judge(msgspec.structs.replace(made, missing="no engine")).kind == Kind.UNSUPPORTED
    assert judge(msgspec.structs.replace(made, faults=("it broke",))).kind == Kind.HARNESS_FAULT
    assert judge(msgspec.structs.replace(made, unmet="no limit")).kind == Kind.INCONCLUSIVE
    assert judge(msgspec.structs.replace(made, settled_ms=None)).kind == Kind.HARNESS_FAULT
