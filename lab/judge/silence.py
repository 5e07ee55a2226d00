"""Silence: whether and when a proxy cut a silent stream, and one on which events came."""

from __future__ import annotations

from lab.judge.witnesses import LEDGER, Witnesses, as_answered, nothing_recorded
from lab.judge.words import claimed
from lab.model.observation import Observation
from lab.model.silence import SilenceSeen, StreamWatched
from lab.model.verdict import Doubt, Kind, Statement, Verdict
from lab.text import sentence

PLAIN = "plain client"
LIVES = "not cut"

EARLY_MS = 100.0
"""A proxy reads its clock once for many events, so its time may be over this much before it is."""


def verdict(seen: Observation, witnesses: Witnesses) -> Verdict:
    """Judge a silence cell: the answer says after how many seconds which stream was cut."""
    if seen.silence is None:
        return nothing_recorded(seen, "`watch`")
    unopened = [one for one in seen.silence.streams if not one.opened]
    if unopened:
        why = f"No event of the {unopened[0].name} stream came through the proxy: {unopened[0].how or 'nothing was answered'}."
        return Verdict(kind=Kind.INCONCLUSIVE, doubt=Doubt.PRECONDITION, why=why)
    answer = answer_of(seen.silence)
    claim = as_answered(seen, answer)
    return Verdict(
        kind=Kind.INCONCLUSIVE if claim is None else Kind.CONFIRMED if claim else Kind.REFUTED,
        why=f"{sentence(answer)} ({claimed(seen, answer)}), watched for {seen.silence.watched_ms / 1000:.0f} s.",
        doubt=Doubt.PRECONDITION if claim is None else None,
        answer=answer,
        witnesses=(
            Statement(PLAIN, " ".join(at_client(one) for one in seen.silence.streams)),
            Statement(LEDGER, " ".join(at_origin(one) for one in seen.silence.streams)),
        ),
        spoke=2,
        agreed=2,
    )


def answer_of(seen: SilenceSeen) -> str:
    """The answer, in the words that claims compare with, in whole seconds: `not cut`; `silence cut after 60 s`; `cut after
    15 s, even while events came`. A busy machine makes an end late at either witness, never early: the earlier one counts, and
    what is over a whole second does not."""
    after = {one.name: whole_seconds(one) for one in seen.streams if one.ended_after_ms is not None}
    if "talking" in after:
        return f"cut after {after['talking']} s, even while events came"
    return f"silence cut after {after['silent']} s" if "silent" in after else LIVES


def whole_seconds(one: StreamWatched) -> int:
    """After how many whole seconds a stream ended."""
    ends = [at for at in (one.ended_after_ms, one.origin_after_ms) if at is not None]
    return int((min(ends) + EARLY_MS) / 1000)


def at_client(one: StreamWatched) -> str:
    """What the client saw of a stream."""
    if one.ended_after_ms is None:
        return f"The {one.name} stream was open to the end."
    return f"The {one.name} stream ended after {one.ended_after_ms / 1000:.1f} s: {one.how}."


def at_origin(one: StreamWatched) -> str:
    """What the origin saw of a stream."""
    if one.origin_after_ms is not None:
        return f"The {one.name} stream ended after {one.origin_after_ms / 1000:.1f} s."
    if one.ended_after_ms is not None:
        return f"The {one.name} stream was still open when the client's had ended."
    return f"The {one.name} stream was open."
