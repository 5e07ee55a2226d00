"""Renders the report: the same results give the same bytes. Everything in it is escaped unless it was made here."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from lab.errors import MachineError
from lab.model.observation import ClientSeen, Screenshot
from lab.model.openings import OPENINGS
from lab.model.protocols import PROTOCOLS
from lab.report.charts import charts
from lab.report.findings import advice, findings, sentences, surprising
from lab.report.html import own, template
from lab.report.matrix import matrix
from lab.report.sections import sections
from lab.report.tables import engine_title, way_of
from lab.report.timeline import timeline
from lab.results.file import CellResult, Results

MOST_ROWS = 24  # In a cell's tables: the rest is in results.json.
MARKS = {"confirmed": "✓", "refuted": "✗", "disputed": "?", "unsupported": "–", "harness_fault": "!"}
FOREMOST = 5  # Surprises that stand at the top; the rest is behind a click.


def sights(cell: CellResult) -> list[tuple[ClientSeen, Screenshot]]:
    """Each tab with its picture."""
    pictures = {one.tab: one for one in cell.pictures}
    return [(tab, pictures[tab.tab]) for tab in cell.tabs if tab.tab in pictures]


def render(results: Results) -> str:
    told = sections(results)
    return template("report.html.j2").render(
        results=results,
        browsers=list(dict.fromkeys(engine_title(cell) for cell in results.cells if cell.engine_version)),
        findings=findings(results),
        advice=advice(results),
        surprises=surprising(results),
        foremost=FOREMOST,
        matrix=matrix(told),
        sections=told,
        sentences=partial(sentences, results),
        unmeasured=[one for section in told for one in section.groups if one.shown.live is None],
        measured=len(results.cells),
        charts=charts,
        sights=sights,
        way_of=way_of,
        timeline=timeline,
        openings=OPENINGS,
        most=MOST_ROWS,
        protocols=PROTOCOLS,
        engine_title=engine_title,
        marks=MARKS,
        style=own("style.css"),
        script=own("report.js"),
    )


def write_report(results: Results, path: Path) -> Path:
    """Raises MachineError when it can't be written."""
    try:
        path.write_text(render(results), encoding="utf-8")
    except OSError as error:
        raise MachineError(f"{path} could not be written: {error.strerror}", "choose another place with --out") from error
    return path
