"""Hops: how many clients stay live behind each proxy, what holds the others back, and what each hop does besides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lab.judge.hops import open_at
from lab.model.hops import LeavingSeen, ReloadSeen, WebSocketSeen
from lab.model.protocols import PROTOCOLS
from lab.model.verdict import Limit
from lab.report import tables as cells
from lab.report.answers import Answer, Entry
from lab.report.limits import live_count
from lab.report.tables import (
    LIVE,
    OPENED,
    REPEATS,
    VERDICT,
    Column,
    Plain,
    Row,
    Table,
    by_engine,
    grouped,
    measured,
    opening,
    over,
)
from lab.results.file import CellResult
from lab.results.names import route_title
from lab.results.repeats import Repeats
from lab.text import listed, sentence

COUNTS = (
    Column("opening", "opened as", brief=False),
    LIVE,
    OPENED,
    Column("limit", "limit"),
    Column("front", "connections to the proxy", number=True, brief=False),
    Column("behind", "connections behind it", number=True, brief=False),
    Column("announced", "streams announced", number=True, brief=False),
    VERDICT,
    REPEATS,
)
FACTS = (
    Column("front", "page came by"),
    Column("behind", "origin reached by"),
    Column("websocket", "WebSocket"),
    Column("leaving", "origin learns that a tab is closed"),
    Column("reload", "a reload of the proxy"),
)


def tables(groups: Sequence[Repeats]) -> list[Table]:
    """Two tables: live clients behind each proxy with the limit that held the others back, and what each hop does."""
    return [counts_table(groups), facts_table(groups)]


def counts_table(groups: Sequence[Repeats]) -> Table:
    """A row for each cell."""
    rows = tuple(
        Row(
            one,
            route_title(one.first.cell.route),
            {
                "opening": opening(one.shown),
                "live": cells.live(one),
                "opened": cells.opened(one),
                "limit": one.shown.verdict.cause,
                "front": front_connections(one.shown),
                "behind": cells.connections(one),
                "announced": one.shown.hops.announced if one.shown.hops else None,
                "verdict": one.verdict,
                "repeats": cells.repeats_in_words(one),
            },
        )
        for one in groups
    )
    return Table("Live clients behind each proxy, and the limit that held the others back", "through", COUNTS, rows)


def front_connections(run: CellResult) -> int | None:
    """How many connections the browser had in use at the moment of the verdict: to the proxy, or without one to the origin."""
    if run.hops is None or run.settled_ms is None:
        return run.verdict.connections
    return open_at(run.hops, run.settled_ms)


def facts_table(groups: Sequence[Repeats]) -> Table:
    """A row for each cell that looked around."""
    looked = [one for one in groups if one.shown.hops and one.shown.hops.leaving]
    rows = tuple(Row(one, route_title(one.first.cell.route), facts(one.shown)) for one in looked)
    return Table("What each hop does", "through", FACTS, rows)


def facts(run: CellResult) -> dict[str, Plain]:
    """What each hop did in one cell."""
    hops = run.hops
    if hops is None:
        return {}
    behind = dict.fromkeys(row.protocol for row in run.rows if row.protocol and (row.streams or row.documents))
    return {
        "front": hops.negotiated,
        "behind": listed(list(behind)) if behind else None,
        "websocket": websocket(hops.websocket),
        "leaving": leaving(hops.leaving),
        "reload": reloaded(hops.reload),
    }


def websocket(one: WebSocketSeen | None) -> str | None:
    """`passes, by HTTP/2`; `passes, by a connection of its own`; `does not open`."""
    if one is None:
        return None
    if not one.passed:
        return "does not open"
    return "passes, on a connection of its own" if one.connections else "passes, on the page's connection"


def leaving(one: LeavingSeen | None) -> str | None:
    """`after 3 ms`; `only by the next update`; `not within 6 s`."""
    if one is None:
        return None
    if one.learned_ms is None:
        return f"not within {one.watched_ms / 1000:.0f} s"
    return "only by the next update" if one.after_update else f"after {one.learned_ms:.0f} ms"


def reloaded(one: ReloadSeen | None) -> str | None:
    """`cut no stream in 1.5 s`; `cut 6 of 6 streams; 6 back within 2100 ms`."""
    if one is None:
        return None
    if not one.ended:
        return f"cut no stream in {one.watched_ms / 1000:.1f} s"
    back = f"{len(one.back_ms)} back within {max(one.back_ms):.0f} ms" if one.back_ms else "none came back in time"
    return f"cut {one.ended} of {one.streams} streams; {back}"


def entries(one: Repeats) -> list[Entry]:
    """A row for each cell: how many were live, and the limit."""
    run = one.first
    labels = (route_title(run.cell.route), sentence(opening(run)), over(run))
    limit = one.shown.verdict.cause
    return [Entry(labels, {"live": live_count(one), "limit": None if limit in (None, Limit.NONE) else limit})]


ANSWER = Answer(
    title="How many clients stay live behind each proxy",
    about="through",
    entries=entries,
    details=(Column("opening", "opened as"), Column("over", "over")),
    measures=(Column("live", "live", number=True), Column("limit", "held back by")),
)


def lead(groups: Sequence[Repeats], titles: Mapping[str, str]) -> list[str]:
    """`Behind nginx, Caddy and Envoy, 12 of 12 tabs are live over HTTP/2, and over HTTP/1.1 6 in Chromium 156 and 9 in Firefox
    153.` and, where a proxy itself holds requests, which one."""
    tabs = [one for one in measured(groups) if one.first.cell.opening == "tabs"]
    found = []
    for protocol, members in grouped(tabs, lambda one: one.first.cell.protocol).items():
        parts = []
        for engine, those in by_engine(members):
            usual = [one for one in those if one.shown.verdict.cause is not Limit.PROXY]
            numbers = grouped(usual, lambda one: one.live)
            parts += [f"{live} in {titles[engine]} ({len(same)} variants)" for live, same in numbers.items()]
        most = max(one.shown.opened for one in members)
        found.append(
            f"Over {PROTOCOLS[protocol].family} to the proxy, live of {most} tabs: {listed(parts)}."
        ) if parts else None
    held = dict.fromkeys(
        route_title(one.first.cell.route) for one in measured(groups) if one.shown.verdict.cause is Limit.PROXY
    )
    return found + ([f"Held back by the proxy itself, with requests that it had: {listed(list(held))}."] if held else [])


def sentences(groups: Sequence[Repeats], titles: Mapping[str, str]) -> list[str]:
    """`In Firefox 153 over HTTP/2, streams in one page: 128 behind nginx (streams per connection (the proxy's setting)).`: one
    for each engine."""
    found = []
    for engine, members in by_engine(groups):
        several = [one for one in members if one.first.cell.opening != "tabs"]
        told = [f"{one.live} behind {route_title(one.first.cell.route)} (limit: {limit_of(one)})" for one in several]
        if told:
            found.append(f"In {titles[engine]}, live streams of one page over HTTP/2: {listed(told)}.")
    return found


def limit_of(one: Repeats) -> str:
    """The limit that held the others back, in words."""
    cause = one.shown.verdict.cause
    return cause.label if cause else "not known"
