"""The wheel carries the scenarios, and works from another folder in an environment of its own."""

from __future__ import annotations

import subprocess
import sys
import venv
from pathlib import Path

from tests.conftest import ROOT


def test_the_wheel_in_an_empty_environment(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(tmp_path), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True)
    [wheel] = tmp_path.glob("seventh_tab-*.whl")
    home = tmp_path / "environment"
    venv.create(home, with_pip=True)
    python = str(home / "bin" / "python")
    lock = ["--require-hashes", "-r", str(ROOT / "requirements.lock")]
    subprocess.run([python, "-m", "pip", "install", "-q", *lock], check=True, capture_output=True)
    subprocess.run([python, "-m", "pip", "install", "-q", "--no-deps", str(wheel)], check=True, capture_output=True)
    command = [str(home / "bin" / "seventh-tab"), "list"]
    listed = subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, text=True)
    assert "seventh_tab" in listed.stdout
    version = subprocess.run([python, "-c", "import lab; print(lab.__file__)"], cwd=tmp_path, check=True, capture_output=True)
    assert str(ROOT).encode() not in version.stdout
    # What the wheel asks for is known from its own metadata, without the lock; all of it is there, and more than a few.
    asked = "from lab import versions; print(*(one.wrong or one.found for one in versions.examined()), sep='\\n')"
    told = subprocess.run([python, "-c", asked], cwd=tmp_path, check=True, capture_output=True, text=True).stdout
    _, packages = told.splitlines()
    assert packages.endswith(" as the lab asks for")
    assert int(packages.split()[0]) > 10
