"""Client polling: a request at every interval, answered at once with what is new, which is often nothing.

The page asks again when the interval has gone by since it last asked, and never twice at a time.
"""

from __future__ import annotations

from lab.transports import Feed, Stream, answer, resume_from

NAME = "polling"
TITLE = "polling"
PATH = "/api/v1/live-scores/latest"

SCRIPT = """
const connect = client => {
  const ending = new AbortController();
  client.close = () => ending.abort();
  const poll = async () => {
    await client.awake;
    if (ending.signal.aborted) return;
    const began = performance.now();
    try {
      const response = await fetch(client.resumed, { signal: ending.signal, credentials: client.credentials });
      if (!response.ok) throw new Error(`status ${response.status}`);
      client.opened();
      const { updates } = await response.json();
      for (const update of updates) client.received(update);
      setTimeout(poll, Math.max(0, began + client.interval - performance.now()));
    } catch (error) {
      if (!ending.signal.aborted) client.lost(String(error), poll);
    }
  };
  poll();
};
"""


async def serve(stream: Stream, feed: Feed) -> None:
    """Everything after `?after=`, at once; without it, the newest update."""
    _, updates = await feed.after(resume_from(stream.query.get("after"), feed), 0)
    await answer(stream, updates)
