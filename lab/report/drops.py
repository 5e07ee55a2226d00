"""Drops: which clients came back after every stream was dropped, when, and what was lost."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence

from lab.judge.drops import back_after_ms, waited_ms
from lab.model.drops import DropSeen
from lab.report.tables import VERDICT, Column, Row, Table, Value, by_engine, grouped, over
from lab.results.names import transport_of, within
from lab.results.repeats import Repeats
from lab.text import listed

HOW = {"end": "each stream ended", "reset": "each connection reset", "shut": "origin away for 2 s"}
"""What the origin did, by the name of the drop."""

COLUMNS = (
    Column("how", "drop"),
    Column("clients", "clients", number=True, brief=False),
    Column("back", "came back", number=True),
    Column("asked", "new request after", number=True, unit="ms"),
    Column("live", "live after", number=True, unit="ms"),
    Column("missed", "lost", number=True),
    Column("repeated", "repeated", number=True, brief=False),
    VERDICT,
)


def tables(groups: Sequence[Repeats]) -> list[Table]:
    """One table with a row for each drop of each cell; a cell that recorded no drop has a row with its verdict alone."""
    rows = tuple(Row(one, one.shown.cell.case or transport_of(one.shown), {**values(drop), "verdict": one.verdict})
                 for one in groups for drop in one.shown.drops)  # fmt: skip
    untold = tuple(Row(one, one.shown.cell.case or transport_of(one.shown), {"verdict": one.verdict})
                   for one in groups if not one.shown.drops)  # fmt: skip
    title = (
        "Which clients came back after a drop; the median time from the end of their stream to a new request, and from the "
        "drop until they were live again; how many updates the clients that came back had lost"
    )
    return [Table(title, "what", COLUMNS, rows + untold)]


def values(drop: DropSeen) -> dict[str, Value]:
    """One row of the table: counts of clients and updates, and median times in ms."""
    gaps, waits = back_after_ms(drop), waited_ms(drop.clients)
    return {
        "how": HOW.get(drop.how, drop.how),
        "clients": len(drop.clients),
        "back": len(gaps),
        "asked": statistics.median(waits) if waits else None,
        "live": statistics.median(gaps) if gaps else None,
        "missed": sum(client.missed for client in drop.clients if client.live_ms is not None),
        "repeated": sum(client.repeated for client in drop.clients),
    }


def sentences(groups: Sequence[Repeats], titles: Mapping[str, str]) -> list[str]:
    """`After every stream was dropped, in Chromium 156: all came back, nothing lost (server-sent events over HTTP/1.1 and
    HTTP/2).`: one for each engine; and for cases, `Server-sent events in Chromium 156: retry honoured (retry 100); …`."""
    found = []
    for engine, members in by_engine(groups):
        plain = [one for one in members if not one.first.cell.case]
        if plain:
            told = [f"{answer} (by {transports(those)})" for answer, those in grouped(plain, lambda one: one.answer).items()]
            found.append(f"After every stream was dropped, in {titles[engine]}: {'; '.join(told)}.")
        found += by_case([one for one in members if one.first.cell.case], titles[engine])
    return found


def transports(groups: Sequence[Repeats]) -> str:
    """`server-sent events over HTTP/1.1 and HTTP/2, WebSocket over HTTP/2`."""
    by_transport = grouped(groups, lambda one: within(transport_of(one.first)))
    return "; ".join(f"{name} over {protocols(those)}" for name, those in by_transport.items())


def protocols(groups: Sequence[Repeats]) -> str:
    """The protocols of some cells, in words: `HTTP/1.1 and HTTP/2`."""
    return listed(list(dict.fromkeys(over(one.first) for one in groups)))


def by_case(groups: Sequence[Repeats], title: str) -> list[str]:
    """Sentences about cells with cases. Protocols with the same answers share a sentence."""
    found = []
    for transport, members in grouped(groups, lambda one: within(transport_of(one.first))).items():
        alike: dict[tuple[tuple[str, str], ...], list[Repeats]] = {}
        for those in grouped(members, lambda one: over(one.first)).values():
            answers = tuple((one.first.cell.case, one.answer) for one in those)
            alike.setdefault(answers, []).extend(those)
        for answers, those in alike.items():
            by_answer = grouped(answers, lambda each: each[1])
            told = [f"{answer} ({', '.join(case for case, _ in cases)})" for answer, cases in by_answer.items()]
            found.append(f"After a drop of {transport}, in {title} over {protocols(those)}: {'; '.join(told)}.")
    return found
