"""One of each added to a copy of the lab, by the files and rows that ARCHITECTURE.md names under "How to add"."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.conftest import ROOT

SCENARIO = '''"""Does everything that was added get from here to the report?"""

from lab import Answer, Tabs, scenario


@scenario(
    question="greeting",
    transports=["sse_again"],
    openings=["twins"],
    routes=["detour"],
    tabs=2,
    axes={"flavour": ["sweet", "sour"]},
    claims=[Answer("hello", source="tests/adding/overlay.py", protocols=("h1-again",), routes=("detour",))],
)
async def added(tabs: Tabs) -> None:
    await tabs.grow()
    await tabs.settle()
'''

JUDGE = '''"""Greeting: is every client that was opened live?"""

from __future__ import annotations

from lab.judge.witnesses import Witnesses
from lab.model.observation import Observation
from lab.model.verdict import Kind, Statement, Verdict


def verdict(seen: Observation, witnesses: Witnesses) -> Verdict:
    live = sum(client.live for client in seen.clients)
    answer = "hello" if live == seen.opened else "silence"
    return Verdict(
        kind=Kind.CONFIRMED if answer == str(getattr(seen.claim, "answer", "")) else Kind.REFUTED,
        why=f"{live} of {seen.opened} said {answer}.",
        live=live,
        answer=answer,
        witnesses=(Statement("pages", f"{live} said {answer}.", live),),
        spoke=1,
        agreed=1,
    )
'''


def row(folder: Path, file: str, before: str, added: str) -> None:
    """Put `added` in front of `before`, which stands once in that file."""
    path = folder / file
    text = path.read_text(encoding="utf-8")
    assert text.count(before) == 1, f"{before!r} stands {text.count(before)} times in {file}"
    path.write_text(text.replace(before, added + before), encoding="utf-8")


def engine(folder: Path) -> None:
    row(
        folder,
        "lab/browser/engines.py",
        '        Engine(\n            name="firefox",',
        '        Engine(name="second", title="Second Browser", driver=PLAYWRIGHT, browser_type="chromium",\n'
        '               commands=("chromium",), devtools=True,\n'
        '               leaf_argument="--ignore-certificate-errors-spki-list={leaf}"),\n',
    )


def protocol(folder: Path) -> None:
    row(
        folder,
        "lab/model/protocols.py",
        '        Protocol("h2",',
        '        Protocol("h1-again", "HTTP/1.1 once more", "https", "http/1.1", "HTTP/1.1", multiplexed=False),\n',
    )


def transport(folder: Path) -> None:
    text = (folder / "lab/transports/sse.py").read_text(encoding="utf-8")
    for old, new in (('NAME = "sse"', 'NAME = "sse_again"'), ('PATH = "', 'PATH = "/again'), ('TITLE = "', 'TITLE = "Again: ')):
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    (folder / "lab/transports/sse_again.py").write_text(text, encoding="utf-8")


def opening(folder: Path) -> None:
    row(
        folder,
        "lab/model/openings.py",
        '        Opening("page",',
        '        Opening("twins", "twins in one page", "twins", doubling=True, up_to=8, own_document=False),\n',
    )
    row(folder, "lab/measure/openers.py", '"hosts": hosts', '"twins": page, ')


def axis(folder: Path) -> None:
    row(
        folder,
        "lab/model/cell.py",
        "    repeat: int = 1\n",
        '    flavour: str = "sweet"\n    """What it tastes of."""\n',
    )
    row(
        folder,
        "lab/model/axes.py",
        ')  # fmt: skip\n"""In the order',
        '    Axis(field="flavour", option="--flavour", label="flavour", help="Its taste.", in_name=unless("sweet", str)),\n',
    )


def question(folder: Path) -> None:
    row(
        folder,
        "lab/model/questions.py",
        '        Question("payloads",',
        '        Question("greeting", "Who says hello?"),\n',
    )
    (folder / "lab/judge/greeting.py").write_text(JUDGE, encoding="utf-8")
    row(folder, "lab/judge/__init__.py", "from lab.judge.witnesses", "from lab.judge import greeting\n")
    row(folder, "lab/judge/__init__.py", '    "limits": limits.verdict', '    "greeting": greeting.verdict,\n')


def route(folder: Path) -> None:
    row(
        folder,
        "lab/measure/routes.py",
        "ROUTES: dict",
        'class Detour(Direct, frozen=True):\n    name: str = "detour"\n    title: str = "by a detour"\n\n\n',
    )
    row(folder, "lab/measure/routes.py", "axes.DIRECT: Direct()", '"detour": Detour(), ')


def scenario(folder: Path) -> None:
    (folder / "scenarios/added.py").write_text(SCENARIO, encoding="utf-8")


ADDED = (engine, protocol, transport, opening, axis, question, route, scenario)


def copy_with_one_of_each(folder: Path) -> None:
    """The lab in `folder`, with one of each added."""
    for name in ("lab", "scenarios"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "noxfile.py", folder)
    for add in ADDED:
        add(folder)
