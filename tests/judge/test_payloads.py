"""Payloads before the judge: as specified or not, and whether the ledger has as many answers."""

from __future__ import annotations

from typing import Any

import pytest

from lab.judge import judge
from lab.judge.payloads import AS_SPECIFIED
from lab.model.claims import Answer
from lab.model.ledger import AnyEvent, StreamClosed, StreamOpened
from lab.model.observation import Observation
from lab.model.payloads import PayloadSeen
from lab.model.verdict import Doubt, Kind
from tests.judge.made import seen, with_ledger


def carried(name: str, right: bool = True, **changes: Any) -> PayloadSeen:
    return PayloadSeen(name=name, chunks=1, events=1, right=right, sent_bytes=90, received_bytes=40, **changes)


BYTES = carried("binary", content_bytes=64, survived_bytes=64)
WRONG = (carried("a BOM", right=False, note="[]"), carried("a name", right=False, note="['x']"))


def observed(*payloads: PayloadSeen, written: tuple[int, ...] | None = None, claimed: str = AS_SPECIFIED) -> Observation:
    """One page asked for each, and for the first one before: an answer each, unless it is said how many were `written`."""
    answers = (1,) * (len(payloads) + 1) if written is None else written
    events: list[AnyEvent] = []
    for number, sent in enumerate(answers):
        events.append(opened(number, "s.chromium.h1.sse.tabs.1.100.1"))
        events.append(StreamClosed(at_ms=number, stream=number, reason="answered", sent=sent))
    claim = Answer(answer=claimed, source="somebody")
    return seen(1, 1, payloads=payloads, ledger=tuple(events), claim=claim, question="payloads")


def opened(stream: int, cell: str) -> StreamOpened:
    return StreamOpened(at_ms=0, stream=stream, connection=1, cell=cell, tab=1, transport="sse", http="1.1")


def test_all_as_specified() -> None:
    verdict = judge(observed(carried("one line"), BYTES))
    assert (verdict.kind, verdict.answer, verdict.cause, verdict.live) == (Kind.CONFIRMED, AS_SPECIFIED, None, 1)
    assert verdict.why == (
        "2 of 2 payloads came as specified (as claimed). Of 64 bytes sent as binary, 64 survived, for 90 on the wire."
    )
    assert [one.says for one in verdict.witnesses] == [
        "2 of 2 payloads came as specified.",
        "3 were written whole, the first one twice.",
    ]


def test_what_differs_is_named() -> None:
    verdict = judge(observed(WRONG[0], carried("one line"), WRONG[1]))
    assert (verdict.kind, verdict.answer) == (Kind.REFUTED, "differs: a BOM, a name")
    assert verdict.why == "1 of 3 payloads came as specified (claim: as specified). A BOM: []; a name: ['x']."


def test_a_claim_that_some_differ() -> None:
    assert judge(observed(*WRONG, claimed="differs: a BOM, a name")).kind == Kind.CONFIRMED
    assert judge(observed(WRONG[0], claimed="differs: a BOM, a name")).kind == Kind.REFUTED


@pytest.mark.parametrize("written", [(), (1, 1), (1, 1, 0), (1, 1, 1, 1), (2,), (4,)])
def test_the_ledger_counts_what_was_written_whole(written: tuple[int, ...]) -> None:
    """A payload too few was cut off, whatever the page made of it; one too many was asked for by nobody."""
    verdict = judge(observed(carried("one line"), BYTES, written=written))
    assert verdict.kind == Kind.DISPUTED
    assert verdict.why == f"The page asked for 3 payloads, the ledger says {sum(written)} were written whole."


def test_a_socket_carries_them_all() -> None:
    assert judge(observed(carried("one line"), BYTES, written=(3,))).kind == Kind.CONFIRMED


def test_what_another_cell_left_behind_is_not_counted() -> None:
    one = observed(carried("one line"), BYTES)
    stray = (opened(99, "control"), StreamClosed(at_ms=9, stream=99, reason="client", sent=12))
    assert judge(with_ledger(one, *stray)).kind == Kind.CONFIRMED


def test_nothing_was_carried() -> None:
    verdict = judge(observed())
    assert (verdict.kind, verdict.doubt) == (Kind.INCONCLUSIVE, Doubt.PRECONDITION)
