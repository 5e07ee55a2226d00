"""NetLogs and MOZ_LOGs that are made up: an event a call."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from lab.probe.explain import explain
from lab.probe.explain.explanation import Explanation

TYPES = (
    "REQUEST_ALIVE", "URL_REQUEST_START_JOB", "HTTP_STREAM_JOB_CONTROLLER_BOUND", "HTTP_TRANSACTION_SEND_REQUEST_HEADERS",
    "HTTP_TRANSACTION_READ_RESPONSE_HEADERS", "HTTP_STREAM_JOB_CONTROLLER", "HTTP_STREAM_JOB", "HTTP_STREAM_REQUEST_PROTO",
    "TCP_CLIENT_SOCKET_POOL_REQUESTED_SOCKET", "SOCKET_POOL", "SOCKET_POOL_STALLED_MAX_SOCKETS",
    "SOCKET_POOL_STALLED_MAX_SOCKETS_PER_GROUP", "SOCKET_POOL_CONNECT_JOB_CREATED", "CONNECT_JOB",
    "SOCKET_POOL_BOUND_TO_SOCKET", "SOCKET_IN_USE", "SOCKET_ALIVE", "HTTP2_SESSION_POOL_FOUND_EXISTING_SESSION",
)  # fmt: skip
NUMBERS = {name: 100 + at for at, name in enumerate(TYPES)}
STATES = {"WAITING_FOR_STALLED_SOCKET_POOL": 1, "WAITING_FOR_AVAILABLE_SOCKET": 2, "READING_RESPONSE": 15}
CONSTANTS: dict[str, Any] = {
    "logEventTypes": NUMBERS,
    "logEventPhase": {"PHASE_BEGIN": 1, "PHASE_END": 2, "PHASE_NONE": 0},
    "loadState": STATES,
    "logFormatVersion": 1,
    "clientInfo": {"name": "Chromium", "version": "156"},
}
BEGIN, END, NONE = 1, 2, 0
GROUP = "https://a.test <https://a.test same_site>"


class NetLog:
    """Events of a made-up browser. Times are in ms."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []

    def event(self, at: float, name: str, source: int, phase: int = NONE, **params: Any) -> None:
        if "depends" in params:
            params["source_dependency"] = {"id": params.pop("depends"), "type": 1}
        one = {"params": params, "phase": phase, "source": {"id": source, "type": 1}, "time": str(at), "type": NUMBERS[name]}
        self.events.append(one if params else {name: value for name, value in one.items() if name != "params"})

    def enters(self, at: float, number: int, url: str, group: str = GROUP) -> None:
        """Request `number` enters a pool: its controller, and its job, whose number is 1000 more."""
        self.event(at, "HTTP_STREAM_JOB_CONTROLLER", number, BEGIN, url=url, is_preconnect=False)
        self.event(at, "HTTP_STREAM_JOB", number + 1000, BEGIN, depends=number)
        self.event(at, "TCP_CLIENT_SOCKET_POOL_REQUESTED_SOCKET", number + 1000, group_id=group)
        self.event(at, "SOCKET_POOL", number + 1000, BEGIN)

    def stalls(self, at: float, number: int, limit: str = "SOCKET_POOL_STALLED_MAX_SOCKETS_PER_GROUP") -> None:
        self.event(at, limit, number + 1000)

    def gets(self, at: float, number: int, socket: int) -> None:
        self.event(at, "SOCKET_POOL_BOUND_TO_SOCKET", number + 1000, depends=socket)
        self.event(at, "SOCKET_POOL", number + 1000, END)
        self.event(at, "SOCKET_IN_USE", socket, BEGIN, depends=number + 1000)
        self.event(at, "HTTP_STREAM_JOB", number + 1000, END)

    def gives_back(self, at: float, socket: int) -> None:
        self.event(at, "SOCKET_IN_USE", socket, END)

    def text(self) -> str:
        lines = ",\n".join(json.dumps(one) for one in self.events)
        return f'{{"constants":{json.dumps(CONSTANTS)},\n"events": [\n{lines}],\n"polledData": {{}}}}\n'

    def explained(self, folder: Path) -> Explanation:
        (folder / "log").write_text(self.text(), encoding="utf-8")
        return explain(folder / "log")


def two_of_three(secret: str = "") -> NetLog:
    """Two requests hold both connections; a third waits from 30 to 530 ms."""
    log = NetLog()
    for number in (1, 2):
        log.enters(10 * number, number, f"https://a.test/events?user={secret}{number}")
        log.gets(10 * number, number, 500 + number)
    log.enters(30, 3, f"https://a.test/page?token={secret}")
    log.stalls(30, 3)
    log.gives_back(520, 501)
    log.gets(530, 3, 503)
    log.gives_back(600, 503)
    log.event(1000, "SOCKET_ALIVE", 999, END)
    return log
