"""One settled observation before the judge: the counts of each witness, and where they disagree."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from lab.judge.words import joined, log_in_words, nouns, numbers, order_in_words, release_in_words, sentence
from lab.model.browsers import HeldRequest
from lab.model.connections import Connection, control_connections, live_connections, live_streams, peak, peak_streams
from lab.model.observation import Observation
from lab.model.protocols import PROTOCOLS
from lab.model.verdict import Kind, Limit, Statement, Verdict


class Bench:
    """How many of those that were opened are live, and what holds the rest back."""

    HAD = "had a stream open"

    def __init__(self, seen: Observation, rows: Sequence[Connection], settled_ms: float) -> None:
        self.seen = seen
        self.rows = rows
        self.asked = len(seen.tabs)
        self.everyone = {tab.tab for tab in seen.tabs}
        self.pages = {tab.tab for tab in seen.tabs if tab.live}
        self.failed = {tab.tab for tab in seen.tabs if tab.failed and not tab.live}
        self.streams_open = live_streams(rows, settled_ms)
        self.streams = self.in_ledger()
        self.held = held_by_browser(seen)
        self.live = len(self.pages)
        self.standing = self.of_the_lab(settled_ms)
        self.waiting = self.asked - self.live
        self.documents = sum(tab.document for tab in seen.tabs)
        self.open = [row for row in live_connections(rows, settled_ms) if row.streams or row.documents]
        self.peak = peak(rows, settled_ms)
        self.max_streams = peak_streams(rows, settled_ms)

    def verdict(self) -> Verdict:
        dispute = self.dispute()
        kind = Kind.DISPUTED if dispute else Kind.CONFIRMED if self.as_claimed() else Kind.REFUTED
        return Verdict(
            kind=kind,
            why=dispute or f"{self.against_claim()} {self.held_back()}".strip(),
            live=self.live,
            documents=self.documents,
            connections=len(self.open),
            max_streams=self.max_streams,
            cause=self.cause(),
            answer=self.answer(),
            witnesses=tuple(self.statements()),
        )

    def answer(self) -> str | None:
        return None

    def in_ledger(self) -> set[int]:
        """Who is live, by the ledger."""
        return {stream.tab for stream in self.streams_open}

    def held_otherwise(self, waiting: Collection[int]) -> bool:
        """Whether the browser says that it holds back others than those who wait."""
        return set(self.held or ()) != waiting

    def of_the_lab(self, at_ms: float) -> int:
        """The lab's own connections, where they count: in a limit in total its control tab has a part."""
        return control_connections(self.seen.ledger, at_ms) if self.seen.cell.opened == "hosts" else 0

    def as_claimed(self) -> bool:
        return self.live + (self.standing if self.waiting else 0) == self.expected

    @property
    def limit(self) -> int | None:
        """What the claim comes to here: over HTTP/2 nobody may have more than the origin allows (RFC 9113 section 5.1.2)."""
        limits = [self.seen.claim.limit]
        if PROTOCOLS[self.seen.cell.protocol].multiplexed and self.seen.cell.opened != "hosts":
            limits.append(self.seen.streams_per_connection)
        return min((one for one in limits if one is not None), default=None)

    @property
    def expected(self) -> int:
        """A claim speaks of a limit; fewer than that must all be live."""
        return self.asked if self.limit is None else min(self.limit, self.asked)

    def dispute(self) -> str:
        """Where the witnesses disagree, or nothing."""
        if self.pages != self.streams:
            return (
                f"The pages say {self.live} are live, the ledger says {len(self.streams)}: only the page says so of "
                f"{numbers(self.pages - self.streams)}, only the ledger of {numbers(self.streams - self.pages)}."
            )
        waiting = self.everyone - self.pages - self.failed
        if self.held is not None and self.held_otherwise(waiting):
            return (
                f"The pages say that {numbers(waiting)} wait, the browser's own network log says that it holds back "
                f"{numbers(set(self.held))}."
            )
        if not self.waiting:
            return ""
        if self.failed and self.seen.cell.transport != "websocket":
            return f"{len(self.failed)} failed instead of waiting: {self.why_failed()}."
        if self.held and not {self.inferred_cause(), None} & set(self.held.values()):
            return f"The counts point to {self.inferred_cause()}, the browser's own network log to {joined(self.reasons())}."
        return self.unproven()

    def unproven(self) -> str:
        """Why the releases prove nothing, or nothing when they do.

        A limit in total may be soft: Chromium lets chance decide above its own number (kTcpSocketPoolLimitRandomization in
        net/base/features.cc), so after a release none may come, or many; Firefox was seen to let many in at once. There its own
        log's word for each of them must do, or that any came.
        """
        if self.inferred_cause() is Limit.SOCKETS and (self.held or any(one.arrived for one in self.seen.releases)):
            return ""
        if not self.seen.releases:
            why = "no waiting one could be tried with a freed place: what they wait for is not proven"
            return f"{self.waiting} are not live, and {why}."
        for number, release in enumerate(self.seen.releases):
            still_held = {one.tab for one in release.held} >= set(release.waiting)
            if not release.arrived and (number == 0 or not still_held):
                return f"{self.waiting} are not live, but none came when a place was freed: they wait for something else."
            if release.most > self.live:
                return (
                    f"{self.live} were live, and once a place was freed, {release.most} were: "
                    "those were not waiting for a place."
                )
        return ""

    def reasons(self) -> set[str]:
        """For what the browser says it holds requests back: our word for it, or its own where it names no limit of ours."""
        log = self.seen.browser_log
        return {cause_of(one, self.seen) or one.waits_for for one in log.held} if log else set()

    def cause(self) -> Limit | None:
        if not self.waiting:
            return Limit.NONE
        return None if self.dispute() else self.inferred_cause()

    def inferred_cause(self) -> Limit:
        """What the counts alone point to: the browser's log, where there is one, must say the same."""
        cell = self.seen.cell
        if cell.transport == "websocket" and (self.failed or not PROTOCOLS[cell.protocol].multiplexed):
            return Limit.WEBSOCKETS
        if cell.opened == "hosts":
            return Limit.SOCKETS
        if not PROTOCOLS[cell.protocol].multiplexed:
            return Limit.CONNECTIONS
        if self.seen.streams_per_connection is not None and self.max_streams >= self.seen.streams_per_connection:
            return Limit.ORIGIN_STREAMS
        return Limit.BROWSER_STREAMS

    def against_claim(self) -> str:
        limit, what = self.limit, nouns(self.seen.cell)
        if not self.as_claimed():
            return f"The claim is {limit} live at once; {self.live} of {self.asked} {what} were{self.with_the_lab()}."
        if limit is not None and limit < self.asked:
            return f"{self.live} of {self.asked} {what} were live{self.with_the_lab()}, as claimed."
        beyond = f" The claimed limit of {limit} was not reached with {self.asked}." if limit and limit > self.asked else ""
        return f"All {self.asked} {what} were live.{beyond}"

    def with_the_lab(self) -> str:
        return f", and {self.standing} connection of the lab's own" if self.standing else ""

    def held_back(self) -> str:
        if not self.waiting:
            return f"No wall up to {self.asked}."
        if not self.seen.releases:
            return ""
        refused = "had failed at once" if self.failed else "were waiting"
        return f"The other {self.waiting} {refused}: {release_in_words(self.seen.releases[0])}"

    def statements(self) -> list[Statement]:
        asked = self.asked
        blank = asked - self.documents
        pages = f"{self.live} of {asked} received updates when asked; {self.documents} documents had loaded"
        pages += f", {blank} navigations were still waiting." if blank else "."
        pages += f" {len(self.failed)} had failed: {self.why_failed()}." if self.failed else ""
        streams = f"{len(self.streams)} {self.HAD}, on {len(self.open)} connections (at most {self.peak} at once)"
        streams += f"; no connection carried more than {self.max_streams}."
        words = [Statement("pages", pages, self.live), Statement("ledger", streams, len(self.streams))]
        if self.waiting:
            words.append(Statement("control", self.control_in_words()))
        log = self.seen.browser_log
        if log is not None:
            held = self.held or {}
            count = None if self.held is None else asked - len(held) - len(self.failed)
            words.append(Statement("network log", log_in_words(log, self.reasons(), len(held)), count))
        if self.seen.releases:
            told = " ".join(sentence(release_in_words(one)) for one in self.seen.releases)
            words.append(Statement("release", told + order_in_words(self.seen.releases)))
        return words

    def why_failed(self) -> str:
        return " and ".join(sorted({tab.failed for tab in self.seen.tabs if tab.failed and not tab.live})[:3])

    def control_in_words(self) -> str:
        quiet = f"{self.seen.quiet_ms:.0f} ms" if self.seen.quiet_ms is not None else "a while"
        count = self.seen.controls
        tabs = f"{count} tab{'' if count == 1 else 's'}"
        opened = "opened through another door and went live"
        if self.seen.cell.opened == "hosts":  # Every socket is at stake: see lab.stillness.Control.
            opened = "opened, one before and the others blank, and a stream that was open already went on"
        return (
            f"In the same browser, {tabs} {opened}. The waiting ones stood still for at least {quiet}: "
            "twice the usual opening, and no less than the slowest."
        )


def held_by_browser(seen: Observation) -> dict[int, Limit | None] | None:
    """The clients whose requests the browser says it holds back, and for what; None when its log is not there to ask."""
    log = seen.browser_log
    if log is None or log.missing is not None:
        return None
    known = {tab.tab for tab in seen.tabs}
    return {one.tab: cause_of(one, seen) for one in log.held if one.tab is not None and one.tab in known}


def cause_of(held: HeldRequest, seen: Observation) -> Limit | None:
    """A limit on streams is the origin's own setting when the browser names the same number; None when it names none."""
    if held.limit is not None:
        return Limit.ORIGIN_STREAMS if held.limit == seen.streams_per_connection else Limit.BROWSER_STREAMS
    if held.waits_for in (Limit.CONNECTIONS, Limit.SOCKETS) and seen.cell.transport == "websocket":
        return Limit.WEBSOCKETS
    return Limit(held.waits_for) if held.waits_for in list(Limit) else None
