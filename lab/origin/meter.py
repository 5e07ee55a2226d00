"""The meter: what the origin delivered to each client of the running cell, and its own delay. Both become one event of the
ledger.

*Delay* is the origin's own: from the moment an update was due, or a client without it connected, to the moment it was written.
It is not *latency*, which is measured in the page.
"""

from __future__ import annotations

from collections import Counter

from lab.model.ledger import Counters, now_ms
from lab.origin.doors import Traffic

PER_MS = 10
"""Delays are counted by tenths of a millisecond, so that memory does not grow with the number of updates."""

MAX_DELAY_MS = 60_000.0
"""Longer delays count as this."""


class Meter:
    """Counts the deliveries of one cell. Delays are counted since the last `read(anew=True)`."""

    def __init__(self) -> None:
        self._cell = ""
        self._reached: dict[int, int] = {}
        self._delivered: Counter[int] = Counter()
        self._delays: Counter[int] = Counter()

    def begin(self, cell: str) -> None:
        """Reset all counts, and count for this cell from now on."""
        self._cell = cell
        self._reached, self._delivered, self._delays = {}, Counter(), Counter()

    def delivered(self, cell: str, tab: int, seq: int, delay_ms: float) -> None:
        """Count an update that was written to a client, `delay_ms` late. Clients of other cells are ignored."""
        if cell == self._cell:
            self._reached[tab] = max(seq, self._reached.get(tab, 0))
            self._delivered[tab] += 1
            self._delays[round(min(max(delay_ms, 0.0), MAX_DELAY_MS) * PER_MS)] += 1

    def read(self, last: int, traffic: Traffic, anew: bool = False) -> Counters:
        """The counters now. `last` is the newest update's number. `anew`: reset the delays after this reading."""
        delays = self._delays
        if anew:
            self._delays = Counter()
        return Counters(
            at_ms=now_ms(),
            cell=self._cell,
            last=last,
            reached=dict(sorted(self._reached.items())),
            delivered=dict(sorted(self._delivered.items())),
            delay_ms=percentile(delays, 99),
            received_bytes=traffic.received,
            sent_bytes=traffic.sent,
        )


def percentile(delays: Counter[int], percent: float) -> float:
    """The smallest delay, in ms, that this percentage of the updates did not exceed; 0 where there were none."""
    wanted, seen = delays.total() * percent / 100, 0
    for tenths, count in sorted(delays.items()):
        seen += count
        if seen >= wanted:
            return tenths / PER_MS
    return 0.0
