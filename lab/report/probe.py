"""The probe of a user's own app: at which tab it hangs in each browser, what holds its connections, what the wire shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lab.judge.prediction import predict
from lab.judge.wire import changed_between, findings
from lab.model.probe import Finding, ProbeReport
from lab.report.answers import Answer, Entry
from lab.report.tables import ANSWER as ANSWER_COLUMN
from lab.report.tables import LIVE, VERDICT, Column, Plain, Row, Table
from lab.results.file import CellResult
from lab.results.names import engine_title
from lab.results.repeats import Repeats
from lab.text import first_sentence, one_line, sentence

BROWSERS = (
    ANSWER_COLUMN,
    Column("predicted", "predicted"),
    Column("asked", "tabs asked for", number=True),
    LIVE,
    Column("each", "held open by each tab", number=True),
    VERDICT,
)
HOLDERS = (
    Column("kind", "what"),
    Column("first", "first tab", number=True),
    Column("further", "each further tab", number=True),
    Column("age", "open for at least", unit="s", number=True, digits=1),
    Column("by", "opened by"),
)
TABS = (
    Column("live", "came as far as the first"),
    Column("ready", "ready after", unit="ms", number=True),
    Column("open", "requests open", number=True),
    Column("waits", "first request that waits"),
    Column("held", "held back by the browser"),
)
FINDINGS = (Column("severity", "how bad"), Column("evidence", "evidence"), Column("fix", "fix"))


def reports(groups: Sequence[Repeats]) -> list[tuple[Repeats, CellResult, ProbeReport]]:
    """The cells in which something was seen of the app."""
    return [(one, one.first, one.first.probe) for one in groups if one.first.probe is not None]


def tables(groups: Sequence[Repeats]) -> list[Table]:
    """The app in each browser; what a tab holds open; each tab; what the wire shows."""
    return [browsers_table(groups), holders_table(groups), tabs_table(groups), findings_table(groups)]


def browsers_table(groups: Sequence[Repeats]) -> Table:
    """A row for each browser: the tab at which the app hangs, and the tab that was predicted."""
    rows = tuple(Row(one, engine_title(one.first), {"verdict": one.verdict, **found_in(one)}) for one in groups)
    return Table("The app in each browser", "browser", BROWSERS, rows)


def found_in(one: Repeats) -> dict[str, Plain]:
    """What was found in one browser; nothing if it did not start."""
    report = one.first.probe
    if report is None:
        return {}
    prediction = predict(report)
    return {
        "answer": one.answer or None,
        "predicted": prediction.answer,
        "asked": report.asked,
        "live": one.first.verdict.live,
        "each": prediction.streams_per_tab,
    }


def holders_table(groups: Sequence[Repeats]) -> Table:
    """A row for each kind of request that a tab holds open."""
    rows = [
        Row(
            None,
            f"{engine_title(cell)}: {held.url}",
            {
                "kind": held.kind,
                "first": held.count,
                "further": held.further,
                "age": held.age_ms / 1000,
                "by": held.initiator or None,
            },
        )
        for _, cell, report in reports(groups)
        for held in report.holders
    ]
    return Table("What a tab holds open at rest", "request", HOLDERS, tuple(rows))


def tabs_table(groups: Sequence[Repeats]) -> Table:
    """A row for each tab at the moment of the verdict."""
    rows = []
    for _, cell, report in reports(groups):
        for tab in report.tabs:
            first = tab.waiting[0] if tab.waiting else None
            held = {True: "yes", False: "no", None: None}[first.held if first else None]
            values = {
                "live": "yes" if tab.live else "no",
                "ready": tab.ready_ms,
                "open": tab.open,
                "waits": one_line(first.url) if first else tab.error,
                "held": held,
            }
            rows.append(Row(None, f"{engine_title(cell)}, tab {tab.tab}", values))
    return Table("Each tab when it was judged", "tab", TABS, tuple(rows))


def findings_table(groups: Sequence[Repeats]) -> Table:
    """A row for each finding about the wire."""
    rows = [
        Row(None, one.what, {"severity": str(one.severity), "evidence": one.evidence, "fix": one.fix or None})
        for one in dict.fromkeys(one for _, _, report in reports(groups) for one in of_wire(report))
    ]
    return Table("What the wire shows", "finding", FINDINGS, tuple(rows))


def of_wire(report: ProbeReport) -> list[Finding]:
    """The findings about the page, its streams, and each hop."""
    hops = [one for one in report.wire if one.name and one.name != "stream"]
    changed = changed_between(hops)
    found = [one for seen in report.wire for one in findings(seen)]
    return [changed, *found] if changed else found


def entries(one: Repeats) -> list[Entry]:
    """A row for each app: at which tab it hangs, what was predicted, and how many requests each tab holds open."""
    report = one.first.probe
    if report is None:
        return []
    prediction = predict(report)
    values: dict[str, Plain] = {
        "answer": one.answer or "not known",
        "predicted": prediction.answer,
        "each": float(prediction.streams_per_tab),
    }
    return [Entry((one_line(report.url),), values)]


ANSWER = Answer(
    title="At which tab the app hangs",
    about="app",
    entries=entries,
    measures=(
        Column("answer", "hangs at"),
        Column("predicted", "predicted"),
        Column("each", "requests held open by each tab", number=True),
    ),
)


def lead(groups: Sequence[Repeats], titles: Mapping[str, str]) -> list[str]:
    """`Chromium 156: tab 3 (navigation). Tab 3 stays blank: its navigation waits, for one of the 6 connections.`"""
    return [
        f"{titles[cell.cell.engine]}: {one.answer or 'not known'}. {sentence(first_sentence(cell.verdict.why))}"
        for one, cell, _ in reports(groups)
    ]


def sentences(groups: Sequence[Repeats], titles: Mapping[str, str]) -> list[str]:
    """The verdict of each browser, with the arithmetic of its prediction."""
    told = []
    for one, cell, report in reports(groups):
        told.append(f"{engine_title(cell)}: {one.answer or 'nothing to tell'}. {cell.verdict.why}")
        told.append(f"The arithmetic: {'; '.join(predict(report).steps)}.")
    return told
