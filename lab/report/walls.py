"""Walls, pools and starvation in sentences: one a browser, from the groups of repeats and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from lab.agreement import Group
from lab.judge import Cause, Kind
from lab.openings import OPENINGS
from lab.protocols import PROTOCOLS


def measured(groups: Sequence[Group]) -> list[Group]:
    return [one for one in groups if one.lives]


def by_engine(groups: Sequence[Group]) -> list[tuple[str, list[Group]]]:
    ordered = sorted(measured(groups), key=lambda one: one.first.engine)
    return [(engine, list(members)) for engine, members in groupby(ordered, key=lambda one: one.first.engine)]


def wall_sentences(groups: Sequence[Group], titles: dict[str, str]) -> list[str]:
    """`Walls in Firefox 153: 6 connections per host, 9 of them as tabs; …`"""
    sentences = []
    for engine, members in by_engine(groups):
        parts = [part for cause in Cause if (part := of_cause(cause, [one for one in members if one.shown.cause == cause]))]
        if parts:
            sentences.append(f"The walls in {titles[engine]}: {'; '.join(parts)}.")
    return sentences


def of_cause(cause: Cause, members: Sequence[Group]) -> str:
    """`connections per host, 6 (tabs: 9)`: the number found most often, and where it was another."""
    if not members or cause is Cause.NONE:
        return ""
    if cause is Cause.ORIGIN_STREAMS:
        return f"{cause}, as many as were allowed: {', '.join(sorted({one.live for one in members}, key=as_number))}"
    found = [one.live for one in members]
    usual = max(found, key=found.count)
    others = {one.live: OPENINGS[one.first.opened].nouns for one in members if one.live != usual}
    return f"{cause}, {usual}" + "".join(f" ({nouns}: {live})" for live, nouns in others.items())


def as_number(live: str) -> int:
    return int(live.split()[0])


def pool_sentences(groups: Sequence[Group], titles: dict[str, str]) -> list[str]:
    sentences = []
    for engine, members in by_engine(groups):
        for family, cells in groupby(members, key=lambda one: PROTOCOLS[one.first.protocol].family):
            answers: dict[str, list[str]] = {}
            for one in cells:
                answers.setdefault(one.answer, []).append(one.first.case)
            told = "; ".join(f"{answer}: {', '.join(cases)}" for answer, cases in answers.items())
            sentences.append(f"Pools in {titles[engine]} over {family}: {told}.")
    return sentences


def starvation_sentences(groups: Sequence[Group], titles: dict[str, str]) -> list[str]:
    sentences = []
    for engine, members in by_engine(groups):
        sure = [one for one in members if one.verdict != Kind.DISPUTED]
        told = [f"over {PROTOCOLS[one.first.protocol].title} {one.answer} got through" for one in sure]
        if told:
            sentences.append(f"With {members[0].live} streams held in {titles[engine]}, {'; '.join(told)}; the rest waited.")
    return sentences


def outcomes(group: Group, outcome: str) -> list[tuple[str, str]]:
    """What passed, waited or failed, in every run alike or in some, with the times of all runs: `("image", "2 to 5 ms")`."""
    times: dict[str, list[float]] = {}
    for run in group.runs:
        for probe in run.probes:
            if probe.outcome == outcome:
                name = probe.kind if probe.page == "same-origin" else f"{probe.kind} ({probe.page})"
                took = probe.took_ms if outcome == "passed" else probe.after_release_ms
                times.setdefault(name, []).append(max(0.0, took or 0.0))
    return [(name, in_words(took, len(group.runs), outcome)) for name, took in times.items()]


def in_words(times: Sequence[float], runs: int, outcome: str) -> str:
    low, high = f"{min(times):.0f}", f"{max(times):.0f}"
    words = "" if outcome == "failed" else f"{low} ms" if low == high else f"{low} to {high} ms"
    return words if len(times) == runs else f"{words}, in {len(times)} of {runs} runs"
