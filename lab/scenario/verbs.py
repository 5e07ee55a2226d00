"""The verbs of a scenario's steps: the only interface that a scenario file is written against.

Order and preconditions stand at each verb. A verb raises lab.errors.InconclusiveError when something that the question needs is
not there (no limit was reached, not every client was live): the cell is then `inconclusive`, not wrong. When the lab itself
fails, a verb raises lab.errors.HarnessFaultError. Neither needs to be caught.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol


class Tabs(Protocol):
    """The clients of one cell (tabs, or whatever stands for them), and the verbs to move them. All share one browser profile,
    as a person's tabs do, unless a case asks for a second one."""

    async def open_one_by_one(self) -> None:
        """Open each tab once the one before it is live or known to be held back; up to the cell's `at_most`."""

    async def grow(self) -> None:
        """Open more and more clients, until one waits or fails, or `at_most` is reached."""

    async def settle(self) -> None:
        """Return when every client is live, or when nothing moves any more; then prove what the others wait for.

        The last verb, except after `listen` and `carry`, which settle by themselves."""

    async def fill(self) -> None:
        """Fill the pool of the case's next side up to its limit: with a Case call it twice, else once.

        Inconclusive when no limit is reached."""

    async def fill_halfway(self) -> None:
        """Hold half as many streams as the origin allows on a connection."""

    async def probe(self) -> None:
        """Try what else a page does, one thing after the other. Needs `fill` or `fill_halfway` before it, in one page."""

    async def listen(self) -> None:
        """Let the feed run for a while, and measure the latency and the cost of every update. It replaces `settle`."""

    async def carry(self) -> None:
        """Let a page receive every payload of lab/model/payloads.py by the cell's transport, and compare what came."""

    async def drop(self, how: str) -> None:
        """Drop every stream while the feed runs: `end` the streams, `reset` the connections, or `shut` the doors for a while;
        then see which clients come back, when, and what was lost. Needs a Drop as the cell's case; opens the clients itself.

        Inconclusive when not every client is live before the drop."""


Steps = Callable[[Tabs], Awaitable[None]]
