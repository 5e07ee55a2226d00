"""What can't be printed is replaced, and nothing ends with an error because of an encoding."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from lab.report.last_screen import LEGEND
from lab.results import file
from tests.conftest import ROOT
from tests.results.test_file import cell, made

PRINT = """
import sys
from pathlib import Path
from lab.cli.console import output, print_anything, print_lines
from lab.report.last_screen import last_screen
from lab.results import file
print_anything()
print_lines(output(), last_screen(file.read(Path(sys.argv[1]))))
"""


def printed(code: str, *arguments: str, encoding: str) -> str:
    environment = {**os.environ, "PYTHONIOENCODING": encoding}
    ended = subprocess.run([sys.executable, "-c", code, *arguments], cwd=ROOT, env=environment, capture_output=True, check=True)
    return ended.stdout.decode(encoding)


@pytest.mark.parametrize(("encoding", "marks"), [("ascii", "# # # . ."), ("latin-1", "# # # . ."), ("utf-8", "● ● ● ○ ○")])
def test_tabs_are_seen_in_every_encoding(tmp_path: Path, encoding: str, marks: str) -> None:
    file.write(made(cell(5, 3)), tmp_path / "results.json")
    said = printed(PRINT, str(tmp_path / "results.json"), encoding=encoding)
    assert marks in said
    assert all(mark not in said for mark in LEGEND) or encoding == "utf-8"
    assert "\x1b" not in said, "it is plain text where there is no terminal"


def test_all_tables_in_ascii(tmp_path: Path) -> None:
    file.write(made(cell()), tmp_path / "results.json")
    code = "import sys\nfrom lab.cli.main import main\nmain(sys.argv[1:], standalone_mode=False)"
    assert "Live clients" in printed(code, "show", "--text", str(tmp_path / "results.json"), encoding="ascii")
