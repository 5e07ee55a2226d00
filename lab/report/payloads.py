"""Payloads: which payloads arrived as specified, and how many random bytes survived."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lab.model.payloads import PayloadSeen
from lab.model.protocols import PROTOCOLS
from lab.report.answers import Answer, Entry
from lab.report.tables import (
    REPEATS,
    VERDICT,
    Column,
    Count,
    Plain,
    Row,
    Table,
    Value,
    by_engine,
    grouped,
    measured,
    over,
    repeats_in_words,
)
from lab.results.names import engine_title, transport_of, within
from lab.results.repeats import Repeats
from lab.text import listed, sentence

AS_SPECIFIED, DIFFERS = "as specified", "differs"

CELLS = (
    Column("right", "as specified", number=True),
    Column("payloads", "payloads", number=True),
    VERDICT,
    REPEATS,
)
BINARY_COLUMNS = (
    Column("name", "as"),
    Column("content", "sent", number=True, unit="bytes"),
    Column("survived", "survived", number=True, unit="bytes"),
    Column("wire", "on the wire", number=True, unit="bytes"),
    Column("overhead", "overhead", number=True, unit="%", digits=1),
)


def tables(groups: Sequence[Repeats]) -> list[Table]:
    """Three tables: payloads that came as specified, what came of each, and the same random bytes sent each way."""
    return [cells_table(groups), text_table(groups), binary_table(groups)]


def cells_table(groups: Sequence[Repeats]) -> Table:
    """A row for each cell: how many of its payloads came as specified."""
    rows = tuple(
        Row(
            one,
            transport_of(one.shown),
            {
                "right": sum(each.right for each in one.shown.payloads) if one.shown.payloads else None,
                "payloads": len(one.shown.payloads) or None,
                "verdict": one.verdict,
                "repeats": repeats_in_words(one),
            },
        )
        for one in groups
    )
    return Table("Payloads that came as specified", "updates by", CELLS, rows)


def text_table(groups: Sequence[Repeats]) -> Table:
    """A row for each payload, and a column for each cell that requested several."""
    several = [one for one in groups if len(one.shown.payloads) > 1]
    columns = tuple(Column(one.first.cell.group, f"{engine_title(one.shown)}, {PROTOCOLS[one.first.cell.protocol].title}")
                    for one in several)  # fmt: skip
    names = dict.fromkeys(each.name for one in several for each in one.shown.payloads)
    rows = tuple(Row(None, name, {one.first.cell.group: outcome(one, name) for one in several}) for name in names)
    carrier = ", ".join(dict.fromkeys(within(transport_of(one.shown)) for one in several))
    return Table(f"Each payload, sent by {carrier}", "payload", columns, rows)


def outcome(one: Repeats, name: str) -> Value:
    """What came of one payload in a cell: `as specified` or `differs`; None where the cell did not ask for it."""
    rights = [each.right for each in one.shown.payloads if each.name == name]
    return (AS_SPECIFIED if all(rights) else DIFFERS) if rights else None


def binary_table(groups: Sequence[Repeats]) -> Table:
    """A row for each payload of random bytes: how many were sent, survived, and went over the wire."""
    rows = tuple(
        Row(
            one,
            transport_of(one.shown),
            {
                "name": each.name,
                "content": each.content_bytes,
                "survived": each.survived_bytes,
                "wire": each.sent_bytes,
                "overhead": each.sent_bytes / each.content_bytes - 1,
            },
        )
        for one in groups
        for each in one.shown.payloads
        if each.content_bytes
    )
    return Table("The same random bytes, sent in different ways", "updates by", BINARY_COLUMNS, rows)


def entries(one: Repeats) -> list[Entry]:
    """A row for each cell: how many payloads came as specified, which did not, and what random bytes cost on the wire."""
    seen = one.shown.payloads
    if not seen:
        return [Entry((transport_of(one.shown), over(one.first)), {})]
    intact = [each.sent_bytes / each.content_bytes - 1 for each in seen
              if each.content_bytes and each.survived_bytes == each.content_bytes]  # fmt: skip
    values: dict[str, Plain] = {
        "right": Count((sum(each.right for each in seen),), len(seen)),
        "differ": "; ".join(each.name for each in seen if not each.right) or "none",
        "overhead": min(intact, default=None),
    }
    return [Entry((transport_of(one.shown), over(one.first)), values)]


ANSWER = Answer(
    title="Payloads that arrived as specified; and the least overhead on the wire for random bytes that arrive unchanged",
    about="updates by",
    entries=entries,
    details=(Column("over", "over"),),
    measures=(
        Column("right", "as specified", number=True),
        Column("differ", "not as specified"),
        Column("overhead", "overhead", number=True, unit="%", digits=1),
    ),
)


def lead(groups: Sequence[Repeats], titles: Mapping[str, str]) -> list[str]:
    """`In Chromium 156 every payload arrives as specified; in Firefox 153 all but NUL in data and NUL in an id. Random bytes
    cost 34 % more on the wire by server-sent events, 0 % by WebSocket.`"""
    found = []
    for engine, members in by_engine(groups):
        wrong = dict.fromkeys(each.name for one in members for run in one.runs for each in run.payloads if not each.right)
        told = f"all payloads but {listed(list(wrong))}" if wrong else "every payload"
        found.append(f"in {titles[engine]} {told} {'arrive' if wrong else 'arrives'} as specified")
    costs: dict[str, list[float]] = {}
    for one in measured(groups):
        cost = entries(one)[0].values.get("overhead")
        if isinstance(cost, float):
            costs.setdefault(within(transport_of(one.shown)), []).append(cost)
    prices = [f"{100 * max(each):.1f} % by {name}" for name, each in costs.items()]
    text = [f"{sentence('; '.join(found))}."] if found else []
    return text + ([f"Random bytes that arrive unchanged cost more on the wire: {listed(prices)}."] if prices else [])


def sentences(groups: Sequence[Repeats], titles: Mapping[str, str]) -> list[str]:
    """`In Firefox 153, 24 of 26 payloads came as specified by server-sent events; these differ: NUL in data. Of 65536 random
    bytes sent as binary, raw, 37072 survived (70000 bytes on the wire).`: one for each engine and transport."""
    found = []
    for engine, members in by_engine(groups):
        several = [one for one in members if len(one.shown.payloads) > 1]
        for name, those in grouped(several, lambda one: within(transport_of(one.first))).items():
            every = [each for one in those for run in one.runs for each in run.payloads]
            names = dict.fromkeys(each.name for each in every)
            wrong = dict.fromkeys(each.name for each in every if not each.right)
            head = f"In {titles[engine]}, {len(names) - len(wrong)} of {len(names)} payloads came as specified by {name}"
            parts = [f"{head}; these differ: {'; '.join(wrong)}" if wrong else head]
            parts += [
                in_words(each) for each in those[0].shown.payloads if each.content_bytes and each.survived_bytes is not None
            ]
            found.append(f"{'. '.join(parts)}.")
    return found


def in_words(each: PayloadSeen) -> str:
    """How many random bytes survived one way of sending them, in one sentence."""
    survived = "all" if each.survived_bytes == each.content_bytes else str(each.survived_bytes)
    return (
        f"Of {each.content_bytes} random bytes sent as {each.name}, {survived} survived ({each.sent_bytes} bytes on the wire)"
    )
