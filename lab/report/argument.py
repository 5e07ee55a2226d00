"""The argument on the report's first screen: for each browser its tabs over HTTP/1.1 and over HTTP/2, as they looked at the
verdict, with one sentence each; and above them the sentence that the whole run supports.

Plain tabs of one site are shown (`shown`). Whatever they do not show is not said: each sentence has a condition.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from lab.model.axes import DIRECT
from lab.model.cell import PLAIN_CLIENT
from lab.model.observation import ClientSeen, Screenshot
from lab.model.protocols import PROTOCOLS
from lab.model.verdict import Kind, Limit
from lab.report.answers import Source
from lab.report.hops import front_connections
from lab.report.limits import WAITED_FOR, live_count
from lab.report.tables import Column, grouped, measured, text
from lab.report.timeline import client_state
from lab.results.file import CellResult
from lab.results.names import route_title, transport_of, within
from lab.results.repeats import Repeats
from lab.text import counted, listed

MOST_TILES = 24
"""The most tabs that are drawn; of more, the others are counted."""

WITNESSES = {"pages": "the pages", "ledger": "the server", "network log": "the browser's own log"}
"""The witnesses that a stranger understands, by the name in a verdict."""

SURE = (Kind.CONFIRMED, Kind.REFUTED)


class Tile(msgspec.Struct, frozen=True):
    """One tab: its client, its state in words, and its screenshot, if there is one."""

    client: ClientSeen
    state: str
    shot: Screenshot | None


class Strip(msgspec.Struct, frozen=True):
    """The tabs of one cell. `count`: `6 of 12`. `says` follows it in a sentence, `next` tells of
    the tab that came when another one was closed. `more` tabs are not drawn."""

    family: str
    connections: str
    count: str
    says: str
    next: str
    group: str
    kind: Kind
    tiles: tuple[Tile, ...]
    more: int


class Card(msgspec.Struct, frozen=True):
    """One browser with its strips. `note`: why it has none."""

    title: str
    strips: tuple[Strip, ...]
    note: str = ""


def shown(source: Source) -> list[Repeats]:
    """The cells of a browser that the first screen shows: of each family of protocols the one with plain tabs. Preferred are
    cells with a sure verdict, with screenshots, about limits, and over TLS. Of proxies only their defaults are shown."""
    plain = [one for one in source.groups if one.lives and one.first.cell.opening == "tabs" and one.shown.clients]
    plain = [one for one in plain if one.first.proxy is None or not one.first.proxy.line]
    given = [one for one in plain if all(run.opened == run.cell.at_most for run in one.runs if run.verdict.live is not None)]
    found: dict[str, Repeats] = {}
    for one in sorted(given, key=rank):
        found.setdefault(PROTOCOLS[one.first.cell.protocol].family, one)
    return [found[family] for family in dict.fromkeys(row.family for row in PROTOCOLS.values()) if family in found]


def rank(one: Repeats) -> tuple[bool, ...]:
    """The lower, the sooner a cell is shown; of equal ones the first."""
    run = one.shown
    return (
        one.verdict not in SURE,
        run.cell.route != DIRECT,
        run.cell.question != "limits",
        not any(shot.image for shot in run.screenshots),
        run.cell.transport != "sse",
        not PROTOCOLS[run.cell.protocol].tls,
    )


def cards(of: Iterable[Source]) -> list[Card]:
    """A card for each browser. One that has no plain tabs is left out; one that was not measured at all says why."""
    found = []
    for source in of:
        groups = shown(source)
        if groups:
            found.append(Card(source.heading, tuple(map(strip, groups))))
        elif source.groups[0].first.cell.engine != PLAIN_CLIENT and not any(one.lives for one in source.groups):
            found.append(Card(source.heading, (), source.groups[0].shown.verdict.why))
    return found


def strip(one: Repeats) -> Strip:
    """The tabs of one cell, as they looked."""
    run = one.shown
    shots = {shot.tab: shot for shot in run.screenshots}
    tiles = [Tile(client, client_state(run, client), shots.get(client.tab)) for client in run.clients]
    many = front_connections(run)
    return Strip(
        family=PROTOCOLS[run.cell.protocol].family + through(run),
        connections="" if many is None else "one connection" if many == 1 else counted(many, "connection"),
        count=text(live_count(one), Column("live", "live")),
        says=says(one),
        next=next_in_words(run),
        group=run.cell.group,
        kind=one.verdict,
        tiles=tuple(tiles[:MOST_TILES]),
        more=len(tiles[MOST_TILES:]),
    )


def through(run: CellResult) -> str:
    """` through nginx`; empty without a proxy."""
    return "" if run.cell.route == DIRECT else f" through {route_title(run.cell.route)}"


def says(one: Repeats) -> str:
    """What follows the count: `The others wait for a connection.` Empty where no tab waits."""
    run = one.shown
    if min(one.lives) >= run.opened:
        return ""
    reason = waited_for(run)
    return f"The others wait for {reason}." if reason else "The others are not live."


def next_in_words(run: CellResult) -> str:
    """`Closing one tab let the next one through 12 ms later.` Empty where that was not tried, or no tab came."""
    after = next_came_after_ms(run)
    return "" if after is None else f"Closing one tab let the next one through {after:.0f} ms later."


def waited_for(run: CellResult) -> str:
    """What the waiting tabs of a cell wait for, without the note in brackets: `a connection`. Empty if it is not known."""
    return WAITED_FOR.get(run.verdict.cause or Limit.NONE, "").partition(" (")[0]


def next_came_after_ms(run: CellResult) -> float | None:
    """How long after the closing of a tab the first waiting one reached the origin; None if none was closed, or none came."""
    after = [one.arrived[0].after_ms for one in run.releases if one.ended_by == "tab" and one.arrived]
    return max(after[0], 0.0) if after else None


def headline(of: Sequence[Source]) -> str:
    """`Over HTTP/1.1, the 7th tab waits in Chromium 156 and the 10th in Firefox 153. Over HTTP/2, all 12 stay live.` Empty
    where the tabs do not support such a sentence: repeats differ, a verdict is not sure, or other tabs than the last ones
    wait."""
    by_family: dict[str, list[tuple[Source, Repeats]]] = {}
    for source in of:
        for one in shown(source):
            by_family.setdefault(PROTOCOLS[one.first.cell.protocol].family, []).append((source, one))
    every = [one for members in by_family.values() for _, one in members]
    by = {within(transport_of(one.first)) for one in every}
    if not every or len(by) > 1 or len({one.first.cell.route for one in every}) > 1 or not all(map(plain, every)):
        return ""
    return " ".join(
        f"Over {family}{through(members[0][1].first)}, {sentence_of(members)}." for family, members in by_family.items()
    )


def plain(one: Repeats) -> bool:
    """Whether a cell's repeats agree, its verdict is sure, and the tabs that wait are the last ones."""
    lives = [client.live for client in one.shown.clients]
    return one.agree and one.verdict in SURE and lives == sorted(lives, reverse=True) and any(lives)


def sentence_of(members: Sequence[tuple[Source, Repeats]]) -> str:
    """What happens to the tabs over one family of protocols, in each browser. A run is named only where runs of one browser
    differ."""
    firsts = [one.lives[0] + 1 if one.lives[0] < one.shown.opened else 0 for _, one in members]
    opened = [one.shown.opened for _, one in members]
    by_title: dict[str, set[int]] = {}
    for (source, _), first in zip(members, firsts, strict=True):
        by_title.setdefault(source.title, set()).add(first)
    waits: dict[int, list[str]] = {}
    for (source, _), first in zip(members, firsts, strict=True):
        name = source.heading if len(by_title[source.title]) > 1 else source.title
        waits[first] = list(dict.fromkeys([*waits.get(first, []), name]))
    everywhere = len(waits) == 1
    told: list[str] = []
    for number, names in waits.items():
        where = f" in {listed(names)}" if not everywhere or number else ""
        if number:
            told.append(f"the {ordinal(number)} tab waits{where}" if not told else f"the {ordinal(number)}{where}")
        else:
            told.append(f"all {opened[0]} stay live{where}" if len(set(opened)) == 1 else f"all tabs stay live{where}")
    return listed(told)


def ordinal(number: int) -> str:
    """`7th`, `1st`, `22nd`."""
    ending = "th" if 10 < number % 100 < 14 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def lede(of: Sequence[Source]) -> str:
    """What the waiting tabs wait for, and that they show no error; empty where nothing waits or it is not known."""
    runs = [one.shown for source in of for one in shown(source) if min(one.lives) < one.shown.opened]
    reasons = dict.fromkeys(map(waited_for, runs))
    if not runs or not all(reasons):
        return ""
    waiting = [client for run in runs for client in run.clients if not client.live]
    silent = not any(client.errors or client.failed for client in waiting)
    quiet = ", with no error and no timeout" if silent else ""
    if any(client.document for client in waiting):
        return f"The tabs that wait are loaded but receive nothing{quiet}: they wait for {listed(list(reasons))}."
    return f"A tab that waits stays blank{quiet}: it waits for {listed(list(reasons))}."


def advice(groups: Sequence[Repeats]) -> list[str]:
    """What a reader can do, as far as these very results show that it helps; nothing where no tab waited for a connection."""
    plain = [one for one in measured(groups) if one.first.cell.opening == "tabs"]
    tabs = [one for one in plain if one.shown.verdict.cause is not Limit.PROXY]
    if not any(one.shown.verdict.cause is Limit.CONNECTIONS for one in tabs):
        return []
    shared = [one for one in tabs if PROTOCOLS[one.first.cell.protocol].multiplexed]
    alone = [one for one in tabs if not PROTOCOLS[one.first.cell.protocol].multiplexed]
    return [*other_protocol(shared), *other_transport(alone)]


def other_protocol(groups: Sequence[Repeats]) -> list[str]:
    """`Serve the page over HTTP/2: 12 tabs shared one connection, and none waited.`"""
    if not groups or not all(map(all_live, groups)):
        return []
    most = max(one.shown.opened for one in groups)
    connections = max(front_connections(one.shown) or 0 for one in groups)
    shares = "one connection" if connections <= 1 else f"up to {connections} connections"
    families = listed(list(dict.fromkeys(PROTOCOLS[one.first.cell.protocol].family for one in groups)))
    return [f"Serve the page over {families}: {most} tabs shared {shares}, and none waited."]


def other_transport(groups: Sequence[Repeats]) -> list[str]:
    """`Where that can't be done: over HTTP/1.1, all 12 tabs stayed live by WebSocket and polling.` Only what was measured in
    each of these browsers counts."""
    engines = {one.first.cell.engine for one in groups}
    by_transport = grouped(groups, lambda one: within(transport_of(one.first).partition(",")[0]))
    free = {
        name: members
        for name, members in by_transport.items()
        if all(map(all_live, members)) and {one.first.cell.engine for one in members} == engines
    }
    if not free:
        return []
    most = max(one.shown.opened for members in free.values() for one in members)
    return [f"Where that can't be done: over HTTP/1.1, all {most} tabs stayed live by {listed(list(free))}."]


def all_live(one: Repeats) -> bool:
    """Whether every client was live, in each repeat."""
    return all(run.verdict.live == run.opened for run in one.runs)


def certainty(of: Sequence[Source]) -> list[str]:
    """How sure the first screen's numbers are: which witnesses agree, and what the release proof showed."""
    runs = [one.shown for source in of for one in shown(source)]
    agreed = [run.verdict.agreed for run in runs]
    if not runs or any(run.verdict.agreed < run.verdict.spoke for run in runs) or not min(agreed):
        return []
    many = " to ".join(dict.fromkeys(str(number) for number in (min(agreed), max(agreed))))
    names = [words for name, words in WITNESSES.items() if all(spoke(run, name) for run in runs)]
    among = f", among them {listed(names)}" if names else ""
    found = [f"{many} independent witnesses agree on each number{among}."]
    held = [run for run in runs if (run.verdict.live or 0) < run.opened]
    if held and all(any(release.arrived for release in run.releases) for run in held):
        found.append("When a live tab was ended on purpose, a waiting one came in its place.")
    return found


def spoke(run: CellResult, witness: str) -> bool:
    """Whether a witness was available in a cell."""
    return any(one.witness == witness and not one.says.startswith("Unavailable") for one in run.verdict.witnesses)
