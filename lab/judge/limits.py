"""Limits: how many of the opened clients are live, and what holds the others back.

The cause is inferred from the counts alone: protocol, opening, transport, and how many streams one connection carried. The
browser's own log never gives the cause; it can only dispute it.

`objections`, `cause_of`, `held_back` and `statements` serve pools, starvation and delivery too, which rest on this question.
"""

from __future__ import annotations

from lab.judge.witnesses import (
    LEDGER,
    LOG,
    PAGES,
    RELEASE,
    Clients,
    Objection,
    Witnesses,
    conclude,
    documents_of,
    own_limit,
)
from lab.judge.words import labels, log_in_words, nouns, numbers, order_in_words, release_in_words
from lab.model.cell import CONTROL_CLIENT
from lab.model.claims import Answer, AtMost
from lab.model.observation import Observation
from lab.model.protocols import PROTOCOLS
from lab.model.verdict import Limit, Statement, Verdict
from lab.text import counted, listed, sentence

STREAM_LIMITS = {Limit.ORIGIN_STREAMS, Limit.BROWSER_STREAMS, Limit.PROXY_STREAMS}


def verdict(seen: Observation, witnesses: Witnesses) -> Verdict:
    """Judge a limits cell: how many clients are live is compared with the claim, and the cause is inferred from the counts."""
    disputed = objections(seen, witnesses)
    return conclude(
        seen,
        witnesses,
        objections=disputed,
        as_claimed=as_claimed(seen, witnesses),
        why=f"{against_claim(seen, witnesses)} {held_back(seen, witnesses)}".strip(),
        statements=statements(seen, witnesses),
        cause=cause_of(seen, witnesses),
    )


def claimed_limit(seen: Observation) -> int | None:
    """The largest number that may be live according to the claim; None: no limit. Over HTTP/2 no connection may have more
    streams than the origin allows (RFC 9113, section 5.1.2); behind a proxy that connection is not the browser's."""
    limits = [seen.claim.limit] if isinstance(seen.claim, AtMost) else []
    if PROTOCOLS[seen.cell.protocol].multiplexed and seen.cell.opening != "hosts" and seen.proxy is None:
        limits.append(seen.cell.streams)
    return min(limits, default=None)


def as_claimed(seen: Observation, witnesses: Witnesses) -> bool | None:
    """Whether as many clients are live as the claim says: its limit, or all if fewer were opened. None for a claim without a
    number."""
    if isinstance(seen.claim, Answer):
        return None
    limit, own = claimed_limit(seen), witnesses.server.own if witnesses.server else 0
    expected = witnesses.opened if limit is None else min(limit, witnesses.opened)
    return len(witnesses.live) + (own if witnesses.others else 0) == expected


def cause_of(seen: Observation, witnesses: Witnesses) -> Limit:
    """The limit that held the others back, inferred from the counts alone; `NONE` if all clients are live."""
    return inferred(seen, witnesses) if witnesses.others else Limit.NONE


def inferred(seen: Observation, witnesses: Witnesses) -> Limit:
    """The limit that the counts point to, if some clients are not live."""
    cell, multiplexed = seen.cell, PROTOCOLS[seen.cell.protocol].multiplexed
    if own_limit(cell.transport) and (witnesses.failed or not multiplexed):
        return Limit.WEBSOCKETS
    if cell.opening == "hosts":
        return Limit.SOCKETS
    if seen.proxy is not None and witnesses.log and witnesses.waiting - witnesses.log.held.keys():
        return Limit.PROXY  # The browser does not hold it back: it is on its way.
    if not multiplexed:
        return Limit.CONNECTIONS
    if seen.proxy is not None:
        announced = seen.hops.announced if seen.hops else None
        return Limit.PROXY_STREAMS if announced is not None and len(witnesses.live) >= announced else Limit.BROWSER_STREAMS
    carried = witnesses.server.max_streams if witnesses.server else len(witnesses.live)
    return Limit.ORIGIN_STREAMS if carried >= cell.streams else Limit.BROWSER_STREAMS


def objections(seen: Observation, witnesses: Witnesses, holdable: Clients | None = None) -> list[Objection]:
    """The points on which witnesses disagree, the most important first. `holdable` are the clients whose requests the log may
    name as held back; None: only those that wait."""
    server, log, waiting = witnesses.server, witnesses.log, witnesses.waiting
    found = []
    if witnesses.pages and server and witnesses.pages.live != server.live:
        pages = witnesses.pages.live
        found.append(
            Objection(
                LEDGER,
                f"The pages say {len(pages)} are live, the ledger says {len(server.live)}: only the page says so of "
                f"{numbers(pages - server.live)}, only the ledger of {numbers(server.live - pages)}.",
            )
        )
    least = (
        waiting if seen.proxy is None else frozenset[int]()
    )  # What a proxy does not pass on, the browser does not hold back.
    if witnesses.pages and log and not least <= log.held.keys() <= (waiting if holdable is None else holdable):
        found.append(
            Objection(
                LOG,
                f"The pages say that {numbers(waiting)} wait, the browser's own network log says that it holds back "
                f"{numbers(log.held)}.",
            )
        )
    if witnesses.pages is None and server and log and server.streaming & log.held.keys():
        both = numbers(server.streaming & log.held.keys())
        found.append(
            Objection(LOG, f"The ledger says that {both} had a stream open, the browser's log that it held them back.")
        )
    if not witnesses.others:
        return found
    if witnesses.failed and not own_limit(seen.cell.transport):
        failed = len(witnesses.failed)
        found.append(Objection(PAGES, f"{counted(failed, 'client')} failed instead of waiting: {why_failed(seen)}."))
    cause = inferred(seen, witnesses)
    if cause is not Limit.PROXY and log and log.held and not any(compatible(limit, cause) for limit in log.held.values()):
        words = f"The counts point to {cause.label}, the browser's own network log to {labels(log.reasons)}."
        found.append(Objection(LOG, words))
    if unproven_words := unproven(witnesses, cause):
        found.append(Objection(RELEASE, unproven_words))
    return found


def compatible(logged: Limit, cause: Limit) -> bool:
    """Whether the limit that a log names agrees with a cause. A log may name a limit on streams without saying whether it is
    the origin's or the browser's."""
    return logged == cause or (logged == Limit.STREAMS and cause in STREAM_LIMITS)


def unproven(witnesses: Witnesses, cause: Limit) -> str:
    """Why the releases prove nothing; empty if they prove what the others wait for.

    The limit on all sockets together may be soft: above its own number Chromium decides at random
    (kTcpSocketPoolLimitRandomization in net/base/features.cc), so after a release no client may come, or many; Firefox was seen
    to let many in at once. For that limit it is enough that the browser's log names held requests, or that any client came. A
    proxy's own limit may move too, in both directions (Apache, mod_http2/h2_mplx.c: processing_limit): any client is enough.
    """
    live, others = len(witnesses.live), witnesses.others
    held = witnesses.log.held if witnesses.log else {}
    if cause is Limit.SOCKETS and (held or any(one.arrived for one in witnesses.releases)):
        return ""
    if cause is Limit.PROXY and any(one.arrived for one in witnesses.releases):
        return ""
    if not witnesses.releases:
        return f"{others} are not live, and no place could be freed for one of them: what they wait for is not proven."
    for number, release in enumerate(witnesses.releases):
        still_held = {one.tab for one in release.held} >= set(release.waiting)
        if not release.arrived and (number == 0 or not still_held):
            return f"{others} are not live, but none came when a place was freed: they wait for something else."
        if release.most > live:
            return (
                f"{live} were live, and once a place was freed, {release.most} were: the others were not waiting for a place."
            )
    return ""


def against_claim(seen: Observation, witnesses: Witnesses) -> str:
    """The number of live clients compared with the claim, in words."""
    limit, what, live, opened = claimed_limit(seen), nouns(seen.cell), len(witnesses.live), witnesses.opened
    own = witnesses.server.own if witnesses.server else 0
    lab = f", and {counted(own, 'connection')} of the lab's own" if own else ""
    if as_claimed(seen, witnesses) is False:
        return f"The claim is {'all' if limit is None else limit} live at once; {live} of {opened} {what} were{lab}."
    if limit is not None and limit < opened:
        return f"{live} of {opened} {what} were live{lab}, as claimed."
    beyond = f" The claimed limit of {limit} was not reached with {opened}." if limit and limit > opened else ""
    return f"All {opened} {what} were live.{beyond}"


def held_back(seen: Observation, witnesses: Witnesses) -> str:
    """What the others waited for, in words, by the first release that let one in."""
    if not witnesses.others:
        return f"No limit was met up to {witnesses.opened}."
    if not witnesses.releases:
        return ""
    refused = "had failed at once" if witnesses.failed else "were waiting"
    first = next((one for one in witnesses.releases if one.arrived), witnesses.releases[0])
    return f"The other {witnesses.others} {refused}: {release_in_words(first)}"


def statements(seen: Observation, witnesses: Witnesses) -> list[Statement]:
    """What each witness says, in words, or why it is unavailable."""
    words = [pages_statement(seen, witnesses), ledger_statement(witnesses)]
    if witnesses.others:
        words.append(Statement("control", control_in_words(seen)))
    log = witnesses.log
    count = None if log is None else witnesses.opened - len(log.held) - len(witnesses.failed)
    held, reasons = (len(log.held), log.reasons) if log else (0, frozenset())
    words.append(Statement(LOG, log_in_words(seen.browser_log, reasons, held), count))
    if witnesses.releases:
        told = " ".join(sentence(release_in_words(one)) for one in witnesses.releases)
        words.append(Statement(RELEASE, told + order_in_words(witnesses.releases)))
    return words


def pages_statement(seen: Observation, witnesses: Witnesses) -> Statement:
    """What the pages say: how many clients received an update when asked, and how many had failed."""
    if witnesses.pages is None:
        return Statement(PAGES, "Unavailable: no page reported.")
    live, failed = len(witnesses.pages.live), len(witnesses.pages.failed)
    words = f"{live} of {witnesses.opened} received updates when asked{documents_in_words(seen)}."
    words += f" {failed} had failed: {why_failed(seen)}." if failed else ""
    return Statement(PAGES, words, live)


def documents_in_words(seen: Observation) -> str:
    """How many documents had loaded, if each client has one of its own; else whether the shared page had loaded."""
    if seen.cell.engine == CONTROL_CLIENT:
        return ""  # It opens streams without a page.
    documents, blank = documents_of(seen), sum(not client.document for client in seen.clients)
    if documents is not None:
        waited = f", {counted(blank, 'navigation')} {'was' if blank == 1 else 'were'} still waiting" if blank else ""
        return f"; {counted(documents, 'document')} had loaded{waited}"
    return f"; the page of {blank} of them had not loaded" if blank else "; their page had loaded"


def ledger_statement(witnesses: Witnesses) -> Statement:
    """What the ledger says: how many clients had a stream open, on how many connections."""
    server = witnesses.server
    if server is None:
        return Statement(LEDGER, "Unavailable: the server keeps no ledger.")
    words = f"{len(server.live)} {server.had}, on {counted(server.connections, 'connection')} (at most {server.peak} at once); "
    words += f"no connection carried more than {counted(server.max_streams, 'stream')} at once."
    return Statement(LEDGER, words, len(server.live))


def why_failed(seen: Observation) -> str:
    """The browser's messages about the clients that failed: at most three different ones."""
    return listed(sorted({client.failed for client in seen.clients if client.failed and not client.live})[:3])


def control_in_words(seen: Observation) -> str:
    """The statement that browser and origin worked while the others waited."""
    quiet = f"{seen.quiet_ms:.0f} ms" if seen.quiet_ms is not None else "a while"
    tabs = "a control tab" if seen.controls == 1 else f"{seen.controls} control tabs"
    opened = f"Meanwhile {tabs} on another port opened normally."
    if seen.cell.opening == "hosts":  # Every socket counts there: see lab/measure/control_tab.py.
        opened = f"Meanwhile {tabs} opened normally, all but the first one blank, and the stream of the first went on."
    return (
        f"{opened} The waiting clients did not change for at least {quiet} (twice the median opening time, and no less than "
        "the slowest)."
    )
