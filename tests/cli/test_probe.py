"""`seventh-tab probe` without browsers: options, bad input, exit codes, the JSON's schema."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import jsonschema  # type: ignore[import-untyped]  # Altair brings it; it ships no types
import psutil
import pytest
from click.testing import CliRunner

from lab.cli.main import main
from lab.probe.interface import schema
from tests.conftest import ROOT
from tests.probe import apps
from tests.probe.serving import Answer, Asked, serving

SCHEMA = ROOT / "lab" / "probe" / "probe.schema.json"


def probe(*options: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "lab", "probe", *options]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=cwd or ROOT, stdin=subprocess.DEVNULL, env=environment
    )


def refused(*options: str) -> str:
    """The one line that a probe ends with, with exit code 2."""
    ended = CliRunner().invoke(main, ["probe", *options])
    assert ended.exit_code == 2, ended.output
    assert isinstance(ended.exception, SystemExit)
    [line] = [line for line in ended.stderr.splitlines() if line.startswith("seventh-tab: ")]
    return line


def test_the_committed_schema_is_that_of_the_code() -> None:
    assert SCHEMA.read_text(encoding="utf-8") == schema()


@pytest.mark.parametrize("url", ["no-url", "file:///etc/passwd", "http://nowhere.invalid/", "http://127.0.0.1:1/"])
def test_an_address_without_an_app_is_one_line(url: str) -> None:
    assert refused(url)


def test_a_wrong_option_is_one_line_and_keeps_secrets(tmp_path: Path) -> None:
    with serving(apps.streams_a_tab(1)) as server:
        url = server.url()
        for text in ("s3cret\r\nvalue", "Bad Name: s3cret", "X: s3crét", "X: s3cret\x0bx", "Cookie: a=s3cret", "Host: s3cret"):
            assert "s3cret" not in refused(url, "--header", text)
        assert "--junit" in refused(url, "--wire-only", "--junit", str(tmp_path / "junit.xml"))
        assert "--hop" in refused(url, "--hop", "http://x/")
        assert "--start" in refused(url, "--start", "'open")
        assert "--expect-tabs" in refused(url, "--tabs", "3", "--expect-tabs", "4")
        assert "no Python file" in refused(url, "--do", str(tmp_path / "absent.py"))
        for text, told in (("x = (", "line 1"), ("x = 1", "async def do(page)"), ("\nraise ValueError(1)", "line 2")):
            (tmp_path / "do.py").write_text(text)
            assert told in refused(url, "--do", str(tmp_path / "do.py"))
        (tmp_path / "login.json").write_text('{"cookies": [{"name": "s3cret"}]}')
        assert "s3cret" not in refused(url, "--storage-state", str(tmp_path / "login.json"))


def test_another_machine_is_asked_with_one_tab_only_unless_the_user_says_yes() -> None:
    assert "--yes" in refused("http://192.0.2.1/")  # An address that no machine has (RFC 5737).


def test_where_a_redirect_leads_is_asked_about_too() -> None:
    async def app(asked: Asked) -> Answer:
        return Answer(302, {"location": f"http://localhost:{servers[1].ports[0]}/"})

    with serving(apps.streams_a_tab(0)) as second, serving(app) as first:
        servers = (first, second)
        assert "would follow the redirect to http://localhost" in refused(first.url(), "--header", "X-Key: s3cret")


def test_the_wire_alone_answers_in_json_by_the_schema() -> None:
    with serving(apps.silent) as server:
        ended = probe(server.url("/events?token=s3cret"), "--json", "--wire-only", "--watch", "1", "--header", "X-Key: s3cret")
    assert ended.returncode == 0
    found = json.loads(ended.stdout)
    jsonschema.validate(found, json.loads(SCHEMA.read_text(encoding="utf-8")))
    assert {"no-tls", "silent"} <= {one["id"] for one in found["findings"]}
    assert (found["protocol"], found["engines"]) == ("h1-clear", [])
    assert "s3cret" not in ended.stdout + ended.stderr


def test_a_stream_needs_a_page() -> None:
    with serving(apps.silent) as server:
        ended = probe(server.url("/events"), "--watch", "1", "--expect-tabs", "3")
    assert ended.returncode == 5
    assert "page that opens it" in ended.stdout


@pytest.mark.parametrize("status", [401, 403, 500])
def test_a_refusal_by_the_app_is_one_line_and_still_json(status: int) -> None:
    async def app(request: Asked) -> Answer:
        return Answer(status, {"content-type": "text/plain"}, b"no")

    with serving(app) as server:
        assert str(status) in refused(server.url())
        found = json.loads(probe(server.url(), "--json").stdout)
    assert "status" in {one["id"] for one in found["findings"]}


def test_an_app_that_is_started_is_ended(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(
        "import os, pathlib, sys\n"
        "from http.server import SimpleHTTPRequestHandler, HTTPServer\n"
        "pathlib.Path('pid').write_text(str(os.getpid()))\n"
        "HTTPServer(('127.0.0.1', int(sys.argv[1])), SimpleHTTPRequestHandler).serve_forever()\n"
    )
    with serving(apps.streams_a_tab(1)) as server:
        port = server.ports[0]
    url = f"http://127.0.0.1:{port}/"
    ended = probe(url, "--wire-only", "--start", f"{sys.executable} app.py {port}", cwd=tmp_path)
    assert ended.returncode == 0, ended.stderr
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)
    broken = probe(url, "--wire-only", "--start", f"sh -c 'sleep 300 & echo $! > {tmp_path}/behind'", cwd=tmp_path)
    left = int((tmp_path / "behind").read_text())
    assert not psutil.pid_exists(left) or psutil.Process(left).status() == psutil.STATUS_ZOMBIE
    assert broken.returncode == 2
    assert "ended with code 0" in broken.stderr
