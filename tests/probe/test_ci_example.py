"""docs/ci.md: its test runs as it is written, with the plugin and a real browser; its workflow has commands that exist."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.conftest import ROOT
from tests.probe import apps
from tests.probe.serving import serving
from tests.tools.plugin import OPTIONS

PAGE = (ROOT / "docs" / "ci.md").read_text(encoding="utf-8")
LIVE = "http://127.0.0.1:8000/"


def pytested(folder: Path, url: str) -> subprocess.CompletedProcess[str]:
    """The page's test, run on another address."""
    [example] = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    assert LIVE in example
    (folder / "test_tabs.py").write_text(example.replace(LIVE, url))
    (folder / "pytest.ini").write_text("[pytest]\n")
    command = [sys.executable, "-m", "pytest", *OPTIONS, "-p", "no:cacheprovider", "test_tabs.py"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, env=environment)


def test_the_example_fails_in_four_lines_for_one_that_hangs(tmp_path: Path) -> None:
    with serving(apps.streams_a_tab(3)) as server:
        ended = pytested(tmp_path, server.url())
    assert ended.returncode == 1, ended.stdout
    at = ended.stdout.index("2 of 20 tabs of http://127.0.0.1")
    lines = ended.stdout[at:].splitlines()[:4]
    assert [line.partition(":")[0] for line in lines[1:]] == ["why", "fix", "report"]
    assert Path(lines[3].removeprefix("report: ")).is_file()


def test_the_workflow_has_commands_that_exist() -> None:
    [workflow] = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    commands = re.findall(r"- run: (seventh-tab .*)", workflow)
    assert commands
    for command in commands:
        _, name, *options = command.split()
        told = subprocess.run(
            [sys.executable, "-m", "lab", name, "--help"], cwd=ROOT, capture_output=True, text=True, check=True
        ).stdout
        assert all(option in told for option in options if option.startswith("--"))
