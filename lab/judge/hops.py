"""Hops: how many clients stay live behind a proxy, what holds the others back, and what each hop does besides.

The count is judged as everywhere (limits.py). Who holds a waiting request, the browser or a proxy that does not pass it on, is
told apart by the browser's log: a request that it does not hold back is on its way.
"""

from __future__ import annotations

from lab.judge import limits
from lab.judge.witnesses import Objection, Witnesses, conclude
from lab.model.hops import FrontConnection, HopsSeen, LeavingSeen, ReloadSeen, WebSocketSeen
from lab.model.observation import Observation
from lab.model.protocols import PROTOCOLS
from lab.model.verdict import Statement, Verdict
from lab.text import counted

RELAY = "relay"


def verdict(seen: Observation, witnesses: Witnesses) -> Verdict:
    """Judge a hops cell."""
    disputed = [*limits.objections(seen, witnesses), *from_the_front(seen, witnesses)]
    return conclude(
        seen,
        witnesses,
        objections=disputed,
        as_claimed=limits.as_claimed(seen, witnesses),
        why=f"{limits.against_claim(seen, witnesses)} {limits.held_back(seen, witnesses)}".strip(),
        statements=[*limits.statements(seen, witnesses), *facts(seen)],
        cause=limits.cause_of(seen, witnesses),
    )


def from_the_front(seen: Observation, witnesses: Witnesses) -> list[Objection]:
    """What the relay in front of the proxy, and the page's own account of its protocol, say against the cell."""
    if seen.hops is None:
        return []
    found, row = [], PROTOCOLS[seen.cell.protocol]
    if seen.hops.negotiated and seen.hops.negotiated != row.alpn:
        words = f"The page came by {seen.hops.negotiated}, though the front offers {row.alpn}."
        found.append(Objection(RELAY, words))
    connections = open_at(seen.hops, seen.settled_ms or 0.0)
    if not row.multiplexed and connections < len(witnesses.live):
        words = (
            f"{len(witnesses.live)} clients are live, and the relay counts {counted(connections, 'connection')} to the proxy."
        )
        found.append(Objection(RELAY, words))
    return found


def open_at(hops: HopsSeen, at_ms: float) -> int:
    """How many of the browser's connections to the proxy were open at a moment."""
    return sum(one.opened_ms <= at_ms and (one.closed_ms is None or one.closed_ms > at_ms) for one in hops.front)


def facts(seen: Observation) -> list[Statement]:
    """What each hop does, a statement each."""
    hops = seen.hops
    if hops is None:
        return []
    told = [Statement(RELAY, front_in_words(hops, seen.settled_ms or 0.0))]
    told += [Statement("proxy", f"It met a limit of its own, and wrote: {hops.met}")] if hops.met else []
    told += [Statement("websocket", websocket_in_words(hops.websocket))] if hops.websocket else []
    told += [Statement("leaving", leaving_in_words(hops.leaving))] if hops.leaving else []
    told += [Statement("reload", reload_in_words(hops.reload))] if hops.reload else []
    return told


def front_in_words(hops: HopsSeen, at_ms: float) -> str:
    """The browser's connections to the proxy, and what was offered and announced on them."""
    words = f"The browser had {counted(open_at(hops, at_ms), 'connection')} to the proxy"
    words += f", and offered {offered_in_words(hops.front)}" if any(one.offered for one in hops.front) else ""
    words += f"; the page came by {hops.negotiated}" if hops.negotiated else ""
    words += f"; the proxy announces {hops.announced} streams on a connection" if hops.announced is not None else ""
    if hops.connect is not None:
        words += "; WebSockets over HTTP/2 are " + ("announced" if hops.connect else "not announced")
    return f"{words}."


def offered_in_words(front: tuple[FrontConnection, ...]) -> str:
    """What the browser offered in ALPN."""
    return " and ".join(dict.fromkeys("/".join(one.offered) for one in front if one.offered))


def websocket_in_words(one: WebSocketSeen) -> str:
    """How a WebSocket passed."""
    if not one.passed:
        return f"It did not open: {one.why}."
    how = f"over {counted(one.connections, 'new connection')}" if one.connections else "over the connection that was there"
    return f"It opened, {how}; it reached the origin by {one.behind or 'a connection that is not known'}."


def leaving_in_words(one: LeavingSeen) -> str:
    """When the origin learned that a tab was closed."""
    if one.learned_ms is None:
        return f"The origin had not learned in {one.watched_ms / 1000:.0f} s that the tab was closed, not by an update either."
    after = ", once an update was sent" if one.after_update else ""
    return f"The origin learned {one.learned_ms:.0f} ms later that the tab was closed{after}."


def reload_in_words(one: ReloadSeen) -> str:
    """What a reload did to open streams."""
    words = f"When the proxy read its configuration anew, {one.ended} of {counted(one.streams, 'stream')} ended"
    if one.ended:
        words += f"; {len(one.back_ms)} came back"
        words += f", after {one.back_ms[0]:.0f} to {one.back_ms[-1]:.0f} ms" if one.back_ms else ""
    return f"{words} (watched for {one.watched_ms / 1000:.1f} s)."
