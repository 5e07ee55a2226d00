"""Pools: two sides of a case, and how each was filled."""

from __future__ import annotations

import msgspec


class Side(msgspec.Struct, frozen=True):
    """One side of a comparison: a page served from host `page` sends requests to host `to`."""

    to: str = "a.localhost"
    """The host that is asked."""
    page: str = ""
    """The host that the page is from; empty: the same as `to`."""
    door: int = 1
    """Which of the protocol's two doors (ports) is asked: 1 or 2."""
    protocol: str = ""
    """The protocol that is asked by; empty: the cell's."""
    credentials: str = "same-origin"
    """The credentials mode of fetch: omit, same-origin or include."""
    profile: int = 1
    """The browser profile of the page: 1 or 2."""


class Case(msgspec.Struct, frozen=True):
    """Two sides: the pool of the first is filled, then the second is tried. `transport` and `protocol` restrict the case to
    cells that can ask so."""

    first: Side
    second: Side
    transport: str = ""
    protocol: str = ""


class SideSeen(msgspec.Struct, frozen=True):
    """One side of a case as it was opened."""

    what: str
    """Which host was asked, and from where, in words."""
    first: int
    """The number of its first client."""
    opened: int
    """How many clients were opened."""
