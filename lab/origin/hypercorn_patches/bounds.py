"""Bounds on how much memory and time one client can cost Hypercorn and h2."""

from __future__ import annotations

import math

from h2.connection import H2Connection
from h2.events import RequestReceived
from h2.frame_buffer import FrameBuffer
from hypercorn.config import Config
from hypercorn.protocol.events import Body, Event
from hypercorn.protocol.http_stream import HTTPStream
from hyperframe.frame import Frame

MAX_READ_BYTES = 4096
"""The most bytes of one connection that are handled before other connections are. Hypercorn's 64 KiB can hold 7000 frames,
which take 300 ms."""


class BodilessHTTPStream(HTTPStream):
    """Ignores request bodies: no part of the app reads one.

    Stock buffers ten body events and then blocks the task that reads the connection, so a client that keeps sending and never
    reads is never detected as gone.
    """

    async def handle(self, event: Event) -> None:
        if not isinstance(event, Body):
            await super().handle(event)


class PromptFrameBuffer(FrameBuffer):
    """Refuses a frame that is too long as soon as its length is known. h2 first waits for all of it, up to 16 MiB."""

    def __next__(self) -> Frame:
        self._validate_frame_length(int.from_bytes(self._data[:3], "big"))
        return super().__next__()


def bound_frames(connection: H2Connection) -> None:
    """Give a connection, before its first byte, a buffer that refuses long frames promptly."""
    connection.incoming_buffer = PromptFrameBuffer(server=True)
    connection.incoming_buffer.max_frame_size = connection.max_inbound_frame_size


def is_readable(request: RequestReceived) -> bool:
    """Whether a request has a method and a path, in ASCII. Otherwise stock ends the whole connection with a KeyError or a
    UnicodeDecodeError. A plain CONNECT has no path (RFC 9113 section 8.5), and this server is no proxy."""
    fields = dict(request.headers)
    return all(bytes(fields.get(name, b"\xff")).isascii() for name in (b":method", b":path"))


def never_block(settings: Config) -> None:
    """Let Hypercorn never wait until the app takes a message. The message that the client has left may be sent by the app's own
    task, during a write. Other messages are bounded where they come from: bodies above, WebSocket messages in websocket.py."""
    settings.max_app_queue_size = math.inf  # type: ignore[assignment]  # trio's channels have no bound then
