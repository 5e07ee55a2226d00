"""Drops: which clients came back after every stream was dropped, when, and what was lost."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence

from lab.judge.drops import back_after_ms, waited_ms
from lab.model.drops import DropSeen
from lab.report.answers import Answer, Entry
from lab.report.tables import VERDICT, Back, Column, Plain, Row, Table, Value, by_engine, grouped, measured, over
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


def entries(one: Repeats) -> list[Entry]:
    """A row for each cell: its transport or its case, and what came back after each kind of drop."""
    what = ", ".join(filter(None, (transport_of(one.shown), one.first.cell.case)))
    found: dict[str, Plain] = {drop.how: came_back(drop) for drop in one.shown.drops if drop.how in HOW}
    return [Entry((what, over(one.first)), found)]


def came_back(drop: DropSeen) -> Back:
    """How many clients were live again after a drop, when (the median), and what they had lost."""
    gaps = back_after_ms(drop)
    lost = sum(client.missed for client in drop.clients if client.live_ms is not None)
    return Back(statistics.median(gaps) if gaps else None, len(gaps), len(drop.clients), lost)


ANSWER = Answer(
    title="Time from the drop until the clients were live again (median)",
    about="updates by",
    entries=entries,
    details=(Column("over", "over"),),
    measures=(
        Column("end", "stream ended", number=True, unit="ms"),
        Column("reset", "connection reset", number=True, unit="ms"),
        Column("shut", "origin away 2 s", number=True, unit="ms"),
    ),
)


def lead(groups: Sequence[Repeats], titles: Mapping[str, str]) -> list[str]:
    """`After each kind of drop: all came back, nothing lost, in every browser and by every transport. Browsers differ for
    server-sent events, without retry (after 3.0 s in Chromium 156, after 5.0 s in Firefox 153).`"""
    plain = [one for one in measured(groups) if not one.first.cell.case]
    told = grouped(plain, lambda one: one.answer)
    found = []
    if len(told) == 1:
        found.append(f"After each kind of drop: {plain[0].answer}, in every browser and by every transport.")
    elif told:
        parts = [f"{answer} in {browsers(those, titles)} (by {transports(those)})" for answer, those in told.items()]
        found.append(f"After each kind of drop: {'; '.join(parts)}.")
    cases = grouped([one for one in measured(groups) if one.first.cell.case], lambda one: one.first.cell.case)
    differ = []
    for case, members in cases.items():
        answers = dict.fromkeys((one.answer, titles[one.first.cell.engine]) for one in members)
        if len({answer for answer, _ in answers}) > 1:
            differ.append(f"{case} ({', '.join(f'{answer} in {name}' for answer, name in answers)})")
    return [*found, *([f"Browsers differ for {listed(differ)}."] if differ else [])]


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


def browsers(groups: Sequence[Repeats], titles: Mapping[str, str]) -> str:
    """The browsers of some cells: `Chromium 156 and Firefox 153`."""
    return listed(list(dict.fromkeys(titles[one.first.cell.engine] for one in groups)))


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
