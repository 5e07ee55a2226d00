"""Tables of the ways to send updates: what each costs and where it breaks, who came back after a drop, what was carried."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from lab.judge.drops import back_after_ms, waited_ms
from lab.judge.figures import Cost, Way
from lab.report.tables import NONE, Column, Row, Sheet, columns, one_line, way_of
from lab.results.file import CellResult
from lab.results.repeats import Group

DROPPED = {"end": "ended", "reset": "reset", "shut": "away"}
BY = "updates by"


def number(value: float | None, digits: int = 0) -> str:
    return NONE if value is None else f"{value:.{digits}f}"


def ways(groups: Sequence[Group]) -> list[Sheet]:
    return [latencies(groups), wire(groups), machine(groups), in_words(groups)]


def latencies(groups: Sequence[Group]) -> Sheet:
    rows = []
    for one in groups:
        run, figures = one.shown, one.shown.way
        late = figures.latency_ms if figures and one.shown.live is not None else ()
        cells = [number(late[percent], 1 if late[50] < 100 else 0) if late else NONE for percent in (50, 95, 99, 100)]
        first = number(figures.first_ms[0]) if figures and figures.first_ms and late else NONE
        rows.append(Row(one, way_of(run), (live_of(one), *cells, first, lost(figures) if late else NONE)))
    named = columns("#live, #p50, #p95, #p99, #max, #first, lost")
    return Sheet("How late updates came, in ms; first, from the opening of a tab", BY, named, tuple(rows))


def live_of(one: Group) -> str:
    return f"{one.live} of {one.shown.asked}"


def lost(figures: Way | None) -> str:
    """What did not come as it was sent, in words; `0` when all did."""
    if figures is None:
        return NONE
    parts = ((figures.missed, "missed"), (figures.repeated, "repeated"), (figures.disordered, "out of order"))
    return ", ".join(f"{count} {what}" for count, what in parts if count) or "0"


def wire(groups: Sequence[Group]) -> Sheet:
    rows = []
    for one in groups:
        run, figures = one.shown, one.shown.way
        cells = [NONE] * 4
        if figures is not None:
            cells = [f"{figures.requests_per_second:.1f}", number(run.connections)]
            cells += [number(figures.sent_bytes), number(figures.received_bytes)]
        rows.append(Row(one, way_of(run), tuple(cells)))
    title = "What went over the wire for each update that came, TLS included, seen from the origin"
    return Sheet(title, BY, columns("#requests/s, #connections, #bytes out, #bytes in"), tuple(rows))


def machine(groups: Sequence[Group]) -> Sheet:
    rows = []
    for one in groups:
        figures = one.shown.way
        cells = [NONE] * 4
        if figures is not None:
            cells = [cpu(figures.origin, 2), cpu(figures.browser, 1)]
            cells += [number(figures.browser.memory_bytes / 1e6), number(figures.late_ms, 1)]
        rows.append(Row(one, way_of(one.shown), tuple(cells)))
    title = "What 1000 updates cost, idle time taken off; the browser's memory; how late the origin itself was (ms, 99 of 100)"
    return Sheet(title, BY, columns("#origin CPU s, #browser CPU s, #MB, #late"), tuple(rows))


def cpu(cost: Cost, digits: int) -> str:
    return NONE if cost.cpu_s is None else f"{cost.cpu_s:.{digits}f} ± {cost.cpu_within_s or 0.0:.{digits}f}"


def in_words(groups: Sequence[Group]) -> Sheet:
    rows = [Row(one, way_of(one.shown), (price(one.shown), breaks(one))) for one in groups]
    return Sheet("For this load, in words", BY, columns("what it costs, where it breaks"), tuple(rows))


def price(run: CellResult) -> str:
    figures = run.way
    if figures is None or not figures.latency_ms or run.live is None:
        return "not measured"
    asks = f"{figures.requests_per_second:.0f} requests a second" if figures.requests else "no requests"
    wire = (figures.sent_bytes or 0) + (figures.received_bytes or 0)
    late = f"half of the updates within {figures.latency_ms[50]:.0f} ms, 99 % within {figures.latency_ms[99]:.0f} ms"
    return f"{asks}, {wire:.0f} bytes an update; {late}"


def breaks(one: Group) -> str:
    run = one.shown
    if run.live is None:
        return run.why
    if run.live < run.asked:
        held = f"the others wait ({run.cause})" if run.cause else "the others are not live"
        return f"at {one.live} of {run.asked} tabs: {held}"
    return f"not with {run.asked} {'tab' if run.asked == 1 else 'tabs'}"


def drops(groups: Sequence[Group]) -> list[Sheet]:
    rows = []
    for one in groups:
        run = one.shown
        for drop in run.drops:
            gaps, waits = back_after_ms(drop), waited_ms(drop.clients)
            lost = sum(client.missed for client in drop.clients if client.live_ms is not None)
            again = sum(client.repeated for client in drop.clients)
            cells = (
                DROPPED.get(drop.how, drop.how), f"{len(gaps)}/{len(drop.clients)}",
                number(statistics.median(gaps)) if gaps else NONE, number(statistics.median(waits)) if waits else NONE,
                str(lost), str(again), run.verdict.replace("_", " "),
            )  # fmt: skip
            rows.append(Row(one, run.case or way_of(run), cells))
    title = (
        "Who came back after each stream had ended, each connection was reset, or the origin was away for 2 s; how many ms "
        "until they were live again, and until they asked (medians); how many updates were lost or came twice"
    )
    return [Sheet(title, "what", columns("dropped, #back, #live, #asked, #lost, #twice, verdict"), tuple(rows))]


def payloads(groups: Sequence[Group]) -> list[Sheet]:
    return [carried(groups), binary(groups)]


def carried(groups: Sequence[Group]) -> Sheet:
    """A row for each payload, a column for each browser and protocol."""
    text = [one for one in groups if len(one.shown.payloads) > 1]
    names = list(dict.fromkeys(each.name for one in text for each in one.shown.payloads))
    told = {(id(one), each.name): each for one in text for each in one.shown.payloads}

    def cell(one: Group, name: str) -> str:
        found = told.get((id(one), name))
        return NONE if found is None else "as said" if found.right else "otherwise"

    named = tuple(Column(one_line(f"{one.shown.engine} {one.shown.protocol}")) for one in text)
    rows = tuple(Row(None, name, tuple(cell(one, name) for one in text)) for name in names)
    return Sheet("What a stream of server-sent events carries: as the standard says, or otherwise", "payload", named, rows)


def binary(groups: Sequence[Group]) -> Sheet:
    rows = []
    for one in groups:
        for each in one.shown.payloads:
            if not each.content_bytes:
                continue
            overhead = f"{100 * (each.sent_bytes / each.content_bytes - 1):.1f} %"
            cells = (each.name, number(each.content_bytes), number(each.survived_bytes), str(each.sent_bytes), overhead)
            rows.append(Row(one, one.shown.transport, cells))
    named = columns("as, #sent, #survived, #on the wire, #overhead")
    return Sheet("The same random bytes, each way", BY, named, tuple(rows))
