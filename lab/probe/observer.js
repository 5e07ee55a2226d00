// Runs in each document of the app before its own scripts. Notes where long-lived requests are made, and counts WebSockets:
// Firefox under Playwright reports none. It changes nothing in how they work.
(() => {
  const key = Symbol.for("seventh-tab");
  if (globalThis[key]) return;
  const calls = [];
  const sockets = [];
  const fetching = globalThis.fetch;
  let controller;
  Object.defineProperty(globalThis, key, {value: {
    head: () => {
      controller = new AbortController();
      const how = {method: "HEAD", cache: "no-store", signal: controller.signal};
      return Reflect.apply(fetching, globalThis, [location.href, how]).then(answer => answer.status);
    },
    abort: () => controller?.abort(),
    calls: () => calls,
    sockets: () => sockets.map(({socket, ...note}) => ({...note, state: socket.readyState})),
  }});

  // The caller's place: behind this function, `note` and the trap that calls it. Firefox gives those the document's URL.
  const place = () => {
    const frames = String(new Error().stack).split("\n").filter(line => /:\d+:\d+\)?$/.test(line));
    return (/https?:\/\/[^\s)]+/.exec(frames.slice(3).join("\n")) || [""])[0];
  };
  const absolute = url => { try { return new URL(url, document.baseURI).href; } catch { return String(url); } };
  const note = (api, url) => {
    const found = {api, url: absolute(url), place: place()};
    if (calls.length < 2000) calls.push(found);
    return found;
  };

  for (const name of ["EventSource", "WebSocket"]) {
    const native = globalThis[name];
    if (native) globalThis[name] = new Proxy(native, {construct(target, given, newTarget) {
      const made = Reflect.construct(target, given, newTarget);
      const found = note(name, made.url);
      if (name === "WebSocket") sockets.push({...found, begun: performance.now(), socket: made});
      return made;
    }});
  }
  if (fetching) globalThis.fetch = new Proxy(fetching, {apply(target, self, given) {
    note("fetch", given[0] instanceof Request ? given[0].url : given[0]);
    return Reflect.apply(target, self, given);
  }});
  const opening = XMLHttpRequest.prototype.open;
  XMLHttpRequest.prototype.open = new Proxy(opening, {apply(target, self, given) {
    note("XMLHttpRequest", given[1]);
    return Reflect.apply(target, self, given);
  }});
})();
