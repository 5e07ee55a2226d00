"""A page script and an origin made up for tests: the contracts of lab/measure without a browser and without a process."""

from __future__ import annotations

import asyncio
from typing import Any

from lab.browser import Tab
from lab.measure.origin import CellLedger
from lab.measure.page_script import ClientReport, Dripped, Notes
from lab.model import ledger


class FakeScript:
    """A page whose clients are decided and live at once. `asked` is what it was asked, in order."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.clients: dict[int, ClientReport] = {}
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self.notes: list[Notes] = []
        self.clock_ms = 0.0

    def _note(self, what: str) -> None:
        self.asked.append(what)

    async def decided(self) -> None:
        self._note("decided")

    async def add(self, *, first: int, count: int, base: str, credentials: str = "same-origin") -> None:
        self._note("add")
        for number in range(first, first + count):
            self.clients[number] = ClientReport(tab=number, document=True, first_at=1.0, live=True, received=1, last_seq=1)

    async def frames(self, *, first: int, count: int, url: str) -> None:
        await self.add(first=first, count=count, base=url)

    async def caught_up(self) -> None:
        self._note("caught_up")
        await self.may_answer.wait()

    async def rest(self) -> None:
        self._note("rest")

    async def rouse(self) -> None:
        self._note("rouse")

    async def listen(self) -> None:
        self._note("listen")

    async def heard(self) -> list[Notes]:
        return self.notes or [(number, ()) for number in self.clients]

    async def reached(self, seq: int) -> None:
        self._note(f"reached {seq}")

    async def next(self) -> None:
        self._note("next")

    async def close(self, client: int) -> None:
        self._note(f"close {client}")
        del self.clients[client]

    async def remove(self, client: int) -> None:
        await self.close(client)

    async def again(self, client: int) -> None:
        self._note(f"again {client}")

    async def probe(self, kind: str, url: str) -> str:
        self._note(f"probe {kind}")
        return ""

    async def drip(self, url: str, count: int) -> Dripped:
        self._note(f"drip {count}")
        return Dripped(asked=0.0, opened=1.0, events=tuple((n, float(n), float(n)) for n in range(count)), error=None)

    async def protocol(self) -> str:
        return "h2"

    async def tidy(self) -> None:
        self._note("tidy")

    async def trim(self) -> list[int]:
        self.clients = {number: one for number, one in self.clients.items() if one.first_at is not None}
        return list(self.clients)

    async def failures(self) -> int:
        return sum(one.failed is not None for one in self.clients.values())

    async def report(self) -> list[ClientReport]:
        return list(self.clients.values())

    async def clock(self) -> float:
        return self.clock_ms


class FakeTab:
    """A tab that opens and answers when a test lets it."""

    def __init__(self) -> None:
        self.may_open = asyncio.Event()

    async def open(self, url: str) -> None:
        await self.may_open.wait()

    async def ask(self, expression: str) -> Any:
        return None

    async def screenshot(self) -> Any:
        raise NotImplementedError

    async def close(self) -> None: ...


class FakeProfile:
    """A profile with one tab, given again and again."""

    def __init__(self) -> None:
        self.tab = FakeTab()
        self.made = 0

    async def new_tab(self) -> Tab:
        self.made += 1
        return self.tab

    async def close(self) -> None: ...


class FakeOrigin:
    """A ledger that tests write, and verbs that only enter what the real origin's ledger would confirm."""

    def __init__(self) -> None:
        self.ledger = CellLedger("c")
        self.published = 0
        self._news = asyncio.Event()

    def url(self, door: str, path: str, host: str = "") -> str:
        return f"http://{door}{path}"

    async def news(self) -> None:
        await self._news.wait()

    async def publish(self) -> None:
        self.published += 1

    def enter(self, event: ledger.AnyEvent) -> None:
        """An event of the ledger; those who wait for news wake."""
        self.ledger.events.append(event)
        self._news.set()
        self._news = asyncio.Event()
