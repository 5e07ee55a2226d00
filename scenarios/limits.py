"""How many clients are live at once on one host, and what holds the next one back? EventSource, fetch streaming, long polling
and WebSocket; in tabs, in tabs of another origin, in frames, in one page, and one to each of many hosts; over each protocol.
"""

from lab import AtMost, Tabs, Unlimited, scenario

POOL = "Chromium, net/socket/client_socket_pool_manager.cc: "
PREFERENCE = "Firefox, modules/libpref/init/all.js: network."
MDN = "MDN, https://developer.mozilla.org/en-US/docs/Web/API/EventSource"
RFC_9113 = "RFC 9113, https://www.rfc-editor.org/rfc/rfc9113#section-5.1.2"
ONE_HOST = ("page", "tabs", "cross-tabs", "frames")
HTTP_1 = ("h1-clear", "h1")


@scenario(
    question="limits",
    aliases=["walls"],
    transports=["sse", "fetch_stream", "long_polling", "websocket"],
    openings=[*ONE_HOST, "hosts"],
    aside=["tabs"],
    streams=[10, 100, 300],
    thorough={
        "protocol": ["h1-clear"],
        "transport": ["fetch_stream", "long_polling"],
        "opening": ["frames", "cross-tabs", "hosts"],
    },
    repeat=3,
    by_chance={"engine": ["chromium"], "opening": ["hosts"]},
    claims=[
        AtMost(
            256,
            source=POOL + "g_max_sockets_per_pool",
            engines=("chromium",),
            protocols=("h1-clear",),
            openings=("hosts",),
        ),
        AtMost(
            900,
            source=PREFERENCE + "http.max-connections",
            engines=("firefox",),
            protocols=("h1-clear",),
            openings=("hosts",),
        ),
        AtMost(
            255,
            source=POOL + "g_max_sockets_per_group, for WebSockets",
            engines=("chromium",),
            transports=("websocket",),
            openings=ONE_HOST,
        ),
        AtMost(
            200,
            source=PREFERENCE + "websocket.max-connections",
            engines=("firefox",),
            transports=("websocket",),
            openings=ONE_HOST,
        ),
        AtMost(6, source=MDN, protocols=HTTP_1, openings=ONE_HOST),
        AtMost(
            256,
            source="Chromium, net/spdy/spdy_session.cc: kMaxConcurrentStreamLimit",
            engines=("chromium",),
            protocols=("h2",),
            openings=ONE_HOST,
        ),
        Unlimited(source=RFC_9113, basis="specified", protocols=("h2",), openings=ONE_HOST),
    ],
)
async def limits(tabs: Tabs) -> None:
    await tabs.grow()
    await tabs.settle()
