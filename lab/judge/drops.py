"""Drops: every stream was dropped. Which clients reconnected, when, and what was lost?"""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Iterable, Sequence

import msgspec

from lab.judge.witnesses import (
    LEDGER,
    PAGES,
    Objection,
    Witnesses,
    as_answered,
    by_last_update,
    conclude,
    nothing_recorded,
)
from lab.judge.words import claimed, numbers
from lab.model.drops import ClientAfterDrop, DropSeen
from lab.model.observation import Observation
from lab.model.protocols import PROTOCOLS
from lab.model.verdict import Doubt, Kind, Statement, Verdict
from lab.text import counted, listed, sentence

BACK, HONOURED, GONE = "all came back, nothing lost", "retry honoured", "gone for good"
DID = {"end": "ended every stream", "reset": "reset every connection", "shut": "was away for two seconds"}
"""What the origin did, by `DropSeen.how`."""

MOST_OF_RETRY = 1.5
"""`retry` counts as honoured up to this many times its value, plus the slowest opening."""

FLOORS_MS = ((2000.0, 500), (0.0, 100))
"""Waits are rounded down, to half seconds from two seconds and else to tenths: each is the browser's delay plus the time of an
opening, and on a busy machine that may be more than a tenth."""


def verdict(seen: Observation, witnesses: Witnesses) -> Verdict:
    """Judge a drops cell: its answer, in words, is compared with the claim. Inconclusive without a recorded drop."""
    if not seen.drops:
        return nothing_recorded(seen, "`drop`")
    if seen.cell.case and witnesses.server is None:
        why = "Without the server's ledger it is not known when the clients sent new requests."
        return Verdict(kind=Kind.INCONCLUSIVE, doubt=Doubt.PRECONDITION, why=why)
    # The question is not which clients wait, so the browser's log and the releases are left out.
    witnesses = by_last_update(msgspec.structs.replace(witnesses, log=None, releases=()), seen.drops[-1].ended)
    answer = answer_of(seen)
    return conclude(
        seen,
        witnesses,
        objections=objections(seen, witnesses),
        as_claimed=as_answered(seen, answer),
        why=f"{sentence(answer)} ({claimed(seen, answer)}). {back_in_words(seen.drops)}".strip(),
        statements=statements(seen, witnesses),
        answer=answer,
    )


def answer_of(seen: Observation) -> str:
    """The answer, in the words that claims compare with. With a case: what its last drop shows; else whether all clients came
    back and nothing was lost."""
    if not seen.cell.case:
        return "; ".join(filter(None, (problems(drop, seen) for drop in seen.drops))) or BACK
    last = seen.drops[-1]
    if last.status:
        again = [one.tab for one in last.clients if one.asks > 1 or (one.asks and not one.failed)]
        if not any(one.asks for one in last.clients):
            return "none asked"
        return f"{len(again)} of {len(last.clients)} came again" if again else GONE
    waits = waited_ms(last.clients)
    if not waits:
        return "none came back"
    away = sum(one.live_ms is None for one in last.clients)
    if away:
        return f"{away} of {len(last.clients)} did not come back"
    if last.retry is not None and honoured(last.retry, waits, seen):
        return HONOURED
    wait = statistics.median(waits)
    floor = next(floor for least, floor in FLOORS_MS if wait >= least)
    return f"after {wait // floor * floor / 1000:.1f} s"


def honoured(retry_ms: int, waits: Iterable[float], seen: Observation) -> bool:
    """Whether every client waited as long as `retry` says, and not much longer."""
    opening_ms = max((client.opening_ms for client in seen.clients if client.opening_ms is not None), default=0.0)
    most_ms = MOST_OF_RETRY * retry_ms + opening_ms
    return all(retry_ms <= wait <= most_ms for wait in waits)


def problems(drop: DropSeen, seen: Observation) -> str:
    """What went wrong after a drop; empty if nothing did. Updates missed by a client that did not come back are not counted as
    lost."""
    away = [one.tab for one in drop.clients if one.live_ms is None]
    lost = sum(one.missed for one in drop.clients if one.live_ms is not None)
    again = sum(one.repeated for one in drop.clients)
    wrong = [one.tab for one in drop.clients if not resumed(one, seen)]
    parts = [f"{numbers(away)} did not come back"] if away else []
    parts += [f"{counted(lost, 'update')} lost"] if lost else []
    parts += [f"{again} repeated"] if again else []
    parts += [f"Last-Event-ID of {numbers(wrong)} was not the last one seen"] if wrong else []
    return f"after it {what(drop)}: {', '.join(parts)}" if parts else ""


def resumed(one: ClientAfterDrop, seen: Observation) -> bool:
    """Whether the client sent the number of its last update as Last-Event-ID. Only server-sent events must (HTML standard,
    section 9.2.4)."""
    return seen.cell.transport != "sse" or one.asked_ms is None or one.last_event_id == str(one.had)


def objections(seen: Observation, witnesses: Witnesses) -> list[Objection]:
    """The points on which pages and ledger disagree."""
    server, found = witnesses.server, []
    if server is None or witnesses.pages is None:
        return []
    if witnesses.pages.live != server.live:
        found.append(
            f"The pages say that {numbers(witnesses.pages.live)} have the last update, the ledger says that "
            f"{numbers(server.live)} were sent it."
        )
    for drop in seen.drops:
        unasked = [one.tab for one in drop.clients if one.live_ms is not None and one.asked_ms is None]
        if unasked:
            found.append(f"The pages of {numbers(unasked)} went on, and the ledger has no request of theirs.")
    return [Objection(LEDGER, words) for words in found]


def back_in_words(drops: Sequence[DropSeen]) -> str:
    """How soon the clients were live again, in words; empty if they were refused."""
    gaps = [(what(drop), back_after_ms(drop)) for drop in drops if not drop.status]
    words = ", ".join(f"{statistics.median(ms):.0f} ms when it {done}" for done, ms in gaps if ms)
    return f"Live again after {words}." if words else ""


def statements(seen: Observation, witnesses: Witnesses) -> list[Statement]:
    """What the pages and the ledger say of the last update, and one statement for each drop."""
    pages, server = witnesses.pages, witnesses.server
    words = [Statement(PAGES, "Unavailable: no page reported.")]
    if pages is not None:
        live = f"{len(pages.live)} of {witnesses.opened} had the last update when the feed fell silent."
        words = [Statement(PAGES, live, len(pages.live))]
    if server is None:
        words.append(Statement(LEDGER, "Unavailable: the server keeps no ledger."))
    else:
        words.append(Statement(LEDGER, f"{len(server.live)} {server.had}.", len(server.live)))
    return [*words, *(Statement(drop.how, drop_in_words(drop, seen)) for drop in seen.drops)]


def drop_in_words(drop: DropSeen, seen: Observation) -> str:
    """One drop in words: what the origin did, and how the clients reconnected."""
    words, clients = f"When the origin {what(drop)}", drop.clients
    if drop.status:
        asked, failed = sum(one.asks for one in clients), sum(one.failed is not None for one in clients)
        return (
            f"{words} and answered with status {drop.status} from then on, {counted(asked, 'request')} came from "
            f"{counted(len(clients), 'client')}; {failed} gave up, and the lab waited {drop.watched_ms / 1000:.1f} s for more."
        )
    gaps, waits = back_after_ms(drop), waited_ms(clients)
    words += f", {len(gaps)} of {len(clients)} were live again"
    words += f" after {statistics.median(gaps):.0f} ms ({min(gaps):.0f} to {max(gaps):.0f})" if gaps else ""
    words += f"; they sent a new request {statistics.median(waits):.0f} ms after their streams had ended" if waits else ""
    lost, again = sum(one.missed for one in clients), sum(one.repeated for one in clients)
    words += f"; {counted(lost, 'update')} lost, {again} repeated"
    versions = {f"HTTP/{one.http}" for one in clients if one.http} - {PROTOCOLS[seen.cell.protocol].family}
    words += f"; they came over {listed(sorted(versions))} instead" if versions else ""
    kinds: Counter[str] = sum((Counter(one.kinds) for one in clients), Counter())
    words += "; named events delivered: " + ", ".join(f"{count} {kind}" for kind, count in kinds.items()) if kinds else ""
    ids = sum(one.last_event_id is not None for one in clients)
    return words + (f"; Last-Event-ID sent by {ids}." if ids else ".")


def what(drop: DropSeen) -> str:
    """What the origin did in a drop, as a verb phrase: `ended every stream`."""
    return DID.get(drop.how, f"dropped the streams ({drop.how})")


def back_after_ms(drop: DropSeen) -> list[float]:
    """From the drop to the first update after it, in ms, of each client that came back."""
    return [one.live_ms - drop.dropped_ms for one in drop.clients if one.live_ms is not None]


def waited_ms(clients: Iterable[ClientAfterDrop]) -> list[float]:
    """From the end of the stream to the next request, in ms, of each client that had a stream and sent a new request."""
    return [one.asked_ms - one.closed_ms for one in clients if one.asked_ms is not None and one.closed_ms is not None]
