"""Fixtures for the tests of the origin: who stands by while it is attacked, and room for a thousand sockets."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Served
from tests.origin.beside import Beside, standing_by
from tests.tools.control import H1

MANY = 1000 + 200


@pytest.fixture
def beside(origin: Served, control: H1, leaf: Path) -> Iterator[Beside]:
    """A reader over HTTP/1.1."""
    with standing_by(origin, control, leaf, "h1-clear") as one:
        yield one


@pytest.fixture
def beside_h2(origin: Served, control: H1, leaf: Path) -> Iterator[Beside]:
    """A reader over HTTP/2."""
    with standing_by(origin, control, leaf, "h2") as one:
        yield one


@pytest.fixture
def many_files() -> Iterator[None]:
    """Room for a thousand sockets in this process, as the origin makes for itself."""
    usual, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most < MANY:
        pytest.skip(f"{most} files may be open here")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(usual, MANY), most))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (usual, most))
