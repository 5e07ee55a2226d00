"""--behind names the right cause for each variant of each proxy."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Sequence
from pathlib import Path

from lab.measure.origin import Origin, origin
from lab.measure.routes import on_free_ports
from lab.model.probe import Finding, Severity
from lab.paths import AUTHORITY
from lab.probe.behind import DOOR, MOST_STREAMS, NAME, through
from lab.proxies.known import VARIANTS
from lab.run import certs
from lab.wire.address import parse
from lab.wire.ask import Asking
from lab.wire.connection import Trust

AT_ONCE = 18
"""How many proxies are asked at the same time."""

WATCH_S = 6.5

BUFFERING = {"behind-cause-buffering"}
EXPECTED = {
    "nginx": BUFFERING,
    "nginx-http10": BUFFERING,
    "nginx-ssl-buffer-64": BUFFERING,
    "nginx-postpone-output-0": BUFFERING,
    "nginx-gzip": {"behind-cause-compression", *BUFFERING},
    "nginx-websocket": BUFFERING,
    "nginx-read-timeout": BUFFERING,
    "nginx-old": BUFFERING,
    "nginx-old-http11": BUFFERING,
    "nginx-old-connection": BUFFERING,
    "nginx-old-chunked-off": BUFFERING,
    "nginx-old-cache-off": BUFFERING,
    "haproxy": {"behind-cause-http1"},
    "haproxy-timeout-5s": {"behind-cause-http1", "behind-cut"},
    "haproxy-timeout-1h": {"behind-cause-http1"},
    "haproxy-tunnel-1h": {"behind-cause-http1"},
    "haproxy-compression": {"behind-cause-http1"},
    "haproxy-abortonclose": {"behind-cause-http1"},
    "envoy-idle-5s": {"behind-cut"},
    "apache-timeout-5s": {"behind-cut"},
}
"""What is wrong behind each variant; behind the others, nothing is."""

FEW = ("envoy-max-connections-5", "haproxy-maxconn-5")
"""These have five connections to the app, and --behind asks for ten streams at once."""

LATE_HEADERS = {"nginx", "nginx-old", "nginx-old-buffering-off", "traefik-compress", "traefik-compress-excluded"}
"""Some of those that keep the header until the first event."""


def names() -> list[str]:
    """Each variant that speaks HTTP/1.1 without TLS to the app, as --behind expects it, and lets all streams through."""
    return [name for name, (_, variant) in VARIANTS.items() if variant.behind == DOOR and name not in FEW]


async def asked(name: str, server: Origin, certificates: Path, first: int, gate: asyncio.Semaphore) -> Sequence[Finding]:
    proxy, variant = VARIANTS[name]
    async with gate, on_free_ports(proxy, variant, server.started.doors, certificates) as (_, setup):
        address = parse(f"https://127.0.0.1:{setup.fronts['h2']}/")
        asking = Asking(own=address.origin, trust=Trust(authority=str(certificates / AUTHORITY)), watch_s=WATCH_S)
        return await through(address, asking, server, setup.origin, first)


async def all_asked() -> dict[str, Sequence[Finding]]:
    gate = asyncio.Semaphore(AT_ONCE)
    with certs.minted() as certificates, tempfile.TemporaryDirectory() as folder:
        async with origin(certificates, Path(folder)) as server:
            await server.begin(NAME, 100)
            found = await asyncio.gather(
                *[asked(name, server, certificates, 1 + MOST_STREAMS * place, gate) for place, name in enumerate(names())]
            )
    return dict(zip(names(), found, strict=True))


def test_each_variant_has_its_cause_named() -> None:
    found = asyncio.run(all_asked())
    causes = {
        name: {one.id for one in each if one.id == "behind-cut" or one.id.startswith("behind-cause")}
        for name, each in found.items()
    }
    assert causes == {name: EXPECTED.get(name, set()) for name in names()}
    buffered = {name for name, each in found.items() if any(one.id == "behind-buffered" for one in each)}
    assert buffered == {name for name, ids in EXPECTED.items() if any("cause" in one for one in ids)}
    late = {name for name, each in found.items() if any(one.id == "behind-late-header" for one in each)}
    assert late >= LATE_HEADERS
    assert not late & {"caddy", "envoy", "haproxy", "traefik", "apache"}
    for each in found.values():
        assert all(one.fix for one in each if one.severity is Severity.PROBLEM)
