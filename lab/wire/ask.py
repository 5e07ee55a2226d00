"""Asks one URL: redirects first, then each protocol that is offered with each coding, side by side.

How it works. The first request follows redirects (with the cookies that they set), and shows which protocols the server offers.
Then up to four exchanges run at once: over HTTP/1.1 and HTTP/2 where both are offered, with a browser's Accept-Encoding and
with `identity`. An answer that stays open is watched for `watch_s`. If its events have ids, one more request sends the first of
them as Last-Event-ID.

What is still ugly: br and zstd can't be decoded here, so the events of such a stream are not counted; its reads are.
"""

from __future__ import annotations

import asyncio
import os
import ssl
import time
from collections.abc import Coroutine, Mapping, Sequence
from http.cookies import CookieError, SimpleCookie
from typing import Any

import msgspec

from lab.errors import UsageError
from lab.model.wire import BROWSER, IDENTITY, Exchange, Redirect, WireSeen
from lab.tasks import cancel_and_wait, wait_first
from lab.wire import http1, http2
from lab.wire.address import Address, parse
from lab.wire.connection import H1, H2, Connection, Trust, connected
from lab.wire.record import Recorder

WATCH_S = 8.0
"""How long an answer that stays open is watched."""

LOOK_S = 3.0
"""How long the header of the first answer is awaited, and of each redirect."""

MOST_REDIRECTS = 10

CODINGS = {BROWSER: "gzip, deflate, br, zstd", IDENTITY: "identity"}
ACCEPT = "text/html,application/xhtml+xml,text/event-stream,*/*;q=0.8"
AGENT = "seventh-tab (probe)"
REDIRECTS = (301, 302, 303, 307, 308)

Fields = tuple[tuple[str, str], ...]


class Cookie(msgspec.Struct, frozen=True):
    """One cookie. `domain` without a leading dot; `exact`: not for subdomains."""

    name: str
    value: str
    domain: str
    path: str = "/"
    secure: bool = False
    exact: bool = True

    def fits(self, address: Address) -> bool:
        host = address.host == self.domain or (not self.exact and address.host.endswith(f".{self.domain}"))
        path = address.target.partition("?")[0]
        within = path == self.path or path.startswith(self.path if self.path.endswith("/") else f"{self.path}/")
        return host and within and (address.tls or not self.secure)


class Asking(msgspec.Struct, frozen=True, kw_only=True):
    """How to ask: the user's header fields (for the origin `own` only) and cookies, how certificates are checked, how long an
    open answer is watched, and which media types are accepted."""

    own: str
    fields: Fields = ()
    cookies: tuple[Cookie, ...] = ()
    trust: Trust = Trust()
    watch_s: float = WATCH_S
    accept: str = ACCEPT

    def for_address(self, address: Address, cookies: Sequence[Cookie], coding: str, last_id: str | None = None) -> Fields:
        """The fields of a request."""
        pairs = [f"{one.name}={one.value}" for one in cookies if one.fits(address)]
        named = {name.lower() for name, _ in self.fields} if address.origin == self.own else set()
        usual = {"Accept": self.accept, "Accept-Encoding": CODINGS[coding], "User-Agent": AGENT, "Cache-Control": "no-cache"}
        fields = [(name, value) for name, value in usual.items() if name.lower() not in named]
        fields += [("Cookie", "; ".join(pairs))] if pairs and "cookie" not in named else []
        fields += [("Last-Event-ID", last_id)] if last_id is not None else []
        return (*fields, *(self.fields if address.origin == self.own else ()))


class Reached(msgspec.Struct, frozen=True, kw_only=True):
    """Where the redirects led, and what the first connection there negotiated."""

    address: Address
    redirects: tuple[Redirect, ...]
    cookies: tuple[Cookie, ...]
    alpn: str | None
    tls: str | None
    names: tuple[str, ...]
    certificate: str | None


async def ask(address: Address, asking: Asking, name: str = "") -> WireSeen:
    """What a plain client sees of a URL, in `asking.watch_s` and some seconds more. Raises UsageError, in one line, if nothing
    there speaks HTTP, or TLS fails."""
    try:
        reached = await reach(address, asking)
        exchanges = await asyncio.gather(*[exchange(reached, asking, *one) for one in variants(reached)])
    except TimeoutError as error:
        raise unreachable(address, "did not answer in time") from error
    except ssl.SSLError as error:
        raise unreachable(address, f"does not speak TLS with this client: {reason(error)}") from error
    except OSError as error:
        raise unreachable(address, f"can't be reached: {os_reason(error)}") from error
    return WireSeen(
        url=str(reached.address),
        name=name,
        alpn=reached.alpn,
        tls=reached.tls,
        certificate=reached.certificate,
        names=reached.names,
        redirects=reached.redirects,
        exchanges=tuple(exchanges),
    )


def unreachable(address: Address, what: str) -> UsageError:
    """The error for an address where nothing useful answers."""
    return UsageError(f"{address.origin} {what}", "start the app, or correct the URL")


def os_reason(error: OSError) -> str:
    """The system's words for an error: `Connection refused`."""
    return os.strerror(error.errno) if error.errno else str(error)


def reason(error: ssl.SSLError) -> str:
    """OpenSSL's reason in words: `wrong version number`."""
    return (error.reason or str(error)).replace("_", " ").lower()


async def reach(first: Address, asking: Asking) -> Reached:
    """Follow redirects to their end. Raises UsageError for a loop, for a certificate that is not trusted, and for a redirect to
    where nothing answers."""
    address = first
    cookies, redirects = list(asking.cookies), list[Redirect]()
    been = set[tuple[str, str]]()
    while True:
        record = Recorder(address, "", IDENTITY)
        try:
            untrusted = await distrust(address, asking.trust)
            async with connected(address, asking.trust) as connection:
                fields = asking.for_address(address, cookies, IDENTITY)
                await until_event(talk(connection, record, fields, time.monotonic() + LOOK_S), record.headed)
                alpn, tls, names = connection.alpn, connection.tls, names_of(connection)
        except (OSError, TimeoutError) as error:
            if not redirects:
                raise
            what = os_reason(error) if isinstance(error, OSError) else "no answer in time"
            raise UsageError(
                f"{first.origin} redirects to {address.origin}, which can't be reached: {what}", "correct the redirect"
            ) from error
        if record.status is None and record.error:
            raise UsageError(f"{address.origin} does not speak HTTP: {record.error}", "give the URL of a web server")
        cookies += [one for line in record.cookies for one in parsed_cookies(line, address)]
        if record.status not in REDIRECTS or not record.location:
            return Reached(
                address=address, redirects=tuple(redirects), cookies=tuple(cookies), alpn=alpn, tls=tls, names=names,
                certificate=untrusted,
            )  # fmt: skip
        been.add((address.url, cookie_state(cookies)))
        address = parse(record.location, address)
        redirects.append(Redirect(record.status, str(address)))
        if len(redirects) > MOST_REDIRECTS or (address.url, cookie_state(cookies)) in been:
            raise UsageError(
                f"{address.origin} redirects in a loop: {' → '.join(one.to for one in redirects[-3:])}",
                "if it wants a login, give one with --storage-state",
            )


def cookie_state(cookies: Sequence[Cookie]) -> str:
    """What tells two sets of cookies apart, in memory only."""
    return repr(sorted((one.name, one.value) for one in cookies))


async def distrust(address: Address, trust: Trust) -> str | None:
    """Why the certificate of an address is not trusted, where any is accepted; None if it is. Raises UsageError where only
    trusted ones are."""
    if not address.tls:
        return None
    try:
        async with connected(address, Trust()):
            return None
    except ssl.SSLCertVerificationError as error:
        why = error.verify_message or reason(error)
        if trust.insecure:
            return why
        raise UsageError(
            f"{address.origin} has a certificate that is not trusted: {why}", "correct it, or accept it with --insecure"
        ) from error


def names_of(connection: Connection) -> tuple[str, ...]:
    """The names that the connection's certificate is for; empty where it was not checked."""
    return tuple(str(value) for _, value in connection.certificate.get("subjectAltName", ()))


def parsed_cookies(line: str, address: Address) -> list[Cookie]:
    """The cookies of a Set-Cookie field."""
    try:
        found = SimpleCookie(line)
    except CookieError:
        return []
    return [
        Cookie(
            one.key,
            one.coded_value,
            one["domain"].lstrip(".").lower() or address.host,
            one["path"] or "/",
            secure=bool(one["secure"]),
            exact=not one["domain"],
        )
        for one in found.values()
    ]


def variants(reached: Reached) -> list[tuple[str, tuple[str, ...], str]]:
    """Protocol, what to offer in ALPN, and coding of each exchange."""
    if reached.tls is None:
        ways: Mapping[str, tuple[str, ...]] = {"h1-clear": ()}
    elif reached.alpn == H2:
        ways = {"h2": (H2, H1), "h1": (H1,)}
    else:
        ways = {"h1": (H2, H1)}
    return [(protocol, offered, coding) for protocol, offered in ways.items() for coding in CODINGS]


async def exchange(reached: Reached, asking: Asking, protocol: str, offered: tuple[str, ...], coding: str) -> Exchange:
    """One exchange, watched to the end of the time. If its events have ids, resuming is tried beside it."""
    address, record = reached.address, Recorder(reached.address, protocol, coding)
    until = time.monotonic() + asking.watch_s
    resuming = asyncio.create_task(resumed(reached, asking, record, offered, until))
    try:
        async with connected(address, asking.trust, offered) as connection:
            if protocol == "h1" and connection.alpn == H2:
                record.failed("the server chose HTTP/2 though only HTTP/1.1 was offered")
            else:
                record.connected()
                await talk(connection, record, asking.for_address(address, reached.cookies, coding), until)
    except (OSError, TimeoutError) as error:  # It may refuse a second connection.
        record.failed(error)
    finally:
        if not record.second_id.is_set():
            resuming.cancel()
        await asyncio.wait({resuming})
    return record.exchange(None if resuming.cancelled() else resuming.result())


async def talk(connection: Connection, record: Recorder, fields: Fields, until: float) -> None:
    """One request over the protocol that the connection negotiated."""
    speak = http2.exchange if connection.alpn == H2 else http1.exchange
    await speak(connection, record, "GET", fields, until)


async def resumed(reached: Reached, asking: Asking, first: Recorder, offered: tuple[str, ...], until: float) -> str | None:
    """What a request with the first id of `first` gets: the event after it (`honoured`), the beginning again (`started over`),
    or neither in time (`not known`). None for the exchange as a browser asks: once is enough."""
    if first.coding != IDENTITY:
        return None
    await first.second_id.wait()
    assert first.counter is not None
    sent, expected = first.counter.ids[:2]
    if not (sent.isascii() and sent.isprintable() and sent == sent.strip()):
        return "not known"  # A plain client can't send such an id; browsers send its UTF-8.
    record = Recorder(reached.address, first.protocol, IDENTITY)
    fields = asking.for_address(reached.address, reached.cookies, IDENTITY, last_id=sent)
    try:
        async with connected(reached.address, asking.trust, offered) as connection:
            await until_event(talk(connection, record, fields, until), record.first_id)
    except (OSError, TimeoutError):
        return "not known"
    ids = record.counter.ids[:1] if record.counter else []
    return "honoured" if ids == [expected] else "started over" if ids == [sent] else "not known"


async def until_event(work: Coroutine[Any, Any, None], event: asyncio.Event) -> None:
    """Do some work until it has ended or the event is set. Raises the work's error."""
    working = asyncio.create_task(work)
    try:
        await wait_first(working, event.wait())
    finally:
        await cancel_and_wait(working)
