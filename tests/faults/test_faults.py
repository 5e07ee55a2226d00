"""A process of the run dies or hangs in the middle of a cell: that cell is a harness fault which says so, the other cells are
measured, and nothing is left behind. Each fault strikes at several moments, one in each of a run's first cells."""

from __future__ import annotations

import gzip
import signal
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import psutil
import pytest

from lab import paths
from lab.measure.origin import SILENT_S
from lab.model import ledger
from lab.model.verdict import Kind
from tests.faults.struck import MENDED_S, Struck, struck

TABS, LIVE = 8, 6
ONE_ENGINE = ("seventh_tab", "--engine", "chromium", "--protocol", "h1", "--tabs", str(TABS))


def count(events: list[ledger.AnyEvent], kind: type[ledger.Event], cell: str = "seventh_tab") -> int:
    return sum(isinstance(one, kind) and getattr(one, "cell", cell).startswith(cell) for one in events)


def opening_tabs(run: Struck, repeat: int) -> bool:
    return count(run.of_cell(repeat), ledger.StreamOpened) >= 2


def settling(run: Struck, repeat: int) -> bool:
    """As many tabs are live as ever will be, and the control tab opens."""
    events = run.of_cell(repeat)
    return count(events, ledger.StreamOpened) >= LIVE and count(events, ledger.DocumentServed, "control") > 0


def release(run: Struck, repeat: int) -> bool:
    return count(run.of_cell(repeat), ledger.StreamClosed) > 0


MOMENTS = (opening_tabs, settling, release)


def kill_origin(run: Struck) -> None:
    run.called("lab.origin")[0].kill()


def stop_origin(run: Struck) -> None:
    run.called("lab.origin")[0].suspend()


def kill_browser(run: Struck) -> None:
    run.called("--headless", without="--type=")[0].kill()


def kill_renderer(run: Struck) -> None:
    """A tab's process: the oldest renderer belongs to a window of the browser's own."""
    run.called("--type=renderer")[2].kill()


def kill_helper(run: Struck) -> None:
    run.called("run-driver")[0].kill()


@pytest.mark.parametrize(
    ("strike", "complaint", "moments"),
    [
        (kill_origin, "the origin", MOMENTS),
        (stop_origin, "the origin hung", (settling,)),  # Silence is found by its length, whatever the moment.
        (kill_browser, "the browser failed", MOMENTS),
        (kill_renderer, "the browser failed: the process of one of its tabs crashed", (settling,)),
        (kill_helper, "the browser failed", (opening_tabs,)),
    ],
)
def test_each_fault_costs_one_cell(
    tmp_path: Path, strike: Callable[[Struck], None], complaint: str, moments: tuple[Callable[[Struck, int], bool], ...]
) -> None:
    struck_cells = len(moments)
    with struck(tmp_path, *ONE_ENGINE, "--repeat", str(struck_cells + 1)) as run:
        for repeat, moment in enumerate(moments, 1):
            run.wait(partial(moment, run, repeat))
            began = time.monotonic()
            strike(run)
            run.wait(partial(run.has_cells, repeat))
            assert time.monotonic() - began < MENDED_S
        found = run.end(4)
    *broken, last = found.cells
    assert len(broken) == struck_cells
    assert not found.interrupted
    for cell in broken:
        assert cell.verdict.kind is Kind.HARNESS_FAULT, cell.name
        assert complaint in cell.verdict.why, cell.name
        assert ": " in cell.verdict.why, "what to do stands behind it"
        assert cell.rows, "what had been seen before is kept"
    assert (last.verdict.kind, last.verdict.live) == (Kind.CONFIRMED, LIVE)
    assert complaint.casefold() in (run.folder / "index.html").read_text(encoding="utf-8").casefold()
    assert "Error: " in (run.folder / "run.log").read_text(encoding="utf-8")
    tails = [f"chromium{number}.netlog.json.tail.gz" for number in ("", "-2", "-3")[:struck_cells]]
    assert found.network_logs == tails, "the end of a browser's log may explain a fault"
    assert all(b"seventh_tab" in gzip.decompress((run.folder / tail).read_bytes()) for tail in tails)
    assert not [path for path in run.folder.iterdir() if path.suffix == ".json" and path.name != paths.RESULTS]


@pytest.mark.parametrize("words", [("lab.origin",), ("run-driver",), ("--headless",)], ids=lambda words: words[0])
def test_what_dies_while_it_starts_is_started_again(tmp_path: Path, words: tuple[str, ...]) -> None:
    with struck(tmp_path, *ONE_ENGINE, "--tabs", "2") as run:
        run.wait(lambda: run.called(*words))
        run.called(*words)[0].kill()
        found = run.end(0)
    assert [cell.verdict.live for cell in found.cells] == [2]


def cut_ledger(run: Struck) -> None:
    """Write half a line into the ledger."""
    with Path(f"/proc/{run.called('lab.origin')[0].pid}/fd/1").open("wb", buffering=0) as pipe:
        pipe.write(b'{"event":"StreamOpened","at_ms":12.5,"str\n')


def exhaust_descriptors(run: Struck) -> None:
    origin = run.called("lab.origin")[0]
    origin.rlimit(psutil.RLIMIT_NOFILE, (origin.num_fds(), origin.num_fds()))


def pause_driver(run: Struck) -> None:
    """Stop the driver, which reads the ledger, for longer than the origin may be silent."""
    run.process.send_signal(signal.SIGSTOP)
    time.sleep(SILENT_S + 2)
    run.process.send_signal(signal.SIGCONT)


WITHIN = (
    (cut_ledger, "the origin failed at the ledger: a line can't be read"),
    (exhaust_descriptors, "the origin failed at door h1: OSError: [Errno 24] Too many open files"),
)


def test_a_fault_within_the_origin_costs_one_cell(tmp_path: Path) -> None:
    with struck(tmp_path, *ONE_ENGINE, "--repeat", "3") as run:
        for repeat, (strike, _) in enumerate(WITHIN, 1):
            run.wait(partial(opening_tabs, run, repeat))
            strike(run)
        found = run.end(4)
    assert [cell.verdict.kind for cell in found.cells] == [Kind.HARNESS_FAULT, Kind.HARNESS_FAULT, Kind.CONFIRMED]
    for cell, (_, complaint) in zip(found.cells, WITHIN, strict=False):
        assert complaint in cell.verdict.why


def test_a_driver_that_pauses_loses_nothing(tmp_path: Path) -> None:
    with struck(tmp_path, *ONE_ENGINE, "--repeat", "2") as run:
        run.wait(partial(release, run, 1))  # Before the verdict every tab that opened meanwhile would seem a slow one.
        pause_driver(run)
        found = run.end(0)
    assert [(cell.verdict.kind, cell.verdict.live) for cell in found.cells] == [(Kind.CONFIRMED, LIVE)] * 2
