"""Older results files: they are read as today's, and no number that was measured is lost."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lab.errors import UsageError
from lab.model.claims import Answer, AtMost, Unlimited
from lab.model.openings import OPENINGS
from lab.model.verdict import Doubt, Kind, Limit
from lab.results import file
from lab.results.file import Results
from lab.results.upgrade import SCHEMA, questions_of, upgrade
from tests.conftest import ROOT

OLDER = sorted((ROOT / "tests" / "report" / "older").glob("schema-*.json"))
DROPPED = {"latest_ms", "grown_bytes"}
"""Numbers that were stored and never shown."""


def numbers(tree: Any) -> Iterator[float]:
    """Every number in a JSON value but those that are dropped, and the truths."""
    match tree:
        case dict():
            for name, value in tree.items():
                if name == "first_ms" and isinstance(value, list):
                    yield value[0]
                elif name not in DROPPED:
                    yield from numbers(value)
        case list():
            for value in tree:
                yield from numbers(value)
        case bool():
            pass
        case int() | float():
            yield float(tree)


def kept(data: dict[str, Any]) -> Counter[float]:
    """The numbers of an old file that must be there still: all but the documents of clients that share a page."""
    found = Counter(numbers(data))
    for one in (*data["calibration"], *data["cells"]):
        if not OPENINGS[one["opened"]].own_document and one["documents"] is not None:
            found[float(one["documents"])] -= 1
    return found


@pytest.fixture(scope="module", params=OLDER, ids=lambda path: path.stem)
def old(request: pytest.FixtureRequest) -> tuple[dict[str, Any], Results]:
    path: Path = request.param
    return json.loads(path.read_bytes()), file.read(path)


def test_every_older_schema_has_a_file() -> None:
    assert [path.stem for path in OLDER] == ["schema-2", "schema-3"]


def test_it_is_of_todays_schema_and_can_be_written(old: tuple[dict[str, Any], Results], tmp_path: Path) -> None:
    data, results = old
    assert results.schema == SCHEMA
    assert len(results.cells) == len(data["cells"])
    file.write(results, tmp_path / "results.json")
    assert file.read(tmp_path / "results.json") == results


def test_every_number_is_kept(old: tuple[dict[str, Any], Results]) -> None:
    data, results = old
    now = Counter(numbers(json.loads(file.encode(results))))
    lost = kept(data) - now
    assert lost == Counter()


def test_counts_and_verdicts_stay(old: tuple[dict[str, Any], Results]) -> None:
    data, results = old
    for before, after in zip(data["cells"], results.cells, strict=True):
        verdict = after.verdict
        assert (before["live"], before["connections"], before["max_streams"]) == (
            verdict.live, verdict.connections, verdict.max_streams,
        )  # fmt: skip
        assert before["asked"] == after.opened
        assert before["cause"] == (verdict.cause.label if verdict.cause else None)
        assert before["verdict"] == verdict.kind or verdict.doubt == Doubt.BUSY_MACHINE
        assert after.name == after.cell.name
        assert after.name.split(".")[1:] == before["name"].split(".")[1:]
        assert verdict.spoke >= verdict.agreed


def flat(**changes: Any) -> dict[str, Any]:
    """A cell of schema 3 by itself."""
    [path] = [path for path in OLDER if path.stem == "schema-3"]
    data: dict[str, Any] = json.loads(path.read_bytes())
    return {**data, "cells": [{**data["cells"][0], **changes}]}


def upgraded(**changes: Any) -> dict[str, Any]:
    [one] = upgrade(flat(**changes))["cells"]
    return dict(one)


@pytest.mark.parametrize(
    ("old", "new"), [("walls", "limits"), ("ways", "delivery"), ("coming_back", "reconnection"), ("mine", "mine")]
)
def test_scenarios_have_their_names_of_today(old: str, new: str) -> None:
    command = f"python3 -m nox -s lab -- {old} --engine chromium --opened page --repeat 1"
    one = upgraded(scenario=old, command=command)
    assert one["cell"]["scenario"] == new
    assert one["name"].startswith(f"{new}.")
    assert one["command"] == f"python3 -m nox -s lab -- {new} --engine chromium --opening page --repeat 1"


@pytest.mark.parametrize(
    ("scenario", "old", "new"),
    [("pools", "another host", "another host and its own page"), ("mine", "another host", "another host")],
)
def test_cases_have_their_names_of_today(scenario: str, old: str, new: str) -> None:
    assert upgraded(scenario=scenario, case=old)["cell"]["case"] == new


@pytest.mark.parametrize(
    ("scenario", "recorded", "question"),
    [
        ("walls", {}, "limits"),
        ("mine", {}, "limits"),
        ("mine", {"sides": [{"what": "x", "first": 1, "asked": 2}]}, "pools"),
        ("mine", {"probes": [{}]}, "starvation"),
        ("mine", {"way": {"seconds": 5}}, "delivery"),
        ("mine", {"drops": [{}], "case": "x"}, "drops"),
        ("mine", {"payloads": [{}]}, "payloads"),
        ("mine", {"case": "x"}, "pools"),
        ("coming_back", {"case": "x"}, "drops"),
        ("ways", {}, "delivery"),
    ],
)
def test_the_question_is_what_was_recorded_or_else_what_the_scenario_is_known_for(
    scenario: str, recorded: dict[str, Any], question: str
) -> None:
    """One cell that was measured tells it for all of its scenario."""
    cells = [{"scenario": scenario, "case": ""}, {"scenario": scenario, "case": "", **recorded}]
    assert questions_of(cells) == {scenario: question}


def read_back(tmp_path: Path, **changes: Any) -> file.CellResult:
    path = tmp_path / "results.json"
    path.write_text(json.dumps(flat(**changes)))
    [one] = file.read(path).cells
    return one


@pytest.mark.parametrize(
    ("claim", "now"),
    [
        ({"limit": 6, "source": "x", "opened": ["tabs"]}, AtMost(limit=6, source="x", openings=("tabs",))),
        ({"limit": None, "source": "x", "protocols": ["h2"]}, Unlimited(source="x", protocols=("h2",))),
        ({"limit": None, "source": "x", "answer": "all as said"}, Answer(answer="as specified", source="x")),
        ({"limit": None, "source": "x", "answer": "otherwise: a BOM"}, Answer(answer="differs: a BOM", source="x")),
        ({"limit": None, "source": "x", "answer": "shared"}, Answer(answer="shared", source="x")),
    ],
)
def test_a_claim_is_one_of_three_kinds(tmp_path: Path, claim: dict[str, Any], now: Any) -> None:
    assert read_back(tmp_path, claim=claim).claim == now


def test_documents_of_a_page_that_clients_share_were_never_counted(tmp_path: Path) -> None:
    says = [{"witness": "pages", "says": "6 of 10 received updates when asked; 10 documents had loaded.", "live": 6}]
    shared = read_back(tmp_path, opened="page", documents=10, witnesses=says)
    assert shared.verdict.documents is None
    assert shared.verdict.witnesses[0].says == "6 of 10 received updates when asked; their page had loaded."
    own = read_back(tmp_path, opened="tabs", documents=10, witnesses=says)
    assert own.verdict.documents == 10
    assert "10 documents had loaded" in own.verdict.witnesses[0].says


def test_a_machine_that_was_too_busy_was_no_fault_of_the_lab(tmp_path: Path) -> None:
    why = "the origin itself was 29.3 ms late with an update at the 99th percentile, and 20 ms is the most"
    fault = {"scenario": "ways", "drops": [], "verdict": "harness_fault"}
    busy = read_back(tmp_path, **fault, why=why)
    assert (busy.verdict.kind, busy.verdict.doubt) == (Kind.INCONCLUSIVE, Doubt.BUSY_MACHINE)
    assert read_back(tmp_path, **fault, why="it broke").verdict.kind == Kind.HARNESS_FAULT


def test_who_spoke_and_agreed_is_counted_again(tmp_path: Path) -> None:
    says = [
        {"witness": "pages", "says": "…", "live": 7},
        {"witness": "ledger", "says": "…", "live": 6},
        {"witness": "control", "says": "…", "live": None},
        {"witness": "network log", "says": "Not heard: it is empty.", "live": None},
    ]
    disputed = read_back(tmp_path, verdict="disputed", live=7, witnesses=says).verdict
    assert (disputed.spoke, disputed.agreed) == (2, 1)
    assert disputed.witnesses[-1].says == "Unavailable: it is empty."


def test_what_a_log_named_in_words_has_its_key(tmp_path: Path) -> None:
    held = {"url": "u", "tab": 7, "waits_for": "streams per connection", "since_ms": 1.0}
    release = {"tab": 1, "ended_by": "page", "ended_ms": 2.0, "waiting": [7], "arrived": [], "most": 0, "held": [held]}
    [one] = read_back(tmp_path, releases=[release]).releases
    assert one.held[0].waits_for is Limit.STREAMS


def test_the_sample_has_all_that_was_measured() -> None:
    """Deliveries and drops, which schema 2 did not have."""
    path = ROOT / "tests" / "report" / "older" / "schema-3.json"
    data, results = json.loads(path.read_bytes()), file.read(path)
    pairs = list(zip(data["cells"], results.cells, strict=True))
    delivered = [(before["way"], after.delivery) for before, after in pairs if before["way"]]
    assert delivered
    for before, after in delivered:
        assert after is not None
        assert list(after.latency_percentiles_ms) == before["latency_ms"]
        assert (after.delay_ms, after.first_ms) == (before["late_ms"], before["first_ms"][0])
        assert after.browser.memory_bytes == before["browser"]["memory_bytes"]
        assert after.origin.cpu_s == before["origin"]["cpu_s"]
    dropped = [(before["drops"], after.drops) for before, after in pairs if before["drops"]]
    assert dropped
    for was, now in dropped:
        assert [one.ended.delay_ms for one in now] == [one["ended"]["late_ms"] for one in was]
    assert [one.fix for one in results.browsers] == [one["mend"] for one in data["browsers"]]
    assert {one.cell.question for one in results.cells} == {
        "limits", "pools", "starvation", "delivery", "drops", "payloads"
    }  # fmt: skip


@pytest.mark.parametrize(
    "data", [{}, {"cells": None}, {"cells": [{}], "questions": {}}, {"cells": [], "questions": None}, {"cells": [7]}]
)
def test_what_is_no_older_file_is_refused_in_one_line(tmp_path: Path, data: dict[str, Any]) -> None:
    path = tmp_path / "results.json"
    path.write_text(json.dumps({"schema": "seventh-tab/3", **data}))
    with pytest.raises(UsageError, match="does not keep to schema 'seventh-tab/3'") as caught:
        file.read(path)
    assert "\n" not in str(caught.value)
