"""How many are live at once on one host, and what holds the next one back: EventSource, fetch streaming, long polling and
WebSocket, in tabs, in tabs of another origin, in frames, in one page, and one to each of many hosts; by each protocol."""

from lab import Claim, Tabs
from lab.scenario.scenario import scenario

POOL = "Chromium, net/socket/client_socket_pool_manager.cc: "
PREF = "Firefox, modules/libpref/init/all.js: network."
CR, FF, WS, H1, H2, HOSTS = ("chromium",), ("firefox",), ("websocket",), ("h1-clear", "h1"), ("h2",), ("hosts",)
ONE = ("page", "tabs", "cross-tabs", "frames")


@scenario(
    transports=["sse", "fetch_stream", "long_polling", "websocket"],
    opened=[*ONE, *HOSTS],
    aside=["tabs"],
    streams=[10, 100, 300],
    repeat=3,
    claims=[
        Claim(256, POOL + "g_max_sockets_per_pool", engines=CR, protocols=H1[:1], opened=HOSTS),
        Claim(900, PREF + "http.max-connections", engines=FF, protocols=H1[:1], opened=HOSTS),
        Claim(255, POOL + "g_max_sockets_per_group, for WebSockets", engines=CR, transports=WS, opened=ONE),
        Claim(200, PREF + "websocket.max-connections", engines=FF, transports=WS, opened=ONE),
        Claim(6, "MDN, https://developer.mozilla.org/en-US/docs/Web/API/EventSource", protocols=H1, opened=ONE),
        Claim(256, "Chromium, net/spdy/spdy_session.cc: kMaxConcurrentStreamLimit", engines=CR, protocols=H2, opened=ONE),
        Claim(None, "RFC 9113, https://www.rfc-editor.org/rfc/rfc9113#section-5.1.2", protocols=H2, opened=ONE),
    ],
)
async def walls(tabs: Tabs) -> None:
    await tabs.grow()
    await tabs.settle()
