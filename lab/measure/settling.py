"""Settling: waiting until nothing moves any more, without a guess about how long that takes.

Rules.
1. No verdict rests on a fixed sleep or a timeout.
2. Waiting clients are compared with something that works at the same time in the same browser: openings of the control tab. If
   the machine is slow, both are slow.

What it may not know: how many clients should be live, which protocol is measured, what the claim is.

How it works. The *quiet time* is twice the median opening time seen so far, and at least the longest one. A client is held back
when, since the last move, (1) every loaded page has answered, (2) the control tab has then been opened once from begin to end,
and (3) the quiet time has passed. In this order, because whatever a page sent before it answered has reached the origin before
the control tab's requests. Until three openings have been seen, an estimate is added to them: ten times the time that a blank
tab took.

What is still ugly: the watchdogs below (8 s, 12 s) are constants. They measure nothing, but on a machine slower than them the
cell fails.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import statistics
from collections.abc import Callable

from lab.errors import NoAnswerError
from lab.measure.activity import Activity
from lab.measure.control_tab import ControlTab
from lab.measure.page_script import PageScript
from lab.model.ledger import now_ms
from lab.tasks import wait_first

log = logging.getLogger(__name__)

QUIET_OPENINGS = 2
"""The quiet time is this many median openings, and at least the longest one."""

LATE = 0.75
"""An opening is late after this part of the quiet time: half as long again as the median opening."""

ANSWER_S, OPENING_S = 8.0, 12.0
"""Watchdogs, in seconds, for a page that never answers (an endless script, a stopped process) and a control tab that never
opens."""

BLANK_TABS, ENOUGH = 10, 3
"""Until ENOUGH openings have been seen, one opening is estimated as BLANK_TABS times the time that a blank tab took."""

LIVE_UPDATES = 3
"""A live client receives an update before the control tab has received this many."""


class Settling:
    """Decides when nothing moves any more, from the opening times of clients and of the control tab."""

    def __init__(self, activity: Activity, control: ControlTab) -> None:
        self.activity = activity
        self.control = control
        self._pages: list[PageScript] = []
        self._blank_ms = 0.0
        self._openings_ms: list[float] = []
        self._settled = False

    @property
    def quiet_ms(self) -> float:
        """The quiet time, in ms."""
        guess = [BLANK_TABS * self._blank_ms] if len(self._openings_ms) < ENOUGH else []
        seen = self._openings_ms + guess
        return max(QUIET_OPENINGS * statistics.median(seen), *seen)

    def attend(self, page: PageScript) -> None:
        """The page has loaded: from now on `pages_responsive` waits for its answer too."""
        self._pages.append(page)

    def leave(self, page: PageScript) -> None:
        """The page is being closed, and need not answer any more. A page that has not loaded yet is ignored."""
        self._pages = [one for one in self._pages if one is not page]

    async def pages_responsive(self) -> None:
        """Return when every loaded page has handled the events that reached it before. A page whose process gets no CPU time
        would look like a waiting one. Raises NoAnswerError if a page does not answer in ANSWER_S."""
        answers = [asyncio.create_task(page.caught_up()) for page in self._pages]
        if not answers:
            return
        try:
            answered, silent = await asyncio.wait(answers, timeout=ANSWER_S, return_when=asyncio.FIRST_EXCEPTION)
        finally:
            for one in answers:
                one.cancel()
        for one in answered:
            one.result()
        if silent:
            raise NoAnswerError(
                f"{len(silent)} of {len(answers)} pages did not answer for {ANSWER_S:.0f} s, though they had loaded",
                "a script in them does not end, or their process hangs: run the cell again with --headed and watch",
            )

    def made_blank_in(self, blank_ms: float) -> None:
        """Record how long it took to make a blank tab (ms)."""
        self._blank_ms = max(self._blank_ms, blank_ms)

    def opened_in(self, opening_ms: float) -> None:
        """Record an opening time. Openings after the verdict are ignored: they include the time spent waiting."""
        if not self._settled:
            self._openings_ms.append(opening_ms)

    def settle(self) -> None:
        """This is the moment of the verdict: clients that open later do so after waiting."""
        self._settled = True

    async def quietly(self, done: Callable[[], bool] = lambda: False) -> bool:
        """Wait until `done()` is true, or nothing has moved for the quiet time. Returns `done()`."""
        while not done():
            rest = self.activity.moved_ms + self.quiet_ms - now_ms()
            if rest <= 0:
                break
            await self._within(rest, done)
        return done()

    async def until(self, done: Callable[[], bool]) -> bool:
        """Wait until `done()` is true: returns True. Returns False if nothing has moved during an answer of every loaded page,
        a control opening after it, and the quiet time. Raises NoAnswerError if a page does not answer or the control tab
        does not open.

        The control opening begins only when an opening is late: beside one it would slow that one down."""
        while not done():
            moves = self.activity.moves
            if await self._within(self.quiet_ms * LATE, done):
                break
            await self.pages_responsive()
            opening_ms = await self._control_opening(done)
            if opening_ms is not None:
                self._openings_ms.append(opening_ms)
            if not await self.quietly(done) and self.activity.moves == moves:
                log.debug("nothing has moved for %d ms, through %d control openings", self.quiet_ms, self.control.openings)
                return False
        return True

    async def patience(self, interval_ms: float | None) -> None:
        """Return when a live client that polls every `interval_ms` (None: it does not poll) would have received an update. The
        updates of the control tab are the clock; the tab is used only after the quiet time and one interval have passed."""
        await asyncio.sleep((self.quiet_ms + (interval_ms or 0)) / 1000)
        for _ in range(LIVE_UPDATES):
            await self.control.update()
        await self.pages_responsive()

    async def _control_opening(self, done: Callable[[], bool]) -> float | None:
        """How long one control opening took, in ms; None if `done()` was true before its end. Raises NoAnswerError if it
        has not ended OPENING_S after the last move."""
        opening, began_ms = self.control.begin(), now_ms()
        while not done() and not opening.done():
            rest_s = OPENING_S - (now_ms() - max(began_ms, self.activity.moved_ms)) / 1000
            if rest_s <= 0:
                raise NoAnswerError(
                    f"the control tab, which no limit should hold back, was not live after {OPENING_S:.0f} s",
                    "browser or origin hangs: see origin.log beside the report, and run the cell again with --headed",
                )
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(rest_s):
                    await wait_first(opening, self.activity.next_move.wait())
        return opening.result() if opening.done() else None

    async def _within(self, ms: float, done: Callable[[], bool]) -> bool:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(ms / 1000):
                while not done():
                    await self.activity.next_move.wait()
        return done()
