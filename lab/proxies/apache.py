"""Apache httpd, with mod_proxy and the event MPM. It is on no package index of Python; Debian's is apache2-bin.

https://httpd.apache.org/docs/2.4/mod/mod_proxy.html
https://httpd.apache.org/docs/2.4/mod/mod_http2.html
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
from pathlib import Path

from lab.paths import AUTHORITY
from lab.proxies import Launch, Setup, Variant, rendered

NAME = "apache"
TITLE = "Apache httpd"
COMMANDS = ("apache2", "httpd")
PACKAGE = ""
DEBIAN = "apache2-bin"
VERSION = ("-v",)

DEFLATE = "AddOutputFilterByType DEFLATE text/event-stream"
FLUSH = "ProxyPass / ${ORIGIN}/ flushpackets=on"

VARIANTS = (
    Variant(name="apache", title="Apache httpd"),
    Variant(name="apache-flushpackets", title="Apache httpd, flushpackets=on", line=FLUSH, place="proxy"),
    Variant(name="apache-deflate", title="Apache httpd, DEFLATE for event streams", line=DEFLATE, place="server"),
    Variant(name="apache-deflate-flushpackets", title="Apache httpd, DEFLATE for event streams and flushpackets=on",
            line=f"{DEFLATE}\n{FLUSH}", place="proxy"),
    Variant(name="apache-timeout-5s", title="Apache httpd, ProxyTimeout 5", line="ProxyTimeout 5", place="server"),
    Variant(name="apache-timeout-1h", title="Apache httpd, ProxyTimeout 3600", line="ProxyTimeout 3600", place="server"),
    Variant(name="apache-websocket", title="Apache httpd, upgrade=websocket", line="ProxyPass / ${ORIGIN}/ upgrade=websocket",
            place="proxy", versions=">=2.4.47"),
    Variant(name="apache-h2-behind", title="Apache httpd, HTTP/2 to the origin", line="ProxyPass / ${ORIGIN_H2}/",
            place="proxy", behind="h2"),
)  # fmt: skip

MODULES = ("mpm_event", "unixd", "authz_core", "ssl", "http2", "proxy", "proxy_http", "proxy_http2", "filter", "deflate")
PLACES = ("/usr/lib/apache2/modules", "/usr/lib64/httpd/modules", "/usr/libexec/apache2", "/usr/local/apache2/modules")
"""The modules that are needed and not built in, and where systems keep them."""

TEMPLATE = """\
{% for name, file in modules %}
LoadModule {{ name }}_module {{ file }}
{% endfor %}
Define ORIGIN http://127.0.0.1:{{ setup.origin }}
Define ORIGIN_H2 h2://localhost:{{ setup.origin_h2 }}
ServerName localhost
ServerRoot {{ setup.folder }}
DefaultRuntimeDir {{ setup.folder }}
PidFile {{ setup.folder }}/httpd.pid
ErrorLog {{ setup.folder }}/error.log
SSLCertificateFile {{ chain }}
SSLCertificateKeyFile {{ key }}
SSLProxyEngine on
SSLProxyCACertificateFile {{ setup.folder }}/ca.pem
Listen 127.0.0.1:{{ setup.fronts["h1-clear"] }}
Listen 127.0.0.1:{{ setup.fronts["h1"] }}
Listen 127.0.0.1:{{ setup.fronts["h2"] }}
{{ at("server") }}
{{ at("proxy") }}
{% if variant.place != "proxy" %}
ProxyPass / ${ORIGIN}/
{% endif %}
<VirtualHost 127.0.0.1:{{ setup.fronts["h1-clear"] }}>
</VirtualHost>
<VirtualHost 127.0.0.1:{{ setup.fronts["h1"] }}>
    SSLEngine on
    Protocols http/1.1
</VirtualHost>
<VirtualHost 127.0.0.1:{{ setup.fronts["h2"] }}>
    SSLEngine on
    Protocols h2 http/1.1
</VirtualHost>
"""


def wheel() -> Path | None:
    """There is none."""


def modules() -> list[tuple[str, Path]]:
    """The modules that stand in a file of this system, each with that file."""
    folder = next((Path(place) for place in PLACES if Path(place).is_dir()), Path(PLACES[0]))
    files = [(name, folder / f"mod_{name}.so") for name in MODULES]
    return [(name, file) for name, file in files if file.is_file()]


def configure(setup: Setup, variant: Variant) -> Launch:
    """Apache reads its configuration anew at SIGUSR1. Its workers may not run as root."""
    written = rendered(TEMPLATE, setup, variant, modules=modules())
    path = setup.folder / "httpd.conf"
    path.write_text(written)
    shutil.copy(setup.certs / AUTHORITY, setup.folder / "ca.pem")
    nobody = pwd.getpwnam("nobody")
    others = ("-C", f"User #{nobody.pw_uid}", "-C", f"Group #{nobody.pw_gid}") if os.getuid() == 0 else ()
    return Launch(arguments=("-D", "FOREGROUND", *others, "-f", str(path)), configuration=written, reload=signal.SIGUSR1)
