"""Reading a log block by block: the same lines as one after the other."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.browser.logs import follow
from lab.browser.logs.follow import FollowedLog


class Words(FollowedLog):
    """Understands a log from its second line on, and notes what it is given."""

    TELLING = (b"ab", b"b c")

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.lines: list[bytes] = []

    def _line(self, raw: bytes) -> None:
        self._understood = bool(self.lines)
        self.lines.append(raw)


LOG = b"first\nsecond\r\nno\nab c ab\n\nb c\r\n" + b"x" * 20 + b"ab\nno\nab"


@pytest.mark.parametrize("block", [1, 2, 3, 7, 1000])
@pytest.mark.parametrize("piece", [1, 5, 1000])
def test_telling_lines_come_once_in_order_and_whole(
    block: int, piece: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follow, "BLOCK", block)
    path = tmp_path / "log"
    path.touch()
    log = Words(path)
    for at in range(0, len(LOG), piece):
        path.write_bytes(LOG[: at + piece])
        log.account("")
    telling = [b"first", b"second", b"ab c ab", b"b c", b"x" * 20 + b"ab"]
    assert log.lines == telling
    path.write_bytes(LOG + b"\n")
    log.account("")
    assert log.lines == [*telling, b"ab"]
