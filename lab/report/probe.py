"""The probe of a user's own app: at which tab it hangs in each browser, what holds its connections, what the wire shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lab.judge.prediction import ACTION, NAVIGATION, PAGE, SERVER, predict
from lab.judge.probe import fix, holders_in_words, release_in_words, verified
from lab.judge.wire import changed_between, findings
from lab.model.probe import Finding, ProbeReport
from lab.report.answers import Answer, Entry, Source
from lab.report.argument import SURE
from lab.report.tables import ANSWER as ANSWER_COLUMN
from lab.report.tables import LIVE, VERDICT, Column, Plain, Row, Table
from lab.results.file import CellResult, Results
from lab.results.names import engine_title
from lab.results.repeats import Repeats
from lab.text import first_sentence, listed, one_line, sentence

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
    """The app in each browser; what a tab holds open; what the wire shows; each tab."""
    return [browsers_table(groups), holders_table(groups), findings_table(groups), tabs_table(groups)]


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
            if first and first.behind and not first.held:
                held = "no: it waits behind an older one for the same URL"
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


HANGS = {
    NAVIGATION: "the new tab stays blank, for its navigation waits",
    PAGE: "the page comes, but requests of its own wait",
    ACTION: "the page is there, but what its user does next waits",
    SERVER: "the server does not answer",
}
"""What each kind of hang looks like."""


def is_probe(results: Results) -> bool:
    """Whether these are the results of a probe, which asks nothing else."""
    return bool(results.cells) and all(run.cell.question == "probe" for run in results.cells)


def sure(of: Sequence[Source]) -> list[tuple[Source, CellResult, ProbeReport]]:
    """The browsers of which it could be told, each with what was seen in it."""
    every = [(source, one.shown, one.shown.probe) for source in of for one in source.groups]
    return [(source, run, report) for source, run, report in every if report is not None and run.verdict.kind in SURE]


def headline(of: Sequence[Source]) -> str:
    """`http://localhost:3000/ hangs at tab 3 in Chromium 156 and Firefox 153.` Empty unless every browser could tell."""
    found = sure(of)
    if not found or len(found) < len(of):
        return ""
    by_tab: dict[int, list[str]] = {}
    for source, _, report in found:
        hang = verified(report)
        by_tab.setdefault(hang.tab if hang else 0, []).append(source.heading)
    asked = found[0][2].asked
    alone = "its only tab stays live" if asked == 1 else f"all {asked} tabs stay live"
    told = [f"{f'tab {tab} hangs' if tab else alone} in {listed(names)}" for tab, names in sorted(by_tab.items(), reverse=True)]
    return f"{one_line(found[0][2].url)}: {listed(told)}."


def lede(of: Sequence[Source]) -> str:
    """What the hang looks like, and what each tab holds open."""
    found = sure(of)
    by_kind: dict[str, list[str]] = {}
    for source, _, report in found:
        if hang := verified(report):
            by_kind.setdefault(hang.kind, []).append(source.heading)
    told = [f"{listed(names)}: {HANGS[kind]}." for kind, names in by_kind.items()]
    if len(by_kind) == 1:
        told = [f"{sentence(HANGS[next(iter(by_kind))])}."]
    held = dict.fromkeys(holders_in_words(report) for _, _, report in found)
    return " ".join([*told, *list(held)[:1]])


def advice(groups: Sequence[Repeats]) -> list[str]:
    """The shortest fix for each browser's hang, said once."""
    found = [(report, verified(report)) for _, run, report in reports(groups) if run.verdict.kind in SURE]
    return list(dict.fromkeys(f"{sentence(fix(report, hang))}." for report, hang in found if hang))


def certainty(of: Sequence[Source]) -> list[str]:
    """How sure this is: the witnesses, the release, and that there is no ledger."""
    found = sure(of)
    if not found:
        return []
    told = [f"In {source.heading} {run.verdict.agreed} of {run.verdict.spoke} witnesses agree." for source, run, _ in found]
    told += [f"{source.heading}: {release_in_words(report)}" for source, _, report in found if report.release]
    return [*told, "The server is not the lab's, so it keeps no ledger that could tell."]


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
