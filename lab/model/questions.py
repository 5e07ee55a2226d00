"""The kinds of question: one row each. A kind has one name, and a file of that name in each folder that it passes through: what
is recorded (`lab/model`), how it is measured (`lab/measure`), judged (`lab/judge`) and reported (`lab/report`).
"""

from __future__ import annotations

import enum

import msgspec


class Company(enum.Enum):
    """Which other cells may be measured at the same time as a cell, each with a browser and an origin of its own."""

    ANY = "any whose results are counts too: a busy machine changes no count"
    ASLEEP = "any, and many at once: they need no browser, and do nothing but wait"
    WAITING = "those that also mostly wait"
    COMPARED = "those like it, a few at once: they mostly wait, and each reads the same in two ways"
    NONE = "none: the results are latencies and costs of milliseconds, or a count that a busy machine changes"


class Question(msgspec.Struct, frozen=True):
    """One kind of question. `title` is the question in a reader's words; `asked_by` are the lab's own scenarios that ask it,
    `command` is what asks it where no scenario does. `company`: what may be measured beside it."""

    name: str
    title: str
    asked_by: str = ""
    company: Company = Company.ANY
    command: str = ""


QUESTIONS = {
    row.name: row
    for row in (
        Question("limits", "How many stay live?", "seventh_tab limits"),
        Question("pools", "What shares a limit?", "pools"),
        Question("starvation", "What else stops working?", "starvation"),
        Question("delivery", "Which way should updates come?", "delivery", Company.NONE),
        Question("drops", "What comes back after a drop?", "drops reconnection", Company.WAITING),
        Question("payloads", "What can a stream carry?", "payloads"),
        Question("hops", "How many stay live behind a proxy, and what does each hop do?", "hops"),
        Question("buffering", "Which proxy holds events back, and which line mends it?", "buffering", Company.COMPARED),
        Question("silence", "After how long does a proxy cut a stream?", "silence", Company.ASLEEP),
        Question("probe", "At which tab does this app hang, and why?", command="seventh-tab probe URL"),
    )
}
DEFAULT_QUESTION = "limits"
"""The default question."""
