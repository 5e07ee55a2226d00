"""Who may import whom. The rooms of ARCHITECTURE.md, held."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT

FILES = sorted((ROOT / "lab").rglob("*.py"))
VALUES = {
    "evidence",
    "payloads",
    "errors",
    "ledger",
    "protocols",
    "openings",
    "folds",
    "cell",
    "observation",
    "judge",
    "scenario",
    "figures",
}
BOTH_SIDES = {
    *("playwright", "trio", "asyncio", "hypercorn"),
    *("lab.browser", "lab.origin", "lab.run.run", "lab.run.resources", "lab.cli.main"),
}
"""What belongs to the origin's process or to the driver's."""
SERIALISATION = {"msgspec"}
STANDARD = set(__import__("sys").stdlib_module_names)


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{name.name}" if node.module == "lab" else node.module for name in node.names)


def room(path: Path) -> str:
    """`origin`, `browser`, `transports`, `report`; or the module's own name when it lies in lab/ itself."""
    parts = path.relative_to(ROOT / "lab").with_suffix("").parts
    return parts[0]


def forbidden(name: str) -> set[str]:
    """The modules that a room may not know."""
    if name == "origin":
        return {
            "playwright",
            "asyncio",
            "lab.browser",
            "lab.run.run",
            "lab.run.resources",
            "lab.cli.main",
            "lab.measure.origin",
            "lab.report",
            "lab.judge",
        }
    if name == "browser":
        return {
            "trio",
            "hypercorn",
            "h2",
            "lab.origin",
            "lab.run.run",
            "lab.run.resources",
            "lab.cli.main",
            "lab.report",
            "lab.judge",
            "lab.measure.origin",
        }
    if name in ("transports", "report"):
        return BOTH_SIDES | ({"lab.report"} if name == "transports" else {"lab.measure.tabs"})
    if name in ("cli", "__main__"):
        return {"trio", "hypercorn", "lab.origin"}
    return {"trio", "hypercorn", "lab.origin", "lab.cli.main"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT / "lab")))
def test_directions(path: Path) -> None:
    for imported in imports(path):
        for barred in forbidden(room(path)):
            assert imported != barred, f"{room(path)} may not import {barred}"
            assert not imported.startswith(f"{barred}."), f"{room(path)} may not import {barred}"
        assert not imported.startswith("scenarios"), "nothing imports scenarios/"


@pytest.mark.parametrize("name", sorted(VALUES))
def test_the_values_know_only_each_other(name: str) -> None:
    folder = ROOT / "lab" / name
    for path in sorted(folder.glob("*.py")) if folder.is_dir() else [folder.with_suffix(".py")]:
        for imported in imports(path):
            top = imported.split(".")[0]
            known = top in STANDARD | SERIALISATION or (top == "lab" and imported.split(".")[1] in VALUES)
            assert known, f"{name} may not import {imported}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT / "lab")))
def test_files_are_of_one_sitting(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 250


@pytest.mark.parametrize(
    ("module", "never"),
    [
        ("lab.report.render", {"playwright", "trio", "hypercorn", "asyncio"}),
        ("lab.transports.sse", {"playwright", "trio", "hypercorn"}),
        ("lab.origin.app", {"playwright"}),
        ("lab.cli.main", {"trio", "hypercorn"}),
        ("lab", {"playwright", "trio", "hypercorn"}),
    ],
)
def test_what_an_import_brings_along(module: str, never: set[str]) -> None:
    """The directions hold through everything that is imported on the way."""
    code = f"import sys, {module}; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    assert not never & set(loaded.split())


def test_no_limit_of_a_browser_is_written_in_lab() -> None:
    """The instrument may not know the answer: claims live in scenarios."""
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            assert not (isinstance(node, ast.Constant) and node.value == 6 and type(node.value) is int), path


def test_only_dates_are_read_from_the_wall_clock() -> None:
    """It can be set in the middle of a run. Two files may read it: what a run is called, and stamps that Firefox wrote."""
    wall = re.compile(r"\btime\.time(_ns)?\(|\bdatetime\.(now|utcnow|today)\(|Date\.now\(|new Date\b")
    readers = {
        path.name for path in (ROOT / "lab").rglob("*") if path.suffix in (".py", ".js") and wall.search(path.read_text())
    }
    assert readers == {"run.py", "mozlog.py"}
