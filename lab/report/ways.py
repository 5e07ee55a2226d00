"""Ways, drops and payloads in sentences: one a browser, from the groups of repeats and nothing else."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from lab.judge.drops import BACK
from lab.model.protocols import PROTOCOLS
from lab.report.limits import by_engine
from lab.report.tables import way_of
from lab.results.file import CellResult
from lab.results.repeats import Group


def way_sentences(groups: Sequence[Group], titles: dict[str, str]) -> list[str]:
    """`In Chromium 156, 5 updates a second to 12 tabs over HTTP/1.1 came …`: the largest number of tabs of each protocol."""
    sentences = []
    for engine, members in by_engine(groups):
        for protocol in dict.fromkeys(one.first.protocol for one in members):
            runs = [one.shown for one in members if one.first.protocol == protocol and one.shown.way]
            told = [late for run in runs if run.up_to == runs[0].up_to and (late := lateness(run))]
            if told:
                pace = f"{runs[0].per_second:g} updates a second" if runs[0].per_second else "updates"
                head = f"In {titles[engine]}, {pace} to {runs[0].up_to} tabs"
                sentences.append(f"{head} over {PROTOCOLS[protocol].family} came at the median: {'; '.join(told)}.")
    return sentences


def lateness(run: CellResult) -> str:
    """`by sse after 3 ms, to 6 tabs`"""
    if run.way is None or not run.way.latency_ms:
        return ""
    few = f", to {run.live} tabs only" if run.live != run.asked else ""
    asks = f" for {run.way.requests_per_second:.0f} requests a second" if run.way.requests else ""
    return f"by {way_of(run)} after {run.way.latency_ms[50]:.0f} ms{asks}{few}"


def drop_sentences(groups: Sequence[Group], titles: dict[str, str]) -> list[str]:
    sentences = []
    for engine, members in by_engine([one for one in groups if not one.first.case]):
        good = [f"{one.first.transport} ({one.first.protocol})" for one in members if one.answer == BACK]
        bad = [f"{one.first.transport} ({one.first.protocol}): {one.answer}" for one in members if one.answer != BACK]
        told = [f"{BACK} by {', '.join(good)}"] if good else []
        sentences.append(f"After the origin had dropped every stream, in {titles[engine]}, {'; '.join([*told, *bad])}.")
    for engine, members in by_engine([one for one in groups if one.first.case]):
        told = [f"{one.first.case}, {one.answer}" for one in members if one.first.protocol == members[0].first.protocol]
        sentences.append(f"An EventSource whose stream has ended, in {titles[engine]}: {'; '.join(told)}.")
    return sentences


def payload_sentences(groups: Sequence[Group], titles: dict[str, str]) -> list[str]:
    sentences = []
    for engine, members in by_engine(groups):
        streams = [one.shown for one in members if one.first.transport == "sse"]
        if not streams:
            continue
        each = streams[0].payloads
        wrong = sorted({one.name for run in streams for one in run.payloads if not one.right})
        sentence = (
            f"Server-sent events in {titles[engine]} carried {sum(one.right for one in each)} of {len(each)} payloads as "
        )
        sentence += "the standard says" + (f", not {', '.join(wrong)}" if wrong else "")
        binary = [one for one in each if one.content_bytes is not None and one.survived_bytes is not None]
        told = [
            f"of {one.content_bytes} random bytes sent as {one.name}, {one.survived_bytes} survived, for "
            f"{statistics.median([one.sent_bytes])} on the wire"
            for one in binary
        ]
        sentences.append("; ".join([sentence, *told]) + ".")
    return sentences
