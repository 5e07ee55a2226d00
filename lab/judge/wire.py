"""Findings about the wire: what is notable in what a plain client saw of a URL. Pure: one function a topic, one line a finding.

What it may not know: browsers. That a protocol has few connections is measured elsewhere; here stands only what was negotiated.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from http import HTTPStatus
from itertools import pairwise
from math import floor

from lab.model.probe import Finding, Severity
from lab.model.wire import BROWSER, FIRST_ERROR, IDENTITY, Exchange, WireSeen
from lab.text import counted, listed, one_line

HELD_BACK_MS = 500.0
"""A difference in time that is called a delay: far above what a network adds on the way, and below what people notice."""

BURST = 3
"""This many events in one read, after at least HELD_BACK_MS without one, are called a burst."""

IDLE_CUTS = (("Heroku", 55), ("nginx (proxy_read_timeout)", 60), ("AWS ALB", 60), ("Cloudflare", 100))
"""Proxies that end a silent response by default, and after how many seconds (their documentation)."""

RECOMMENDED_STREAMS = 100
"""RFC 9113, section 6.5.2: MAX_CONCURRENT_STREAMS should be no smaller."""

HTTP_ERRORS = {401: "a login is needed: --storage-state or --header", 403: "access is denied: --storage-state or --header"}


def findings(seen: WireSeen) -> tuple[Finding, ...]:
    """Every finding about one URL, the worst first."""
    found = [one for topic in TOPICS for one in topic(seen)]
    where = f"{seen.name}: " if seen.name else ""
    if where:
        found = [Finding(one.id, one.severity, f"{where}{one.what}", one.evidence, one.fix) for one in found]
    return tuple(sorted(found, key=lambda one: list(Severity).index(one.severity)))


def transport(seen: WireSeen) -> Iterator[Finding]:
    """TLS, ALPN and the certificate."""
    if seen.certificate:
        yield Finding(
            "certificate", Severity.PROBLEM, "The certificate is not trusted", seen.certificate,
            "issue one for this name from a trusted authority; for a test on this machine --insecure is enough",
        )  # fmt: skip
    if seen.tls is None:
        yield Finding(
            "no-tls", Severity.RISK, "Without TLS browsers speak HTTP/1.1 only, so each open stream takes a connection",
            "plain http://", "serve it over TLS with HTTP/2, or keep one stream for all tabs (SharedWorker)",
        )  # fmt: skip
    elif seen.alpn != "h2":
        yield Finding(
            "no-h2", Severity.RISK, "TLS, but not HTTP/2: each open stream takes a connection",
            f"offered h2 and http/1.1, the server chose {seen.alpn or 'nothing'}",
            "switch HTTP/2 on at the hop that ends TLS (nginx: http2 on; Node: http2.createSecureServer)",
        )  # fmt: skip


def versions(seen: WireSeen) -> Iterator[Finding]:
    """HTTP/1.0, and HTTP/3 that is announced."""
    if any(one.http == "1.0" for one in seen.exchanges):
        yield Finding(
            "http10", Severity.RISK, "The server answers with HTTP/1.0, so no connection is used twice",
            "the status line says HTTP/1.0", "use a server that speaks HTTP/1.1 or HTTP/2",
        )  # fmt: skip
    first = answered(seen)
    if first and "h3" in (services := first.fields.get("alt-svc", "")):
        yield Finding(
            "alt-svc", Severity.NOTE, "HTTP/3 is announced: browsers may switch to it, and this part did not ask over it",
            f"alt-svc: {services}", "",
        )  # fmt: skip


def settings(seen: WireSeen) -> Iterator[Finding]:
    """The SETTINGS of HTTP/2."""
    for one in seen.exchanges:
        if one.protocol != "h2" or one.coding != BROWSER or one.status is None:
            continue
        streams = one.settings.get("MAX_CONCURRENT_STREAMS")
        if streams is None:
            yield Finding("streams", Severity.NOTE, "HTTP/2 without a limit on streams", "MAX_CONCURRENT_STREAMS not sent", "")
        else:
            few = streams < RECOMMENDED_STREAMS
            yield Finding(
                "few-streams" if few else "streams", Severity.RISK if few else Severity.NOTE,
                f"HTTP/2 with {counted(streams, 'stream')} on a connection, for all tabs together",
                f"SETTINGS_MAX_CONCURRENT_STREAMS = {streams}",
                f"raise it to {RECOMMENDED_STREAMS} at least (RFC 9113, section 6.5.2)" if few else "",
            )  # fmt: skip
        if not one.settings.get("ENABLE_CONNECT_PROTOCOL"):
            yield Finding(
                "no-connect", Severity.NOTE, "WebSockets get connections of their own over HTTP/1.1",
                "SETTINGS_ENABLE_CONNECT_PROTOCOL was not sent (RFC 8441)", "",
            )  # fmt: skip


def answers(seen: WireSeen) -> Iterator[Finding]:
    """Who answers, with which status."""
    refused = [one for one in seen.exchanges if only_h2(seen, one)]
    if refused:
        yield Finding(
            "only-h2", Severity.NOTE, "The server refuses clients that speak HTTP/1.1 only", refused[0].error or "", ""
        )
    for one in seen.exchanges:
        if one in refused:
            continue
        if one.error:
            yield Finding("failed", Severity.PROBLEM, f"A request {way(one)} failed", one.error, "see the server's log")
        elif one.cut:
            yield Finding("endless", Severity.RISK, f"The answer {way(one)} has no end", one.cut, "")
    first = answered(seen)
    if first is None:
        if not any(one.error for one in seen.exchanges):
            yield Finding(
                "no-answer", Severity.PROBLEM, "No header came while it was watched",
                f"{longest(seen) / 1000:.1f} s without a header", "send the header at once, before the first event is there",
            )  # fmt: skip
        return
    if first.status is not None and first.status >= FIRST_ERROR:
        yield Finding(
            "status", Severity.PROBLEM, f"The server answers {first.status}", way(first)[1:-1],
            HTTP_ERRORS.get(first.status, "see the server's log"),
        )  # fmt: skip
    who = [f"{name}: {first.fields[name]}" for name in ("server", "via", "x-cache") if name in first.fields]
    if who:
        yield Finding("answers", Severity.NOTE, "Who answers", "; ".join(who), "")
    if seen.redirects:
        steps = " → ".join(f"{one.status} {one.to}" for one in seen.redirects)
        yield Finding("redirect", Severity.NOTE, f"The URL redirects {counted(len(seen.redirects), 'time')}", steps, "")


def only_h2(seen: WireSeen, one: Exchange) -> bool:
    """Whether a server that answers over HTTP/2 did not even let this one connect that offered only HTTP/1.1."""
    return (
        one.protocol == "h1"
        and one.error is not None
        and one.connected_ms is None
        and any(each.protocol == "h2" and each.status is not None for each in seen.exchanges)
    )


def timing(seen: WireSeen) -> Iterator[Finding]:
    """Of a stream: when header and events come, and what is held back."""
    streams = [one for one in seen.exchanges if one.is_stream]
    late = [one for one in streams if one.head_ms is not None and headed_with_body(one)]
    if late and len(late) == len(streams):
        one = late[0]
        yield Finding(
            "late-header", Severity.PROBLEM, "No header comes before the first event: the page can't tell that it is connected",
            f"the header came {one.head_ms:.0f} ms after the request, in the same moment as the first bytes of the body",
            "flush the header at once (a comment line as the first bytes does it)",
        )  # fmt: skip
    for one in streams:
        if bursts := burst(one):
            yield Finding(
                "bursts", Severity.PROBLEM, f"Events come in bursts {way(one)}: something holds them back", bursts,
                "switch buffering off at the proxy (nginx: proxy_buffering off, or X-Accel-Buffering: no)",
            )  # fmt: skip
    yield from compared(seen)
    yield from silences(streams)


def headed_with_body(one: Exchange) -> bool:
    """Whether the header waited for the first bytes of the body."""
    waited = (one.head_ms or 0.0) - (one.connected_ms or 0.0)
    return waited >= HELD_BACK_MS and bool(one.reads) and one.reads[0].at_ms - (one.head_ms or 0.0) < 5


def burst(one: Exchange) -> str:
    """The evidence for events that come in bursts; empty if they don't."""
    found, before = [], one.connected_ms or 0.0
    for read in one.reads[1:]:
        if (read.events or 0) >= BURST and read.at_ms - before >= HELD_BACK_MS:
            found.append(read)
        before = read.at_ms
    if not found:
        return ""
    most = max(found, key=lambda read: read.events or 0)
    held = sum(read.size for read in found)
    return (
        f"{counted(len(found), 'read')} after silence brought up to {most.events} events at once; "
        f"{held} bytes had been held back"
    )


def compared(seen: WireSeen) -> Iterator[Finding]:
    """The two codings of one protocol, side by side."""
    for protocol in dict.fromkeys(one.protocol for one in seen.exchanges):
        pair = {one.coding: one for one in seen.exchanges if one.protocol == protocol}
        packed, plain = pair.get(BROWSER), pair.get(IDENTITY)
        if packed is None or plain is None or not (plain.is_stream or packed.is_stream):
            continue
        coding = packed.fields.get("content-encoding", "")
        if coding in ("", "identity"):
            continue
        first, other = first_body(packed), first_body(plain)
        if other is not None and (first is None or first - other >= HELD_BACK_MS):
            came = f"came after {first:.0f} ms" if first is not None else f"had not come after {packed.watched_ms:.0f} ms"
            yield Finding(
                "compressed-late", Severity.PROBLEM, f"Compression ({coding}) holds the events back {way(packed)}",
                f"the first bytes {came}; with Accept-Encoding: identity after {other:.0f} ms",
                "don't compress text/event-stream, or flush the compressor after each event",
            )  # fmt: skip
        else:
            yield Finding(
                "compressed", Severity.NOTE, f"The stream is compressed ({coding}), and flushed {way(packed)}",
                f"first bytes after {first or 0:.0f} ms", "",
            )  # fmt: skip


def first_body(one: Exchange) -> float | None:
    """When the first events came, or the first bytes of a body that can't be decoded; None if none did."""
    return next((read.at_ms for read in one.reads if read.events is None or read.events), None)


def silences(streams: Sequence[Exchange]) -> Iterator[Finding]:
    """How long a stream is silent, against what proxies allow; and whether it has heartbeats."""
    for one in streams:
        if one.coding != IDENTITY or not one.open:
            continue
        moments = [one.head_ms or one.connected_ms or 0.0, *(read.at_ms for read in one.reads), one.watched_ms]
        longest_s = max(after - before for before, after in pairwise(moments)) / 1000
        ended = not one.reads or one.watched_ms - one.reads[-1].at_ms >= longest_s * 1000 - 1
        cuts = listed([f"{name} {seconds} s" for name, seconds in IDLE_CUTS])
        if one.stream and one.stream.comments:
            yield Finding(
                "heartbeat", Severity.NOTE, f"The stream has heartbeats {way(one)}",
                f"{counted(one.stream.comments, 'comment')} in {one.watched_ms / 1000:.1f} s", "",
            )  # fmt: skip
        elif ended and longest_s >= 0.6 * one.watched_ms / 1000:
            yield Finding(
                "silent", Severity.RISK,
                f"The stream was silent for at least {floor(longest_s * 10) / 10:g} s {way(one)}, as far as it was watched",
                f"watched for {one.watched_ms / 1000:.0f} s; proxies end silent streams by default: {cuts}",
                "send a comment line (`: ping`) every 15 s; --watch SECONDS looks longer",
            )  # fmt: skip
        return


def stream_fields(seen: WireSeen) -> Iterator[Finding]:
    """Of a stream: reconnection, caching, CORS."""
    one = next((each for each in seen.exchanges if each.is_stream and each.coding == IDENTITY), None)
    if one is None or one.stream is None:
        yield from mistyped(seen)
        return
    control, counted_events = one.fields.get("cache-control", ""), one.stream
    if not any(word in control for word in ("no-store", "no-cache")):
        yield Finding(
            "cacheable", Severity.RISK, "The stream may be cached: a second tab with the same URL can wait for the first",
            f"cache-control: {control or 'not sent'}", "send Cache-Control: no-store",
        )  # fmt: skip
    if counted_events.events and not counted_events.ids:
        yield Finding(
            "no-ids", Severity.NOTE, "Events have no id, so what is sent during a reconnection is lost",
            f"{counted(counted_events.events, 'event')}, none with an id", "send id: with each event, and read Last-Event-ID",
        )  # fmt: skip
    if counted_events.resumed == "started over":
        yield Finding(
            "resume", Severity.RISK, "Last-Event-ID is ignored: the stream starts over",
            "asked again with the first id, it sent that event again", "continue after Last-Event-ID",
        )  # fmt: skip
    elif counted_events.resumed == "honoured":
        yield Finding("resume", Severity.NOTE, "Last-Event-ID is honoured", "the event after it came first", "")
    if counted_events.retry_ms is not None:
        yield Finding(
            "retry", Severity.NOTE, f"Browsers reconnect after {counted_events.retry_ms} ms", "retry: in the stream", ""
        )
    allowed = one.fields.get("access-control-allow-origin")
    if allowed == "*" and one.fields.get("access-control-allow-credentials") == "true":
        yield Finding(
            "cors", Severity.PROBLEM, "Browsers refuse this stream to pages of other origins that send cookies",
            "access-control-allow-origin: * with access-control-allow-credentials: true", "name the origin instead of *",
        )  # fmt: skip
    elif allowed:
        yield Finding("cors", Severity.NOTE, "Pages of other origins may read the stream", f"allowed: {allowed}", "")
    yield from hop_fields(seen)


def mistyped(seen: WireSeen) -> Iterator[Finding]:
    """An answer that stays open and is no event stream."""
    one = next((each for each in seen.exchanges if each.open and each.status == HTTPStatus.OK), None)
    if one is not None:
        yield Finding(
            "open", Severity.NOTE, "The answer stays open, and is no event stream",
            f"content-type: {one.content_type or 'not sent'}; {one.size} bytes in {one.watched_ms / 1000:.1f} s",
            "an EventSource needs text/event-stream",
        )  # fmt: skip


def hop_fields(seen: WireSeen) -> Iterator[Finding]:
    """Header fields that HTTP/2 forbids (RFC 9113, section 8.2.2)."""
    for one in seen.exchanges:
        wrong = [name for name in ("connection", "transfer-encoding") if one.protocol == "h2" and name in one.fields]
        if wrong and one.coding == BROWSER:
            yield Finding(
                "hop-fields", Severity.PROBLEM, "The answer over HTTP/2 has fields that HTTP/2 forbids", ", ".join(wrong),
                "don't send them over HTTP/2: some browsers drop the stream",
            )  # fmt: skip


TOPICS: Sequence[Callable[[WireSeen], Iterator[Finding]]] = (transport, versions, settings, answers, timing, stream_fields)


def answered(seen: WireSeen) -> Exchange | None:
    """The first exchange that has a header, preferably the browser's own."""
    first = seen.first()
    if first is not None and first.status is not None:
        return first
    return next((one for one in seen.exchanges if one.status is not None), None)


def longest(seen: WireSeen) -> float:
    """For how long the URL was watched, in ms."""
    return max((one.watched_ms for one in seen.exchanges), default=0.0)


def way(one: Exchange) -> str:
    """How an exchange was made, in words: `(h2, identity)`."""
    return one_line(f"({one.protocol}, {'as a browser asks' if one.coding == BROWSER else one.coding})")


def changed_between(hops: Sequence[WireSeen]) -> Finding | None:
    """The first hop, from the browser's side, whose answer differs from that of the next one; None if all answer alike."""
    for outer, inner in pairwise(hops):
        if differences := [words for name, words in compare(outer, inner) if name]:
            return Finding(
                "hop", Severity.PROBLEM, f"The answer changes at {outer.name}, in front of {inner.name}",
                "; ".join(differences), f"look into the configuration of {outer.name}",
            )  # fmt: skip
    return None


def compare(outer: WireSeen, inner: WireSeen) -> Iterator[tuple[str, str]]:
    """In what the answers of two hops differ, each with a name."""
    for name, of in ASPECTS.items():
        here, there = of(outer), of(inner)
        if here != there:
            yield name, f"{name}: {here} at {outer.name}, {there} at {inner.name}"
    slow, fast = first_event(outer), first_event(inner)
    if fast is not None and (slow is None or slow - fast >= HELD_BACK_MS):
        late = f"{slow:.0f} ms" if slow is not None else "not at all"
        yield "first event", f"first event: {late} at {outer.name}, {fast:.0f} ms at {inner.name}"


def first_event(seen: WireSeen) -> float | None:
    """When the first bytes of the body came, asked as a browser asks (ms); None if none did."""
    one = seen.first()
    return first_body(one) if one and one.is_stream else None


ASPECTS: dict[str, Callable[[WireSeen], str]] = {
    "protocol": lambda seen: {"h2": "HTTP/2"}.get(seen.protocol, "HTTP/1.1"),
    "status": lambda seen: str(one.status) if (one := answered(seen)) else "none",
    "content type": lambda seen: one.content_type or "none" if (one := answered(seen)) else "none",
    "compression": lambda seen: one.fields.get("content-encoding", "none") if (one := answered(seen)) else "none",
}
"""What is compared from hop to hop."""
