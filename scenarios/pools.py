"""What shares a wall with what? One pool is filled, and then another is tried: if it is the same one, nothing more goes live;
if it is another, as many go live again. Over HTTP/2 the pool is a connection's streams, of which the origin allows ten."""

from lab import Case, Claim, Side, Tabs
from lab.scenario.scenario import scenario

A, B, C = "a.localhost", "b.localhost", "c.localhost"
FETCH = "Fetch standard, https://fetch.spec.whatwg.org/#connections: "
GIVEN, BARE = Side(A, B, credentials="include"), Side(A, B, credentials="omit")


@scenario(transports=["fetch_stream"], opened=["page"], streams=[10], repeat=3,
    cases={
        "the same again": Case(Side(), Side()), "another port": Case(Side(), Side(door=2)),
        "another host": Case(Side(), Side(B)), "another profile": Case(Side(), Side(profile=2)),
        "another scheme": Case(Side(), Side(protocol="h1-clear"), protocol="h1"),
        "credentials cross-origin": Case(GIVEN, BARE),
        "credentials same-origin": Case(Side(credentials="include"), Side(credentials="omit")),
        "EventSource withCredentials": Case(GIVEN, Side(A, B), "sse"),
        "two pages of one site": Case(Side(C, A), Side(C, A)),
        "pages of two sites": Case(Side(C, A), Side(C, B)),
    },
    claims=[
        Claim(None, FETCH + "one key", "shared", ("h1", "h2"), cases=("the same again", "two pages of one site")),
        Claim(None, FETCH + "keyed by partition, origin, credentials", "separate", ("h1", "h2")),
    ],
)  # fmt: skip
async def pools(tabs: Tabs) -> None:
    await tabs.fill()
    await tabs.fill()
    await tabs.settle()
