"""The report from results alone: the same bytes for the same input, nothing from outside, nothing unescaped."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser
from typing import Any

import msgspec
import pytest

from lab.model.observation import ClientSeen
from lab.model.pools import SideSeen
from lab.model.starvation import ProbeSeen
from lab.report.findings import advice, findings, others
from lab.report.render import render
from lab.report.sections import sections
from lab.results.file import CellResult
from tests.results.test_file import cell, made

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


def test_nothing_is_loaded_and_only_our_own_runs() -> None:
    """The policy names the one style and the one script by their hashes: nothing else applies or runs."""
    text = render(made(cell()))
    page = Reader(text)
    assert page.loads == ["data:,"]
    assert page.tags.count("script") == page.tags.count("style") == 1
    assert "iframe" not in page.tags
    for tag, directive in (("script", "script-src"), ("style", "style-src")):
        [content] = re.findall(rf"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert f"{directive} 'sha256-{digest}';" in text
    assert " style=" not in text, "the policy forbids it"


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
    assert page.tags.count("script") == 1
    assert "img" not in page.tags
    assert "onerror=alert(1)>" not in text
    assert text.count("</style>") == 1
    assert text.count("</title>") == 1 + len(re.findall("<g><title>", text))


def test_the_numbers_are_those_of_the_results() -> None:
    one = cell(live=9)
    text = render(made(one))
    assert f'<td class="n">{one.live}</td><td class="n">{one.asked}</td>' in text
    assert one.why in text
    assert all(f"<p>{witness.says}</p>" in text for witness in one.witnesses)
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
    two = (cell(), cell(protocol="h2", live=12, limit=100))
    assert "12 tabs shared one connection" in advice(made(*two))
    page = msgspec.structs.replace(two[1], opened="page", asked=37, live=37)
    assert "12 tabs shared one connection" in advice(made(*two, page))


def test_a_calibration_is_told_beside_the_method() -> None:
    results = made(cell())
    results.calibration = [msgspec.structs.replace(cell(), why=f"7 were held {HOSTILE}", verdict="harness_fault")]
    text = render(results)
    assert "Calibration over HTTP/1.1 over TLS: 7 were held &lt;script" in text
    assert Reader(text).tags.count("script") == 1


def test_a_run_that_was_cut_off_says_so() -> None:
    results = made(cell())
    results.finished, results.planned = None, 5
    assert "cut off</strong> after 1 of 5" in render(results)
    results.interrupted = True
    assert "interrupted</strong> after 1 of 5" in render(results)


def side(**changes: Any) -> CellResult:
    """A cell of pools: six live of the first side, none of the second one's three."""
    tabs = tuple(ClientSeen(tab, document=True, live=tab <= 6) for tab in (1, 2, 3, 4, 5, 6, 11, 12, 13))
    fields = {
        "scenario": "pools",
        "group": f"pools.{changes.get('case', '')}",
        "tabs": tabs,
        "answer": "shared",
        "opened": "page",
    }
    sides = (SideSeen("https://a", 1, 10), SideSeen("https://b", 11, 3))
    return msgspec.structs.replace(cell(), **{**fields, "tabs": tabs, "sides": sides, **changes})


def test_pools_are_told_with_what_is_live_of_each_side() -> None:
    results = made(side(case="another port"), side(case=HOSTILE))
    text = render(results)
    assert [one.kind for one in sections(results)] == ["pools"]
    assert '<td>another port</td><td>shared</td><td class="n">6</td><td class="n">6</td>' in text
    assert Reader(text).tags.count("script") == 1
    assert others(made(side(case="another port"))) == ["A pool in Chromium 156 is over HTTP/1.1 shared with another port."]


def test_what_is_disputed_is_no_finding() -> None:
    assert others(made(side(case="another port", verdict="disputed"))) == []


def test_starvation_is_told_with_its_times() -> None:
    probes = (
        ProbeSeen("image", "same-origin", "waited", after_release_ms=2.4, arrived_ms=5),
        ProbeSeen("fetch", "cross-origin", "passed", took_ms=7.6, arrived_ms=5),
        ProbeSeen("beacon", "same-origin", "failed", note=HOSTILE),
    )
    one = msgspec.structs.replace(cell(), scenario="starvation", probes=probes, answer="fetch (cross-origin)")
    text = render(made(one, msgspec.structs.replace(one, repeat=2)))
    assert "image (2 ms)" in text
    assert "fetch (cross-origin) (8 ms)" in text
    assert "<td>beacon</td>" in text
    found = ["What still gets through in Chromium 156: with 6 streams held over HTTP/1.1, fetch (cross-origin)."]
    assert others(made(one)) == found


def test_walls_are_told_by_their_cause() -> None:
    finder = {"scenario": "walls", "up_to": 1200}
    cells = [
        msgspec.structs.replace(cell(live=live), opened=opened, group=opened + str(live), **finder)
        for live, opened in ((6, "page"), (6, "frames"), (9, "tabs"))
    ]
    assert others(made(*cells)) == ["The walls in Chromium 156: connections per host, 6 (tabs: 9)."]
    assert "Run 1: 6 of 12 live, confirmed; Run 2" in render(made(cells[0], msgspec.structs.replace(cells[0], repeat=2)))


def test_a_cell_that_failed_does_not_change_what_its_scenario_is() -> None:
    failed = msgspec.structs.replace(cell(missing="none here"), asked=7)
    assert [one.kind for one in sections(made(cell(), failed))] == ["tabs"]
