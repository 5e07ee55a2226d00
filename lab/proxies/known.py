"""The proxies: one row each. A new proxy is a module with the contract of lab/proxies/__init__.py, and a row here."""

from __future__ import annotations

from lab.proxies import Proxy, Variant, apache, caddy, envoy, haproxy, nginx, traefik

PROXIES: tuple[Proxy, ...] = (nginx, caddy, haproxy, envoy, traefik, apache)

VARIANTS: dict[str, tuple[Proxy, Variant]] = {variant.name: (proxy, variant) for proxy in PROXIES for variant in proxy.VARIANTS}
"""Every variant by its name."""
