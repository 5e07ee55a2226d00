"""What happens when the origin drops every stream: it ends the streams, resets their connections, or is away for two seconds?
Which clients reconnect, how soon, which updates are lost, and which come twice?
"""

from lab import Answer, Drop, Tabs, scenario

STANDARD = "HTML standard, https://html.spec.whatwg.org/multipage/server-sent-events.html#reestablish-the-connection"
OWN = "the page's own script: it waits 500 ms, and asks for what came after the last update that it had"
BACK = "all came back, nothing lost"


@scenario(
    question="drops",
    transports=["sse", "websocket", "fetch_stream", "long_polling", "polling"],
    openings=["page"],
    tabs=3,
    per_second=20,
    intervals={"polling": [1000]},
    thorough={"transport": ["fetch_stream", "long_polling", "polling"]},
    cases={"": Drop()},
    claims=[
        Answer(BACK, source=STANDARD, basis="specified", protocols=("h1", "h2"), transports=("sse",)),
        Answer(BACK, source=OWN, protocols=("h1", "h2")),
    ],
)
async def drops(tabs: Tabs) -> None:
    await tabs.drop("end")
    await tabs.drop("reset")
    await tabs.drop("shut")
    await tabs.settle()
