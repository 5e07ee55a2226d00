"""Silence: after how long each proxy cuts a silent stream, and whether it cuts one on which events come."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lab.model.verdict import Kind
from lab.report import tables as cells
from lab.report.answers import Answer, Entry
from lab.report.buffering import line_of
from lab.report.tables import ANSWER as ANSWER_COLUMN
from lab.report.tables import REPEATS, VERDICT, Column, Plain, Row, Table, grouped, over
from lab.results.names import route_title
from lab.results.repeats import Repeats
from lab.text import listed

COLUMNS = (
    Column("line", "the line", brief=False),
    ANSWER_COLUMN,
    Column("silent", "silent stream ended after", number=True, unit="s", digits=1, brief=False),
    Column("origin", "at the origin after", number=True, unit="s", digits=1, brief=False),
    Column("talking", "stream with events ended after", number=True, unit="s", digits=1, brief=False),
    VERDICT,
    REPEATS,
)


def tables(groups: Sequence[Repeats]) -> list[Table]:
    """One table with a row for each cell."""
    rows = tuple(
        Row(one, route_title(one.first.cell.route), {**values(one), "repeats": cells.repeats_in_words(one)}) for one in groups
    )
    return [Table("How long a stream lives through each proxy", "through", COLUMNS, rows)]


def values(one: Repeats) -> dict[str, Plain]:
    """What one cell measured."""
    streams = {each.name: each for each in (one.shown.silence.streams if one.shown.silence else ())}

    def seconds(name: str, field: str) -> float | None:
        ms = getattr(streams.get(name), field, None)
        return None if ms is None else ms / 1000

    return {
        "line": line_of(one.first.cell.route) or None,
        "answer": one.answer or None,
        "silent": seconds("silent", "ended_after_ms"),
        "origin": seconds("silent", "origin_after_ms"),
        "talking": seconds("talking", "ended_after_ms"),
        "verdict": one.verdict,
    }


def entries(one: Repeats) -> list[Entry]:
    """A row for each cell."""
    return [Entry((route_title(one.first.cell.route), over(one.first)), {"answer": one.answer or None})]


ANSWER = Answer(
    title="After how long does a proxy cut a stream?",
    about="through",
    entries=entries,
    details=(Column("over", "over"),),
    measures=(Column("answer", ""),),
)


def sure(groups: Sequence[Repeats]) -> list[Repeats]:
    """The cells whose answer is sure."""
    return [one for one in groups if one.answer and one.verdict in (Kind.CONFIRMED, Kind.REFUTED)]


def lead(groups: Sequence[Repeats], titles: Mapping[str, str]) -> list[str]:
    """`Not cut: Caddy and Traefik. Silence cut after 60 s: nginx.`"""
    told = grouped(sure(groups), lambda one: one.answer)
    parts = [f"{answer}: {listed(list(dict.fromkeys(route_title(one.first.cell.route) for one in those)))}"
             for answer, those in told.items()]  # fmt: skip
    return [f"{'; '.join(parts)[:1].upper()}{'; '.join(parts)[1:]}."] if parts else []


def sentences(groups: Sequence[Repeats], titles: Mapping[str, str]) -> list[str]:
    """None besides the lead: no browser took part."""
    return []
