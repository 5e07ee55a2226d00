"""The raw lines that a reader would look for."""

from __future__ import annotations

import msgspec

from lab.judge.evidence import lines
from lab.model import ledger
from lab.model.browsers import BrowserLog, HeldRequest
from lab.model.ledger import StreamClosed, StreamOpened
from lab.model.verdict import Limit
from tests.judge.made import SETTLED, seen, with_ledger


def test_the_lines_tell_which_came_last_which_waits_and_which_came_instead() -> None:
    made = seen(12, 6)
    name = made.cell.name
    after = (
        StreamClosed(at_ms=SETTLED + 5, stream=1, reason="client", sent=3),
        StreamOpened(at_ms=SETTLED + 17, stream=99, connection=99, cell=name, tab=7, transport="sse", http="1.1"),
        StreamOpened(at_ms=SETTLED + 18, stream=100, connection=98, cell="another", tab=8, transport="sse", http="1.1"),
    )
    held = tuple(HeldRequest(f"https://x/?tab={tab}", tab, Limit.CONNECTIONS, 1, line=f"line {tab}") for tab in range(7, 13))
    found = lines(msgspec.structs.replace(with_ledger(made, *after), browser_log=BrowserLog(held)))
    assert [(one.witness, one.about) for one in found] == [
        ("ledger", "client 6 was the last to reach the origin"),
        ("page", "client 7 waited, blank"),
        ("network log", "client 7 is held back"),
        ("network log", "client 8 is held back"),
        ("network log", "client 9 is held back"),
        ("ledger", "the stream of client 1 was ended on purpose"),
        ("ledger", "client 7 came in its place"),
    ]
    written = [ledger.decode(one.text.encode()) for one in found if one.witness == "ledger"]
    assert written[1:] == list(after[:2]), "as they stand in ledger.jsonl"
    assert found[2].text == "line 7"


def test_where_none_waits_there_is_little_to_show() -> None:
    assert [one.witness for one in lines(seen(12, 12, protocol="h2"))] == ["ledger"]
    assert lines(seen(12, 0, releases=()))[0].witness == "page"
    assert lines(msgspec.structs.replace(seen(1, 1), ledger=())) == ()


def test_without_a_ledger_the_others_still_have_their_lines() -> None:
    assert [one.witness for one in lines(seen(12, 6, ledger=None))] == ["page"]
