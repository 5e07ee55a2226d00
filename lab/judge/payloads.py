"""Payloads: whether each came to the page as its standard specifies, and how many bytes survived."""

from __future__ import annotations

import msgspec

from lab.judge.witnesses import LEDGER, PAGES, Objection, Witnesses, as_answered, conclude, nothing_recorded
from lab.judge.words import claimed
from lab.model.ledger import StreamClosed, StreamOpened
from lab.model.observation import Observation
from lab.model.payloads import PayloadSeen
from lab.model.verdict import Statement, Verdict
from lab.text import sentence

AS_SPECIFIED = "as specified"


def verdict(seen: Observation, witnesses: Witnesses) -> Verdict:
    """Judge a payloads cell: the answer is `as specified`, or it names the payloads that differ."""
    if not seen.payloads:
        return nothing_recorded(seen, "`carry`")
    # The question is not which clients wait, so the browser's log and the releases are left out.
    witnesses = msgspec.structs.replace(witnesses, log=None, releases=())
    wrong = [one.name for one in seen.payloads if not one.right]
    answer = f"differs: {', '.join(wrong)}" if wrong else AS_SPECIFIED
    right = f"{len(seen.payloads) - len(wrong)} of {len(seen.payloads)} payloads came as specified"
    written, asked = written_whole(seen), len(seen.payloads) + 1  # The first one is asked for twice.
    objections, ledger = [], "Unavailable: the server keeps no ledger."
    if written is not None:
        ledger = f"{written} were written whole, the first one twice."
        if written != asked:
            words = f"The page asked for {asked} payloads, the ledger says {written} were written whole."
            objections.append(Objection(LEDGER, words))
    return conclude(
        seen,
        witnesses,
        objections=objections,
        as_claimed=as_answered(seen, answer),
        why=f"{right} ({claimed(seen, answer)}). {details(seen)}".strip(),
        statements=[Statement(PAGES, f"{right}."), Statement(LEDGER, ledger)],
        answer=answer,
    )


def written_whole(seen: Observation) -> int | None:
    """How many payloads the origin wrote completely; None if the server keeps no ledger."""
    if seen.ledger is None:
        return None
    ours = {one.stream for one in seen.ledger if isinstance(one, StreamOpened) and one.cell == seen.cell.name}
    return sum(one.sent for one in seen.ledger if isinstance(one, StreamClosed) and one.stream in ours)


def details(seen: Observation) -> str:
    """What the page received instead of each payload that differs, and how many random bytes survived."""
    wrong = [f"{one.name}: {one.note}" for one in seen.payloads if not one.right]
    damaged = [
        f"of {one.content_bytes} bytes sent as {one.name}, {survived(one)} survived, for {one.sent_bytes} on the wire"
        for one in seen.payloads
        if one.content_bytes is not None
    ]
    told = "; ".join([*wrong, *damaged])
    return f"{sentence(told)}." if told else ""


def survived(one: PayloadSeen) -> str:
    """How many bytes survived, in words; `not all` if damaged bytes can't be counted."""
    return "not all" if one.survived_bytes is None else str(one.survived_bytes)
