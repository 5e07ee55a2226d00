"""What `seventh-tab probe --json` prints: an interface for other programs. probe.schema.json is its committed schema."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec

from lab.judge.prediction import predict
from lab.judge.probe import fix, hangs, verified
from lab.model.probe import Finding, Held
from lab.model.verdict import Kind
from lab.results.file import CellResult, Results
from lab.results.schema import describe_all


class Holder(msgspec.Struct, frozen=True):
    """What a tab holds open to one origin, by one URL."""

    origin: str
    """Scheme, host and port."""
    url: str
    """The URL, without values of its query."""
    kind: str
    """event stream, WebSocket, streaming answer or unanswered request."""
    content_type: str
    """The media type of its answer; empty if it has none."""
    initiator: str
    """The call and the place in a script that sent it; empty if it is not known."""
    per_tab: int
    """How many of them each tab holds."""
    age_ms: float
    """How long the oldest had been open when the first tab was at rest."""
    protocol: str
    """The protocol to the origin: h1-clear, h1 or h2; empty if it is not known."""


class Witness(msgspec.Struct, frozen=True):
    """What one witness says."""

    witness: str
    """Its name."""
    says: str
    """What it says, in words."""


class HangOf(msgspec.Struct, frozen=True):
    """One way to hang: the tab that was predicted, and the tab that was verified."""

    kind: str
    """navigation, page, action or server."""
    predicted_tab: int | None
    """The tab by the arithmetic; null if none of those asked for."""
    verified_tab: int | None
    """The tab that did; null if none of those asked for."""


class Engine(msgspec.Struct, frozen=True, kw_only=True):
    """The app in one browser. Tabs count from 1."""

    engine: str
    """The engine's name."""
    version: str | None
    """The browser's version; null if none started."""
    streams_per_tab: int
    """How many requests each further tab holds open to the origin that runs out first."""
    predicted_tab: int | None
    """The first tab that hangs, by the arithmetic; null if none of `asked` does."""
    verified_tab: int | None
    """The first tab that hung; null if none of `asked` did."""
    asked: int
    """How many tabs were asked for."""
    live: int | None
    """How many of them were live at the moment of the verdict; null if it could not be told."""
    kind: str | None
    """How the first tab hung: navigation, page, action or server; null if none did."""
    cause: str
    """For what, in words."""
    fix: str
    """The shortest fix; empty if none is needed."""
    holders: tuple[Holder, ...]
    """What a tab holds open at rest, by origin."""
    witnesses: tuple[Witness, ...]
    """What each witness says."""
    verdict: str
    """confirmed (as predicted), refuted, disputed, inconclusive, unsupported or harness_fault."""
    arithmetic: tuple[str, ...] = ()
    """The prediction, a step a line."""
    hangs: tuple[HangOf, ...] = ()
    """Each way to hang that was predicted or seen."""


class Probe(msgspec.Struct, frozen=True, kw_only=True):
    """The whole answer."""

    url: str
    """The URL, without values of its query."""
    protocol: str
    """The protocol that browsers use there: h1-clear, h1 or h2."""
    engines: tuple[Engine, ...]
    """One for each browser; none if the app could not be asked."""
    findings: tuple[Finding, ...]
    """What is notable about the wire, the worst first."""
    report: str | None = None
    """The path of the HTML report; null if no browser was asked."""


class Findings(msgspec.Struct, frozen=True):
    """What the wire part found."""

    url: str
    protocol: str
    findings: tuple[Finding, ...]


def as_json(results: Results | None, wire: Findings, report: Path | None = None) -> str:
    """The interface's form of a run's results, as indented JSON. Without results, no browser was asked. `report` is the path of
    the HTML report."""
    cells = results.cells if results is not None else []
    found = Probe(
        url=wire.url, protocol=wire.protocol, engines=tuple(map(engine_of, cells)), findings=wire.findings,
        report=str(report) if report else None,
    )  # fmt: skip
    return msgspec.json.format(msgspec.json.encode(found)).decode()


def engine_of(cell: CellResult) -> Engine:
    """One browser's part."""
    report, verdict = cell.probe, cell.verdict
    empty = report is None or not report.tabs
    if report is None or empty:
        return Engine(
            engine=cell.cell.engine, version=cell.engine_version, streams_per_tab=0, predicted_tab=None, verified_tab=None,
            asked=cell.cell.at_most, live=None, kind=None, cause=verdict.why, fix="", holders=(), witnesses=(),
            verdict=str(verdict.kind),
        )  # fmt: skip
    prediction, hang = predict(report), verified(report)
    told = verdict.kind in (Kind.CONFIRMED, Kind.REFUTED, Kind.DISPUTED)
    seen = hangs(report)
    first = prediction.first
    return Engine(
        engine=cell.cell.engine,
        version=cell.engine_version,
        streams_per_tab=prediction.streams_per_tab,
        predicted_tab=first[0] if first else None,
        verified_tab=hang.tab if hang else None,
        asked=report.asked,
        live=verdict.live,
        kind=hang.kind if hang and (told or hang.held) else None,
        cause=verdict.why,
        fix=fix(report, hang),
        holders=tuple(map(holder_of, report.holders)),
        witnesses=tuple(Witness(one.witness, one.says) for one in verdict.witnesses),
        verdict=str(verdict.kind),
        arithmetic=prediction.steps,
        hangs=tuple(
            HangOf(kind, prediction.hangs.get(kind), seen[kind].tab if kind in seen else None)
            for kind in dict.fromkeys((*prediction.hangs, *seen))
        ),
    )


def holder_of(one: Held) -> Holder:
    """One holder; `per_tab` is what a further tab holds."""
    return Holder(one.origin, one.url, one.kind, one.content_type, one.initiator, one.further, one.age_ms, one.protocol)


def schema() -> str:
    """The JSON Schema of `Probe`, as text: the content of probe.schema.json."""
    parts, definitions = msgspec.json.schema_components([Probe], ref_template="#/$defs/{name}")
    describe_all(definitions, Probe)
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "seventh-tab probe --json"}
    return json.dumps({**head, **parts[0], "$defs": definitions}, indent=1, ensure_ascii=False) + "\n"
