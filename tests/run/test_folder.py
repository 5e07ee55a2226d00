"""The folder of a run: a new one each time, and reports/latest, where it can be a link and where it can't."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.errors import UsageError
from lab.run.folder import make_folder, point_latest


def test_two_runs_of_one_second_have_two_folders(tmp_path: Path) -> None:
    made = [make_folder(tmp_path, lambda: "2026-11-23T12:00:00+00:00") for _ in range(3)]
    assert [folder.name for folder in made] == ["20261123-120000", "20261123-120000-2", "20261123-120000-3"]


def test_a_folder_that_can_not_be_made() -> None:
    with pytest.raises(UsageError, match="no report can be written in /proc/nowhere"):
        make_folder(Path("/proc/nowhere"))


def test_latest_where_it_can_and_where_it_cannot_be_a_link(tmp_path: Path) -> None:
    run = tmp_path / "20261123-120000"
    run.mkdir()
    assert point_latest(run) == tmp_path / "latest"
    assert (tmp_path / "latest").resolve() == run
    (tmp_path / "latest").unlink()
    (tmp_path / "latest" / "kept").mkdir(parents=True)
    assert point_latest(run) == run
    assert {path.name for path in tmp_path.iterdir()} == {"latest", run.name}
