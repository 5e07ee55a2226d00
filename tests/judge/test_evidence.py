"""The raw lines that a reader would look for."""

from __future__ import annotations

import msgspec

from lab.judge.evidence import lines
from lab.model import ledger
from lab.model.browsers import BrowserLog, HeldRequest
from lab.model.ledger import StreamClosed, StreamOpened
from tests.judge.test_limits import SETTLED, seen


def test_the_lines_tell_who_came_last_who_waits_and_who_came_instead() -> None:
    made = seen(12, 6)
    name = made.cell.name
    after = (
        StreamClosed(at_ms=SETTLED + 5, stream=1, reason="client", sent=3),
        StreamOpened(at_ms=SETTLED + 17, stream=99, connection=99, cell=name, tab=7, transport="sse", http="1.1"),
        StreamOpened(at_ms=SETTLED + 18, stream=100, connection=98, cell="another", tab=8, transport="sse", http="1.1"),
    )
    held = tuple(
        HeldRequest(f"https://x/?tab={tab}", tab, "connections per host", 1, line=f"line {tab}") for tab in range(7, 13)
    )
    found = lines(msgspec.structs.replace(made, ledger=(*made.ledger, *after), browser_log=BrowserLog(held)))
    assert [(one.witness, one.about) for one in found] == [
        ("ledger", "number 6 was the last to reach the origin"),
        ("page", "number 7 waited, blank"),
        ("network log", "number 7 is held back"),
        ("network log", "number 8 is held back"),
        ("network log", "number 9 is held back"),
        ("ledger", "number 1 was ended on purpose"),
        ("ledger", "number 7 came in its place"),
    ]
    written = [ledger.decode(one.text.encode()) for one in found if one.witness == "ledger"]
    assert written[1:] == list(after[:2]), "as they stand in ledger.jsonl"
    assert found[2].text == "line 7"


def test_where_nobody_waits_there_is_little_to_show() -> None:
    assert [one.witness for one in lines(seen(12, 12, protocol="h2"))] == ["ledger"]
    assert lines(seen(12, 0, releases=()))[0].witness == "page"
    assert lines(msgspec.structs.replace(seen(1, 1), ledger=())) == ()
