"""The finding in sentences, built from the results and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby

from lab.model.protocols import PROTOCOLS
from lab.model.verdict import Kind, Limit
from lab.report.limits import pool_sentences, starvation_sentences, wall_sentences
from lab.report.sections import Section, of_kind, sections
from lab.report.tables import engine_title
from lab.report.ways import drop_sentences, payload_sentences, way_sentences
from lab.results.file import CellResult, Results
from lab.results.repeats import Group, groups, spread

WAITED_FOR = {
    Limit.CONNECTIONS: "a connection",
    Limit.ORIGIN_STREAMS: "a stream: the origin allows no more on one connection",
    Limit.SOCKETS: "a socket: the browser opens no more in total",
    Limit.BROWSER_STREAMS: "a stream: the browser opens no more on one connection",
    Limit.WEBSOCKETS: "a WebSocket: the browser opens no more",
}


def joined(parts: Sequence[str]) -> str:
    return " and ".join([", ".join(parts[:-1]), parts[-1]]) if len(parts) > 1 else "".join(parts)


SENTENCES: dict[str, Callable[[Sequence[Group], dict[str, str]], list[str]]] = {
    "ways": way_sentences,
    "drops": drop_sentences,
    "payloads": payload_sentences,
    "walls": wall_sentences,
    "pools": pool_sentences,
    "starvation": starvation_sentences,
}
"""By the kind of section; those about tabs make the finding itself."""


def findings(results: Results) -> list[str]:
    """One sentence for each scenario about tabs and each engine that was measured; without one, the first of what else was
    found."""
    plain = sorted(of_kind(results, "tabs"), key=lambda one: (one.first.scenario, one.first.transport))
    runs = [cell for one in plain for cell in one.runs]
    alike = groupby(runs, key=lambda cell: (cell.scenario, cell.engine, cell.transport))
    return [sentence for _, cells in alike for sentence in finding(list(cells))] or others(results)[:1]


def others(results: Results) -> list[str]:
    """A sentence for each engine about each of the other questions."""
    return [sentence for section in sections(results) for sentence in sentences(results, section)]


def sentences(results: Results, section: Section) -> list[str]:
    titles = {cell.engine: engine_title(cell) for cell in sorted(results.cells, key=lambda cell: bool(cell.engine_version))}
    tell = SENTENCES.get(section.kind)
    return tell(section.groups, titles) if tell else []


def finding(cells: list[CellResult]) -> list[str]:
    measured = [cell for cell in cells if cell.live is not None]
    if not measured:
        return []
    text = f"In {engine_title(measured[0])}, {joined(counts(measured))}"
    held = [cell for cell in measured if cell.live is not None and cell.live < cell.asked]
    causes = [WAITED_FOR.get(Limit(cell.cause)) if cell.cause else None for cell in held]
    known = list(dict.fromkeys(cause for cause in causes if cause))
    if known and all(causes):
        text += f"; the others were waiting for {joined(known)}"
    if any(cell.verdict == Kind.DISPUTED for cell in measured):
        text += " (disputed: the witnesses do not agree on every number)"
    return [f"{text}."]


def counts(cells: Sequence[CellResult]) -> list[str]:
    """`6 of 12 tabs stayed live over HTTP/1.1`, one for each protocol; those of one family that agree are one."""
    said: dict[str, list[CellResult]] = {}
    for cell in cells:
        said.setdefault(PROTOCOLS[cell.protocol].family, []).append(cell)
    parts: list[tuple[str, str]] = []
    for family, members in said.items():
        each = {
            protocol: of([cell for cell in members if cell.protocol == protocol])
            for protocol in dict.fromkeys(cell.protocol for cell in members)
        }
        if len(set(each.values())) == 1:
            parts.append((of(members), family))
        else:
            parts += [(count, PROTOCOLS[protocol].title) for protocol, count in each.items()]
    first = f"{parts[0][0]} tabs stayed live over {parts[0][1]}"
    return [first, *(f"{count} over {over}" for count, over in parts[1:])]


def of(cells: Sequence[CellResult]) -> str:
    """`6 of 12`, or `6 to 9 of 12` where repeats differ."""
    return f"{spread([cell.live for cell in cells if cell.live is not None])} of {cells[0].asked}"


def advice(results: Results) -> str:
    """What to do about it, where these very results show what helps; else nothing."""
    tabs = [cell for cell in results.cells if cell.opened == "tabs"]
    walls = [cell for cell in tabs if cell.cause == Limit.CONNECTIONS]
    shared = [cell for cell in tabs if PROTOCOLS[cell.protocol].multiplexed and cell.live is not None]
    if walls and shared and all(cell.live == cell.asked and cell.cause == Limit.NONE for cell in shared):
        most = max(cell.asked for cell in shared)
        return f"Serve the page over HTTP/2: there {most} tabs shared {connections(shared)}, and none waited."
    return ""


def connections(cells: Sequence[CellResult]) -> str:
    most = max(cell.connections or 0 for cell in cells)
    return "one connection" if most == 1 else f"up to {most} connections"


def surprising(results: Results) -> list[CellResult]:
    """What needs a word: claims that did not hold, witnesses that disagree, failures. The gravest run of each cell; of cells
    that differ in nothing but their transport and say the same, the first."""
    seen: dict[tuple[object, ...], CellResult] = {}
    for one in groups(results):
        run = one.shown
        if one.verdict != Kind.CONFIRMED:
            seen.setdefault((run.engine, run.protocol, run.opened, run.case, run.verdict, run.live, run.answer), run)
    return list(seen.values())
