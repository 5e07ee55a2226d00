"""Firefox's MOZ_LOG (nsHttp:5), read from its first line to its last one.

How it works. A transaction is one request for a connection. It is made on the main thread, where its fields follow; on the
socket thread it is tried, and
- queued, if that many connections to its host are active (AtActiveConnectionLimit), or as many as the browser may have in all;
- given a new connection, or one that is idle (DispatchTransaction), which it holds until it is closed;
- or given a stream of an HTTP/2 session; if that has no room, it waits until the stream gets an id (RegisterStreamID).

A transaction whose own connection is being made is called `queued` too. That is no wait for a limit, and does not count.

Lines may be of any year: with `Parent` and a space in their brackets or not, after other output of a terminal, without time
stamps (then only their order is known), and of other modules as well.

What is still ugly. Firefox uses an address in memory again for another transaction. What was begun before the log is not named
in it, only counted. A WebSocket that has been opened over HTTP/1.1 leaves this log.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Iterator
from functools import lru_cache

from lab.browser.logs import mozlog as live
from lab.model.verdict import Limit
from lab.probe.explain.history import History, Kind, Outcome, utc
from lab.probe.explain.recorder import EVERY, Recorder
from lab.probe.explain.source import Source

WHERE = r"\[(?:(?:[^\]:\[]* )?\d+: ?)?([^\]\[]+)\]: "
LINE = re.compile(f"(?:{live.STAMP})?{WHERE}{live.WHAT}", re.MULTILINE)
ANY_LINE = re.compile(LINE.pattern.encode(), re.MULTILINE)
STAMPED = re.compile(live.STAMP.encode())
DETAILED = re.compile(rb"\]: V/nsHttp ")

TELLING = re.compile(
    b"|".join(map(re.escape, live.MozLog.TELLING))
    + rb"|AtActiveConnectionLimit result|num active conns == max conns|DispatchTransaction \[|dispatched step"
    rb"|OnMsgNewTransaction|  Host: |  Accept: text/event-stream|  Sec-Fetch-Dest: |  User-Agent: "
    rb"|OnHeadersAvailable \[|Http3Stream::Http3Stream |  Upgrade: websocket"
)
"""Lines that match are interpreted; the others are not even decoded."""

HASH_KEY = re.compile(r"[.A-Z0-9]([.S])[.A-Z]*(?:\[tlsflags\w*\])*(\[[0-9a-fA-F:.]+\]|[^\s^:]+):(\d+)")
"""Of a connection's key: whether it has TLS, its host and its port (nsHttpConnectionInfo::BuildHashKey)."""

DESTINATIONS = {"document": Kind.PAGE, "iframe": Kind.FRAME, "frame": Kind.FRAME, "websocket": Kind.WEBSOCKET}
TLS_OFF, DEFAULT = ".", {"http": "80", "https": "443"}


class _Transaction:
    """What was written of a transaction before it asked for a connection."""

    def __init__(self) -> None:
        self.path = self.host = ""
        self.kind = Kind.OTHER
        self.arrived_ms: float | None = None


class Reader:
    """Tells a recorder what the lines say. Keys of requests are the addresses of their transactions."""

    def __init__(self) -> None:
        self.recorder = Recorder()
        self.browser = ""
        self._known: dict[str, _Transaction] = {}
        self._streams: dict[str, str] = {}
        self._being_made = self._trying = self._key = ""
        self._limit: Limit | None = None
        self._most: int | None = None
        self._full: dict[str, int] = {}
        self._rules: tuple[tuple[re.Pattern[str], Callable[[re.Match[str], float], None]], ...] = (
            (live.MADE, self._made),
            (re.compile(r"nsHttpConnectionMgr::OnMsgNewTransaction \[trans=(\w+)"), self._arrived),
            (live.TRIED, self._tried),
            (live.COUNTED, self._counted),
            (re.compile(r"AtActiveConnectionLimit result: (\w+)"), self._result),
            (re.compile(r"\s+num active conns == max conns"), self._all_in_use),
            (live.QUEUED, self._queued),
            (live.PACED, self._paced),
            (re.compile(r"\s+dispatched step \d+ \(async new conn\) trans=(\w+)"), self._connects),
            (re.compile(r"nsHttpConnectionMgr::DispatchTransaction \[(?:ent-)?ci=(\S+) .*?trans=(\w+) .*?conn=(\w+)(.*)"),
             self._dispatched),
            (live.ACTIVE, self._active),
            (re.compile(r"nsHttpConnection::OnHeadersAvailable \[this=\w+ trans=(\w+)"), self._answered),
            (live.MULTIPLEXED, self._multiplexed),
            (live.TUNNELLED, self._tunnelled),
            (re.compile(r"Http3Stream::Http3Stream \[this=\w+.*trans=(\w+)"), self._over_quic),
            (live.NO_ROOM, self._no_room),
            (live.REGISTERED, self._registered),
            (live.CLOSED, self._closed),
        )  # fmt: skip
        self._fields: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], None]], ...] = (
            (live.NAMED, self._named),
            (re.compile(r"  Host: (\S+)"), self._host),
            (re.compile(r"  (Accept): text/event-stream"), self._for_events),
            (re.compile(r"  Sec-Fetch-Dest: (\S+)"), self._destination),
            (re.compile(r"  (Upgrade): websocket"), self._for_websocket),
            (re.compile(r"  User-Agent: .*\b((?:Firefox|Thunderbird)/[\d.]+)"), self._agent),
        )

    def line(self, thread: str, message: str, at_ms: float) -> None:
        """Interpret one line of the module nsHttp."""
        if thread == live.MAIN_THREAD and self._field(message):
            return
        for rule, act in self._rules:
            if found := rule.match(message):
                act(found, at_ms)
                return

    def _field(self, message: str) -> bool:
        """Whether a line belongs to a request that is being made. Its fields follow each other on the main thread."""
        for rule, act in self._fields:
            if self._being_made and (found := rule.match(message)):
                act(found)
                return True
        return False

    # The fields of a request.

    def _made(self, found: re.Match[str], at_ms: float) -> None:
        self.recorder.ended(found[1], at_ms)
        self._being_made = found[1]
        self._known[found[1]] = _Transaction()

    def _named(self, found: re.Match[str]) -> None:
        self._known[self._being_made].path = found[1]

    def _host(self, found: re.Match[str]) -> None:
        self._known[self._being_made].host = found[1]

    def _for_events(self, _: re.Match[str]) -> None:
        self._known[self._being_made].kind = Kind.EVENTS

    def _for_websocket(self, _: re.Match[str]) -> None:
        self._known[self._being_made].kind = Kind.WEBSOCKET

    def _destination(self, found: re.Match[str]) -> None:
        self._known[self._being_made].kind = DESTINATIONS.get(found[1], self._known[self._being_made].kind)

    def _agent(self, found: re.Match[str]) -> None:
        self.browser = self.browser or found[1].replace("/", " ")

    # Asking for a connection, and waiting for one.

    def _arrived(self, found: re.Match[str], at_ms: float) -> None:
        if one := self._known.get(found[1]):
            one.arrived_ms = at_ms

    def _tried(self, found: re.Match[str], at_ms: float) -> None:
        self._trying, self._limit, self._most, self._key = found[1], None, None, found[2] or ""
        self._ask(found[1], self._key, at_ms)

    def _ask(self, transaction: str, key: str, at_ms: float) -> None:
        """The transaction asks for a connection, if it was not known to have asked."""
        one = self._known.get(transaction)
        if one is None or self.recorder.known(transaction):
            return
        arrived, one.arrived_ms = one.arrived_ms, None
        self.recorder.asked(transaction, address(one, key), at_ms if arrived is None else arrived, one.kind)

    def _counted(self, found: re.Match[str], _: float) -> None:
        count, most = int(found[2]), int(found[3])
        self._key = self._key or found[1] or ""
        self._limit, self._most = (Limit.CONNECTIONS, most) if count >= most else (None, None)
        if self._limit is None:
            self._full.pop(self._key, None)
        else:
            self._full[self._key] = most

    def _result(self, found: re.Match[str], _: float) -> None:
        if found[1] == "false":
            self._limit = None

    def _all_in_use(self, _: re.Match[str], __: float) -> None:
        self._limit, self._most = Limit.SOCKETS, None

    def _queued(self, found: re.Match[str], at_ms: float) -> None:
        if self._limit is not None:
            self._ask(found[1], self._key, at_ms)
            pool = EVERY if self._limit == Limit.SOCKETS else named(self._key)
            self.recorder.waits(found[1], self._limit, pool, at_ms, most=self._most)
        self._key = ""

    def _paced(self, found: re.Match[str], at_ms: float) -> None:
        """One of many requests at once: it was only slowed, into the same queue. Its connections are not counted again: they
        were all in use if they were when they were last counted."""
        if self._key in self._full:
            self._ask(found[1], self._key, at_ms)
            self.recorder.waits(found[1], Limit.CONNECTIONS, named(self._key), at_ms, most=self._full[self._key])
        self._key = ""

    def _connects(self, found: re.Match[str], at_ms: float) -> None:
        self.recorder.left(found[1], at_ms)

    # Holding a connection, or a stream.

    def _dispatched(self, found: re.Match[str], at_ms: float) -> None:
        key, transaction, connection, rest = found.groups()
        self._ask(transaction, key, at_ms)
        if "isHttp2=1" in rest or "isSpdy=1" in rest or "isHttp3=1" in rest:
            self.recorder.left(transaction, at_ms, Outcome.JOINED)
        else:
            self.recorder.served(transaction, at_ms, named(key), f"connection {connection}", alone=True)

    def _answered(self, found: re.Match[str], _: float) -> None:
        self.recorder.about(found[1], protocol="h1")

    def _active(self, found: re.Match[str], at_ms: float) -> None:
        self._ask(found[1], self._key, at_ms)
        self.recorder.left(found[1], at_ms)

    def _multiplexed(self, found: re.Match[str], at_ms: float) -> None:
        stream, transaction = found.groups()
        self._streams[stream] = transaction
        self.recorder.shares(transaction, at_ms)
        self.recorder.about(transaction, protocol="h2")

    def _tunnelled(self, found: re.Match[str], at_ms: float) -> None:
        """The stream of a WebSocket does not name its transaction; it is made while that one is being dispatched."""
        self._streams[found[1]] = self._trying
        self.recorder.about(self._trying, protocol="h2", kind=Kind.WEBSOCKET)

    def _over_quic(self, found: re.Match[str], at_ms: float) -> None:
        self.recorder.shares(found[1], at_ms)
        self.recorder.about(found[1], protocol="h3")

    def _no_room(self, found: re.Match[str], at_ms: float) -> None:
        if transaction := self._streams.get(found[2]):
            self.recorder.waits(transaction, Limit.STREAMS, f"HTTP/2 connection {found[1]}", at_ms)

    def _registered(self, found: re.Match[str], at_ms: float) -> None:
        if transaction := self._streams.get(found[2]):
            session = f"HTTP/2 connection {found[1]}"
            self.recorder.served(transaction, at_ms, session, session)

    def _closed(self, found: re.Match[str], at_ms: float) -> None:
        self.recorder.ended(found[1], at_ms)


def named(key: str) -> str:
    """A connection's key without the user name that may stand in it: `host:port[user]`."""
    return re.sub(r"(:\d+)\[[^\]]*\]", r"\1", key)


def address(one: _Transaction, key: str) -> str:
    """The address of a request, from its fields and the key of its connection. Without a key, only the Host field is known. To
    a proxy, a request names the whole address."""
    if one.path.startswith(("http://", "https://")):
        return one.path
    found = HASH_KEY.match(key)
    if found is None:
        return f"http://{one.host}{one.path}" if one.host else one.path
    scheme = "http" if found[1] == TLS_OFF else "https"
    host = one.host or (found[2] if found[3] == DEFAULT[scheme] else f"{found[2]}:{found[3]}")
    return f"{scheme}://{host}{one.path}"


class Lines:
    """The lines of a log that tell something. After a reading: the moments of the `first` and the `last` line, and whether the
    log was `detailed` enough to have the lines about waiting."""

    def __init__(self, source: Source, timed: bool) -> None:
        self._source = source
        self._timed = timed
        self._number = 0
        self.first: float | None = None
        self.last: float | None = None
        self.detailed = False

    def __iter__(self) -> Iterator[tuple[str, str, float]]:
        rest = b""
        for piece in self._source.pieces():
            whole, newline, rest = (rest + piece).rpartition(b"\n")
            if len(rest) > len(piece) * 4:  # No line of a log is that long.
                rest = b""
            yield from self._telling(whole + newline)
        yield from self._telling(rest)

    def _telling(self, text: bytes) -> Iterator[tuple[str, str, float]]:
        """The telling lines of some whole lines: thread, message and moment."""
        self.detailed = self.detailed or DETAILED.search(text) is not None
        if self.first is None and (found := ANY_LINE.search(text)):
            self.first = self._moment(found[1], text.count(b"\n", 0, found.start()))
        done = counted = lines = 0
        for found in TELLING.finditer(text):
            if found.start() < done:
                continue
            start = text.rfind(b"\n", 0, found.start()) + 1
            end = text.find(b"\n", found.end())
            done = end = len(text) if end < 0 else end
            if line := LINE.search(text[start:end].rstrip(b"\r").decode("utf-8", "replace")):
                if not self._timed:
                    lines, counted = lines + text.count(b"\n", counted, start), start
                stamp, thread, module, message = line.groups()
                if module == live.MODULE and (at_ms := self._moment(stamp.encode() if stamp else None, lines)) is not None:
                    yield thread, message, at_ms
        self._end(text)
        self._number += text.count(b"\n") if not self._timed else 0

    def _end(self, text: bytes) -> None:
        """Take the moment of the last line."""
        if not self._timed:
            self.last = float(self._number + text.count(b"\n"))
        elif (at := text.rfind(b" UTC - ")) >= 0 and (found := STAMPED.search(text, max(0, at - 40))):
            self.last = self._moment(found[1], 0) or self.last

    def _moment(self, stamp: bytes | None, line: int) -> float | None:
        if not self._timed:
            return float(self._number + line)
        return milliseconds(stamp) if stamp else None


def milliseconds(stamp: bytes) -> float | None:
    """A time stamp as milliseconds since 1970; None if it is no date."""
    try:
        return seconds(stamp[:19]) * 1000 + float(b"0" + stamp[19:]) * 1000
    except ValueError:
        return None


@lru_cache(maxsize=4)
def seconds(stamp: bytes) -> float:
    """A date and time of day as seconds since 1970. Most lines are of the same second as the line before."""
    return datetime.datetime.fromisoformat(stamp.decode()).replace(tzinfo=datetime.UTC).timestamp()


def is_mozlog(head: bytes) -> bool:
    """Whether the beginning of a file has a line of a MOZ_LOG, perhaps after other output."""
    return ANY_LINE.search(head) is not None


def read(source: Source, head: bytes) -> History:
    """The history in a MOZ_LOG."""
    timed = STAMPED.search(head) is not None
    lines, reader = Lines(source, timed), Reader()
    for thread, message, at_ms in lines:
        reader.line(thread, message, at_ms)
    first = lines.first or 0.0
    return reader.recorder.history(
        log="MOZ_LOG",
        browser=reader.browser,
        began=utc(first) if timed else "",
        origin_ms=first,
        end_ms=lines.last or first,
        timed=timed,
        notes=notes(lines, source, timed),
    )


def notes(lines: Lines, source: Source, timed: bool) -> list[str]:
    """What limits an explanation of this log."""
    found = []
    if source.cut:
        found.append("The packed file was cut off: it is explained up to there.")
    if not timed:
        found.append("The log has no time stamps (MOZ_LOG=timestamp,…): how long a request waited can't be told.")
    if not lines.detailed:
        found.append(
            "The log has no lines of level 5 of the module nsHttp, and only those tell of waiting: record with nsHttp:5."
        )
    return found
