"""The wheel carries the scenarios, and works from another folder in an environment of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

from tests.conftest import ROOT


def test_the_wheel_in_an_environment_of_its_own(tmp_path: Path) -> None:
    """The environment has the wheel, and the packages of the one that the tests run in, which nox made from the lock."""
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(tmp_path), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True)
    [wheel] = tmp_path.glob("seventh_tab-*.whl")
    home = tmp_path / "environment"
    venv.create(home)
    python = str(home / "bin" / "python")
    install = [sys.executable, "-m", "pip", "--python", python, "install", "-q", "--no-deps", "--no-index", str(wheel)]
    subprocess.run(install, check=True, capture_output=True)
    [site] = home.glob("lib/python*/site-packages")
    (site / "locked.pth").write_text(sysconfig.get_path("purelib"))  # Of its folder alone: an editable lab in it is not seen.
    there = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}

    def said(*command: str) -> str:
        """What a command prints that runs in another folder."""
        return subprocess.run(command, cwd=tmp_path, env=there, check=True, stdout=subprocess.PIPE, text=True).stdout

    assert "seventh_tab" in said(str(home / "bin" / "seventh-tab"), "list")
    assert str(ROOT) not in said(python, "-c", "import lab; print(lab.__file__)")
    # What the wheel requires is known from its own metadata, without the lock; all of it is there, and more than a few.
    checks = "print(*(one.problem or one.found for one in packages.checks()), sep='\\n')"
    _, packages = said(python, "-c", f"from lab.doctor import packages; {checks}").splitlines()
    assert packages.endswith(" as the lab requires")
    assert int(packages.split()[0]) > 10
