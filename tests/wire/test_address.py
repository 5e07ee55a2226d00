from __future__ import annotations

import pytest

from lab.errors import UsageError
from lab.wire.address import parse, shown, shown_in


@pytest.mark.parametrize(
    "text", ["", "abc", "file:///etc/passwd", "ftp://x/", "http://", "http://[::1", "http://x:99999/", "javascript:1"]
)
def test_anything_but_an_http_url_is_one_clear_line(text: str) -> None:
    with pytest.raises(UsageError) as raised:
        parse(text)
    assert "\n" not in str(raised.value)


def test_an_address_has_parts_and_an_origin() -> None:
    found = parse("HTTP://user:pass@localhost:8080/a b?q=ä#top")
    assert (found.origin, found.target) == ("http://localhost:8080", "/a%20b?q=%C3%A4")
    assert parse("https://example.org").origin == "https://example.org"
    assert parse("/b", parse("http://[::1]:81/a")).url == "http://[::1]:81/b"


def test_what_may_be_secret_is_not_shown() -> None:
    told = shown("https://user:pass@host/path?token=abc&b=&c#fragment")
    assert told == "https://host/path?token=…&…&…", "what has no value may be one"
    assert shown("https://host/p?c2VjcmV0==") == "https://host/p?…", "base64 may end so"
    assert shown("https://host/p;jsessionid=s3cret/q") == "https://host/p;…/q"
    assert shown("http://user:s3cret@[x/") == "http://[x/"
    assert str(parse("http://u:p@h/?k=v")) == "http://h/?k=…"


@pytest.mark.parametrize(
    ("host", "local"), [("localhost", True), ("127.0.0.3", True), ("a.localhost", True), ("example.org", False)]
)
def test_this_machine_is_known_by_its_names(host: str, local: bool) -> None:
    assert parse(f"http://{host}/").local is local


def test_urls_in_what_others_say_are_shown_without_their_values() -> None:
    said = 'Page.goto: net::ERR_FAILED at https://u:p@a.test/x?token=s3cret#f; then "ws://b.test/s?k=s3cret"'
    assert shown_in(said) == 'Page.goto: net::ERR_FAILED at https://a.test/x?token=… then "ws://b.test/s?k=…"'


@pytest.mark.parametrize("text", ["http://[oops/", "//[", "ftp://a.test/"])
def test_a_redirect_to_what_is_no_url_is_one_line(text: str) -> None:
    with pytest.raises(UsageError) as raised:
        parse(text, parse("http://a.test/"))
    assert len(str(raised.value).splitlines()) == 1
