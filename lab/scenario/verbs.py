"""The verbs of a scenario's steps: all methods that a scenario file may call.

Each verb's docstring has its order and preconditions. A verb raises lab.errors.InconclusiveError if a precondition of the
question is not met (no limit was reached, not every client was live): the cell is then `inconclusive`, not wrong. If the lab
itself fails, a verb raises lab.errors.HarnessFaultError. Neither needs to be caught.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol


class Tabs(Protocol):
    """The clients of one cell (tabs, frames, or streams of a page), and what a scenario can do with them. All share one browser
    profile, as a person's tabs do, unless a case needs a second one."""

    async def open_one_by_one(self) -> None:
        """Open tabs up to the cell's `at_most`, each one once the tab before it is live. When one is held back, open all the
        others."""

    async def grow(self) -> None:
        """Open more and more clients, until one waits or fails, or `at_most` is reached."""

    async def settle(self) -> None:
        """Wait until every client is live, or until nothing moves any more; then prove what the others wait for.

        The last verb, except after `listen` and `carry`, which settle by themselves."""

    async def fill(self) -> None:
        """Fill the pool of the case's next side up to its limit: with a Case call it twice, else once.

        Inconclusive if no limit is reached."""

    async def fill_halfway(self) -> None:
        """Open half as many streams as the origin allows on one connection."""

    async def probe(self) -> None:
        """Send other requests from the page (fetch, image, script…), one after the other. Needs `fill` or `fill_halfway` before
        it, and the opening `page`."""

    async def listen(self) -> None:
        """Let the feed run for a while, and measure the latency of every update and what updates cost. It replaces `settle`."""

    async def carry(self) -> None:
        """Let a page receive every payload of lab/model/payloads.py by the cell's transport, and compare what it received with
        what it should have received."""

    async def drop(self, how: str) -> None:
        """Drop every stream while the feed runs: `end` the streams, `reset` the connections, or `shut` the doors for two
        seconds. Then see which clients reconnect, when, and which updates were lost. Needs a Drop as the cell's case; opens the
        clients itself.

        Inconclusive if not every client is live before the drop."""

    async def look_around(self) -> None:
        """Open one more tab through the proxy, and a WebSocket in it, and close it: by which protocols do they pass, what does
        the proxy announce, and when does the origin learn that the tab is closed? Before other clients are opened."""

    async def reload(self) -> None:
        """Let the proxy read its configuration anew, if it can: which streams end, and when do their clients come back? After
        `settle`."""

    async def drip(self) -> None:
        """Let a page and the plain client read a short stream of small events, and see how much later than sent each arrives.
        It replaces `settle`. Needs an App as the cell's case."""

    async def watch(self) -> None:
        """Watch a silent stream and one with an event a second, until they are cut, or for as long as the cell's case, a
        Silence, says. It replaces `settle`, and is the only verb of a scenario without browsers."""


Steps = Callable[[Tabs], Awaitable[None]]
