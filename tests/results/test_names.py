"""What cells are called."""

from __future__ import annotations

import pytest

from lab.browser.engines import ENGINES
from lab.results.names import engine_title, label, protocol_of, transport_of, within
from lab.transports import transports
from tests.results.test_file import altered, cell


def test_an_engine_is_called_by_its_title_and_version() -> None:
    assert engine_title(cell()) == "Chromium 156"
    assert engine_title(altered(cell(), engine_version=None)) == "Chromium"
    assert [engine_title(altered(cell(), engine=one.name, engine_version="1.2")) for one in ENGINES.values()] == [
        f"{one.title} 1" for one in ENGINES.values()
    ]


def test_an_engine_of_another_version_keeps_its_name() -> None:
    assert engine_title(altered(cell(), engine="lynx\n", engine_version="2.9\u2028")) == "Lynx 2"


def test_a_protocol_with_its_setting_where_it_has_one() -> None:
    assert protocol_of(cell()) == "h1"
    assert protocol_of(cell(protocol="h2", live=12, streams=10)) == "h2 (10)"


@pytest.mark.parametrize("name", transports())
def test_a_transport_is_called_by_its_title(name: str) -> None:
    assert transport_of(altered(cell(), transport=name)) == transports()[name].TITLE


def test_a_transport_with_its_interval() -> None:
    assert transport_of(altered(cell(), transport="polling", interval_ms=100)) == f"{transports()['polling'].TITLE}, 100 ms"
    assert transport_of(altered(cell(), transport="carrier\npigeon")) == "carrier pigeon"


@pytest.mark.parametrize(
    ("title", "inside"),
    [
        ("Long polling, 5 ms", "long polling, 5 ms"),
        ("WebSocket", "WebSocket"),
        ("polling", "polling"),
        ("SSE", "SSE"),
        ("", ""),
    ],
)
def test_a_title_within_a_sentence(title: str, inside: str) -> None:
    assert within(title) == inside


def test_a_cell_beside_its_engine() -> None:
    assert label(cell()) == "tabs over HTTP/1.1 by server-sent events"
    assert label(altered(cell(), protocol="h1-clear")) == "tabs over HTTP/1.1 without TLS by server-sent events"
    assert label(cell(case="another port", protocol="h2", live=12)) == "another port over HTTP/2 by server-sent events"
