"""Pools: the two sides of a case, each as an opener and in words."""

from __future__ import annotations

from lab.measure.context import CellContext
from lab.measure.openers import NewTab, PageOpener, in_page
from lab.model.cell import Cell
from lab.model.pools import Side
from lab.model.protocols import PROTOCOLS, SECOND


def side_opener(side: Side, context: CellContext, new_tab: NewTab) -> PageOpener:
    """Many streams in one page of the side's own."""
    at, door = context.addresses, door_of(side, context.cell)
    return PageOpener(context, new_tab, at.page(door, side.page or side.to), in_page(at.base(door, side.to), side.credentials))


def door_of(side: Side, cell: Cell) -> str:
    """The door that a side asks."""
    return f"{side.protocol or cell.protocol}{SECOND if side.door == 2 else ''}"


def in_words(side: Side, cell: Cell) -> str:
    """`https://a.localhost, from a page of b.localhost, credentials: include`."""
    words = f"{PROTOCOLS[side.protocol or cell.protocol].scheme}://{side.to}"
    words += " at another port" if side.door == 2 else ""
    words += f", from a page of {side.page}" if side.page else ""
    words += f", credentials: {side.credentials}" if side.credentials != "same-origin" else ""
    return words + (", in another profile" if side.profile == 2 else "")
