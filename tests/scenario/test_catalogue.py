from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lab.errors import UsageError
from lab.model.axes import LEAST_INTERVAL_MS, MOST_INTERVAL_MS, MOST_PER_SECOND
from lab.model.cell import PLAIN_CLIENT, Cell
from lab.model.pools import Case, Side
from lab.scenario import catalogue, selection
from lab.scenario.scenario import Scenario, scenario
from lab.scenario.selection import Choice
from lab.scenario.verbs import Tabs

GOOD = '''"""A question."""
from lab import Tabs, scenario
@scenario(transports=["sse"], tabs=3, claim={"h1": 6, "h2": 100}, source="somebody")
async def NAME(tabs: Tabs) -> None:
    await tabs.settle()
'''


def write(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        (folder / f"{name}.py").write_text(text)
    return folder


def test_scenarios_are_found_by_looking(tmp_path: Path) -> None:
    found = catalogue.load(write(tmp_path, one=GOOD.replace("NAME", "one"), two=GOOD.replace("NAME", "two")))
    assert list(found) == ["one", "two"]
    assert found["one"].words == "A question."
    cells = list(selection.cells(found["one"], Choice(engines=("chromium", "firefox"), repeat=2)))
    assert len(cells) == len({cell.name for cell in cells}) == 8
    narrowed = Choice(engines=("chromium",), axes={"protocol": ("h2",), "at_most": (7,)})
    assert [(cell.protocol, cell.at_most) for cell in selection.cells(found["one"], narrowed)] == [("h2", 7)]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("def broken(:\n", "line 1"),
        ("import nothing_of_this_name\n", "ModuleNotFoundError"),
        (GOOD.replace("NAME", "one").replace('"h1"', '"h9"'), "unknown protocol 'h9'"),
        (GOOD.replace("NAME", "one").replace('"sse"', '"ssi"'), "did you mean 'sse'"),
        (GOOD.replace("NAME", "one").replace("tabs=3", "tabs=0"), "at least one tab"),
        (GOOD.replace("NAME", "one").replace("tabs=3", "tabs=[3, 0]"), "at least one tab"),
        (GOOD.replace("NAME", "one").replace('"h1": 6', '"h1": "6"'), "claim= needs a number"),
        (GOOD.replace("NAME", "One"), "lower case"),
        (GOOD.replace("NAME", "one").replace("async def", "def").replace("await ", ""), "write: async def"),
        ("import sys\nsys.exit(0)\n", "SystemExit"),
    ],
)
def test_a_bad_file_is_one_line_that_names_it(tmp_path: Path, text: str, complaint: str) -> None:
    with pytest.raises(UsageError) as error:
        catalogue.load(write(tmp_path, bad=text))
    assert complaint in str(error.value)
    assert str(tmp_path / "bad.py") in str(error.value)
    assert "\n" not in str(error.value)


def test_a_scenario_by_its_path(tmp_path: Path) -> None:
    write(tmp_path, mine=GOOD.replace("NAME", "mine"), none="x = 1\n")
    known = catalogue.load(catalogue.home())
    assert [one.name for one in catalogue.choose(known, [str(tmp_path / "mine.py"), "seventh_tab"])] == ["mine", "seventh_tab"]
    write(tmp_path, copy=GOOD.replace("NAME", "mine"))
    with pytest.raises(UsageError, match="two scenarios are named 'mine'"):
        catalogue.choose(known, [str(tmp_path / "mine.py"), str(tmp_path / "copy.py")])
    assert len(catalogue.choose(known, ["seventh_tab", "seventh_tab"])) == 1
    for name, complaint in (("none.py", "has no scenario"), ("nowhere.py", "is not a scenario file")):
        with pytest.raises(UsageError, match=complaint):
            catalogue.choose(known, [str(tmp_path / name)])


def test_two_of_one_name(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"two scenarios are named 'one'.*a\.py and .*b\.py"):
        catalogue.load(write(tmp_path, a=GOOD.replace("NAME", "one"), b=GOOD.replace("NAME", "one")))


def test_an_empty_folder(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no scenario in"):
        catalogue.load(tmp_path)


async def steps(tabs: Tabs) -> None:
    await tabs.listen()


def polling(**changes: Any) -> Scenario:
    """A transport with a stream and one that polls, at several paces, for one tab or for three."""
    matrix: dict[str, Any] = {
        "transports": ["sse", "polling"],
        "tabs": [3, 1],
        "intervals": {"polling": [1000, 100]},
        **changes,
    }
    return scenario(claim={"h1": 6}, source="somebody", **matrix)(steps)


def cells(one: Scenario, breadth: str = "all", **axes: Any) -> list[Cell]:
    return list(selection.cells(one, Choice(engines=("chromium",), breadth=breadth, axes=axes)))


def test_several_numbers_of_tabs_are_for_a_run_of_all() -> None:
    one = polling()
    assert {cell.at_most for cell in cells(one)} == {3, 1}
    assert {cell.at_most for cell in cells(one, "main")} == {cell.at_most for cell in cells(one, "quick")} == {3}
    assert {cell.at_most for breadth in ("quick", "main", "all") for cell in cells(one, breadth, at_most=(7,))} == {7}


def test_only_transports_that_poll_have_intervals() -> None:
    one = polling(tabs=3)
    assert [(cell.transport, cell.interval_ms) for cell in cells(one)] == [("sse", None), ("polling", 1000), ("polling", 100)]
    asked = cells(one, interval_ms=(50, 20))
    assert [(cell.transport, cell.interval_ms) for cell in asked] == [("sse", None), ("polling", 50), ("polling", 20)]
    assert len({cell.group for cell in cells(one)}) == 3, "repeats of another interval are another group"


def test_an_interval_is_asked_for_and_nothing_polls() -> None:
    with pytest.raises(UsageError, match="none of these cells polls"):
        catalogue.selected([polling()], Choice(engines=("chromium",), axes={"transport": ("sse",), "interval_ms": (50,)}))


def test_the_pace_of_the_feed_is_only_for_scenarios_that_follow_updates() -> None:
    assert {cell.per_second for cell in cells(polling(per_second=5))} == {5}
    assert {cell.per_second for cell in cells(polling(per_second=5), per_second=(20,))} == {20}
    assert {cell.per_second for cell in cells(polling(), per_second=(20,))} == {None}


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        *[({"intervals": {"polling": [1000, ms]}}, "a polling interval must be 10 to 60000 ms") for ms in (-1, 0, 9, 60_001)],
        *[({"per_second": pace}, "above 0 and at most 1000 updates a second") for pace in (-1, 0, 1000.5, 1001, float("nan"))],
    ],
)
def test_a_pace_that_nobody_can_keep(changes: dict[str, Any], complaint: str) -> None:
    with pytest.raises(UsageError, match=complaint):
        polling(**changes)


def test_the_paces_at_the_bounds() -> None:
    one = polling(intervals={"polling": [LEAST_INTERVAL_MS, MOST_INTERVAL_MS]}, per_second=MOST_PER_SECOND)
    assert {cell.interval_ms for cell in cells(one)} == {None, 10, 60_000}
    assert {cell.per_second for cell in cells(polling(per_second=0.01))} == {0.01}


def test_a_quick_run_of_everything_is_a_first_look_only() -> None:
    known = catalogue.load(catalogue.home())
    first = {one.name for one in catalogue.choose(known, [], quick=True)}
    assert "seventh_tab" in first
    assert "delivery" not in first
    assert [one.name for one in catalogue.choose(known, ["delivery"], quick=True)] == ["delivery"]
    asked = [one.name for one in known.values() if one.named_by]
    assert {"hops", "silence", "buffering"} <= set(asked)
    assert [one.name for one in catalogue.choose(known, [])] == [name for name in known if name not in asked]


def test_a_name_also_chooses_what_is_named_by_it() -> None:
    known = catalogue.load(catalogue.home())
    assert {"hops", "hop_pools", "hop_limits", "silence"} == {one.name for one in catalogue.choose(known, ["hops"])}
    assert [one.name for one in catalogue.choose(known, ["silence"])] == ["silence"]


def test_where_no_browser_is_needed_no_engine_multiplies_the_cells() -> None:
    silence = catalogue.load(catalogue.home())["silence"]
    both = list(selection.cells(silence, Choice(engines=("chromium", "firefox"), breadth="main")))
    assert {cell.engine for cell in both} == {PLAIN_CLIENT}
    assert len({cell.name for cell in both}) == len(both)


def test_a_usual_run_may_differ_in_more_than_one_thing() -> None:
    buffering = catalogue.load(catalogue.home())["buffering"]
    usual = cells(buffering, breadth="main")
    assert {(cell.protocol, cell.route) for cell in usual} >= {("h1", "caddy"), ("h2", "caddy")}
    firefox = list(selection.cells(buffering, Choice(engines=("firefox",), breadth="main", axes={"engine": ("firefox",)})))
    assert firefox, "who asks for an engine gets it, though only --thorough has it"


def test_former_names_of_scenarios_still_name_them() -> None:
    known = catalogue.load(catalogue.home())
    former = {"walls": "limits", "ways": "delivery", "coming_back": "reconnection"}
    assert {name: catalogue.choose(known, [name])[0].name for name in former} == former
    assert len(catalogue.choose(known, ["walls", "limits"])) == 1


@pytest.mark.parametrize(
    ("names", "complaint"),
    [
        (["retry 100", "retry-100"], "as 'retry 100' has"),
        (["a b", "a  b"], "as 'a b' has"),
        (["!"], "gives its cells the name ''"),
    ],
)
def test_two_cases_whose_cells_would_have_one_name(names: list[str], complaint: str) -> None:
    """Names are a cell's identity in the ledger: events would mix and repeats merge."""
    with pytest.raises(UsageError, match=complaint):
        polling(cases={name: Case(Side(), Side(door=2)) for name in names})


def test_cases_without_a_latin_letter_are_kept_apart() -> None:
    one = polling(cases={"別のポート": Case(Side(), Side(door=2)), "別のホスト": Case(Side(), Side("b.localhost"))})
    found = cells(one)
    assert len({cell.name for cell in found}) == len(found)
    assert all(cell.name.isascii() for cell in found)


def test_a_question_that_is_none() -> None:
    with pytest.raises(UsageError, match=r"unknown question 'how'.*known are limits"):
        polling(question="how")


def test_a_claim_that_is_none() -> None:
    with pytest.raises(UsageError, match="is not a claim"):
        scenario(transports=["sse"], claims=[3])  # type: ignore[list-item]


def test_the_error_of_no_cell_points_to_where_the_cells_are_listed() -> None:
    known = catalogue.load(catalogue.home())
    with pytest.raises(UsageError, match="run: seventh-tab list pools"):
        catalogue.selected([known["pools"]], Choice(engines=("chromium",), axes={"opening": ("frames",)}))
