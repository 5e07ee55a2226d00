"""The Markdown: every row of a table has its cells, and no string from elsewhere becomes HTML, a link or another cell."""

from __future__ import annotations

import html
import re

import pytest
from markdown_it import MarkdownIt  # What rich reads Markdown with: it is there, and knows tables.

from lab.model.verdict import Kind
from lab.report.markdown import inline, markdown, table_markdown
from lab.report.sections import sections
from lab.report.tables import Column, Row, Table
from lab.results.file import Machine
from tests.report.test_render import HOSTILE, Reader, side
from tests.results.test_file import altered, cell, made

EVIL = (
    f"{HOSTILE} a|b \\| `c|d` **x** _y_ ~z~ $m$ [z](https://z.test) ![i](http://i.test) <https://z.test> @octocat #1 a/b#2 "
    "GH-1 www.z.test a@b.test &lt;script&gt;\n\n# head\r\n| x |\n\x1b[2J\x00\ud800"
)


def shown(text: str) -> str:
    return str(MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).render(text))


def widths(text: str) -> set[int]:
    """How many cells the rows of a table have."""
    page = shown(text)
    assert page.count("<table>") == 1
    return {len(re.findall("<t[hd]", row)) for row in page.split("<tr>")[1:]}


def test_a_table_leads_with_engine_and_protocol() -> None:
    [table] = sections(made(cell()))[0].tables
    lines = table_markdown(table).splitlines()
    assert lines[0].startswith("| engine | protocol | updates by | opened as | live |")
    assert lines[1].startswith("| --- | --- | --- | --- | --: |")
    assert lines[2].startswith(
        "| Chromium 156 | HTTP/1.1 over TLS | Server-sent events | tabs | 6 | 12 | connections per host |"
    )


def test_a_table_about_no_cell_has_no_engine() -> None:
    columns = (Column("a", "a"), Column("b", "b", number=True, unit="ms"))
    table = Table("t", "payload", columns, (Row(None, "x", {"b": 2.0}),))
    assert table_markdown(table) == "| payload | a | b (ms) |\n| --- | --- | --: |\n| x | – | 2 |\n"


def test_every_row_has_as_many_cells_whatever_is_in_them() -> None:
    one = side(case=EVIL, answer=EVIL, engine_version=EVIL, kind=Kind.REFUTED)
    [table] = sections(made(one, side(case="another port")))[0].tables
    assert widths(table_markdown(table)) == {3 + len(table.columns)}


def test_nothing_becomes_html_or_a_link() -> None:
    one = side(case=EVIL, answer=EVIL, engine=EVIL, engine_version=EVIL, scenario=EVIL, why=EVIL, kind=Kind.REFUTED)
    results = made(one, side(case="another port"))
    results.started, results.versions, results.machine = EVIL, {EVIL: EVIL}, Machine(system=EVIL, cpus=2, load=None)
    text = markdown(results)
    assert text.encode()
    page = Reader(shown(text))
    assert set(page.tags) <= {"h1", "h2", "p", "ul", "li", "strong", "table", "thead", "tbody", "tr", "th", "td"}
    assert page.tags.count("h1") == 1
    assert page.tags.count("h2") == len(sections(results))
    assert "\x1b" not in text


@pytest.mark.parametrize(
    "text", ["@octocat", "a@b.test", "#12", "a/b#12", "https://z.test", "www.z.test", "gh-12", "WWW.z.test"]
)
def test_what_github_would_link_is_cut_by_a_space_of_no_width(text: str) -> None:
    """It links after it has decoded entities, so the decoded text must not hold the word in one piece."""
    decoded = html.unescape(inline(text))
    assert decoded != text
    assert decoded.replace("\u200b", "") == text


@pytest.mark.parametrize("text", ["fetch_stream", "6 to 9", "HTTP/1.1 over TLS", "h2 (100)", "50.0 %", "0.10 ± 0.02", "–"])
def test_what_is_harmless_stays_as_it_is(text: str) -> None:
    assert inline(text) == text


@pytest.mark.parametrize("text", [EVIL.split("\n")[0], "a _b_ __c__ d_e", "&amp; &#124;", "\\", "\\|", "`|`"])
def test_it_reads_as_it_was_written(text: str) -> None:
    shown_text = re.sub("<[^>]*>", "", shown(inline(text)))
    assert html.unescape(shown_text).replace("\u200b", "").strip() == text


def test_the_whole_begins_with_the_finding() -> None:
    text = markdown(made(cell(), cell(protocol="h2", live=12, limit=100)))
    title, finding, *_ = text.split("\n\n")
    assert title == "# Seventh Tab · 2026-11-23"
    assert finding.startswith("In Chromium 156, 6 of 12 tabs stayed live over HTTP/1.1 and 12 of 12 over HTTP/2;")
    assert "\n\n## How many stay live? (s)\n\n**Live clients, and the limit that held the others back**\n\n| engine |" in text
    assert "Serve the page over HTTP/2" in text
    assert text.endswith(
        "\n\nMeasured on Linux, 2 processors, load 0.5 when it began, with chromium 156.0.1, seventh-tab 0.1.0.\n"
    )


def test_what_differs_and_what_could_not_be_told_are_lists() -> None:
    text = markdown(made(cell(live=9), altered(cell(protocol="h2", live=12), kind=Kind.INCONCLUSIVE, why="too busy")))
    differs = "**refuted** Chromium 156, HTTP/1.1 over TLS, server-sent events, tabs: The claim is 6 live at once; 9 "
    assert f"\n\n**Where browsers differ from the documentation**\n\n- {differs}" in text
    unclear = "**inconclusive** Chromium 156, HTTP/2, server-sent events, tabs, 100 streams allowed: too busy\n"
    assert f"\n\n**Without a clear answer**\n\n- {unclear}" in text


def test_a_run_without_a_number_says_so() -> None:
    assert "Nothing was measured." in markdown(made())
    text = markdown(made(cell(missing="no browser | here")))
    assert "\n\nNothing was measured.\n\n**Without a clear answer**\n\n- **unsupported** " in text
    assert "no browser &#124; here" in text


def test_a_run_that_was_cut_off_says_so() -> None:
    results = made(cell())
    results.finished, results.planned = None, 5
    assert "This run was cut off after 1 of 5 cells." in markdown(results)
    results.interrupted = True
    assert "This run was interrupted after 1 of 5 cells." in markdown(results)
