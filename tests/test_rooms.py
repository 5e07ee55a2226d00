"""Who may import whom is held by import-linter (pyproject.toml); here is what it can't see."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from lab.scenario import catalogue
from lab.scenario.scenario import Scenario
from tests.conftest import ROOT

FILES = sorted((ROOT / "lab").rglob("*.py"))
LOOSE = {"__init__.py", "__main__.py", "errors.py", "paths.py", "pytest_plugin.py", "tasks.py", "text.py"}


def test_the_rooms_keep_their_directions() -> None:
    """The contracts of pyproject.toml, as `nox -s lint` checks them."""
    ended = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stdout


def test_no_file_lies_loose() -> None:
    assert {path.name for path in (ROOT / "lab").glob("*.py")} <= LOOSE


def test_nothing_imports_scenarios() -> None:
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom):
                assert not (node.module or "").startswith("scenarios"), path


@pytest.mark.parametrize(
    ("module", "never"),
    [
        ("lab.report.render", {"playwright", "trio", "hypercorn", "asyncio"}),
        ("lab.transports.sse", {"playwright", "trio", "hypercorn"}),
        ("lab.origin.app", {"playwright"}),
        ("lab.cli.main", {"playwright", "trio", "hypercorn"}),
        ("lab", {"playwright", "trio", "hypercorn"}),
    ],
)
def test_what_an_import_brings_along(module: str, never: set[str]) -> None:
    """The directions hold through everything that is imported on the way."""
    code = f"import sys, {module}; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    assert not never & set(loaded.split())


def limits_of_browsers() -> set[int]:
    """The numbers that scenarios claim."""
    found: set[int] = set()
    for one in catalogue.load(ROOT / "scenarios").values():
        found |= claimed(one)
    return found


def claimed(one: Scenario) -> set[int]:
    return {claim.limit for claim in one.claims if hasattr(claim, "limit") and not claim.routes}  # Those are a proxy's.


def test_no_limit_of_a_browser_is_written_in_lab() -> None:
    """The instrument may not know the answer: a number that a scenario claims to be a limit stands in no name, comparison or
    default of the rooms that measure and judge. (100 is the origin's own default, by RFC 9113.)"""
    known = limits_of_browsers() - {100}
    assert {6, 200, 255, 256, 900} <= known, "the claims that this looks for"
    for room in ("measure", "judge", "browser", "probe"):
        for path in sorted((ROOT / "lab" / room).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Constant) and type(node.value) is int:
                    assert node.value not in known, f"{path}, line {node.lineno}: {node.value}"


def test_only_dates_are_read_from_the_wall_clock() -> None:
    """It can be set in the middle of a run. Two files may read it: what a run is called, and stamps that Firefox wrote."""
    wall = re.compile(r"\btime\.time(_ns)?\(|\bdatetime\.(now|utcnow|today)\(|Date\.now\(|new Date\b")
    readers = {
        path.name for path in (ROOT / "lab").rglob("*") if path.suffix in (".py", ".js") and wall.search(path.read_text())
    }
    assert readers == {"folder.py", "mozlog.py"}
