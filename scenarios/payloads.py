"""What does a stream of server-sent events carry, and what happens to the rest? Lines, nothing, emoji cut in the middle, a BOM,
NUL in an id, a megabyte; and 64 KiB of random bytes, next to a WebSocket and a plain response that carry them whole."""

from lab import Claim, Tabs
from lab.scenario.scenario import scenario

STANDARD = "HTML standard, https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation"
FRAMES = "RFC 6455, https://www.rfc-editor.org/rfc/rfc6455#section-5.6: binary frames"
STREAMS = "Fetch standard, https://fetch.spec.whatwg.org/#body-mixin: a body is bytes"
RIGHT = "all as said"


@scenario(
    transports=["sse", "fetch_stream", "websocket"],
    opened=["page"],
    tabs=1,
    claims=[
        Claim(None, STANDARD, RIGHT, ("h1", "h2"), transports=("sse",)),
        Claim(None, STREAMS, RIGHT, ("h1", "h2"), transports=("fetch_stream",)),
        Claim(None, FRAMES, RIGHT, ("h1", "h2"), transports=("websocket",)),
    ],
)
async def payloads(tabs: Tabs) -> None:
    await tabs.carry()
