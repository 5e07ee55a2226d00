"""The charts about ways: static SVG without script, in the page's own colours, so that one drawing follows light and dark. A
table with the same numbers stands beside each."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import altair as alt
import vl_convert
from markupsafe import Markup

from lab.judge.figures import Way
from lab.model.protocols import PROTOCOLS
from lab.report.tables import engine_title, way_of
from lab.results.file import CellResult
from lab.results.repeats import Group

COLOURS = [f"var(--series-{number})" for number in range(1, 9)]
SHAPES = ["circle", "square", "triangle-up", "diamond", "cross", "triangle-down", "triangle-left", "triangle-right"]
PERCENTILES = (0, 1, *range(5, 100, 5), 99, 100)
SIZE = {"width": 300, "height": 190}
DECADES = alt.Axis(values=[1, 10, 100, 1000, 10000])
LEAST_MS = 0.1  # A logarithm has no zero, and two clocks may differ by more than this.
BY = "updates by"


CONFIG = {
    "background": None,
    "font": "system-ui, sans-serif",
    "axis": {
        "labelColor": "var(--soft)", "titleColor": "var(--ink)", "gridColor": "var(--line)", "domainColor": "var(--held)",
        "tickColor": "var(--held)", "titleFontWeight": 400,
    },
    "legend": {"labelColor": "var(--ink)", "titleColor": "var(--ink)", "symbolStrokeWidth": 2, "labelLimit": 200},
    "header": {"labelColor": "var(--ink)", "titleColor": "var(--ink)", "labelFontSize": 12},
    "view": {"stroke": "var(--line)"},
    "aria": False,
    "padding": {"left": 5, "top": 5, "bottom": 5, "right": 40},  # A reader's font may be wider.
}  # fmt: skip


def told(groups: Sequence[Group]) -> list[CellResult]:
    """Those with updates to tell of, of the number of tabs that most were asked for."""
    runs = [one.shown for one in groups if one.shown.way and one.shown.way.latency_ms and one.shown.live]
    asked = [run.up_to for run in runs]
    usual = max(asked, key=asked.count) if asked else 0
    return [run for run in runs if run.up_to == usual]


Rows = list[dict[str, Any]]


def rows_of(runs: Sequence[CellResult], figures: Callable[[Way], Sequence[dict[str, Any]]]) -> Rows:
    """A row for each of a run's figures, with which run it is of."""
    return [
        {"way": way_of(run), "engine": engine_title(run), "protocol": PROTOCOLS[run.protocol].family, "live": run.live, **one}
        for run in runs
        if run.way
        for one in figures(run.way)
    ]


def ways_in(rows: Rows) -> list[str]:
    return list(dict.fromkeys(str(one["way"]) for one in rows))


def latencies(runs: Sequence[CellResult]) -> Rows:
    return rows_of(runs, lambda way: [{"ms": max(LEAST_MS, way.latency_ms[each]), "percent": each} for each in PERCENTILES])


def draw_latencies(rows: Rows) -> Any:
    x = alt.X("ms:Q", scale=alt.Scale(type="log"), axis=DECADES, title="came within so many ms of the origin's stamp (log)")
    y = alt.Y("percent:Q", title="% of updates")
    return alt.Chart(data(rows)).mark_line(strokeWidth=2).encode(x=x, y=y, color=colour(rows))


def lateness(runs: Sequence[CellResult]) -> Rows:
    """More requests buy earlier updates, and what is pushed needs none."""
    return rows_of(runs, lambda way: [{"ms": max(LEAST_MS, way.latency_ms[50]), "requests": way.requests_per_second}])


def draw_lateness(rows: Rows) -> Any:
    each = "datum.requests / datum.live"
    x = alt.X(
        "each:Q",
        scale=alt.Scale(type="symlog", constant=0.1),
        axis=alt.Axis(values=[0, 0.1, 1, 10], labelExpr="datum.value"),
        title="requests a second from each tab",
    )
    y = alt.Y("ms:Q", scale=alt.Scale(type="log"), axis=DECADES, title="ms late at the median (log)")
    marks = alt.Chart(data(rows)).transform_calculate(each=each).mark_point(size=90, filled=True)
    names = ways_in(rows)
    shape = alt.Shape("way:N", scale=alt.Scale(domain=names, range=SHAPES[: len(names)]), title=BY, sort=names)
    return marks.encode(x=x, y=y, color=colour(rows), shape=shape)


def costs(runs: Sequence[CellResult]) -> Rows:
    def figures(way: Way) -> Rows:
        cpu, within = way.browser.cpu_s, way.browser.cpu_within_s or 0.0
        return [] if cpu is None else [{"cpu": cpu, "low": cpu - within, "high": cpu + within}]

    return rows_of(runs, figures)


def draw_costs(rows: Rows) -> Any:
    bars = alt.Chart()
    y = alt.Y("way:N", title=None, sort=ways_in(rows))
    return alt.layer(
        bars.mark_bar(height=12).encode(x=alt.X("cpu:Q", title="CPU seconds"), y=y, color=alt.value("var(--bar)")),
        bars.mark_rule(strokeWidth=2).encode(x="low:Q", x2="high:Q", y=y, color=alt.value("var(--ink)")),
        data=data(rows),
    )


def data(rows: Rows) -> alt.InlineData:
    return alt.InlineData(values=rows)


def colour(rows: Rows) -> alt.Color:
    names = ways_in(rows)
    return alt.Color("way:N", scale=alt.Scale(domain=names, range=COLOURS[: len(names)]), title=BY, sort=names)


CHARTS: dict[str, tuple[Callable[[Sequence[CellResult]], Rows], Callable[[Rows], Any], str]] = {
    "latencies": (latencies, draw_latencies, "How late updates came: the share that came within so many ms"),
    "lateness": (lateness, draw_lateness, "How late updates came at the median, against what each tab had to ask for"),
    "costs": (costs, draw_costs, "What 1000 updates cost the browser; the line is how far its idle times differed"),
}


def charts(groups: Sequence[Group]) -> list[tuple[str, Markup]]:
    """Each with its title; nothing where there is nothing to draw."""
    runs = told(groups)
    made = []
    for name, (rows_of_runs, draw, title) in CHARTS.items():
        rows = rows_of_runs(runs)
        if rows:
            facets = (
                draw(rows)
                .properties(**SIZE)
                .facet(row=alt.Row("engine:N", title=None), column=alt.Column("protocol:N", title=None))
            )
            made.append((title, drawn(name, title, facets.to_json())))
    return made


@cache
def drawn(name: str, title: str, chart: str) -> Markup:
    """The SVG of a Vega-Lite chart, as one picture with a title. Its ids are numbered in each process anew, so they get numbers
    of their own."""
    svg = vl_convert.vegalite_to_svg(chart, config=CONFIG)
    svg = re.sub(r' (?:role|aria-[a-z]+)="[^"]*"', "", svg)
    svg = re.sub(
        r'^<svg [^>]*width="[\d.]+" height="[\d.]+" viewBox', f'<svg class="chart" role="img" aria-label="{title}" viewBox', svg
    )
    ids = list(dict.fromkeys(re.findall(r'id="([^"]+)"', svg)))
    for number, one in enumerate(ids):
        svg = re.sub(rf'(id="|url\(#){re.escape(one)}(["\)])', rf"\g<1>{name}-{number}\g<2>", svg)
    return Markup(svg)  # noqa: S704  # Vega escapes what it writes; tests/report feed it hostile names.
