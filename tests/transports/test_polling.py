"""When a client that polls sends its requests, in a real browser whose clock the test sets."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page

from lab.transports import polling
from tests.tools.browsers import plain_chromium

INTERVAL_MS = 5000
CLIENT = """() => {
    globalThis.asked = [];
    const began = performance.now();
    globalThis.fetch = async () => {
        asked.push(Math.round(performance.now() - began));
        return { ok: true, json: async () => ({ updates: [] }) };
    };
    %s
    globalThis.client = { interval: %d, pause: null, opened() {}, received() {}, lost(error) { asked.push(error); } };
    connect(client);
}"""
REST = "() => { client.pause = new Promise(end => { client.rouse = () => { client.pause = null; end(); }; }); }"
ROUSE = "client.rouse()"


@pytest.fixture
def page() -> Iterator[Page]:
    """A page with a client that polls."""
    with plain_chromium() as browser:
        page = browser.new_page()
        page.clock.install()
        page.clock.pause_at(page.evaluate("Date.now() + 60_000"))
        page.evaluate(CLIENT % (polling.SCRIPT, INTERVAL_MS))
        yield page


def test_a_request_at_every_beat(page: Page) -> None:
    page.clock.run_for(2 * INTERVAL_MS)
    assert page.evaluate("asked") == [0, INTERVAL_MS, 2 * INTERVAL_MS]


def test_a_rest_between_two_beats_changes_nothing(page: Page) -> None:
    """Else the first updates after the rest would come late by a whole interval."""
    page.clock.run_for(100)
    page.evaluate(REST)
    page.clock.run_for(1000)
    page.evaluate(ROUSE)
    page.clock.run_for(INTERVAL_MS)
    assert page.evaluate("asked") == [0, INTERVAL_MS]


def test_after_a_longer_rest_the_rhythm_is_the_same(page: Page) -> None:
    page.evaluate(REST)
    page.clock.run_for(2 * INTERVAL_MS + 100)
    page.evaluate(ROUSE)
    page.clock.run_for(INTERVAL_MS)
    assert page.evaluate("asked") == [0, 3 * INTERVAL_MS]
