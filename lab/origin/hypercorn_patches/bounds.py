"""What a hostile client could make Hypercorn and h2 keep or wait for, bounded. See lab.origin.hypercorn_shim."""

from __future__ import annotations

import math

from h2.connection import H2Connection
from h2.events import RequestReceived
from h2.frame_buffer import FrameBuffer
from hypercorn.config import Config
from hypercorn.protocol.events import Body, Event
from hypercorn.protocol.http_stream import HTTPStream
from hyperframe.frame import Frame

MOST_AT_ONCE = 4096
"""Bytes of a connection that are handled before the others have their turn. Hypercorn's 64 KiB hold 7000 frames: 300 ms."""


class BodilessHTTPStream(HTTPStream):
    """No part of the app reads a request's body, so it is passed over. Stock lets ten parts wait for the app and then waits
    itself, in the task that reads the connection: who sends more and takes no answer is never found to have left."""

    async def handle(self, event: Event) -> None:
        if not isinstance(event, Body):
            await super().handle(event)


class PromptFrameBuffer(FrameBuffer):
    """It refuses a frame that is too long when it sees its length. h2's own first waits for all of it, up to 16 MiB."""

    def __next__(self) -> Frame:
        self._validate_frame_length(int.from_bytes(self._data[:3], "big"))
        return super().__next__()


def bound(connection: H2Connection) -> None:
    connection.incoming_buffer = PromptFrameBuffer(server=True)
    connection.incoming_buffer.max_frame_size = connection.max_inbound_frame_size


def sound(request: RequestReceived) -> bool:
    """Whether a request can be read: a method and a path, in ASCII. Plain CONNECT has no path (RFC 9113 section 8.5), and this
    is no proxy. Stock lets the whole connection die of the KeyError or UnicodeDecodeError."""
    fields = dict(request.headers)
    return all(bytes(fields.get(name, b"\xff")).isascii() for name in (b":method", b":path"))


def unhindered(settings: Config) -> None:
    """What tells the app that a client has left must not wait for the app: the one who tells may be the app itself, in a
    write. What else is told is bounded where it comes from, above and in lab.origin.hypercorn_sockets."""
    settings.max_app_queue_size = math.inf  # type: ignore[assignment]  # trio's channels have no bound then
