"""Starvation: which other requests of a page (probes) got through, waited or failed while every stream was in use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lab.judge.starvation import probe_name
from lab.model.claims import Answer as AnswerClaim
from lab.model.starvation import ProbeSeen
from lab.model.verdict import Kind
from lab.report import tables as cells
from lab.report.answers import Answer, Entry
from lab.report.tables import ANSWER as ANSWER_COLUMN
from lab.report.tables import REPEATS, VERDICT, Column, Row, Table, by_engine, grouped, measured, over
from lab.results.names import transport_of
from lab.results.repeats import Repeats
from lab.text import listed, sentence

COLUMNS = (
    Column("live", "streams held", number=True),
    ANSWER_COLUMN,
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


IN_WORDS = {"passed": "gets through", "waited": "waits", "failed": "fails"}
"""What became of a probe, in a word, by its outcome."""

KINDS_IN_WORDS = {"xhr": "XMLHttpRequest", "websocket": "WebSocket", "fetch": "fetch()", "beacon": "sendBeacon()"}
"""The kinds of probe whose name is a browser's interface."""

EVERYTHING = "everything"


def entries(one: Repeats) -> list[Entry]:
    """A row for each kind of request; a single one where everything got through, because streams were left over."""
    every = [probe for run in one.runs for probe in run.probes]
    if every and all(probe.outcome == "passed" for probe in every):
        words = f"everything, with {one.live} of {one.first.cell.streams} streams in use"
        return [Entry((sentence(words),), {"outcome": IN_WORDS["passed"]}, EVERYTHING)]
    by_kind = grouped(every, lambda probe: probe.kind)
    return [
        Entry((KINDS_IN_WORDS.get(kind, sentence(kind)),), {"outcome": outcome_of(probes)}, kind, kind_of(one, probes))
        for kind, probes in by_kind.items()
    ]


def kind_of(one: Repeats, probes: Sequence[ProbeSeen]) -> Kind:
    """The verdict on one kind of request: a claim says which of all get through."""
    claim = one.first.claim
    if one.verdict is not Kind.REFUTED or not isinstance(claim, AnswerClaim):
        return one.verdict
    claimed = claim.answer.split(", ")
    right = all((probe_name(probe) in claimed) == (probe.outcome == "passed") for probe in probes)
    return Kind.CONFIRMED if right else Kind.REFUTED


def outcome_of(probes: Sequence[ProbeSeen]) -> str:
    """`waits`; or `waits; gets through cross-origin`, where it depends on the page that asks."""
    by_page: dict[str, dict[str, None]] = {}
    for probe in probes:
        by_page.setdefault(probe.page, {})[IN_WORDS.get(probe.outcome, probe.outcome)] = None
    told = {page: " or ".join(words) for page, words in by_page.items()}
    if len(set(told.values())) == 1:
        return next(iter(told.values()))
    first, *others = told.items()
    return "; ".join([first[1], *(f"{words} {page}" for page, words in others)])


ANSWER = Answer(
    title="What happens to another request of the page while every stream is in use",
    about="request",
    entries=entries,
    measures=(Column("outcome", ""),),
    by_protocol=True,
)


def lead(groups: Sequence[Repeats], titles: Mapping[str, str]) -> list[str]:
    """`While every stream is in use, image, script and beacon wait in every browser. None failed: the page sees no error.`"""
    found = [
        {entry.part: str(entry.values["outcome"]) for entry in told}
        for one in measured(groups)
        if (told := entries(one)) and told[0].part != EVERYTHING
    ]
    if not found:
        return []
    wait = [KINDS_IN_WORDS.get(kind, kind) for kind in found[0] if all(one.get(kind) == IN_WORDS["waited"] for one in found)]
    head = f"While every stream is in use, {listed(wait)} wait in every browser" if wait else "It depends on the browser"
    failed = any(IN_WORDS["failed"] in words for one in found for words in one.values())
    return [f"{head}: {'some requests fail' if failed else 'no request fails, so the page sees no error'}."]


def sentences(groups: Sequence[Repeats], titles: Mapping[str, str]) -> list[str]:
    """`In Chromium 156 over HTTP/1.1, with 6 streams held, this got through: websocket.`"""
    return [
        f"In {titles[engine]} over {over(one.first)}, with {one.live} streams held, this got through: {one.answer}."
        for engine, members in by_engine(groups)
        for one in members
    ]
