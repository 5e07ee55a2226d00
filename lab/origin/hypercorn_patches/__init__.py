"""Patches of Hypercorn 0.18.0: the faults that would disturb a long measurement, and the smallest patch for each.

Rules
-----
- Each patch is for a fault that was seen. `tests/origin/test_immunity.py` runs what breaks a stock server against a stock and a
  patched one, and they must differ. `tests/origin/test_hostile_*.py` test the second table.
- A patch replaces one class or constant where Hypercorn looks it up (`PATCHES` below). Nothing else in the project knows
  Hypercorn's insides, except `lab/origin/doors/tcp.py`, which starts `connection.LastingTCPServer` for each connection.
- Hypercorn's version is pinned, and `install` refuses another one: a newer version may need other patches.

What these modules may not know: the app, the ledger and the feed. They repair a server, not an experiment.

What each patch is for
----------------------
==================  =======================================================================  ===============================
patch               the fault, and what it would do to a measurement                         upstream
==================  =======================================================================  ===============================
http2.TakingTurns   Hypercorn keeps RFC 7540's dependency tree in the `priority` library     no issue found
                    and does not catch its PriorityLoop (a chain deeper than 100, as
                    Chromium builds) or TooManyStreamsError (over 1000 streams, as Firefox
                    builds): the whole process ends. RFC 9113 section 5.3 deprecates the
                    scheme, so here the ready streams take turns.
http2.BoundedStream StreamBuffer.pop resumes the writer after a pop that took nothing,       no issue found; the fork
Buffer              instead of when the buffer is low: a client that shuts its window        anycorn fixed it (PR 61)
                    makes the buffer grow without bound (1.7 GB in two seconds).
http2, late data    A client may still send on a stream that was already answered. Stock     #329 open; PRs 312 and 334
                    looks the stream up, and the connection dies of a KeyError. Here the     open, 365 closed. The same
                    data is acknowledged and ignored (RFC 9113 section 5.1).                 for StreamEnded: #161, #197
http2, reset while  A stream that is reset while data is being written raises KeyError in    no issue found
writing             the task that sends, and the connection dies with all its streams.
websocket.Ending    When the client closes a WebSocket over HTTP/2, stock answers but never  no issue found; near it #327
WSStream            ends the stream (RFC 8441 section 5 wants END_STREAM): the browser       (Close is lost behind queued
                    counts it for seconds more. Here the stream ends, and is reset without   data), and in the fork
                    error (RFC 9113 section 8.1), because Firefox 153 never ends its side.   anycorn PR 84
websocket.Ending    The answer to a Close or a Ping is written by the task that reads the    no issue found
WSStream            connection. On a stream with a shut window that task waits for ever,
                    so it never reads the WINDOW_UPDATE, and every other stream stops.
http1.WholeH11      Head, body and end of a response leave in separate writes; each wakes    no issue: it is a choice
Protocol            the browser, which then competes with the origin for the processor.
                    (An empty part of the body sends the head alone: `flush_head`.)
http1, reason       The status line has no reason phrase (RFC 9112 section 4 lets it be      no issue found
phrase              empty, and wants the space before it): h2load takes every answer for
                    failed.
http2, gathering    The same over HTTP/2: what is ready leaves in one write.                 no issue: it is a choice
prompt              An app can write only by waiting, at 40 µs a part: 100 streams at 200    no issue: it is a choice
                    updates a second kept the process busy, and updates were late. Here a
                    scope has an extension by which a part is written without waiting.
connection.Lasting  The task that reads may be waiting for something other than bytes, and   no issue found
TCPServer           then never sees that the connection has ended: it is kept for ever.
connection.NoTimer  A keep-alive timer starts and stops around every request, and ends       #235 open; #51, #68 closed
                    connections that an experiment holds idle.
config()            keep_alive_max_requests counts the requests of a connection: after       #241 closed (met with
                    1000 of them stock sends GOAWAY under the streams that are still open.   h2load)
==================  =======================================================================  ===============================

What a hostile client could do to a stock server:

====================================  =====================================================  =================
patch                                 the fault                                              upstream
====================================  =====================================================  =================
bounds.BodilessHTTPStream             ten body events are buffered, then reading stops       no issue found
bounds.PromptFrameBuffer              h2 waits for all of a frame that is too long           no issue found
bounds.is_readable                    a malformed request kills its connection               no issue found
bounds.never_block                    the message that a client left waits behind others     no issue found
bounds.MAX_READ_BYTES                 7000 frames are handled in one turn: 300 ms            no issue found
websocket.CheckedConnection           messages are kept without bound                        no issue found
websocket.BoundedDeflate              64 KiB inflate to 64 MiB                               no issue found
websocket.ReadableHandshake           a field that is not ASCII kills the connection         no issue found
websocket.ClosingWSStream             a message sent before the handshake is answered: the   #225 open (an older
                                      app never learns of it                                 form of it)
====================================  =====================================================  =================

Known faults that are not patched: a client that opens one stream more than allowed loses its connection (#335, open; browsers
respect the limit), and asking for a disconnect with a timeout misses it on trio (#210, open; `lab/origin/exchange.py` waits for
it in a task instead). The issues are those of github.com/pgjones/hypercorn, as found in November 2026.

What is still ugly
------------------
- Subclasses override private methods (`_handle_events`, `_send_data`, `_flush`), and some assign to attributes that are not
  theirs (`idle_task`, `incoming_buffer`). Only the pinned version makes that safe.
- To write without waiting, the patches need a stream with `send_now` (lab/origin/doors/tls_stream.py): they no longer fit any
  stream of trio's.
- The hostile-client half is more than an instrument on loopback needs. It stays because a fault there looks like a browser's
  limit, and because upstream has none of it. As fixes land upstream, delete the patches here.
"""

from __future__ import annotations

import importlib.metadata
from types import ModuleType

import hypercorn.protocol
import hypercorn.protocol.h2
import hypercorn.protocol.h11
import hypercorn.protocol.ws_stream
import hypercorn.trio.tcp_server
from hypercorn.config import Config

from lab.origin.hypercorn_patches import bounds, http1, http2, prompt, websocket

HYPERCORN = "0.18.0"
"""The one version that the patches are for."""

NEVER = 2**31 - 1
"""More requests on one connection, or seconds of keep-alive, than any run can reach."""

PATCHES: tuple[tuple[ModuleType, str, object], ...] = (
    (hypercorn.protocol, "H2Protocol", http2.TurnTakingH2Protocol),
    (hypercorn.protocol, "H11Protocol", http1.WholeH11Protocol),
    (hypercorn.protocol.h2, "StreamBuffer", http2.BoundedStreamBuffer),
    (hypercorn.protocol.h2, "HTTPStream", prompt.PromptHTTPStream),
    (hypercorn.protocol.h2, "WSStream", websocket.EndingWSStream),
    (hypercorn.protocol.h11, "HTTPStream", prompt.PromptHTTPStream),
    (hypercorn.protocol.h11, "WSStream", websocket.ClosingWSStream),
    (hypercorn.protocol.ws_stream, "Connection", websocket.CheckedConnection),
    (hypercorn.protocol.ws_stream, "Handshake", websocket.ReadableHandshake),
    (hypercorn.protocol.ws_stream, "PerMessageDeflate", websocket.BoundedDeflate),
    (hypercorn.trio.tcp_server, "MAX_RECV", bounds.MAX_READ_BYTES),
)
"""The module and name that Hypercorn looks up, and the replacement."""


def install() -> None:
    """Apply every patch to this process. Raises RuntimeError for another version of Hypercorn."""
    found = importlib.metadata.version("hypercorn")
    if found != HYPERCORN:
        raise RuntimeError(f"the origin's patches are for Hypercorn {HYPERCORN}, and {found} is installed")
    for module, name, patch in PATCHES:
        if not hasattr(module, name):
            raise RuntimeError(f"Hypercorn has no {module.__name__}.{name} to patch")
        setattr(module, name, patch)


def config(streams_per_connection: int) -> Config:
    """Hypercorn's settings for every door: no timer and no count of requests ends a connection."""
    settings = Config()
    settings.h2_max_concurrent_streams = streams_per_connection
    settings.keep_alive_max_requests = NEVER
    settings.keep_alive_timeout = NEVER
    bounds.never_block(settings)
    settings.errorlog = "-"
    settings.accesslog = None
    settings.include_server_header = False
    return settings
