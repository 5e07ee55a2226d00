"""A seventh tab waits in silence. Over HTTP/1.1 each open EventSource keeps one of the browser's connections to the host, and
there are only six. Over HTTP/2 one connection carries every tab, up to the number of streams that server and browser agree on.
"""

from lab import Tabs, scenario


@scenario(
    question="limits",
    transports=["sse"],
    tabs=12,
    first_look=True,
    aside=["h1-clear"],
    claim={"h1-clear": 6, "h1": 6, "h2": 100},
    source="MDN, Using server-sent events: https://developer.mozilla.org/en-US/docs/Web/API/Server-sent_events/"
    "Using_server-sent_events (six per browser and domain; over HTTP/2 negotiated, 100 by default)",
)
async def seventh_tab(tabs: Tabs) -> None:
    await tabs.open_one_by_one()
    await tabs.settle()
