"""What starves when the streams are held? With every connection to the host taken (HTTP/1.1), or every stream that the origin
allows (HTTP/2, ten), a page tries what pages do: does it get through, wait for a stream to end, or fail?"""

from lab import Claim, Tabs
from lab.scenario.scenario import scenario

SIX = "Chromium, net/socket/client_socket_pool_manager.cc: one pool for a host and its credentials, and another for WebSockets"
FREE = "RFC 9113, https://www.rfc-editor.org/rfc/rfc9113#section-5.1.2: below the limit a stream may be opened at any time"
OTHERS = "fetch (cross-origin), xhr (cross-origin)"


@scenario(
    transports=["sse"], opened=["page"], streams=[10], repeat=3,
    claims=[
        Claim(None, SIX, f"websocket, {OTHERS}, websocket (cross-origin)", ("h1",)),
        Claim(None, SIX, OTHERS, ("h2",)),
    ],
)  # fmt: skip
async def starvation(tabs: Tabs) -> None:
    await tabs.fill()
    await tabs.probe()
    await tabs.settle()


@scenario(transports=["sse"], opened=["page"], streams=[10], claims=[Claim(None, FREE, "everything", ("h2",))])
async def no_starvation(tabs: Tabs) -> None:
    await tabs.fill_halfway()
    await tabs.probe()
    await tabs.settle()
