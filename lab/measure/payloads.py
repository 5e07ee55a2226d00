"""Payloads: a page requests one payload after the other, and what it received is compared with what it should have received."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence

import msgspec

from lab.browser import Tab
from lab.errors import HarnessFaultError
from lab.measure.context import CellContext
from lab.model import ledger
from lab.model.ledger import Counters, now_ms
from lab.model.observation import ClientSeen
from lab.model.payloads import PAYLOADS, PageEvent, Payload, PayloadSeen

CLIENT = 1
SHORT = 80  # The most characters that are kept of a wrong answer.
REPLACED = "\ufffd"  # A decoder puts this in place of bytes that are not UTF-8.


async def carry_all(context: CellContext, tab: Tab) -> tuple[tuple[PayloadSeen, ...], tuple[ClientSeen, ...]]:
    """Request every payload of the cell's transport. The first one is requested twice, so that the connection is open when it
    is measured. Returns the payloads, and the one client."""
    began, transport = now_ms(), context.cell.transport
    await tab.open(context.addresses.payloads_page(context.cell.protocol))
    payloads = PAYLOADS[transport]
    first = await carry(context, tab, payloads[0])
    opening_ms = now_ms() - began
    carried = [await carry(context, tab, one) for one in payloads]
    await tab.ask("socket?.close()")
    client = ClientSeen(
        CLIENT, document=True, live=first.right, received=len(carried) + 1, begun_ms=began, opening_ms=opening_ms
    )
    asked = 1 if transport == "websocket" else len(carried) + 1
    await context.origin.wait_for(lambda: answered_requests(context) == asked)
    return tuple(carried), (client,)


async def carry(context: CellContext, tab: Tab, payload: Payload) -> PayloadSeen:
    """Let the page request one payload. Raises HarnessFaultError if the page's answer has an unexpected type."""
    before = await context.origin.meter()
    came = await tab.ask(f"carry.{context.cell.transport}({json.dumps(context.addresses.payload(payload.name))})")
    after = await context.origin.meter()
    try:
        return compared(payload, msgspec.convert(came, str | list[PageEvent]), before, after)
    except msgspec.ValidationError as error:
        what = f"the page of payloads answered with an unexpected type: {error}"
        raise HarnessFaultError(what, "this is a fault of the lab: report it") from error


def answered_requests(context: CellContext) -> int:
    """How many of the cell's requests have ended."""
    ours = {one.stream for one in context.ledger.of(ledger.StreamOpened) if one.cell == context.cell.name}
    return sum(one.stream in ours for one in context.ledger.of(ledger.StreamClosed))


def compared(payload: Payload, came: str | list[PageEvent], before: Counters, after: Counters) -> PayloadSeen:
    """Compare a payload with what the page received: `came` is a list of events, or bytes in base64."""
    content = payload.content
    if isinstance(came, str):
        got = base64.b64decode(came)
        right, events, note = got == content, 1, f"{len(got)} bytes"
        survived = len(got) if right else None
    else:
        right, events, note = came == list(payload.events), len(came), repr(came)[:SHORT]
        survived = None if content is None else surviving(content, [data for _, data, _ in came])
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
    """How many bytes of `content` the page received unchanged, as text or in base64. A replaced byte does not count, and
    neither does a CR that became LF."""
    if data == [base64.b64encode(content).decode()]:
        return len(content)
    kept = "".join(data).replace(REPLACED, "")
    return len(kept.replace("\n", "").encode()) + min(kept.count("\n"), content.count(b"\n"))
