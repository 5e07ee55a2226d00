"""Waiting without guessing: has something moved, and if nothing has, were browser and origin well all the while?

No verdict rests on a fixed sleep. What has to stand still is compared with what goes on beside it: whole openings of a tab
through the control door, in the same browser, at the same time. A machine that is slow is slow for both.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import statistics
from collections.abc import Callable

from lab.browser import Tab
from lab.errors import HarnessFaultError
from lab.measure.activity import Watch
from lab.measure.control_tab import Control
from lab.model.ledger import now_ms
from lab.tasks import wait_first

log = logging.getLogger(__name__)

QUIET_OPENINGS = 2
"""Nothing may have moved for as long as this many usual openings take, and no shorter than the slowest one seen."""

ANSWER_S, OPENING_S = 8.0, 12.0
"""Guards against what never answers (a script without end, a process that was stopped), not measures of anything."""

BLANK_TABS, ENOUGH = 10, 3
"""The first tabs, up to the third, are given the time that making ten blank ones would take."""


class Settling:
    """Decides that nothing moves any more, by the openings seen so far, the control tab's among them.

    While there are fewer than `ENOUGH` of them, a guess is one of them: `BLANK_TABS` times what making a blank tab took.
    """

    def __init__(self, watch: Watch, control: Control) -> None:
        self.watch = watch
        self.control = control
        self._pages: list[Tab] = []
        self._blank_ms = 0.0
        self._openings_ms: list[float] = []
        self._settled = False

    @property
    def quiet_ms(self) -> float:
        guess = [BLANK_TABS * self._blank_ms] if len(self._openings_ms) < ENOUGH else []
        seen = self._openings_ms + guess
        return max(QUIET_OPENINGS * statistics.median(seen), *seen)

    def attend(self, page: Tab) -> None:
        """From now on this page, which has loaded, is one of those that must be well."""
        self._pages.append(page)

    def leave(self, page: Tab) -> None:
        self._pages.remove(page)

    async def caught_up(self) -> None:
        """Return when every loaded page has handled what came to it before. One whose process is given no time by the machine
        looks, to origin and browser, as if it waited."""
        answers = [asyncio.create_task(page.ask("lab.caughtUp()")) for page in self._pages]
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
            raise HarnessFaultError(
                f"{len(silent)} of {len(answers)} pages did not answer for {ANSWER_S:.0f} s, though they had loaded",
                "a script in them does not end, or their process stands still: run the cell again with --headed and watch",
            )

    def made_blank_in(self, blank_ms: float) -> None:
        self._blank_ms = max(self._blank_ms, blank_ms)

    def opened_in(self, opening_ms: float) -> None:
        """A client of the cell has opened. Who does so after the verdict had been waiting: that is not how long it takes."""
        if not self._settled:
            self._openings_ms.append(opening_ms)

    def settle(self) -> None:
        self._settled = True

    async def quietly(self, done: Callable[[], bool], since_ms: float = 0) -> bool:
        """Wait for `done()` until nothing has moved for the quiet time, after `since_ms`; whether it holds."""
        while not done():
            rest = max(self.watch.moved_ms, since_ms) + self.quiet_ms - now_ms()
            if rest <= 0:
                break
            await self._within(rest, done)
        return done()

    async def until(self, done: Callable[[], bool]) -> bool:
        """True as soon as `done()` holds; False when it does not, and a whole control opening, an answer of every loaded page
        and the quiet time have gone by without a move."""
        while not done():
            moves = self.watch.moves
            opening_ms = await self._control_opening(done)
            if opening_ms is not None:
                self._openings_ms.append(opening_ms)
                await self.caught_up()  # What it then sends to the origin moves within the quiet time.
            if not await self.quietly(done, now_ms()) and self.watch.moves == moves:
                log.debug("nothing has moved for %d ms, through %d control openings", self.quiet_ms, self.control.openings)
                return False
        return True

    async def _control_opening(self, done: Callable[[], bool]) -> float | None:
        """How long a control opening took, in ms; None when `done()` held before its end. One that does not end, while nothing
        else moves either, is a fault."""
        opening, began_ms = self.control.begin(), now_ms()
        while not done() and not opening.done():
            rest_s = OPENING_S - (now_ms() - max(began_ms, self.watch.moved_ms)) / 1000
            if rest_s <= 0:
                raise HarnessFaultError(
                    f"the control tab, which nothing should hold back, was not live after {OPENING_S:.0f} s",
                    "browser or origin stands still: see origin.log beside the report, and run the cell again with --headed",
                )
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(rest_s):
                    await wait_first(opening, self.watch.next_move.wait())
        return opening.result() if opening.done() else None

    async def _within(self, ms: float, done: Callable[[], bool]) -> bool:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(ms / 1000):
                while not done():
                    await self.watch.next_move.wait()
        return done()
