"""By how much a page's clock differs from the origin's. Both are asked, again and again, until it is known to 1 ms or so.

The driver reads the same monotonic clock as the origin (lab.model.ledger.now_ms). A page's `performance.now()` has a zero of
its own: each question to it, between two looks at our clock, bounds where that zero is; the narrowest bounds of all are kept
(Cristian, "Probabilistic clock synchronization", 1989).
"""

from __future__ import annotations

import msgspec

from lab.measure.page_script import PageScript
from lab.model.ledger import now_ms

QUESTIONS = 8


class Offset(msgspec.Struct, frozen=True):
    """What to add to a page's clock to have the origin's, in ms, and by how much that may be wrong."""

    ms: float
    within_ms: float


async def offset(page: PageScript) -> Offset:
    """The offset of a page's clock, just now."""
    bounds = []
    for _ in range(QUESTIONS):
        before = now_ms()
        page_ms = await page.clock()
        bounds.append((before - page_ms, now_ms() - page_ms))
    low, high = max(low for low, _ in bounds), min(high for _, high in bounds)
    return Offset((low + high) / 2, abs(high - low) / 2)  # Where the page's clock is a coarse one, the bounds may cross.


def between(before: Offset, after: Offset) -> Offset:
    """One offset of two, one from before a measurement and one from after it: where they differ, the clocks have drifted."""
    middle = (before.ms + after.ms) / 2
    return Offset(middle, max(before.within_ms, after.within_ms) + abs(after.ms - before.ms) / 2)
