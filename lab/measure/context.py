"""What every step of a cell needs (`CellContext`), and what has been seen in the cell so far (`Seen`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import urlencode

from lab.browser import Browser
from lab.measure.origin import CellLedger, Origin
from lab.measure.settling import Settling
from lab.model.browsers import BrowserLog
from lab.model.buffering import BufferingSeen
from lab.model.cell import AnyCase, Cell
from lab.model.connections import Connection, connections_of
from lab.model.delivery import DeliverySeen
from lab.model.drops import Drop, DropSeen
from lab.model.hops import HopsSeen, ProxySeen
from lab.model.ledger import AnyEvent
from lab.model.observation import ClientSeen, Release, Screenshot
from lab.model.payloads import PayloadSeen
from lab.model.pools import SideSeen
from lab.model.protocols import of_door
from lab.model.routes import OpenRoute
from lab.model.silence import SilenceSeen
from lab.model.starvation import ProbeSeen
from lab.transports.sse import SILENT


class Addresses:
    """The URLs of one cell's pages and streams, by the cell's route."""

    def __init__(self, cell: Cell, case: AnyCase | None, route: OpenRoute, host: str) -> None:
        self._route = route
        self._host = host
        self._fields: dict[str, str | int] = {"cell": cell.name, "transport": cell.transport}
        if cell.interval_ms:
            self._fields["interval"] = cell.interval_ms
        if isinstance(case, Drop):
            self._fields["retry"] = SILENT if case.retry is None else case.retry

    def base(self, door: str, host: str = "") -> str:
        """Scheme, host and port of a door, as in `https://127.0.0.1:4433`."""
        return f"{of_door(door).scheme}://{host or self._host}:{self._route.port(door)}"

    def page(self, door: str, host: str = "", **query: str | int) -> str:
        """The URL of a page of the cell. `{n}` in a query is not encoded."""
        return f"{self.base(door, host)}/tab?{urlencode({**self._fields, **query}, safe='{}')}"

    def payloads_page(self, door: str) -> str:
        """The URL of the page that requests payloads."""
        return f"{self.base(door)}/payloads"

    def payload(self, name: str) -> str:
        """The path and query of a payload, relative to the page that requests it."""
        return f"/payload?{urlencode({**self._fields, 'tab': 1, 'name': name})}"

    def drip(self, door: str, number: int, **query: str | int) -> str:
        """The URL of a drip (lab/origin/drip.py) for client `number`."""
        return f"{self.base(door)}/drip?{urlencode({'cell': self._fields['cell'], 'tab': number, **query})}"

    def probe(self, door: str, number: int, kind: str) -> str:
        """The URL of a probe of one kind, with the probe's number."""
        return f"{self.base(door)}/probe?{urlencode({'cell': self._fields['cell'], 'tab': number, 'kind': kind})}"


@dataclass(kw_only=True)
class CellContext:
    """What a cell is measured with: the cell and its case, the origin and the cell's ledger, the browser, the route, the
    addresses, the settling."""

    cell: Cell
    case: AnyCase | None
    origin: Origin
    ledger: CellLedger
    browser: Browser
    route: OpenRoute
    addresses: Addresses
    settling: Settling

    @property
    def events(self) -> Sequence[AnyEvent]:
        """The events of the cell's ledger so far. The list grows; copy what must not change."""
        return self.ledger.events

    def rows(self) -> tuple[Connection, ...]:
        """The cell's connections so far."""
        return connections_of(self.events, self.cell.name)

    def move(self) -> None:
        """Count a move that is not in the ledger."""
        self.settling.activity.move()


@dataclass
class Seen:
    """What has been seen so far. The verbs fill it step by step, so a fault at the end loses nothing. Its fields are those of
    Observation."""

    clients: tuple[ClientSeen, ...] = ()
    ledger: tuple[AnyEvent, ...] | None = None
    opened: int | None = None
    settled_ms: float | None = None
    quiet_ms: float | None = None
    controls: int = 0
    browser_log: BrowserLog | None = None
    releases: tuple[Release, ...] = ()
    sides: list[SideSeen] = field(default_factory=list)
    probes: list[ProbeSeen] = field(default_factory=list)
    delivery: DeliverySeen | None = None
    drops: list[DropSeen] = field(default_factory=list)
    payloads: tuple[PayloadSeen, ...] = ()
    proxy: ProxySeen | None = None
    hops: HopsSeen | None = None
    buffering: BufferingSeen | None = None
    silence: SilenceSeen | None = None
    screenshots: tuple[Screenshot, ...] = ()
