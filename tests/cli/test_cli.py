"""The command line: what each command prints, and one clear line with its exit code for everything that can't be."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from lab.cli.main import main
from lab.cli.options import choice_of
from lab.errors import LabError, UsageError
from lab.model.axes import AXES
from lab.results import file
from lab.scenario import catalogue
from tests.conftest import ROOT
from tests.results.test_file import cell, made


def call(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments))


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["run", "seventh_tap"], "did you mean 'seventh_tab'?"),
        (["run", "--engine", "chrome"], "unknown engine 'chrome': did you mean 'chromium'?"),
        (["run", "--engine", "netscape"], "known are chromium, firefox"),
        (["run", "--protocol", "h3"], "unknown protocol 'h3': did you mean"),
        (["run", "--opening", "tab"], "unknown opening 'tab': did you mean 'tabs'?"),
        (["run", "--opened", "tab"], "unknown opening 'tab': did you mean 'tabs'?"),
        (["run", "--route", "ngnix"], "unknown route 'ngnix': did you mean 'nginx'?"),
        (["run", "pools", "--case", "another hots"], "unknown case 'another hots': did you mean"),
        (["run", "seventh_tab", "--case", "another port"], "unknown case 'another port'"),
        (["list", "seventh_tap"], "did you mean 'seventh_tab'?"),
        (["judge", "nowhere"], "there is no run 'nowhere'"),
        (["run", "--transport", "see"], "did you mean 'sse'?"),
        (["run", "--tabs", "0"], "0 is not in the range"),
        (["run", "--tabs", "-1"], "-1 is not in the range"),
        (["run", "--tabs", "six"], "'six' is not a valid integer"),
        (["run", "--repeat", "0"], "0 is not in the range"),
        (["run", "--out", "/proc/nowhere"], "no report can be written in /proc/nowhere"),
        (["report", "nowhere.json"], "there is no run 'nowhere.json'"),
        (["serve", "--port", "h4=80"], "'h4=80': expected DOOR=PORT, with a door of h1-clear"),
        (["serve", "--port", "h2=99999"], "expected DOOR=PORT"),
        (["serve", "--port", "h2"], "expected DOOR=PORT"),
        (["serve", "--port", "h2=²"], "expected DOOR=PORT"),
    ],
)
def test_bad_usage_is_one_line_and_exit_2(arguments: list[str], complaint: str) -> None:
    found = call(*arguments)
    assert found.exit_code == 2, found.output
    assert complaint in found.output
    assert "Traceback" not in found.output
    assert len([line for line in found.output.splitlines() if "Error" in line or "seventh-tab:" in line]) == 1


def test_a_scenario_file_with_a_syntax_error(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("async def mine(:\n")
    found = call("run", str(tmp_path / "mine.py"))
    assert found.exit_code == 2
    assert f"{tmp_path / 'mine.py'}, line 1: invalid syntax" in found.output


def test_a_port_in_use() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        found = call("serve", "--port", f"h2={port}")
    assert found.exit_code == 2
    assert f"door h2: 127.0.0.1:{port} can't be bound: Address already in use" in found.output


def test_list_is_one_line_a_scenario() -> None:
    found = call("list")
    assert found.exit_code == 0
    lines = found.output.splitlines()
    assert [line.split()[0] for line in lines] == list(catalogue.load(catalogue.home()))
    assert len({line.partition(" ")[2] for line in lines}) == len(lines), "each has a question of its own"
    assert max(map(len, lines)) <= 80


def test_list_of_one_says_what_its_cells_and_claims_are() -> None:
    found = call("list", "pools")
    assert found.exit_code == 0
    for words in (
        "What shares a limit", "openings: page", "cases: the same again, another port", "RFC 9113", "shared",
        "cells in 2 engines: 4 --quick", "- another scheme over HTTP/1.1 by fetch streaming",
    ):  # fmt: skip
        assert words.casefold() in found.output.casefold(), words


def test_every_axis_has_its_option() -> None:
    help_text = call("run", "--help").output
    for axis in AXES:
        assert axis.option in help_text


def test_a_case_of_ones_own_file_can_be_asked_for(tmp_path: Path) -> None:
    """The report prints `--case NAME` for cells of a user's file, and the option knew only the cases of the lab's own."""
    mine = tmp_path / "mine file.py"
    mine.write_text(
        '"""Does my case run?"""\nfrom lab import Answer, Case, Side, Tabs, scenario\n'
        '@scenario(question="pools", transports=["sse"], openings=["page"], cases={"my case": Case(Side(), Side())},\n'
        '          claims=[Answer("shared", source="somebody")])\n'
        "async def mine(tabs: Tabs) -> None:\n    await tabs.fill()\n"
    )
    chosen = catalogue.choose({}, [str(mine)])
    asked = {axis.field: () if axis.many else None for axis in AXES} | {"case": ("my case",)}
    assert {cell.case for cell in catalogue.selected(chosen, choice_of(chosen, asked, repeat=None, breadth=None))} == {
        "my case"
    }


@pytest.mark.parametrize("former", ["another host", "another host and its own page"])
def test_a_former_name_of_a_case_still_names_it(former: str) -> None:
    chosen = catalogue.choose(catalogue.load(catalogue.home()), ["pools"])
    asked = {axis.field: () if axis.many else None for axis in AXES} | {"case": (former,)}
    assert choice_of(chosen, asked, repeat=None, breadth=None).of("case") == ("another host and its own page",)


@pytest.mark.parametrize("arguments", [[], ["run"], ["serve"], ["report"], ["judge"], ["doctor"], ["list"]])
def test_help(arguments: list[str]) -> None:
    assert call(*arguments, "--help").exit_code == 0


def test_report_is_built_again_without_a_browser(tmp_path: Path) -> None:
    file.write(made(cell()), tmp_path / "results.json")
    assert call("report", str(tmp_path / "results.json")).exit_code == 0
    first = (tmp_path / "index.html").read_bytes()
    assert call("report", str(tmp_path / "results.json"), "--out", str(tmp_path / "again.html")).exit_code == 0
    assert (tmp_path / "again.html").read_bytes() == first


def test_report_to_a_folder_that_is_not_there(tmp_path: Path) -> None:
    file.write(made(cell()), tmp_path / "results.json")
    found = call("report", str(tmp_path / "results.json"), "--out", str(tmp_path / "none" / "index.html"))
    assert found.exit_code == 2
    assert "could not be written: No such file or directory" in found.output


@pytest.mark.parametrize("content", ['{"schema": "seventh-tab/3", "run"', '{"schema": "seventh-tab/9"}', "no"])
def test_report_of_a_bad_file(tmp_path: Path, content: str) -> None:
    (tmp_path / "results.json").write_text(content)
    found = call("report", str(tmp_path / "results.json"))
    assert found.exit_code == 2
    assert len(found.output.strip().splitlines()) == 1


def test_no_browser_at_all_is_exit_3_with_the_table(tmp_path: Path) -> None:
    absent = {"SEVENTH_TAB_CHROMIUM": "/no/chromium", "SEVENTH_TAB_FIREFOX": "ws://127.0.0.1:1/none"}
    found = subprocess.run(
        [sys.executable, "-m", "lab", "run", "--tabs", "1", "--out", str(tmp_path)],
        env={**os.environ, **absent, "COLUMNS": "200"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 3, found.stderr
    assert "correct or unset SEVENTH_TAB_CHROMIUM" in found.stdout
    assert "correct or unset SEVENTH_TAB_FIREFOX" in found.stdout
    assert "Traceback" not in found.stderr
    latest = json.loads((tmp_path / "latest" / "results.json").read_text())
    assert {one["verdict"]["kind"] for one in latest["cells"]} == {"unsupported"}


def test_every_error_has_a_documented_code() -> None:
    commands = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    kinds: list[type[LabError]] = [LabError, *LabError.__subclasses__()]
    assert UsageError in kinds
    for kind in kinds:
        assert f"| {kind.exit_code} |" in commands, f"{kind.__name__} ends with {kind.exit_code}, not in docs/commands.md"


@pytest.mark.parametrize("command", ["list", "report", "compare", "show", "judge"])
def test_what_reads_needs_no_browser_and_no_server(command: str) -> None:
    """`report`, `compare`, `show` and `list` imported Playwright, psutil, h2 and trustme."""
    code = (
        "import sys\nfrom lab.cli.main import main\nmain([sys.argv[1], '--help'], standalone_mode=False)\nprint(*sys.modules)"
    )
    ended = subprocess.run([sys.executable, "-c", code, command], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = {name.partition(".")[0] for name in ended.stdout.split()}
    assert not loaded & {"playwright", "psutil", "h2", "trustme", "trio", "hypercorn"}
