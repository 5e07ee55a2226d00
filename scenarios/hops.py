"""Through a real proxy: how many tabs stay live over HTTP/1.1 and HTTP/2, and what holds the others back, the browser or the
proxy? By which protocol does each hop go? Does a WebSocket pass? What does the app learn when a tab is closed, and what does a
reload of the proxy do to open streams?
"""

from lab import Answer, AtMost, Silence, Tabs, Unlimited, scenario

MDN = "MDN, https://developer.mozilla.org/en-US/docs/Web/API/EventSource (six for each browser and domain over HTTP/1.1)"
STREAMS = "RFC 9113, https://www.rfc-editor.org/rfc/rfc9113#section-5.1.2: as many streams as the server allows"
NGINX = "nginx, https://nginx.org/en/docs/http/"
HAPROXY = "HAProxy, https://docs.haproxy.org/2.8/configuration.html#"
ENVOY = "Envoy, https://www.envoyproxy.io/docs/envoy/latest/"
APACHE = "Apache httpd, https://httpd.apache.org/docs/2.4/mod/"

PROXIES = ("nginx", "nginx-old", "caddy", "haproxy", "envoy", "traefik", "apache")
BEHIND_H2 = ("caddy-h2-behind", "haproxy-h2-behind", "envoy-h2-behind", "traefik-h2-behind", "apache-h2-behind")
SOCKETS = ("nginx-websocket", "apache-websocket", "envoy-websocket", "envoy-connect")
LONGER = ("nginx-read-timeout", "haproxy-timeout-1h", "haproxy-tunnel-1h", "envoy-no-timeout", "apache-timeout-1h")
FIVE = {
    "haproxy-maxconn-5": HAPROXY + "5.2-maxconn: at most 5 connections to the server, further requests wait in a queue",
    "envoy-max-connections-5": ENVOY + "intro/arch_overview/upstream/circuit_breaking: max_connections 5",
}


@scenario(
    question="hops",
    transports=["sse"],
    tabs=12,
    routes=[*PROXIES, *SOCKETS, *BEHIND_H2, "haproxy-abortonclose"],
    keep_tabs=True,
    named_by=["hops"],
    usual_differing=2,
    thorough={"engine": ["firefox"], "route": [*SOCKETS, *BEHIND_H2, "haproxy-abortonclose"]},
    differing=2,
    repeat=3,
    claims=[
        AtMost(6, source=MDN, protocols=("h1",)),
        Unlimited(source=STREAMS, basis="specified", protocols=("h2",)),
    ],
)
async def hops(tabs: Tabs) -> None:
    await tabs.look_around()
    await tabs.open_one_by_one()
    await tabs.settle()
    await tabs.reload()


@scenario(
    question="hops",
    transports=["sse"],
    tabs=12,
    routes=tuple(FIVE),
    keep_tabs=True,
    named_by=["hops"],
    repeat=3,
    thorough={"protocol": ["h1"]},
    claims=[AtMost(5, source=source, routes=(route,), protocols=("h1", "h2")) for route, source in FIVE.items()],
)
async def hop_pools(tabs: Tabs) -> None:
    """A proxy may open fewer connections to the app than tabs ask for. Who holds the others then: the browser, or the proxy,
    which has their requests and does not pass them on?
    """
    await tabs.open_one_by_one()
    await tabs.settle()


@scenario(
    question="hops",
    transports=["sse"],
    openings=["page"],
    tabs=300,
    routes=PROXIES,
    named_by=["hops"],
    repeat=3,
    claims=[
        AtMost(128, source=NGINX + "ngx_http_v2_module.html#http2_max_concurrent_streams", protocols=("h2",),
               routes=("nginx", "nginx-old")),
        AtMost(250, source="Go, x/net/http2/server.go: defaultMaxStreams", protocols=("h2",), routes=("caddy",)),
        AtMost(100, source=HAPROXY + "3.2-tune.h2.fe.max-concurrent-streams", protocols=("h2",), routes=("haproxy",)),
        AtMost(250, source="Traefik, https://doc.traefik.io/traefik/routing/entrypoints/: http2.maxConcurrentStreams",
               protocols=("h2",), routes=("traefik",)),
        AtMost(100, source=APACHE + "mod_http2.html#h2maxsessionstreams", protocols=("h2",), routes=("apache",)),
        AtMost(256, source="Chromium, net/spdy/spdy_session.cc: kMaxConcurrentStreamLimit", protocols=("h2",),
               engines=("chromium",), routes=("envoy",)),
        Unlimited(source=ENVOY + "api-v3/config/core/v3/protocol.proto: max_concurrent_streams 1024", protocols=("h2",),
                  routes=("envoy",)),
    ],
)  # fmt: skip
async def hop_limits(tabs: Tabs) -> None:
    """How many streams of one page does a proxy let through over HTTP/2: as many as it announces, as many as the browser opens,
    or fewer, because it serves fewer than it announces?
    """
    await tabs.grow()
    await tabs.settle()


@scenario(
    question="silence",
    transports=["sse"],
    browsers=False,
    tabs=2,
    routes=[*PROXIES, *LONGER],
    named_by=["hops"],
    usual_differing=2,
    differing=2,
    repeat=3,
    cases={"75 s": Silence(seconds=75)},
    claims=[
        Answer("silence cut after 60 s", source=NGINX + "ngx_http_proxy_module.html#proxy_read_timeout", protocols=("h1", "h2"),
               routes=("nginx", "nginx-old")),
        Answer("silence cut after 50 s", source=HAPROXY + "4.2-timeout%20server (50 s in Debian's haproxy.cfg)",
               protocols=("h1", "h2"), routes=("haproxy",)),
        Answer("cut after 15 s, even while events came",
               source=ENVOY + "api-v3/config/route/v3/route_components.proto: RouteAction.timeout, 15 s",
               protocols=("h1", "h2"), routes=("envoy",)),
        Answer("silence cut after 60 s", source=APACHE + "core.html#timeout", protocols=("h1", "h2"), routes=("apache",)),
        Answer("not cut", source="the documentation of each names no such time", protocols=("h1", "h2"), routes=PROXIES),
        Answer("silence cut after 50 s", source=HAPROXY + "4.2-timeout%20tunnel (it counts once a connection is upgraded)",
               protocols=("h2",), routes=("haproxy-tunnel-1h",)),
        Answer("not cut", source="the line raises the time, says the proxy's documentation", protocols=("h2",), routes=LONGER),
    ],
)  # fmt: skip
async def silence(tabs: Tabs) -> None:
    """After how much silence does a proxy cut a stream, and does it cut one on which an event comes each second? No browser is
    needed: a plain client reads both.
    """
    await tabs.watch()
