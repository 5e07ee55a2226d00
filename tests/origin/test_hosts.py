"""The origin answers to its own names only: a page of elsewhere whose name was made to resolve to this machine reads none."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import h2.events
import pytest

from lab.origin.hosts import is_own, own_names
from tests.conftest import Served
from tests.tools.control import H1, H2


@pytest.mark.parametrize(
    ("host", "known"),
    [
        ("127.0.0.1", True), ("127.0.0.1:8443", True), ("[::1]:8443", True), ("192.0.2.7", True),
        ("localhost", True), ("LOCALHOST:80", True), ("h17.localhost:80", True), ("a.localhost.", True),
        ("lab.example", True), ("LAB.example:80", True),
        ("", False), ("evil.example", False), ("evil.example:80", False), ("localhost.evil.example", False),
        ("evillocalhost", False), ("127.0.0.1.evil.example", False), ("[evil]", False), (":80", False),
    ],
)  # fmt: skip
def test_which_names_are_its_own(host: str, known: bool) -> None:
    assert is_own(host, own_names(["Lab.example"])) is known


@pytest.mark.parametrize("path", ["/", "/tab?transport=sse&tab=1", "/api/v1/live-scores?cell=c&tab=1", "/nowhere"])
def test_a_foreign_name_is_misdirected_over_http1(origin: Served, path: str) -> None:
    client = H1(origin.port("h1-clear"))
    assert client.get(path, {"Host": "evil.example"}).status_code == 421
    assert b"unknown host name" in client.body()
    client.close()


def test_the_control_endpoints_refuse_a_foreign_name_too(origin: Served) -> None:
    client = H1(origin.port("control"))
    assert client.get("/control/publish", {"Host": "evil.example"}, method="POST").status_code == 421
    client.close()


def test_a_foreign_name_is_misdirected_over_http2(origin: Served, leaf: Path) -> None:
    client = H2(origin.port("h2"), leaf)
    stream = client.get("/", authority="evil.example")
    assert client.until(h2.events.ResponseReceived, stream)
    [answer] = [event for event in client.events if isinstance(event, h2.events.ResponseReceived)]
    assert (b":status", b"421") in [(bytes(name), bytes(value)) for name, value in answer.headers or []]
    client.close()


def test_a_name_that_it_was_given(serve: Callable[..., Served]) -> None:
    client = H1(serve("--name", "lab.example").port("h1-clear"))
    assert client.get("/", {"Host": "lab.example:8080"}).status_code == 200
    client.close()


def test_the_control_door_stays_on_this_machine(serve: Callable[..., Served]) -> None:
    """Bound to every address, the control door is still on loopback only: another address of this machine does not reach it."""
    served = serve("--host", "0.0.0.0")
    assert served.listening.host == "0.0.0.0"
    client = H1(served.port("control"), address="127.0.0.1")
    assert client.get("/control/publish", method="POST").status_code == 204
    client.close()
    with pytest.raises(ConnectionRefusedError):
        H1(served.port("control"), address="127.0.0.2")
    H1(served.port("h1-clear"), address="127.0.0.2").close()
