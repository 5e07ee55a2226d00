"""All that Python can ask of a page: one method for each question. The type of each answer is checked.

`PageScript` is the contract. `LabScript` speaks to the lab's own page (lab/origin/pages/client.js has the other half, with the
same names); a script injected into somebody else's page would be another implementation. A question that the page can't answer,
or answers in another shape, raises PageScriptError: that is a fault of the lab, never of a browser.
"""

from __future__ import annotations

import json
from typing import Any, Protocol

import msgspec

from lab.browser import PageScriptError, Tab


class ClientReport(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """What a page reports about one client. Times are ms of the page's own clock. If the client is a frame whose document has
    not loaded, only `tab` and `document` have values."""

    tab: int
    document: bool
    begun_at: float = 0.0
    first_at: float | None = None
    received: int = 0
    repeated: int = 0
    skipped: int = 0
    last_seq: int | None = None
    live: bool = False
    failed: str | None = None
    closed: bool = False
    errors: tuple[str, ...] = ()


Note = tuple[int, float, float, str]
"""One update in a page's notes: its number, the origin's time stamp (ms), the time of its arrival (ms of the page's clock), its
event name."""

Notes = tuple[int, tuple[Note, ...]]
"""A client's number and its notes."""


class Dripped(msgspec.Struct, frozen=True, kw_only=True):
    """What a page received of a drip. Times are ms of the page's own clock; each event is its number, the origin's time stamp,
    and the time of its arrival."""

    asked: float
    opened: float | None
    events: tuple[tuple[int, float, float], ...]
    error: str | None


class PageScript(Protocol):
    """The contract. A method that waits for something in the page returns when that has happened, however long it takes."""

    async def decided(self) -> None:
        """Return when every client of the page is decided: it has received an update, or has failed for good."""

    async def add(self, *, first: int, count: int, base: str, credentials: str = "same-origin") -> None:
        """Begin `count` clients in this page, numbered from `first`. They send requests to the origin `base`, in which `{n}` is
        the client's number. Return when all clients of the page are decided."""

    async def frames(self, *, first: int, count: int, url: str) -> None:
        """The same, with each client in a frame of its own, loaded from `url`."""

    async def caught_up(self) -> None:
        """Return when the page and its frames have handled every event that reached them before."""

    async def rest(self) -> None:
        """Pause polling until `rouse()`, to measure the idle baseline."""

    async def rouse(self) -> None:
        """Let clients poll again."""

    async def listen(self) -> None:
        """From now on, make a note of every update."""

    async def heard(self) -> list[Notes]:
        """Each client's notes since `listen()`."""

    async def reached(self, seq: int) -> None:
        """Return when every client that ever received an update has received number `seq`, or has failed for good."""

    async def next(self) -> None:
        """Return when every client that ever received an update has received one more."""

    async def close(self, client: int) -> None:
        """Close a client's stream."""

    async def remove(self, client: int) -> None:
        """Remove the frame that a client is in."""

    async def again(self, client: int) -> None:
        """Let a client that failed for good try again; return when it is decided."""

    async def probe(self, kind: str, url: str) -> str:
        """Send another kind of request (lab.measure.starvation.KINDS). Returns "" when it was answered, else why it failed."""

    async def drip(self, url: str, count: int) -> Dripped:
        """Read a drip (lab/origin/drip.py) by an EventSource. Returns when `count` events have come, or the stream has
        ended."""

    async def protocol(self) -> str:
        """The protocol by which the page came, as its browser names it in nextHopProtocol; empty where it is not known."""

    async def tidy(self) -> None:
        """Remove the elements, sockets and tabs that probes have left."""

    async def trim(self) -> list[int]:
        """Close every client that has not received an update yet. Returns the numbers of the others."""

    async def failures(self) -> int:
        """How many clients have failed for good."""

    async def report(self) -> list[ClientReport]:
        """What the page reports about each client."""

    async def clock(self) -> float:
        """The page's clock, in ms."""


class LabScript:
    """The script of the lab's own page, in a tab."""

    def __init__(self, tab: Tab) -> None:
        self._tab = tab

    def __repr__(self) -> str:
        return f"<LabScript in {self._tab!r}>"

    async def _ask(self, call: str, shape: Any) -> Any:
        """The value of a call, as one text: Playwright takes a value apart field by field, half a second for 1000 reports."""
        answer = await self._tab.ask(f"Promise.resolve({call}).then(JSON.stringify)")
        try:
            return msgspec.json.decode(answer or "null", type=shape)  # JSON has no text for undefined.
        except msgspec.DecodeError as error:
            raise PageScriptError(f"{call.partition('(')[0]} answered in an unexpected shape: {error}") from error

    async def _do(self, call: str) -> None:
        """Call a function of the page, and return when it is done. Its value is ignored."""
        await self._tab.ask(f"Promise.resolve({call}).then(() => null)")

    async def decided(self) -> None:
        await self._do("lab.decided()")

    async def add(self, *, first: int, count: int, base: str, credentials: str = "same-origin") -> None:
        how = {"first": first, "count": count, "base": base, "credentials": credentials}
        await self._do(f"lab.add({json.dumps(how)})")

    async def frames(self, *, first: int, count: int, url: str) -> None:
        await self._do(f"lab.frames({json.dumps({'first': first, 'count': count, 'url': url})})")

    async def caught_up(self) -> None:
        await self._do("lab.caughtUp()")

    async def rest(self) -> None:
        await self._do("lab.rest()")

    async def rouse(self) -> None:
        await self._do("lab.rouse()")

    async def listen(self) -> None:
        await self._do("lab.listen()")

    async def heard(self) -> list[Notes]:
        notes: list[Notes] = await self._ask("lab.heard()", list[Notes])
        return notes

    async def reached(self, seq: int) -> None:
        await self._do(f"lab.reached({seq})")

    async def next(self) -> None:
        await self._do("lab.next()")

    async def close(self, client: int) -> None:
        await self._do(f"lab.close({client})")

    async def remove(self, client: int) -> None:
        await self._do(f"lab.remove({client})")

    async def again(self, client: int) -> None:
        await self._do(f"lab.again({client})")

    async def probe(self, kind: str, url: str) -> str:
        why: str = await self._ask(f"lab.probe({json.dumps(kind)}, {json.dumps(url)})", str)
        return why

    async def drip(self, url: str, count: int) -> Dripped:
        seen: Dripped = await self._ask(f"lab.drip({json.dumps(url)}, {count})", Dripped)
        return seen

    async def protocol(self) -> str:
        name: str = await self._ask("lab.protocol()", str)
        return name

    async def tidy(self) -> None:
        await self._do("lab.tidy()")

    async def trim(self) -> list[int]:
        kept: list[int] = await self._ask("lab.trim()", list[int])
        return kept

    async def failures(self) -> int:
        count: int = await self._ask("lab.failures()", int)
        return count

    async def report(self) -> list[ClientReport]:
        reports: list[ClientReport] = await self._ask("lab.report()", list[ClientReport])
        return reports

    async def clock(self) -> float:
        at: float = await self._ask("performance.now()", float)
        return at
