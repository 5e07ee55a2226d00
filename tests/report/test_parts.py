"""The parts of the report: the matrix, the charts and the connection view, each from results alone."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from lab.judge.figures import Cost, Way
from lab.model.observation import Screenshot
from lab.report.charts import charts, told
from lab.report.matrix import matrix
from lab.report.render import render
from lab.report.sections import of_kind, sections
from lab.report.timeline import TICKS, timeline
from lab.results.file import CellResult
from tests.report.test_render import HOSTILE, Reader
from tests.results.test_file import cell, made


def listened(transport: str = "sse", **changes: Any) -> CellResult:
    cost = Cost(2.0, 0.5, 0.0, 10)
    way = Way(
        http=("1.1",), seconds=5.0, published=25, received=150, missed=0, repeated=0, disordered=0, requests=0,
        requests_per_second=0.0, latency_ms=tuple(float(ms) for ms in range(1, 102)), clocks_ms=1.0, first_ms=(90.0, 120.0),
        late_ms=1.0, latest_ms=2.0, sent_bytes=140.0, received_bytes=2.0, origin=cost, browser=cost,
    )  # fmt: skip
    fields: dict[str, Any] = {"scenario": "ways", "transport": transport, "group": f"ways.{transport}", "way": way, "up_to": 12}
    return msgspec.structs.replace(cell(), **{**fields, **changes})


def test_the_matrix_has_a_row_for_engine_and_protocol_and_a_column_for_each_transport() -> None:
    cells = [cell(), cell(protocol="h2", live=12), listened("polling", interval_ms=100, group="p")]
    found = matrix(sections(made(*cells)))
    assert found.transports == ["sse", "polling"]
    assert [(row.title, row.protocol) for row in found.rows] == [("Chromium 156", "h1"), ("Chromium 156", "h2")]
    [chip] = found.rows[0].chips["polling"]
    assert (chip.live, chip.what, chip.verdict, chip.group) == ("6 of 12", "tabs, 100 ms, ways", "confirmed", "p")
    assert dict(found.filters)["verdict"] == [("confirmed", "confirmed"), ("refuted", "refuted")]


def test_charts_are_the_same_each_time_and_one_picture_each() -> None:
    groups = of_kind(made(listened(), listened("polling", interval_ms=100)), "ways")
    first, again = charts(groups), charts(groups)
    assert first == again
    assert len(first) == 3
    for title, chart in first:
        assert chart.startswith('<svg class="chart" role="img" aria-label="')
        assert title in chart
        assert "<script" not in chart
    ids = [one for _, chart in first for one in Reader(chart).ids]
    assert len(ids) == len(set(ids)), "all are in one document"


def test_a_hostile_version_is_no_element_of_a_chart() -> None:
    for _, chart in charts(of_kind(made(listened(engine_version=f"{HOSTILE}.1")), "ways")):
        assert not {"script", "img"} & set(Reader(chart).tags)


def test_charts_compare_cells_of_one_number_of_tabs() -> None:
    cells = [listened(), listened("websocket"), listened("polling", up_to=30), listened("fetch_stream", live=None)]
    assert [run.transport for run in told(of_kind(made(*cells), "ways"))] == ["sse", "websocket"]
    assert charts(of_kind(made(cell()), "ways")) == []


@pytest.mark.parametrize("live", [1, 6, 11])
def test_the_curve_rises_to_as_many_as_were_open(live: int) -> None:
    view = timeline(cell(live=live))
    assert view is not None
    assert view.most == live
    assert [bar.kind for bar in view.bars].count("waiting") == 12 - live
    assert min(y for _, y in view.live) < max(y for _, y in view.live)
    assert [mark.label for mark in view.marks] == ["verdict at 1000 ms", "1 ended by the page"]
    assert 2 <= len(view.ticks) <= TICKS + 1


def test_pictures_stand_beside_their_tabs() -> None:
    pictures = (Screenshot(1, b"\xff\xd8live"), Screenshot(7, None, f"the browser gave none {HOSTILE}"))
    text = render(made(msgspec.structs.replace(cell(), pictures=pictures)))
    assert 'src="data:image/jpeg;base64,/9hsaXZl"' in text
    assert 'alt="Tab 1"' in text
    assert "no picture: the browser gave none &lt;script" in text
    assert "7: waiting, blank" in text
