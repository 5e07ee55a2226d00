"""The report from results alone: the same bytes for the same input, nothing from outside, nothing unescaped."""

from __future__ import annotations

import base64
import errno
import hashlib
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from markupsafe import Markup, escape

from lab.errors import MachineError
from lab.model.claims import AtMost
from lab.model.observation import ClientSeen, Screenshot
from lab.model.openings import OPENINGS, Opening
from lab.model.pools import SideSeen
from lab.model.starvation import ProbeSeen
from lab.model.verdict import KINDS, Kind, Limit
from lab.report.findings import advice, differing, findings, others, untold
from lab.report.html import cited, linked, style
from lab.report.render import render, write_report
from lab.results.file import CellResult
from tests.results.test_file import altered, cell, made

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
    one = altered(
        cell(),
        name=HOSTILE,
        engine_version=HOSTILE,
        why=HOSTILE,
        command=HOSTILE,
        transport=HOSTILE,
        cause=None,
        kind=Kind.DISPUTED,
    )
    one = altered(one, claim=AtMost(limit=6, source=f"https://x.test/{HOSTILE}", basis=HOSTILE))
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
    assert f'<td class="n">{one.verdict.live}</td><td class="n">{one.opened}</td>' in text
    assert f">{one.verdict.live} of {one.opened} tabs live</a>" in text
    assert one.verdict.why in text
    assert all(f"<p>{escape(witness.says)}</p>" in text for witness in one.verdict.witnesses)
    assert text.count('class="stream"') == 9
    assert text.count('class="waiting"') == 3


def test_every_cell_can_be_linked_to() -> None:
    one, two = cell(), cell(protocol="h2", live=12)
    text = render(made(one, two))
    for each in (one, two):
        assert each.cell.group in Reader(text).ids
        assert f'href="#{each.cell.group}"' in text


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
            [cell(), altered(cell(live=5), repeat=2), cell(24, 9)],
            ["In Chromium 156, 5 to 6 of 12 tabs stayed live over HTTP/1.1; the others were waiting for a connection.",
             "In Chromium 156, 9 of 24 tabs stayed live over HTTP/1.1; the others were waiting for a connection."],
        ),
        (
            [cell(protocol="h2", live=12, limit=100), cell(protocol="h2", live=10, streams=10)],
            ["In Chromium 156, 12 of 12 tabs stayed live over HTTP/2 with 100 streams allowed and 10 of 12 over HTTP/2 with 10"
             " streams allowed; the others were waiting for a stream (the origin allows no more on one connection)."],
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
    page = altered(two[1], opening="page", opened=37, live=37)
    assert "12 tabs shared one connection" in advice(made(*two, page))


def test_a_calibration_is_told_beside_the_method() -> None:
    results = made(cell())
    results.calibration = [altered(cell(), why=f"7 were held {HOSTILE}", kind=Kind.HARNESS_FAULT)]
    text = render(results)
    calibrated = text[text.index("Before the run, a plain client held") : text.index("Not measured:")]
    assert "harness fault</span> HTTP/1.1 over TLS: 7 were held &lt;script" in calibrated
    assert Reader(text).tags.count("script") == 1


def test_a_run_that_was_cut_off_says_so() -> None:
    results = made(cell())
    results.finished, results.planned = None, 5
    assert "cut off</strong> after 1 of 5" in render(results)
    results.interrupted = True
    assert "interrupted</strong> after 1 of 5" in render(results)


def test_a_run_that_goes_on_says_so_and_reloads_itself() -> None:
    results = made(cell())
    results.finished, results.planned = None, 5
    text = render(results, running=True)
    assert "while the run went on</strong>, after 1 of 5 cells" in text
    assert "cut off" not in text
    assert '<meta http-equiv="refresh" content="5">' in text
    for later in (render(results), render(made(cell()))):
        assert "refresh" not in later[: later.index("<style>")]
        assert "went on" not in later


def test_a_page_is_whole_or_the_old_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = write_report(made(), tmp_path / "index.html")
    before = page.read_bytes()

    def full(path: Path, text: str, encoding: str) -> int:
        with path.open("w", encoding=encoding) as out:
            out.write(text[:100])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(MachineError, match="No space left on device"):
        write_report(made(cell()), page)
    assert page.read_bytes() == before
    assert [one.name for one in tmp_path.iterdir()] == ["index.html"]


def side(**changes: Any) -> CellResult:
    """A cell of pools: six live of the first side, none of the second one's three."""
    clients = tuple(ClientSeen(tab, document=True, live=tab <= 6) for tab in (1, 2, 3, 4, 5, 6, 11, 12, 13))
    sides = (SideSeen("https://a", 1, 10), SideSeen("https://b", 11, 3))
    fields = {
        "scenario": "pools",
        "question": "pools",
        "opening": "page",
        "answer": "shared",
        "clients": clients,
        "sides": sides,
    }
    return altered(cell(), **{**fields, **changes})


def test_pools_are_told_with_what_is_live_of_each_side() -> None:
    results = made(side(case="another port"), side(case=HOSTILE))
    text = render(results)
    assert '<th scope="row">another port</th><td>shared</td><td class="n">6</td><td class="n">0</td>' in text
    assert Reader(text).tags.count("script") == 1
    assert others(made(side(case="another port"))) == ["In Chromium 156 over HTTP/1.1, the limit is shared for another port."]


def test_what_is_disputed_is_no_finding() -> None:
    assert others(made(side(case="another port", kind=Kind.DISPUTED))) == []


def starved(*probes: ProbeSeen, **changes: Any) -> CellResult:
    return altered(cell(), scenario="starvation", question="starvation", opening="page", probes=probes, **changes)


def test_starvation_is_told_with_its_times() -> None:
    probes = (
        ProbeSeen("image", "same-origin", "waited", after_release_ms=2.4, arrived_ms=5),
        ProbeSeen("fetch", "cross-origin", "passed", took_ms=7.6, arrived_ms=5),
        ProbeSeen("beacon", "same-origin", "failed", note=HOSTILE),
    )
    one = starved(*probes, answer="fetch (cross-origin)")
    text = render(made(one, altered(one, repeat=2)))
    assert "image (2 ms)" in text
    assert "fetch (cross-origin) (8 ms)" in text
    assert "<td>beacon</td>" in text
    found = ["In Chromium 156 over HTTP/1.1, with 6 streams held, this got through: fetch (cross-origin)."]
    assert others(made(one)) == found


def test_a_probe_that_never_came_has_no_time() -> None:
    one = starved(ProbeSeen("image", "same-origin", "waited"), answer="nothing")
    assert "<td>image (did not arrive)</td>" in render(made(one))


def test_limits_are_told_by_their_cause() -> None:
    cells = [
        altered(cell(live=live), opening=opening, scenario="limits", at_most=1200)
        for live, opening in ((6, "page"), (6, "frames"), (9, "tabs"))
    ]
    assert others(made(*cells)) == ["Limits found in Chromium 156: connections per host: 6 (tabs: 9)."]
    assert "Run 1: 6 of 12 live, confirmed; Run 2" in render(made(cells[0], altered(cells[0], repeat=2)))


def test_as_many_streams_as_the_origin_allows() -> None:
    cells = [
        altered(cell(protocol="h2", live=live), cause=Limit.ORIGIN_STREAMS, streams=live, at_most=1200, kind=Kind.CONFIRMED)
        for live in (10, 2)
    ]
    told = "streams per connection (the origin's setting): exactly what it allows (2, 10)"
    assert others(made(*cells)) == [f"Limits found in Chromium 156: {told}."]


@pytest.mark.parametrize("opening", [one for one in OPENINGS.values() if not one.own_document], ids=lambda one: one.name)
def test_nothing_is_said_of_documents_where_clients_share_a_page(opening: Opening) -> None:
    """D1: there are no documents to wait for, and the page had loaded."""
    text = render(made(altered(cell(opening=opening.name), at_most=1200, lines=())))
    body = text[text.index('<div class="body">') :]
    assert "waiting, blank" not in body
    assert ">Document<" not in body
    assert "7: waiting" in render(made(altered(cell(opening=opening.name), screenshots=(Screenshot(7, b"x"),))))


def test_a_tab_without_its_document_is_blank() -> None:
    text = render(made(cell()))
    assert "tab 7: waiting, blank" in text
    assert "<th>Document</th>" in text


def test_where_browsers_differ_and_what_could_not_be_told_are_two_lists() -> None:
    runs = [
        altered(cell(live=9), engine="firefox"),
        altered(cell(), kind=Kind.INCONCLUSIVE, why="the machine was too busy.", protocol="h1-clear"),
        altered(cell(), kind=Kind.DISPUTED, why="They disagree.", protocol="h2"),
    ]
    found = made(cell(), *runs)
    assert [run.cell.protocol for run in differing(found)] == ["h1"]
    assert [run.verdict.kind for run in untold(found)] == [Kind.DISPUTED, Kind.INCONCLUSIVE]
    text = render(found)
    differs, unclear = text.index('<section id="differs">'), text.index('<h3 id="untold">')
    assert differs < text.index('<section id="cells">') < unclear, "what could not be measured comes last"
    listed = text[differs : text.index('<section id="cells">')]
    assert listed.count("<tr>") == 2, "a heading, and the one cell that differs"
    assert "<td>6</td><td><strong>9</strong></td>" in listed
    assert "The machine was too busy." in text[unclear:]


def test_where_browsers_differ_has_the_source_as_a_link() -> None:
    source = "Chromium, net/spdy/spdy_session.cc: kMaxConcurrentStreamLimit"
    text = render(made(altered(cell(live=9), claim=AtMost(limit=6, source=source))))
    assert 'href="https://source.chromium.org/chromium/chromium/src/+/main:net/spdy/spdy_session.cc"' in text


@pytest.mark.parametrize(
    ("source", "links"),
    [
        (
            "MDN, Using it: https://x.test/a_b/c (six, and more)",
            ['href="https://x.test/a_b/c" rel="noopener noreferrer">x.test<'],
        ),
        ("Firefox, modules/libpref/init/all.js: network.http.max-connections", ["central/source/modules/libpref/init/all.js"]),
        ("Chromium, ../../etc/passwd", []),
        ("Opera, net/a.cc: x", []),
        (f'{HOSTILE} https://x.test/"><script>', ['href="https://x.test/" rel']),
        ("somebody", []),
    ],
)
def test_a_source_is_cited_with_a_short_link(source: str, links: list[str]) -> None:
    text = cited(source)
    assert text.count("<a ") == len(links)
    assert all(link in text for link in links)
    assert "<script" not in text


def test_every_kind_of_verdict_has_its_colour_in_both_schemes() -> None:
    sheet = style()
    for kind, row in KINDS.items():
        assert f".verdict.{kind.value} {{ color: var({row.colour}); }}" in sheet
        assert sheet.count(f"{row.colour}: #") == 2
        text = render(made(altered(cell(), kind=kind)))
        told = f'<span class="verdict {kind.value}"><span aria-hidden="true">{row.glyph}</span> {row.label}</span>'
        assert told in text[text.index('<section id="cells">') : text.index('<section id="method">')]


@pytest.mark.parametrize(
    ("source", "links"),
    [
        ("RFC 9112, https://www.rfc-editor.org/rfc/rfc9112#section-9.3: an answered request", 1),
        ("(https://x.test/a_b), https://x.test/.", 2),
        ("http://x.test, javascript:alert(1), a@b.test, x.org, https://", 0),
    ],
)
def test_only_https_addresses_are_links(source: str, links: int) -> None:
    text = linked(source)
    assert text.count("<a ") == text.count('rel="noopener noreferrer"') == links
    assert ':"' not in text.replace("https:", "")
    assert Markup(text).striptags() == source


def test_names_of_programs_are_not_shown_to_readers() -> None:
    """Transports and openings have titles."""
    cells = [cell(transport="fetch_stream"), cell(transport="long_polling", opening="cross-tabs")]
    text = re.sub("<[^>]*>", " ", render(made(*(altered(one, command="") for one in cells))))
    words = text[text.index("Seventh Tab", text.index("Seventh Tab") + 1) :]
    assert "Fetch streaming" in words
    assert "tabs of another origin" in words
    told = re.sub(r"\{.*?\}", "", words)  # The ledger's own lines have its own words.
    assert not re.search("fetch_stream|long_polling|cross-tabs", re.sub("s.chromium[^ ]*", "", told))
