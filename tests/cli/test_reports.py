"""The commands that read what a run has left, and what a run writes at its end: no browser is in any of it."""

from __future__ import annotations

import webbrowser
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from junitparser import JUnitXml

from lab.cli.progress import RunProgress
from lab.cli.reports import SUMMARY
from lab.model.verdict import Kind
from lab.results import file
from lab.results.file import CellResult, Results
from lab.run.resources import Plan
from tests.cli.test_cli import call
from tests.conftest import ROOT
from tests.results.test_file import cell, made

NEWER = msgspec.structs.replace(cell(live=9), engine_version="157.0")
NOT_THERE = "could not be written: No such file or directory"


@pytest.fixture(autouse=True)
def _somewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(SUMMARY, raising=False)


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What a browser was asked to open."""
    asked: list[str] = []

    def note(address: str) -> bool:
        asked.append(address)
        return True

    monkeypatch.setattr(webbrowser, "open", note)
    return asked


def left(run: str, *cells: CellResult) -> Path:
    """What a run leaves in reports/: its folder."""
    folder = Path("reports") / run
    folder.mkdir(parents=True)
    file.write(made(*cells), folder / "results.json")
    latest = Path("reports/latest")
    latest.unlink(missing_ok=True)
    latest.symlink_to(run)
    return folder


@pytest.mark.parametrize("named", [[], ["reports/one"], ["reports/one/results.json"], ["one"], ["latest"]])
def test_show_opens_the_report(opened: list[str], named: list[str]) -> None:
    folder = left("one", cell())
    found = call("show", *named)
    assert found.exit_code == 0, found.output
    assert opened == [(folder.resolve() / "index.html").as_uri()]
    assert "6 of 12 tabs stayed live" in (folder / "index.html").read_text()
    assert found.output.startswith("report: reports/")
    assert found.output.endswith("index.html\n")


def test_show_text_prints_all_tables_and_opens_nothing(opened: list[str]) -> None:
    folder = left("one", cell(), cell(live=9))
    found = call("show", "--text", "one")
    assert found.exit_code == 0, found.output
    assert opened == []
    assert not (folder / "index.html").exists()
    assert "Live clients, and the limit that held the others back" in found.stdout
    assert "refuted: The claim is 6 live at once" in " ".join(found.stdout.split())
    assert max(map(len, found.stdout.splitlines())) <= 80


def test_show_text_quotes_no_payload() -> None:
    """A verdict's reason quotes what a page received."""
    sample = file.read(ROOT / "reports" / "sample" / "results.json.gz")
    run = left("one", *(one for one in sample.cells if one.payloads))
    said = call("show", "--text", str(run)).stdout
    assert "NUL in data" in said
    assert "onetwo" not in said


def test_show_text_of_a_run_without_cells() -> None:
    left("one")
    assert call("show", "--text").output == "Nothing was measured.\n"


def test_show_leaves_a_report_that_is_there(opened: list[str]) -> None:
    page = left("one", cell()) / "index.html"
    page.write_text("mine")
    assert call("show").exit_code == 0
    assert (page.read_text(), len(opened)) == ("mine", 1)


@pytest.mark.parametrize("named", [[], ["none"], ["x" * 5000], [""]])
def test_show_of_no_run(opened: list[str], named: list[str]) -> None:
    found = call("show", *named)
    assert (found.exit_code, opened) == (2, [])
    assert len(found.output.splitlines()) == 1
    assert "there is no run" in found.output or "can't be read" in found.output


def test_show_without_a_browser_says_where_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    left("one", cell())
    monkeypatch.setattr(webbrowser, "open", lambda _: False)
    found = call("show")
    assert found.exit_code == 3
    assert found.output.splitlines() == [
        "report: reports/latest/index.html",
        "seventh-tab: no browser could be started to show the report: open reports/latest/index.html yourself",
    ]


def test_compare_says_what_changed_and_writes_a_page() -> None:
    left("one", cell())
    left("two", NEWER)
    found = call("compare", "one", "reports/two/results.json", "--out", "compared.html")
    assert found.exit_code == 0, found.output
    assert "The browser update moved this limit." in " ".join(found.output.split())
    assert max(len(line) for line in found.output.splitlines()) <= 80
    assert "9 live instead of 6" in Path("compared.html").read_text()


def test_compare_with_itself() -> None:
    left("one", cell())
    found = call("compare", "one", "latest")
    assert found.exit_code == 0
    assert "Nothing changed beyond the spread in 1 cell." in found.output


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["one", "none"], "there is no run 'none'"),
        (["one", "other.json"], "is not JSON"),
        (["one", "one", "--out", "none/x.html"], NOT_THERE),
    ],
)
def test_compare_of_what_is_not_there(arguments: list[str], complaint: str) -> None:
    left("one", cell())
    Path("other.json").write_text("no")
    found = call("compare", *arguments)
    assert found.exit_code == 2
    assert complaint in found.output
    assert found.output.count("seventh-tab:") == 1


def test_report_writes_junit_and_markdown_beside_it() -> None:
    file = str(left("one", cell(), cell(live=9)) / "results.json")
    found = call("report", file, "--junit", "junit.xml", "--markdown", "tables.md")
    assert found.exit_code == 0, found.output
    [suite] = JUnitXml.fromfile("junit.xml")
    assert (suite.tests, suite.failures) == (2, 0)
    assert Path("tables.md").read_text().startswith("# Seventh Tab")


@pytest.mark.parametrize("option", ["--junit", "--markdown"])
def test_report_can_not_write_them(option: str) -> None:
    folder = left("one", cell())
    found = call("report", str(folder / "results.json"), option, "none/file")
    assert found.exit_code == 2
    assert f"none/file {NOT_THERE}: choose another place with {option}" in found.output
    assert (folder / "index.html").is_file()


@pytest.fixture
def measuring(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """A run finds these cells, without any browser."""

    def find(*cells: CellResult) -> None:
        async def run(_: Plan, folder: Path, __: RunProgress, begun: Callable[[Results], None]) -> Results:
            found = made(*cells)
            begun(found)
            file.write(found, folder / "results.json")
            return found

        monkeypatch.setattr("lab.run.run.run", run)

    return find


def test_run_writes_them_and_the_summary(measuring: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> None:
    measuring(cell(), cell(live=9))
    Path("summary.md").write_text("before\n")
    monkeypatch.setenv(SUMMARY, "summary.md")
    found = call("run", "seventh_tab", "--junit", "junit.xml", "--markdown", "tables.md", "--strict")
    assert found.exit_code == 1, found.output
    [suite] = JUnitXml.fromfile("junit.xml")
    assert (suite.tests, suite.failures) == (2, 1), "strict: what is refuted fails"
    assert Path("summary.md").read_text() == "before\n" + Path("tables.md").read_text()


def test_the_last_screen_of_a_run_fits(measuring: Callable[..., None]) -> None:
    sample = file.read(ROOT / "reports" / "sample" / "results.json.gz")
    for cells in ([], [cell()], sample.cells, sample.cells * 20):
        measuring(*cells)
        lines = call("run", "seventh_tab").stdout.splitlines()
        assert len(lines) <= 45
        assert max(map(len, lines)) <= 80
        assert lines[-2:] == ["All tables: seventh-tab show --text", "report: reports/latest/index.html"]


def test_the_path_of_the_report_is_the_first_line(measuring: Callable[..., None]) -> None:
    measuring(cell())
    first = call("run", "seventh_tab").stderr.splitlines()[0]
    [run] = [path for path in Path("reports").iterdir() if not path.is_symlink()]
    assert first == f"report: {run / 'index.html'} (it fills while the run goes on)"


def test_elsewhere_the_hint_names_the_run(measuring: Callable[..., None]) -> None:
    measuring(cell())
    assert "All tables: seventh-tab show --text mine/latest" in call("run", "seventh_tab", "--out", "mine").stdout


def test_run_writes_what_it_can(measuring: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> None:
    measuring(cell())
    monkeypatch.setenv(SUMMARY, "none/summary.md")
    found = call("run", "seventh_tab", "--junit", "none/junit.xml", "--markdown", "tables.md")
    assert found.exit_code == 2
    complaints = [line for line in found.output.splitlines() if line.startswith("seventh-tab:")]
    assert complaints == [
        f"seventh-tab: none/junit.xml {NOT_THERE}: choose another place with --junit",
        f"seventh-tab: none/summary.md {NOT_THERE}: correct or unset {SUMMARY}",
    ]
    assert {"index.html", "results.json"} <= {path.name for path in Path("reports/latest").iterdir()}
    assert "6 of 12 tabs stayed live" in Path("tables.md").read_text()


def of_kind(one: CellResult, kind: Kind) -> CellResult:
    return msgspec.structs.replace(one, verdict=msgspec.structs.replace(one.verdict, kind=kind))


@pytest.mark.parametrize("kind", [Kind.INCONCLUSIVE, Kind.UNSUPPORTED, Kind.REFUTED, Kind.DISPUTED])
def test_only_the_labs_own_failure_makes_a_run_fail(measuring: Callable[..., None], kind: Kind) -> None:
    measuring(of_kind(cell(), kind))
    assert call("run", "seventh_tab").exit_code == 0


@pytest.mark.parametrize(("verdict", "code"), [("harness_fault", 4), ("disputed", 1)])
def test_what_was_measured_counts_for_more(measuring: Callable[..., None], verdict: str, code: int) -> None:
    measuring(of_kind(cell(), Kind(verdict)))
    assert call("run", "seventh_tab", "--strict", "--junit", "none/junit.xml").exit_code == code


@pytest.mark.parametrize("command", ["compare", "show", "report"])
def test_help(command: str) -> None:
    assert call(command, "--help").exit_code == 0


def test_judge_of_a_run_that_kept_no_observations() -> None:
    left("one", cell())
    found = call("judge", "one")
    assert found.exit_code == 2
    assert "reports/one has no observations.jsonl: runs of older versions kept none" in found.output


def test_a_run_that_was_cut_off_says_how_its_results_can_be_had() -> None:
    folder = left("one", cell())
    (folder / "results.json").unlink()
    (folder / "observations.jsonl").write_text("")
    for command in ("report", "show", "compare"):
        found = call(command, *(["one", "one"] if command == "compare" else ["reports/one"]))
        assert found.exit_code == 2, found.output
        assert "seventh-tab judge" in found.output
