"""What the origin has delivered to whom in the cell that runs, and how late it was itself: one event of the ledger."""

from __future__ import annotations

from collections import Counter

from lab.model.ledger import Counters, now_ms
from lab.origin.counted_stream import Wire

PER_MS = 10  # Lateness is kept in tenths of a millisecond, so that any number of updates takes the same room.
MOST_MS = 60_000.0


class Meter:
    """One cell's deliveries. The lateness is that of the updates since it was last read anew."""

    def __init__(self) -> None:
        self.wire = Wire()
        self._cell = ""
        self._reached: dict[int, int] = {}
        self._delivered: Counter[int] = Counter()
        self._late: Counter[int] = Counter()

    def begin(self, cell: str) -> None:
        self._cell = cell
        self._reached, self._delivered, self._late = {}, Counter(), Counter()

    def delivered(self, cell: str, tab: int, seq: int, late_ms: float) -> None:
        if cell == self._cell:
            self._reached[tab] = max(seq, self._reached.get(tab, 0))
            self._delivered[tab] += 1
            self._late[round(min(max(late_ms, 0.0), MOST_MS) * PER_MS)] += 1

    def read(self, last: int, anew: bool = False) -> Counters:
        """The counters now. `anew`: lateness is counted from here on; who was late before is no matter of what follows."""
        late = self._late
        if anew:
            self._late = Counter()
        return Counters(
            at_ms=now_ms(),
            cell=self._cell,
            last=last,
            reached=dict(sorted(self._reached.items())),
            delivered=dict(sorted(self._delivered.items())),
            late_ms=percentile(late, 99),
            latest_ms=max(late, default=0) / PER_MS,
            received_bytes=self.wire.received,
            sent_bytes=self.wire.sent,
        )


def percentile(late: Counter[int], percent: float) -> float:
    """The least lateness, in ms, that so many percent of the updates did not exceed."""
    wanted, seen = late.total() * percent / 100, 0
    for tenths, count in sorted(late.items()):
        seen += count
        if seen >= wanted:
            return tenths / PER_MS
    return 0.0
