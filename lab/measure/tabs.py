"""The verbs of one cell (lab.scenario.Tabs): opens its clients, finds out who is live, and lets the proof follow."""

from __future__ import annotations

import asyncio

from lab.browser import Browser, Profile
from lab.errors import HarnessFaultError
from lab.measure.delivery import Listening
from lab.measure.drops import Dropping
from lab.measure.openers import Addresses, Opener, opener
from lab.measure.origin import Origin
from lab.measure.page import Page, all_asked
from lab.measure.payloads import Carrying
from lab.measure.pools import SideOpener, who_asks_whom
from lab.measure.release import Proof
from lab.measure.screenshots import pictures
from lab.measure.settling import Settling
from lab.measure.spare_tabs import SpareTabs
from lab.measure.starvation import Probing
from lab.model.browsers import BrowserLog
from lab.model.cell import Cell
from lab.model.delivery import DeliverySeen
from lab.model.drops import Drop, DropSeen
from lab.model.ledger import now_ms
from lab.model.observation import ClientSeen, Release, Screenshot
from lab.model.openings import OPENINGS
from lab.model.payloads import PayloadSeen
from lab.model.pools import Case, Side, SideSeen
from lab.model.protocols import SECOND
from lab.model.starvation import ProbeSeen
from lab.scenario.scenario import Scenario
from lab.tasks import cancel_and_wait

AHEAD = 1  # Blank tabs made in advance, so that making a tab and opening its page overlap.
MORE = 2  # When the wall is found, so many more are opened: several wait, and their order shows.
LIVE_UPDATES = 3  # A live tab has an update in hand before the control tab has had this many.


class CellTabs:
    """What it saw is in its public fields afterwards, named as in Observation."""

    def __init__(self, scenario: Scenario, cell: Cell, origin: Origin, start: int, browser: Browser, still: Settling) -> None:
        self.seen: tuple[ClientSeen, ...] = ()
        self.asked = 0
        self.settled_ms: float | None = None
        self.quiet_ms: float | None = None
        self.controls = 0
        self.browser_log: BrowserLog | None = None
        self.releases: tuple[Release, ...] = ()
        self.sides: list[SideSeen] = []
        self.probes: list[ProbeSeen] = []
        self.listened: DeliverySeen | None = None
        self.drops: list[DropSeen] = []
        self.payloads: tuple[PayloadSeen, ...] = ()
        self.pictures: tuple[Screenshot, ...] = ()
        self._case = scenario.cases.get(cell.case)
        self._cell = cell
        self._origin = origin
        self._start = start
        self._browser = browser
        self._still = still
        self._at = Addresses(cell, origin, self._case)
        self._profiles: list[Profile] = []
        self._blanks: list[SpareTabs] = []
        self._openers: list[Opener] = []
        self._to_fill: list[tuple[Side, SideOpener]] = []
        self._openings: list[asyncio.Task[None]] = []
        self._ended: list[asyncio.Task[None]] = []
        self._held = False

    async def enter(self, profile: Profile) -> None:
        self._profiles.append(profile)
        self._blanks.append(SpareTabs(profile, self._still))

    async def open_one_by_one(self) -> None:
        """Begin each tab's navigation when all before it are live. While one is held back the rest are begun at once: the
        same wall holds them all, or `settle` will see them come through."""
        while self.asked < self._cell.asked:
            await self._begin(1, ahead=True)
            if not await self._still.quietly(self._all_decided):
                self._blanks[0].make(self._cell.asked - self.asked)  # There is waiting to be done: make the others meanwhile.
                await self._begin(self._cell.asked - self.asked)

    async def grow(self) -> None:
        """As many again each time, or one by one where each takes a tab of its own."""
        doubling = OPENINGS[self._cell.opened].doubling
        while self.asked < self._cell.asked:
            step = max(1, sum(len(page.clients) for page in self._openers[-1].pages)) if doubling and self._openers else 1
            await self._begin(min(step, self._cell.asked - self.asked), ahead=not doubling)
            if not await self._still.quietly(self._all_decided):
                await self._begin(min(MORE, self._cell.asked - self.asked))
                if not await self._still.until(self._all_decided):
                    self._held = True
                    return
            if await self._failures():
                return

    async def fill(self) -> None:
        if not isinstance(self._case, Case):
            await self._fill_up()
            return
        if not self._to_fill:
            sides = (self._case.first, self._case.second)
            while len(self._profiles) < max(side.profile for side in sides):
                await self.enter(await self._browser.new_profile())
            self._to_fill = list(await asyncio.gather(*[self._ready(side) for side in sides]))
        side, filling = self._to_fill.pop(0)
        first, began = not self.sides, self.asked
        self._openings, self._held = [], False
        self._openers.append(filling)
        if first:
            await self._fill_up()
        else:
            await self.grow()
        if self.asked == began:
            raise HarnessFaultError(f"nothing was left to open of the {self._cell.asked} allowed", "raise --tabs")
        self.sides.append(SideSeen(who_asks_whom(side, self._cell), began + 1, self.asked - began))

    async def _fill_up(self) -> None:
        """Up to the wall, and nobody left standing before it. Without a wall there is no full pool to ask about."""
        await self.grow()
        if not self._held and not await self._failures():
            raise HarnessFaultError(f"no wall was met up to {self.asked}", "raise --tabs, or lower --streams-per-connection")
        await self._trim()

    async def _ready(self, side: Side) -> tuple[Side, SideOpener]:
        """A side with its page loaded: both are, before any pool is full."""
        filling = SideOpener(side, self._cell, self._at, self._blanks[side.profile - 1].next, self._still)
        await filling.load()
        return side, filling

    async def fill_halfway(self) -> None:
        await self._begin(max(1, self._cell.streams // 2))
        await self._still.until(self._all_decided)

    async def probe(self) -> None:
        page = self._openers[-1].pages[0]
        other = Page(await self._blanks[0].next(), self._at.page(f"{self._cell.protocol}{SECOND}"), self._still)
        await other.open()
        self.probes = await Probing(self._cell, self._origin, self._start, self._at, page, other, self._still).all()

    async def listen(self) -> None:
        """The verdict is of those who have the last update when the feed falls silent."""
        await self._still.until(self._all_decided)
        self._heed_failures()
        rest = self._still.control.rest
        listening = Listening(self._cell, self._origin, self._browser, self.pages, self._patience, rest)
        self.listened, self.seen = await listening.listen(lambda: asyncio.wait(self._openings))
        await self._settle()

    async def drop(self, how: str) -> None:
        if not isinstance(self._case, Drop):
            raise HarnessFaultError(f"{self._cell.scenario} drops streams without saying how they come back", "give it a case")
        if not self._openings:
            await self._begin(self._cell.asked)
        if not await self._still.until(self._all_decided):  # Who waits for a place has no stream that could be dropped.
            raise HarnessFaultError(f"not all {self.asked} were live before they were to be dropped", "ask for fewer: --tabs")
        self._heed_failures()
        dropping = Dropping(self._cell, self._case, self._origin, self._start, self.pages, self._still)
        one, self.seen = await dropping.drop(how)
        self.drops.append(one)

    async def carry(self) -> None:
        carrying = Carrying(self._cell, self._origin, self._at, await self._blanks[0].next())
        self.asked = 1
        self.payloads, self.seen = await carrying.all()
        self.quiet_ms, self.settled_ms = self._still.quiet_ms, now_ms()

    async def settle(self) -> None:
        if not self._held:
            await self._still.until(self._all_decided)
        self._heed_failures()
        await self._settle()

    def _heed_failures(self) -> None:
        for task in self._openings:
            if task.done():
                task.result()

    async def _settle(self) -> None:
        self.quiet_ms, self.controls = self._still.quiet_ms, self._still.control.openings
        self.settled_ms = now_ms()
        self._still.settle()
        if not self._all_decided():
            await self._still.control.written_on()
        self.browser_log = await self._browser.account(self._cell.name)
        if self.drops:
            return  # Who is live was seen at each drop, and who gave up waits for nothing.
        if self.listened is None:
            self.seen = await self._look()
        if self._cell.repeat == 1 and not OPENINGS[self._cell.opened].doubling:  # One run of a cell is enough to look at.
            self.pictures = await pictures(self.pages)
        if any(not tab.live for tab in self.seen):
            proof = Proof(self._cell, self._origin, self._start, self._browser, self._still)
            self.releases = await proof.releases(self._openers, self.seen)

    async def close(self) -> None:
        for task in (*self._openings, *self._ended):
            await cancel_and_wait(task)
        for blank in self._blanks:
            await blank.close()
        for profile in self._profiles:
            await profile.close()

    @property
    def pages(self) -> list[Page]:
        return [page for one in self._openers for page in one.pages]

    def _all_decided(self) -> bool:
        return all(task.done() for task in self._openings)

    async def _failures(self) -> int:
        return sum([await page.failures() for page in self._openers[-1].pages])

    async def _begin(self, count: int, ahead: bool = False) -> None:
        if count <= 0:
            return
        if not self._openers:
            self._openers.append(opener(self._cell, self._at, self._blanks[0].next, self._still))
        first = self.asked + 1
        self.asked += count
        self._openings += await self._openers[-1].begin(first, count)
        self._still.watch.move()  # From now on it may be quiet, not since whatever was before.
        if ahead and self.asked < self._cell.asked:
            self._blanks[0].make(AHEAD)

    async def _trim(self) -> None:
        """Nobody waits any more: their openings are given up."""
        for page in self._openers[-1].pages:
            await page.trim()
        self._ended += self._openings
        self._openings = []
        self._held = False

    async def _look(self) -> tuple[ClientSeen, ...]:
        """Ask every page, at one moment, whether its clients are live: that is, whether they receive another update.

        The control tab gives the time: who has received none while the control tab has had several is not live.
        """
        patience = asyncio.create_task(self._patience())
        try:
            await all_asked(self.pages, self._still, patience, lambda: self._origin.control("POST", "/control/publish"))
        finally:
            await cancel_and_wait(patience)
        return tuple([tab for page in self.pages for tab in await page.seen()])

    async def _patience(self) -> None:
        """How long a client may take to show that it is live. The control tab is made only when one takes its time."""
        await asyncio.sleep((self._still.quiet_ms + (self._cell.interval_ms or 0)) / 1000)
        for _ in range(LIVE_UPDATES):
            await self._still.control.update()
        await self._still.caught_up()
