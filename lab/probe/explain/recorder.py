"""Keeps track of requests while a log is read, and makes the history of them.

The readers say what happens to a request, by a key of their own: `asked`, then any of `waits`, `served`, `ended`. The recorder
knows what that means: which requests hold a pool's places when one begins to wait, and whose place it gets.

Memory. A log may have a hundred thousand requests. One that neither waited nor held a place while another one waited for it is
only counted.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable, Iterable

from lab.model.verdict import Limit
from lab.probe.explain.history import History, Host, Kind, Outcome, Request, Wait
from lab.probe.explain.redact import origin, redacted

MOST_HOLDERS = 32
"""The most holders that one wait names; all are counted."""

EVERY = "all connections of the browser"
"""The pool of all connections: what a limit on sockets in total is about."""

WEBSOCKETS = "WebSockets: "
"""Before the name of a pool that only WebSockets use."""


class _Pool:
    """The places that requests share. `freed`: whose places became free since somebody waits, and who has not been told to
    have got them. `waited_ms`: when somebody last waited."""

    def __init__(self) -> None:
        self.holders: dict[Hashable, _Record] = {}
        self.waiting: dict[Hashable, _Record] = {}
        self.freed: deque[int] = deque()
        self.waited_ms = float("-inf")
        self._named: tuple[int, ...] | None = None

    def named(self) -> tuple[int, ...]:
        """The numbers of the holders. Kept until they change, so that those who wait together share one."""
        if self._named is None:
            first = zip(range(MOST_HOLDERS), self.holders.values(), strict=False)
            self._named = tuple(record.number for _, record in first)
        return self._named

    def changed(self) -> None:
        self._named = None


class _Wait:
    """A wait that may go on."""

    __slots__ = ("derived", "held", "holders", "limit", "most", "outcome", "pool", "released_by", "since_ms", "until_ms")

    def __init__(self, limit: Limit, pool: str, since_ms: float, most: int | None, derived: bool, at: _Pool) -> None:
        self.limit, self.pool, self.since_ms, self.most, self.derived = limit, pool, since_ms, most, derived
        self.held, self.holders = len(at.holders), at.named()
        self.until_ms: float | None = None
        self.outcome = Outcome.WAITING
        self.released_by: int | None = None

    def frozen(self, origin_ms: float) -> Wait:
        fields = {name: getattr(self, name) for name in self.__slots__}
        return Wait(**fields | {"since_ms": since(self.since_ms, origin_ms), "until_ms": since(self.until_ms, origin_ms)})


class _Record:
    """A request of which not everything may be known yet."""

    __slots__ = (
        "began_ms", "connection", "ended_ms", "every", "host", "kind", "number", "pool", "protocol", "served_ms", "url",
        "waits",
    )  # fmt: skip

    def __init__(self, number: int, url: str, kind: Kind, began_ms: float, every: str) -> None:
        self.number, self.kind, self.began_ms, self.every = number, kind, began_ms, every
        self.url, self.host = redacted(url), origin(url)
        self.protocol = self.pool = self.connection = ""
        self.served_ms: float | None = None
        self.ended_ms: float | None = None
        self.waits: list[_Wait] = []

    def frozen(self, origin_ms: float) -> Request:
        fields = {name: getattr(self, name) for name in self.__slots__ if name != "every"}
        times = {name: since(fields[name], origin_ms) for name in ("began_ms", "served_ms", "ended_ms")}
        return Request(**fields | times | {"waits": tuple(wait.frozen(origin_ms) for wait in self.waits)})


def since(ms: float | None, origin_ms: float) -> float | None:
    """A moment, counted from `origin_ms`."""
    return None if ms is None else round(ms - origin_ms, 3)


class _Host:
    def __init__(self) -> None:
        self.requests = self.waited = self.now = self.most = 0
        self.protocols: set[str] = set()

    def frozen(self, name: str) -> Host:
        protocols = tuple(sorted(self.protocols))
        return Host(host=name, protocols=protocols, requests=self.requests, most_at_once=self.most, waited=self.waited)


class Recorder:
    """What is known so far of all requests. Keys are the reader's; a key may be used again once its request has ended."""

    def __init__(self, *, apart: bool = False) -> None:
        """`apart`: WebSockets over HTTP/1.1 have pools of their own."""
        self.counted = 0
        self._apart = apart
        self._open: dict[Hashable, _Record] = {}
        self._kept: list[_Record] = []
        self._pools: dict[str, _Pool] = {}
        self._hosts: dict[str, _Host] = {}

    def asked(self, key: Hashable, url: str, at_ms: float, kind: Kind = Kind.OTHER) -> None:
        """A request asks for a connection."""
        if key in self._open:
            self.ended(key, at_ms)
        self.counted += 1
        socket = url.startswith(("ws:", "wss:"))
        every = f"{WEBSOCKETS}{EVERY}" if socket and self._apart else EVERY
        record = _Record(self.counted, url, Kind.WEBSOCKET if socket else kind, at_ms, every)
        self._open[key] = record
        self._host(record.host).requests += 1

    def known(self, key: Hashable) -> bool:
        """Whether the request was asked, and has not ended."""
        return key in self._open

    def about(self, key: Hashable, *, kind: Kind | None = None, protocol: str = "") -> None:
        """Something more is known of a request."""
        if record := self._open.get(key):
            record.kind = kind or record.kind
            if protocol and not (protocol == "h1" and record.protocol):  # What is multiplexed began as a plain connection.
                record.protocol = protocol

    def waits(
        self, key: Hashable, limit: Limit, pool: str, at_ms: float, *, most: int | None = None, derived: bool = False
    ) -> None:
        """A request waits for a place in a pool, for a limit's sake. `most`: the limit's value, where the log gives it. Nothing
        happens if it is waiting for that already."""
        record = self._open.get(key)
        if record is None or record.served_ms is not None:
            return
        if current := self._current(record):
            if current.limit == limit:
                return
            self._leave(key, record, at_ms, Outcome.GAVE_UP)
        if not record.waits:
            self._host(record.host).waited += 1
        places = self._pool(pool)
        places.waiting[key] = record
        places.waited_ms = max(places.waited_ms, at_ms)
        record.waits.append(_Wait(limit, pool, at_ms, most, derived, places))

    def every(self, key: Hashable) -> str:
        """The pool of all connections of which a request may get one."""
        return record.every if (record := self._open.get(key)) else EVERY

    def waiting(self, key: Hashable) -> bool:
        """Whether the request waits now."""
        return (record := self._open.get(key)) is not None and self._current(record) is not None

    def left(self, key: Hashable, at_ms: float, outcome: Outcome = Outcome.SERVED) -> None:
        """A request waits no longer, whatever comes next."""
        if record := self._open.get(key):
            self._leave(key, record, at_ms, outcome)

    def joined(self, key: Hashable) -> None:
        """A request that waited uses a connection that others use too: what it waited for was only that this one is ready."""
        if (record := self._open.get(key)) and record.waits and record.waits[-1].outcome in (Outcome.GAVE_UP, Outcome.WAITING):
            record.waits[-1].outcome = Outcome.JOINED

    def served(self, key: Hashable, at_ms: float, pool: str, connection: str = "", *, alone: bool = False) -> None:
        """A request gets a place in a pool. `alone`: the place is a whole connection, which counts among all connections."""
        record = self._open.get(key)
        if record is None or record.served_ms is not None:
            return
        self._leave(key, record, at_ms, Outcome.SERVED)
        record.served_ms, record.pool, record.connection = at_ms, pool, connection
        for places in self._places(pool, record.every if alone else ""):
            places.holders[key] = record
            places.changed()
        host = self._host(record.host)
        host.now += 1
        host.most = max(host.most, host.now)

    def belongs(self, key: Hashable, pool: str) -> None:
        """The pool of a request turns out to be another one than was said."""
        record = self._open.get(key)
        if record is None:
            return
        if wait := self._current(record):
            del self._pool(wait.pool).waiting[key]
            wait.pool = pool
            self._pool(pool).waiting[key] = record
        if record.served_ms is not None:
            before, places = self._pool(record.pool), self._pool(pool)
            del before.holders[key]
            places.holders[key] = record
            record.pool = pool
            before.changed()
            places.changed()

    def shares(self, key: Hashable, at_ms: float) -> None:
        """The connection that a request got turns out to be for many (HTTP/2): the request holds no place of its own."""
        record = self._open.get(key)
        if record is not None and record.served_ms is not None:
            self._give_back(key, record, at_ms, free=False)
            record.served_ms, record.pool = None, ""

    def ended(self, key: Hashable, at_ms: float, outcome: Outcome = Outcome.GAVE_UP) -> None:
        """A request has ended, or gives its place back. `outcome`: of a wait that ends by this."""
        record = self._open.pop(key, None)
        if record is None:
            return
        self._leave(key, record, at_ms, outcome)
        matters = bool(record.waits)
        if record.served_ms is not None:
            matters = self._give_back(key, record, at_ms) or matters
        record.ended_ms = at_ms
        self._spoke(record)
        if matters:
            self._kept.append(record)

    def history(self, *, log: str, browser: str, began: str, origin_ms: float, end_ms: float, timed: bool,
                notes: Iterable[str]) -> History:  # fmt: skip
        """The history of all that was told. `origin_ms` becomes 0. Requests that have not ended keep no end."""
        for key, record in self._open.items():
            self._spoke(record)
            matters = bool(record.waits) or any(
                key in places.holders and (places.waiting or places.waited_ms >= (record.served_ms or 0.0))
                for places in self._places(record.pool, record.every)
            )
            if matters:
                self._kept.append(record)
        requests = [record.frozen(origin_ms) for record in sorted(self._kept, key=lambda one: one.number)]
        return History(
            log=log, browser=browser, began=began, length_ms=round(max(0.0, end_ms - origin_ms), 3), timed=timed,
            counted=self.counted, requests=tuple(requests), hosts=self._all_hosts(), notes=tuple(notes),
        )  # fmt: skip

    def _all_hosts(self) -> tuple[Host, ...]:
        hosts = [one.frozen(name) for name, one in self._hosts.items()]
        return tuple(sorted(hosts, key=lambda one: (-one.waited, -one.requests, one.host)))

    def _spoke(self, record: _Record) -> None:
        """Note the protocol of a request that is over: only then it is sure."""
        if record.protocol:
            self._host(record.host).protocols.add(record.protocol)

    def _current(self, record: _Record) -> _Wait | None:
        return record.waits[-1] if record.waits and record.waits[-1].until_ms is None else None

    def _leave(self, key: Hashable, record: _Record, at_ms: float, outcome: Outcome) -> None:
        """End the present wait of a request, if there is one."""
        wait = self._current(record)
        if wait is None:
            return
        wait.until_ms = max(at_ms, wait.since_ms)
        wait.outcome = Outcome.JOINED if wait.outcome == Outcome.JOINED else outcome
        places = self._pool(wait.pool)
        places.waiting.pop(key, None)
        places.waited_ms = max(places.waited_ms, at_ms)
        if wait.outcome == Outcome.SERVED and places.freed:
            wait.released_by = places.freed.popleft()
        if not places.waiting:
            places.freed.clear()

    def _give_back(self, key: Hashable, record: _Record, at_ms: float, *, free: bool = True) -> bool:
        """Take a request out of the pools in which it holds a place. Returns whether somebody waited for it meanwhile."""
        mattered = False
        for places in self._places(record.pool, record.every):
            if places.holders.pop(key, None) is None:
                continue
            places.changed()
            if places.waiting and free:
                places.freed.append(record.number)
            mattered = mattered or bool(places.waiting) or places.waited_ms >= (record.served_ms or 0.0)
        self._host(record.host).now -= 1
        return mattered

    def _places(self, pool: str, every: str) -> list[_Pool]:
        return [self._pool(pool), *([self._pool(every)] if every else [])]

    def _pool(self, name: str) -> _Pool:
        return self._pools.setdefault(name, _Pool())

    def _host(self, name: str) -> _Host:
        return self._hosts.setdefault(name, _Host())
