"""An explanation in sentences, the same in the terminal, the page and JSON."""

from __future__ import annotations

from lab.model.verdict import Limit
from lab.probe.explain.explanation import Explanation, Holding, Queue, Waiting
from lab.probe.explain.history import Host, Outcome, Request
from lab.text import counted, listed

FAMILIES = {"h1": "HTTP/1.1", "h2": "HTTP/2", "h3": "HTTP/3"}
PLACES = {Limit.CONNECTIONS: "connection", Limit.STREAMS: "stream", Limit.SOCKETS: "connection"}
MOST_NAMED = 5
"""The most holders or hosts that a sentence names."""


def duration(ms: float | None, *, timed: bool = True) -> str:
    """A length of time for people: `640 ms`, `5.6 s`, `2 min 5 s`."""
    if ms is None or not timed:
        return "an unknown time"
    if ms < 1000:
        return f"{ms:.0f} ms"
    if ms < 59_950:
        return f"{ms / 1000:.1f} s"
    minutes, seconds = divmod(round(ms / 1000), 60)
    return f"{minutes} min {seconds} s"


def moment(ms: float, *, timed: bool = True) -> str:
    """A moment in the log: `6.604 s`, or `line 1234`."""
    return f"{ms / 1000:.3f} s" if timed else f"line {ms:.0f}"


def path(url: str, host: str) -> str:
    """An address without its host, if that has been said."""
    return (url.removeprefix(host) or "/") if host else url


def named(request: Request, host: str = "") -> str:
    """A request, by its number, kind and address."""
    return f"request {request.number} ({request.kind} {path(request.url, host)})"


def sentences(one: Explanation) -> list[str]:
    """Everything that is said of the whole log, the answer first."""
    return [answer(one), *short_ones(one), about(one), hosts(one), *one.history.notes]


def about(one: Explanation) -> str:
    """Of which log this is."""
    history = one.history
    what = f"{one.file} is a {history.log}" + (f" of {history.browser}" if history.browser else "")
    began = f", begun {history.began} UTC" if history.began else ""
    long = f", {duration(history.length_ms)} long" if history.timed else ""
    return f"{what}{began}{long}, with {counted(history.counted, 'request')} to {counted(len(history.hosts), 'host')}."


def answer(one: Explanation) -> str:
    """Whether anything waited, and for what."""
    if not one.history.counted:
        return "The log has no HTTP request."
    if not one.queues:
        return "No request waited for a place that others held."
    count = len({each.request.number for queue in one.queues for each in queue.waits})
    places = listed(list(dict.fromkeys(waited_for(queue) for queue in one.queues))[:MOST_NAMED])
    longest = max((queue.longest for queue in one.queues), key=lambda each: each.ms)
    return f"{counted(count, 'request')} waited for {places}{the_longest(longest, one, count)}."


def waited_for(queue: Queue) -> str:
    """What a queue waited for."""
    match queue.limit:
        case Limit.CONNECTIONS:
            return f"a connection to {queue.host or 'one host or proxy'}"
        case Limit.STREAMS:
            return f"a stream of the HTTP/2 connection to {queue.host or 'several hosts'}"
    return "any connection, because the browser had as many as it allows itself"


def the_longest(longest: Waiting, one: Explanation, count: int) -> str:
    """How long the longest wait was."""
    if not one.history.timed:
        return ""
    still = ": it was still waiting when the log ended" if longest.wait.until_ms is None else ""
    return f", {'the longest ' if count > 1 else ''}for {duration(longest.ms)}{still}"


def short_ones(one: Explanation) -> list[str]:
    """What was left out."""
    found = []
    if one.joined:
        found.append(f"{counted(one.joined, 'request')} waited only for a connection to be ready that they then shared, as is "
                     "usual when an HTTP/2 connection begins.")  # fmt: skip
    if one.brief:
        found.append(f"{counted(one.brief, 'wait')} of a few milliseconds, while connections were handed on, "
                     f"{'is' if one.brief == 1 else 'are'} not shown.")  # fmt: skip
    return found


def hosts(one: Explanation) -> str:
    """Which hosts spoke HTTP/1.1."""
    old = [host.host for host in one.history.hosts if "h1" in host.protocols]
    new = sum(not {"h2", "h3"}.isdisjoint(host.protocols) for host in one.history.hosts)
    if not old:
        return f"No host was seen to speak HTTP/1.1; {new} spoke HTTP/2 or HTTP/3." if new else "No request got an answer."
    more = f" and {len(old) - MOST_NAMED} more" if len(old) > MOST_NAMED else ""
    others = f"{counted(new, 'host')} spoke HTTP/2 or HTTP/3" if new else "No host spoke HTTP/2 or HTTP/3"
    return f"HTTP/1.1 was spoken by {', '.join(old[:MOST_NAMED])}{more}. {others}."


def told(queue: Queue, one: Explanation) -> list[str]:
    """What is said of one queue: what held the places, how it was released, and what is not sure."""
    return [what_held(queue, one), *released(queue, one), *how_sure(queue)]


def what_held(queue: Queue, one: Explanation) -> str:
    """What held the places meanwhile."""
    place = PLACES[queue.limit]
    allowed = f" (the limit was {queue.most})" if queue.most is not None else ""
    wait = queue.longest.wait
    began = moment(wait.since_ms, timed=one.history.timed)
    when = f"When {named(queue.longest.request, queue.host)} began to wait, at {began},"
    if not queue.held:
        return (
            f"{when} all places were held{allowed}. The log does not show by what: by connections that were still being made, "
            "or that were there before the log began."
        )
    were = f"{counted(queue.held, place)} {'was' if queue.held == 1 else 'were'} in use{allowed}"
    groups = listed([held_by(group, queue.host) for group in queue.holding[:MOST_NAMED]])
    more = len(queue.holding) - MOST_NAMED
    return f"{when} {were}: {groups}{f' and {more} other addresses' if more > 0 else ''}."


def held_by(group: Holding, host: str) -> str:
    """One group of holders."""
    return f"{group.count} × {group.kind} {path(group.url, host)}"


def released(queue: Queue, one: Explanation) -> list[str]:
    """How waiting came to an end."""
    timed, found = one.history.timed, []
    served = [each for each in queue.waits if each.wait.outcome == Outcome.SERVED]
    if served:
        found.append(first_release(served, queue, timed=timed))
    if len(served) == len(queue.waits):
        return [*found, "Each of them got a place in the end." if len(served) > 1 else "It got a place in the end."]
    count = {outcome: sum(each.wait.outcome == outcome for each in queue.waits) for outcome in Outcome}
    parts = [
        f"{len(served) or 'none'} got a place",
        *([f"{count[Outcome.GAVE_UP]} ended while waiting"] if count[Outcome.GAVE_UP] else []),
        *([f"{count[Outcome.FAILED]} got an error instead"] if count[Outcome.FAILED] else []),
        *([f"{count[Outcome.WAITING]} waited when the log ended"] if count[Outcome.WAITING] else []),
    ]
    return [*found, f"Of {counted(len(queue.waits), 'wait')}, {listed(parts)}."]


def first_release(served: list[Waiting], queue: Queue, *, timed: bool) -> str:
    """The first time that a place was passed on."""
    first = min(served, key=lambda each: each.wait.until_ms or 0.0)
    until = first.wait.until_ms or 0.0
    by = {request.number: request for request in queue.holders}.get(first.wait.released_by or 0)
    at = moment(until, timed=timed)
    if by is None or by.ended_ms is None:
        return f"The first to get a place was {named(first.request, queue.host)}, at {at}."
    after = until - by.ended_ms
    later = "" if not timed else f" {duration(after)} later" if after >= 1 else " at once"
    return (
        f"The first place became free at {moment(by.ended_ms, timed=timed)}, when {named(by, queue.host)} ended; "
        f"{named(first.request, queue.host)} got it{later}."
    )


def how_sure(queue: Queue) -> list[str]:
    """What is inferred, and what is left out."""
    found = []
    if queue.derived:
        found.append("These waits are derived: no line of the log says that a request waits; it follows from other lines.")
    if queue.joined:
        found.append(f"{counted(queue.joined, 'more request')} waited only for a connection to be ready that they then shared.")
    if queue.brief:
        are = "is" if queue.brief == 1 else "are"
        found.append(f"{counted(queue.brief, 'shorter wait')} of a few milliseconds {are} not shown.")
    return found


def spoken(host: Host) -> str:
    """The protocols of a host in words."""
    return listed([FAMILIES.get(name, name) for name in host.protocols]) or "no answer"


def waited(each: Waiting, one: Explanation) -> str:
    """How long one request waited."""
    if not one.history.timed:
        return "not known"
    return duration(each.ms) + (", to the end" if each.wait.until_ms is None else "")
