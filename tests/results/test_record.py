"""What is recorded of a cell: moments from its beginning, and the command that runs it again."""

from __future__ import annotations

import shlex
from typing import Any

import msgspec
import pytest

from lab.judge import judge
from lab.model.axes import AXES
from lab.model.ledger import CellBegan
from lab.model.observation import ClientSeen
from lab.results.record import cell_result, command
from tests.judge.made import seen


def test_times_count_from_the_beginning_of_the_cell() -> None:
    made = seen(12, 6)
    began = CellBegan(at_ms=-1000, cell="c", streams_per_connection=100)
    shifted = msgspec.structs.replace(made, ledger=(began, *(made.ledger or ())))
    one = cell_result(shifted, judge(shifted))
    assert one.settled_ms == 2000
    assert one.rows[0].opened_ms == 1001
    assert one.rows[0].streams[0].opened_ms == 1001
    [release] = one.releases
    assert (release.ended_ms, release.arrived[0].after_ms) == (2005, 12)


def test_without_a_ledger_a_cell_begins_with_its_first_client() -> None:
    clients = tuple(ClientSeen(tab, document=True, live=True, begun_ms=500.0 + tab) for tab in (1, 2))
    made = seen(2, 2, ledger=None, clients=clients)
    one = cell_result(made, judge(made))
    assert (one.rows, one.settled_ms) == ((), 499.0)
    assert [client.begun_ms for client in one.clients] == [0.0, 1.0]


def test_how_many_were_opened_is_known_even_of_a_cell_that_failed() -> None:
    whole = seen(12, 12, faults=("it broke",))
    cases: list[tuple[dict[str, Any], int]] = [({}, 12), ({"clients": ()}, 12), ({"clients": (), "opened": 3}, 3)]
    for changes, opened in cases:
        made = msgspec.structs.replace(whole, **changes)
        assert cell_result(made, judge(made)).opened == opened


def command_of(**changes: Any) -> list[str]:
    return shlex.split(command(seen(12, 6, **{"source": "limits", **changes}), shlex.join(CHECKOUT)))


CHECKOUT = ["python3", "-m", "nox", "-s", "lab", "--"]


def test_the_command_names_every_axis() -> None:
    words = command_of(interval_ms=100, per_second=2.5, route="nginx", case="status 204")
    assert words == [
        *CHECKOUT, "limits", "--engine", "chromium", "--protocol", "h1", "--transport", "sse", "--opening", "tabs",
        "--tabs", "12", "--streams-per-connection", "100", "--interval", "100", "--updates-per-second", "2.5",
        "--route", "nginx", "--case", "status 204", "--repeat", "1",
    ]  # fmt: skip
    assert {axis.option for axis in AXES} <= set(words)


def test_an_axis_without_a_value_is_left_out() -> None:
    words = command_of()
    assert {"--interval", "--updates-per-second", "--route", "--case"} & set(words) == set()


@pytest.mark.parametrize("name", ["my scenarios/it's.py", "$(rm).py", "a;b.py", "別.py"])
def test_a_name_or_a_path_is_quoted_for_the_shell(name: str) -> None:
    """A path with a space was two arguments."""
    words = command_of(source=name, case=name)
    assert words[len(CHECKOUT)] == name
    assert words[words.index("--case") + 1] == name


def test_it_begins_as_the_run_was_started_wherever_it_is_judged_again() -> None:
    """From a wheel there is no nox; and judged in another place, results.json must be the same to the byte."""
    observation = seen(12, 6, source="limits")
    assert cell_result(observation, judge(observation), "seventh-tab run").command.startswith("seventh-tab run limits ")
    assert command_of()[: len(CHECKOUT)] == CHECKOUT


def test_what_every_run_does_by_itself_has_no_command() -> None:
    assert command(seen(12, 6), "seventh-tab run") == ""
