"""Which way should updates come? The same live scores, five a second, go to every tab: by server-sent events, WebSocket, fetch
streaming, long polling, and polling at three intervals. What is the latency of an update, how many requests, bytes and CPU
seconds does it cost, and how many tabs stay live?
"""

from lab import AtMost, Tabs, Unlimited, scenario

MDN = "MDN, https://developer.mozilla.org/en-US/docs/Web/API/EventSource (six for each browser and domain over HTTP/1.1)"
FREED = "RFC 9112, https://www.rfc-editor.org/rfc/rfc9112#section-9.3: an answered request leaves its connection to the next"
SOCKETS = "RFC 6455, https://www.rfc-editor.org/rfc/rfc6455#section-4.1: as many as a client can reasonably use"
STREAMS = "RFC 9113, https://www.rfc-editor.org/rfc/rfc9113#section-5.1.2: as many streams as the origin allows"


@scenario(
    question="delivery",
    aliases=["ways"],
    transports=["sse", "websocket", "fetch_stream", "long_polling", "polling"],
    tabs=[12, 1, 6, 30],
    intervals={"polling": [1000, 100, 5000]},
    per_second=5,
    differing=2,
    keep_tabs=True,
    thorough={"transport": ["fetch_stream", "long_polling"], "interval_ms": [100, 5000]},
    claims=[
        AtMost(6, source=MDN, protocols=("h1",), transports=("sse", "fetch_stream")),
        Unlimited(source=SOCKETS, basis="specified", protocols=("h1",), transports=("websocket",)),
        Unlimited(source=FREED, basis="specified", protocols=("h1",), transports=("long_polling", "polling")),
        Unlimited(source=STREAMS, basis="specified", protocols=("h2",)),
    ],
)
async def delivery(tabs: Tabs) -> None:
    await tabs.open_one_by_one()
    await tabs.listen()
