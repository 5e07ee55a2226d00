"""Calibration: before a run measures browsers, the control client holds a random number of streams, and the same judge must
find that number (lab/judge/calibration.py). If it does not, the run reports a fault of the lab."""

from __future__ import annotations

import asyncio
import random
import ssl
import time
from http.client import HTTPException
from pathlib import Path

import h2.exceptions

from lab.errors import LabError, NoAnswerError
from lab.measure.origin import CellLedger, Origin
from lab.measure.slowness import busy
from lab.model.cell import CONTROL_CLIENT, Cell
from lab.model.claims import AtMost
from lab.model.ledger import StreamOpened, now_ms
from lab.model.observation import ClientSeen, Observation
from lab.model.protocols import PROTOCOLS
from lab.run.control_client import TIMEOUT_S, ControlClient, control_client

NAME = "calibration"
MOST_CONNECTIONS, MOST_STREAMS = 9, 40


async def calibrate(origin: Origin, certs: Path, protocol: str, streams: int | None = None) -> Observation:
    """Hold a random number of streams (or `streams`), and return what was seen as the observation of a cell. `cell.at_most` is
    the number held. Errors become faults of the observation."""
    most = MOST_STREAMS if PROTOCOLS[protocol].multiplexed else MOST_CONNECTIONS
    number = streams or random.randint(2, most)  # noqa: S311  # no secret
    cell = Cell(scenario=NAME, engine=CONTROL_CLIENT, protocol=protocol, transport="sse", at_most=number, opening="page")
    began, settled_ms, live, faults, too_busy = time.monotonic(), None, [False] * number, list[str](), None
    client: ControlClient | None = None
    ledger: CellLedger | None = None
    try:
        ledger = await origin.begin(cell.name, cell.streams)
        port = origin.port(protocol)
        client = control_client(protocol, origin.host, port, certs=certs, cell=cell.name, streams=number)
        await asyncio.to_thread(client.hold)
        async with asyncio.timeout(TIMEOUT_S):
            await origin.wait_for(lambda: len(origin.ledger.of(StreamOpened)) >= number)
        settled_ms = now_ms()
        await origin.publish()
        live = await asyncio.to_thread(client.live)
    except ssl.SSLCertVerificationError as error:
        faults.append(
            f"the run's own certificate is not accepted: {error.verify_message}: set the clock of this machine, and run again"
        )
    except (OSError, HTTPException, LabError, TimeoutError, h2.exceptions.ProtocolError) as error:
        what = f"{type(error).__name__}: {error}"
        too_busy = busy(what) if isinstance(error, TimeoutError | NoAnswerError) else None
        faults += [] if too_busy else [what]
    finally:
        if client is not None:
            await asyncio.to_thread(client.close)
    return Observation(
        cell=cell,
        claim=AtMost(number, source="the control client, which holds exactly this many"),
        opened=number,
        clients=tuple(ClientSeen(tab, document=True, live=one) for tab, one in enumerate(live, start=1)),
        ledger=tuple(ledger.events) if ledger else (),
        settled_ms=settled_ms,
        faults=tuple(faults),
        too_busy=too_busy,
        seconds=time.monotonic() - began,
    )
