"""An engine, a protocol, a transport, an opening, an axis, a question, a route and a scenario are each added by the files that
ARCHITECTURE.md names, and get through to the report without another change."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.adding.overlay import ADDED, copy_with_one_of_each
from tests.conftest import ROOT

ASKED = (
    *("--engine", "second", "--protocol", "h1-again", "--transport", "sse_again", "--opening", "twins"),
    *("--route", "detour", "--flavour", "sour", "--repeat", "1"),
)


def test_one_of_each_gets_through_to_the_report(tmp_path: Path) -> None:
    copy_with_one_of_each(tmp_path)
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    ended = subprocess.run(
        [sys.executable, "-m", "lab", "run", "added", *ASKED],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    results = (tmp_path / "reports/latest/results.json").read_text(encoding="utf-8")
    page = (tmp_path / "reports/latest/index.html").read_text(encoding="utf-8")
    name = "added.second.h1-again.sse_again.twins.2.100.detour.sour.1"
    assert name in results
    assert "2 of 2 said hello." in page
    for words in ("Second Browser", "HTTP/1.1 once more", "Again: ", "Who says hello?", "--flavour sour", "--route detour"):
        assert words.casefold() in page.casefold(), words
    assert "hello" in ended.stdout


@pytest.mark.parametrize("add", ADDED, ids=lambda add: add.__name__)
def test_the_page_on_how_to_add_names_the_files(add: object) -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    section = text[text.index("How to add") :]
    files = {
        "engine": ["lab/browser/engines.py"],
        "protocol": ["lab/model/protocols.py"],
        "transport": ["lab/transports/"],
        "opening": ["lab/model/openings.py", "lab/measure/openers.py"],
        "axis": ["lab/model/cell.py", "lab/model/axes.py"],
        "question": ["lab/model/questions.py", "lab/judge/__init__.py"],
        "route": ["lab/measure/routes.py"],
        "scenario": ["scenarios/"],
    }
    for file in files[getattr(add, "__name__", "")]:
        assert file in section, file
