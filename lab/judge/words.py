"""Words that every verdict uses."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from itertools import groupby

from lab.model.browsers import BrowserLog
from lab.model.cell import Cell
from lab.model.observation import Release
from lab.model.openings import OPENINGS

ENDED = {
    "page": "when the page closed the stream of {}",
    "origin": "when the origin ended the stream of {}",
    "tab": "when what {} was in was closed",
}


def nouns(cell: Cell) -> str:
    return OPENINGS[cell.opened].nouns


def numbers(tabs: Collection[int]) -> str:
    """`[1–6, 9]`; `none` for none."""
    runs = groupby(enumerate(sorted(tabs)), key=lambda pair: pair[1] - pair[0])
    parts = [[number for _, number in run] for _, run in runs]
    words = [str(part[0]) if len(part) == 1 else f"{part[0]}–{part[-1]}" for part in parts]
    return f"[{', '.join(words)}]" if words else "none"


def joined(causes: Iterable[str]) -> str:
    return " and ".join(sorted(set(causes)))


def sentence(words: str) -> str:
    return words[:1].upper() + words[1:]


def release_in_words(release: Release) -> str:
    ended = ENDED[release.ended_by].format(f"number {release.tab}")
    if not release.arrived:
        notes = sorted({one.note for one in release.held if one.note})
        still = f": the browser still held back {numbers(release.waiting)}" if release.held else ""
        return f"{ended}, no waiting one came{still}{''.join(f' ({note})' for note in notes)}."
    first = release.arrived[0]
    where = "a connection that was already open" if first.reused else "a new connection"
    return f"{ended}, number {first.tab} reached the origin {max(0, first.after_ms):.0f} ms later, on {where}."


def order_in_words(releases: Collection[Release]) -> str:
    """Who came, when several waited: in the order of their numbers or not."""
    came = [one.arrived[0].tab for one in releases if one.arrived]
    if len(came) < 2:
        return ""
    order = "in the order of their opening" if came == sorted(came) else "not in the order of their opening"
    return f" They came as {', '.join(map(str, came))}: {order}."


def log_in_words(log: BrowserLog, reasons: Iterable[str], count: int) -> str:
    if log.missing is not None:
        return f"Not heard: {log.missing}."
    if not count:
        return "The browser itself held back no request of these."
    notes = "".join(f" {note}." for note in sorted({one.note for one in log.held if one.note})[:3])
    return f"The browser itself held back requests of {count}, for {joined(reasons)}.{notes}"
