"""The prediction of a probe: at which tab an app hangs first, and how. Pure arithmetic with limits that were measured in the
same browser; no limit is known here.

How it works. Tabs are opened in thought, one after the other. A tab's navigation takes a connection for a moment (over HTTP/2 a
stream); then its open requests take places for good; then its page may send one more request; then its user acts. The first of
these that finds no place hangs. Some browsers have `extra` connections for navigations, and some of these give them to what a
click sends too; the connection of such a navigation serves one of the page's requests afterwards.

Where a user's file acts in each tab (`--do`), what it opens and sends is an action.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from lab.model.probe import Held, LimitSeen, ProbeReport
from lab.model.protocols import PROTOCOLS
from lab.text import counted

NAVIGATION, PAGE, ACTION, SERVER = "navigation", "page", "action", "server"
"""The ways in which an app hangs. The first three are for want of a place; the fourth is the server's own."""

SOCKET = "WebSocket"

MOST_TABS = 1000
"""The arithmetic goes through at most this many tabs, however many a results file names."""


def multiplexed(protocol: str) -> bool:
    """Whether a protocol carries many requests on a connection. An unknown one, in a file of somebody's, does not."""
    return protocol in PROTOCOLS and PROTOCOLS[protocol].multiplexed


def title(protocol: str) -> str:
    """A protocol's name for people."""
    return PROTOCOLS[protocol].title if protocol in PROTOCOLS else protocol


class Places(msgspec.Struct, frozen=True, kw_only=True):
    """The places for requests to one origin. `limit`: None where none was met. `extra` connections are for navigations, and for
    what a click sends if `clicks`."""

    limit: int | None
    extra: int = 0
    clicks: bool = False
    noun: str = "connection"
    source: str = ""


class Prediction(msgspec.Struct, frozen=True, kw_only=True):
    """What the arithmetic says. `hangs` has the tab of each way to hang, up to the tabs that were asked for; `origin` is the
    one that runs out first, and `steps` the arithmetic in words. `known`: false if a limit that it needs is not.
    `acts`: a user's file acts in each tab."""

    hangs: dict[str, int]
    origin: str
    streams_per_tab: int
    steps: tuple[str, ...]
    known: bool = True
    acts: bool = False

    @property
    def first(self) -> tuple[int, str] | None:
        """The hang that is shown, if there is one."""
        return first_hang(self.hangs, acts=self.acts)

    @property
    def answer(self) -> str:
        return answer_of(self.first) if self.known else "not known"


def first_hang(hangs: dict[str, int], *, acts: bool) -> tuple[int, str] | None:
    """The hang that is shown: the first tab that does not come up; where all do, the first action that hangs. `acts`: actions
    are part of each tab's opening, so they count as it does."""
    up = [(tab, kind == ACTION, kind) for kind, tab in hangs.items() if acts or kind != ACTION]
    if up:
        tab, _, kind = min(up)
        return tab, kind
    return (hangs[ACTION], ACTION) if ACTION in hangs else None


def answer_of(hang: tuple[int, str] | None) -> str:
    """The answer in words: `tab 7 (navigation)`, `no hang`."""
    return f"tab {hang[0]} ({hang[1]})" if hang else "no hang"


def predict(report: ProbeReport) -> Prediction:
    """The prediction, from what the first two tabs hold open and from the limits that were measured."""
    page = origin_of(report.url)
    origins = list(dict.fromkeys([page, *(one.origin for one in report.holders)]))
    each = [one for origin in origins if (one := simulate(report, origin, page)) is not None]
    hanging = [one for one in each if one.first]
    if hanging:
        first = min(hanging, key=lambda one: order(one.first))
        hangs = {kind: min(one.hangs[kind] for one in each if kind in one.hangs) for one in each for kind in one.hangs}
        return msgspec.structs.replace(first, hangs=hangs, known=all(one.known for one in each))
    most = max(each, key=lambda one: one.streams_per_tab)
    return msgspec.structs.replace(most, known=all(one.known for one in each))


def order(hang: tuple[int, str] | None) -> tuple[int, bool]:
    """The earlier tab first; of two hangs in one tab, those that are no action."""
    return (hang[0], hang[1] == ACTION) if hang else (2**31, True)


def simulate(report: ProbeReport, origin: str, page: str) -> Prediction:
    """Tabs opened in thought, as far as one origin is concerned."""
    holders = [one for one in report.holders if one.origin == origin and counts(one)]
    first, further = sum(one.count for one in holders), sum(one.further for one in holders)
    places = places_of(report, origin, holders)
    more = report.needs_more and (origin == main_origin(report) or not report.holders)
    hangs: dict[str, int] = {}
    if places.limit is not None:
        hangs = walk(places, first, further, report, navigates=origin == page, more=more)
    steps = words(places, origin, first, further, hangs, report, navigates=origin == page, more=more)
    known = places.limit is not None or not holders or places.source != ""
    return Prediction(hangs=hangs, origin=origin, streams_per_tab=further or first, steps=steps, known=known, acts=report.acts)


def counts(one: Held) -> bool:
    """Whether a holder takes places of the requests' pool: WebSockets over HTTP/1.1 have one of their own."""
    return one.kind != SOCKET


def main_origin(report: ProbeReport) -> str:
    """The origin to which most is held open."""
    most = max((one for one in report.holders if counts(one)), key=lambda one: one.count, default=None)
    return most.origin if most else origin_of(report.url)


def places_of(report: ProbeReport, origin: str, holders: Sequence[Held]) -> Places:
    """The places for requests to an origin: what this browser was measured to open, and what the server announced."""
    protocol = next((one.protocol for one in holders if one.protocol), page_protocol(report, origin))
    measured = next((one for one in report.limits if one.protocol == protocol and one.what == "streams"), None)
    if multiplexed(protocol):
        return streams_of(report, origin, measured)
    if measured is None:
        return Places(limit=None)
    return Places(
        limit=measured.live if measured.reached else None,
        extra=measured.extra,
        clicks=measured.clicks is True,
        source=f"measured in this browser over {title(protocol)}: {measured.live} of {measured.opened} live",
    )


def page_protocol(report: ProbeReport, origin: str) -> str:
    """The protocol of an origin, as the plain client negotiated it; empty if it did not."""
    return next((one.protocol for one in report.wire if origin_of(one.url) == origin), "")


def announced(report: ProbeReport, origin: str) -> int | None:
    """The MAX_CONCURRENT_STREAMS that an origin announced; None if it did not."""
    name = "MAX_CONCURRENT_STREAMS"
    settings = [each.settings for one in report.wire if origin_of(one.url) == origin for each in one.exchanges]
    return next((one[name] for one in settings if name in one), None)


def streams_of(report: ProbeReport, origin: str, measured: LimitSeen | None) -> Places:
    """The places on one HTTP/2 connection: the smaller of what the server announced and what this browser opens."""
    told = announced(report, origin)
    own = measured.live if measured and measured.reached and measured.live != measured.allowed else None
    known = [one for one in (told, own) if one is not None]
    source = f"the server announced {told}" if told is not None else "the server announced no limit"
    if measured is not None:
        source += f"; this browser opened {measured.live} of {measured.opened} on one connection"
    return Places(limit=min(known, default=None), noun="stream", source=source)


def walk(places: Places, first: int, further: int, report: ProbeReport, *, navigates: bool, more: bool) -> dict[str, int]:
    """The first tab for each way to hang."""
    assert places.limit is not None
    limit, held, found = places.limit, 0, dict[str, int]()
    clicked = places.extra if report.acts and places.clicks else 0
    for tab in range(1, min(report.asked, MOST_TABS) + 1):
        if navigates and held + 1 > limit + places.extra:
            return {NAVIGATION: tab, **found}
        # An action is a request to the page's own origin. A user's file has acted when its tab has come up.
        acts = {ACTION: tab} if navigates and not report.acts else {}
        spare = 1 if navigates and held >= limit else 0  # The navigation's own connection, beyond the limit.
        needed, room = (first if tab == 1 else further), max(0, limit - held) + spare
        if needed > room:
            return {ACTION if report.acts_open else PAGE: tab, **acts, **found}
        held += needed
        free = room > needed
        if more and not free and held >= limit + clicked:
            return {ACTION if report.acts else PAGE: tab, **acts, **found}
        if not free:
            found = acts | found
    return found


def words(
    places: Places, origin: str, first: int, further: int, hangs: dict[str, int], report: ProbeReport, *,
    navigates: bool, more: bool,
) -> tuple[str, ...]:  # fmt: skip
    """The arithmetic, a step a line."""
    each = f"{counted(first, 'request')} held open by the first tab, {further} by each further one"
    lines = [f"{origin}: {each if first != further else counted(first, 'request') + ' held open by each tab'}"]
    if not first:
        return (f"{lines[0]}: nothing there runs out",)
    if places.limit is None:
        return (*lines, f"no limit is known for it ({places.source or 'none was measured'})")
    extra = f", and {places.extra} more for navigations{' and clicks' if places.clicks else ''}" if places.extra else ""
    lines.append(f"{counted(places.limit, places.noun)} for one host{extra} ({places.source})")
    if not hangs:
        total = first + further * (report.asked - 1)
        lines.append(f"{report.asked} tabs hold {total}: no hang among {report.asked} tabs")
        if further:
            lines.append(f"by this arithmetic tab {beyond(places, first, further)} would be the first that hangs")
    for kind, tab in sorted(hangs.items(), key=lambda one: one[1]):
        held = first + further * (tab - 2) if tab > 1 else 0
        now = held + (first if tab == 1 else further)
        lines.append(
            {
                NAVIGATION: f"tab {tab}: {held} are held, its navigation finds no {places.noun}",
                PAGE: f"tab {tab}: {held} are held, its page needs {now - held}{' and one more' if more else ''}",
                ACTION: f"tab {tab}: {now} are held, what its user does next finds no {places.noun}",
            }[kind]
        )
    return tuple(lines)


def beyond(places: Places, first: int, further: int) -> int:
    """The first tab that hangs, however many were asked for."""
    assert places.limit is not None
    return max(2, (places.limit + places.extra - first) // further + 2)


def origin_of(url: str) -> str:
    """Scheme, host and port of a URL, as it stands in it."""
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.partition('/')[0].partition('?')[0]}"
