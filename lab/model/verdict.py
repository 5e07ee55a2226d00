"""Verdicts: their kinds, the limits that hold clients back, and the verdict itself."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Kind(StrEnum):
    """The kinds of verdict; `KINDS` has a row for each."""

    CONFIRMED = "confirmed"
    REFUTED = "refuted"
    DISPUTED = "disputed"
    INCONCLUSIVE = "inconclusive"
    UNSUPPORTED = "unsupported"
    HARNESS_FAULT = "harness_fault"


class KindRow(msgspec.Struct, frozen=True, kw_only=True):
    """How one kind of verdict is shown, and how it changes a run's exit code.

    `glyph` is shown beside the label, so that colour is never the only sign. `style` is its style in the terminal (rich);
    `colour` is the CSS custom property in the page. `junit` is the result of the test case (`pass`, `failure`, `error` or
    `skipped`), and `strict_junit` the same with `--strict`. `exit_code` is the run's exit code if it has such a cell, and
    `strict_exit_code` the same with `--strict`. `gravity`: of several repeats the one with the highest is shown; 0 is the
    lightest."""

    label: str
    glyph: str
    style: str
    colour: str
    junit: str
    strict_junit: str
    exit_code: int
    strict_exit_code: int
    gravity: int
    meaning: str


KINDS = {
    Kind.CONFIRMED: KindRow(
        label="confirmed", glyph="✓", style="green", colour="--good",
        junit="pass", strict_junit="pass", exit_code=0, strict_exit_code=0, gravity=0,
        meaning="the claim holds, and the witnesses agree",
    ),
    Kind.REFUTED: KindRow(
        label="refuted", glyph="✗", style="bold magenta", colour="--news",
        junit="pass", strict_junit="failure", exit_code=0, strict_exit_code=1, gravity=1,
        meaning="the claim does not hold, and the witnesses agree: a finding",
    ),
    Kind.UNSUPPORTED: KindRow(
        label="unsupported", glyph="–", style="dim", colour="--soft",
        junit="skipped", strict_junit="skipped", exit_code=0, strict_exit_code=0, gravity=2,
        meaning="this engine can't do what was asked",
    ),
    Kind.INCONCLUSIVE: KindRow(
        label="inconclusive", glyph="~", style="yellow", colour="--doubt",
        junit="skipped", strict_junit="skipped", exit_code=0, strict_exit_code=0, gravity=3,
        meaning="a precondition was not met, or the machine was too busy to tell",
    ),
    Kind.DISPUTED: KindRow(
        label="disputed", glyph="?", style="bold yellow", colour="--doubt",
        junit="failure", strict_junit="failure", exit_code=0, strict_exit_code=1, gravity=4,
        meaning="the witnesses disagree",
    ),
    Kind.HARNESS_FAULT: KindRow(
        label="harness fault", glyph="!", style="bold red", colour="--bad",
        junit="error", strict_junit="error", exit_code=4, strict_exit_code=4, gravity=5,
        meaning="the lab itself failed",
    ),
}  # fmt: skip
"""The one table of verdict kinds: terminal, report, Markdown, JUnit and exit codes read it."""


class Limit(StrEnum):
    """A limit that holds clients back. A browser's log names one for each request, and a verdict names one as the cause."""

    CONNECTIONS = "connections"
    ORIGIN_STREAMS = "origin_streams"
    BROWSER_STREAMS = "browser_streams"
    PROXY_STREAMS = "proxy_streams"
    PROXY = "proxy"
    STREAMS = "streams"
    WEBSOCKETS = "websockets"
    SOCKETS = "sockets"
    NONE = "none"

    @property
    def label(self) -> str:
        """The limit in words, as people read it."""
        return LABELS[self]


LABELS = {
    Limit.CONNECTIONS: "connections per host",
    Limit.ORIGIN_STREAMS: "streams per connection (the origin's setting)",
    Limit.BROWSER_STREAMS: "streams per connection (the browser's own)",
    Limit.PROXY_STREAMS: "streams per connection (the proxy's setting)",
    Limit.PROXY: "the proxy, which does not pass the request on",
    Limit.STREAMS: "streams per connection",
    Limit.WEBSOCKETS: "WebSockets",
    Limit.SOCKETS: "sockets in total",
    Limit.NONE: "none found",
}
"""The limits in words. `STREAMS` is for a log that does not say whether the limit is the origin's or the browser's; a verdict
always says it."""


class Doubt(StrEnum):
    """Why a cell is inconclusive."""

    PRECONDITION = "precondition"
    BUSY_MACHINE = "busy machine"


class Statement(msgspec.Struct, frozen=True):
    """The statement of one witness."""

    witness: str
    """The name of the witness: pages, ledger, control, network log, release; or of other evidence."""
    says: str
    """What it says, in words."""
    live: int | None = None
    """Its own count of live clients; null if it has none."""


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """The verdict on a cell. Counts are null if there was nothing to count."""

    kind: Kind
    """The kind of verdict."""
    why: str
    """One or two sentences for a reader."""
    live: int | None = None
    """How many clients were live."""
    documents: int | None = None
    """How many documents had loaded, if each client has one of its own; null if clients share a page."""
    connections: int | None = None
    """How many connections were open and in use, according to the ledger."""
    max_streams: int | None = None
    """The largest number of streams that one connection carried at once, according to the ledger."""
    cause: Limit | None = None
    """The limit that held the other clients back. It is inferred from the counts; the browser's log can only dispute it."""
    answer: str | None = None
    """The answer in words, if the question does not ask for a count."""
    doubt: Doubt | None = None
    """Why the cell is inconclusive; null if it is not."""
    witnesses: tuple[Statement, ...] = ()
    """What each witness said."""
    spoke: int = 0
    """How many of the four witnesses were available: pages, ledger, browser log, release."""
    agreed: int = 0
    """How many of them agree with the verdict."""
