"""What shares a limit with what? One pool is filled, and then clients of another kind are opened. If both use the same pool, no
further client goes live; if they use two, as many go live again. Over HTTP/2 a pool is the streams of one connection, of which
the origin allows ten.
"""

from lab import Answer, Case, Side, Tabs, scenario

A, B, C = "a.localhost", "b.localhost", "c.localhost"
FETCH = "Fetch standard, https://fetch.spec.whatwg.org/#connections: "
REUSE = (
    "RFC 9113, https://www.rfc-editor.org/rfc/rfc9113#section-9.1.1: a connection may be reused for another name of the same "
    "address and certificate (traefik/traefik#9983: sharding by name gains nothing)"
)
WITH_COOKIES, WITHOUT = Side(A, B, credentials="include"), Side(A, B, credentials="omit")
BOTH = ("h1", "h2")
TWO_NAMES = "one page asks two hosts"


@scenario(
    question="pools",
    transports=["fetch_stream"],
    openings=["page"],
    streams=[10],
    differing=2,
    thorough={"case": ["another scheme", "credentials same-origin", "EventSource withCredentials", "two pages of one site"]},
    former_cases={"another host": "another host and its own page"},
    cases={
        "the same again": Case(Side(), Side()),
        "another port": Case(Side(), Side(door=2)),
        "another host and its own page": Case(Side(), Side(B)),
        TWO_NAMES: Case(Side(A, C), Side(B, C)),
        "another profile": Case(Side(), Side(profile=2)),
        "another scheme": Case(Side(), Side(protocol="h1-clear"), protocol="h1"),
        "credentials cross-origin": Case(WITH_COOKIES, WITHOUT),
        "credentials same-origin": Case(Side(credentials="include"), Side(credentials="omit")),
        "EventSource withCredentials": Case(WITH_COOKIES, Side(A, B), "sse"),
        "two pages of one site": Case(Side(C, A), Side(C, A)),
        "pages of two sites": Case(Side(C, A), Side(C, B)),
    },
    claims=[
        Answer("shared", source=REUSE, basis="specified", protocols=("h2",), cases=(TWO_NAMES,)),
        Answer(
            "shared",
            source=FETCH + "one key",
            basis="specified",
            protocols=BOTH,
            cases=("the same again", "two pages of one site"),
        ),
        Answer("separate", source=FETCH + "keyed by partition, origin, credentials", basis="specified", protocols=BOTH),
    ],
)
async def pools(tabs: Tabs) -> None:
    await tabs.fill()
    await tabs.fill()
    await tabs.settle()
