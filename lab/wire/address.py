"""Addresses of a user's app: parsed, checked, and shown without what may be secret."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import urljoin, urlsplit

import msgspec

from lab.errors import UsageError
from lab.text import clean

PORTS = {"http": 80, "https": 443}
HIDDEN = "…"
"""What stands for a secret value."""
NAME = re.compile(r"[\w.\-\[\]]{1,40}")
"""A name in a query that is shown. Anything else there may be a token."""


class Address(msgspec.Struct, frozen=True):
    """One http(s) URL. `target` is the path with its query, as it stands in a request."""

    scheme: str
    host: str
    port: int
    target: str

    @property
    def tls(self) -> bool:
        return self.scheme == "https"

    @property
    def authority(self) -> str:
        """Host and port as they stand in a request: the port only if it is not the scheme's own."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def origin(self) -> str:
        """Scheme, host and port, as in `http://127.0.0.1:8080`."""
        return f"{self.scheme}://{self.authority}"

    @property
    def url(self) -> str:
        """The whole URL, with its query. Not for anything that is written down."""
        return f"{self.origin}{self.target}"

    def __str__(self) -> str:
        return shown(self.url)

    @property
    def local(self) -> bool:
        """Whether the host's name says that it is this machine."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost" or self.host.endswith(".localhost")


def parse(text: str, base: Address | None = None) -> Address:
    """The address in a text; relative to `base` if there is one. Raises UsageError, in one line, for anything else than an
    http(s) URL with a host."""
    joined = text
    try:
        joined = urljoin(base.url, text) if base else text
        parts = urlsplit(joined)
        port = parts.port
        host = parts.hostname or ""
        host.encode("idna" if not host.isascii() else "ascii")
    except (ValueError, UnicodeError) as error:
        raise UsageError(f"{shown(text)!r} is no URL: {error}", "give one like http://localhost:8080/") from error
    if parts.scheme.lower() not in PORTS:
        what = f"has the scheme {parts.scheme!r}" if parts.scheme and "://" in joined else "is no URL"
        raise UsageError(f"{shown(text)!r} {what}", "give one that begins with http:// or https://")
    if not host or any(letter in host for letter in " \t\r\n"):
        raise UsageError(f"{shown(text)!r} names no host", "give one like http://localhost:8080/")
    scheme = parts.scheme.lower()
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if not target.isascii() or any(letter <= " " for letter in target):
        target = "".join(
            chr(byte) if 0x21 <= byte < 0x7F else f"%{byte:02X}" for byte in target.encode("utf-8", "surrogatepass")
        )
    return Address(scheme, host.encode("idna").decode() if not host.isascii() else host, port or PORTS[scheme], target)


def shown(url: str) -> str:
    """A URL as it may be written down: without user, password and fragment, and without the values of its query."""
    try:
        parts = urlsplit(url)
        query = hidden_query(parts.query)
        host = parts.netloc.rpartition("@")[2]
    except ValueError:
        return clean(re.sub(r"//[^/]*@", "//", re.split(r"[?#]", url)[0]))
    start = f"{parts.scheme}://{host}" if parts.netloc else f"{parts.scheme}:" if parts.scheme else ""
    return clean(f"{start}{hidden_parameters(parts.path)}{f'?{query}' if query else ''}")


def shown_in(text: str) -> str:
    """A text of somebody else's, with each URL in it as it may be written down."""
    return re.sub(r"\b(?:https?|wss?)://[^\s\"'<>]+", lambda found: shown(found[0]), text)


def hidden_query(query: str) -> str:
    """A query with its names only. What has no name, or nothing after it, is hidden whole: it may be a token, and base64 may
    end in `=`."""
    pairs = [part.partition("=") for part in re.split(r"[&;]", query) if part]
    return "&".join(f"{name}={HIDDEN}" if NAME.fullmatch(name) and value.strip("=") else HIDDEN for name, _, value in pairs)


def hidden_parameters(path: str) -> str:
    """A path without the parameters of its segments: `/page;jsessionid=…`."""
    return re.sub(r";[^/]*", f";{HIDDEN}", path)
