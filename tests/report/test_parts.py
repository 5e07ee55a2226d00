"""The parts of the report: the matrix, the charts and the connection view, each from results alone."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from typing import Any

import pytest

from lab.judge.figures import Cost, DeliveryFigures
from lab.model.observation import Screenshot
from lab.report.cells import filters, index
from lab.report.charts import charts, costs
from lab.report.delivery import comparable
from lab.report.render import render
from lab.report.sections import sections
from lab.report.timeline import TICKS, timeline
from lab.results.file import CellResult, Results
from lab.results.repeats import Repeats
from tests.report.test_render import HOSTILE, Reader
from tests.results.test_file import altered, cell, made

COST = Cost(cpu_s=2.0, cpu_within_s=0.5, memory_bytes=10)


def followed(transport: str = "sse", browser: Cost = COST, **changes: Any) -> CellResult:
    """A cell in which every update was followed for five seconds."""
    figures = DeliveryFigures(
        http=("1.1",), seconds=5.0, published=25, received=150, missed=0, repeated=0, disordered=0, requests=0,
        requests_per_second=0.0, latency_percentiles_ms=tuple(float(ms) for ms in range(1, 102)), clocks_ms=1.0, first_ms=90.0,
        delay_ms=1.0, sent_bytes=140.0, received_bytes=2.0, origin=COST, browser=browser,
    )  # fmt: skip
    fields: dict[str, Any] = {"scenario": "delivery", "question": "delivery", "transport": transport, "delivery": figures}
    return altered(cell(), **{**fields, **changes})


def groups(results: Results) -> tuple[Repeats, ...]:
    [section] = sections(results)
    return section.groups


def test_the_index_has_a_line_for_each_cell_with_its_repeats() -> None:
    cells = [
        cell(),
        altered(cell(live=7), repeat=2),
        cell(protocol="h2", live=12),
        followed("polling", interval_ms=100),
        altered(cell(), question="pools", scenario="p", case="another port", answer="separate", live=None),
    ]
    found = index(sections(made(*cells)))
    assert [(group.section.name, group.counts) for group in found] == [
        ("s", "2 cells: 2 refuted"), ("p", "1 cell: 1 confirmed"), ("delivery", "1 cell: 1 confirmed"),
    ]  # fmt: skip
    lines = [line for group in found for line in group.lines]
    assert [(line.protocol, line.transport, line.what, line.found, line.number) for line in lines] == [
        ("HTTP/1.1 over TLS", "Server-sent events", "tabs", "6 to 7 of 12", 7),
        ("HTTP/2", "Server-sent events", "tabs, 100 streams allowed", "12 of 12", 12),
        ("HTTP/1.1 over TLS", "Server-sent events", "another port", "separate", -1),
        ("HTTP/1.1 over TLS", "Polling, 100 ms", "tabs", "6 of 12", 6),
    ]
    assert {one.name: one.values for one in filters(found)} == {
        "protocol": (("h1", "HTTP/1.1 over TLS"), ("h2", "HTTP/2")),
        "transport": (("sse", "Server-sent events"), ("polling", "Polling")),
        "verdict": (("confirmed", "confirmed"), ("refuted", "refuted")),
    }, "with one browser there is nothing to choose"


def test_charts_are_the_same_each_time_and_one_picture_each() -> None:
    members = groups(made(followed(), followed("polling", interval_ms=100)))
    first, again = charts(members), charts(members)
    assert first == again
    assert len(first) == 3
    for title, chart in first:
        assert chart.startswith('<svg class="chart" role="img" aria-label="')
        assert title.split(". ")[0] in chart.replace("&apos;", "'")
        assert "<script" not in chart
        root = ET.fromstring(chart)
        ids = {one.get("id") for one in root.iter() if one.get("id")}
        assert set(re.findall(r"url\(#([^)]*)\)", chart)) <= ids, "a reference that leads nowhere"
        assert not [one for one in root.iter() if one is not root and (one.get("role") or one.get("aria-label"))]
    assert not re.search(' class="(?!chart")', "".join(chart for _, chart in first)), "the page's rules must not meet them"
    ids_of_all = [one for _, chart in first for one in Reader(chart).ids]
    assert len(ids_of_all) == len(set(ids_of_all)), "all are in one document"


def test_a_hostile_version_is_no_element_of_a_chart() -> None:
    for _, chart in charts(groups(made(followed(engine_version=f"{HOSTILE}.1", transport=HOSTILE)))):
        assert not {"script", "img"} & set(Reader(chart).tags)


def test_charts_compare_cells_of_one_number_of_tabs() -> None:
    cells = [followed(), followed("websocket"), followed("polling", at_most=30), followed("fetch_stream", live=None)]
    assert [run.cell.transport for run in comparable(groups(made(*cells)))] == ["sse", "websocket"]
    assert charts(groups(made(cell()))) == []


@pytest.mark.parametrize(
    ("browser", "row"),
    [
        (COST, {"cpu": 2.0, "low": 1.5, "high": 2.5}),
        (Cost(cpu_s=-4.5, cpu_within_s=7.5, memory_bytes=None), {"bound": 7.5, "words": "below 7.5"}),
        (Cost(cpu_s=0.5, cpu_within_s=1.0, memory_bytes=None), {"bound": 1.5, "words": "below 1.5"}),
        (Cost(cpu_s=None, cpu_within_s=None, memory_bytes=None), None),
    ],
)
def test_a_cost_within_its_noise_has_no_bar(browser: Cost, row: dict[str, Any] | None) -> None:
    """D2: nothing is drawn left of zero, nor as if it had been measured."""
    found = [
        {name: one[name] for name in one.keys() & {"cpu", "low", "high", "bound", "words"}}
        for one in costs([followed(browser=browser)])
    ]
    assert found == ([row] if row else [])


def test_a_bound_is_drawn_with_its_words() -> None:
    low = Cost(cpu_s=-4.5, cpu_within_s=7.5, memory_bytes=None)
    chart = charts(groups(made(followed(), followed("websocket", browser=low))))[-1][1]
    assert ">below 7.5</text>" in chart
    assert 'stroke-dasharray="4,3"' in chart
    assert "−" not in chart, "no number below zero, not even on the axis"


def test_unknown_costs_alone_make_no_chart() -> None:
    nothing = Cost(cpu_s=None, cpu_within_s=None, memory_bytes=None)
    assert len(charts(groups(made(followed(browser=nothing))))) == 2


def test_what_a_cost_is_below_stands_in_the_table() -> None:
    low = Cost(cpu_s=-4.5, cpu_within_s=7.65, memory_bytes=None)
    text = render(made(followed(browser=low)))
    assert '<td class="n">below 7.7</td><td class="n">–</td>' in text
    assert "-4.5" not in text


@pytest.mark.parametrize("live", [1, 6, 11])
def test_the_curve_rises_to_as_many_as_were_open(live: int) -> None:
    view = timeline(cell(live=live))
    assert view is not None
    assert view.most == live
    assert [bar.kind for bar in view.bars].count("waiting") == 12 - live
    assert min(y for _, y in view.live) < max(y for _, y in view.live)
    assert [mark.label for mark in view.marks] == ["verdict at 1000 ms", "tab 1 closed by its page"]
    assert 2 <= len(view.ticks) <= TICKS + 1


def test_pictures_stand_beside_their_tabs() -> None:
    pictures = (
        Screenshot(1, b"\xff\xd8live"),
        Screenshot(2, b"png", media_type="image/png"),
        Screenshot(3, b"<svg/>", media_type="image/svg+xml"),
        Screenshot(7, None, f"the browser gave none {HOSTILE}"),
    )
    text = render(made(altered(cell(), screenshots=pictures)))
    assert 'src="data:image/jpeg;base64,/9hsaXZl"' in text
    assert 'src="data:image/png;base64,cG5n"' in text
    assert "image/svg" not in text
    assert 'alt="tab 1: live"' in text
    assert 'alt="Tab 1: live"' in text, "on the first screen too"
    assert "no picture: its format is not known" in text
    assert "no picture: the browser gave none &lt;script" in text
    assert "7: waiting, blank" in text
