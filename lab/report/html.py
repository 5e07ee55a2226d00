"""Makes a page from its template. All text is escaped unless it was made here, and the page's Content-Security-Policy allows
only its own style and script."""

from __future__ import annotations

import base64
import hashlib
import itertools
import re
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from urllib.parse import urlsplit

import jinja2
from markupsafe import Markup, escape

from lab.model.verdict import KINDS, Kind
from lab.report.markdown import table_markdown
from lab.report.tables import DIFFERS, Column, Found, text
from lab.text import first_sentence, sentence

ADDRESS = re.compile(r"(https://[^\s()<>\"']*[^\s()<>\"'.,:;!?])")
"""An https address in a text, without the punctuation after it. Jinja's `urlize` can't replace it: it also links http and mail
addresses and bare domains, and includes a following colon in the link."""


@cache
def template(name: str) -> jinja2.Template:
    """A template of lab/report/templates by its file name. A value that it lacks is an error, not an empty text."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("lab.report", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "linked": linked, "hashed": hashed, "first_sentence": first_sentence, "markdown": table_markdown, "base64": encoded,
        "text": text, "sentence": sentence, "cited": cited, "heads": heads,
    }  # fmt: skip
    environment.globals |= {"kinds": KINDS, "differs": DIFFERS}
    environment.tests |= {"kind": lambda value: isinstance(value, Kind), "found": lambda value: isinstance(value, Found)}
    return environment.get_template(name)


def own(name: str) -> Markup:
    """The content of a file in lab/report/templates, unchanged."""
    return Markup((files("lab.report") / "templates" / name).read_text(encoding="utf-8"))  # noqa: S704  # our own


def style() -> Markup:
    """The style sheet, with the colour of each kind of verdict."""
    rules = "\n".join(f".verdict.{kind.value} {{ color: var({row.colour}); }}" for kind, row in KINDS.items())
    return own("style.css") + Markup(rules + "\n")  # noqa: S704  # our own


def hashed(text: str) -> str:
    """The hash by which a Content-Security-Policy allows an inline style or script (CSP Level 3, section 2.3.1)."""
    return f"sha256-{encoded(hashlib.sha256(text.encode()).digest())}"


def encoded(raw: bytes) -> str:
    """Bytes in base64, as text."""
    return base64.b64encode(raw).decode()


def linked(text: str) -> Markup:
    """The text, escaped, with its https addresses as links."""
    return Markup().join(
        Markup('<a href="{0}" rel="noopener noreferrer">{0}</a>').format(part) if part.startswith("https://") else escape(part)
        for part in ADDRESS.split(text)
    )


BROWSER_SOURCES = {
    "Chromium": "https://source.chromium.org/chromium/chromium/src/+/main:{}",
    "Firefox": "https://searchfox.org/mozilla-central/source/{}",
}
"""Where a browser's source files are published, by the browser's name in a claim's source."""

FILE = re.compile(r"^(?P<browser>\w+), (?P<path>[\w./-]+\.\w+)(?=[:,]|$)")
"""A source that names a file of a browser: `Chromium, net/spdy/spdy_session.cc: kMaxConcurrentStreamLimit`."""


def cited(source: str) -> Markup:
    """The source of a claim, escaped, with short links: an address is shown as its host, and the file of a browser's source as
    its path."""
    if (found := FILE.match(source)) and found["browser"] in BROWSER_SOURCES:
        address = BROWSER_SOURCES[found["browser"]].format(found["path"])
        link = Markup('{}, <a href="{}" rel="noopener noreferrer">{}</a>')
        return link.format(found["browser"], address, found["path"]) + linked(source[found.end() :])
    return Markup().join(
        Markup('<a href="{}" rel="noopener noreferrer">{}</a>').format(part, urlsplit(part).netloc or part)
        if part.startswith("https://")
        else escape(part)
        for part in ADDRESS.split(source)
    )


def heads(columns: Sequence[Column]) -> list[tuple[str, list[Column]]]:
    """The columns by their group, for two rows of headings; empty where one row is enough."""
    if all(not one.label for one in columns if one.group):
        return []
    return [(group, list(those)) for group, those in itertools.groupby(columns, key=lambda one: one.group)]
