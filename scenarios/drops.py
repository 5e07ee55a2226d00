"""What happens when the origin drops every stream: ends them, resets their connections, or is away for two seconds? Who comes
back, how soon, and what was lost, and what came twice?"""

from lab import Claim, Drop, Tabs
from lab.scenario.scenario import scenario

STANDARD = "HTML standard, https://html.spec.whatwg.org/multipage/server-sent-events.html#reestablish-the-connection"
OWN = "the page's own script: it waits 500 ms, and asks for what came after the last update that it had"
BACK = "all came back, nothing lost"


@scenario(
    transports=["sse", "websocket", "fetch_stream", "long_polling", "polling"], opened=["page"], tabs=3, per_second=20,
    intervals={"polling": [1000]}, first_look=False, cases={"": Drop()},
    claims=[
        Claim(None, STANDARD, BACK, ("h1", "h2"), transports=("sse",)),
        Claim(None, OWN, BACK, ("h1", "h2")),
    ],
)  # fmt: skip
async def drops(tabs: Tabs) -> None:
    await tabs.drop("end")
    await tabs.drop("reset")
    await tabs.drop("shut")
    await tabs.settle()
