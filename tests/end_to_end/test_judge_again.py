"""results.json is a function of observations.jsonl: whoever judges a run again gets the same file, to the byte."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from lab import paths
from tests.tools.runs import Runs, judged


@pytest.mark.parametrize("name", ["seventh_tab", "limits", "pools", "updates", "payloads"])
def test_judged_again(request: pytest.FixtureRequest, tmp_path: Path, name: str) -> None:
    made: Runs = request.getfixturevalue(name)
    for number, run in enumerate(made.runs):
        folder = tmp_path / str(number)
        folder.mkdir()
        shutil.copy(run.folder / paths.OBSERVATIONS, folder)
        judged(folder)
        assert (folder / paths.RESULTS).read_bytes() == (run.folder / paths.RESULTS).read_bytes()
        assert (folder / paths.REPORT).read_bytes() == (run.folder / paths.REPORT).read_bytes()
