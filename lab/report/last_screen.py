"""The last screen of a run: what was found, in at most `MOST_LINES` lines of plain text.

Rules.
1. A line is never wider than the terminal, and a longer text is cut. Only sentences take several lines.
2. Each part has a bound. Where it has more to say, its last line says so: the page and `show --text` have everything.
3. A part that has nothing to say is left out, so every selection of cells has its screen.

What it may not know: a terminal's colours and encoding (lab/cli/console.py).
"""

from __future__ import annotations

import datetime
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import groupby

from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.text import Text

from lab.model.axes import DIRECT
from lab.model.claims import AtMost, Claim, Unlimited
from lab.model.observation import ClientSeen
from lab.model.protocols import PROTOCOLS
from lab.model.verdict import KINDS, Kind, Limit
from lab.report.findings import advice, differing, findings, others, told
from lab.report.hops import front_connections
from lab.report.sections import sections
from lab.report.tables import grouped, live_of_opened, opening, over
from lab.results.file import CellResult, Results
from lab.results.names import engine_title, label, route_title, transport_of, within
from lab.results.repeats import Repeats
from lab.text import NONE, clean, counted, first_sentence, one_line

MOST_LINES = 40
"""The most lines of the screen. The command line adds the report's path and a hint, 45 lines in all at most."""

SENTENCES, TABS = 9, 9
"""The most lines of the finding, and the most rows of the table of tabs."""

MARKS = 24
"""The most columns of the marks of one row; more tabs are counted."""

FOUND, DOCUMENTED = 13, 14
"""The widths of the two answers in a line about a difference; the cell's name has the rest of the line."""

LIVE, WAITING, FAILED = "●", "○", "×"
LEGEND = {LIVE: "live", WAITING: "waiting", FAILED: "failed"}
"""The mark of one tab. Where the terminal can't print it, lab/cli/console.py prints an ASCII character."""

SHORT = {
    Limit.ORIGIN_STREAMS: "streams: the origin's setting",
    Limit.BROWSER_STREAMS: "streams: the browser's own",
}
"""Limits whose usual words (lab/model/verdict.py) are too long for a table with two browsers."""

UNBOUNDED = 10_000

BREAKS = re.compile("[\t\r\n\x85\u2028\u2029]")

SURE = (Kind.CONFIRMED, Kind.REFUTED)

Rows = Sequence[Sequence[str]]


def last_screen(results: Results, width: int = 80) -> list[str]:
    """The lines of the screen, without the report's path. None is wider than `width` columns."""
    first = alarms(results)
    tables = [part for part in (tabs_table(results, width), limits_table(results, width)) if part]
    differs = differences(results, width)
    end = [*unclear(results), summary(results)]
    room = MOST_LINES - sum(len(part) + 1 for part in (first, *tables) if part) - len(end) - 1
    finds = sentences(finding(results), width, max(SENTENCES, room - len(differs) - 1))
    differs = capped(differs, room - len(finds) - 1, f"… of {len(differs) - 1} in all; the report has the others")
    parts = [part for part in (first, finds, *tables, differs) if part]
    return [cut(line, width) for line in (*(line for part in parts for line in (*part, "")), *end)]


def alarms(results: Results) -> list[str]:
    """What a reader must know first: that the run has not ended, and each calibration that is not confirmed."""
    lines = []
    if results.finished is None:
        ended = "interrupted" if results.interrupted else "cut off"
        lines.append(f"This run was {ended} after {len(results.cells)} of {results.planned} cells.")
    lines += [
        f"Calibration over {PROTOCOLS[one.cell.protocol].title}: {KINDS[one.verdict.kind].label}: {one.verdict.why}"
        for one in results.calibration
        if one.verdict.kind is not Kind.CONFIRMED
    ]
    return lines


def finding(results: Results) -> list[str]:
    """The finding in sentences: about plain tabs; where none were opened, about everything else; else what the verdicts say."""
    found, rest, what = findings(results), others(results), advice(results)
    words = rest if found == rest[:1] else found
    return [*(words or cell_by_cell(results)), *([f"What to do: {what}"] if what else [])]


def cell_by_cell(results: Results) -> list[str]:
    """`Chromium 156, tabs over HTTP/1.1 by server-sent events: 2 of 2 said hello.`: what each sure verdict says."""
    sure = [one.shown for one in told(results) if one.verdict in SURE]
    if not sure:
        return ["No cell has a clear answer." if results.cells else "Nothing was measured."]
    return [f"{engine_title(run)}, {label(run)}: {first_sentence(run.verdict.why)}" for run in sure]


# Tabs.


def tabs_table(results: Results, width: int) -> list[str]:
    """A row for each engine and protocol, with a mark for each tab in the order of opening."""
    shown = [one for section in sections(results) if section.headline for one in section.groups] or [
        one
        for section in sections(results)
        if section.chapter.counted
        for one in section.groups
        if one.first.cell.opening == "tabs" and one.lives
    ]
    if not shown:
        return []
    forms = [
        tab_lines(shown, gap, connections, short)
        for gap, connections, short in ((" ", True, False), ("", True, False), ("", False, False), ("", False, True))
    ]
    lines = next((lines for lines in forms if max(map(cell_len, lines)) <= width), forms[-1])
    used = [mark for mark in LEGEND if any(mark in line for line in lines)]
    legend = ", ".join(f"{mark} {LEGEND[mark]}" for mark in used)
    return [f"Tabs: {legend}".rstrip(), *capped(lines, TABS, f"… of {len(lines)} rows; the report has the others")]


def tab_lines(groups: Sequence[Repeats], gap: str, connections: bool, short: bool) -> list[str]:
    """The rows of the table of tabs, as wide as they are. `gap` is written between two marks; `short`: routes have names
    instead of titles."""
    numbers = [live_of_opened(one).removesuffix(" live") if one.lives else "" for one in groups]
    widest = max(map(cell_len, numbers))
    rows, before = [], ""
    for one, where, number in zip(groups, places(groups, short), numbers, strict=True):
        engine = engine_title(one.shown)
        words = f"{number.rjust(widest)} {in_words(one, connections)}" if number else "not measured"
        rows.append(["" if engine == before else engine, where, marks(one.shown, gap) if number else "", words])
        before = engine
    return table(rows)


def places(groups: Sequence[Repeats], short: bool) -> list[str]:
    """What each row is about beside its engine: the protocol, and what else differs between the rows."""
    runs = [one.first for one in groups]
    several = len({run.cell.transport for run in runs}) > 1
    settings = {run.cell.streams for run in runs if PROTOCOLS[run.cell.protocol].multiplexed}
    return [
        over(run)
        + (f" ({run.cell.streams})" if len(settings) > 1 and PROTOCOLS[run.cell.protocol].multiplexed else "")
        + (f", {within(transport_of(run))}" if several else "")
        + ("" if run.cell.route == DIRECT else f", {run.cell.route}" if short else f" through {route_title(run.cell.route)}")
        for run in runs
    ]


def marks(run: CellResult, gap: str) -> str:
    """`● ● ○`; of more tabs than fit, how many in a row are alike: `95 × ●, 5 × ○`."""
    each = [mark(client) for client in sorted(run.clients, key=lambda client: client.tab)]
    if len(each) * (1 + len(gap)) <= MARKS:
        return gap.join(each)
    if len(each) <= MARKS:
        return "".join(each)
    return ", ".join(f"{len(list(alike))} × {one}" for one, alike in groupby(each))


def mark(client: ClientSeen) -> str:
    """The mark of one tab."""
    return LIVE if client.live else FAILED if client.failed else WAITING


def in_words(one: Repeats, connections: bool) -> str:
    """`live, 6 connections`; with the verdict, where it is not sure."""
    many = one.connections if one.first.cell.route == DIRECT else str(front_connections(one.shown) or NONE)
    parts = [counted_in_words(many, "connection")] if connections and many != NONE else []
    return ", ".join(["live", *parts, *([] if one.verdict in SURE else [KINDS[one.verdict].label])])


def counted_in_words(number: str, noun: str) -> str:
    """`1 connection`, `6 connections`, `6 to 9 connections`."""
    return f"{number} {noun}{'' if number == '1' else 's'}"


# Limits.


def limits_table(results: Results, width: int) -> list[str]:
    """A row for each limit that a search found, with what is documented and a column for each engine."""
    groups = [one for section in sections(results) if section.question == "limits" and not section.headline
              for one in section.groups if one.lives and one.verdict in SURE]  # fmt: skip
    by_limit = grouped(groups, lambda one: one.shown.verdict.cause)
    engines = dict(sorted({one.first.cell.engine: engine_title(one.first) for one in groups}.items()))
    rows = [
        [SHORT.get(limit, limit.label), documented(by_limit[limit], limit), *(
            found([one for one in by_limit[limit] if one.first.cell.engine == engine]) for engine in engines
        )]
        for limit in Limit
        if limit is not Limit.NONE and limit in by_limit
    ]  # fmt: skip
    return table([["Limits found", "documented", *engines.values()], *rows], width) if rows else []


def documented(groups: Iterable[Repeats], limit: Limit) -> str:
    """The number that is documented of a limit: `6`, or `255 / 200` where it depends on the browser."""
    if limit is Limit.ORIGIN_STREAMS:
        return NONE
    claims = [one.first.claim for one in sorted(groups, key=lambda one: one.first.cell.engine)]
    return " / ".join(dict.fromkeys(map(in_a_word, claims)))


def found(groups: Sequence[Repeats]) -> str:
    """The numbers that were found of one limit in one engine, the most frequent one first: `6`, or `6 (9: tabs)`."""
    numbers = Counter(one.live for one in groups)
    if not numbers:
        return NONE
    if groups[0].shown.verdict.cause is Limit.ORIGIN_STREAMS:
        return ", ".join(sorted(numbers, key=lambda live: int(live.split()[0])))
    usual = numbers.most_common(1)[0][0]
    others = dict.fromkeys(f"{one.live}: {opening(one.first)}" for one in groups if one.live != usual)
    return usual + (f" ({', '.join(others)})" if others else "")


# Differences, doubts, and what was done.


def differences(results: Results, width: int) -> list[str]:
    """A heading, and a line for each cell whose claim does not hold; one for all routes on which the same was found. Empty
    without such a cell."""
    groups = {one.first.cell.group: one for one in told(results)}
    runs = differing(results)
    names = Counter((run.cell.engine, what(run)) for run in runs)
    same = grouped(runs, lambda run: (
        engine_title(run), groups[run.cell.group].answer or groups[run.cell.group].live, in_a_word(run.claim),
        what(run) if run.cell.route == DIRECT else over(run), transport_of(run),
    ))  # fmt: skip
    rows = [
        [
            what(those[0], len(those) - 1)
            + (f", {within(transport)}" if names[those[0].cell.engine, what(those[0])] > 1 else ""),
            engine,
            cut(answer, FOUND),
            cut(claim, DOCUMENTED),
        ]
        for (engine, answer, claim, _, transport), those in same.items()
    ]
    return table([["Differs from the documentation", "browser", "found", "documented"], *rows], width) if rows else []


def what(run: CellResult, more: int = 0) -> str:
    """`another port, HTTP/2`; without a case what was counted, and where nothing was counted the scenario's name. Through a
    proxy: `nginx-old +3, HTTP/2`, by the route's name, with the number of `more` routes."""
    if run.cell.route != DIRECT:
        return f"{one_line(run.cell.route)}{f' +{more}' if more else ''}, {over(run)}"
    return f"{one_line(run.cell.case or (run.cell.scenario if run.verdict.answer else opening(run)))}, {over(run)}"


def in_a_word(claim: Claim) -> str:
    """What is documented: `6`, `no limit`, `shared`."""
    match claim:
        case AtMost(limit=limit):
            return str(limit)
        case Unlimited():
            return "no limit"
    return claim.answer


def unclear(results: Results) -> list[str]:
    """One line about all cells without a clear answer, with the reason of the gravest; none if all have one."""
    doubtful = [one for one in told(results) if one.verdict not in SURE]
    if not doubtful:
        return []
    kinds = Counter(one.verdict for one in doubtful)
    parts = [f"{kinds[kind]} {KINDS[kind].label}" for kind in sorted(kinds, key=lambda kind: -KINDS[kind].gravity)]
    first = max(doubtful, key=lambda one: KINDS[one.verdict].gravity).shown
    why = f"{engine_title(first)}, {what(first)}: {first_sentence(first.verdict.why)}"
    return [f"Without a clear answer: {', '.join(parts)} ({why})"]


def summary(results: Results) -> str:
    """`190 cells in 18 min 43 s: 171 confirmed, 19 refuted.`"""
    kinds = Counter(one.verdict.kind for one in results.cells)
    parts = [f"{kinds[kind]} {row.label}" for kind, row in KINDS.items() if kinds[kind]]
    return f"{counted(len(results.cells), 'cell')}{duration(results)}{': ' if parts else ''}{', '.join(parts)}."


def duration(results: Results) -> str:
    """How long a finished run took: ` in 18 min 43 s`; empty where the file does not say it."""
    try:
        began, ended = (datetime.datetime.fromisoformat(moment) for moment in (results.started, results.finished or ""))
        minutes, seconds = divmod(round((ended - began).total_seconds()), 60)
    except (ValueError, TypeError):  # It did not finish; or a file from elsewhere, whose times are no times.
        return ""
    return f" in {minutes} min {seconds} s" if minutes else f" in {seconds} s"


# Lines.


def sentences(every: Sequence[str], width: int, most: int) -> list[str]:
    """Whole sentences, each in as many lines as it takes, at most `most` lines; then how many sentences are left out."""
    console, lines = Console(width=width), list[str]()
    for number, one in enumerate(every):
        more = [line.plain.rstrip() for line in Text(one_line(one)).wrap(console, width)]
        last = number == len(every) - 1
        if len(lines) + len(more) > most - (not last):
            return [*(lines or more[: most - 1]), f"… {counted(len(every) - number, 'sentence')} more in the report"]
        lines += more
    return lines


def capped(lines: Sequence[str], most: int, more: str) -> list[str]:
    """The lines, at most `most`. If there are more, the last one is `more`."""
    return list(lines) if len(lines) <= most else [*lines[: max(0, most - 1)], more]


def table(rows: Rows, width: int = UNBOUNDED) -> list[str]:
    """Rows of values, in columns with two spaces between them. The widest columns are cut where a row is too long."""
    texts = [[unbroken(value) for value in row] for row in rows]
    widths = [max(map(cell_len, column)) for column in zip(*texts, strict=True)]
    while sum(widths) + 2 * (len(widths) - 1) > width and max(widths) > 1:
        widths[widths.index(max(widths))] -= 1
    return [
        "  ".join(set_cell_size(cut(value, size), size) for value, size in zip(row, widths, strict=True)).rstrip()
        for row in texts
    ]


def cut(text: str, width: int) -> str:
    """The text on one line, cut at `width` columns."""
    line = unbroken(text)
    return line if cell_len(line) <= width else set_cell_size(line, width - 1).rstrip() + "…"


def unbroken(text: str) -> str:
    """The text, cleaned, without line breaks and tabs; spaces stay as they are."""
    return " ".join(BREAKS.split(clean(text))).rstrip()
