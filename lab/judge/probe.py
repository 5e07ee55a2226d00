"""The probe: at which tab a user's own app hangs, how, and for what. The claim is the prediction.

Rules.
1. An app hangs in four ways, which are kept apart: a tab's navigation waits; its page waits for its own requests; what its user
   does next waits; or the requests are on their way and the server does not answer. The last is never called a limit.
2. A limit is named only if the browser's log says that it holds the requests back. Without a log, connections and the release
   must both point to it.
3. There is no ledger: the server is not ours. The verdict says so.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from lab.judge.prediction import (
    ACTION,
    NAVIGATION,
    PAGE,
    SERVER,
    answer_of,
    first_hang,
    multiplexed,
    page_protocol,
    predict,
)
from lab.judge.witnesses import LOG, PAGES, RELEASE, Witnesses
from lab.model.claims import Answer
from lab.model.observation import Observation
from lab.model.probe import ActionSeen, Held, ProbeReport, TabSeen
from lab.model.verdict import Doubt, Kind, Limit, Statement, Verdict
from lab.model.wire import FIRST_ERROR
from lab.text import counted, listed, sentence

SOCKETS, PLAIN = "sockets", "plain client"
"""Further witnesses: the browser's connections, and a client that shares nothing with the browser."""

NO_LEDGER = "The server's ledger is unavailable: it is not the lab's."


class Hang(msgspec.Struct, frozen=True):
    """The first hang: its tab, its kind, and whether the browser holds the requests back (None: the log can't tell)."""

    tab: int
    kind: str
    held: bool | None


def verdict(seen: Observation, witnesses: Witnesses) -> Verdict:
    """Judge a probe: what was verified is compared with what was predicted."""
    report = seen.probe
    if report is None or not report.tabs:
        why = report.broke if report and report.broke else "no tab was judged"
        return Verdict(kind=Kind.INCONCLUSIVE, doubt=Doubt.PRECONDITION, why=why)
    hang = verified(report)
    answer = answer_of((hang.tab, hang.kind) if hang else None)
    objections = objections_to(report, hang)
    kind, doubt = (Kind.CONFIRMED if as_predicted(seen, answer) else Kind.REFUTED), None
    why = cause(report, hang)
    if report.broke:
        kind, doubt, why = Kind.INCONCLUSIVE, Doubt.PRECONDITION, report.broke
    elif (turns := taking_turns(report)) and (hang is None or hang.kind == ACTION):
        kind, doubt = Kind.INCONCLUSIVE, Doubt.PRECONDITION
        why = (
            f"Each tab came up, but later requests of {counted(turns, 'tab')} waited at the end. What this app holds open "
            "begins late, or ends and begins again, so that tabs take turns: bring each tab to its stream with --do."
        )
    elif hang is not None and hang.held is None and hang.kind != SERVER and not proven_without_log(report):
        kind, doubt = Kind.INCONCLUSIVE, Doubt.PRECONDITION
        why = f"{sentence(answer)} hangs, but it could not be told for what: {untold(report, hang)}."
    elif objections:
        kind, why = Kind.DISPUTED, objections[0]
    live = sum(tab.live for tab in report.tabs)
    spoke = [name for name, there in spoken(report).items() if there]
    return Verdict(
        kind=kind,
        why=f"{why} {predicted_in_words(seen)} {NO_LEDGER}",
        live=live,
        documents=sum(tab.loaded for tab in report.tabs),
        cause=limit_of(report, hang) if kind in (Kind.CONFIRMED, Kind.REFUTED) else None,
        answer=answer,
        doubt=doubt,
        witnesses=statements(report),
        spoke=len(spoke),
        agreed=len(spoke) - bool(objections),
    )


def as_predicted(seen: Observation, answer: str) -> bool:
    """Whether the prediction has the same answer."""
    return isinstance(seen.claim, Answer) and seen.claim.answer == answer


def predicted_in_words(seen: Observation) -> str:
    """What was predicted."""
    return f"Predicted: {seen.claim.answer}." if isinstance(seen.claim, Answer) else ""


def verified(report: ProbeReport) -> Hang | None:
    """The first hang among the tabs; None if there is none."""
    found = hangs(report)
    first = first_hang({kind: hang.tab for kind, hang in found.items()}, acts=report.acts)
    return found[first[1]] if first else None


def hangs(report: ProbeReport) -> dict[str, Hang]:
    """The first hang of each kind."""
    found: dict[str, Hang] = {}
    for tab in report.tabs:
        if not tab.live and not tab.came and not any(kind != ACTION for kind in found):
            hang = hang_of(report, tab)
            found.setdefault(hang.kind, hang)
    for action in report.actions:
        if not action.answered and action.held is not False:  # Else the server does not answer a HEAD, which says nothing.
            found.setdefault(ACTION, Hang(action.tab, ACTION, action.held))
    return found


def taking_turns(report: ProbeReport) -> int:
    """How many tabs had come up, and then waited for what they sent later."""
    return sum(tab.came and not tab.live for tab in report.tabs)


def hang_of(report: ProbeReport, tab: TabSeen) -> Hang:
    """How one tab hangs."""
    flags = [one.held for one in tab.waiting]
    behind = bool(flags) and all(one.behind for one in tab.waiting)
    told = report.log is None and not behind and bool(flags) and fits(report, tab)
    held = True if True in flags else False if told else None
    if held is False or (tab.error and not tab.answered) or (tab.status or 0) >= FIRST_ERROR or (tab.refused and held is None):
        return Hang(tab.tab, SERVER, False)
    if not tab.answered:
        return Hang(tab.tab, NAVIGATION, held)
    return Hang(tab.tab, ACTION if tab.loaded and report.acts and not own_waits(report, tab) else PAGE, held)


def own_waits(report: ProbeReport, tab: TabSeen) -> bool:
    """Whether what the page opens by itself waits in a tab, rather than what a user's file opens or sends in it."""
    opened = {one.url for one in report.holders}
    return not report.acts_open and any(one.url in opened for one in tab.waiting)


def fits(report: ProbeReport, tab: TabSeen) -> bool:
    """Whether all requests that the log does not hold back can be on their way: not more than the browser has connections. If
    they are more, some wait in a place that the log does not show."""
    limit = next((one for one in report.limits if one.reached and one.protocol == protocol_of(report)), None)
    if limit is None or multiplexed(limit.protocol):
        return True
    under_way = sum(one.open for one in report.tabs if one.live and one.tab < tab.tab) + len(tab.waiting)
    return under_way <= limit.live + limit.extra


def untold(report: ProbeReport, hang: Hang) -> str:
    """Why the cause of a hang is not known."""
    if report.log is not None:
        return report.log
    tab = next((one for one in report.tabs if one.tab == hang.tab), None)
    if tab and tab.waiting and all(one.behind for one in tab.waiting):
        return (
            f"an older request for {tab.waiting[0].url} is still open in another tab, and the browser's cache may let the "
            "second wait for it (Cache-Control: no-store avoids that)"
        )
    if tab and tab.waiting:
        return "the browser's log does not hold them back, and they are more than it has connections"
    return (tab.error if tab else None) or "nothing waits in it"


def cause(report: ProbeReport, hang: Hang | None) -> str:
    """What hangs, for what, in one or two sentences."""
    total = len(report.tabs)
    if hang is None:
        alone = f"No hang: all {counted(total, 'tab')} stayed live." if total > 1 else "The only tab stayed live."
        return f"{alone} {holders_in_words(report)}"
    if hang.kind == SERVER:
        return f"{server_in_words(report, hang)} {holders_in_words(report)}"
    what = {
        NAVIGATION: f"Tab {hang.tab} stays blank: its navigation waits",
        PAGE: f"The page of tab {hang.tab} comes, but its own requests wait",
        ACTION: f"Tab {hang.tab} is there, but what its user does next waits",
    }[hang.kind]
    return f"{what}, for {limit_in_words(report, hang)}. {holders_in_words(report)}"


def fix(report: ProbeReport, hang: Hang | None) -> str:
    """The shortest fix for a hang; empty without one."""
    if hang is None:
        return ""
    if hang.kind == SERVER:
        return "look for what the server waits for: its log, its workers, its database connections"
    if limit_of(report, hang) is Limit.STREAMS:
        return "raise MAX_CONCURRENT_STREAMS at the server, or let all tabs share one stream (SharedWorker)"
    return "serve it over HTTP/2 (with TLS), or let all tabs share one stream (SharedWorker)"


def server_in_words(report: ProbeReport, hang: Hang) -> str:
    """That the server does not answer, or answers with an error."""
    tab = next((one for one in report.tabs if one.tab == hang.tab), None)
    if tab and (tab.status or 0) >= FIRST_ERROR:
        return f"The server answers tab {hang.tab} with {tab.status}: that is no limit of the browser."
    if tab and tab.error:
        return f"Tab {hang.tab} could not be opened: {tab.error}."
    if tab and tab.refused:
        return f"The server refuses what tab {hang.tab} would hold open: {tab.refused}. That is no limit of the browser."
    waiting = tab.waiting[0].url if tab and tab.waiting else report.url
    return (
        f"The server does not answer tab {hang.tab}: {waiting} is on its way, and the browser holds nothing back. "
        "That is no limit of the browser."
    )


def limit_in_words(report: ProbeReport, hang: Hang) -> str:
    """The limit that the requests wait for."""
    limit = limit_of(report, hang)
    places = next((one.live for one in report.limits if one.protocol == protocol_of(report) and one.reached), None)
    if limit is Limit.CONNECTIONS:
        host = origin_that_holds(report)
        return f"one of the {places} connections to {host}" if places else f"a connection to {host}"
    return "a stream on the HTTP/2 connection" if limit is not Limit.NONE else "nothing that is known"


def holders_in_words(report: ProbeReport) -> str:
    """What holds the connections, by URL and initiator."""
    if not report.holders:
        return "At rest a tab holds nothing open."
    return f"At rest each tab holds open: {'; '.join(map(held_in_words, report.holders))}."


def held_in_words(one: Held) -> str:
    """`3 × event stream http://localhost/events by EventSource at http://localhost/app.js:12:5`."""
    times = f"{one.count} × " if one.count > 1 else ""
    by = f" by {one.initiator}" if one.initiator else ""
    shared = " (further tabs share it)" if one.further < one.count else ""
    return f"{times}{one.kind} {one.url}{by}{shared}"


def origin_that_holds(report: ProbeReport) -> str:
    """The origin that runs out first, by the prediction."""
    return predict(report).origin


def protocol_of(report: ProbeReport) -> str:
    """The protocol to the origin that runs out first."""
    origin = origin_that_holds(report)
    held = next((one.protocol for one in report.holders if one.origin == origin and one.protocol), "")
    return held or page_protocol(report, origin)


def limit_of(report: ProbeReport, hang: Hang | None) -> Limit:
    """The limit that holds the others back, by the protocol of the origin that runs out."""
    if hang is None or hang.kind == SERVER:
        return Limit.NONE
    protocol = protocol_of(report)
    if multiplexed(protocol):
        return Limit.STREAMS
    return Limit.CONNECTIONS


def proven_without_log(report: ProbeReport) -> bool:
    """Whether there is no log of the browser, and connections, release and the plain client together prove a limit on
    connections."""
    if report.log is None:
        return False
    limit = next((one.live for one in report.limits if one.reached and one.protocol == protocol_of(report)), None)
    origin = origin_that_holds(report)
    connected = next((one.open for one in report.sockets if one.origin == origin), None)
    freed = report.release is not None and report.release.came is not None
    return limit is not None and connected is not None and connected >= limit and freed and answered_beside(report)


def answered_beside(report: ProbeReport) -> bool:
    """Whether a plain client was answered while tabs waited."""
    return report.beside is not None and report.beside.answered


def objections_to(report: ProbeReport, hang: Hang | None) -> list[str]:
    """The points on which witnesses disagree."""
    if hang is None or hang.kind == SERVER:
        return []
    found = []
    if report.beside is not None and not report.beside.answered:
        found.append(
            f"The browser holds requests back, but a plain client was not answered either: the server hangs too "
            f"({report.beside.error or 'no answer'})."
        )
    if report.release is not None and report.release.came is None:
        found.append(release_in_words(report))
    origin, limit = origin_that_holds(report), next((one for one in report.limits if one.reached), None)
    connected = next((one.open for one in report.sockets if one.origin == origin), None)
    if limit_of(report, hang) is Limit.CONNECTIONS and limit is not None and connected is not None and connected < limit.live:
        found.append(
            f"The browser had {counted(connected, 'connection')} to {origin}, fewer than the {limit.live} that it can have: "
            "they wait for something else."
        )
    return found


def spoken(report: ProbeReport) -> dict[str, bool]:
    """Which witnesses were available."""
    return {
        PAGES: True,
        LOG: report.log is None,
        SOCKETS: bool(report.sockets),
        RELEASE: report.release is not None,
        PLAIN: report.beside is not None,
    }


def statements(report: ProbeReport) -> tuple[Statement, ...]:
    """What each witness says."""
    live = [tab for tab in report.tabs if tab.live]
    found = [Statement(PAGES, f"{len(live)} of {counted(len(report.tabs), 'tab')} came as far as the first.", len(live))]
    found += [Statement("actions", action_in_words(report.actions))] if report.actions else []
    found.append(Statement(LOG, log_in_words(report)))
    if report.sockets:
        parts = [f"{counted(one.open, 'connection')} to {one.origin}" for one in report.sockets]
        found.append(Statement(SOCKETS, f"The browser had {listed(parts)}."))
    if report.release is not None:
        found.append(Statement(RELEASE, release_in_words(report)))
    if report.beside is not None:
        took = f"in {report.beside.took_ms:.0f} ms" if report.beside.took_ms is not None else ""
        said = f"was answered {took}" if report.beside.answered else f"was not answered ({report.beside.error or 'in time'})"
        found.append(Statement(PLAIN, f"While tabs waited, a client that shares nothing with the browser {said}."))
    return (*found, Statement("ledger", "Unavailable: the server is not the lab's."))


def action_in_words(actions: Sequence[ActionSeen]) -> str:
    """What came of the actions."""
    first = next((one for one in actions if not one.answered), None)
    if first is None:
        return f"{actions[0].what}: answered in each of {counted(len(actions), 'tab')}."
    return f"{first.what}: answered in {counted(len(actions) - 1, 'tab')}, and not in tab {first.tab}."


def log_in_words(report: ProbeReport) -> str:
    """What the browser's log says about waiting requests."""
    if report.log is not None:
        return f"Unavailable: {report.log}."
    waiting = [one for tab in report.tabs if not tab.live for one in tab.waiting]
    held = sum(one.held is True for tab in report.tabs for one in tab.waiting)
    behind = sum(one.held is False and one.behind for one in waiting)
    free = sum(one.held is False and not one.behind for one in waiting)
    parts = [f"The browser held back {counted(held, 'request')}" if held else "The browser held back no request"]
    parts += [f"{counted(behind, 'request')} waited behind an older one for the same URL"] if behind else []
    parts += [f"{counted(free, 'waiting request')} had left it"] if free else []
    return f"{'; '.join(parts)}."


def release_in_words(report: ProbeReport) -> str:
    """The release in words."""
    assert report.release is not None
    one = report.release
    closed = [*one.before, one.closed]
    were = f"Tab {one.closed} was" if len(closed) == 1 else f"Tabs {listed(list(map(str, closed)))} were"
    if one.came is None:
        return f"{were} closed, and no waiting tab came in {'its' if len(closed) == 1 else 'their'} place."
    if one.after_ms is None:
        return f"{were} closed, and the browser no longer held back a request of tab {one.came}."
    return f"{were} closed, and tab {one.came} came on {one.after_ms:.0f} ms later."
