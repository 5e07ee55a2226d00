"""Delivery: latency, traffic and costs of each transport, side by side."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from lab.judge.figures import DeliveryFigures
from lab.report import tables as cells
from lab.report.answers import Answer, Entry
from lab.report.limits import live_count
from lab.report.tables import (
    LIVE,
    OPENED,
    VERDICT,
    Column,
    Row,
    Spread,
    Table,
    Value,
    by_engine,
    grouped,
    measured,
    opening,
    over,
)
from lab.results.file import CellResult
from lab.results.names import transport_of, within
from lab.results.repeats import Repeats
from lab.text import counted, listed, sentence

BY = "updates by"

LATENCY = (
    LIVE,
    OPENED,
    Column("p50", "median", number=True, unit="ms", digits=1),
    Column("p95", "95th percentile", number=True, unit="ms", digits=1, brief=False),
    Column("p99", "99th percentile", number=True, unit="ms", digits=1),
    Column("p100", "slowest", number=True, unit="ms", digits=1, brief=False),
    Column("first", "first update", number=True, unit="ms", brief=False),
    VERDICT,
)
WIRE = (
    Column("missed", "missed", number=True),
    Column("repeated", "repeated", number=True, brief=False),
    Column("disordered", "out of order", number=True, brief=False),
    Column("requests_per_second", "requests a second", number=True, digits=1),
    Column("connections", "connections", number=True),
    Column("sent_bytes", "from the origin", number=True, unit="bytes", digits=1),
    Column("received_bytes", "to the origin", number=True, unit="bytes", digits=1),
)
COSTS = (
    Column("origin", "origin", number=True, unit="CPU s", digits=2),
    Column("browser", "browser", number=True, unit="CPU s", digits=1),
    Column("memory", "browser's memory", number=True, unit="MB"),
    Column("delay", "origin's own delay", number=True, unit="ms", digits=1),
)
WORDS = (Column("price", "what it takes"), Column("limit", "how many tabs it reaches"))


LATENCY_TITLE = "Latency, from the origin's stamp to the page's handler; the first update counts from the opening of its client"
WIRE_TITLE = (
    "Updates that did not come as they were sent; and bytes on the wire for each that came, seen from the origin, TLS included"
)
COSTS_TITLE = (
    "CPU time for 1000 updates above the idle baseline (\"below\": not above the baseline's noise); the browser's memory; the "
    "origin's own delay, at the 99th percentile"
)


def tables(groups: Sequence[Repeats]) -> list[Table]:
    """Four tables: latency, bytes and requests on the wire, costs, and the same in words."""
    return [
        Table(LATENCY_TITLE, BY, LATENCY, rows(groups, latency)),
        Table(WIRE_TITLE, BY, WIRE, rows(groups, wire)),
        Table(COSTS_TITLE, BY, COSTS, rows(groups, costs)),
        Table("In words", BY, WORDS, rows(groups, words)),
    ]


def rows(groups: Sequence[Repeats], values: Callable[[Repeats], dict[str, Value]]) -> tuple[Row, ...]:
    """A row for each cell, with the values that a function reads from it."""
    return tuple(Row(one, transport_of(one.shown), values(one)) for one in groups)


def told(run: CellResult) -> DeliveryFigures | None:
    """The figures of a cell, if updates came and its number of live clients is known; else None."""
    figures = run.delivery
    return figures if figures and figures.latency_percentiles_ms and run.verdict.live is not None else None


def latency(one: Repeats) -> dict[str, Value]:
    """One row of the latency table, in ms; without percentiles where no update came."""
    found: dict[str, Value] = {"live": cells.live(one), "opened": cells.opened(one), "verdict": one.verdict}
    if figures := told(one.shown):
        found |= {f"p{percent}": figures.latency_percentiles_ms[percent] for percent in (50, 95, 99, 100)}
        found["first"] = figures.first_ms
    return found


def wire(one: Repeats) -> dict[str, Value]:
    """One row of the wire table: requests a second, connections, and bytes for each update."""
    figures = one.shown.delivery
    if figures is None:
        return {}
    return {
        "missed": figures.missed,
        "repeated": figures.repeated,
        "disordered": figures.disordered,
        "requests_per_second": figures.requests_per_second,
        "connections": one.shown.verdict.connections,
        "sent_bytes": figures.sent_bytes,
        "received_bytes": figures.received_bytes,
    }


def costs(one: Repeats) -> dict[str, Value]:
    """One row of the costs table: CPU seconds for 1000 updates, the browser's memory in bytes, the origin's delay in ms."""
    figures = one.shown.delivery
    if figures is None:
        return {}
    memory, delay = figures.browser.memory_bytes, figures.delay_ms
    return {"origin": figures.origin, "browser": figures.browser, "memory": memory, "delay": delay}


def words(one: Repeats) -> dict[str, Value]:
    """One row of the table in words."""
    return {"price": price(one.shown), "limit": reach(one)}


def price(run: CellResult) -> str:
    """`no requests, 210 bytes on the wire for each update; half of the updates within 2 ms, 99 % within 9 ms`."""
    figures = told(run)
    if figures is None:
        return "not measured"
    asks = f"{figures.requests_per_second:.0f} requests a second" if figures.requests else "no requests"
    late = figures.latency_percentiles_ms
    parts = [asks]
    if figures.sent_bytes is not None and figures.received_bytes is not None:
        parts.append(f"{figures.sent_bytes + figures.received_bytes:.0f} bytes on the wire for each update")
    return f"{', '.join(parts)}; half of the updates within {late[50]:.0f} ms, 99 % within {late[99]:.0f} ms"


def reach(one: Repeats) -> str:
    """`6 of 12 tabs; the others wait (connections per host)`: how many clients were live, and why no more."""
    run, nouns = one.shown, opening(one.shown)
    if run.verdict.live is None:
        return run.verdict.why
    if run.verdict.live >= run.opened:
        return f"all {run.opened} {nouns}"
    held = f"; the others wait ({run.verdict.cause.label})" if run.verdict.cause else "; the others are not live"
    return f"{cells.live_of_opened(one)} {nouns}{held}"


def entries(one: Repeats) -> list[Entry]:
    """A row for each transport."""
    figures = told(one.shown)
    late = figures.latency_percentiles_ms if figures else None
    return [Entry((transport_of(one.shown),), {"live": live_count(one), "p50": late[50] if late else None})]


ANSWER = Answer(
    title="How many clients stay live, and the median latency of an update",
    about=BY,
    entries=entries,
    measures=(
        Column("live", "live", number=True),
        Column("p50", "median", number=True, unit="ms", digits=0),
    ),
    by_protocol=True,
)


def lead(groups: Sequence[Repeats], titles: Mapping[str, str]) -> list[str]:
    """`Over HTTP/1.1, all tabs stay live by WebSocket and polling; only 6 to 9 by server-sent events. Over HTTP/2, all tabs
    stay live by every way. Median latency: 4 to 9 ms where the origin sends each update at once and 56 to 2600 ms by
    polling.`"""
    runs = measured(groups)
    held = [one for one in runs if min(one.lives) < one.shown.opened]
    found = []
    for protocol, members in grouped(runs, lambda one: over(one.first)).items():
        waiting = list(dict.fromkeys(transport(one) for one in members if one in held))
        lives = Spread(tuple(live for one in members if one in held for live in one.lives))
        rest = [name for name in dict.fromkeys(map(transport, members)) if name not in waiting]
        every = f"all tabs stay live {f'by {listed(rest)}' if waiting else 'by every way'}" if rest else ""
        some = f"only {cells.text(lives, LIVE)} by {listed(waiting)}" if waiting else ""
        found.append(f"over {protocol}, {'; '.join(filter(None, (every, some)))}")
    late: dict[bool, list[float]] = {}
    for one in runs:
        if figures := told(one.shown):
            late.setdefault(one.first.cell.interval_ms is not None, []).append(figures.latency_percentiles_ms[50])
    names = {False: "where the origin sends each update at once", True: "by polling"}
    ranges = [f"{low_to_high(each)} ms {names[polls]}" for polls, each in sorted(late.items())]
    return [f"{'. '.join(map(sentence, found))}.", f"Median latency: {listed(ranges)}."] if found else []


def low_to_high(values: Sequence[float]) -> str:
    """`3 to 37`, or `3`."""
    return " to ".join(dict.fromkeys(f"{one:.0f}" for one in (min(values), max(values))))


def transport(one: Repeats) -> str:
    """A transport's name in a sentence, without its interval: `polling`."""
    return within(transport_of(one.first).partition(",")[0])


def comparable(groups: Sequence[Repeats]) -> list[CellResult]:
    """The cells whose figures can be compared: those with the most frequent number of clients."""
    runs = [one.shown for one in groups if told(one.shown)]
    bounds = [run.cell.at_most for run in runs]
    usual = max(bounds, key=bounds.count) if bounds else 0
    return [run for run in runs if run.cell.at_most == usual]


def sentences(groups: Sequence[Repeats], titles: Mapping[str, str]) -> list[str]:
    """`Median latency in Chromium 156 over HTTP/1.1, with 12 tabs and 5 updates a second: 5 ms by server-sent events (6 of 12
    live); …`: one for each engine and protocol, for the most frequent number of clients."""
    found = []
    for engine, members in by_engine(groups):
        for protocol, those in grouped(members, lambda one: over(one.first)).items():
            runs = comparable(those)
            if runs:
                cell = runs[0].cell
                pace = f" and {cell.per_second:g} updates a second" if cell.per_second else ""
                head = f"Median latency in {titles[engine]} over {protocol}, with {cell.at_most} {opening(runs[0])}{pace}"
                found.append(f"{head}: {'; '.join(map(median, runs))}.")
    return found


def median(run: CellResult) -> str:
    """One transport's part of a sentence: `76 ms by polling, 100 ms (120 requests a second)`."""
    figures = told(run)
    assert figures is not None
    live = run.verdict.live or 0
    notes = [f"{figures.requests_per_second:.0f} requests a second"] if figures.requests else []
    notes += [f"{live} of {run.opened} live"] if live < run.opened else []
    notes += [f"{counted(figures.missed, 'update')} missed"] if figures.missed else []
    late = f"{figures.latency_percentiles_ms[50]:.0f} ms by {within(transport_of(run))}"
    return f"{late} ({', '.join(notes)})" if notes else late
