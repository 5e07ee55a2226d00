"""Starvation: which other requests of a page (probes) got through, waited or failed while every stream was in use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lab.judge.starvation import probe_name
from lab.report import tables as cells
from lab.report.tables import ANSWER, REPEATS, VERDICT, Column, Row, Table, by_engine, over
from lab.results.names import transport_of
from lab.results.repeats import Repeats

COLUMNS = (
    Column("live", "streams held", number=True),
    ANSWER,
    Column("passed", "got through in", brief=False),
    Column("waited", "waited, and arrived after a stream ended", brief=False),
    Column("failed", "failed", brief=False),
    VERDICT,
    REPEATS,
)
OUTCOMES = ("passed", "waited", "failed")


def tables(groups: Sequence[Repeats]) -> list[Table]:
    """One table with a row for each cell: what got through, what waited and what failed."""
    rows = tuple(
        Row(
            one,
            transport_of(one.first),
            {
                "live": cells.live(one),
                "answer": one.answer or None,
                **{outcome: "; ".join(outcomes(one, outcome)) or None for outcome in OUTCOMES},
                "verdict": one.verdict,
                "repeats": cells.repeats_in_words(one),
            },
        )
        for one in groups
    )
    return [Table("What got through while every stream was in use", "held by", COLUMNS, rows)]


def outcomes(one: Repeats, outcome: str) -> list[str]:
    """The probes with this outcome in any repeat, with their times over all repeats: `image (2 to 5 ms)`."""
    times: dict[str, list[float | None]] = {}
    for run in one.runs:
        for probe in run.probes:
            if probe.outcome == outcome:
                times.setdefault(probe_name(probe), []).append(probe.took_ms if outcome == "passed" else probe.after_release_ms)
    return [times_in_words(name, took, len(one.runs), outcome) for name, took in times.items()]


def times_in_words(name: str, times: Sequence[float | None], runs: int, outcome: str) -> str:
    """One probe with the range of its times (ms), and in how many runs it had this outcome."""
    known = [max(0.0, took) for took in times if took is not None]
    words = []
    if known and outcome != "failed":
        low, high = f"{min(known):.0f}", f"{max(known):.0f}"
        words.append(f"{low} ms" if low == high else f"{low} to {high} ms")
    if outcome == "waited" and len(known) < len(times):
        words.append("did not arrive" if not known else f"did not arrive in {len(times) - len(known)} of {runs} runs")
    words += [f"in {len(times)} of {runs} runs"] if len(times) < runs else []
    return f"{name} ({', '.join(words)})" if words else name


def sentences(groups: Sequence[Repeats], titles: Mapping[str, str]) -> list[str]:
    """`In Chromium 156 over HTTP/1.1, with 6 streams held, this got through: websocket.`"""
    return [
        f"In {titles[engine]} over {over(one.first)}, with {one.live} streams held, this got through: {one.answer}."
        for engine, members in by_engine(groups)
        for one in members
    ]
