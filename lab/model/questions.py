"""The kinds of question: one row each. A kind has one name, and a file of that name in each folder that it passes through: what
is recorded (`lab/model`), how it is measured (`lab/measure`), judged (`lab/judge`) and reported (`lab/report`).
"""

from __future__ import annotations

import msgspec


class Question(msgspec.Struct, frozen=True):
    """One kind of question. `title` is the question in a reader's words."""

    name: str
    title: str


QUESTIONS = {
    row.name: row
    for row in (
        Question("limits", "How many stay live?"),
        Question("pools", "What shares a limit?"),
        Question("starvation", "What else stops working?"),
        Question("delivery", "Which way should updates come?"),
        Question("drops", "What comes back after a drop?"),
        Question("payloads", "What can a stream carry?"),
    )
}
DEFAULT_QUESTION = "limits"
"""The default question."""
