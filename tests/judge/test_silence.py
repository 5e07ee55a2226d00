"""Silence: which stream was cut, and after how long."""

from __future__ import annotations

import msgspec
import pytest

from lab.judge import judge
from lab.model.cell import PLAIN_CLIENT
from lab.model.claims import Answer
from lab.model.observation import Observation
from lab.model.silence import SilenceSeen, StreamWatched
from lab.model.verdict import Doubt, Kind
from tests.judge.made import said, seen


def stream(name: str, after_ms: float | None) -> StreamWatched:
    how = "" if after_ms is None else "the server reset the stream"
    return StreamWatched(name=name, opened=True, ended_after_ms=after_ms, how=how, origin_after_ms=after_ms)


def observed(silent: float | None, talking: float | None, claim: str = "silence cut after 60 s") -> Observation:
    made = seen(2, 0, question="silence", engine=PLAIN_CLIENT, route="nginx", claim=Answer(claim, source="somebody"))
    watched = SilenceSeen(watched_ms=75_000, streams=(stream("silent", silent), stream("talking", talking)))
    return msgspec.structs.replace(made, silence=watched, clients=(), releases=())


@pytest.mark.parametrize(
    ("silent", "talking", "answer"),
    [
        (None, None, "not cut"),
        (60_012.0, None, "silence cut after 60 s"),
        (59_990.0, None, "silence cut after 60 s"),
        (60_800.0, None, "silence cut after 60 s"),
        (15_001.0, 15_003.0, "cut after 15 s, even while events came"),
        (None, 15_003.0, "cut after 15 s, even while events came"),
    ],
)
def test_the_answer(silent: float | None, talking: float | None, answer: str) -> None:
    verdict = judge(observed(silent, talking, claim=answer))
    assert (verdict.kind, verdict.answer, verdict.spoke) == (Kind.CONFIRMED, answer, 2)
    assert judge(observed(silent, talking, claim="something else")).kind == Kind.REFUTED


def test_both_ends_are_told() -> None:
    made = observed(60_012.0, None)
    assert made.silence is not None
    [silent, talking] = made.silence.streams
    unlearned = msgspec.structs.replace(silent, origin_after_ms=None)
    verdict = judge(msgspec.structs.replace(made, silence=SilenceSeen(watched_ms=75_000, streams=(unlearned, talking))))
    assert said(verdict, "plain client").startswith("The silent stream ended after 60.0 s: the server reset the stream.")
    assert said(verdict, "ledger").startswith("The silent stream was still open when the client's had ended.")


def test_the_witness_that_a_busy_machine_made_late_does_not_count() -> None:
    made = observed(61_200.0, None)
    assert made.silence is not None
    late = msgspec.structs.replace(made.silence.streams[0], origin_after_ms=60_004.0)
    assert judge(msgspec.structs.replace(made, silence=SilenceSeen(watched_ms=75_000, streams=(late,)))).kind == Kind.CONFIRMED


def test_a_stream_that_never_came_has_no_answer() -> None:
    made = observed(None, None)
    never = StreamWatched(name="silent", opened=False, how="status 502")
    verdict = judge(msgspec.structs.replace(made, silence=SilenceSeen(watched_ms=75_000, streams=(never,))))
    assert (verdict.kind, verdict.doubt) == (Kind.INCONCLUSIVE, Doubt.PRECONDITION)
    assert "status 502" in verdict.why
