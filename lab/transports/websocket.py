"""WebSocket (RFC 6455; over HTTP/2, RFC 8441). Each update is a text message.

https://www.rfc-editor.org/rfc/rfc6455 https://www.rfc-editor.org/rfc/rfc8441
"""

from __future__ import annotations

from lab.transports import Carries, Feed, Stream, lines

NAME = "websocket"
TITLE = "WebSocket"
PATH = "/api/v1/live-scores/socket"
OWN_LIMIT = True
POLLS = False

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
// Only one WebSocket to an address may be connecting at a time (RFC 6455 section 4.1); Chromium delays pages that try more.
connect.oneByOne = true;
"""

CARRIES = Carries("""
let socket = null; // One WebSocket for all payloads; the origin sends the payload at each "go".
carry.websocket = async url => {
  if (socket === null) {
    socket = new WebSocket(url.replace(/^http/, "ws"));
    socket.binaryType = "arraybuffer";
    await new Promise((resolve, reject) => {
      socket.onopen = resolve;
      socket.onerror = () => reject(new Error("the WebSocket was refused"));
    });
  }
  const came = new Promise(resolve => { socket.onmessage = event => resolve(event.data); });
  socket.send("go");
  return base64([await came]);
};
""")

KEEPALIVE_S = 15.0


async def serve(stream: Stream, feed: Feed) -> None:
    """Send updates until cancelled, beginning after `?after=`."""
    await stream.start(101, ())
    await lines(stream, feed, KEEPALIVE_S, apart=True)
