"""The plain client (lab/wire) as a reader of streams: the second witness of what a browser received, and the only one where no
browser is needed."""

from __future__ import annotations

import time
from collections.abc import Sequence
from http import HTTPStatus

import msgspec

from lab.errors import UsageError
from lab.measure.origin import Origin
from lab.model.ledger import now_ms
from lab.model.wire import BROWSER, IDENTITY
from lab.paths import AUTHORITY
from lab.wire.address import parse
from lab.wire.ask import Asking, talk
from lab.wire.connection import H1, H2, Trust, connected
from lab.wire.greet import greet
from lab.wire.record import Recorder

CODINGS = (BROWSER, IDENTITY)
"""The two codings that a stream is asked for with: what browsers accept, and nothing compressed."""


class PlainReading(msgspec.Struct, frozen=True, kw_only=True):
    """What the plain client received of one stream. Moments in ms of the monotonic clock; `events` has the moment of each event
    and its data. `over_ms` is the moment of the end, None if it had not come; `error` is why it ended, where that was no
    regular end."""

    head_ms: float | None
    events: tuple[tuple[float, bytes], ...]
    reads: int
    over_ms: float | None
    coding: str
    http: str
    error: str | None


def trust(origin: Origin) -> Trust:
    """Trust in the run's own authority."""
    return Trust(authority=str(origin.certs / AUTHORITY))


async def read(
    origin: Origin, url: str, coding: str, seconds: float, *, multiplexed: bool = False, asking: Asking | None = None
) -> PlainReading:
    """Read a stream for as long as it lasts, `seconds` at most; `asking` says with which fields, and whom to trust."""
    address, events = parse(url), list[tuple[float, bytes]]()
    record = Recorder(address, "", coding, listener=lambda data: events.append((now_ms(), data)))
    asking = asking or Asking(own=address.origin, accept="text/event-stream", trust=trust(origin))
    offered: Sequence[str] = (H2, H1) if multiplexed else (H1,)
    began, over = now_ms(), None
    try:
        async with connected(address, asking.trust, tuple(offered)) as connection:
            until = time.monotonic() + seconds
            await talk(connection, record, asking.for_address(address, asking.cookies, coding), until)
            over = now_ms() if time.monotonic() < until else None
    except (OSError, TimeoutError, UsageError) as error:
        record.failed(error)
        over = now_ms()
    return PlainReading(
        head_ms=None if record.head_ms is None else began + record.head_ms,
        events=tuple(events),
        reads=len(record.reads),
        over_ms=over,
        coding=record.fields.get("content-encoding", ""),
        http=record.http,
        error=record.error or (None if record.status in (None, HTTPStatus.OK) else f"status {record.status}"),
    )


async def settings_of(origin: Origin, url: str) -> dict[str, int] | None:
    """The SETTINGS that a server announces over HTTP/2; None if it does not speak it, or can't be reached."""
    seen = await greet(parse(url), trust(origin))
    return next((each.settings for each in seen.exchanges), None) if seen else None
