// What a page knows of its clients: whoever in it asks for updates. A tab has one, a page of many has many, and a page of
// frames learns of those in its frames. Times are milliseconds of performance.now(), each document's own.
globalThis.lab = (() => {
  const query = new URLSearchParams(location.search);
  const now = () => performance.now();
  const show = (id, text) => { document.getElementById(id).textContent = text; };
  const slots = new Map(); // By number: { client, frame, decided }; a frame's client is null until its document has loaded.
  let turn = Promise.resolve(); // For transports of which no two may be connecting at once: the end of the line.
  const probes = []; // What each probe leaves behind, as functions that tidy it away.
  let shownAt = 0;

  class Client {
    constructor(number, base, credentials) {
      this.url = `${base}${transportPath}?${new URLSearchParams({ cell: query.get("cell"), tab: number })}`;
      this.credentials = credentials;
      this.interval = Number(query.get("interval") ?? 1000); // Milliseconds from one poll to the next.
      this.retry = query.get("retry"); // Milliseconds until a stream that broke is asked for again; null, never; "none", any.
      this.awake = Promise.resolve(); // Who polls waits for it.
      this.log = null; // While it listens: [number, stamp, when, kind] of each update.
      this.close = () => {}; // The transport's half sets it.
      this.decided = new Promise(decide => { this.decide = decide; });
      this.wake = () => {};
      this.seen = {
        tab: number, document: true, begunAt: now(), firstAt: null, received: 0, repeated: 0, skipped: 0, lastSeq: null,
        live: false, failed: null, closed: false, errors: [],
      };
    }
    opened() { show("state", "open"); }
    // Where to ask for what comes after the last update, for those whose protocol does not say it by itself.
    get resumed() { return this.seen.lastSeq === null ? this.url : `${this.url}&after=${this.seen.lastSeq}`; }
    // `sentAt`: when the request that brought it was sent, for those who wait for each update anew.
    received({ seq, at_ms }, kind = "", sentAt = 0) {
      const seen = this.seen;
      this.log?.push([seq, at_ms, now(), kind]);
      seen.firstAt ??= now();
      seen.received += 1;
      if (seen.lastSeq !== null && seq <= seen.lastSeq) seen.repeated += 1;
      if (seen.lastSeq !== null && seq > seen.lastSeq + 1) seen.skipped += seq - seen.lastSeq - 1;
      seen.lastSeq = Math.max(seq, seen.lastSeq ?? seq);
      if (seen.received === 1 || now() - shownAt > 1000) { // Painting every update would burden the machine.
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
    // A way that had brought something broke: it is tried again, where the page is told to. Else it failed.
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
    // Resolves at the next update: what shows that this client is live now, not that it once was. Who had to send its request
    // only after it was asked was not.
    next() {
      this.askedAt = now();
      return new Promise(wake => { this.wake = wake; });
    }
  }

  const ENOUGH = 2; // After so many failures one after the other no more are tried: a browser makes them wait ever longer.
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
      if (connect.oneByOne && count > 1) turn = turn.then(() => failures() < ENOUGH ? begin(number) : undefined);
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
    // Begin so many clients in this page, numbered from `first`; {n} in `base` is each one's number. Resolves when all of the
    // page are decided: each has received an update or failed for good.
    add,
    // The same, each in a frame of its own.
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
    // Resolves when what came to this page before has been handled; what came to its frames too, whose thread is the same.
    caughtUp: () => new Promise(handled => {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = () => handled();
      port2.postMessage("");
    }),
    // Who polls rests until `rouse`, so that what a page costs besides can be measured.
    rest() {
      for (const { client } of slots.values()) if (client) client.awake = new Promise(rouse => { client.rouse = rouse; });
    },
    rouse() { for (const { client } of slots.values()) client?.rouse?.(); },
    // From now on every update is noted; `heard` gives the notes.
    listen() { for (const { client } of slots.values()) if (client) client.log = []; },
    heard: () => [...slots].map(([tab, { client }]) => [tab, client?.log ?? []]),
    // Resolves when all who ever received something have received that update, or given up.
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
    // As when a person closes what it is in.
    remove(number) { slots.get(number).frame.remove(); },
    // One that failed for good tries anew; resolves when it is decided.
    again(number) {
      const { url, credentials } = slots.get(number).client;
      const client = new Client(number, "", credentials);
      client.url = url;
      slots.set(number, { client, decided: client.decided });
      connect(client);
      return client.decided;
    },
    // What else a page does. Resolves to nothing when it got its answer, where a page can know; to the reason when it failed.
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
          if (opened) passed(); // As far as this page can know.
          else failed({ message: "the browser blocked the new tab" });
          probes.push(() => opened?.close());
        },
      };
      setTimeout(kinds[kind]); // Not in the handling of anything a user did: that would have its own priority.
    }),
    tidy() { for (const end of probes.splice(0)) end(); },
    // Close all who have not received anything yet, and forget them; the numbers of those who stay.
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
