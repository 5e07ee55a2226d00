"""Limits: how many clients stay live, and what holds the others back.

Two kinds of scenario ask this. One opens a given number of plain tabs (`is_headline`): the page begins with its answer. The
others search for a limit, by opening more and more clients until one waits, or they open something else than tabs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lab.model.protocols import PROTOCOLS
from lab.model.verdict import Kind, Limit
from lab.report import tables as cells
from lab.report.answers import Answer, Entry
from lab.report.tables import (
    LIVE,
    REPEATS,
    VERDICT,
    Column,
    Count,
    Row,
    Spread,
    Table,
    by_engine,
    grouped,
    measured,
    opening,
    over,
)
from lab.results.file import CellResult
from lab.results.names import engine_title, transport_of, within
from lab.results.repeats import Repeats
from lab.text import listed, sentence

WAITED_FOR = {
    Limit.CONNECTIONS: "a connection",
    Limit.ORIGIN_STREAMS: "a stream (the origin allows no more on one connection)",
    Limit.BROWSER_STREAMS: "a stream (the browser opens no more on one connection)",
    Limit.PROXY_STREAMS: "a stream (the proxy allows no more on one connection)",
    Limit.PROXY: "the proxy, which had their requests and did not pass them on",
    Limit.STREAMS: "a stream (one connection carries no more)",
    Limit.WEBSOCKETS: "a WebSocket (the browser opens no more)",
    Limit.SOCKETS: "a socket (the browser opens no more in total)",
}
"""What the others were waiting for, in a sentence."""


def columns(headline: bool) -> tuple[Column, ...]:
    """The columns. In a narrow table, plain tabs leave out how they were opened, and a search leaves out how many were
    opened."""
    return (
        Column("opening", "opened as", brief=not headline),
        LIVE,
        Column("opened", "opened", number=True, brief=headline),
        Column("limit", "limit"),
        Column("connections", "connections", number=True, brief=False),
        VERDICT,
        REPEATS,
    )


def tables(groups: Sequence[Repeats]) -> list[Table]:
    """One table with a row for each cell: live clients, the limit that held the others back, and the verdict."""
    rows = tuple(
        Row(
            one,
            transport_of(one.shown),
            {
                "opening": opening(one.shown),
                "live": cells.live(one),
                "opened": cells.opened(one),
                "limit": one.shown.verdict.cause,
                "connections": cells.connections(one),
                "verdict": one.verdict,
                "repeats": cells.repeats_in_words(one),
            },
        )
        for one in groups
    )
    return [Table("Live clients, and the limit that held the others back", "updates by", columns(is_headline(groups)), rows)]


def entries(one: Repeats) -> list[Entry]:
    """A row for each cell: `streams in one page`, by what, over which protocol."""
    cell, run = one.first.cell, one.first
    allowed = f", {cell.streams} streams allowed" if PROTOCOLS[cell.protocol].multiplexed else ""
    return [Entry((sentence(opening(run)), transport_of(run), f"{over(run)}{allowed}"), {"live": live_count(one)})]


def live_count(one: Repeats) -> Count | None:
    """How many clients were live; `all 12` where nothing waited. Of a search only the number is told: it opens as many as it
    takes."""
    runs = [run for run in one.runs if run.verdict.live is not None]
    if not runs:
        return None
    searched = any(run.opened != run.cell.at_most for run in runs)
    return Count(tuple(one.lives), runs[0].opened, bare=searched)


ANSWER = Answer(
    title="How many clients of one host are live at once",
    about="opened",
    entries=entries,
    details=(Column("by", "updates by"), Column("over", "over")),
    measures=(Column("live", "", number=True),),
    documented=True,
)


def lead(groups: Sequence[Repeats], titles: Mapping[str, str]) -> list[str]:
    """`Over HTTP/1.1 each live client keeps a connection, and a host gets only 6 in Chromium 156 and 6 to 9 in Firefox 153.
    Over HTTP/2 one connection carried 256 in Chromium 156 (the browser's own limit) and 300 in …`"""
    held: list[str] = []
    carried: list[str] = []
    for engine, members in by_engine(groups):
        lives = [live for one in members if one.shown.verdict.cause is Limit.CONNECTIONS for live in one.lives]
        if lives:
            held.append(f"{cells.text(Spread(tuple(lives)), LIVE)} in {titles[engine]}")
        shared = [one for one in measured(members) if PROTOCOLS[one.first.cell.protocol].multiplexed]
        most = max(shared, key=lambda one: max(one.lives), default=None)
        if most:
            whose = {Limit.BROWSER_STREAMS: "the browser's own limit", Limit.ORIGIN_STREAMS: "the origin allows no more"}
            why = whose.get(most.shown.verdict.cause or Limit.NONE, "no more were opened")
            carried.append(f"{max(most.lives)} in {titles[engine]} ({why})")
    found = [f"Over HTTP/1.1 each live client keeps a connection, and a host gets only {listed(held)}."] if held else []
    return found + ([f"Over HTTP/2 one connection carried {listed(carried)}."] if carried else [])


def is_headline(groups: Sequence[Repeats]) -> bool:
    """Whether these cells opened a given number of plain tabs, without a search. Unmeasured cells are ignored."""
    runs = [run for one in groups for run in one.runs if run.verdict.live is not None]
    return all(run.cell.opening == "tabs" and run.opened == run.cell.at_most for run in runs)


def sentences(groups: Sequence[Repeats], titles: Mapping[str, str]) -> list[str]:
    """The sentences of a scenario: counts of plain tabs, or the limits that a search found."""
    return headline_sentences(groups) if is_headline(groups) else limit_sentences(groups, titles)


def headline_sentences(groups: Sequence[Repeats]) -> list[str]:
    """`In Chromium 156, 6 of 12 tabs stayed live over HTTP/1.1 and 12 of 12 over HTTP/2; …`: one for each engine, transport and
    number of tabs."""
    runs = sorted(
        (run for one in groups for run in one.runs if run.verdict.live is not None), key=lambda run: run.cell.transport
    )
    alike = grouped(runs, lambda run: (run.cell.engine, run.cell.transport, run.cell.interval_ms, run.cell.at_most))
    several = len({run.cell.transport for run in runs}) > 1
    return [headline(members, several) for _, members in sorted(alike.items(), key=lambda item: item[0][0])]


def headline(runs: Sequence[CellResult], several: bool) -> str:
    """One sentence about plain tabs. `several`: whether other transports have sentences too, so that this one must be named."""
    by = f" by {within(transport_of(runs[0]))}" if several else ""
    text = f"In {engine_title(runs[0])}, {listed(counts(runs))}{by}"
    held = [run for run in runs if (run.verdict.live or 0) < run.opened]
    causes = [WAITED_FOR.get(run.verdict.cause) if run.verdict.cause else None for run in held]
    known = list(dict.fromkeys(cause for cause in causes if cause))
    if known and all(causes):
        text += f"; the others were waiting for {listed(known)}"
    if any(run.verdict.kind == Kind.DISPUTED for run in runs):
        text += " (disputed: the witnesses do not agree on every number)"
    return f"{text}."


def counts(runs: Sequence[CellResult]) -> list[str]:
    """`6 of 12 tabs stayed live over HTTP/1.1`, one for each protocol; protocols of one family that agree are one."""
    parts: list[tuple[str, str]] = []
    for family, members in grouped(runs, lambda run: PROTOCOLS[run.cell.protocol].family).items():
        each = {(protocol, streams): live_counts(those) for (protocol, streams), those in
                grouped(members, lambda run: (run.cell.protocol, run.cell.streams)).items()}  # fmt: skip
        if len(set(each.values())) == 1:
            parts.append((live_counts(members), family))
        else:
            often = len({protocol for protocol, _ in each}) < len(each)
            for (protocol, streams), count in each.items():
                parts.append((count, PROTOCOLS[protocol].title + (f" with {streams} streams allowed" if often else "")))
    first = f"{parts[0][0]} tabs stayed live over {parts[0][1]}"
    return [first, *(f"{count} over {where}" for count, where in parts[1:])]


def live_counts(runs: Sequence[CellResult]) -> str:
    """`6 of 12`, or `6 to 9 of 12` where repeats differ."""
    live = Spread(tuple(run.verdict.live for run in runs if run.verdict.live is not None))
    return f"{cells.text(live, LIVE)} of {runs[0].opened}"


def limit_sentences(groups: Sequence[Repeats], titles: Mapping[str, str]) -> list[str]:
    """`Limits found in Firefox 153: 6 connections per host (9 with tabs); …`: one for each engine."""
    found = []
    for engine, members in by_engine(groups):
        by_cause = grouped(members, lambda one: one.shown.verdict.cause)
        parts = [in_words(limit, by_cause[limit]) for limit in Limit if limit is not Limit.NONE and limit in by_cause]
        if parts:
            found.append(f"Limits found in {titles[engine]}: {'; '.join(parts)}.")
    return found


def in_words(limit: Limit, members: Sequence[Repeats]) -> str:
    """`connections per host: 6 (tabs: 9)`: the number found most often, and which cells have another."""
    numbers = [one.live for one in members]
    if limit is Limit.ORIGIN_STREAMS:
        exact = all(set(one.lives) == {one.first.cell.streams} for one in members)
        told = ", ".join(sorted(set(numbers), key=lambda live: int(live.split()[0])))
        return f"{limit.label}: exactly what it allows ({told})" if exact else f"{limit.label}: {told}"
    usual = max(numbers, key=numbers.count)
    others = dict.fromkeys(f"{opening(one.first)}: {one.live}" for one in members if one.live != usual)
    return f"{limit.label}: {usual}" + (f" ({', '.join(others)})" if others else "")
