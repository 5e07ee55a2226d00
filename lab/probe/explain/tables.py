"""The tables of an explanation, for the page and the terminal."""

from __future__ import annotations

from lab.probe.explain.explanation import Explanation, Queue
from lab.probe.explain.words import moment, path, spoken, waited
from lab.report.tables import Column, Row, Table
from lab.text import counted

MOST_WAITS, MOST_HOSTS = 150, 100
"""The most rows of a page's tables. All are in the JSON."""


def waits_table(queue: Queue, one: Explanation, most: int = MOST_WAITS) -> Table:
    """The waits of one queue, in the order in which they began; of very many, the longest."""
    columns = (
        Column("kind", "what"),
        Column("since", "from", number=True),
        Column("for", "waited", number=True),
        Column("then", "then"),
        Column("room", "got the place of", brief=False),
    )
    shown = queue.waits
    if len(shown) > most:
        longest = sorted(shown, key=lambda each: -each.ms)[:most]
        shown = tuple(sorted(longest, key=lambda each: each.wait.since_ms))
    rows = [
        Row(None, f"{each.request.number}: {path(each.request.url, queue.host)}", {
            "kind": each.request.kind.value,
            "since": moment(each.wait.since_ms, timed=one.history.timed),
            "for": waited(each, one),
            "then": each.wait.outcome.value,
            "room": f"request {each.wait.released_by}" if each.wait.released_by else None,
        })
        for each in shown
    ]  # fmt: skip
    title = f"The {most} longest of {len(queue.waits)} waits" if len(queue.waits) > most else "What waited"
    return Table(title, "request", columns, tuple(rows))


def hosts_table(one: Explanation, most: int = MOST_HOSTS) -> Table:
    """The hosts: their protocols, and how many of their requests waited. Those that waited come first."""
    columns = (
        Column("protocols", "protocol"),
        Column("requests", "requests", number=True),
        Column("most", "at once", number=True),
        Column("waited", "waited", number=True),
    )
    rows = [
        Row(None, host.host or "unknown", {
            "protocols": spoken(host), "requests": host.requests, "most": host.most_at_once, "waited": host.waited,
        })
        for host in one.history.hosts[:most]
    ]  # fmt: skip
    more = len(one.history.hosts) - most
    title = f"Hosts ({counted(more, 'more host')} in the JSON)" if more > 0 else "Hosts"
    return Table(title, "host", columns, tuple(rows))
