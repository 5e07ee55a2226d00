"""Walls, pools and starvation in sentences: one a browser, from the groups of repeats and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from lab.judge.starvation import told
from lab.model.openings import OPENINGS
from lab.model.protocols import PROTOCOLS
from lab.model.verdict import Kind, Limit
from lab.results.file import CellResult
from lab.results.repeats import Group


def measured(groups: Sequence[Group]) -> list[Group]:
    """Those that say something sure: what is disputed is no finding."""
    return [one for one in groups if one.lives and one.verdict in (Kind.CONFIRMED, Kind.REFUTED)]


def by_engine(groups: Sequence[Group]) -> list[tuple[str, list[Group]]]:
    ordered = sorted(measured(groups), key=lambda one: one.first.engine)
    return [(engine, list(members)) for engine, members in groupby(ordered, key=lambda one: one.first.engine)]


def wall_sentences(groups: Sequence[Group], titles: dict[str, str]) -> list[str]:
    """`The walls in Firefox 153: connections per host, 6 (tabs: 9); …`"""
    sentences = []
    for engine, members in by_engine(groups):
        parts = [part for cause in Limit if (part := of_cause(cause, [one for one in members if one.shown.cause == cause]))]
        if parts:
            sentences.append(f"The walls in {titles[engine]}: {'; '.join(parts)}.")
    return sentences


def of_cause(cause: Limit, members: Sequence[Group]) -> str:
    """`connections per host, 6 (tabs: 9)`: the number found most often, and where it was another."""
    if not members or cause is Limit.NONE:
        return ""
    found = [one.live for one in members]
    if cause is Limit.ORIGIN_STREAMS:
        exact = all(one.lives == [one.first.streams_per_connection] * len(one.lives) for one in members)
        numbers = ", ".join(sorted(set(found), key=as_number))
        return f"{cause}, {'as many as were allowed: ' if exact else ''}{numbers}"
    usual = max(found, key=found.count)
    others = {(OPENINGS[one.first.opened].nouns, one.live): None for one in members if one.live != usual}
    return f"{cause}, {usual}" + "".join(f" ({nouns}: {live})" for nouns, live in others)


def as_number(live: str) -> int:
    return int(live.split()[0])


def pool_sentences(groups: Sequence[Group], titles: dict[str, str]) -> list[str]:
    sentences = []
    for engine, members in by_engine(groups):
        parts = []
        for protocol in dict.fromkeys(one.first.protocol for one in members):
            answers: dict[str, list[str]] = {}
            for one in members:
                if one.first.protocol == protocol:
                    answers.setdefault(one.answer, []).append(one.first.case)
            told = "; ".join(f"{answer} with {', '.join(cases)}" for answer, cases in sorted(answers.items(), reverse=True))
            parts.append(f"over {PROTOCOLS[protocol].family} {told}")
        sentences.append(f"A pool in {titles[engine]} is {'. And '.join(parts)}.")
    return sentences


def starvation_sentences(groups: Sequence[Group], titles: dict[str, str]) -> list[str]:
    sentences = []
    for engine, members in by_engine(groups):
        told = [f"with {one.live} streams held over {PROTOCOLS[one.first.protocol].family}, {one.answer}" for one in members]
        sentences.append(f"What still gets through in {titles[engine]}: {'; '.join(told)}.")
    return sentences


def live_of_side(run: CellResult, number: int) -> int | None:
    """How many of a side's clients are live."""
    if number >= len(run.sides):
        return None
    side = run.sides[number]
    return sum(tab.live for tab in run.tabs if side.first <= tab.tab < side.first + side.asked)


def outcomes(group: Group, outcome: str) -> list[tuple[str, str]]:
    """What passed, waited or failed, in every run alike or in some, with the times of all runs: `("image", "2 to 5 ms")`."""
    times: dict[str, list[float]] = {}
    for run in group.runs:
        for probe in run.probes:
            if probe.outcome == outcome:
                name = told(probe)
                took = probe.took_ms if outcome == "passed" else probe.after_release_ms
                times.setdefault(name, []).append(max(0.0, took or 0.0))
    return [(name, in_words(took, len(group.runs), outcome)) for name, took in times.items()]


def in_words(times: Sequence[float], runs: int, outcome: str) -> str:
    low, high = f"{min(times):.0f}", f"{max(times):.0f}"
    words = [] if outcome == "failed" else [f"{low} ms" if low == high else f"{low} to {high} ms"]
    if len(times) < runs:
        words.append(f"in {len(times)} of {runs} runs")
    return ", ".join(words)
