"""Chromium's NetLog, read from its first event to its last one.

How it works. Each HTTP_STREAM_JOB_CONTROLLER (but a preconnect's) is one request for a connection; its URL_REQUEST says what it
is for. What follows depends on the pool:

- The old pool (net/socket/transport_client_socket_pool.cc). A job of the controller enters the pool of a group, and may log a
  stall. SOCKET_IN_USE is how long it then has a socket.
- HTTP/2 (net/spdy/spdy_session.cc). A stall names the address and the limit in force; SEND_HEADERS ends it. The stream holds a
  place until one side ends or resets it.
- The new pool (net/http/http_stream_pool_attempt_manager.h). It logs no stall. But whenever a job asks, the attempt manager of
  its group logs whether it may connect: CAN_ATTEMPT_TCP. A job that asks when a limit is reached waits; that is derived.

Two more waits are derived. The first job that meets the limit on all sockets is logged only as having entered the pool
(Chromium 156). And a log that was begun while requests waited has their state at that moment, in REQUEST_ALIVE.

What is still ugly. The numbers of CAN_ATTEMPT_TCP are positions in an enum that the log does not name. A stream's request is
found by its address: of two requests for one address, the first that asked is taken.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from lab.browser.logs.netlog import POOL_STALLS, target
from lab.model.verdict import Limit
from lab.probe.explain.history import History, Kind, Outcome, utc
from lab.probe.explain.netlog_events import Constants, Event, Events, Params
from lab.probe.explain.recorder import WEBSOCKETS, Recorder
from lab.probe.explain.redact import origin
from lab.probe.explain.source import Source

PROTOCOLS = {"http/1.1": "h1", "http/1.0": "h1", "unknown": "h1", "h2": "h2", "quic": "h3", "h3": "h3", "http/2+quic": "h3"}
"""The names that logs give protocols. A connection without TLS has an unknown one, which is HTTP/1.1."""

REACHED = {4: Limit.CONNECTIONS, 5: Limit.SOCKETS}
"""CanAttemptResult in net/http/http_stream_pool_attempt_manager.h: kReachedGroupLimit and kReachedPoolLimit."""

LOAD_STATES = {"WAITING_FOR_AVAILABLE_SOCKET": Limit.CONNECTIONS, "WAITING_FOR_STALLED_SOCKET_POOL": Limit.SOCKETS}
"""States in which a request waits (net/base/load_states_list.h), for a log that begins with them."""

HOLDING_STATES = ("SENDING_REQUEST", "WAITING_FOR_RESPONSE", "READING_RESPONSE")
REQUEST_TYPES = {"main frame": Kind.PAGE, "subframe": Kind.FRAME}
NOTHING = Params()


class Reader:
    """Tells a recorder what the events say. Keys of requests are the numbers of their controllers."""

    def __init__(self, known: Constants) -> None:
        self.recorder = Recorder(apart=True)
        self.began_with_requests = False
        self._early: dict[str, list[int]] = {}
        self._begin, self._end = known.phases.get("PHASE_BEGIN", 1), known.phases.get("PHASE_END", 2)
        self._states = {number: name for name, number in known.load_states.items()}
        self._of_job: dict[int, int] = {}
        self._groups: dict[int, str] = {}
        self._entered: dict[int, int] = {}
        self._connecting: dict[int, str] = {}
        self._of_socket: dict[int, int] = {}
        self._socket_of: dict[int, int] = {}
        self._of_url_request: dict[int, int] = {}
        self._kinds: dict[int, Kind] = {}
        self._asking: dict[str, list[int]] = {}
        self._urls: dict[int, str] = {}
        self._streams: dict[int, dict[int, int]] = {}
        self._managers: dict[int, tuple[int, set[int]]] = {}
        self._handed: tuple[int, int] | None = None
        self._with_job: set[int] = set()
        self._pooled: set[int] = set()
        self.actions = {known.types[name]: action for name, action in self._by_name().items() if name in known.types}

    def _by_name(self) -> dict[str, Callable[[Event, Params], None]]:
        return {
            "REQUEST_ALIVE": self._url_request,
            "URL_REQUEST_START_JOB": self._purpose,
            "HTTP_STREAM_JOB_CONTROLLER_BOUND": self._bound,
            "HTTP_TRANSACTION_SEND_REQUEST_HEADERS": self._sent_plainly,
            "HTTP_TRANSACTION_QUIC_SEND_REQUEST_HEADERS": self._sent_over_quic,
            "HTTP_TRANSACTION_READ_RESPONSE_HEADERS": self._response,
            "HTTP_STREAM_JOB_CONTROLLER": self._controller,
            "HTTP_STREAM_JOB": self._job,
            "HTTP_STREAM_REQUEST_PROTO": self._protocol,
            "TCP_CLIENT_SOCKET_POOL_REQUESTED_SOCKET": self._group,
            "SOCKET_POOL": self._pool,
            **{name: partial(self._stalled, limit) for name, limit in POOL_STALLS.items()},
            "SOCKET_POOL_CONNECT_JOB_CREATED": self._connects,
            "CONNECT_JOB": self._connected,
            "SOCKET_POOL_BOUND_TO_SOCKET": self._got_socket,
            "SOCKET_IN_USE": self._in_use,
            "SOCKET_ALIVE": self._socket,
            "HTTP2_SESSION_POOL_FOUND_EXISTING_SESSION": self._found_session,
            "HTTP2_SESSION_STALLED_MAX_STREAMS": self._no_stream,
            "HTTP2_SESSION_SEND_HEADERS": self._sent,
            "HTTP2_SESSION_RECV_HEADERS": self._received,
            "HTTP2_SESSION_RECV_DATA": self._received,
            "HTTP2_SESSION_RECV_RST_STREAM": self._reset,
            "HTTP2_SESSION_SEND_RST_STREAM": self._reset,
            "HTTP2_SESSION": self._session,
            "HTTP_STREAM_POOL_GROUP_ALIVE": self._new_group,
            "HTTP_STREAM_POOL_ATTEMPT_MANAGER_ALIVE": self._manager,
            "HTTP_STREAM_POOL_ATTEMPT_MANAGER_REQUEST_STREAM": self._requested,
            "HTTP_STREAM_POOL_ATTEMPT_MANAGER_CAN_ATTEMPT_TCP": self._may_connect,
            "HTTP_STREAM_POOL_GROUP_HANDLE_CREATED": self._handle,
            "HTTP_STREAM_POOL_JOB_ALIVE": self._new_job,
        }

    # A request and what it is for.

    def _url_request(self, event: Event, params: Params) -> None:
        if event.phase == self._begin and params.load_state is not None:
            self._active(event, params)
        elif event.phase == self._end:
            self._kinds.pop(event.source.id, None)
            controller = self._of_url_request.pop(event.source.id, None)
            if controller is not None and not self._outlives(controller):
                self._over(controller, event.time)

    def _outlives(self, controller: int) -> bool:
        """Whether the log says otherwise when the request's place is free: by the end of a stream, or of the use of a socket.
        The new pool does not log that use; there, only a WebSocket holds its socket for longer than its request lasts."""
        url = self._urls.get(controller, "")
        if controller in self._pooled:
            return url.startswith(("ws:", "wss:"))
        return controller in self._socket_of or not url

    def _active(self, event: Event, params: Params) -> None:
        """A request that was there before the log began, with its state at that moment. Its pool is taken to be its host's,
        until another request for that host names the group."""
        state = self._states.get(params.load_state if params.load_state is not None else -1, "")
        key, host = -event.source.id, origin(params.url)
        if not host or (state not in LOAD_STATES and state not in HOLDING_STATES):
            return
        self.began_with_requests = True
        self._early.setdefault(host, []).append(key)
        self.recorder.asked(key, params.url, event.time)
        self._urls[key] = params.url
        self._of_url_request[event.source.id] = key
        if state in LOAD_STATES:
            self.recorder.waits(key, LOAD_STATES[state], host, event.time, derived=True)
        else:
            self.recorder.served(key, event.time, host)  # Whether it has a whole connection is not known.

    def _purpose(self, event: Event, params: Params) -> None:
        if params.request_type in REQUEST_TYPES:
            self._kinds[event.source.id] = REQUEST_TYPES[params.request_type]

    def _bound(self, event: Event, params: Params) -> None:
        """Logged by both sides: the controller's line has the number of the request, and is the later one."""
        if params.source_dependency is None or event.source.id not in self._urls:
            return
        request = params.source_dependency.id
        self._of_url_request[request] = event.source.id
        if request in self._kinds:
            self.recorder.about(event.source.id, kind=self._kinds[request])

    def _sent_plainly(self, event: Event, _: Params) -> None:
        if (controller := self._of_url_request.get(event.source.id)) is not None:
            self.recorder.about(controller, protocol="h1")

    def _sent_over_quic(self, event: Event, _: Params) -> None:
        if (controller := self._of_url_request.get(event.source.id)) is not None:
            self.recorder.about(controller, protocol="h3")

    def _response(self, event: Event, params: Params) -> None:
        controller = self._of_url_request.get(event.source.id)
        if controller is not None and isinstance(params.headers, list) and streams(params.headers):
            self.recorder.about(controller, kind=Kind.EVENTS)

    def _controller(self, event: Event, params: Params) -> None:
        source = event.source.id
        if event.phase == self._begin and not params.is_preconnect and origin(params.url):
            self.recorder.asked(source, params.url, event.time)
            self._urls[source] = params.url
            self._asking.setdefault(plain(params.url), []).append(source)
        elif event.phase == self._end and source in self._urls and source not in self._with_job:
            self._take_handle(source, event.time)
            if self.recorder.waiting(source):
                self._over(source, event.time)

    def _over(self, controller: int, at_ms: float, outcome: Outcome = Outcome.GAVE_UP) -> None:
        self.recorder.ended(controller, at_ms, outcome)
        self._with_job.discard(controller)
        self._pooled.discard(controller)
        self._without_socket(controller)
        if url := self._urls.pop(controller, ""):
            self._no_longer_asking(controller, url)

    def _no_longer_asking(self, controller: int, url: str) -> None:
        asking = self._asking.get(plain(url), [])
        if controller in asking:
            asking.remove(controller)
            if not asking:
                del self._asking[plain(url)]

    # The old pool.

    def _job(self, event: Event, params: Params) -> None:
        if event.phase == self._begin and params.source_dependency and params.source_dependency.id in self._urls:
            self._of_job[event.source.id] = params.source_dependency.id
        elif event.phase == self._end:
            self._of_job.pop(event.source.id, None)
            self._groups.pop(event.source.id, None)
            self._entered.pop(event.source.id, None)

    def _protocol(self, event: Event, params: Params) -> None:
        controller = self._of_job.get(event.source.id)
        if controller is None:
            return
        protocol = PROTOCOLS.get(params.proto.lower(), "")
        self.recorder.about(controller, protocol=protocol)
        if protocol not in ("", "h1"):
            self.recorder.joined(controller)
            self.recorder.shares(controller, event.time)

    def _group(self, event: Event, params: Params) -> None:
        if (controller := self._of_job.get(event.source.id)) is not None:
            self._groups[event.source.id] = params.group_id
            for key in self._early.pop(origin(self._urls.get(controller, "")), ()):
                self.recorder.belongs(key, params.group_id)

    def _pool(self, event: Event, _: Params) -> None:
        controller = self._of_job.get(event.source.id)
        if controller is None:
            return
        if event.phase == self._begin:
            self._entered[event.source.id] = controller
        else:
            self._entered.pop(event.source.id, None)
            self.recorder.left(controller, event.time, Outcome.GAVE_UP)

    def _stalled(self, limit: Limit, event: Event, _: Params) -> None:
        controller = self._of_job.get(event.source.id)
        if controller is None:
            return
        self._entered.pop(event.source.id, None)
        pool = self.recorder.every(controller) if limit == Limit.SOCKETS else self._group_of(event.source.id, controller)
        self.recorder.waits(controller, limit, pool, event.time)
        if limit == Limit.SOCKETS:
            self._first_at_the_limit(event.time)

    def _first_at_the_limit(self, at_ms: float) -> None:
        """Jobs that are in the pool, without a stall, and for whose group nothing is being connected."""
        busy = set(self._connecting.values())
        for job, controller in self._entered.items():
            if self._group_of(job, controller) not in busy:
                self.recorder.waits(controller, Limit.SOCKETS, self.recorder.every(controller), at_ms, derived=True)

    def _group_of(self, named_by: int, controller: int) -> str:
        """The pool of a request: a group's name, by the job or the group's own source; or the host, if that is not known. A
        WebSocket's group has the same name in a manager of its own (net/http/http_network_session.h)."""
        url = self._urls.get(controller, "")
        apart = WEBSOCKETS if url.startswith(("ws:", "wss:")) else ""
        return apart + (self._groups.get(named_by) or origin(url))

    def _connects(self, event: Event, params: Params) -> None:
        self._connecting[event.source.id] = params.group_id

    def _connected(self, event: Event, _: Params) -> None:
        if event.phase == self._end:
            self._connecting.pop(event.source.id, None)

    def _got_socket(self, event: Event, _: Params) -> None:
        if (controller := self._of_job.get(event.source.id)) is not None:
            self.recorder.left(controller, event.time)

    def _in_use(self, event: Event, params: Params) -> None:
        socket = event.source.id
        if event.phase == self._end:
            self._give_back(socket, event.time)
        elif params.source_dependency and (controller := self._of_job.get(params.source_dependency.id)) is not None:
            pool = self._group_of(params.source_dependency.id, controller)
            self._serve(controller, socket, pool, event.time)

    def _serve(self, controller: int, socket: int, pool: str, at_ms: float) -> None:
        self._of_socket[socket], self._socket_of[controller] = controller, socket
        self.recorder.served(controller, at_ms, pool, f"socket {socket}", alone=True)

    def _give_back(self, socket: int, at_ms: float) -> None:
        if (controller := self._of_socket.get(socket)) is not None:
            self._over(controller, at_ms)

    def _socket(self, event: Event, _: Params) -> None:
        if event.phase == self._end:
            self._give_back(event.source.id, event.time)

    # HTTP/2.

    def _found_session(self, event: Event, _: Params) -> None:
        controller = self._of_job.get(event.source.id, self._of_url_request.get(event.source.id))
        if controller is not None:
            self.recorder.about(controller, protocol="h2")
            self.recorder.joined(controller)

    def _no_stream(self, event: Event, params: Params) -> None:
        for controller in self._asking.get(plain(params.url), ()):
            if not self.recorder.waiting(controller):
                pool = session(event.source.id)
                self.recorder.about(controller, protocol="h2")
                self.recorder.waits(controller, Limit.STREAMS, pool, event.time, most=params.max_concurrent_streams)
                return

    def _sent(self, event: Event, params: Params) -> None:
        """A stream begins. Its request is the first that asked for the address, or one that waits for a stream."""
        asking = self._asking.get(address(params.headers), [])
        if not asking:
            return
        controller = next((one for one in asking if self.recorder.waiting(one)), asking[0])
        self._no_longer_asking(controller, self._urls[controller])
        self.recorder.about(controller, protocol="h2")
        self.recorder.shares(controller, event.time)
        self._without_socket(controller)
        self.recorder.served(controller, event.time, session(event.source.id), session(event.source.id))
        self._streams.setdefault(event.source.id, {})[params.stream_id] = controller
        self._urls.pop(controller, None)

    def _without_socket(self, controller: int) -> None:
        """The socket of a request is free, or a whole HTTP/2 connection's now."""
        if (socket := self._socket_of.pop(controller, None)) is not None:
            self._of_socket.pop(socket, None)

    def _received(self, event: Event, params: Params) -> None:
        if params.fin:
            self._reset(event, params)
        elif isinstance(params.headers, list) and streams(params.headers):
            controller = self._streams.get(event.source.id, {}).get(params.stream_id)
            if controller is not None:
                self.recorder.about(controller, kind=Kind.EVENTS)

    def _reset(self, event: Event, params: Params) -> None:
        controller = self._streams.get(event.source.id, {}).pop(params.stream_id, None)
        if controller is not None:
            self.recorder.ended(controller, event.time)

    def _session(self, event: Event, _: Params) -> None:
        if event.phase == self._end:
            for controller in self._streams.pop(event.source.id, {}).values():
                self.recorder.ended(controller, event.time)

    # The new pool.

    def _new_group(self, event: Event, params: Params) -> None:
        key = params.stream_key
        if event.phase == self._begin and key:
            self._groups[event.source.id] = f"{key.destination} <{key.network_anonymization_key}>"
        elif event.phase == self._end:
            self._groups.pop(event.source.id, None)

    def _manager(self, event: Event, params: Params) -> None:
        if event.phase == self._begin and params.source_dependency:
            self._managers[event.source.id] = (params.source_dependency.id, set())
        elif event.phase == self._end:
            self._managers.pop(event.source.id, None)

    def _requested(self, event: Event, params: Params) -> None:
        if params.source_dependency:
            self._managers.setdefault(event.source.id, (0, set()))[1].add(params.source_dependency.id)

    def _may_connect(self, event: Event, params: Params) -> None:
        limit = REACHED.get(params.can_attempt)
        group, jobs = self._managers.get(event.source.id, (0, set()))
        if limit is None:
            return
        for job in sorted(jobs):
            if (controller := self._of_job.get(job)) is not None:
                pool = self.recorder.every(controller) if limit == Limit.SOCKETS else self._group_of(group, controller)
                self.recorder.waits(controller, limit, pool, event.time, derived=True)

    def _handle(self, event: Event, params: Params) -> None:
        """A stream on a socket of the group is made. What is logged next says for which request."""
        if params.source_dependency:
            socket = params.source_dependency.id
            self._give_back(socket, event.time)
            self._handed = (socket, event.source.id)

    def _new_job(self, event: Event, params: Params) -> None:
        job = event.source.id
        if event.phase == self._begin and params.source_dependency and params.source_dependency.id in self._urls:
            self._of_job[job] = params.source_dependency.id
            self._with_job.add(params.source_dependency.id)
        elif event.phase == self._end and (controller := self._of_job.pop(job, None)) is not None:
            for _, jobs in self._managers.values():
                jobs.discard(job)
            self._with_job.discard(controller)
            protocol = PROTOCOLS.get(params.negotiated_protocol.lower(), "")
            self.recorder.about(controller, protocol=protocol)
            if params.net_error:
                self._over(controller, event.time, Outcome.FAILED)
            elif protocol in ("", "h1"):
                self._take_handle(controller, event.time)
            else:
                self.recorder.left(controller, event.time, Outcome.JOINED)
                self._handed = None

    def _take_handle(self, controller: int, at_ms: float) -> None:
        """The request gets the stream that has just been made, if there is one."""
        if self._handed and controller not in self._socket_of:
            socket, group = self._handed
            self._handed = None
            self._pooled.add(controller)
            self._serve(controller, socket, self._group_of(group, controller), at_ms)


def session(number: int) -> str:
    """The name of an HTTP/2 connection."""
    return f"HTTP/2 connection {number}"


def plain(url: str) -> str:
    """An address as its request names it: origin, path and query."""
    return origin(url) + target(url)


def address(headers: object) -> str:
    """The address in the fields of an HTTP/2 request."""
    fields = dict(one.split(": ", 1) for one in headers if ": " in one) if isinstance(headers, list) else {}
    return plain(f"{fields.get(':scheme', '')}://{fields.get(':authority', '')}{fields.get(':path', '')}")


def streams(headers: list[str]) -> bool:
    """Whether the fields of a response announce an event stream."""
    return any(one.lower().startswith("content-type: text/event-stream") for one in headers)


def read(source: Source, known: Constants) -> History:
    """The history in a NetLog. Raises UsageError if it has no event."""
    reader = Reader(known)
    events = Events(source, reader.actions)
    for event in events:
        action = reader.actions.get(event.type)
        if action:
            action(event, event.params or NOTHING)
    if events.first is None:
        raise source.unusable("is a NetLog without a whole event: it was cut off, or nothing happened while it was recorded")
    return reader.recorder.history(
        log="NetLog",
        browser=known.browser,
        began="" if known.offset_ms is None else utc(events.first + known.offset_ms),
        origin_ms=events.first,
        end_ms=events.last or events.first,
        timed=True,
        notes=notes(events, source, reader),
    )


def notes(events: Events, source: Source, reader: Reader) -> list[str]:
    """What limits an explanation of this log."""
    found = []
    if source.cut or not events.closed:
        found.append("The log was not closed: the browser was killed or still running, or the file was cut off. "
                     "It is explained up to its last whole event.")  # fmt: skip
    if events.unreadable:
        found.append(f"{events.unreadable} events could not be read, and were left out.")
    if reader.began_with_requests:
        found.append("Some requests were there before the log began. What they waited for, or held, is taken from the state in "
                     "which the log found them.")  # fmt: skip
    return found
