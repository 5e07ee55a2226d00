"""Fetch streaming: a response that never ends, read chunk by chunk. Each update is a line of JSON.

https://developer.mozilla.org/en-US/docs/Web/API/Streams_API/Using_readable_streams
"""

from __future__ import annotations

from lab.transports import Carries, Feed, Stream, lines

NAME = "fetch_stream"
TITLE = "Fetch streaming"
PATH = "/api/v1/live-scores/stream"
OWN_LIMIT = False
POLLS = False

SCRIPT = """
const connect = async client => {
  const ending = new AbortController();
  client.close = () => ending.abort();
  try {
    const response = await fetch(client.resumed, { signal: ending.signal, credentials: client.credentials });
    if (!response.ok) throw new Error(`status ${response.status}`);
    client.opened();
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (let chunk = await reader.read(); !chunk.done; chunk = await reader.read()) {
      const whole = (rest + chunk.value).split("\\n");
      rest = whole.pop();
      for (const line of whole) if (line) client.received(JSON.parse(line));
    }
    client.lost("ended by the origin", () => connect(client));
  } catch (error) {
    if (!ending.signal.aborted) client.lost(String(error), () => connect(client));
  }
};
"""

CARRIES = Carries("""
carry.fetch_stream = async url => {
  const parts = [];
  const reader = (await fetch(url)).body.getReader();
  for (let chunk = await reader.read(); !chunk.done; chunk = await reader.read()) parts.push(chunk.value);
  return base64(parts);
};
""")

KEEPALIVE_S = 15.0


async def serve(stream: Stream, feed: Feed) -> None:
    """Send updates until cancelled, beginning after `?after=`."""
    await stream.start(200, ((b"content-type", b"application/x-ndjson"), (b"x-accel-buffering", b"no")))
    await lines(stream, feed, KEEPALIVE_S)
