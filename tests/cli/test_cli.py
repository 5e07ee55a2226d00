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
from lab.errors import LabError, UsageError
from lab.results import file as results
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
        (["run", "--transport", "see"], "did you mean 'sse'?"),
        (["run", "--tabs", "0"], "0 is not in the range"),
        (["run", "--tabs", "-1"], "-1 is not in the range"),
        (["run", "--tabs", "six"], "'six' is not a valid integer"),
        (["run", "--repeat", "0"], "0 is not in the range"),
        (["run", "--out", "/proc/nowhere"], "no report can be written in /proc/nowhere"),
        (["report", "nowhere.json"], "nowhere.json can't be read"),
        (["serve", "--port", "h4=80"], "unknown door 'h4'"),
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


def test_list_names_every_scenario() -> None:
    found = call("list")
    assert found.exit_code == 0
    assert "seventh_tab" in found.output
    assert max(len(line) for line in found.output.splitlines()) <= 80


@pytest.mark.parametrize("arguments", [[], ["run"], ["serve"], ["report"], ["doctor"], ["list"]])
def test_help(arguments: list[str]) -> None:
    assert call(*arguments, "--help").exit_code == 0


def test_report_is_built_again_without_a_browser(tmp_path: Path) -> None:
    results.write(made(cell()), tmp_path / "results.json")
    assert call("report", str(tmp_path / "results.json")).exit_code == 0
    first = (tmp_path / "index.html").read_bytes()
    assert call("report", str(tmp_path / "results.json"), "--out", str(tmp_path / "again.html")).exit_code == 0
    assert (tmp_path / "again.html").read_bytes() == first


def test_report_to_a_folder_that_is_not_there(tmp_path: Path) -> None:
    results.write(made(cell()), tmp_path / "results.json")
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
    assert {one["verdict"] for one in latest["cells"]} == {"unsupported"}


def test_every_error_has_a_documented_code() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    kinds: list[type[LabError]] = [LabError, *LabError.__subclasses__()]
    assert UsageError in kinds
    for kind in kinds:
        assert f"| {kind.exit_code} |" in readme, f"{kind.__name__} ends with {kind.exit_code}, of which README.md says nothing"
