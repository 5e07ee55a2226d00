"""Every scenario file reads as prose: short, with its question, without machinery."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from lab import catalogue
from tests.conftest import ROOT

FILES = sorted((ROOT / "scenarios").glob("*.py"))
ALL = catalogue.load(ROOT / "scenarios")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_scenario_file(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert 10 <= len(text.splitlines()) <= 30
    tree = ast.parse(text)
    question = ast.get_docstring(tree)
    assert question
    assert len(question) > 60
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            assert node.module == "lab", f"a scenario imports from lab only, not from {node.module}"
        assert not isinstance(node, ast.Import), "a scenario imports from lab only"


@pytest.mark.parametrize("name", ALL)
def test_a_claim_names_its_source(name: str) -> None:
    assert all(len(claim.source) > 10 for claim in ALL[name].claims.values())


def test_every_file_has_a_scenario() -> None:
    assert {one.path for one in ALL.values()} == set(FILES)
