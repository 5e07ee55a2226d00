"""When a stream of server-sent events ends, how long does the browser wait before it reconnects: with the field `retry`, and
without it? And does an answer that is not an event stream stop it for good?
"""

from lab import Answer, Drop, Tabs, scenario

STANDARD = "HTML standard, https://html.spec.whatwg.org/multipage/server-sent-events.html#sse-processing-model"
CHROMIUM = "Chromium, third_party/blink/renderer/modules/eventsource/event_source.cc: kDefaultReconnectDelay"
FIREFOX = "Firefox, dom/base/EventSource.cpp: DEFAULT_RECONNECTION_TIME_VALUE"
REFUSED = {"status 204": Drop(status=204), "status 500": Drop(status=500), "no event stream": Drop(status=200)}
BOTH = ("h1", "h2")


@scenario(
    question="drops",
    aliases=["coming_back"],
    transports=["sse"],
    openings=["page"],
    tabs=3,
    per_second=20,
    thorough={"protocol": ["h2"], "case": ["retry 100", "retry 4000", "status 204", "no event stream"]},
    cases={
        "retry 1000": Drop(1000),
        "retry 100": Drop(100),
        "retry 4000": Drop(4000),
        "without retry": Drop(None),
        **REFUSED,
    },
    claims=[
        Answer("after 3.0 s", source=CHROMIUM, protocols=BOTH, engines=("chromium",), cases=("without retry",)),
        Answer("after 5.0 s", source=FIREFOX, protocols=BOTH, engines=("firefox",), cases=("without retry",)),
        Answer("gone for good", source=STANDARD, basis="specified", protocols=BOTH, cases=tuple(REFUSED)),
        Answer("retry honoured", source=STANDARD, basis="specified", protocols=BOTH),
    ],
)
async def reconnection(tabs: Tabs) -> None:
    await tabs.drop("end")
    await tabs.settle()
