"""Which proxy holds the events of a stream back, by which line of its configuration, and which line mends it? Each variant
differs from the proxy's defaults in one thing, or in two that belong together. A page and a plain client read twenty small
events; the first comes 0.4 s after the header.
"""

from lab import Answer, App, Tabs, scenario

NGINX = "nginx, https://nginx.org/en/docs/http/"
FOLKLORE = "threads that copy a block of six directives and do not say which of them matters: as if each helped by itself"
APART = "what an app expects: each event is sent on its own, and passed on so"
NO_DELAY = "HAProxy, https://docs.haproxy.org/2.8/configuration.html#4.2-option%20http-no-delay: without it, data may wait"

NEW = ("nginx", "nginx-buffering-off", "nginx-http10", "nginx-http10-buffering-off", "nginx-ssl-buffer-64",
       "nginx-postpone-output-0", "nginx-gzip", "nginx-gzip-buffering-off")  # fmt: skip
OLD = ("nginx-old", "nginx-old-buffering-off", "nginx-old-http11", "nginx-old-connection", "nginx-old-chunked-off",
       "nginx-old-cache-off")  # fmt: skip
CADDY = ("caddy", "caddy-flush-interval", "caddy-encode", "caddy-encode-events", "caddy-encode-events-flush")
HAPROXY = ("haproxy", "haproxy-compression", "haproxy-no-delay")
OTHERS = ("envoy", "envoy-gzip", "traefik", "traefik-compress", "traefik-compress-excluded", "traefik-flush-1s")
HOLDING = ("nginx", "nginx-http10", "nginx-gzip", "nginx-old", "haproxy", "traefik-compress")
APACHE = ("apache", "apache-flushpackets", "apache-deflate", "apache-deflate-flushpackets")


@scenario(
    question="buffering",
    transports=["sse"],
    openings=["page"],
    tabs=1,
    routes=[*NEW, *OLD, *CADDY, *HAPROXY, *OTHERS, *APACHE],
    named_by=["buffering"],
    usual_differing=2,
    differing=2,
    repeat=3,
    thorough={"engine": ["firefox"]},
    cases={"": App()},
    claims=[
        Answer("held to the end", source=NGINX + "ngx_http_proxy_module.html#proxy_buffering: on by default",
               protocols=("h1", "h2"), routes=("nginx", "nginx-http10", "nginx-old", "nginx-gzip")),
        Answer("at once", source=FOLKLORE, basis="observed", protocols=("h1", "h2"), routes=(*NEW, *OLD)),
        Answer("in batches", source=NO_DELAY, protocols=("h1",), routes=("haproxy", "haproxy-compression")),
        Answer("at once", source=APART, basis="observed", protocols=("h1", "h2")),
    ],
)  # fmt: skip
async def buffering(tabs: Tabs) -> None:
    await tabs.drip()


@scenario(
    question="buffering",
    transports=["sse"],
    openings=["page"],
    tabs=1,
    routes=HOLDING,
    named_by=["buffering"],
    usual_differing=3,
    differing=3,
    repeat=3,
    thorough={"engine": ["firefox"], "case": ["padding", "Cache-Control: no-transform"]},
    cases={
        "first comment": App(comment=True),
        "padding": App(padding=2048),
        "X-Accel-Buffering: no": App(fields=(("X-Accel-Buffering", "no"),)),
        "Cache-Control: no-transform": App(fields=(("Cache-Control", "no-transform"),)),
    },
    claims=[
        Answer("at once", source=NGINX + "ngx_http_proxy_module.html#proxy_buffering: the field switches it off",
               protocols=("h1", "h2"), cases=("X-Accel-Buffering: no",),
               routes=("nginx", "nginx-http10", "nginx-gzip", "nginx-old")),
        Answer("at once", source="guides that recommend it against a proxy that holds events back", basis="observed",
               protocols=("h1", "h2")),
    ],
)  # fmt: skip
async def app_remedies(tabs: Tabs) -> None:
    """What can an app do by itself about a proxy that holds its events or its headers back: a first comment, padding, a header
    field?
    """
    await tabs.drip()
