"""Client polling: a request at every interval, answered at once with what is new, which is often nothing.

The page asks again at the next beat of its interval, and never twice at a time.
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
  const began = performance.now();
  let turn = 0;
  // Its own beat, after a rest too: those who begin together must not ask together ever after.
  const beat = async () => {
    let awake;
    do {
      awake = client.awake;
      await awake;
      turn = Math.max(turn + 1, Math.ceil((performance.now() - began) / client.interval));
      await new Promise(resolve => setTimeout(resolve, began + turn * client.interval - performance.now()));
    } while (awake !== client.awake);
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
    """Everything after `?after=`, at once; without it, the newest update."""
    _, updates = await feed.after(resume_from(stream.query.get("after"), feed), 0)
    await answer(stream, updates)
