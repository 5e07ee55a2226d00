"""The lab's own origin in the place of the user's app, behind the user's unchanged proxy: buffering is then proven.

How it works. The origin listens on the port where the proxy expects the app, and publishes updates with the moment of each in
it. The plain client asks for them through the proxy. Both read the same clock, so what each event lost on its way is known. The
ledger says which requests came through, and as what. A first stream has the header field X-Accel-Buffering: no, as many guides
recommend; a second one does not, as most apps.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import time
from pathlib import Path
from urllib.parse import urlencode

import msgspec

from lab.errors import UsageError
from lab.measure.origin import Origin, origin
from lab.model import ledger
from lab.model.ledger import now_ms
from lab.model.probe import Finding, Severity
from lab.model.wire import BROWSER, IDENTITY
from lab.probe.address import Address, parse
from lab.probe.wire.ask import Asking, talk
from lab.probe.wire.connection import connected
from lab.probe.wire.record import Recorder
from lab.run import certs
from lab.run.resources import temporary_files
from lab.transports import sse

NAME = "behind"
DOOR = "h1-clear"
PER_SECOND = 10.0
LATE_MS = 500.0
"""An event that lost as much between the two ends was held back."""


MISDIRECTED = 421
UNKNOWN_HOST = ", as the lab's server does when the Host is neither an address nor that of the URL"


class Passage(msgspec.Struct, frozen=True, kw_only=True):
    """One stream through the proxy: the ms that each event lost between the two ends. `advised`: with X-Accel-Buffering: no.
    `reached`: its request came to the origin."""

    coding: str
    advised: bool
    status: int | None
    lost_ms: tuple[float, ...]
    content_coding: str = ""
    reached: bool = False
    error: str | None = None


async def behind(address: Address, asking: Asking, port: int, bind: str) -> tuple[Finding, ...]:
    """Findings about what stands between the plain client and `port`. Raises UsageError if the port is in use."""
    with certs.minted() as leaf, temporary_files() as folder:
        environment = {**os.environ, "TMPDIR": str(folder)}
        names = (address.host,)
        async with origin(leaf, Path(folder), host=bind, names=names, ports={DOOR: port}, environment=environment) as running:
            await running.begin(NAME, 100)
            await running.pace(PER_SECOND)
            ways = [(coding, advised) for advised in (False, True) for coding in (BROWSER, IDENTITY)]
            passages = await asyncio.gather(
                *[passage(address, asking, running, number, *way) for number, way in enumerate(ways, start=1)]
            )
    return tuple(findings(address, port, passages))


async def passage(address: Address, asking: Asking, running: Origin, number: int, coding: str, advised: bool) -> Passage:
    """Ask for one stream through the proxy, and compare the two ends."""
    query = {"cell": NAME, "tab": number} | ({} if advised else {sse.UNADVISED: 1})
    target = parse(f"{address.url.partition('?')[0].rstrip('/')}{sse.PATH}?{urlencode(query)}")
    arrived: list[tuple[float, float]] = []
    record = Recorder(target, "", coding, listener=lambda data: arrived.append((now_ms(), stamp(data))))
    try:
        async with connected(target, asking.trust) as connection:
            await talk(
                connection, record, asking.for_address(target, asking.cookies, coding), time.monotonic() + asking.watch_s
            )
    except (OSError, TimeoutError, UsageError) as error:
        record.failed(error)
    opened = [one for one in running.ledger.of(ledger.StreamOpened) if one.tab == number]
    return Passage(
        coding=coding,
        advised=advised,
        status=record.status,
        lost_ms=tuple(round(at - sent, 1) for at, sent in arrived if sent),
        content_coding=record.fields.get("content-encoding", ""),
        reached=bool(opened),
        error=record.error,
    )


def stamp(data: bytes) -> float:
    """The moment at which an update was published (ms); 0 for data that is none."""
    try:
        return float(msgspec.json.decode(data)["at_ms"])
    except (ValueError, LookupError, TypeError):
        return 0.0


def findings(address: Address, port: int, passages: list[Passage]) -> list[Finding]:
    """What the passages prove."""
    if not any(one.reached for one in passages):
        status = next((one.status for one in passages if one.status), None)
        error = next((one.error for one in passages if one.error), "no answer came")
        strange = UNKNOWN_HOST if status == MISDIRECTED else ""
        said = f"the proxy answered {status}{strange}" if status else error
        return [
            Finding(
                "behind-unreached", Severity.PROBLEM, f"No request came from {address.origin} to port {port}", said,
                "let the proxy pass on the browser's Host (nginx: proxy_set_header Host $host)" if status == MISDIRECTED else
                "check that the proxy passes this path on, and to this machine's address (--bind)",
            )
        ]  # fmt: skip
    return [of_passage(one) for one in passages if one.reached]


def of_passage(one: Passage) -> Finding:
    """What one stream proves."""
    how = f"({'as a browser asks' if one.coding == BROWSER else one.coding}{', X-Accel-Buffering: no' if one.advised else ''})"
    packed = f"; compressed on the way: {one.content_coding}" if one.content_coding else ""
    if not one.lost_ms:
        return Finding(
            "behind-swallowed", Severity.PROBLEM, f"Proven: nothing of a stream comes through the proxy {how}",
            f"the origin sent {PER_SECOND:.0f} events a second; none arrived{packed}",
            "switch buffering and compression off for text/event-stream at the proxy",
        )  # fmt: skip
    most, middle = max(one.lost_ms), statistics.median(one.lost_ms)
    evidence = (
        f"{len(one.lost_ms)} events lost {middle:.0f} ms in the middle, {most:.0f} ms at most, between the two ends{packed}"
    )
    if most >= LATE_MS:
        return Finding(
            "behind-buffered", Severity.PROBLEM, f"Proven: the proxy holds events back {how}", evidence,
            "switch buffering off for this path (nginx: proxy_buffering off), or send X-Accel-Buffering: no",
        )  # fmt: skip
    return Finding("behind-unbuffered", Severity.NOTE, f"Proven: the proxy passes each event on at once {how}", evidence, "")
