"""Carrying: a page asks for one payload after the other, and what it got is compared with what it should have got."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence

from lab.browser import Tab
from lab.measure.openers import Addresses
from lab.measure.origin import Origin
from lab.model import ledger
from lab.model.cell import Cell
from lab.model.ledger import now_ms
from lab.model.observation import ClientSeen
from lab.model.payloads import PAYLOADS, Event, Payload, PayloadSeen

CLIENT = 1
SHORT = 80  # Characters of what came instead of the right thing.
GONE = "\ufffd"  # What a decoder leaves of bytes that are no UTF-8.


class Carrying:
    def __init__(self, cell: Cell, origin: Origin, at: Addresses, tab: Tab) -> None:
        self._cell = cell
        self._origin = origin
        self._at = at
        self._tab = tab

    async def all(self) -> tuple[tuple[PayloadSeen, ...], tuple[ClientSeen, ...]]:
        """Every payload of the transport; the first one twice, so that its connection is open when it counts."""
        began = now_ms()
        await self._tab.open(self._origin.url(self._cell.protocol, "/payloads"))
        payloads = PAYLOADS[self._cell.transport]
        first = await self._carry(payloads[0])
        opening_ms = now_ms() - began
        carried = [await self._carry(one) for one in payloads]
        await self._tab.ask("socket?.close()")
        page = ClientSeen(
            CLIENT, document=True, live=first.right, received=len(carried) + 1, begun_ms=began, opening_ms=opening_ms
        )
        asked = 1 if self._cell.transport == "websocket" else len(carried) + 1
        await self._origin.wait_for(lambda: self._answered() == asked)
        return tuple(carried), (page,)

    async def _carry(self, payload: Payload) -> PayloadSeen:
        before = await self._origin.meter()
        came = await self._tab.ask(f"carry.{self._cell.transport}({json.dumps(self._at.payload(payload.name))})")
        after = await self._origin.meter()
        return carried(payload, came, before, after)

    def _answered(self) -> int:
        ours = {
            one.stream for one in self._origin.events if isinstance(one, ledger.StreamOpened) and one.cell == self._cell.name
        }
        return sum(isinstance(one, ledger.StreamClosed) and one.stream in ours for one in self._origin.events)


def carried(payload: Payload, came: str | list[Event], before: ledger.Counters, after: ledger.Counters) -> PayloadSeen:
    """`came` is a list of events, or bytes in base64."""
    content = payload.content
    if isinstance(came, str):
        got = base64.b64decode(came)
        right, events, note = got == content, 1, f"{len(got)} bytes"
        survived = len(got) if right else None
    else:
        told = [tuple(event) for event in came]
        right, events, note = told == list(payload.events), len(told), repr(told)[:SHORT]
        survived = None if content is None else surviving(content, [data for _, data, _ in told])
    return PayloadSeen(
        name=payload.name,
        chunks=len(payload.chunks),
        events=events,
        right=right,
        sent_bytes=after.sent_bytes - before.sent_bytes,
        received_bytes=after.received_bytes - before.received_bytes,
        content_bytes=None if content is None else len(content),
        survived_bytes=survived,
        note="" if right else note,
    )


def surviving(content: bytes, data: Sequence[str]) -> int:
    """How many of the bytes came, as they are or in base64: what was replaced did not, nor a CR that became LF."""
    if data == [base64.b64encode(content).decode()]:
        return len(content)
    kept = "".join(data).replace(GONE, "")
    return len(kept.replace("\n", "").encode()) + min(kept.count("\n"), content.count(b"\n"))
