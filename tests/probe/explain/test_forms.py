"""The forms in which logs come, from the threads and tools that they were found in: each says the same as the plain one."""

from __future__ import annotations

import gzip
import json
import re
import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from lab.errors import LabError
from lab.probe.explain import explain
from lab.probe.explain.explanation import Explanation
from lab.probe.explain.words import sentences, told
from tests.probe.explain.made import CONSTANTS, two_of_three
from tests.probe.explain.recording import FOLDER

NETLOG = FOLDER / "chromium-h1.netlog.json"
MOZLOG = FOLDER / "firefox-h1.moz_log"


def seen(one: Explanation) -> list[Any]:
    """What must not depend on the form."""
    history = one.history
    return [
        (history.counted, history.length_ms, history.hosts),
        [(queue.limit, queue.held, [(each.request.url, each.ms, each.wait) for each in queue.waits]) for queue in one.queues],
    ]


def read(path: Path, raw: bytes) -> Explanation:
    path.write_bytes(raw)
    return explain(path)


def zipped(raw: bytes) -> bytes:
    out = BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("readme.txt", "a log")
        archive.writestr("logs/log.json", raw)
    return out.getvalue()


def rearranged(raw: bytes, change: Callable[[dict[str, Any]], dict[str, Any]], **how: Any) -> bytes:
    return json.dumps(change(json.loads(raw)), ensure_ascii=False, **how).encode()


def but(whole: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in whole.items() if name not in names}


def without_version(whole: dict[str, Any]) -> dict[str, Any]:
    return {**whole, "constants": but(whole["constants"], "logFormatVersion")}


def beside(raw: bytes) -> bytes:
    """A line of another module, of the log's first moment."""
    return raw.split(b" UTC")[0] + b" UTC - [Parent 1: Main Thread]: V/nsSocketTransport x\n"


PACKED: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "a zip archive": zipped,
    "a byte order mark": lambda raw: b"\xef\xbb\xbf" + raw,
    "UTF-16, by PowerShell": lambda raw: raw.decode().encode("utf-16"),
    "CRLF": lambda raw: raw.replace(b"\n", b"\r\n"),
    "no last newline": lambda raw: raw.rstrip(b"\n"),
}
NETLOGS: dict[str, Callable[[bytes], bytes]] = {
    "all in one line": lambda raw: raw.replace(b"\n", b""),
    "one line of another tool": lambda raw: rearranged(raw, dict),
    "indented": lambda raw: rearranged(raw, dict, indent=2),
    "polledData first": lambda raw: rearranged(
        raw, lambda one: {"polledData": {"a": [{"b": 1}, {"type": 2}]}, **but(one, "polledData")}
    ),
    "constants last": lambda raw: rearranged(raw, lambda one: {**but(one, "constants"), "constants": one["constants"]}),
    "without logFormatVersion": lambda raw: rearranged(raw, without_version),
    "logEvents": lambda raw: rearranged(raw, lambda one: {**but(one, "events"), "logEvents": one["events"]}),
    "with comments and tabs": lambda raw: rearranged(raw, lambda one: {**one, "userComments": "x},{y", "tabData": {"a": [{}]}}),
    "the end on the last event's line": lambda raw: re.sub(rb",\n\"polledData\".*", b"}", raw, flags=re.DOTALL),
}
MOZLOGS: dict[str, Callable[[bytes], bytes]] = {
    "2018, Windows": lambda raw: raw.replace(b"[Parent ", b"[").replace(b": Socket Thread]", b":Socket Thread]"),
    "(null) as the process": lambda raw: raw.replace(b"[Parent ", b"[(null) "),
    "Web Content as the process": lambda raw: raw.replace(b"[Parent ", b"[Web Content "),
    "no process": lambda raw: re.sub(rb"\[Parent \d+: ", b"[", raw),
    "a terminal's noise first": lambda raw: b"*** You are running in headless mode.\n\nJavaScript error: x\n" + raw,
    "before each line": lambda raw: re.sub(rb"(?m)^", b" 0:07.17 GECKO(14256) ", raw),
    "another module first": lambda raw: beside(raw) + raw,
    "other modules between": lambda raw: raw.replace(b"\n", b"\n" + beside(raw), 50),
}  # fmt: skip


@pytest.mark.parametrize("form", [*PACKED, *NETLOGS])
def test_a_netlog_in_another_form(form: str, tmp_path: Path) -> None:
    one = read(tmp_path / "log", (PACKED | NETLOGS)[form](NETLOG.read_bytes()))
    assert seen(one) == seen(explain(NETLOG))
    assert one.history.notes == ()


@pytest.mark.parametrize("form", [*PACKED, *MOZLOGS])
def test_a_mozlog_in_another_form(form: str, tmp_path: Path) -> None:
    one = read(tmp_path / "log", (PACKED | MOZLOGS)[form](MOZLOG.read_bytes()))
    assert seen(one) == seen(explain(MOZLOG))
    assert one.history.notes == ()


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("recorded", [NETLOG, MOZLOG])
def test_a_log_that_was_cut_off_anywhere(recorded: Path, packed: bool, tmp_path: Path) -> None:
    """It is explained up to there and says so, or it is refused because nothing is left. (A MOZ_LOG has no end that could be
    missing.)"""
    raw = gzip.compress(recorded.read_bytes()) if packed else recorded.read_bytes()
    counts: list[int] = []
    for length in range(20, len(raw) - 30, max(1, len(raw) // 60)):
        try:
            one = read(tmp_path / "log", raw[:length])
        except LabError as error:
            assert not counts or counts == [0], "only the beginning is too little"
            assert "cut off" in error.message or "no log" in error.message or "is empty" in error.message
            continue
        counts.append(one.history.counted)
        if packed or recorded == NETLOG:
            assert any("cut off" in note for note in one.history.notes)
    assert counts == sorted(counts)
    assert counts[-1] > 10


def test_damaged_events_are_counted_and_left_out(tmp_path: Path) -> None:
    lines = NETLOG.read_bytes().splitlines(keepends=True)
    lines[5] = lines[5][: len(lines[5]) // 2] + b"\n"
    lines[9] = lines[9].replace(b'"time":"', b'"time":"x')
    one = read(tmp_path / "log", b"".join(lines))
    assert any("events could not be read" in note for note in one.history.notes)
    assert one.queues


def test_addresses_with_characters_of_several_bytes(tmp_path: Path) -> None:
    text = two_of_three("x").text().replace("a.test/page", "a.test/größe/日本")
    one = read(tmp_path / "log", text.encode())
    assert [each.request.url for each in one.queues[0].waits] == ["https://a.test/größe/日本?token=…"]
    one = read(tmp_path / "log", rearranged(text.encode(), dict))
    assert [each.request.url for each in one.queues[0].waits] == ["https://a.test/größe/日本?token=…"]


def test_events_with_keys_in_another_order(tmp_path: Path) -> None:
    plain = json.loads(two_of_three().text())
    turned = {"constants": CONSTANTS, "events": [dict(reversed(one.items())) for one in plain["events"]]}
    assert seen(read(tmp_path / "log", json.dumps(turned).encode())) == seen(two_of_three().explained(tmp_path))


def test_a_mozlog_without_time_stamps_knows_the_order_only(tmp_path: Path) -> None:
    raw = re.sub(rb"(?m)^[-0-9]+ [0-9:.]+ UTC - ", b"", MOZLOG.read_bytes())
    one, plain = read(tmp_path / "log", raw), explain(MOZLOG)
    assert not one.history.timed
    assert any("no time stamps" in note for note in one.history.notes)
    assert [each.request.url for each in one.queues[0].waits] == [each.request.url for each in plain.queues[0].waits]
    assert [each.wait.outcome for each in one.queues[0].waits] == [each.wait.outcome for each in plain.queues[0].waits]
    words = " ".join([*sentences(one), *told(one.queues[0], one)])
    assert "line " in words
    assert not re.search(r"\d m?s\b", words), "no length of time is claimed"


def test_a_mozlog_of_too_low_a_level_says_so(tmp_path: Path) -> None:
    raw = b"".join(line for line in MOZLOG.read_bytes().splitlines(keepends=True) if b"V/nsHttp" not in line)
    one = read(tmp_path / "log", raw)
    assert one.queues == ()
    assert any("record with nsHttp:5" in note for note in one.history.notes)
