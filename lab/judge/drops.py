"""Streams that were dropped: who came back, when, and what was lost on the way."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Iterable

from lab.judge.limits import Bench
from lab.judge.words import joined, numbers
from lab.model.drops import ClientAfterDrop, DropSeen
from lab.model.protocols import PROTOCOLS
from lab.model.verdict import Limit, Statement

BACK, HONOURED, GONE = "all came back, nothing lost", "retry honoured", "gone for good"
WHAT = {"end": "ended every stream", "reset": "reset every connection", "shut": "was away for two seconds"}
MOST_OF_RETRY = 1.5
"""Beyond so much of `retry`, and the slowest opening, it was not heeded."""

FLOOR_MS = 100  # A wait is the browser's own delay and what the opening took: it is told in full tenths of a second.


class DropsBench(Bench):
    """The question is not how many are live, but what came of each drop."""

    HAD = "had been sent the last update"

    def in_ledger(self) -> set[int]:
        ended = self.seen.drops[-1].ended
        return {tab for tab, reached in ended.reached.items() if reached >= ended.last} & self.everyone

    def answer(self) -> str:
        last = self.seen.drops[-1]
        if not self.seen.cell.case:
            return "; ".join(filter(None, map(self.amiss, self.seen.drops))) or BACK
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
        if last.retry is not None and self.heeded(last.retry, waits):
            return HONOURED
        return f"after {statistics.median(waits) // FLOOR_MS * FLOOR_MS / 1000:.1f} s"

    def heeded(self, retry_ms: int, waits: Iterable[float]) -> bool:
        opening_ms = max((tab.opening_ms for tab in self.seen.tabs if tab.opening_ms is not None), default=0.0)
        most_ms = MOST_OF_RETRY * retry_ms + opening_ms
        return all(retry_ms <= wait <= most_ms for wait in waits)

    def amiss(self, drop: DropSeen) -> str:
        """What went wrong with it, or nothing."""
        away = [one.tab for one in drop.clients if one.live_ms is None]
        lost = sum(one.missed for one in drop.clients if one.live_ms is not None)
        again = sum(one.repeated for one in drop.clients)
        wrong = [one.tab for one in drop.clients if not self.resumed(one)]
        parts = [f"{numbers(away)} did not come back"] if away else []
        parts += [f"{lost} updates lost"] if lost else []
        parts += [f"{again} repeated"] if again else []
        parts += [f"Last-Event-ID of {numbers(wrong)} was not the last one seen"] if wrong else []
        return f"after it {WHAT[drop.how]}: {', '.join(parts)}" if parts else ""

    def resumed(self, one: ClientAfterDrop) -> bool:
        """Server-sent events say themselves what they had (HTML standard, section 9.2.4)."""
        return self.seen.cell.transport != "sse" or one.asked_ms is None or one.last_event_id == str(one.had)

    def as_claimed(self) -> bool:
        return self.answer() == self.seen.claim.answer

    def cause(self) -> Limit | None:
        return None

    def dispute(self) -> str:
        if self.pages != self.streams:
            return (
                f"The pages say that {numbers(self.pages)} have the last update, the ledger says that {numbers(self.streams)} "
                "were sent it."
            )
        for drop in self.seen.drops:
            unasked = [one.tab for one in drop.clients if one.live_ms is not None and one.asked_ms is None]
            if unasked:
                return f"The pages of {numbers(unasked)} went on, and the ledger has no request of theirs."
        return ""

    def against_claim(self) -> str:
        said = "as claimed" if self.as_claimed() else f"the claim is {self.seen.claim.answer}"
        answer = self.answer()
        return f"{answer[:1].upper()}{answer[1:]} ({said})."

    def held_back(self) -> str:
        gaps = [(WHAT[drop.how], back_after_ms(drop)) for drop in self.seen.drops if not drop.status]
        words = ", ".join(f"{statistics.median(ms):.0f} ms when it {what}" for what, ms in gaps if ms)
        return f"Live again after {words}." if words else ""

    def statements(self) -> list[Statement]:
        pages = f"{self.live} of {self.asked} had the last update when the feed fell silent."
        words = [Statement("pages", pages, self.live)]
        words.append(Statement("ledger", f"{len(self.streams)} {self.HAD}.", len(self.streams)))
        return [*words, *(Statement(drop.how, self.in_words(drop)) for drop in self.seen.drops)]

    def in_words(self, drop: DropSeen) -> str:
        words = f"When the origin {WHAT[drop.how]}, "
        if drop.status:
            asked, failed = sum(one.asks for one in drop.clients), sum(one.failed is not None for one in drop.clients)
            return (
                f"{words}and answered with status {drop.status} from then on, {asked} requests came of {len(drop.clients)}; "
                f"{failed} gave up, and were watched for {drop.watched_ms / 1000:.1f} s."
            )
        gaps = back_after_ms(drop)
        words += f"{len(gaps)} of {len(drop.clients)} were live again"
        words += f" after {statistics.median(gaps):.0f} ms ({min(gaps):.0f} to {max(gaps):.0f})" if gaps else ""
        waits = waited_ms(drop.clients)
        words += f", having asked {statistics.median(waits):.0f} ms after their streams had ended" if waits else ""
        lost, again = sum(one.missed for one in drop.clients), sum(one.repeated for one in drop.clients)
        words += f"; {lost} updates lost, {again} repeated"
        versions = {f"HTTP/{one.http}" for one in drop.clients if one.http} - {PROTOCOLS[self.seen.cell.protocol].family}
        words += f"; they came over {joined(versions)} instead" if versions else ""
        kinds: Counter[str] = sum((Counter(one.kinds) for one in drop.clients), Counter())
        if kinds:
            words += "; to the listeners of their names came " + ", ".join(f"{count} {kind}" for kind, count in kinds.items())
        ids = [one for one in drop.clients if one.last_event_id is not None]
        return words + (f"; Last-Event-ID sent by {len(ids)}." if ids else ".")


def back_after_ms(drop: DropSeen) -> list[float]:
    """From the drop to the first update after it, of each who came back."""
    return [one.live_ms - drop.dropped_ms for one in drop.clients if one.live_ms is not None]


def waited_ms(clients: Iterable[ClientAfterDrop]) -> list[float]:
    """From the end of the stream to the next request, of each who had one and came."""
    return [one.asked_ms - one.closed_ms for one in clients if one.asked_ms is not None and one.closed_ms is not None]
