"""Finds scenario files and loads them by path. Nothing imports scenarios/, so a file there can be anyone's."""

from __future__ import annotations

import difflib
import importlib.util
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from lab.errors import LabError, UsageError
from lab.model.cell import AnyCase, Cell
from lab.model.claims import Claim
from lab.model.drops import Drop
from lab.model.pools import Case
from lab.scenario.scenario import Choice, Scenario
from lab.transports import transports

MEND = "mend the scenario file"


def home() -> Path:
    """Where the scenarios are: beside the package in a checkout, inside it when installed from a wheel."""
    package = Path(__file__).resolve().parent
    checkout = package.parent / "scenarios"
    return checkout if checkout.is_dir() and (package.parent / "noxfile.py").is_file() else package / "_scenarios"


def load_file(path: Path) -> list[Scenario]:
    """The scenarios of one file. Raises UsageError, with the line, for a file that can't be loaded."""
    name = f"seventh_tab_scenario_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None or not there(path):
        raise UsageError(f"{path} is not a scenario file", "name a Python file that is there")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except LabError as error:
        raise UsageError(f"{path}: {error.message}", error.todo or MEND) from error
    except (Exception, SystemExit) as error:
        raise UsageError(f"{path}{in_words(error)}", MEND) from error
    found = [value for value in vars(module).values() if isinstance(value, Scenario)]
    if not found:
        raise UsageError(f"{path} has no scenario", "put @scenario above an async function")
    for one in found:
        check(one, path)
    return found


def there(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # A name too long for any file.
        return False


def in_words(error: BaseException) -> str:
    """`, line 3: invalid syntax`, or `: KeyError: 'x'`: one line, whatever a file raises."""
    words = f": {type(error).__name__}: {error}"
    if isinstance(error, SyntaxError) and error.lineno:
        words = f", line {error.lineno}: {error.msg}"
    return " ".join(words.split())


def check(one: Scenario, path: Path) -> None:
    """Raises UsageError for a scenario whose cells could not be run, or not be told of in results.json."""
    try:
        unknown = [str(name) for name in every_transport(one) if name not in transports()]
        if not unknown:
            plain((one.repeat, one.differing), tuple[int, int])
            plain(one.claims, tuple[Claim, ...])
            for case in one.cases.values():
                plain(case, Case if isinstance(case, Case) else Drop)
            engines = dict.fromkeys(["", *(name for claim in one.claims for name in claim.engines)])
            for breadth in ("quick", "main", "all"):
                for cell in one.cells(Choice(tuple(engines), repeat=1, breadth=breadth)):
                    plain(cell, Cell)
    except Exception as error:  # A scenario file may give anything to @scenario
        raise UsageError(f"{path}: of {one.name} no cells can be made{in_words(error)}", MEND) from error
    if unknown:
        near = suggestion(unknown[0], transports())
        raise UsageError(f"{path}: {one.name} uses the unknown transport {unknown[0]!r}", near)


def every_transport(one: Scenario) -> list[str]:
    return [*one.transports, *(case.transport for case in one.cases.values() if case.transport)]


def plain(value: object, kind: Any) -> None:
    """Raises for a value that would not come back from JSON as such a one."""
    msgspec.json.decode(msgspec.json.encode(value), type=kind)


def load(folder: Path) -> dict[str, Scenario]:
    """Every scenario in a folder, by name. Two of one name are a UsageError that names both files."""
    catalogue: dict[str, Scenario] = {}
    for path in sorted(folder.glob("*.py")):
        for one in load_file(path):
            add(one, catalogue)
    if not catalogue:
        raise UsageError(f"no scenario in {folder}", "a scenario is a Python file with a function under @scenario")
    return catalogue


def choose(catalogue: dict[str, Scenario], names: Sequence[str], quick: bool = False) -> list[Scenario]:
    """The scenarios named, by a name in the catalogue or by the path of a file; all of the catalogue when none is named, or all
    that are for a first look."""
    chosen: dict[str, Scenario] = {}
    for name in dict.fromkeys(names):
        if not name.endswith(".py"):
            add(catalogue[known(name, catalogue, "scenario")], chosen)
            continue
        for one in load_file(Path(name)):
            one.source = name
            add(one, chosen)
    return list(chosen.values()) or [one for one in catalogue.values() if one.first_look or not quick]


def add(one: Scenario, catalogue: dict[str, Scenario]) -> None:
    if one.name in catalogue:
        files = f"{catalogue[one.name].path} and {one.path}"
        raise UsageError(f"two scenarios are named {one.name!r}: in {files}", "rename one of them")
    catalogue[one.name] = one


def known(name: str, names: Iterable[str], kind: str) -> str:
    """The name itself when it is known; otherwise a UsageError with the nearest one that is."""
    names = list(names)
    if name not in names:
        raise UsageError(f"unknown {kind} {name!r}", suggestion(name, names))
    return name


def suggestion(name: str, names: Iterable[str]) -> str:
    names = list(names)
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    return f"did you mean {near[0]!r}? Known are {', '.join(names)}" if near else f"known are {', '.join(names)}"


def cases() -> dict[str, AnyCase]:
    """The cases of every scenario at home, by name."""
    return {name: case for one in load(home()).values() for name, case in one.cases.items()}


def cells(scenarios: Sequence[Scenario], choice: Choice) -> list[Cell]:
    """In the order in which they are run: one browser serves all cells of its engine but those with a host for each stream, and
    repeats are spread over the run."""
    found = [cell for one in scenarios for cell in one.cells(choice)]
    if choice.intervals and not any(cell.interval_ms for cell in found):
        raise UsageError("an interval was asked for, and nothing here polls", "add: ways --transport polling")
    if not found:
        raise UsageError(
            "no cell is left: no scenario has such a combination of protocol, transport, opening and case",
            "seventh-tab list shows them",
        )
    return sorted(found, key=lambda cell: (choice.engines.index(cell.engine), cell.opened == "hosts", cell.repeat))
