"""A few cells through proxies, for test_proxies.py: each question once, in Chromium, over HTTP/2 where that matters."""

from lab import Answer, App, AtMost, Silence, Tabs, scenario

NOBODY = "nobody: a test of the lab"


@scenario(
    question="hops",
    transports=["sse"],
    tabs=3,
    routes=["haproxy", "envoy"],
    usual_differing=2,
    claims=[AtMost(3, source=NOBODY, protocols=("h2",), engines=("chromium",))],
)
async def around(tabs: Tabs) -> None:
    """What each hop does."""
    await tabs.look_around()
    await tabs.open_one_by_one()
    await tabs.settle()
    await tabs.reload()


@scenario(
    question="hops",
    transports=["sse"],
    openings=["page"],
    tabs=99,
    routes=["apache"],
    claims=[AtMost(6, source=NOBODY, protocols=("h2",), engines=("chromium",))],
)
async def served(tabs: Tabs) -> None:
    """A proxy that serves fewer streams at once than it announces."""
    await tabs.grow()
    await tabs.settle()


@scenario(
    question="buffering",
    transports=["sse"],
    openings=["page"],
    tabs=1,
    routes=["nginx", "nginx-buffering-off"],
    usual_differing=2,
    cases={"": App(), "X-Accel-Buffering: no": App(fields=(("X-Accel-Buffering", "no"),))},
    claims=[
        Answer("held to the end", source=NOBODY, protocols=("h1",), engines=("chromium",), routes=("nginx",), cases=("",)),
        Answer("at once", source=NOBODY, protocols=("h1",), engines=("chromium",)),
    ],
)
async def held(tabs: Tabs) -> None:
    """Events that a proxy holds back, and two remedies."""
    await tabs.drip()


@scenario(
    question="silence",
    transports=["sse"],
    browsers=False,
    tabs=2,
    routes=["haproxy-timeout-5s"],
    cases={"7 s": Silence(seconds=7)},
    claims=[Answer("silence cut after 5 s", source=NOBODY, protocols=("h1", "h2"))],
)
async def cut(tabs: Tabs) -> None:
    """A proxy that cuts a silent stream."""
    await tabs.watch()
