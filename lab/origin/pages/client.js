// The clients of a page. A client requests updates: a tab has one, a page of many has many, and a page of frames knows those in its
// frames too. Times are in ms of performance.now(), which begins at 0 in each document. The driver calls the functions of `lab`
// (lab/measure/page_script.py has the other half of this table):
//
//   call                                      resolves to
//   add({ first, count, base, credentials })  an array without values, when every client of the page is decided. It begins `count`
//                                             clients in this page, numbered from `first`; `base` is an origin, in which {n} stands
//                                             for the client's number (default: the page's own); `credentials` is fetch's
//   frames({ first, count, url })             the same, each client in a frame of its own that loads `url`
//   decided()                                 the same, for the clients that there are. A client is decided when it has received
//                                             an update or failed for good
//   again(number)                             undefined, when a client that had failed for good was begun again and is decided
//   next()                                    an array without values, when every client that ever received an update has received
//                                             another: it shows that a client is live now, not only that it was
//   reached(seq)                              an array without values, when every client that ever received an update has received
//                                             number `seq` or failed for good
//   caughtUp()                                undefined, when all that had come to this page and its frames is handled
//   rest()                                    undefined, at once: clients that poll pause until rouse(), to measure the idle baseline
//   rouse()                                   undefined, at once
//   listen()                                  undefined, at once: from now on every update is noted
//   heard()                                   [[number, [[seq, stamp, when, kind], ...]], ...]: the notes of each client. `stamp` is the
//                                             origin's at_ms, `when` is this document's clock, `kind` is empty where the transport
//                                             does not tell
//   close(number)                             undefined, at once: the client's stream is closed, and it is no longer reported as live
//   remove(number)                            undefined, at once: the client's frame is removed, as when a person closes a tab
//   trim()                                    [number, ...]: the clients that stay, after those without any update were closed and
//                                             forgotten
//   probe(kind, url)                          "" when a request of another kind was answered, or the reason why it failed. Kinds: fetch,
//                                             xhr, image, script, beacon, websocket, navigation (a beacon and a navigation are "answered"
//                                             when the browser has taken them)
//   drip(url, count)                          { asked, opened, events, error }, when `count` events of a drip (lab/origin/drip.py) have come, or
//                                             its stream has ended: when the page asked, when its EventSource opened (null: never), each
//                                             event as [number, stamp, when], and what went wrong (null: nothing)
//   protocol()                                the protocol by which this page came (nextHopProtocol), or "" where it is not known
//   tidy()                                    undefined, at once: what the probes left behind is removed
//   failures()                                how many clients have failed for good
//   report()                                  [{ tab, document, begunAt, firstAt, received, repeated, skipped, lastSeq, live, failed, closed,
//                                             errors }, ...], or { tab, document: false } while a frame's document has not loaded. `live`:
//                                             it received an update when next() asked last. `failed`: why it failed for good, or null.
//                                             `errors`: the first ten
//   adopt(number, client)                     undefined: a frame's document tells its parent of its client
globalThis.lab = (() => {
  const query = new URLSearchParams(location.search);
  const now = () => performance.now();
  const show = (id, text) => { document.getElementById(id).textContent = text; };
  const slots = new Map(); // By number: { client, frame, decided }; a frame's client is null until its document has loaded.
  let turn = Promise.resolve(); // The end of the queue, for transports of which only one client may be connecting at a time.
  const probes = []; // Functions that remove what each probe left behind.
  let shownAt = 0;

  class Client {
    constructor(number, base, credentials) {
      this.url = `${base}${transportPath}?${new URLSearchParams({ cell: query.get("cell"), tab: number })}`;
      this.credentials = credentials;
      this.interval = Number(query.get("interval") ?? 1000); // From one poll to the next, in ms.
      this.retry = query.get("retry"); // Reconnection time in ms; null: no script reconnects; "none": the browser's own.
      this.pause = null; // While clients that poll are to rest: a promise of the rest's end.
      this.rouse = () => {};
      this.log = null; // While it listens: [seq, stamp, when, kind] of each update.
      this.close = () => {}; // The transport's script sets it.
      this.decided = new Promise(decide => { this.decide = decide; });
      this.wake = () => {};
      this.seen = {
        tab: number, document: true, begunAt: now(), firstAt: null, received: 0, repeated: 0, skipped: 0, lastSeq: null,
        live: false, failed: null, closed: false, errors: [],
      };
    }
    opened() { show("state", "open"); }
    // The URL that continues after the last update, for transports without a header for that.
    get resumed() { return this.seen.lastSeq === null ? this.url : `${this.url}&after=${this.seen.lastSeq}`; }
    // `sentAt`: when the request that brought the update was sent, for transports that send one for each update.
    received({ seq, at_ms }, kind = "", sentAt = 0) {
      const seen = this.seen;
      this.log?.push([seq, at_ms, now(), kind]);
      seen.firstAt ??= now();
      seen.received += 1;
      if (seen.lastSeq !== null && seq <= seen.lastSeq) seen.repeated += 1;
      if (seen.lastSeq !== null && seq > seen.lastSeq + 1) seen.skipped += seq - seen.lastSeq - 1;
      seen.lastSeq = Math.max(seq, seen.lastSeq ?? seq);
      if (seen.received === 1 || now() - shownAt > 1000) { // Painting at every update would slow the machine down.
        show("count", seen.received);
        shownAt = now();
      }
      this.decide();
      if (this.askedAt !== undefined) {
        seen.live = sentAt <= this.askedAt;
        this.askedAt = undefined;
        this.wake();
      }
      if (seen.lastSeq >= this.awaited) this.reached();
    }
    // Reconnect if `?retry=` is set and at least one update had arrived; otherwise fail for good.
    lost(what, again) {
      const back = this.retry !== null && this.seen.received > 0;
      this.failed(what, !back);
      if (back) setTimeout(() => this.seen.closed || again(), Number(this.retry) || 0);
    }
    failed(what, forGood) {
      if (this.seen.errors.length < 10) this.seen.errors.push(what);
      show("state", what);
      if (forGood) {
        this.seen.failed = what;
        this.decide();
        this.reached?.();
      }
    }
    // Resolves at the next update, which shows that this client is live now. It was not live if it had to send its request after
    // this was asked.
    next() {
      this.askedAt = now();
      return new Promise(wake => { this.wake = wake; });
    }
  }

  const MAX_FAILURES = 2; // After this many failures no further client is begun: a browser lets each one wait longer than the last.
  const failures = () => [...slots.values()].filter(slot => slot.client?.seen.failed).length;
  const decided = () => Promise.all([...slots.values()].map(slot => slot.decided));
  const adopt = (number, client) => {
    const slot = slots.get(number) ?? {};
    slots.set(number, { ...slot, client, decided: slot.decided ?? client.decided });
    slot.adopted?.(client.decided);
  };
  const add = async ({ first, count, base = location.origin, credentials = "same-origin" }) => {
    const begin = number => {
      const client = new Client(number, base.replace("{n}", number), credentials);
      adopt(number, client);
      connect(client);
      return client.decided;
    };
    for (let number = first; number < first + count; number += 1) {
      if (connect.oneByOne && count > 1) turn = turn.then(() => failures() < MAX_FAILURES ? begin(number) : undefined);
      else begin(number);
    }
    await turn;
    return decided();
  };

  if (query.has("tab")) {
    const first = Number(query.get("tab"));
    show("tab", first);
    document.title = `Tab ${first}`;
    add({ first, count: 1, base: query.get("base") ?? location.origin });
    if (parent !== window) parent.lab.adopt(first, slots.get(first).client);
  }
  return {
    adopt,
    add,
    frames({ first, count, url }) {
      for (let number = first; number < first + count; number += 1) {
        const frame = document.createElement("iframe");
        const slot = { client: null, frame };
        slot.decided = new Promise(adopted => { slot.adopted = adopted; });
        slots.set(number, slot);
        frame.src = url.replace("{n}", number);
        document.body.append(frame);
      }
      return decided();
    },
    decided,
    // A message to this page itself is handled after all that came before; its frames share its thread.
    caughtUp: () => new Promise(handled => {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = () => handled();
      port2.postMessage("");
    }),
    rest() {
      for (const { client } of slots.values()) {
        if (client) client.pause ??= new Promise(end => { client.rouse = () => { client.pause = null; end(); }; });
      }
    },
    rouse() { for (const { client } of slots.values()) client?.rouse(); },
    listen() { for (const { client } of slots.values()) if (client) client.log = []; },
    heard: () => [...slots].map(([tab, { client }]) => [tab, client?.log ?? []]),
    reached: seq => Promise.all([...slots.values()]
      .filter(slot => slot.client?.seen.firstAt && !slot.client.seen.closed && !slot.client.seen.failed).map(({ client }) => new Promise(resolve => {
        if (client.seen.lastSeq >= seq) resolve();
        client.awaited = seq;
        client.reached = resolve;
      }))),
    next: () => Promise.all([...slots.values()].filter(slot => slot.client?.seen.firstAt && !slot.client.seen.closed)
      .map(slot => slot.client.next())),
    close(number) {
      const { client } = slots.get(number);
      client.seen.closed = true;
      client.close();
    },
    remove(number) { slots.get(number).frame.remove(); },
    again(number) {
      const { url, credentials } = slots.get(number).client;
      const client = new Client(number, "", credentials);
      client.url = url;
      slots.set(number, { client, decided: client.decided });
      connect(client);
      return client.decided;
    },
    probe: (kind, url) => new Promise(resolve => {
      const passed = () => resolve("");
      const failed = why => resolve(String(why?.message ?? `the ${kind} failed`));
      const element = (name, field) => {
        const made = document.createElement(name);
        made.onload = passed;
        made.onerror = failed;
        made[field] = url;
        probes.push(() => made.remove());
        document.body.append(made);
      };
      const kinds = {
        fetch: () => fetch(url).then(answer => answer.text()).then(passed, failed),
        xhr() {
          const request = new XMLHttpRequest();
          request.onload = passed;
          request.onerror = failed;
          request.open("GET", url);
          request.send();
        },
        image: () => element("img", "src"),
        script: () => element("script", "src"),
        beacon: () => navigator.sendBeacon(url, "") ? passed() : failed(),
        websocket() {
          const socket = new WebSocket(url.replace(/^http/, "ws"));
          socket.onopen = passed;
          socket.onerror = failed;
          probes.push(() => socket.close());
        },
        navigation() {
          const opened = open(url);
          if (opened) passed(); // The page can't know more.
          else failed({ message: "the browser blocked the new tab" });
          probes.push(() => opened?.close());
        },
      };
      setTimeout(kinds[kind]); // Outside of the driver's call, so that it is no user's action, which would get its own priority.
    }),
    drip: (url, count) => new Promise(resolve => {
      const seen = { asked: now(), opened: null, events: [], error: null };
      const source = new EventSource(url);
      const end = error => {
        source.close();
        resolve({ ...seen, error });
      };
      source.onopen = () => { seen.opened ??= now(); };
      source.onmessage = event => {
        const when = now();
        const { n, at_ms } = JSON.parse(event.data);
        seen.events.push([n, at_ms, when]);
        if (seen.events.length === count) end(null);
      };
      source.onerror = () => end(source.readyState === EventSource.CLOSED ? "closed for good" : "the stream ended");
    }),
    protocol: () => performance.getEntriesByType("navigation")[0]?.nextHopProtocol ?? "",
    tidy() { for (const end of probes.splice(0)) end(); },
    trim() {
      for (const [number, { client, frame }] of [...slots]) {
        if (client?.seen.firstAt) continue;
        client?.close();
        frame?.remove();
        slots.delete(number);
      }
      return [...slots.keys()];
    },
    failures,
    report: () => [...slots].map(([tab, { client }]) => client ? { ...client.seen } : { tab, document: false }),
  };
})();
