"""The charts of delivery: static SVG without scripts, in the page's own colours, so that one drawing works in light and dark
mode. The page has a table with the same numbers.

Vega-Lite draws them. The elements of its SVG are then changed, so that each chart is one image with one title, and its ids are
unique in the page.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET  # It parses only what Vega has made here.
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import altair as alt
import msgspec
import vl_convert
from markupsafe import Markup

from lab.judge.figures import DeliveryFigures
from lab.model.protocols import PROTOCOLS
from lab.report.delivery import COSTS, comparable
from lab.report.tables import text
from lab.results.file import CellResult
from lab.results.names import engine_title, transport_of
from lab.results.repeats import Repeats

Rows = list[dict[str, Any]]

COLOURS = [f"var(--series-{number})" for number in range(1, 9)]
SHAPES = ["circle", "square", "triangle-up", "diamond", "cross", "triangle-down", "triangle-left", "triangle-right"]
DRAWN_PERCENTILES = (0, 1, *range(5, 100, 5), 99, 100)
SIZE = {"width": 300, "height": 190}
DECADES = alt.Axis(values=[1, 10, 100, 1000, 10000])
LEAST_MS = 0.1
"""The smallest latency that is drawn: a logarithmic axis has no zero."""

LEGEND = "updates by"
SVG = "http://www.w3.org/2000/svg"

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
    "padding": {"left": 5, "top": 5, "bottom": 5, "right": 40},  # The reader's font may be wider.
}  # fmt: skip


def rows_of(runs: Sequence[CellResult], figures: Callable[[DeliveryFigures], Rows]) -> Rows:
    """A row for each figure of each cell, with the cell's transport, engine, protocol and number of live clients."""
    return [
        {
            "by": transport_of(run),
            "engine": engine_title(run),
            "protocol": PROTOCOLS[run.cell.protocol].title,
            "live": run.verdict.live,
            **one,
        }
        for run in runs
        if run.delivery
        for one in figures(run.delivery)
    ]


def names_in(rows: Rows) -> list[str]:
    """The transports of some rows, each once, in the order in which they come."""
    return list(dict.fromkeys(str(one["by"]) for one in rows))


def distributions(runs: Sequence[CellResult]) -> Rows:
    """Points of the latency curves: `percent` % of a run's updates came within `ms`."""
    return rows_of(
        runs,
        lambda one: [{"ms": max(LEAST_MS, one.latency_percentiles_ms[each]), "percent": each} for each in DRAWN_PERCENTILES],
    )


def draw_distributions(rows: Rows) -> Any:
    """Draw a latency curve for each transport."""
    x = alt.X("ms:Q", scale=alt.Scale(type="log"), axis=DECADES, title="latency, ms (logarithmic)")
    y = alt.Y("percent:Q", title="% of updates")
    return alt.Chart(data(rows)).mark_line(strokeWidth=2).encode(x=x, y=y, color=colour(rows))


def prices(runs: Sequence[CellResult]) -> Rows:
    """Points of median latency (ms) and requests a second: with polling, a lower latency costs more requests."""
    return rows_of(
        runs, lambda one: [{"ms": max(LEAST_MS, one.latency_percentiles_ms[50]), "requests": one.requests_per_second}]
    )


def draw_prices(rows: Rows) -> Any:
    """Draw a point for each run: its median latency over the requests of each live client."""
    each = "datum.requests / datum.live"
    x = alt.X(
        "each:Q",
        scale=alt.Scale(type="symlog", constant=0.1),
        axis=alt.Axis(values=[0, 0.1, 1, 10], labelExpr="datum.value"),
        title="requests a second from each live client",
    )
    y = alt.Y("ms:Q", scale=alt.Scale(type="log"), axis=DECADES, title="median latency, ms (logarithmic)")
    marks = alt.Chart(data(rows)).transform_calculate(each=each).mark_point(size=90, filled=True)
    names = names_in(rows)
    shape = alt.Shape("by:N", scale=alt.Scale(domain=names, range=SHAPES[: len(names)]), title=LEGEND, sort=names)
    return marks.encode(x=x, y=y, color=colour(rows), shape=shape)


def costs(runs: Sequence[CellResult]) -> Rows:
    """The browser's CPU time for 1000 updates: a cost with its range of error, or an upper bound with the table's words."""
    [column] = [one for one in COSTS if one.key == "browser"]

    def figures(one: DeliveryFigures) -> Rows:
        cost, within = one.browser, one.browser.cpu_within_s or 0.0
        if cost.cpu_s is None or cost.bound_s is None:
            return []
        if not cost.known:
            return [{"bound": cost.bound_s, "words": text(cost, column)}]
        return [{"cpu": cost.cpu_s, "low": cost.cpu_s - within, "high": cost.cpu_s + within}]

    return rows_of(runs, figures)


def draw_costs(rows: Rows) -> Any:
    """Draw a bar for a known cost, and a dashed line up to an upper bound."""
    y = alt.Y("by:N", title=None, sort=names_in(rows))
    x = alt.X("cpu:Q", title="CPU seconds", scale=alt.Scale(domainMin=0))
    known = alt.Chart().transform_filter("isValid(datum.cpu)")
    below = alt.Chart().transform_filter("isValid(datum.bound)")
    line = below.transform_calculate(zero="0").encode(y=y, x="zero:Q", x2="bound:Q", color=alt.value("var(--soft)"))
    words = below.encode(y=y, x="bound:Q", text="words:N", color=alt.value("var(--soft)"))
    return alt.layer(
        known.mark_bar(height=12).encode(x=x, y=y, color=alt.value("var(--bar)")),
        known.mark_rule(strokeWidth=2).encode(x="low:Q", x2="high:Q", y=y, color=alt.value("var(--ink)")),
        line.mark_rule(strokeWidth=1.5, strokeDash=[4, 3]),
        words.mark_text(align="left", dx=4),
        data=data(rows),
    )


def data(rows: Rows) -> alt.InlineData:
    """The rows as Vega-Lite takes them."""
    return alt.InlineData(values=rows)


def colour(rows: Rows) -> alt.Color:
    """A colour for each transport, the same in each chart with the same transports."""
    names = names_in(rows)
    return alt.Color("by:N", scale=alt.Scale(domain=names, range=COLOURS[: len(names)]), title=LEGEND, sort=names)


class Chart(msgspec.Struct, frozen=True):
    """One chart: its rows, how they are drawn, and its title."""

    name: str
    figures: Callable[[Sequence[CellResult]], Rows]
    draw: Callable[[Rows], Any]
    title: str


CHARTS = (
    Chart("latency", distributions, draw_distributions, "Latency: the share of updates that arrived within a given time"),
    Chart("price", prices, draw_prices, "Median latency, and how many requests each client had to send for it"),
    Chart(
        "cost", costs, draw_costs,
        "Browser's CPU time for 1000 updates. The line on a bar is its range of error; a dashed line ends at an upper bound, "
        "where only that is known",
    ),
)  # fmt: skip


def charts(groups: Sequence[Repeats]) -> list[tuple[str, Markup]]:
    """The charts of some cells, each with its title; a chart without rows is left out."""
    runs = comparable(groups)
    made = []
    for one in CHARTS:
        rows = one.figures(runs)
        if rows:
            row, column = alt.Row("engine:N", title=None), alt.Column("protocol:N", title=None)
            facets = one.draw(rows).properties(**SIZE).facet(row=row, column=column)
            made.append((one.title, drawn(one.name, one.title, facets.to_json())))
    return made


@cache
def drawn(name: str, title: str, chart: str) -> Markup:
    """The SVG of a Vega-Lite chart, as one image with a title. The ids get numbers of their own, because Vega's numbers depend
    on what the process drew before. Vega's classes go: the page's own rules must not meet them."""
    root = ET.fromstring(vl_convert.vegalite_to_svg(chart, config=CONFIG))  # noqa: S314  # Vega's own output
    ids = [one.get("id", "") for one in root.iter() if one.get("id")]
    renamed = {old: f"{name}-{number}" for number, old in enumerate(dict.fromkeys(ids))}
    references = {f"url(#{old})": f"url(#{new})" for old, new in renamed.items()}
    for element in root.iter():
        for attribute, value in list(element.items()):
            if attribute in ("role", "class") or attribute.startswith("aria-"):
                del element.attrib[attribute]
            elif attribute == "id":
                element.set(attribute, renamed[value])
            else:
                element.set(attribute, references.get(value, value))
        element.tag = element.tag.removeprefix(f"{{{SVG}}}")  # In HTML an svg element needs no namespace.
    size = {"viewBox": root.get("viewBox", "")}
    root.attrib.clear()
    root.attrib.update({"class": "chart", "role": "img", "aria-label": title, **size})
    return Markup(ET.tostring(root, encoding="unicode"))  # noqa: S704  # ElementTree escapes what it writes.
