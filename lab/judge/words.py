"""Words and phrases that the verdicts on several questions share."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from itertools import groupby

from lab.model.browsers import BrowserLog
from lab.model.cell import Cell
from lab.model.claims import Answer
from lab.model.observation import Observation, Release
from lab.model.openings import OPENINGS
from lab.model.verdict import Limit
from lab.text import counted, listed

ENDED = {
    "page": "when the page closed the stream of client {}",
    "origin": "when the origin ended the stream of client {}",
    "tab": "when the tab (or frame) of client {} was closed",
}


def nouns(cell: Cell) -> str:
    """The name of the cell's clients: `tabs`, `streams in one page`."""
    return OPENINGS[cell.opening].nouns


def numbers(clients: Iterable[int]) -> str:
    """Numbers of clients as ranges: `[1–6, 9]`; `none` without any."""
    runs = groupby(enumerate(sorted(clients)), key=lambda pair: pair[1] - pair[0])
    parts = [[number for _, number in run] for _, run in runs]
    words = [str(part[0]) if len(part) == 1 else f"{part[0]}–{part[-1]}" for part in parts]
    return f"[{', '.join(words)}]" if words else "none"


def labels(limits: Iterable[Limit]) -> str:
    """The labels of some limits, in alphabetical order."""
    return listed(sorted({limit.label for limit in limits}))


def claimed(seen: Observation, answer: str) -> str:
    """`as claimed`, or what the claim says instead."""
    if not isinstance(seen.claim, Answer):
        return "the claim is about something else"
    return "as claimed" if seen.claim.answer == answer else f"claim: {seen.claim.answer}"


def release_in_words(release: Release) -> str:
    """A release in words: which client's stream was ended, and which client came in its place."""
    ended = ENDED.get(release.ended_by, "when the stream of client {} ended").format(release.tab)
    if not release.arrived:
        notes = sorted({one.note for one in release.held if one.note})
        still = f": the browser still held back {numbers(release.waiting)}" if release.held else ""
        return f"{ended}, no waiting client came{still}{''.join(f' ({note})' for note in notes)}."
    first = release.arrived[0]
    where = "a connection that was already open" if first.reused else "a new connection"
    return f"{ended}, client {first.tab} reached the origin {max(0, first.after_ms):.0f} ms later, on {where}."


def order_in_words(releases: Collection[Release]) -> str:
    """Whether the clients came in the order of their opening, in words; empty for fewer than two."""
    came = [one.arrived[0].tab for one in releases if one.arrived]
    if len(came) < 2:
        return ""
    order = "in the order of their opening" if came == sorted(came) else "not in the order of their opening"
    return f" They came as {', '.join(map(str, came))}: {order}."


def log_in_words(log: BrowserLog | None, reasons: Iterable[Limit], count: int) -> str:
    """What the browser's log says about the `count` clients that it holds back, in words."""
    if log is None:
        return "Unavailable: no log of the browser was read."
    if log.missing is not None:
        return f"Unavailable: {log.missing}."
    if not count:
        return "The browser held back no request of these clients."
    notes = "".join(f" {note}." for note in sorted({one.note for one in log.held if one.note})[:3])
    return f"The browser held back requests of {counted(count, 'client')}, for {labels(reasons)}.{notes}"
