"""The probe on every app of tests/probe, in both browsers, again and again: is the tab that was predicted the one that hangs,
and is no wrong cause confirmed? Several probes may run beside each other: `python -m tests.soak.apps --times 3`."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import click

from lab.browser.engines import ENGINES
from lab.probe.interface import engine_of
from lab.run import certs
from tests.probe import apps
from tests.probe.probing import AT_ONCE, pool, probed
from tests.probe.serving import App, Server, serving
from tests.probe.third_party import NAMES, Installed

TABS = 12
OWN: dict[str, tuple[Callable[[list[Server]], App], int, bool]] = {
    "three streams a tab": (lambda _: apps.streams_a_tab(3), 1, False),
    "a stream on another port": (apps.other_port, 2, False),
    "behind a redirect and a login": (lambda _: apps.behind_login, 1, False),
    "one more request after its stream": (lambda _: apps.one_more, 1, False),
    "no header before the first event": (lambda _: apps.late_header, 1, False),
    "compressed": (lambda _: apps.compressed(flush=True), 1, False),
    "silent for 30 s": (lambda _: apps.silent, 1, False),
    "two streams a tab, HTTP/2": (lambda _: apps.streams_a_tab(2), 1, True),
    "stops answering at its 10th stream": (lambda _: apps.stops_at(10), 1, True),
    "tabs that share a stream": (lambda _: apps.shared_stream(), 1, False),
    "a long poll": (lambda _: apps.long_poll(), 1, False),
}
"""An app, how many ports it has, and whether it has certificates and HTTP/2."""


@contextmanager
def running(folder: Path, leaf: Path) -> Iterator[dict[str, str]]:
    """All apps; their URLs by name."""
    installed = Installed(folder, leaf)
    installed.install()
    with ExitStack() as stack:
        found = {name: stack.enter_context(installed.running(name)) for name in NAMES}
        for name, (app, ports, tls) in OWN.items():
            servers: list[Server] = []
            servers.append(stack.enter_context(serving(app(servers), certs=leaf if tls else None, ports=ports)))
            found[name] = servers[0].url()
        yield found


def soaked(times: int, at_once: int) -> bool:
    """Print a row for each app and browser; whether the predicted tab was always the one that hung, but for a server that stops
    answering, which no arithmetic can know."""
    click.echo("| app | browser | predicted | verified | verdict |\n|--|--|--|--|--|")
    well = True
    with (
        tempfile.TemporaryDirectory() as scratch,
        certs.minted(*certs.NAMES) as leaf,
        running(Path(scratch, "apps"), leaf) as urls,
        pool(at_once) as processes,
    ):
        cases = [(name, engine) for name in urls for engine in ENGINES]
        made = {
            (case, turn): processes.submit(probed, urls[case[0]], Path(tempfile.mkdtemp(dir=scratch)), case[1], TABS)
            for turn in range(times)
            for case in cases
        }
        for name, engine in cases:
            found = [engine_of(made[(name, engine), turn].result()) for turn in range(times)]
            predicted = Counter(str(one.predicted_tab) for one in found)
            verified = Counter(f"{one.verified_tab} {one.kind or ''}".strip() for one in found)
            verdicts = Counter(one.verdict for one in found)
            click.echo(f"| {name} | {engine} | {told(predicted)} | {told(verified)} | {told(verdicts)} |")
            as_predicted = all(one.predicted_tab == one.verified_tab or one.kind == "server" for one in found)
            well = well and as_predicted and len(verified) == 1
    return well


def told(found: Counter[str]) -> str:
    """`7 navigation: 3×`."""
    return ", ".join(f"{one}: {times}×" for one, times in found.items())


@click.command()
@click.option("--times", default=3, show_default=True, type=click.IntRange(1))
@click.option("--at-once", default=AT_ONCE, show_default=True, type=click.IntRange(1))
def main(times: int, at_once: int) -> None:
    """Exit 1 when an app hung elsewhere than predicted, or not always in the same way."""
    raise SystemExit(0 if soaked(times, at_once) else 1)


if __name__ == "__main__":
    main()
