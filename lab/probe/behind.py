"""The lab's own origin in the place of the user's app, behind the user's unchanged proxy: buffering is then proven, with its
cause.

How it works. The origin listens on the port where the proxy expects the app. The plain client reads the same short stream as
the scenario `buffering` does, in every way at once: over HTTP/1.1 and HTTP/2 where the proxy offers both; as a browser asks and
with `identity`; with the header field X-Accel-Buffering: no, as many guides recommend, and without it, as most apps. And once
without the proxy: what is late there too is this machine's doing. What holds events back in one way and not in another is their
cause. Two more streams are watched for as long as `--watch` says, one silent, one with an event a second: does the proxy cut
them?
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable, Sequence
from itertools import product
from pathlib import Path
from urllib.parse import urlencode

import msgspec

from lab.judge.buffering import PASSED, TO_THE_END, answer_of, in_words, too_late_directly
from lab.measure.buffering import EVENTS, INTERVAL_MS, LEAD_MS, stamp
from lab.measure.origin import Origin, origin
from lab.measure.plain import PlainReading, read
from lab.model import ledger
from lab.model.buffering import BufferingSeen, Reading
from lab.model.ledger import now_ms
from lab.model.probe import Finding, Severity
from lab.model.wire import BROWSER, IDENTITY
from lab.run import certs
from lab.run.resources import temporary_files
from lab.wire.address import Address
from lab.wire.ask import Asking
from lab.wire.connection import H2
from lab.wire.greet import greet

NAME = "behind"
DOOR = "h1-clear"
ADVICE = "X-Accel-Buffering:no"
SECOND_MS, LONGER_MS = 1000, 60_000
"""The time between events of the stream that is not silent; how much longer than it is watched the silent one stays open, in
ms."""
TRIES, MOST_STREAMS = 3, 29
"""How often the stream is read, while it is late without the proxy too; how many streams that is at most."""
MORE_S = 1.0
"""How long after its end a stream may arrive, in seconds, at least."""

MISDIRECTED = 421
UNKNOWN_HOST = ", as the lab's server does when the Host is neither an address nor that of the URL"


class Passage(msgspec.Struct, frozen=True, kw_only=True):
    """One stream through the proxy. `multiplexed`: over HTTP/2. `advised`: with X-Accel-Buffering: no. `http`: the version of
    the request that came to the origin, empty if none did. `answer`: one of lab/judge/buffering.py."""

    multiplexed: bool
    coding: str
    advised: bool
    http: str
    reading: Reading
    answer: str

    @property
    def way(self) -> str:
        """How it was asked for, in words."""
        words = [over(self.multiplexed), "as a browser asks" if self.coding == BROWSER else self.coding]
        return ", ".join([*words, *(["X-Accel-Buffering: no"] if self.advised else [])])

    @property
    def held(self) -> bool:
        return self.answer not in PASSED and not self.unread

    @property
    def unread(self) -> bool:
        """Whether its events came in a coding that can't be decoded here."""
        return bool(self.reading.coding) and not self.reading.late_ms


def over(multiplexed: bool) -> str:
    """The protocol in words."""
    return "HTTP/2" if multiplexed else "HTTP/1.1"


async def behind(address: Address, asking: Asking, port: int, bind: str) -> tuple[Finding, ...]:
    """Findings about what stands between the plain client and `port`. Raises UsageError if the port is in use."""
    with certs.minted() as leaf, temporary_files() as folder:
        environment = {**os.environ, "TMPDIR": str(folder)}
        names = (address.host,)
        async with origin(leaf, Path(folder), host=bind, names=names, ports={DOOR: port}, environment=environment) as running:
            await running.begin(NAME, 100)
            return await through(address, asking, running, port)


async def through(address: Address, asking: Asking, running: Origin, port: int, first: int = 1) -> tuple[Finding, ...]:
    """Findings about what stands between the plain client and an origin at `port`. The streams are numbered from `first`, up to
    MOST_STREAMS of them."""
    lasting = asyncio.gather(*[last(address, asking, running, first + place, SECOND_MS * place) for place in range(2)])
    both = [True, False] if await speaks_h2(address, asking) else [False]
    ways = list(product(both, (BROWSER, IDENTITY), (False, True)))
    number, busy = first + 2, None
    for _ in range(TRIES):
        passages, drip = await asked(address, asking, running, ways, number)
        busy = too_late_directly(drip)
        if busy is None or not any(one.http for one in passages):
            break
        number += len(ways) + 1
    cut = lifetimes(await lasting, asking)
    if not any(one.http for one in passages):
        return (unreached(address, port, passages),)
    if busy is not None:
        return (Finding("behind-unsure", Severity.NOTE, "Whether the proxy holds events back could not be told", busy), *cut)
    return (*findings(passages, drip), *cut)


async def asked(
    address: Address, asking: Asking, running: Origin, ways: Sequence[tuple[bool, str, bool]], first: int
) -> tuple[list[Passage], BufferingSeen]:
    """The stream, read in every way at once; and what was received without the proxy."""
    direct = read(running, running.url(DOOR, target(first + len(ways), advised=False)), IDENTITY, seconds(asking))
    *readings, alone = await asyncio.gather(
        *[passage(address, asking, running, number, *way) for number, way in enumerate(ways, start=first)], direct
    )
    noise = reading("direct", alone)
    drip = BufferingSeen(lead_ms=LEAD_MS, interval_ms=INTERVAL_MS, events=EVENTS, readings=(noise,))
    seen = enumerate(zip(ways, readings, strict=True), start=first)
    return [judged(running, number, way, one, drip) for number, (way, one) in seen], drip


async def last(address: Address, asking: Asking, running: Origin, number: int, interval_ms: int) -> float | None:
    """Read a stream that does not end, with an event each `interval_ms` (0: only one), until the proxy cuts it, or for as long
    as is watched. After how many seconds it was cut; None if it was not."""
    many, hold = (10_000, 0) if interval_ms else (1, round(seconds(asking) * 1000) + LONGER_MS)
    query = {"cell": NAME, "tab": number, "events": many, "interval": interval_ms, "lead": 0, "hold": hold, "fields": ADVICE}
    url, began = f"{base(address)}/drip?{urlencode(query)}", now_ms()
    seen = await read(running, url, IDENTITY, seconds(asking), asking=asking)
    return None if seen.over_ms is None or not seen.events else (seen.over_ms - began) / 1000


def lifetimes(lasting: Sequence[float | None], asking: Asking) -> list[Finding]:
    """Whether the proxy cut the silent stream, and the one on which events came."""
    silent, talking = lasting
    evidence = f"a silent stream and one with an event a second were watched for {seconds(asking):.0f} s"
    if talking is not None:
        title = f"Proven: the proxy cuts a stream after {talking:.1f} s, even while events come"
        fix = "switch off the proxy's limit on a whole request (Envoy: timeout 0s in the route)"
        return [Finding("behind-cut", Severity.PROBLEM, title, evidence, fix)]
    if silent is not None:
        title = f"Proven: the proxy cuts a stream after {silent:.1f} s of silence"
        fix = "send a comment line (`: ping`) more often, or raise it (nginx: proxy_read_timeout, Apache: ProxyTimeout)"
        return [Finding("behind-cut", Severity.PROBLEM, title, evidence, fix)]
    return [Finding("behind-uncut", Severity.NOTE, "The proxy cut no stream; --watch SECONDS looks longer", evidence)]


def seconds(asking: Asking) -> float:
    """How long a stream is awaited, in seconds."""
    return max(asking.watch_s, (LEAD_MS + EVENTS * INTERVAL_MS) / 1000 + MORE_S)


async def speaks_h2(address: Address, asking: Asking) -> bool:
    """Whether the proxy chooses HTTP/2 where it is offered."""
    seen = await greet(address, asking.trust) if address.tls else None
    return seen is not None and seen.alpn == H2


def base(address: Address) -> str:
    """The URL that paths are appended to."""
    return address.url.partition("?")[0].rstrip("/")


def target(number: int, *, advised: bool) -> str:
    """Path and query of the stream."""
    query = {"cell": NAME, "tab": number, "events": EVENTS, "interval": INTERVAL_MS, "lead": LEAD_MS}
    return f"/drip?{urlencode(query | ({'fields': ADVICE} if advised else {}))}"


async def passage(
    address: Address, asking: Asking, running: Origin, number: int, multiplexed: bool, coding: str, advised: bool
) -> PlainReading:
    """Read one stream through the proxy."""
    url = f"{base(address)}{target(number, advised=advised)}"
    return await read(running, url, coding, seconds(asking), multiplexed=multiplexed, asking=asking)


def reading(name: str, seen: PlainReading) -> Reading:
    """The plain client's reading, with how late each event was."""
    try:
        late = tuple(round(at - stamp(data), 1) for at, data in seen.events)
    except (msgspec.DecodeError, KeyError, TypeError, ValueError):
        return Reading(reader=name, error="another server answered, with events of its own")
    return Reading(reader=name, late_ms=late, coding=seen.coding, http=seen.http, reads=seen.reads, error=seen.error)


def judged(running: Origin, number: int, way: tuple[bool, str, bool], seen: PlainReading, drip: BufferingSeen) -> Passage:
    """One stream with what became of it."""
    opened = [one for one in running.ledger.of(ledger.StreamOpened) if one.tab == number]
    one = reading("plain", seen)
    if opened and seen.head_ms is not None:
        one = msgspec.structs.replace(one, head_ms=round(seen.head_ms - opened[0].at_ms, 1))
    multiplexed, coding, advised = way
    http = opened[0].http if opened else ""
    return Passage(multiplexed=multiplexed, coding=coding, advised=advised, http=http, reading=one, answer=answer_of(one, drip))


def findings(passages: Sequence[Passage], drip: BufferingSeen) -> list[Finding]:
    """What the passages prove."""
    came = [one for one in passages if one.http]
    found = [of_passage(one, drip) for one in passages if one.http]
    held = [one for one in came if one.held]
    return [*found, *(causes(came) if held else []), *late_heads(came)]


def unreached(address: Address, port: int, passages: Sequence[Passage]) -> Finding:
    """The finding that no request came through."""
    errors = [one.reading.error for one in passages if one.reading.error]
    said = errors[0] if errors else "no answer came"
    said = f"the proxy answered {said}" if said.startswith("status") else said
    title = f"No request came from {address.origin} to port {port}"
    if f"status {MISDIRECTED}" in said:
        fix = "let the proxy pass on the browser's Host (nginx: proxy_set_header Host $host)"
        return Finding("behind-unreached", Severity.PROBLEM, title, said + UNKNOWN_HOST, fix)
    fix = "check that the proxy passes this path on, and to this machine's address (--bind)"
    return Finding("behind-unreached", Severity.PROBLEM, title, said, fix)


def of_passage(one: Passage, drip: BufferingSeen) -> Finding:
    """What one stream proves."""
    evidence = in_words(one.reading, drip).rstrip(".")
    if one.reading.coding and not one.reading.late_ms:
        return Finding("behind-compressed", Severity.NOTE, f"Compressed on the way ({one.way})", evidence, "")
    if not one.reading.late_ms:
        return Finding(
            "behind-swallowed", Severity.PROBLEM, f"Proven: nothing of a stream comes through the proxy ({one.way})", evidence,
            "switch buffering and compression off for text/event-stream at the proxy",
        )  # fmt: skip
    if one.held:
        what = "holds all events back to the end" if one.answer == TO_THE_END else "holds events back"
        return Finding("behind-buffered", Severity.PROBLEM, f"Proven: the proxy {what} ({one.way})", evidence, "see the cause")
    title = f"Proven: the proxy passes each event on at once ({one.way})"
    return Finding("behind-unbuffered", Severity.NOTE, title, evidence, "")


def causes(came: Iterable[Passage]) -> list[Finding]:
    """What holds the events back; for each protocol, if it holds them back in other ways over one than over the other."""
    known = [one for one in came if one.reading.late_ms or not one.reading.coding]  # What can't be decoded says nothing.
    ways = {
        multiplexed: {(one.coding, one.advised) for one in known if one.held and one.multiplexed == multiplexed}
        for multiplexed in (True, False)
    }
    if all(ways.values()) and ways[True] != ways[False]:
        return [cause([one for one in known if one.multiplexed == multiplexed], both=True) for multiplexed in ways]
    return [cause(known, both=len({one.multiplexed for one in known}) > 1)]


def cause(known: Sequence[Passage], *, both: bool) -> Finding:
    """The cause is what the ways in which events are held have in common, and those in which they are not lack. `both`: the
    proxy was asked over both protocols."""
    held, passed = [one for one in known if one.held], [one for one in known if not one.held]
    told = "; ".join(f"held: {one.way}" for one in held) + "".join(f"; at once: {one.way}" for one in passed)

    def only(test: str, value: object) -> bool:
        return all(getattr(one, test) == value for one in held) and any(getattr(one, test) != value for one in passed)

    protocols = {one.multiplexed for one in held}
    where = f" over {over(*protocols)}" if both and len(protocols) == 1 else ""
    if only("coding", BROWSER) and all(one.reading.coding for one in held):
        name, title = "compression", f"The cause is compression at the proxy{where}: it waits for more to compress"
        fix = "take text/event-stream out of what the proxy compresses (nginx: gzip_types)"
    elif only("advised", False):
        name, title = (
            "buffering",
            f"The cause is the proxy's buffering of responses{where}; X-Accel-Buffering: no switches it off",
        )
        fix = "let the app send X-Accel-Buffering: no, or switch it off at the proxy (nginx: proxy_buffering off)"
        if any(one.http == "1.0" for one in held):
            told += "; it speaks HTTP/1.0 to the app (nginx before 1.29.7, or proxy_http_version 1.0)"
    elif only("multiplexed", False):
        name, title = "http1", "The cause is what the proxy does over HTTP/1.1, and not over HTTP/2"
        fix = "let it send each event at once (HAProxy: option http-no-delay), or let browsers use HTTP/2"
    else:
        name, title = "proxy", "The cause is the proxy" + (", in whatever way it is asked" if not passed else where)
        fix = "let it flush each event (Apache: flushpackets=on; Traefik: flushInterval; Caddy: flush_interval -1)"
    return Finding(f"behind-cause-{name}", Severity.PROBLEM, title, told, fix)


def late_heads(came: Sequence[Passage]) -> list[Finding]:
    """The finding that headers come with the first event only, where events are not held."""
    late = [one for one in came if not one.held and (one.reading.head_ms or 0.0) > LEAD_MS / 2]
    if not late:
        return []
    title, ways = "The proxy keeps the header until the first event", "; ".join(one.way for one in late)
    fix = "let the app send a comment as soon as the stream is open"
    return [Finding("behind-late-header", Severity.NOTE, title, ways, fix)]
