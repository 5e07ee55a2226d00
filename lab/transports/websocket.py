"""WebSocket (RFC 6455; over HTTP/2, RFC 8441): a text message an update.

https://www.rfc-editor.org/rfc/rfc6455 https://www.rfc-editor.org/rfc/rfc8441
"""

from __future__ import annotations

from lab.transports import Feed, Stream, lines

NAME = "websocket"
TITLE = "WebSocket"
PATH = "/api/v1/live-scores/socket"

SCRIPT = """
const connect = client => {
  const socket = new WebSocket(client.resumed.replace(/^http/, "ws"));
  client.close = () => socket.close();
  socket.onopen = () => client.opened();
  socket.onmessage = event => { if (event.data.trim()) client.received(JSON.parse(event.data)); };
  socket.onclose = event => {
    if (!client.seen.closed) client.lost(`closed with code ${event.code}`, () => connect(client));
  };
};
// No more than one may be connecting to an address at a time (RFC 6455 section 4.1); Chromium delays who tries.
connect.oneByOne = true;
"""

HEARTBEAT_S = 15.0


async def serve(stream: Stream, feed: Feed) -> None:
    await stream.start(101, ())
    await lines(stream, feed, HEARTBEAT_S, apart=True)
