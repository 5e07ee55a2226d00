"""Long polling: the origin answers a request when there is an update, and the page then sends the next request.

RFC 6202 describes it, and what proxies do to it: https://www.rfc-editor.org/rfc/rfc6202
"""

from __future__ import annotations

from lab.transports import Feed, Stream, answer, resume_from

NAME = "long_polling"
TITLE = "Long polling"
PATH = "/api/v1/live-scores/poll"
CARRIES = None
OWN_LIMIT = False
POLLS = False

SCRIPT = """
const connect = client => {
  const ending = new AbortController();
  client.close = () => ending.abort();
  // Only the timing entry (PerformanceResourceTiming.requestStart) says when the browser sent a request.
  const sent = new Map(), awaited = new Map();
  new PerformanceObserver(list => {
    for (const entry of list.getEntries()) {
      sent.set(entry.name, entry.requestStart);
      awaited.get(entry.name)?.(entry.requestStart);
    }
    performance.clearResourceTimings();
  }).observe({ type: "resource" });
  const sentAt = async url => {
    const at = sent.get(url) ?? await new Promise(wake => awaited.set(url, wake));
    sent.clear();
    awaited.clear();
    return at;
  };
  let turn = 0;
  const poll = async () => {
    for (;;) {
      const url = `${client.resumed}&turn=${turn += 1}`;
      const response = await fetch(url, { signal: ending.signal, credentials: client.credentials });
      if (!response.ok) throw new Error(`status ${response.status}`);
      client.opened();
      const { updates } = await response.json();
      const at = await sentAt(url);
      for (const update of updates) client.received(update, undefined, at);
    }
  };
  const begin = () => poll().catch(error => {
    if (!ending.signal.aborted) client.lost(String(error), begin);
  });
  begin();
};
"""

LONGEST_WAIT_S = 55.0
"""After this many seconds the origin answers without an update: many proxies give up after a minute (RFC 6202 section 5.5)."""


async def serve(stream: Stream, feed: Feed) -> None:
    """Answer once there is an update after `?after=`, with all such updates; without `?after=`, answer at once with the newest
    update."""
    _, updates = await feed.after(resume_from(stream.query.get("after"), feed), LONGEST_WAIT_S)
    await answer(stream, updates)
