"""The plain client against the apps of this folder, and against servers that misbehave."""

from __future__ import annotations

import asyncio
import re
import socket
import threading
import zlib
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest

from lab.errors import UsageError
from lab.judge.wire import changed_between, findings
from lab.model.probe import Severity
from lab.model.wire import IDENTITY, Exchange, WireSeen
from lab.wire.address import parse
from lab.wire.ask import Asking, Fields, ask
from lab.wire.connection import Trust
from lab.wire.events import decoder
from lab.wire.greet import answered, greet
from tests.probe import apps
from tests.probe.serving import Answer, App, Asked, serving, stream

WATCH_S = 1.5


def asked(url: str, *, watch_s: float = WATCH_S, insecure: bool = True, name: str = "", fields: Fields = ()) -> WireSeen:
    address = parse(url)
    asking = Asking(own=address.origin, trust=Trust(insecure=insecure), watch_s=watch_s, fields=fields)
    return asyncio.run(ask(address, asking, name))


def ids(seen: WireSeen) -> set[str]:
    return {one.id for one in findings(seen)}


def test_a_stream_is_asked_twice_over_each_protocol(leaf: Path) -> None:
    with serving(apps.streams_a_tab(1), certs=leaf, streams=37) as server:
        seen = asked(server.url("/events"), watch_s=1.0)
    assert [(one.protocol, one.coding) for one in seen.exchanges] == [
        ("h2", "browser"), ("h2", "identity"), ("h1", "browser"), ("h1", "identity"),
    ]  # fmt: skip
    assert seen.exchanges[0].settings["MAX_CONCURRENT_STREAMS"] == 37
    assert all(one.is_stream and one.stream and one.stream.events for one in seen.exchanges)
    assert {"few-streams", "certificate", "no-ids"} <= ids(seen)
    assert "late-header" not in ids(seen)


def test_plain_http_and_tls_without_http2_are_told_apart(leaf: Path) -> None:
    with serving(apps.streams_a_tab(1)) as server:
        assert "no-tls" in ids(asked(server.url()))
    with serving(apps.streams_a_tab(1), certs=leaf, protocols=("http/1.1",)) as server:
        seen = asked(server.url())
    assert "no-h2" in ids(seen)
    assert [one.protocol for one in seen.exchanges] == ["h1", "h1"]


def test_a_header_that_waits_for_the_first_event_is_found(leaf: Path) -> None:
    with serving(apps.late_header, certs=leaf) as server:
        found = {one.id: one for one in findings(asked(server.url("/events"), watch_s=4.0))}
    assert found["late-header"].severity is Severity.PROBLEM


def test_silence_is_said_as_far_as_it_was_watched() -> None:
    with serving(apps.silent) as server:
        found = {one.id: one for one in findings(asked(server.url("/events")))}
    said = re.search(r"silent for at least ([\d.]+) s", found["silent"].what)
    assert said
    assert float(said[1]) <= WATCH_S, "it was watched no longer"
    assert "late-header" not in found


def test_compression_that_holds_events_back_is_told_from_one_that_does_not() -> None:
    with serving(apps.compressed(flush=False)) as server:
        assert "compressed-late" in ids(asked(server.url("/events")))
    with serving(apps.compressed(flush=True)) as server:
        seen = asked(server.url("/events"))
    assert "compressed" in ids(seen)
    assert "compressed-late" not in ids(seen)


def counting(*, resumes: bool, buffered: bool = False) -> App:
    """A stream whose events have ids; `buffered`: five of them come at once."""

    async def app(request: Asked) -> Answer:
        async def parts() -> AsyncIterator[bytes]:
            last = request.headers.get("last-event-id")
            number = int(last) + 1 if last and resumes else 0
            while True:
                count = 5 if buffered else 1
                yield "".join(f"id: {number + n}\ndata: x\n\n" for n in range(count)).encode()
                number += count
                await asyncio.sleep(0.2 * count)

        return stream(parts())

    return app


@pytest.mark.parametrize(("resumes", "said"), [(True, "honoured"), (False, "started over")])
def test_resuming_is_tried_with_the_first_id(resumes: bool, said: str) -> None:
    with serving(counting(resumes=resumes)) as server:
        seen = asked(server.url("/events"))
    told = seen.first(IDENTITY)
    assert told is not None
    assert told.stream is not None
    assert told.stream.resumed == said


def test_bursts_are_found_with_the_bytes_that_were_held_back() -> None:
    with serving(counting(resumes=False, buffered=True)) as server:
        found = {one.id: one for one in findings(asked(server.url("/events")))}
    assert "5 events at once" in found["bursts"].evidence


def test_a_redirect_with_a_login_cookie_is_followed_and_nothing_secret_is_kept() -> None:
    with serving(apps.behind_login) as server:
        seen = asked(server.url())
    assert [one.status for one in seen.redirects] == [302, 302]
    assert seen.url.endswith("/app?token=…")
    assert "s3cret" not in repr(seen)


def test_header_fields_go_to_the_urls_origin_only() -> None:
    got: list[tuple[int, str]] = []
    ports: list[int] = []

    async def app(request: Asked) -> Answer:
        got.append((request.port, request.headers.get("x-key", "")))
        if request.port == ports[0]:
            return Answer(302, {"location": f"http://127.0.0.1:{ports[1]}/"})
        return Answer(body=b"there")

    with serving(app, ports=2) as server:
        ports += server.ports
        asked(server.url(), fields=(("X-Key", "s3cret"),))
    assert {key for port, key in got if port == ports[0]} == {"s3cret"}
    assert {key for port, key in got if port == ports[1]} == {""}


def test_the_first_hop_that_differs_is_named() -> None:
    with serving(apps.late_header) as slow, serving(apps.streams_a_tab(1)) as app:
        outer, inner, same = (
            asked(one.url("/events"), name=name, watch_s=1.0) for name, one in (("edge", slow), ("app", app), ("again", app))
        )
    hops = [outer, inner]
    assert changed_between([inner, same]) is None
    found = changed_between(hops)
    assert found is not None
    assert "edge" in found.what


@contextmanager
def speaking(first: bytes, endless: bytes = b"") -> Iterator[str]:
    """A server that says something to everybody who comes, whatever they ask."""
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                one, _ = listening.accept()
            except OSError:
                return
            threading.Thread(target=say, args=(one,), daemon=True).start()

    def say(one: socket.socket) -> None:
        with one:
            try:
                one.recv(65536)
                one.sendall(first)
                while endless:
                    one.sendall(endless)
            except OSError:
                return

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"127.0.0.1:{listening.getsockname()[1]}"
    finally:
        listening.close()


OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"


def test_what_is_no_web_server_is_one_clear_line(leaf: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    lines = [refused(f"http://127.0.0.1:{port}/"), refused("http://nowhere.invalid/")]
    with speaking(b"220 mail.example ESMTP\r\n") as place:
        lines += [refused(f"http://{place}/"), refused(f"https://{place}/")]
    with speaking(b"") as place:
        lines.append(refused(f"http://{place}/"))
    with serving(apps.streams_a_tab(1), certs=leaf) as server:
        lines.append(refused(server.url(), insecure=False))
    assert all("\n" not in line for line in lines)
    assert "refused" in lines[0]
    assert "not known" in lines[1]
    assert "does not speak HTTP" in lines[2]
    assert "TLS" in lines[3]
    assert "without an answer" in lines[4]
    assert "--insecure" in lines[5]


def refused(url: str, *, insecure: bool = True) -> str:
    with pytest.raises(UsageError) as raised:
        asked(url, watch_s=0.5, insecure=insecure)
    return str(raised.value)


def test_a_redirect_loop_ends() -> None:
    async def app(request: Asked) -> Answer:
        return Answer(302, {"location": "/b" if request.path == "/a" else "/a"})

    with serving(app) as server:
        assert "loop" in refused(server.url("/a"))


def test_a_body_without_end_is_cut() -> None:
    with speaking(OK + b"\r\n", b"x" * 65536) as place:
        seen = asked(f"http://{place}/")
    assert "endless" in ids(seen)


def test_a_megabyte_of_header_is_read_and_not_kept_and_one_without_end_is_an_error_in_words() -> None:
    with speaking(OK + b"X-Long: " + b"x" * 2**20 + b"\r\n\r\n") as place:
        seen = asked(f"http://{place}/", watch_s=1.0)
    assert len(repr(seen)) < 10_000
    with speaking(OK + b"X-Long: ", b"x" * 65536) as place:
        assert "does not speak HTTP" in refused(f"http://{place}/")


@pytest.mark.parametrize("tls", [False, True])
def test_ids_that_a_plain_client_cant_send_end_nothing(leaf: Path, tls: bool) -> None:
    async def app(request: Asked) -> Answer:
        return stream(parts("größe".encode(), b"two "))

    async def parts(*texts: bytes) -> AsyncIterator[bytes]:
        for text in texts:
            yield b"id: " + text + b"\ndata: x\n\n"
        await asyncio.sleep(60)

    with serving(app, certs=leaf if tls else None) as server:
        seen = asked(server.url(), watch_s=1.0)
    told = [one.stream.resumed for one in seen.exchanges if one.stream and one.stream.resumed]
    assert set(told) == {"not known"}


def test_a_redirect_to_where_nothing_answers_names_that_place() -> None:
    async def app(request: Asked) -> Answer:
        return Answer(302, {"location": "http://127.0.0.1:1/"})

    with serving(app) as server, pytest.raises(UsageError) as raised:
        asked(server.url())
    assert "redirects to http://127.0.0.1:1, which can't be reached" in str(raised.value)


@pytest.mark.parametrize("wbits", [zlib.MAX_WBITS, -zlib.MAX_WBITS])
def test_deflate_is_read_with_its_header_and_without(wbits: int) -> None:
    packer = zlib.compressobj(wbits=wbits)
    packed = packer.compress(b"data: x\n\n") + packer.flush()
    decode = decoder("deflate")
    assert decode is not None
    assert decode(packed[:4]) + decode(packed[4:]) == b"data: x\n\n"


def test_a_server_of_http2_only_has_no_problem() -> None:
    """As granian does with `--http 2`: its TLS refuses a client that does not offer h2."""
    fine = Exchange(protocol="h2", coding="browser", status=200, connected_ms=1.0, settings={"MAX_CONCURRENT_STREAMS": 100})
    refused = Exchange(protocol="h1", coding="browser", error="SSLError: no application protocol")
    seen = WireSeen(url="https://x/", tls="TLSv1.3", alpn="h2", exchanges=(fine, refused))
    found = {one.id: one.severity for one in findings(seen)}
    assert found["only-h2"] is Severity.NOTE
    assert "failed" not in found
    broken = msgspec.structs.replace(refused, connected_ms=1.0)
    assert "failed" in ids(msgspec.structs.replace(seen, exchanges=(fine, broken)))


@pytest.mark.parametrize("status", [401, 403, 500])
def test_a_refusal_is_a_finding(status: int) -> None:
    async def app(request: Asked) -> Answer:
        return Answer(status, {"content-type": "text/plain"}, b"no")

    with serving(app) as server:
        found = {one.id: one for one in findings(asked(server.url()))}
    assert str(status) in found["status"].what


def test_a_greeting_sends_no_request(leaf: Path) -> None:
    requests: list[str] = []

    async def app(request: Asked) -> Answer:
        requests.append(request.path)
        return Answer()

    with serving(app, certs=leaf, streams=9) as server:
        seen = asyncio.run(greet(parse(server.url()), Trust(insecure=True)))
    assert seen is not None
    assert seen.protocol == "h2"
    assert seen.exchanges[0].settings["MAX_CONCURRENT_STREAMS"] == 9
    assert not requests


def test_a_plain_client_says_whether_the_server_answers() -> None:
    async def app(request: Asked) -> Answer:
        return Answer(never=request.path == "/never")

    with serving(app) as server:
        yes, no = (
            asyncio.run(answered(address := parse(server.url(path)), Asking(own=address.origin))) for path in ("/", "/never")
        )
    assert yes.answered
    assert not no.answered
