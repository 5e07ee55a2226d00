"""One exchange over HTTP/1.1 (or 1.0, where the server says so). h11 parses; the reads are the connection's own."""

from __future__ import annotations

import time
from collections.abc import Sequence

import h11

from lab.wire.connection import Connection
from lab.wire.record import Recorder

MOST_HEAD = 2**20
"""The largest header that is read, in bytes."""


async def exchange(
    connection: Connection, record: Recorder, method: str, fields: Sequence[tuple[str, str]], until: float
) -> None:
    """Send a request and record the answer until it ends, or the moment `until` (s, monotonic) has come."""
    parser = h11.Connection(h11.CLIENT, max_incomplete_event_size=MOST_HEAD)
    headers = [("Host", record.address.authority), *fields]
    try:
        request = parser.send(h11.Request(method=method, target=record.address.target, headers=headers))
    except (h11.LocalProtocolError, UnicodeEncodeError):  # It may have a secret.
        record.failed("the request can't be sent: a field of its header is not allowed")
        return
    connection.write(request + parser.send(h11.EndOfMessage()))
    try:
        while (read := await connection.read(until)) is not None:
            if not take(parser, record, *read):
                return
        if record.status is None:
            record.failed(connection.lost or "the server closed the connection without an answer")
        elif connection.lost:
            record.failed(connection.lost)
        else:
            take(parser, record, time.monotonic(), b"")
    except TimeoutError:
        return
    except h11.RemoteProtocolError as error:
        why = str(error).partition(": bytearray(")[0].partition(" b'")[0]  # Behind that stand bytes of the answer.
        record.failed(f"the answer is no HTTP/1.1: {why}" if record.status is None else f"the answer was cut off: {why}")


def take(parser: h11.Connection, record: Recorder, at: float, data: bytes) -> bool:
    """Take what one read brought (empty: the end of the connection). False at the end of the answer, or when enough has been
    seen."""
    parser.receive_data(data)
    body = bytearray()
    while True:
        event = parser.next_event()
        match event:
            case h11.Response():
                headers = [(name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in event.headers]
                record.head(at, event.status_code, event.http_version.decode("latin-1"), headers)
            case h11.Data():
                body += event.data
            case h11.InformationalResponse():
                continue
            case _:
                enough = bool(body) and not record.body(at, bytes(body))
                if isinstance(event, h11.EndOfMessage | h11.ConnectionClosed):
                    record.ended(at)
                return event is h11.NEED_DATA and not enough
