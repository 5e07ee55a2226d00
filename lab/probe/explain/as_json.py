"""An explanation as JSON: an interface. Fields may be added; none changes its meaning."""

from __future__ import annotations

import msgspec

from lab.model.verdict import Limit
from lab.probe.explain.explanation import Explanation, Queue
from lab.probe.explain.history import Host, Request
from lab.probe.explain.words import sentences, told

SCHEMA = "seventh-tab-explanation/1"


class QueueJson(msgspec.Struct, frozen=True, kw_only=True):
    """All that waited for places in one pool, for one limit."""

    limit: Limit
    """What they waited for: connections (of a host), sockets (of the browser) or streams (of an HTTP/2 connection)."""
    pool: str
    """The pool, as the log names it."""
    host: str
    """The host that they were for; empty if there were several."""
    protocol: str
    """h1, h2 or h3; empty if not known."""
    most: int | None
    """The limit's value, where the log gives it."""
    held: int
    """How many places were held when the longest wait began, as far as the log shows it."""
    longest_ms: float
    """The longest wait; if it did not end, until the log ended. Without time stamps, a number of lines."""
    derived: bool
    """Whether one of the waits is inferred."""
    waiting: tuple[int, ...]
    """The numbers of the requests that waited."""
    holders: tuple[int, ...]
    """The numbers of the requests that held the places meanwhile."""
    brief: int
    """How many waits were too short to be listed."""
    joined: int
    """How many waited only for a connection to be ready that they then shared."""
    told: tuple[str, ...]
    """The same in sentences."""


class ExplanationJson(msgspec.Struct, frozen=True, kw_only=True):
    """A log, explained. All times are milliseconds since the log began."""

    schema: str
    """The name and version of this form."""
    file: str
    """The log's file name."""
    size: int
    """Its size in bytes."""
    log: str
    """NetLog or MOZ_LOG."""
    browser: str
    """The browser and its version; empty if the log does not say."""
    began: str
    """When the log began (UTC); empty if not known."""
    length_ms: float
    """From its first event to its last one."""
    timed: bool
    """False: the log has no time stamps, and all times are numbers of lines."""
    counted: int
    """How many requests asked for a connection."""
    told: tuple[str, ...]
    """The whole in sentences, the answer first."""
    queues: tuple[QueueJson, ...]
    """What waited, the longest time in all first."""
    requests: tuple[Request, ...]
    """The requests that waited, and those that held what others waited for."""
    hosts: tuple[Host, ...]
    """Every host."""
    notes: tuple[str, ...]
    """What limits the explanation."""


def queue_json(queue: Queue, one: Explanation) -> QueueJson:
    """One queue, with numbers in place of requests."""
    return QueueJson(
        limit=queue.limit,
        pool=queue.pool,
        host=queue.host,
        protocol=queue.protocol,
        most=queue.most,
        held=queue.held,
        longest_ms=queue.longest.ms,
        derived=queue.derived,
        waiting=tuple(each.request.number for each in queue.waits),
        holders=tuple(each.number for each in queue.holders),
        brief=queue.brief,
        joined=queue.joined,
        told=tuple(told(queue, one)),
    )


def as_json(one: Explanation) -> str:
    """The whole explanation, indented."""
    history = one.history
    found = ExplanationJson(
        schema=SCHEMA,
        file=one.file,
        size=one.size,
        told=tuple(sentences(one)),
        queues=tuple(queue_json(queue, one) for queue in one.queues),
        **{name: getattr(history, name) for name in history.__struct_fields__},
    )
    return msgspec.json.format(msgspec.json.encode(found), indent=2).decode() + "\n"
