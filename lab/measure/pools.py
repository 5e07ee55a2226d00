"""Pools: an opener for each side of a case, and the side in words."""

from __future__ import annotations

from lab.measure.context import CellContext
from lab.measure.openers import NewTab, PageOpener, in_page
from lab.model.cell import Cell
from lab.model.pools import Side
from lab.model.protocols import PROTOCOLS, SECOND


def side_opener(side: Side, context: CellContext, new_tab: NewTab) -> PageOpener:
    """An opener for the streams of one side, in a page of its own."""
    at, door = context.addresses, door_of(side, context.cell)
    return PageOpener(context, new_tab, at.page(door, side.page or side.to), in_page(at.base(door, side.to), side.credentials))


def door_of(side: Side, cell: Cell) -> str:
    """The name of the door to which a side sends requests."""
    return f"{side.protocol or cell.protocol}{SECOND if side.door == 2 else ''}"


def side_in_words(side: Side, cell: Cell) -> str:
    """The side in words: `https://a.localhost, from a page of b.localhost, credentials: include`."""
    words = f"{PROTOCOLS[side.protocol or cell.protocol].scheme}://{side.to}"
    words += " at another port" if side.door == 2 else ""
    words += f", from a page of {side.page}" if side.page else ""
    words += f", credentials: {side.credentials}" if side.credentials != "same-origin" else ""
    return words + (", in another profile" if side.profile == 2 else "")
