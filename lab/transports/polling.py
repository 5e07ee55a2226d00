"""Polling: the page sends a request at every interval. The origin answers at once with the updates since the last one, often
none.

A client never has two requests open: if an answer takes longer than the interval, the next request is sent at the next multiple
of the interval.
"""

from __future__ import annotations

from lab.transports import Feed, Stream, answer, resume_from

NAME = "polling"
TITLE = "Polling"
PATH = "/api/v1/live-scores/latest"
CARRIES = None
OWN_LIMIT = False
POLLS = True

SCRIPT = """
const connect = client => {
  const ending = new AbortController();
  client.close = () => ending.abort();
  const began = performance.now();
  let turn = 0;
  // Each client keeps its own rhythm, also after a pause: clients that begin together must not poll together for ever.
  const beat = async () => {
    for (;;) {
      turn = Math.max(turn + 1, Math.ceil((performance.now() - began) / client.interval));
      await new Promise(resolve => setTimeout(resolve, began + turn * client.interval - performance.now()));
      if (!client.pause) return;
      await client.pause;
    }
  };
  const poll = async () => {
    for (;;) {
      const response = await fetch(client.resumed, { signal: ending.signal, credentials: client.credentials });
      if (!response.ok) throw new Error(`status ${response.status}`);
      client.opened();
      const { updates } = await response.json();
      for (const update of updates) client.received(update);
      await beat();
    }
  };
  const begin = () => poll().catch(error => {
    if (!ending.signal.aborted) client.lost(String(error), begin);
  });
  begin();
};
"""


async def serve(stream: Stream, feed: Feed) -> None:
    """Answer at once, with all updates after `?after=`; without it, with the newest update."""
    _, updates = await feed.after(resume_from(stream.query.get("after"), feed), 0)
    await answer(stream, updates)
