"""Renders the report: the same results give the same bytes. Everything in it is escaped unless it was made here."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from pathlib import Path

import jinja2
from markupsafe import Markup, escape

from lab.errors import MachineError
from lab.openings import OPENINGS
from lab.protocols import PROTOCOLS
from lab.report.finding import advice, findings, others, surprising
from lab.report.sections import sections
from lab.report.sheets import engine_title, way_of
from lab.report.timeline import timeline
from lab.results import Results

MOST_ROWS = 60  # In a cell's tables: the rest is in results.json.
MARKS = {"confirmed": "✓", "refuted": "✗", "disputed": "?", "unsupported": "–", "harness_fault": "!"}
WORDS = {"harness_fault": "harness fault"}


@cache
def template() -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("lab.report", "."),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["linked"] = linked
    return environment.get_template("report.html.j2")


def linked(text: str) -> Markup:
    """Escaped, with its https addresses as links."""
    parts = re.split(r"(https://[^\s()<>\"']+)", text)
    return Markup().join(
        Markup('<a href="{0}">{0}</a>').format(part) if part.startswith("https://") else escape(part) for part in parts
    )


def render(results: Results) -> str:
    found = findings(results)
    return template().render(
        results=results,
        findings=found,
        others=[one for one in others(results) if one not in found],
        advice=advice(results),
        surprises=surprising(results),
        sections=sections(results),
        measured=len(results.cells),
        way_of=way_of,
        timeline=timeline,
        openings=OPENINGS,
        most=MOST_ROWS,
        protocols=PROTOCOLS,
        engine_title=engine_title,
        marks=MARKS,
        words=WORDS,
        style=Markup((files("lab.report") / "style.css").read_text(encoding="utf-8")),  # noqa: S704  # our own file
    )


def write_report(results: Results, path: Path) -> Path:
    """Raises MachineError when it can't be written."""
    try:
        path.write_text(render(results), encoding="utf-8")
    except OSError as error:
        raise MachineError(f"{path} could not be written: {error.strerror}", "choose another place with --out") from error
    return path
