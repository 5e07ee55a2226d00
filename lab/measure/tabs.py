"""The verbs of lab/scenario/verbs.py for one cell: they open its clients, find out which are live, and start the release
proof."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from lab.browser import Profile, Tab
from lab.errors import HarnessFaultError, InconclusiveError
from lab.measure import hops
from lab.measure.buffering import drip_all
from lab.measure.context import CellContext, Seen
from lab.measure.delivery import follow_updates
from lab.measure.drops import drop_streams
from lab.measure.kept_tabs import close_profiles
from lab.measure.openers import Opener, PageOpener, opener
from lab.measure.page import Page, ask_for_update
from lab.measure.payloads import carry_all
from lab.measure.pools import side_in_words, side_opener
from lab.measure.release import releases
from lab.measure.screenshots import screenshots
from lab.measure.spare_tabs import SpareTabs
from lab.measure.starvation import probe_all
from lab.model.buffering import App
from lab.model.drops import Drop
from lab.model.ledger import now_ms
from lab.model.observation import ClientSeen
from lab.model.openings import OPENINGS
from lab.model.pools import Case, Side, SideSeen
from lab.model.protocols import SECOND
from lab.tasks import cancel_and_wait

AHEAD = 1  # Spare tabs made in advance while it is not known how many will be needed.
MORE = 2  # Once a client waits, this many more are opened: it shows in which order waiting clients are served.
MOST_LET_IN = 5  # How often more are opened, if those are let in.


class CellTabs:
    """The clients of one cell, with the verbs of lab.scenario.verbs.Tabs. What they see goes into `seen`."""

    def __init__(self, context: CellContext, seen: Seen) -> None:
        self.seen = seen
        self._context = context
        self._cell = context.cell
        self._settling = context.settling
        self._profiles: list[Profile] = []
        self._spares: list[SpareTabs] = []
        self._openers: list[Opener] = []
        self._sides: list[tuple[Side, PageOpener]] = []
        self._openings: list[asyncio.Task[None]] = []
        self._ended: list[asyncio.Task[None]] = []
        self._held = False
        self._opened = 0

    def enter(self, profile: Profile, blank: Sequence[Tab] = ()) -> None:
        """Use one more profile, with the blank tabs in it: tabs may be made in it from now on."""
        self._profiles.append(profile)
        self._spares.append(SpareTabs(profile, self._settling, blank))

    async def open_one_by_one(self) -> None:
        """Begin each tab's navigation when all tabs before it are decided. Once one is held back, begin all the others: the
        same limit holds them back too, or `settle` will see them go live. The blank tabs are made before, so that they do not
        slow down the openings."""
        await self._spares[0].ready(self._left)
        while self._left:
            await self._begin(1)
            if not await self._settling.until(self._all_decided):
                await self._begin(self._left)

    async def grow(self) -> None:
        """Double the number of clients in each step; or add one in each step, if each needs a tab of its own."""
        doubling = OPENINGS[self._cell.opening].doubling
        while self._left:
            step = max(1, sum(len(page.clients) for page in self._openers[-1].pages)) if doubling and self._openers else 1
            await self._begin(min(step, self._left), ahead=not doubling)
            if not await self._settling.quietly(self._all_decided):
                self._held = await self._held_back()
                if self._held:
                    return
            if await self._failures():
                return

    async def _held_back(self) -> bool:
        """Open MORE clients behind one that waits; and again if these are let in, because a soft limit lets in whom it likes.
        Returns whether a client waits when nothing moves any more."""
        for _ in range(MOST_LET_IN):
            await self._begin(min(MORE, self._left))
            if await self._settling.until(self._all_decided):
                return False
            if not self._left or not self._openings[-1].done():
                break
        return True

    async def fill(self) -> None:
        if not isinstance(self._context.case, Case):
            await self._fill_up()
            return
        if not self._sides:
            sides = (self._context.case.first, self._context.case.second)
            while len(self._profiles) < max(side.profile for side in sides):
                self.enter(await self._context.browser.new_profile())
            self._sides = list(await asyncio.gather(*[self._ready(side) for side in sides]))
        side, filling = self._sides.pop(0)
        first, began = not self.seen.sides, self._opened
        self._openings, self._held = [], False
        self._openers.append(filling)
        if first:
            await self._fill_up()
        else:
            await self.grow()
        if self._opened == began:
            raise InconclusiveError(f"the first side used all {self._cell.at_most} clients that may be opened", "raise --tabs")
        self.seen.sides.append(SideSeen(side_in_words(side, self._cell), began + 1, self._opened - began))

    async def _fill_up(self) -> None:
        """Open clients up to the limit, and close those that wait. Raises InconclusiveError if no limit is reached: then there
        is no full pool."""
        await self.grow()
        if not self._held and not await self._failures():
            raise InconclusiveError(
                f"no limit was reached with {self._opened} clients", "raise --tabs, or lower --streams-per-connection"
            )
        await self._trim()

    async def _ready(self, side: Side) -> tuple[Side, PageOpener]:
        """A side with its page loaded. Both pages are loaded before a pool is full."""
        filling = side_opener(side, self._context, self._spares[side.profile - 1].next)
        await filling.load()
        return side, filling

    async def fill_halfway(self) -> None:
        await self._begin(max(1, self._cell.streams // 2))
        await self._settling.until(self._all_decided)

    async def probe(self) -> None:
        if not self._openers:
            raise HarnessFaultError("probe() needs clients that hold the streams", "call fill() or fill_halfway() before it")
        page = self._openers[-1].pages[0]
        url = self._context.addresses.page(f"{self._cell.protocol}{SECOND}")
        other = Page(await self._spares[0].next(), url, self._settling)
        await other.open()
        self.seen.probes = await probe_all(self._context, page, other)

    async def listen(self) -> None:
        """A client counts as live if it has the last update after the feed has stopped."""
        await self._settling.until(self._all_decided)
        self._raise_failures()
        self.seen.delivery, self.seen.clients = await follow_updates(self._context, self.pages, self._openings)
        await self._settle()

    async def drop(self, how: str) -> None:
        if not isinstance(self._context.case, Drop):
            raise HarnessFaultError(
                f"{self._cell.scenario} drops streams, and its cell has no case that says how they come back",
                "give the scenario cases={…: Drop(…)}",
            )
        if not self._openings:
            await self._begin(self._cell.at_most)
        if not await self._settling.until(self._all_decided):  # A client that waits has no stream that could be dropped.
            raise InconclusiveError(f"not all {self._opened} clients were live before the drop", "open fewer: --tabs")
        self._raise_failures()
        one, self.seen.clients = await drop_streams(self._context, self._context.case, self.pages, how)
        self.seen.drops.append(one)

    async def carry(self) -> None:
        self.seen.opened = 1
        self.seen.payloads, self.seen.clients = await carry_all(self._context, await self._spares[0].next())
        self.seen.quiet_ms, self.seen.settled_ms = self._settling.quiet_ms, now_ms()

    async def look_around(self) -> None:
        if self._context.route.proxy is None:
            raise HarnessFaultError("look_around() needs a proxy", "give the scenario routes=[…] that lead through one")
        self.seen.hops = await hops.look_around(self._context, await self._spares[0].next())

    async def reload(self) -> None:
        if self.seen.hops is None or self.seen.hops.leaving is None:
            raise HarnessFaultError("reload() completes what look_around() began", "call look_around() first")
        self.seen.hops = await hops.reload(self._context, self.seen.hops)

    async def drip(self) -> None:
        if not isinstance(self._context.case, App):
            raise HarnessFaultError(
                f"{self._cell.scenario} reads a drip, and its cell has no case that says what the app does",
                "give the scenario cases={…: App(…)}",
            )
        self.seen.opened = 1
        self.seen.buffering, self.seen.clients = await drip_all(self._context, await self._spares[0].next(), self._context.case)
        self.seen.quiet_ms, self.seen.settled_ms = self._settling.quiet_ms, now_ms()

    async def watch(self) -> None:
        raise HarnessFaultError("watch() is for scenarios without browsers", "give the scenario browsers=False")

    async def settle(self) -> None:
        if not self._held:
            await self._settling.until(self._all_decided)
        self._raise_failures()
        await self._settle()

    def _raise_failures(self) -> None:
        for task in self._openings:
            if task.done():
                task.result()

    async def _settle(self) -> None:
        self.seen.quiet_ms, self.seen.controls = self._settling.quiet_ms, self._settling.control.openings
        self.seen.settled_ms = now_ms()
        self._settling.settle()
        if not self._all_decided():
            await self._settling.control.flush_browser_log()
        self.seen.browser_log = await self._context.browser.account(self._cell.name)
        if self.seen.drops:
            return  # Each drop has recorded which clients are live, and a client that gave up does not wait.
        if self.seen.delivery is None:
            self.seen.clients = await self._look()
        pictured = self._cell.question == "limits" and not OPENINGS[self._cell.opening].doubling
        if pictured and self._cell.repeat == 1:  # One run of a cell is enough to look at.
            self.seen.screenshots = await screenshots([(page.tab, tuple(page.clients)) for page in self.pages])
        if self._context.route.proxy is not None:
            self.seen.hops = await hops.at_the_verdict(self._context, self.seen.hops)
        if any(not client.live for client in self.seen.clients):
            self.seen.releases = await releases(self._context, self._openers, self.seen.clients)

    async def leave(self) -> list[Tab]:
        """Give up all openings. Returns the tabs that are still open, of a cell that has one profile."""
        await self._end_openings()
        [spare] = self._spares
        return [*(page.tab for page in self.pages if not page.closed), *await spare.take()]

    def forget(self, profile: Profile) -> None:
        """The profile has been kept for another cell: it is not closed."""
        self._profiles.remove(profile)

    async def close(self) -> None:
        """Give up all openings, then close every profile. The first failure is raised at the end."""
        await self._end_openings()
        for spare in self._spares:
            await spare.close()
        await close_profiles(self._profiles)

    async def _end_openings(self) -> None:
        for task in (*self._openings, *self._ended):
            await cancel_and_wait(task)

    @property
    def pages(self) -> list[Page]:
        return [page for one in self._openers for page in one.pages]

    @property
    def _left(self) -> int:
        """How many more may be opened."""
        return self._cell.at_most - self._opened

    def _all_decided(self) -> bool:
        return all(task.done() for task in self._openings)

    async def _failures(self) -> int:
        return sum([await page.failures() for page in self._openers[-1].pages])

    async def _begin(self, count: int, ahead: bool = False) -> None:
        if count <= 0:
            return
        if not self._openers:
            self._openers.append(opener(self._context, self._spares[0].next))
        first = self._opened + 1
        self._opened += count
        self.seen.opened = self._opened
        self._openings += await self._openers[-1].begin(first, count)
        self._context.move()  # The quiet time begins here, not at an earlier move.
        if ahead and self._left:
            self._spares[0].make(AHEAD)

    async def _trim(self) -> None:
        """Close the clients that wait, and give up their openings."""
        for page in self._openers[-1].pages:
            await page.trim()
        self._ended += self._openings
        self._openings = []
        self._held = False

    async def _look(self) -> tuple[ClientSeen, ...]:
        """Ask every page at the same moment which of its clients are live: which receive one more update."""
        await ask_for_update(self.pages, self._settling, self._context.origin.publish, self._cell.interval_ms)
        return tuple([client for page in self.pages for client in await page.seen()])
