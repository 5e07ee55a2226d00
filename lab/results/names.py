"""The names of cells for a reader. The titles of engines, protocols, transports and openings are in their own tables."""

from __future__ import annotations

from lab.browser.engines import ENGINES
from lab.model.axes import DIRECT
from lab.model.cell import PLAIN_CLIENT, Cell
from lab.model.openings import OPENINGS
from lab.model.protocols import PROTOCOLS
from lab.proxies.known import VARIANTS
from lab.results.file import CellResult
from lab.text import one_line
from lab.transports import transports


def engine_name(engine: str) -> str:
    """The engine's title: `Chromium`; `Any browser` where none was needed. For an unknown engine, its capitalized name."""
    if engine == PLAIN_CLIENT:
        return "Any browser"
    return ENGINES[engine].title if engine in ENGINES else one_line(engine.capitalize())


def engine_title(run: CellResult) -> str:
    """The engine's title with its major version: `Chromium 156`; without it if no version is known."""
    name = engine_name(run.cell.engine)
    return one_line(f"{name} {run.engine_version.split('.')[0]}" if run.engine_version else name)


def protocol_of(run: CellResult) -> str:
    """The protocol's name, over HTTP/2 with the number of streams that the origin allows on a connection: `h2 (100)`."""
    cell = run.cell
    return f"{cell.protocol} ({cell.streams})" if PROTOCOLS[cell.protocol].multiplexed else cell.protocol


def route_title(route: str) -> str:
    """A route's title: `nginx, proxy_buffering off`; its name if it is not known."""
    if route == DIRECT:
        return "without a proxy"
    return VARIANTS[route][1].title if route in VARIANTS else one_line(route)


def transport_of(run: CellResult) -> str:
    """The transport's title with its polling interval: `Polling, 100 ms`."""
    return transport_title(run.cell)


def transport_title(cell: Cell) -> str:
    """The same of a cell without a result."""
    known = transports()
    title = known[cell.transport].TITLE if cell.transport in known else one_line(cell.transport)
    return f"{title}, {cell.interval_ms} ms" if cell.interval_ms else title


def within(title: str) -> str:
    """A title as it is written inside a sentence: `polling, 100 ms`, but `WebSocket`."""
    first = title.partition(" ")[0]
    return title[:1].lower() + title[1:] if first[1:] == first[1:].lower() else title


def label(run: CellResult) -> str:
    """A cell's name without its engine: `tabs over HTTP/1.1 by server-sent events`. If it has a case, the case replaces
    `tabs`."""
    return cell_label(run.cell)


def cell_label(cell: Cell) -> str:
    """The same of a cell without a result."""
    protocol = PROTOCOLS[cell.protocol]
    over = protocol.family if protocol.tls else f"{protocol.family} without TLS"
    what = one_line(cell.case) or OPENINGS[cell.opening].nouns
    through = "" if cell.route == DIRECT else f", through {route_title(cell.route)}"
    return f"{what} over {over} by {within(transport_title(cell))}{through}"
