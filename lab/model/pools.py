"""Pools: the two sides of a case, and how many clients each got."""

from __future__ import annotations

import msgspec


class Side(msgspec.Struct, frozen=True):
    """One side of a comparison: a page served from host `page` sends requests to host `to`."""

    to: str = "a.localhost"
    """The host that receives the requests."""
    page: str = ""
    """The host that serves the page; empty: the same as `to`."""
    door: int = 1
    """Which of the protocol's two doors (ports) receives the requests: 1 or 2."""
    protocol: str = ""
    """The protocol of the requests; empty: the cell's."""
    credentials: str = "same-origin"
    """The credentials mode of fetch: omit, same-origin or include."""
    profile: int = 1
    """The browser profile in which the page is opened: 1 or 2."""


class Case(msgspec.Struct, frozen=True):
    """A case of pools: the pool of the `first` side is filled, then clients of the `second` side are opened. `transport` and
    `protocol` restrict the case to one of each; empty: any."""

    first: Side
    second: Side
    transport: str = ""
    protocol: str = ""


class SideSeen(msgspec.Struct, frozen=True):
    """One side of a case as it was opened."""

    what: str
    """Which host received the requests, and from which page, in words."""
    first: int
    """The number of its first client."""
    opened: int
    """How many clients were opened."""
