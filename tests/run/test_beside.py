"""Runs and tests in one checkout at the same time: none disturbs another."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from lab import paths
from lab.model.verdict import Kind
from lab.results import file
from lab.run import certs
from tests.conftest import ROOT

OPTIONS = ("seventh_tab", "--engine", "chromium", "--protocol", "h2", "--tabs", "2")
LOOKING = ("tests/run/test_certs.py", "tests/run/test_folder.py", "tests/doctor/test_machine.py")
"""The tests that look at what the runs of a checkout share: certs/ and reports/."""


def begun(*command: str) -> subprocess.Popen[str]:
    pipe = subprocess.PIPE
    return subprocess.Popen([sys.executable, *command], cwd=ROOT, stdout=pipe, stderr=subprocess.STDOUT, text=True)


def test_tests_while_runs_make_and_remove_certificates() -> None:
    """One failed when a folder appeared in certs/ that was none of its own."""
    testing, made = begun("-m", "pytest", "-q", "-p", "no:cacheprovider", *LOOKING), 0
    while testing.poll() is None:
        with certs.minted("127.0.0.1"):
            made += 1
    said, _ = testing.communicate()
    assert testing.returncode == 0, said
    assert made > 10


def test_two_runs_into_one_folder(tmp_path: Path) -> None:
    """Begun in one second or not, each has a folder, certificates, ports and a browser of its own."""
    running = [begun("-m", "lab", "run", *OPTIONS, "--out", str(tmp_path)) for _ in range(2)]
    for one in running:
        said, _ = one.communicate()
        assert one.returncode == 0, said
        assert not list((ROOT / "certs").glob(f"run-{one.pid}-*"))
    folders = [path for path in tmp_path.iterdir() if not path.is_symlink()]
    assert len(folders) == 2
    for folder in folders:
        [cell] = file.read(folder / paths.RESULTS).cells
        assert (cell.verdict.kind, cell.verdict.live) == (Kind.CONFIRMED, 2)
        assert (folder / paths.REPORT).is_file()
    assert (tmp_path / paths.LATEST).resolve() in folders
