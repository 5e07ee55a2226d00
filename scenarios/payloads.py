"""What can a stream of server-sent events carry, and what happens to everything else? Several lines, empty data, emoji cut in
the middle, a BOM, NUL in an id, a megabyte; and 64 KiB of random bytes, which a WebSocket and a plain response carry
unchanged.
"""

from lab import Answer, Tabs, scenario

STANDARD = "HTML standard, https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation"
FRAMES = "RFC 6455, https://www.rfc-editor.org/rfc/rfc6455#section-5.6: binary frames"
STREAMS = "Fetch standard, https://fetch.spec.whatwg.org/#body-mixin: a body is bytes"
RIGHT = "as specified"
BOTH = ("h1", "h2")


@scenario(
    question="payloads",
    transports=["sse", "fetch_stream", "websocket"],
    openings=["page"],
    tabs=1,
    thorough={"protocol": ["h2"]},
    claims=[
        Answer(RIGHT, source=STANDARD, basis="specified", protocols=BOTH, transports=("sse",)),
        Answer(RIGHT, source=STREAMS, basis="specified", protocols=BOTH, transports=("fetch_stream",)),
        Answer(RIGHT, source=FRAMES, basis="specified", protocols=BOTH, transports=("websocket",)),
    ],
)
async def payloads(tabs: Tabs) -> None:
    await tabs.carry()
