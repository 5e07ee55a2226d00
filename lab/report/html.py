"""How a page of the lab is made from its template: everything escaped unless it was made here, and a policy that lets nothing
apply or run but the page's own style and script."""

from __future__ import annotations

import base64
import hashlib
import re
from functools import cache
from importlib.resources import files

import jinja2
from markupsafe import Markup, escape

from lab.report.markdown import sheet_markdown

ADDRESS = re.compile(r"(https://[^\s()<>\"']+)")


@cache
def template(name: str) -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("lab.report", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "linked": linked, "hashed": hashed, "first_sentence": first_sentence, "markdown": sheet_markdown, "base64": encoded
    }  # fmt: skip
    return environment.get_template(name)


def own(name: str) -> Markup:
    """A file of this folder, as it stands."""
    return Markup((files("lab.report") / "templates" / name).read_text(encoding="utf-8"))  # noqa: S704  # our own


def hashed(text: str) -> str:
    """What a Content-Security-Policy calls an inline style or script by (CSP Level 3, section 2.3.1)."""
    return f"sha256-{encoded(hashlib.sha256(text.encode()).digest())}"


def encoded(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def linked(text: str) -> Markup:
    """Escaped, with its https addresses as links."""
    return Markup().join(
        Markup('<a href="{0}">{0}</a>').format(part) if part.startswith("https://") else escape(part)
        for part in ADDRESS.split(text)
    )


def first_sentence(text: str) -> str:
    return re.split(r"(?<=\.) (?=[A-Z])", text, maxsplit=1)[0]
