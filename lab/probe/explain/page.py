"""An explanation as one HTML file: no script, no network, the look of the lab's report."""

from __future__ import annotations

from functools import cache

import jinja2

from lab.probe.explain.drawing import timeline
from lab.probe.explain.explanation import Explanation
from lab.probe.explain.tables import hosts_table, waits_table
from lab.probe.explain.words import sentences, told, waited_for
from lab.report.html import hashed, style
from lab.report.tables import text
from lab.text import sentence

MOST_DRAWN = 12
"""The most queues that have a part of their own: those that waited longest in all."""


@cache
def template() -> jinja2.Template:
    """The page's template. All text is escaped."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("lab.probe.explain", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"hashed": hashed, "text": text, "sentence": sentence}
    return environment.get_template("explain.html.j2")


def render(one: Explanation) -> str:
    """The whole HTML page."""
    return template().render(
        one=one,
        sentences=sentences(one),
        queues=one.queues[:MOST_DRAWN],
        left_out=max(0, len(one.queues) - MOST_DRAWN),
        told=told,
        timeline=timeline,
        waited_for=waited_for,
        waits_table=waits_table,
        hosts_table=hosts_table,
        style=style(),
    )
