"""Silence: two streams through a proxy, read by the plain client. One is silent after its first event, the other has an event a
second. No browser is needed: which of them the proxy cuts, and after how long, depends on none."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from lab.errors import NoAnswerError
from lab.measure.context import Addresses
from lab.measure.origin import Origin
from lab.measure.plain import read
from lab.model.cell import Cell
from lab.model.ledger import StreamClosed, StreamOpened, now_ms
from lab.model.protocols import PROTOCOLS
from lab.model.silence import Silence, SilenceSeen, StreamWatched
from lab.model.wire import IDENTITY

SILENT, TALKING = "silent", "talking"
UNBUFFERED = "X-Accel-Buffering:no"
"""A field of the streams' header: what a proxy holds back until the end can't be told from silence."""
CALM_MS, CALM_S = 200.0, 20.0
"""The streams are opened once a short one has come and gone within CALM_MS; CALM_S is the watchdog, in seconds. Many proxies
start at once, and what they take of the first second would be taken for silence."""
AGAIN_S = 0.5
"""From one short stream to the next, in seconds."""
LEARNED_S = 1.0
"""How long the origin may take to learn of an end that the client has seen, in seconds."""


async def watch_streams(cell: Cell, case: Silence, origin: Origin, addresses: Addresses) -> SilenceSeen:
    """Watch both streams for as long as the case says. Raises NoAnswerError if the machine is too busy to begin."""
    await calm(origin, addresses.drip(cell.protocol, 0, events=1, lead=0), multiplexed=PROTOCOLS[cell.protocol].multiplexed)
    began = now_ms()
    hold = round(case.seconds * 2000)  # Longer than it is watched.
    queries: dict[str, Mapping[str, str | int]] = {
        SILENT: {"events": 1, "lead": 0, "hold": hold, "fields": UNBUFFERED},
        TALKING: {"events": round(case.seconds * 2) + 2, "lead": 0, "interval": 1000, "fields": UNBUFFERED},
    }
    streams = await asyncio.gather(
        *[
            watched(cell, case, origin, name, number, addresses.drip(cell.protocol, number, **query))
            for number, (name, query) in enumerate(queries.items(), start=1)
        ]
    )
    return SilenceSeen(watched_ms=round(now_ms() - began), streams=tuple(streams))


async def calm(origin: Origin, url: str, *, multiplexed: bool) -> None:
    """Return once a stream of one event comes and goes as fast as on a machine that does nothing else."""
    until = now_ms() + CALM_S * 1000
    while (asked := now_ms()) < until:
        await read(origin, url, IDENTITY, CALM_S, multiplexed=multiplexed)
        if now_ms() - asked <= CALM_MS:
            return
        await asyncio.sleep(AGAIN_S)
    raise NoAnswerError(f"for {CALM_S:.0f} s no short stream came through the proxy within {CALM_MS:.0f} ms")


async def watched(cell: Cell, case: Silence, origin: Origin, name: str, number: int, url: str) -> StreamWatched:
    """Read one stream to its end, or for as long as the case says."""
    asked = now_ms()
    seen = await read(origin, url, IDENTITY, case.seconds, multiplexed=PROTOCOLS[cell.protocol].multiplexed)
    if seen.over_ms is None or not seen.events:
        how = "" if seen.over_ms is None else seen.error or "it ended"
        return StreamWatched(name=name, opened=bool(seen.events), how=how)
    try:
        async with asyncio.timeout(LEARNED_S):
            await origin.wait_for(lambda: ended_ms(origin, number) is not None)
    except TimeoutError:
        pass
    at_origin = ended_ms(origin, number)
    return StreamWatched(
        name=name,
        opened=True,
        ended_after_ms=round(seen.over_ms - asked),
        how=seen.error or "the server ended it, as if it were complete",
        origin_after_ms=None if at_origin is None else round(at_origin - asked),
    )


def ended_ms(origin: Origin, number: int) -> float | None:
    """When a client's stream ended at the origin (ms); None if it has not."""
    streams = {one.stream for one in origin.ledger.of(StreamOpened) if one.tab == number}
    return next((one.at_ms for one in origin.ledger.of(StreamClosed) if one.stream in streams), None)
