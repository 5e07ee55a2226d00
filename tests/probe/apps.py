"""The apps that the probe is tried on. Each is a function from a request to an answer."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import AsyncIterator

from tests.probe.serving import Answer, App, Asked, Server, page, stream, ticking

NOT_FOUND = Answer(404, {"content-type": "text/plain"}, b"no such thing")


def html(script: str, head: str = "") -> Answer:
    return page(f"<!doctype html><title>app</title>{head}<p>live</p><script>{script}</script>")


def streams_a_tab(count: int, *, head: str = "") -> App:
    """A page that opens so many event streams."""

    async def app(asked: Asked) -> Answer:
        if asked.path == "/":
            return html(f"for (let n = 1; n <= {count}; n++) new EventSource('/events?n=' + n)", head)
        if asked.path == "/events":
            return stream(ticking())
        if asked.path in ("/app.css", "/app.js"):
            return Answer(headers={"content-type": "text/css" if asked.path.endswith("css") else "text/javascript"}, body=b" ")
        return NOT_FOUND

    return app


def other_port(servers: list[Server]) -> App:
    """A page on one port of its server, `servers[0]`, whose stream is on another."""

    async def app(asked: Asked) -> Answer:
        if asked.path == "/":
            return html(f"new EventSource('http://127.0.0.1:{servers[0].ports[1]}/events')")
        return stream(ticking(), access_control_allow_origin="*") if asked.path == "/events" else NOT_FOUND

    return app


async def behind_login(asked: Asked) -> Answer:
    """Everything redirects to /login until its cookie is there; / redirects to /app."""
    cookie = "session=s3cret" in asked.headers.get("cookie", "")
    if asked.path == "/login":
        return Answer(
            302,
            {"location": "/app?token=s3cret", "set-cookie": "session=s3cret; Path=/; HttpOnly", "cache-control": "no-store"},
        )
    if not cookie:
        return Answer(302, {"location": "/login", "cache-control": "no-store"})
    if asked.path == "/":
        return Answer(302, {"location": "/app?token=s3cret", "cache-control": "no-store"})
    if asked.path == "/app":
        return html("new EventSource('/events?token=s3cret')")
    return stream(ticking()) if asked.path == "/events" else NOT_FOUND


async def one_more(asked: Asked) -> Answer:
    """The page needs one more request after its stream is open."""
    if asked.path == "/":
        return html("new EventSource('/events').onopen = () => fetch('/state').then(a => a.text())")
    if asked.path == "/state":
        return Answer(headers={"content-type": "application/json", "cache-control": "no-store"}, body=b"{}")
    return stream(ticking()) if asked.path == "/events" else NOT_FOUND


async def late(after: float, text: bytes = b"data: at last\n\n") -> AsyncIterator[bytes]:
    await asyncio.sleep(after)
    while True:
        yield text
        await asyncio.sleep(0.5)


async def late_header(asked: Asked) -> Answer:
    """No header before the first event, which comes after two seconds."""
    if asked.path == "/events":
        answer = stream(late(2.0))
        answer.head_first = False
        return answer
    return html("new EventSource('/events')") if asked.path == "/" else NOT_FOUND


async def silent(asked: Asked) -> Answer:
    """The header at once, then nothing for 30 s."""
    return (
        stream(late(30.0))
        if asked.path == "/events"
        else html("new EventSource('/events')")
        if asked.path == "/"
        else NOT_FOUND
    )


async def packed(every: float, flush: bool) -> AsyncIterator[bytes]:
    packer = zlib.compressobj(wbits=zlib.MAX_WBITS | 16)
    while True:
        part = packer.compress(b"data: tick\n\n")
        if flush:
            part += packer.flush(zlib.Z_SYNC_FLUSH)
        if part:
            yield part
        await asyncio.sleep(every)


def compressed(*, flush: bool) -> App:
    """An event stream in gzip, where the client accepts it."""

    async def app(asked: Asked) -> Answer:
        if asked.path != "/events":
            return html("new EventSource('/events')") if asked.path == "/" else NOT_FOUND
        if "gzip" not in asked.headers.get("accept-encoding", ""):
            return stream(ticking(0.3))
        return stream(packed(0.3, flush), content_encoding="gzip", vary="Accept-Encoding")

    return app


def dying(servers: list[Server], *, at: int) -> App:
    """An app whose server, `servers[0]`, ends when this page is asked for so often."""
    inner, pages = streams_a_tab(1), 0

    async def app(asked: Asked) -> Answer:
        nonlocal pages
        pages += asked.path == "/" and asked.method == "GET"
        if pages >= at:
            servers[0].die()
        return await inner(asked)

    return app


def refuses_at(number: int) -> App:
    """A server that answers its streams from this one on with 503."""
    streams = 0

    async def app(asked: Asked) -> Answer:
        nonlocal streams
        if asked.path == "/events":
            streams += 1
            return stream(ticking()) if streams < number else Answer(503, {"content-type": "text/plain"}, b"too many")
        return html("new EventSource('/events')") if asked.path == "/" else NOT_FOUND

    return app


def stops_at(number: int) -> App:
    """Over HTTP/2: it announces 100 streams, and does not answer while so many are open on the connection."""

    async def app(asked: Asked) -> Answer:
        if asked.path == "/events":
            return Answer(never=True) if asked.open_streams >= number else stream(ticking())
        return html("new EventSource('/events')") if asked.path == "/" else NOT_FOUND

    return app


def long_poll(seconds: float = 20.0) -> App:
    """A page that polls: each answer takes so long."""

    async def app(asked: Asked) -> Answer:
        if asked.path == "/":
            return html("const go = () => fetch('/poll?' + Math.random()).then(a => a.text()).then(go); go()")
        if asked.path == "/poll":
            await asyncio.sleep(seconds)
            return Answer(headers={"content-type": "application/json", "cache-control": "no-store"}, body=b"{}")
        return NOT_FOUND

    return app


def shared_stream() -> App:
    """Only the first tab opens a stream; the others know that there is one."""

    async def app(asked: Asked) -> Answer:
        if asked.path == "/":
            return html("if (!localStorage.leader) { localStorage.leader = 1; new EventSource('/events') }")
        return stream(ticking()) if asked.path == "/events" else NOT_FOUND

    return app


def on_click() -> App:
    """A page whose stream opens on a click; a second button posts something."""

    async def app(asked: Asked) -> Answer:
        if asked.path == "/":
            return page(
                "<!doctype html><title>app</title><button onclick=\"new EventSource('/events').onopen = () => "
                "said.textContent = 'connected'\">Start</button><p id=said></p>"
                "<button onclick=\"fetch('/save', {method: 'POST'}).then(() => said.textContent = 'saved')\">Save</button>"
            )
        if asked.path == "/save":
            return Answer(204, {"cache-control": "no-store"})
        return stream(ticking()) if asked.path == "/events" else NOT_FOUND

    return app


def odd() -> App:
    """A page that opens a dialog, wants to download something, and polls."""

    async def app(asked: Asked) -> Answer:
        if asked.path == "/":
            return html(
                "setTimeout(() => alert('hello'), 100); setTimeout(() => confirm('sure?'), 200);"
                "setInterval(() => fetch('/poll'), 500); new EventSource('/events');"
                "const a = document.createElement('a'); a.href = '/file'; a.download = 'x'; document.body.append(a); a.click();"
            )
        if asked.path == "/file":
            return Answer(headers={"content-type": "application/octet-stream", "content-disposition": "attachment"}, body=b"x")
        if asked.path == "/poll":
            return Answer(204, {"cache-control": "no-store"})
        return stream(ticking()) if asked.path == "/events" else NOT_FOUND

    return app
