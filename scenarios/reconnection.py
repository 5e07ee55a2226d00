"""When a stream of server-sent events ends, when does the browser ask for it again: as `retry` tells it, and when nothing does?
And an answer that is no stream should keep it away for good."""

from lab import Claim, Drop, Tabs
from lab.scenario.scenario import scenario

STANDARD = "HTML standard, https://html.spec.whatwg.org/multipage/server-sent-events.html#sse-processing-model"
CHROMIUM = "Chromium, third_party/blink/renderer/modules/eventsource/event_source.cc: kDefaultReconnectDelay"
FIREFOX = "Firefox, dom/base/EventSource.cpp: DEFAULT_RECONNECTION_TIME_VALUE"
TURNED_AWAY = {"status 204": Drop(status=204), "status 500": Drop(status=500), "no event stream": Drop(status=200)}


@scenario(
    transports=["sse"], opened=["page"], tabs=3, per_second=20, first_look=False,
    cases={
        "retry 1000": Drop(1000), "retry 100": Drop(100), "retry 4000": Drop(4000), "without retry": Drop(None), **TURNED_AWAY,
    },
    claims=[
        Claim(None, CHROMIUM, "after 3.0 s", ("h1", "h2"), ("chromium",), cases=("without retry",)),
        Claim(None, FIREFOX, "after 5.0 s", ("h1", "h2"), ("firefox",), cases=("without retry",)),
        Claim(None, STANDARD, "gone for good", ("h1", "h2"), cases=tuple(TURNED_AWAY)),
        Claim(None, STANDARD, "retry honoured", ("h1", "h2")),
    ],
)  # fmt: skip
async def coming_back(tabs: Tabs) -> None:
    await tabs.drop("end")
    await tabs.settle()
