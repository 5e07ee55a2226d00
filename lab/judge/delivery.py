"""A way to send updates before the judge: who was live at the end of the listening, and what it cost to keep them so."""

from __future__ import annotations

from collections.abc import Collection

from lab.judge.figures import Cost, Way, way
from lab.judge.limits import Bench
from lab.judge.words import numbers
from lab.model.observation import Observation
from lab.model.verdict import Statement

LATE_MS = 20.0
"""The origin's own lateness at the 99th percentile: beyond it, what is measured is the instrument."""


def late_in_words(seen: Observation) -> str:
    """The instrument's fault when the origin itself was late, or nothing."""
    late_ms = seen.listened.ended.late_ms if seen.listened else 0.0
    if late_ms <= LATE_MS:
        return ""
    return (
        f"the origin itself was {late_ms:.1f} ms late with an update at the 99th percentile, and {LATE_MS:.0f} ms is the most "
        "that counts as a measurement; ask for fewer tabs, or run as root: then the origin goes first"
    )


class WaysBench(Bench):
    """Live is who has the last update when the feed falls silent: for those who poll there is no stream to count."""

    HAD = "had been sent the last update"

    def in_ledger(self) -> set[int]:
        assert self.seen.listened is not None
        ended = self.seen.listened.ended
        return {tab for tab, reached in ended.reached.items() if reached >= ended.last} & self.everyone

    def held_otherwise(self, waiting: Collection[int]) -> bool:
        """Who polls is live, and at any moment may be held back until its turn comes; who has a stream open is not held."""
        held, open_now = set(self.held or ()), {stream.tab for stream in self.streams_open}
        return not set(waiting) <= held <= self.everyone - open_now

    def dispute(self) -> str:
        return self.more_than_was_sent() or super().dispute()

    def more_than_was_sent(self) -> str:
        assert self.seen.listened is not None
        began, ended = self.seen.listened.began, self.seen.listened.ended
        wrong = [
            one.tab
            for one in self.seen.listened.tabs
            if one.received + one.repeated > ended.delivered.get(one.tab, 0) - began.delivered.get(one.tab, 0)
        ]
        return f"The pages of {numbers(wrong)} received more updates than the ledger says were sent to them." if wrong else ""

    def held_back(self) -> str:
        figures = way(self.seen)
        assert figures is not None
        return f"{super().held_back()} {in_words(figures)}"

    def statements(self) -> list[Statement]:
        figures = way(self.seen)
        assert figures is not None
        return [*super().statements(), Statement("updates", in_words(figures)), Statement("costs", costs_in_words(figures))]


def in_words(figures: Way) -> str:
    if not figures.latency_ms:
        return "No update came."
    p50, p95, p99, most = (figures.latency_ms[percent] for percent in (50, 95, 99, 100))
    return (
        f"Updates came {p50:.1f} ms after the origin's stamp at the median, {p95:.1f} at the 95th percentile, {p99:.1f} at the "
        f"99th and {most:.1f} at most (the clocks agree within {figures.clocks_ms:.1f} ms); of "
        f"{figures.received + figures.missed}, {figures.missed} were missed, {figures.repeated} repeated, "
        f"{figures.disordered} out of order."
    )


def cpu_in_words(cost: Cost) -> str:
    """`2.41 ± 0.30`: by so much the idle time before and the one after differ."""
    return f"{cost.cpu_s:.2f} ± {cost.cpu_within_s:.2f}" if cost.cpu_s is not None else "no"


def costs_in_words(figures: Way) -> str:
    words = f"{figures.requests_per_second:g} requests a second over HTTP/{' and '.join(figures.http) or 'nothing'}"
    if figures.sent_bytes is not None:
        words += (
            f"; on the wire {figures.sent_bytes:.0f} bytes from the origin and {figures.received_bytes:.0f} to it an update"
        )
        words += f"; for 1000 updates {cpu_in_words(figures.origin)} CPU s of the origin"
        words += f", {cpu_in_words(figures.browser)} of the browser"
    return f"{words}. The origin itself was {figures.late_ms:.1f} ms late at the 99th percentile."
