"""The report from results alone: the same bytes for the same input, nothing from outside, nothing unescaped."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import msgspec
import pytest

from lab.report.finding import advice, findings
from lab.report.render import render
from tests.test_results import cell, made

HOSTILE = "<script>alert(1)</script>\"'&</style></title><img src=x onerror=alert(1)>"


class Reader(HTMLParser):
    """Collects the tags, and the addresses that a browser would load by itself."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.loads: list[str] = []
        self.ids: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attrs:
            if name == "id":
                self.ids.append(value or "")
            if name in ("src", "srcset", "action", "data") or (name == "href" and tag == "link"):
                self.loads.append(value or "")


def test_the_same_results_give_the_same_bytes() -> None:
    assert render(made(cell(), cell(protocol="h2", live=12))) == render(made(cell(), cell(protocol="h2", live=12)))


def test_nothing_is_loaded_and_nothing_runs() -> None:
    page = Reader(render(made(cell())))
    assert page.loads == ["data:,"]
    assert "script" not in page.tags
    assert "iframe" not in page.tags


def test_every_string_is_escaped() -> None:
    one = msgspec.structs.replace(
        cell(), name=HOSTILE, engine_version=HOSTILE, why=HOSTILE, command=HOSTILE, cause=None, verdict="disputed"
    )
    one = msgspec.structs.replace(one, claim=msgspec.structs.replace(one.claim, source=f"https://x.test/{HOSTILE}"))
    results = made(one)
    results.questions = {"s": HOSTILE, HOSTILE: HOSTILE}
    results.versions = {HOSTILE: HOSTILE}
    text = render(results)
    page = Reader(text)
    assert "script" not in page.tags
    assert "img" not in page.tags
    assert "onerror=alert(1)>" not in text
    assert text.count("</style>") == 1
    assert text.count("</title>") == 1 + len(re.findall("<g><title>", text))


def test_the_numbers_are_those_of_the_results() -> None:
    one = cell(live=9)
    text = render(made(one))
    assert f'<td class="n">{one.live}</td><td class="n">{one.asked}</td>' in text
    assert one.why in text
    assert all(f"<dd>{witness.says}</dd>" in text for witness in one.witnesses)
    assert text.count('class="stream"') == 9
    assert text.count('class="waiting"') == 3


def test_every_cell_can_be_linked_to() -> None:
    one, two = cell(), cell(protocol="h2", live=12)
    text = render(made(one, two))
    for each in (one, two):
        assert each.group in Reader(text).ids
        assert f'href="#{each.group}"' in text


@pytest.mark.parametrize(
    ("cells", "sentences"),
    [
        ([], []),
        (
            [cell(protocol="h1-clear"), cell(), cell(protocol="h2", live=12, limit=100)],
            ["In Chromium 156, 6 of 12 tabs stayed live over HTTP/1.1 and 12 of 12 over HTTP/2;"
             " the others were waiting for a connection."],
        ),
        (
            [cell(protocol="h1-clear", live=5), cell()],
            ["In Chromium 156, 5 of 12 tabs stayed live over HTTP/1.1 without TLS and 6 of 12 over HTTP/1.1 over TLS;"
             " the others were waiting for a connection."],
        ),
        ([cell(live=12, limit=12)], ["In Chromium 156, 12 of 12 tabs stayed live over HTTP/1.1."]),
        ([cell(live=6), cell(live=7)], ["In Chromium 156, 6 to 7 of 12 tabs stayed live over HTTP/1.1;"
                                         " the others were waiting for a connection."]),
        ([cell(missing="none here")], []),
    ],
)  # fmt: skip
def test_the_finding(cells: list[object], sentences: list[str]) -> None:
    assert findings(made(*cells)) == sentences  # type: ignore[arg-type]  # they are cells


def test_advice_only_from_what_was_measured() -> None:
    assert advice(made(cell())) == ""
    assert "12 tabs shared one connection" in advice(made(cell(), cell(protocol="h2", live=12, limit=100)))


def test_a_run_that_was_cut_off_says_so() -> None:
    results = made(cell())
    results.finished, results.planned = None, 5
    assert "cut off</strong> after 1 of 5" in render(results)
    results.interrupted = True
    assert "interrupted</strong> after 1 of 5" in render(results)
