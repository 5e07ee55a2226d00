"""What starves while every stream is in use? All connections to the host are taken (HTTP/1.1), or all ten streams that the
origin allows (HTTP/2). Then the page sends other requests: does each get through, wait for a stream to end, or fail?
"""

from lab import Answer, Tabs, scenario

POOLS = (
    "Chromium, net/socket/client_socket_pool_manager.cc: one pool for a host and its credentials, and another for WebSockets"
)
FREE = "RFC 9113, https://www.rfc-editor.org/rfc/rfc9113#section-5.1.2: below the limit a stream may be opened at any time"
WITHOUT_COOKIES = "fetch (cross-origin), xhr (cross-origin)"


@scenario(
    question="starvation",
    transports=["sse"],
    openings=["page"],
    streams=[10],
    claims=[
        Answer(f"websocket, {WITHOUT_COOKIES}, websocket (cross-origin)", source=POOLS, protocols=("h1",)),
        Answer(WITHOUT_COOKIES, source=POOLS, protocols=("h2",)),
    ],
)
async def starvation(tabs: Tabs) -> None:
    await tabs.fill()
    await tabs.probe()
    await tabs.settle()


@scenario(
    question="starvation",
    transports=["sse"],
    openings=["page"],
    streams=[10],
    claims=[Answer("everything", source=FREE, basis="specified", protocols=("h2",))],
)
async def no_starvation(tabs: Tabs) -> None:
    """Does anything starve below the limit? Half of the ten streams that the origin allows over HTTP/2 are in use. Then the
    page sends the same other requests.
    """
    await tabs.fill_halfway()
    await tabs.probe()
    await tabs.settle()
