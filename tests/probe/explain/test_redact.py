"""What is left of an address."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.probe.explain.redact import LONGEST_PATH, origin, redacted
from lab.wire.address import HIDDEN
from tests.fuzz import rounds

SECRET = "sëcret"


@pytest.mark.parametrize(
    ("url", "left"),
    [
        ("https://a.test/p?a=1&b=2", "https://a.test/p?a=…&b=…"),
        ("https://a.test/p?a=x=y;b", "https://a.test/p?a=…&…"),
        ("https://user:pass@a.test:8443/p#frag", "https://a.test:8443/p"),
        ("https://a.test?x=1", "https://a.test?x=…"),
        ("https://a.test:443/", "https://a.test/"),
        ("wss://a.test/s", "https://a.test/s"),
        ("http://[::1]:80/x", "http://[::1]/x"),
        ("/only/a/path?k=v", "/only/a/path?k=…"),
        ("https://a.test/p?token", "https://a.test/p?…"),
        ("https://a.test/p?dG9rZW4=", "https://a.test/p?…"),
        ("https://a.test/p;jsessionid=1?a=1", "https://a.test/p;…?a=…"),
        ("https://a.test/a\nb\x1b", "https://a.test/a b\N{REPLACEMENT CHARACTER}"),
        ("https://a.test:port/p?a=1", "https://a.test:port/p?a=…"),
        ("", ""),
    ],
)
def test_what_is_left(url: str, left: str) -> None:
    assert redacted(url) == left


def test_a_very_long_path_is_cut() -> None:
    assert redacted("https://a.test/" + "x" * 1000) == "https://a.test/" + "x" * (LONGEST_PATH - 1) + HIDDEN


def test_the_origin_of_what_is_none() -> None:
    assert [origin(url) for url in ("", "x", "about:blank", "https://[::1", "https://a.test:99999/")] == [""] * 5


@rounds(200)
@given(st.text(max_size=20), st.text("abc=&;?#/@:", max_size=12), st.sampled_from(["https://a.test/", "", "ws://a:b@c.test:x"]))
def test_no_value_of_a_query_is_left(noise: str, before: str, start: str) -> None:
    """Whatever stands around it: a value after `name=` in a query never comes through."""
    assert SECRET not in redacted(f"{start}p?{before.replace('#', '')}k={SECRET}&{noise}")
