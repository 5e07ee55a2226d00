"""The difference between a page's clock and the origin's, known to about 1 ms.

The driver reads the same monotonic clock as the origin (lab.model.ledger.now_ms). A page's `performance.now()` has another
zero. The driver asks the page for its time several times, and reads its own clock before and after each answer: this bounds the
difference. The narrowest bounds are kept (Cristian, "Probabilistic clock synchronization", 1989).
"""

from __future__ import annotations

import msgspec

from lab.measure.page_script import PageScript
from lab.model.ledger import now_ms

READINGS = 5


class Offset(msgspec.Struct, frozen=True):
    """`ms` added to a page's clock is the origin's clock; it may be wrong by `within_ms`."""

    ms: float
    within_ms: float


async def offset(page: PageScript) -> Offset:
    """The present offset of a page's clock."""
    bounds = []
    for _ in range(READINGS):
        before = now_ms()
        page_ms = await page.clock()
        bounds.append((before - page_ms, now_ms() - page_ms))
    low, high = max(low for low, _ in bounds), min(high for _, high in bounds)
    return Offset((low + high) / 2, abs(high - low) / 2)  # With a coarse clock in the page the bounds may cross.


def between(before: Offset, after: Offset) -> Offset:
    """One offset from two, measured before and after something else. If they differ, the clocks have drifted, and `within_ms`
    grows."""
    middle = (before.ms + after.ms) / 2
    return Offset(middle, max(before.within_ms, after.within_ms) + abs(after.ms - before.ms) / 2)
