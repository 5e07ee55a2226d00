"""Chromium's own account of why a request waits: its NetLog, read line by line while the browser runs.

Rules. Only stalls that are still *open* count: during TLS handshakes many requests stall for a moment. A line that is not
understood makes the log no witness, not a fault.

What it may not know: cells, clients and limits in numbers. It finds a request's cell and client in the URL.

How it works. A request is held
- by the socket pool: its HTTP_STREAM_JOB logged a stall, and has neither got a socket nor left the pool since
  (net/socket/transport_client_socket_pool.cc);
- by an HTTP/2 session: HTTP2_SESSION_STALLED_MAX_STREAMS named its URL, and no HEADERS with its path have been sent since
  (net/spdy/spdy_session.cc).
Source dependencies lead from a job to its controller, which has the URL. The log has the same clock as the ledger.

What is still ugly. Chromium's new pool (feature HappyEyeballsV3, net/http/http_stream_pool.cc) logs no stalls. As soon as a
measured request uses it, the log is no witness: it would always say that no request is held.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec

from lab.browser.logs.follow import FollowedLog, query
from lab.model.browsers import BrowserLog, HeldRequest
from lab.model.verdict import Limit

FORMAT_VERSION = 1
POOL_STALLS = {
    "SOCKET_POOL_STALLED_MAX_SOCKETS_PER_GROUP": Limit.CONNECTIONS,
    "SOCKET_POOL_STALLED_MAX_SOCKETS": Limit.SOCKETS,
}
POOL_BOUND = ("SOCKET_POOL_BOUND_TO_CONNECT_JOB", "SOCKET_POOL_BOUND_TO_SOCKET")
NEW_POOL = "HTTP_STREAM_POOL_"
NEW_POOL_MISSING = "Chromium used its new connection pool (HappyEyeballsV3), which does not log what it holds back"


class NetLog(FollowedLog):
    """The log of one running Chromium."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._names: dict[int, str] = {}
        self._begin = self._end = -1
        self._urls: dict[int, str] = {}
        self._entered: dict[str, HeldRequest] = {}

    def account(self, cell: str) -> BrowserLog:
        """The first request that meets the limit on all sockets is logged by Chromium 156 only as having entered the pool. It
        counts as held if other requests are logged as stalled by that limit."""
        told = super().account(cell)
        if not any(one.waits_for == Limit.SOCKETS for one in told.held):
            return told
        silent = [one for key, one in self._entered.items() if key not in self._held and query(one.url, "cell") == cell]
        return BrowserLog(held=(*told.held, *silent))

    def _line(self, raw: bytes) -> None:
        line = raw.rstrip(b",").removesuffix(b"]")
        if line.endswith(b"}]}"):  # The last event of a closed log, with the end of the whole file.
            line = line[:-2]
        if not self._understood:
            self._constants(msgspec.json.decode(line + b"}"))
            self._understood = True
        elif line.startswith(b'{"') and b'"source"' in line:
            event = msgspec.json.decode(line)
            name = self._names.get(event["type"])
            if name is not None:
                self._event(event, name, event["source"]["id"], event.get("params") or {})

    def _constants(self, first: dict[str, Any]) -> None:
        constants = first["constants"]
        version = constants["logFormatVersion"]
        if version != FORMAT_VERSION:
            raise ValueError(f"it has format {version}, and format {FORMAT_VERSION} is known here")
        self._names = {number: name for name, number in constants["logEventTypes"].items()}
        self._begin, self._end = (constants["logEventPhase"][name] for name in ("PHASE_BEGIN", "PHASE_END"))

    def _event(self, event: dict[str, Any], name: str, source: int, params: dict[str, Any]) -> None:
        phase = event["phase"]
        if name == "HTTP_STREAM_JOB_CONTROLLER":
            if phase == self._begin and not params["is_preconnect"]:
                self._urls[source] = params["url"]
            elif phase == self._end:
                self._urls.pop(source, None)
        elif name == "HTTP_STREAM_JOB":
            if phase == self._begin and (url := self._urls.get(params["source_dependency"]["id"])):
                self._urls[source] = url
            elif phase == self._end:
                self._urls.pop(source, None)
        elif name == "SOCKET_POOL" and phase == self._begin and source in self._urls:
            url = self._urls[source]
            self._entered[f"{source} pool"] = self._holds(url, Limit.SOCKETS, float(event["time"]))
        elif name in POOL_STALLS and source in self._urls:
            url = self._urls[source]
            self._held[f"{source} pool"] = self._holds(url, POOL_STALLS[name], float(event["time"]))
        elif name in POOL_BOUND or (name == "SOCKET_POOL" and phase == self._end):
            self._held.pop(f"{source} pool", None)
            self._entered.pop(f"{source} pool", None)
        elif name == "HTTP2_SESSION_STALLED_MAX_STREAMS":
            url = params["url"]
            limit = params["max_concurrent_streams"]
            self._held[f"{source} {target(url)}"] = self._holds(url, Limit.STREAMS, float(event["time"]), limit)
        elif name == "HTTP2_SESSION_SEND_HEADERS":
            [path] = [field.removeprefix(":path: ") for field in params["headers"] if field.startswith(":path: ")]
            self._held.pop(f"{source} {path}", None)
        elif name == "HTTP2_SESSION" and phase == self._end:
            self._held = {key: one for key, one in self._held.items() if not key.startswith(f"{source} ")}
        elif name.startswith(NEW_POOL) and query(self._urls.get(source, ""), "cell"):
            self._missing = NEW_POOL_MISSING


def target(url: str) -> str:
    """The path and query of a URL, as in a request."""
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path
