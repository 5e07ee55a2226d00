"""Firefox's own account of why a request waits: its MOZ_LOG (nsHttp:5), read line by line while the browser runs.

Rules. The log says what Firefox does, not why it should. A line that is not understood makes the log no witness, not a fault.

What it may not know: cells, clients and limits in numbers. It finds a request's cell and client in the URL.

How it works. A request is held
- by the connection manager: its transaction was `not dispatched (queued)`, and has not become active since
  (netwerk/protocol/http/nsHttpConnectionMgr.cpp; the line AtActiveConnectionLimit before it has the counts). Of many requests
  at once some are `blocked due to rate pacing` first. They are put into the same queue, where no line is written once their
  turn has come and there is still no connection for them;
- by an HTTP/2 session: there was `no room for more concurrent streams` for its stream, and its stream has not got an id since
  (netwerk/protocol/http/Http2Session.cpp).
The request line, which is logged when a transaction is made, has the URL.

What is still ugly. The log's time stamps are of the wall clock, so `since_ms` is wrong if that clock was set meanwhile. The
messages are no stable interface: a new version of Firefox may change them.
"""

from __future__ import annotations

import datetime
import re
import time
from collections.abc import Callable
from pathlib import Path

from lab.browser.logs.follow import FollowedLog
from lab.model.ledger import now_ms
from lab.model.verdict import Limit

STAMP = r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+) UTC - "  # The time of day.
WHERE = r"\[(?:[^\]:]+ )?\d+: ?([^\]]+)\]: "  # Process and thread: [Parent 1: Main Thread], [(null) 1: x], [1:Socket Thread].
WHAT = r"\w/(\w+) (.*)$"  # Level, module and message.
LINE = re.compile(f"^{STAMP}{WHERE}{WHAT}")
MODULE = "nsHttp"
MAIN_THREAD = "Main Thread"

MADE = re.compile(r"nsHttpTransaction::Init \[this=(\w+) ")
NAMED = re.compile(r"  [A-Z]+ (\S+) HTTP/1\.1$")
COUNTED = re.compile(r".*AtActiveConnectionLimit \[(?:ci=(\S+) )?.*totalCount=(\d+), maxPersistConns=(\d+)\]")
QUEUED = re.compile(r"\s+not dispatched \(queued\) trans=(\w+)")
PACED = re.compile(r"\s+blocked due to rate pacing trans=(\w+)")
ACTIVE = re.compile(r"nsHttpConnectionMgr::AddActiveTransaction\s+t=(\w+)")
MULTIPLEXED = re.compile(r"Http2Stream::Http2Stream (\w+) trans=(\w+)")
TRIED = re.compile(r"nsHttpConnectionMgr::TryDispatchTransaction without conn \[trans=(\w+)(?: ci=\w+ ci=(\S+))?")
TUNNELLED = re.compile(r"Http2StreamWebSocket ctor:(\w+)")
NO_ROOM = re.compile(r"Http2Session::TryToActivate (\w+) stream=(\w+) no room")
REGISTERED = re.compile(r"Http2Session::RegisterStreamID session=(\w+) stream=(\w+)")
CLOSED = re.compile(r"nsHttpTransaction::Close \[this=(\w+) ")
"""The messages by which a transaction can be followed. The names say what has happened to it."""


class MozLog(FollowedLog):
    """The log of one running Firefox."""

    TELLING = (
        *(b"nsHttpTransaction::Init", b"nsHttpTransaction::Close", b" HTTP/1", b"AtActiveConnectionLimit", b"not dispatched"),
        *(b"AddActiveTransaction", b"Http2Stream::Http2Stream", b"Transaction without conn", b"WebSocket ctor", b"no room"),
        *(b"RegisterStreamID", b"rate pacing"),
    )

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._begun = self._trying = ""
        self._counts: str | None = None
        self._paths: dict[str, str] = {}
        self._transactions: dict[str, str] = {}
        self._rules: tuple[tuple[re.Pattern[str], Callable[[re.Match[str], float], None]], ...] = (
            (MADE, self._made),
            (NAMED, self._named),
            (COUNTED, self._counted),
            (QUEUED, self._queued),
            (PACED, self._queued),
            (ACTIVE, self._served),
            (MULTIPLEXED, self._multiplexed),
            (TRIED, self._tried),
            (TUNNELLED, self._tunnelled),
            (NO_ROOM, self._no_room),
            (REGISTERED, self._registered),
            (CLOSED, self._closed),
        )

    def _line(self, raw: bytes) -> None:
        line = LINE.match(raw.decode("utf-8", "replace"))
        if line is None:
            if not self._understood:
                raise ValueError("its first line is not of a MOZ_LOG with time stamps")
            return  # A message may have several lines; only first lines are read.
        self._understood = True
        stamp, thread, module, message = line.groups()
        if module != MODULE:
            return
        for rule, act in self._rules:
            if (act != self._named or thread == MAIN_THREAD) and (found := rule.match(message)):
                act(found, since(stamp) if act in (self._queued, self._no_room) else 0.0)
                return

    def _made(self, found: re.Match[str], _: float) -> None:
        self._begun = found[1]

    def _named(self, found: re.Match[str], _: float) -> None:
        if self._begun:
            self._paths[self._begun], self._begun = found[1], ""

    def _counted(self, found: re.Match[str], _: float) -> None:
        self._counts = f"{found[2]} connections to this host were counted, against a limit of {found[3]}"

    def _queued(self, found: re.Match[str], since_ms: float) -> None:
        if path := self._paths.get(found[1]):
            self._held.setdefault(found[1], self._holds(path, Limit.CONNECTIONS, since_ms, note=self._counts))

    def _served(self, found: re.Match[str], _: float) -> None:
        self._held.pop(found[1], None)

    def _multiplexed(self, found: re.Match[str], _: float) -> None:
        self._transactions[found[1]] = found[2]

    def _tried(self, found: re.Match[str], _: float) -> None:
        self._trying = found[1]

    def _tunnelled(self, found: re.Match[str], _: float) -> None:
        """The stream of a WebSocket does not name its transaction; it is made while that transaction is being dispatched."""
        self._transactions[found[1]] = self._trying

    def _no_room(self, found: re.Match[str], since_ms: float) -> None:
        transaction = self._transactions.get(found[2], "")
        if path := self._paths.get(transaction):
            self._held[transaction] = self._holds(path, Limit.STREAMS, since_ms)

    def _registered(self, found: re.Match[str], _: float) -> None:
        self._held.pop(self._transactions.get(found[2], ""), None)

    def _closed(self, found: re.Match[str], _: float) -> None:
        self._held.pop(found[1], None)
        self._paths.pop(found[1], None)


def since(stamp: str) -> float:
    """The moment of a time stamp, on the monotonic clock (ms). It is never later than now, even if the wall clock was set
    back."""
    wall = datetime.datetime.fromisoformat(stamp).replace(tzinfo=datetime.UTC).timestamp()
    return round(now_ms() - max(0.0, time.time() - wall) * 1000, 3)
