"""Which runs a folder of reports holds, and which of them are removed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from lab.errors import UsageError
from lab.run.folder import point_latest
from lab.run.old_runs import going_on, prune, runs
from tests.conftest import ROOT

STAMPS = ("20261101-000000", "20261102-000000", "20261102-000000-2", "20261102-000000-10", "20261103-000000")
BEGAN = '{"record":"RunBegan","format":"seventh-tab-observations/1","run":"x"}\n'
OLDER = '{"schema":"seventh-tab/3","run":"x"}'


def run(out: Path, name: str, report: bool = True) -> Path:
    folder = out / name
    folder.mkdir(parents=True)
    (folder / "observations.jsonl").write_text(BEGAN)
    if report:
        (folder / "index.html").write_text("a report")
    return folder


@pytest.fixture
def out(tmp_path: Path) -> Path:
    for name in STAMPS:
        run(tmp_path / "reports", name)
    return tmp_path / "reports"


def names(out: Path) -> set[str]:
    return {one.name for one in out.iterdir()}


def test_the_newest_stay(out: Path) -> None:
    """The tenth run of a second is newer than the second one."""
    assert [one.folder.name for one in runs(out)] == list(reversed(STAMPS))
    pruned = prune(out, 2)
    assert [one.folder.name for one in pruned.removed] == ["20261102-000000-2", "20261102-000000", "20261101-000000"]
    assert all(one.size > 0 for one in pruned.removed)
    assert names(out) == {"20261102-000000-10", "20261103-000000"}
    assert not prune(out, 2).removed


def test_nothing_but_runs_is_removed(out: Path, tmp_path: Path) -> None:
    elsewhere = run(tmp_path, "20261104-000000")
    for name in ("sample", "kept", "20261105-000000.old", "2026"):
        run(out, name)
    (out / "20261106-000000").mkdir()
    (out / "20261107-000000").symlink_to(elsewhere, target_is_directory=True)
    (out / "20261108-000000").write_text("a file")
    notes = out / "20261109-000000"
    notes.mkdir()
    (notes / "observations.jsonl").write_text('{"of": "a bird"}')
    before = names(out)
    prune(out, 0)
    assert names(out) == before - set(STAMPS)
    assert (elsewhere / "index.html").is_file()


def test_a_run_of_an_older_version_is_a_run(out: Path) -> None:
    old = out / "20261001-000000"
    old.mkdir()
    (old / "results.json").write_text(OLDER)
    assert [one.folder.name for one in prune(out, len(STAMPS)).removed] == [old.name]


def test_a_run_that_is_going_on_stays(out: Path) -> None:
    """Until its process has ended, however it ends."""
    oldest = out / STAMPS[0]
    hold = "import sys; from pathlib import Path; from lab.run.old_runs import going_on\n"
    hold += "with going_on(Path(sys.argv[1])) as locked: print(locked, flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", hold, str(oldest)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "True\n"
        with going_on(oldest) as locked:
            assert not locked
        pruned = prune(out, 1)
        assert [one.folder for one in pruned.going_on] == [oldest]
        assert names(out) == {STAMPS[0], STAMPS[-1]}
        other.kill()
        other.wait()
    assert [one.folder for one in prune(out, 1).removed] == [oldest]


def test_what_it_starts_does_not_keep_the_lock(out: Path) -> None:
    """A browser that outlives a killed run must not."""
    with going_on(out / STAMPS[0]):
        child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    with going_on(out / STAMPS[0]) as locked:
        assert locked
    child.communicate(b"\n")


def test_latest_never_dangles(out: Path) -> None:
    point_latest(out / STAMPS[0])
    run(out, "20261110-000000", report=False)
    prune(out, 2)
    assert (out / "latest").resolve().name == STAMPS[-1], "the newest that has a report"
    prune(out, 0)
    assert names(out) == set()


def test_latest_stays_where_it_is_good(out: Path) -> None:
    point_latest(out / STAMPS[3])
    prune(out, 2)
    assert (out / "latest").resolve().name == STAMPS[3]


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="none can't be read: No such file or directory: name a folder of reports with --out"):
        prune(tmp_path / "none", 3)
