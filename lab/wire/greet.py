"""The shortest talk with a server: which protocol it chooses, and its SETTINGS. No request is sent. And one request, to see
whether the server answers at all."""

from __future__ import annotations

import contextlib
import time

import h2.config
import h2.connection
import h2.exceptions

from lab.errors import UsageError
from lab.model.probe import BeyondBrowser
from lab.model.wire import BROWSER, Exchange, WireSeen
from lab.wire import http2
from lab.wire.address import Address
from lab.wire.ask import LOOK_S, Asking, talk, until_event
from lab.wire.connection import H2, Trust, connected
from lab.wire.record import Recorder

GREET_S = 2.0
"""How long the server's SETTINGS are awaited."""


async def greet(address: Address, trust: Trust) -> WireSeen | None:
    """What a server negotiates at an address; None if it can't be reached."""
    record = Recorder(address, "h2", BROWSER)
    try:
        async with connected(address, trust) as connection:
            if connection.alpn == H2:
                protocol = h2.connection.H2Connection(h2.config.H2Configuration(client_side=True))
                protocol.initiate_connection()
                connection.write(protocol.data_to_send())
                until = time.monotonic() + GREET_S
                with contextlib.suppress(TimeoutError, h2.exceptions.ProtocolError):
                    while not record.settings and (read := await connection.read(until)) is not None:
                        http2.take(protocol, record, read[0], protocol.receive_data(read[1]))
            alpn, tls = connection.alpn, connection.tls
    except (OSError, TimeoutError, UsageError):
        return None
    spoken = (Exchange(protocol="h2", coding=BROWSER, settings=record.settings),) if alpn == H2 else ()
    return WireSeen(url=str(address), alpn=alpn, tls=tls, exchanges=spoken)


async def answered(address: Address, asking: Asking) -> BeyondBrowser:
    """Whether a plain client gets the header of an answer, and when."""
    record = Recorder(address, "", BROWSER)
    try:
        async with connected(address, asking.trust) as connection:
            fields = asking.for_address(address, asking.cookies, BROWSER)
            await until_event(talk(connection, record, fields, time.monotonic() + LOOK_S), record.headed)
    except (OSError, TimeoutError, UsageError) as error:
        return BeyondBrowser(answered=False, error=str(error) or "it did not connect in time")
    if record.status is None:
        return BeyondBrowser(answered=False, error=record.error or f"no header came in {LOOK_S:.0f} s")
    return BeyondBrowser(answered=True, took_ms=record.head_ms)
