"""The kinds of question: one row each. A kind has one name, and a file of that name in each folder that it passes through: what
is recorded (`lab/model`), how it is measured (`lab/measure`), judged (`lab/judge`) and reported (`lab/report`).
"""

from __future__ import annotations

import msgspec


class Question(msgspec.Struct, frozen=True):
    """One kind of question. `title` is the question in a reader's words; `asked_by` are the lab's own scenarios that ask it."""

    name: str
    title: str
    asked_by: str = ""


QUESTIONS = {
    row.name: row
    for row in (
        Question("limits", "How many stay live?", "seventh_tab limits"),
        Question("pools", "What shares a limit?", "pools"),
        Question("starvation", "What else stops working?", "starvation"),
        Question("delivery", "Which way should updates come?", "delivery"),
        Question("drops", "What comes back after a drop?", "drops reconnection"),
        Question("payloads", "What can a stream carry?", "payloads"),
    )
}
DEFAULT_QUESTION = "limits"
"""The default question."""
