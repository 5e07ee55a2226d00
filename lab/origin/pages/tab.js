// What a tab knows of itself. Times are milliseconds since the epoch, at the resolution the browser grants.
const lab = (() => {
  const query = new URLSearchParams(location.search);
  const now = () => performance.timeOrigin + performance.now();
  const show = (id, text) => { document.getElementById(id).textContent = text; };
  const seen = {
    tab: Number(query.get("tab")), documentAt: now(), openedAt: null, firstAt: null, lastAt: null,
    received: 0, repeated: 0, skipped: 0, lastSeq: null, errors: [],
  };
  let waiting = [];
  let shownAt = 0;
  let wakeFirst;
  const first = new Promise(wake => { wakeFirst = wake; });
  show("tab", seen.tab);
  document.title = `Tab ${seen.tab}`;
  return {
    path: `${transportPath}?${new URLSearchParams({ cell: query.get("cell"), tab: seen.tab })}`,
    close: null, // The transport's half sets it.
    opened() {
      seen.openedAt ??= now();
      show("state", "open");
    },
    received(seq) {
      seen.lastAt = now();
      seen.firstAt ??= seen.lastAt;
      seen.received += 1;
      if (seen.lastSeq !== null && seq <= seen.lastSeq) seen.repeated += 1;
      if (seen.lastSeq !== null && seq > seen.lastSeq + 1) seen.skipped += seq - seen.lastSeq - 1;
      seen.lastSeq = Math.max(seq, seen.lastSeq ?? seq);
      if (seen.received === 1 || seen.lastAt - shownAt > 1000) { // Painting every update would burden the machine.
        show("count", seen.received);
        shownAt = seen.lastAt;
      }
      wakeFirst(seen.received);
      const woken = waiting;
      waiting = [];
      for (const wake of woken) wake(seen.received);
    },
    failed(what) {
      if (seen.errors.length < 100) seen.errors.push({ at: now(), what });
      show("state", what);
    },
    // Resolves at the first update, or at once when that has been: the tab has gone live.
    first: () => first,
    // Resolves at the next update: what shows that this tab is live now, not that it once was.
    next: () => new Promise(wake => waiting.push(wake)),
    report: () => ({ ...seen }),
  };
})();
