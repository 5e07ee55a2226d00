"""Scenario files, damaged and with arguments of any kind: scenarios that make cells, or one line that names the file."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.errors import UsageError
from lab.model.cell import Cell
from lab.model.claims import Claim
from lab.scenario import catalogue, selection
from lab.scenario.scenario import Scenario
from lab.scenario.selection import Choice
from lab.transports import transports
from tests.fuzz import rounds
from tests.fuzz.damage import damaged
from tests.fuzz.made_up import JSON, TEXTS

HEAD = '''"""A question."""
from lab import Answer, AtMost, Case, Drop, Side, Tabs, Unlimited, scenario
'''
MATRIX = {
    "transports": '["sse", "polling"]',
    "tabs": "[3, 1]",
    "claim": '{"h1": 6, "h2": 100}',
    "source": '"somebody"',
    "openings": '["tabs", "page"]',
    "streams": "[100, 4]",
    "cases": '{"a": Case(Side(), Side(door=2)), "b": Drop(retry=None)}',
    "aside": '["h1-clear"]',
    "intervals": '{"polling": [1000, 100]}',
    "per_second": "5",
    "repeat": "2",
    "differing": "1",
}
STEPS = """async def mine(tabs: Tabs) -> None:
    await tabs.settle()
"""
ARGUMENTS = st.one_of(
    JSON.map(repr),
    st.lists(st.sampled_from(["sse", "h1", "h9", 3, None, 1.5, "tabs"]), max_size=2).map(repr),
    st.sampled_from(
        [
            *(
                "True",
                "[True]",
                "float('nan')",
                "[0.5]",
                "[float('nan')]",
                "b'sse'",
                "{'h1': True}",
                "{'h1': -1}",
                "(x for x in [3])",
            ),
            *("{'a': 3}", "{'a': Case(Side(), Side(), transport='ssi')}", "{'a': Case(Side(), Side(), protocol='h9')}", "[3]"),
            *("{'a': Case(None, 3)}", "{3: Drop()}", "{'a': Drop(retry='x')}", "{'polling': [10.5]}", "{'polling': ['x']}"),
            *(
                "[AtMost('x', source=3)]",
                "[Unlimited(source='y', protocols='h1')]",
                "[AtMost(6, source='y', engines=3)]",
                "[Answer(3, source='y')]",
                "object()",
                "[[]]",
                "1/0",
            ),
        ]
    ),
)


def text(matrix: dict[str, str]) -> str:
    return f"{HEAD}@scenario({', '.join(f'{name}={value}' for name, value in matrix.items())})\n{STEPS}"


GOOD = text(MATRIX)


def loaded(raw: bytes, name: str = "mine.py") -> list[Scenario]:
    """What a file's scenarios are; none where it was refused, in one line that names it. A folder for each: Python keeps what
    it has compiled by a file's second and size."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(raw)
        try:
            found = list(catalogue.load(path.parent).values())
        except UsageError as error:
            assert str(path) in str(error) or str(path.parent) in str(error)
            assert "\n" not in str(error)
            return []
    for one in found:
        sound(one)
    return found


def sound(one: Scenario) -> None:
    """Every cell of it could be run."""
    for breadth in ("quick", "main", "all"):
        for cell in selection.cells(one, Choice(engines=("chromium",), repeat=1, breadth=breadth)):
            assert msgspec.json.decode(msgspec.json.encode(cell), type=Cell) == cell
            assert cell.transport in transports()
            assert cell.name
    assert type(one.repeat) is int
    assert msgspec.json.decode(msgspec.json.encode(one.claims), type=tuple[Claim, ...])


def test_the_file_that_is_damaged_here_is_a_good_one() -> None:
    [one] = loaded(GOOD.encode())
    assert len(list(selection.cells(one, Choice(engines=("chromium",), breadth="all")))) > 20


@rounds(100)
@given(damaged(GOOD.encode()) | st.binary(max_size=80) | TEXTS.map(lambda words: words.encode()))
def test_a_damaged_file_is_loaded_or_refused(raw: bytes) -> None:
    loaded(raw)


@rounds(150)
@given(
    st.lists(
        st.tuples(st.sampled_from(sorted([*MATRIX, "claims", "question", "routes", "former_cases"])), ARGUMENTS),
        min_size=1,
        max_size=2,
    )
)
def test_arguments_of_any_kind(changes: Sequence[tuple[str, str]]) -> None:
    loaded(text({**MATRIX, **dict(changes)}).encode())


@rounds(60)
@given(TEXTS, st.sampled_from(["ValueError", "SystemExit", "UnicodeError", "KeyError", "SyntaxError", "RecursionError"]))
def test_a_file_that_raises_anything(words: str, kind: str) -> None:
    assert loaded(f"raise {kind}({words!r})\n".encode()) == []


@pytest.mark.parametrize(
    "raw",
    [
        b"\xff\xfe",
        b"# coding: no-such\n",
        b"x = '\\\n",
        b"(" * 5000,
        b"-" * 100_000,
        b"\0",
        b"x = " + b"9" * 5000,
        b"if 1:\n\tx\n        y\n",
    ],
)
def test_what_python_itself_refuses(raw: bytes) -> None:
    assert loaded(raw) == []


@rounds(60)
@given(TEXTS | st.sampled_from(["x" * 300, "\ud800", "/", "..", "nul\0"]))
def test_a_path_that_is_none(name: str) -> None:
    known: dict[str, Any] = {"one": SimpleNamespace(aliases=())}
    with pytest.raises(UsageError):
        catalogue.choose(known, [f"{name}.py"])
    with pytest.raises(UsageError):
        catalogue.choose(known, [name])
