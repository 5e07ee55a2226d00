"""The sides of a case about pools: who asks whom, in words and as an opener."""

from __future__ import annotations

from lab.measure.openers import Addresses, PageOpener, Tabs
from lab.measure.settling import Settling
from lab.model.cell import Cell
from lab.model.pools import Side
from lab.model.protocols import PROTOCOLS, SECOND


class SideOpener(PageOpener):
    """Many streams in one page of the side's own."""

    def __init__(self, side: Side, cell: Cell, at: Addresses, new_tab: Tabs, still: Settling) -> None:
        super().__init__(cell, at, new_tab, still)
        self._url = at.page(door(side, cell), side.page or side.to)
        self._how = {"base": at.base(door(side, cell), side.to), "credentials": side.credentials}


def door(side: Side, cell: Cell) -> str:
    return f"{side.protocol or cell.protocol}{SECOND if side.door == 2 else ''}"


def who_asks_whom(side: Side, cell: Cell) -> str:
    """`https://a.localhost, from a page of b.localhost, credentials: include`."""
    words = f"{PROTOCOLS[side.protocol or cell.protocol].scheme}://{side.to}"
    words += " at another port" if side.door == 2 else ""
    words += f", from a page of {side.page}" if side.page else ""
    words += f", credentials: {side.credentials}" if side.credentials != "same-origin" else ""
    return words + (", in another profile" if side.profile == 2 else "")
