"""`seventh-tab explain`: what it prints and writes, and one clear line with exit code 2 for a file that it can't use."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import msgspec
import pytest

from lab.probe.explain.as_json import SCHEMA, ExplanationJson
from tests.cli.test_cli import call
from tests.conftest import ROOT
from tests.probe.explain.made import two_of_three
from tests.probe.explain.recording import FOLDER, LOGS, SECRET

HAR = json.dumps({"log": {"version": "1.2", "creator": {"name": "x"}, "entries": []}})
PROFILE = json.dumps({"meta": {"interval": 1, "preprocessedProfileVersion": 40}, "threads": []})
VIEWER = "1234: URL_REQUEST\nhttps://a.test/\nStart Time: x\n\nt= 59796 [st= 50185] +HTTP_TRANSACTION_READ_BODY [dt=3]\n"
CUT = two_of_three().text().partition('"params"')[0]
VERSION_2 = two_of_three().text().replace('"logFormatVersion": 1', '"logFormatVersion": 2')
REFUSED = {
    "is empty": b"",
    "is empty ": b" \n\n",
    "it is a HAR file": HAR.encode(),
    "it is a profile of the Firefox Profiler": PROFILE.encode(),
    "it is text copied from a NetLog viewer": VIEWER.encode(),
    "it is JSON, but has no NetLog's constants": b'[{"a": 1}]',
    "it is JSON, but has no NetLog's constants ": b'{"constants": {"a": 1}}',
    "it is a binary file": b"\x7fELF\0\0\0" * 100,
    "it is of no known form": b"GET / HTTP/1.1\nHost: a.test\n",
    "was cut off before its first event": b'{"constants":{"logEventTypes":{"A":1',
    "without a whole event": CUT.encode(),
    "format 2, and only format 1": VERSION_2.encode(),
    "can't be unpacked": b"PK\x03\x04" + b"x" * 50,
    "was cut off before its first line": gzip.compress(b"x" * 1000)[:10],
}


@pytest.mark.parametrize("complaint", REFUSED)
def test_a_file_that_it_cannot_use(complaint: str, tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(REFUSED[complaint])
    found = call("explain", str(tmp_path / "log"))
    assert found.exit_code == 2
    assert found.stdout == ""
    [line] = found.stderr.splitlines()
    assert line.startswith(f"seventh-tab: {tmp_path / 'log'} ")
    assert complaint.strip() in line
    assert [one.name for one in tmp_path.iterdir()] == ["log"], "no page"


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    for path, complaint in ((tmp_path / "none", "No such file or directory"), (tmp_path, "Is a directory")):
        found = call("explain", str(path))
        assert found.exit_code == 2
        assert complaint in found.stderr
        assert len(found.stderr.splitlines()) == 1


def test_an_archive_with_a_password_or_nothing(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "empty", "w"):
        pass
    assert "is no log" in call("explain", str(tmp_path / "empty")).stderr
    with zipfile.ZipFile(tmp_path / "locked", "w") as archive:
        archive.writestr("log\x1b.json", "x")
    raw = bytearray((tmp_path / "locked").read_bytes())
    for mark in (b"PK\x03\x04", b"PK\x01\x02"):
        raw[raw.index(mark) + (6 if mark.endswith(b"\x04") else 8)] |= 1  # The flag of an encrypted member.
    (tmp_path / "locked").write_bytes(raw)
    found = call("explain", str(tmp_path / "locked"))
    assert found.exit_code == 2
    assert "unpack it first" in found.stderr
    assert "\x1b" not in found.stderr


@pytest.mark.parametrize("name", LOGS)
def test_it_tells_and_writes_a_page(name: str, tmp_path: Path) -> None:
    log = tmp_path / name
    log.write_bytes((FOLDER / name).read_bytes())
    found = call("explain", str(log))
    assert found.exit_code == 0, found.output
    assert "waited for a" in found.stdout
    assert "event stream" in found.stdout
    assert (tmp_path / f"{name}.html").read_text().startswith("<!doctype html>")
    assert f"page: {log}.html" in found.stdout


@pytest.mark.parametrize("name", LOGS)
def test_nothing_secret_leaves_it(name: str, tmp_path: Path) -> None:
    """Each page's address had a token, and each request of Firefox's log a cookie."""
    assert SECRET in (FOLDER / name).read_text()
    printed = call("explain", str(FOLDER / name), "--out", str(tmp_path / "page.html"))
    machine = call("explain", str(FOLDER / name), "--json")
    for text in (printed.output, (tmp_path / "page.html").read_text(), machine.output):
        assert "token=…" in text
        assert SECRET not in text
        assert "recorded" not in text.replace("recorded/", "").replace("was recorded", ""), "the value of another name"


def test_json_is_all_that_is_printed(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text(two_of_three().text())
    found = call("explain", str(log), "--json")
    one = msgspec.json.decode(found.stdout, type=ExplanationJson)
    assert (one.schema, one.log, one.counted) == (SCHEMA, "NetLog", 3)
    [queue] = one.queues
    assert (queue.waiting, queue.holders, queue.held, queue.longest_ms) == ((3,), (1, 2), 2, 500)
    assert [path.name for path in tmp_path.iterdir()] == ["log"]
    found = call("explain", str(log), "--json", "--out", str(tmp_path / "page"))
    assert msgspec.json.decode(found.stdout, type=ExplanationJson) == one
    assert (tmp_path / "page").is_file()


def test_a_page_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "log").write_text(two_of_three().text())
    found = call("explain", str(tmp_path / "log"), "--out", str(tmp_path / "none" / "page"))
    assert found.exit_code == 2
    assert "1 request waited" in found.stdout, "what was found is told first"
    assert "choose another place with --out" in found.stderr


def test_as_a_program_it_shows_no_progress_where_there_is_no_terminal(tmp_path: Path) -> None:
    (tmp_path / "log").write_text(two_of_three().text())
    command = [sys.executable, "-m", "lab", "explain", str(tmp_path / "log")]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")


def test_what_a_log_says_does_not_reach_the_terminal_raw(tmp_path: Path) -> None:
    text = two_of_three().text().replace("a.test/page", "a.test/\\u001b[31m[bold]/\\u202e")
    (tmp_path / "log").write_text(text)
    found = call("explain", str(tmp_path / "log"))
    assert found.exit_code == 0, found.output
    assert "\x1b" not in found.output
    assert "[bold]" in found.output


def test_the_log_itself_is_never_overwritten(tmp_path: Path) -> None:
    log = tmp_path / "own"
    log.write_text(two_of_three().text())
    ended = call("explain", str(log), "--out", str(log))
    assert ended.exit_code == 2
    assert "is the log itself" in ended.stderr
    assert log.read_text() == two_of_three().text()
