"""The report and the terminal's lines of a probe: they begin with the user's app, and ask nothing that a probe does not."""

from __future__ import annotations

import msgspec
import pytest

from lab.cli.probe_lines import cell_lines, finding_lines, prediction_lines
from lab.judge import judge
from lab.judge.prediction import predict
from lab.model.probe import Finding, ProbeReport, Severity, Waiting
from lab.model.questions import QUESTIONS
from lab.report.render import render
from lab.results.file import CellResult, Results
from lab.results.record import cell_result
from tests.judge.test_probe import APP, FIVE, HANGS, blank, observed, report, starving, tab
from tests.results.test_file import made

WIDTH = 100


def probed(seen: ProbeReport = HANGS, engine: str = "chromium", version: str = "156.0.1") -> CellResult:
    observation = observed(seen)
    cell = msgspec.structs.replace(observation.cell, engine=engine)
    observation = msgspec.structs.replace(observation, cell=cell, engine_version=version, opened=len(seen.tabs))
    return cell_result(observation, judge(observation))


def headed(found: Results) -> str:
    """The page's first screen."""
    return render(found).partition("<nav")[0].partition("</style>")[2]


def test_it_begins_with_the_app_and_what_to_do() -> None:
    text = headed(made(probed()))
    assert f'<h1 class="finding">{APP}/: tab 6 hangs in Chromium 156.</h1>' in text
    assert "The new tab stays blank, for its navigation waits. At rest each tab holds open: event stream" in text
    assert "Serve it over HTTP/2" in text
    assert "The server is not the lab&#39;s, so it keeps no ledger" in text
    assert "Tab 1 was closed, and tab 6 came on 20 ms later." in text


def test_browsers_that_differ_are_told_apart() -> None:
    other = probed(report(*FIVE, starving(6)), "firefox", "153.0")
    assert "tab 6 hangs in Chromium 156 and Firefox 153." in headed(made(probed(), other))
    assert "Chromium 156: the new tab stays blank" in headed(made(probed(), other))
    free = probed(report(*FIVE, tab(6), tab(7), tab(8), release=None, beside=None), "firefox", "153.0")
    assert "tab 6 hangs in Chromium 156 and all 8 tabs stay live in Firefox 153." in headed(made(probed(), free))


def test_what_could_not_be_told_is_no_headline() -> None:
    text = headed(made(probed(report(broke="the app no longer answers"))))
    assert "hangs" not in text
    assert "the app no longer answers" in text


def test_only_its_own_question_is_there_and_its_own_method() -> None:
    text = render(made(probed()))
    assert "This run did not ask it" not in text
    for question in QUESTIONS.values():
        assert (f"<h2>{question.title}</h2>" in text) is (question.name == "probe")
    assert "A plain client asked the app first" in text
    assert "against a server of its own on this machine" not in text


def test_a_tab_behind_an_older_request_is_not_held_by_the_browser() -> None:
    waits = Waiting(url=f"{APP}/", what="document", held=False, behind=True)
    behind = msgspec.structs.replace(blank(7), waiting=(waits,))
    assert "no: it waits behind an older one for the same URL" in render(made(probed(report(*FIVE, blank(6), behind))))


def test_the_lines_of_the_terminal() -> None:
    told = list(cell_lines(probed(), WIDTH))
    assert told[0] == "● ● ● ● ● ○ ○ ○  5 of 8 tabs live"
    assert told[1].startswith("Chromium 156: tab 6 (navigation), as predicted. Tab 6 stays blank: its navigation waits")
    assert told[-1].startswith("  fix: serve it over HTTP/2")
    lines = list(prediction_lines(predict(HANGS), HANGS, WIDTH))
    assert lines[:3] == ["", "At rest a tab holds open:", f"  event stream {APP}/events by EventSource at x"]
    assert lines[-1] == "predicted: tab 6 (navigation)"
    assert list(finding_lines([Finding("x", Severity.RISK, "what", "evidence", "todo")], WIDTH)) == [
        "risk: what (evidence)",
        "    fix: todo",
    ]
    assert all(len(line) <= WIDTH for line in [*told, *lines])


@pytest.mark.parametrize("letter", ["\x1b[31m", "\x07"])
def test_nothing_from_the_network_reaches_the_terminal_as_it_is(letter: str) -> None:
    hostile = report(*FIVE, blank(6), holders=(msgspec.structs.replace(HANGS.holders[0], url=f"{APP}/{letter}"),))
    told = [*cell_lines(probed(hostile), WIDTH), *prediction_lines(predict(hostile), hostile, WIDTH)]
    assert not any(letter in line for line in told)
