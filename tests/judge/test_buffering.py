"""Buffering: what counts as held back, and who may dispute it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from lab.judge import judge
from lab.judge.buffering import AT_ONCE, BATCHES, HEAD_LATE, HELD, NOTHING, TO_THE_END
from lab.model.buffering import BufferingSeen, Reading
from lab.model.claims import Answer
from lab.model.observation import ClientSeen, Observation
from lab.model.verdict import Doubt, Kind
from tests.judge.made import seen

PUNCTUAL = [1.0] * 20
HELD_TO_THE_END = [1900.0 - 100 * n for n in range(20)]
THREE_AT_A_TIME = [200.0, 100.0, 0.0] * 7


def reading(reader: str, late: Sequence[float], head: float | None = 2.0, **changes: Any) -> Reading:
    return Reading(reader=reader, head_ms=head, late_ms=tuple(late[:20]), **changes)


def observed(
    page: Sequence[float], plain: Sequence[float] | None = None, *, direct: Sequence[float] = PUNCTUAL, head: float = 2.0,
    claim: str = AT_ONCE, coding: str = "", identity: Sequence[float] | None = None, page_direct: Sequence[float] = PUNCTUAL,
) -> Observation:  # fmt: skip
    plain = page if plain is None else plain
    drip = BufferingSeen(
        lead_ms=400, interval_ms=100, events=20,
        readings=(
            reading("page", page, head),
            reading("plain client (as a browser asks)", plain, head, coding=coding, reads=3),
            reading("plain client (identity)", plain if identity is None else identity, head),
            reading("direct", direct),
            reading("page, direct", page_direct),
        ),
    )  # fmt: skip
    made = seen(1, 1, question="buffering", opening="page", route="nginx", claim=Answer(claim, source="somebody"))
    client = ClientSeen(1, document=True, live=len(page) == 20)
    return Observation(
        **{**{name: getattr(made, name) for name in made.__struct_fields__}, "buffering": drip, "clients": (client,)}
    )


@pytest.mark.parametrize(
    ("late", "head", "answer"),
    [
        (PUNCTUAL, 2.0, AT_ONCE),
        (PUNCTUAL, 401.0, HEAD_LATE),
        ([1.0] * 16 + [90.0] * 4, 2.0, AT_ONCE),
        (THREE_AT_A_TIME, 2.0, BATCHES),
        ([900.0 - 100 * (n % 10) for n in range(20)], 2.0, HELD),
        (HELD_TO_THE_END, 2304.0, TO_THE_END),
        ([], 2.0, NOTHING),
    ],
)
def test_the_answer(late: list[float], head: float, answer: str) -> None:
    verdict = judge(observed(late, head=head, claim=answer))
    assert (verdict.answer, verdict.kind) == (answer, Kind.CONFIRMED)


def test_one_hiccup_of_the_machine_is_no_batch() -> None:
    assert judge(observed([1.0, 1.0, 190.0, 90.0, *[1.0] * 16])).answer == AT_ONCE


def test_what_is_late_without_the_proxy_too_is_the_machines_doing() -> None:
    verdict = judge(observed(THREE_AT_A_TIME, direct=[80.0] * 20))
    assert (verdict.kind, verdict.doubt) == (Kind.INCONCLUSIVE, Doubt.BUSY_MACHINE)
    assert judge(observed(PUNCTUAL, direct=[])).doubt == Doubt.BUSY_MACHINE


def test_noise_is_subtracted() -> None:
    """With events 40 ms late without the proxy, 85 ms are no batch; with none late, they are."""
    assert judge(observed([85.0] * 20, direct=[40.0] * 20, page_direct=[40.0] * 20)).answer == AT_ONCE
    assert judge(observed([85.0] * 20)).answer == BATCHES


def test_what_came_late_directly_too_was_not_held_by_the_proxy() -> None:
    stalled = [250.0, 150.0, 50.0, *[1.0] * 5, 190.0, 90.0, *[1.0] * 10]
    later = [late + 10 for late in stalled]
    assert judge(observed(later, direct=stalled, page_direct=stalled)).answer == AT_ONCE
    assert judge(observed(later, PUNCTUAL, page_direct=stalled)).answer == AT_ONCE, (
        "the page was busy, the plain client was not"
    )
    assert judge(observed(later)).answer == BATCHES


def test_a_plain_client_that_sees_something_else_disputes_the_page() -> None:
    verdict = judge(observed(HELD_TO_THE_END, PUNCTUAL, head=2300.0))
    assert (verdict.kind, verdict.spoke, verdict.agreed) == (Kind.DISPUTED, 3, 2)
    assert "held to the end" in verdict.why


def test_a_difference_on_a_busy_machine_is_no_dispute() -> None:
    verdict = judge(observed(THREE_AT_A_TIME, PUNCTUAL, page_direct=[*PUNCTUAL[:-1], 90.0]))
    assert (verdict.kind, verdict.doubt) == (Kind.INCONCLUSIVE, Doubt.BUSY_MACHINE)
    assert "90 ms late too" in verdict.why


def test_a_plain_client_that_cannot_decode_disputes_nothing() -> None:
    verdict = judge(observed(PUNCTUAL, [], coding="br", identity=PUNCTUAL))
    assert verdict.kind == Kind.CONFIRMED
    assert any("br can't be decoded here" in one.says for one in verdict.witnesses)


def test_compression_is_named_where_identity_passes() -> None:
    verdict = judge(observed(HELD_TO_THE_END, coding="gzip", identity=PUNCTUAL, head=2300.0))
    assert verdict.why.endswith("Without compression each event comes at once.")
