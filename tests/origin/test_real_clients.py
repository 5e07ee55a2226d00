"""Clients that people use to check a server: curl, h2load and nghttp, against each door. The last two are in Debian's
nghttp2-client.
"""

from __future__ import annotations

import re
import subprocess
from contextlib import closing

import pytest

from lab.paths import LOOPBACK
from tests.conftest import PATIENCE_S, Served
from tests.tools.control import H1

REQUESTS = 20


def said(*command: str) -> str:
    """What a command that succeeds wrote."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S)
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout + done.stderr


def url(origin: Served, door: str) -> str:
    scheme = "http" if door == "h1-clear" else "https"
    return f"{scheme}://{LOOPBACK}:{origin.port(door)}/"


@pytest.mark.parametrize(("door", "version"), [("h1-clear", "1.1"), ("h1", "1.1"), ("h2", "2")])
def test_curl(origin: Served, door: str, version: str) -> None:
    head = said("curl", "-sk", "-D", "-", "-o", "/dev/null", url(origin, door))
    assert head.splitlines()[0].strip() == f"HTTP/{version} 200{' OK' if version == '1.1' else ''}"


@pytest.mark.parametrize(("door", "options"), [("h1-clear", ["--h1"]), ("h1", ["--h1"]), ("h2", [])])
def test_h2load(origin: Served, door: str, options: list[str]) -> None:
    """It takes an HTTP/1.1 answer without a reason phrase for failed."""
    out = said("h2load", "-n", str(REQUESTS), "-c", "2", *options, url(origin, door))
    assert f"{REQUESTS} succeeded, 0 failed" in out
    assert re.search(rf"{REQUESTS} 2xx", out)


def test_nghttp(origin: Served) -> None:
    out = said("nghttp", "-nv", "--no-verify-peer", url(origin, "h2"))
    assert ":status: 200" in out
    assert "RST_STREAM" not in out


def test_a_status_line_has_its_reason_phrase(origin: Served) -> None:
    with closing(H1(origin.port("h1-clear"))) as client:
        assert client.get("/nothing-is-here").reason == b"Not Found"
