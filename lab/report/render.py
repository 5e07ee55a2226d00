"""The report as one HTML file: the same results give the same bytes."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from pathlib import Path

from lab.errors import MachineError
from lab.model.observation import ClientSeen, Screenshot
from lab.model.openings import OPENINGS
from lab.model.protocols import PROTOCOLS
from lab.report.findings import advice, differing, findings, untold
from lab.report.html import own, style, template
from lab.report.matrix import matrix
from lab.report.sections import sections, sentences
from lab.report.tables import cell_title, live_of_opened
from lab.report.timeline import client_state, noun, timeline
from lab.results.file import CellResult, Results
from lab.results.names import engine_name, engine_title

MOST_ROWS = 24
"""The most rows in a cell's tables; the others are in results.json."""

FOREMOST = 5
"""The most items of a list that are visible at once; the others are behind a click."""

RELOAD_S = 5
"""The time after which the page of a run that goes on reloads itself, in seconds."""

PICTURES = {"image/jpeg", "image/png", "image/webp"}
"""The media types that the page shows."""


def pictures(run: CellResult) -> list[tuple[ClientSeen, Screenshot]]:
    """Each client with its screenshot, which may have a reason instead of an image."""
    taken = {one.tab: one for one in run.screenshots}
    return [(client, taken[client.tab]) for client in run.clients if client.tab in taken]


def render(results: Results, running: bool = False) -> str:
    """The whole HTML page. `running`: the run goes on. The page says so, reloads itself, and leaves out the charts, which cost
    most of the time."""
    told = sections(results)
    return template("report.html.j2").render(
        results=results,
        running=running,
        reload_s=RELOAD_S,
        browsers=list(dict.fromkeys(engine_title(run) for run in results.cells if run.engine_version)),
        findings=findings(results),
        advice=advice(results),
        lists=[
            ("differs", "Where browsers differ from the documentation", differing(results)),
            ("untold", "Without a clear answer", untold(results)),
        ],
        foremost=FOREMOST,
        matrix=matrix(told),
        sections=told,
        sentences=partial(sentences, results),
        unmeasured=[one for section in told for one in section.groups if one.shown.verdict.live is None],
        measured=len(results.cells),
        pictures=pictures,
        picture_types=PICTURES,
        cell_title=cell_title,
        live_of_opened=live_of_opened,
        timeline=timeline,
        client_state=client_state,
        noun=noun,
        openings=OPENINGS,
        most=MOST_ROWS,
        protocols=PROTOCOLS,
        engine_name=engine_name,
        engine_title=engine_title,
        style=style(),
        script=own("report.js"),
    )


def write_report(results: Results, path: Path, running: bool = False) -> Path:
    """Write the page to a file, and return its path. A reader of the file sees the old page or the new one, never a part.
    Raises MachineError if it can't be written."""
    new = path.with_name(f"{path.name}.new")
    try:
        new.write_text(render(results, running), encoding="utf-8")
        new.replace(path)
    except OSError as error:
        with suppress(OSError):
            new.unlink(missing_ok=True)
        raise MachineError(f"{path} could not be written: {error.strerror}", "choose another place with --out") from error
    return path
