"""Finds scenario files and loads them by path. Nothing imports scenarios/, so a user's own file works in the same way."""

from __future__ import annotations

import difflib
import importlib.util
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from lab import paths
from lab.errors import LabError, UsageError
from lab.model.cell import PLAIN_CLIENT, Cell
from lab.model.claims import Claim
from lab.scenario.scenario import Scenario
from lab.scenario.selection import Choice, cells
from lab.transports import transports

CORRECT = "correct the scenario file"


def home() -> Path:
    """The folder of the built-in scenarios: beside the package in a checkout, inside it when installed from a wheel."""
    root = paths.checkout()
    return root / "scenarios" if root else paths.PACKAGE / "_scenarios"


def load_file(path: Path) -> list[Scenario]:
    """The scenarios of one file. Raises UsageError, with the line, for a file that can't be loaded."""
    name = f"seventh_tab_scenario_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None or not exists(path):
        raise UsageError(f"{path} is not a scenario file", "name an existing Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except LabError as error:
        raise UsageError(f"{path}: {error.message}", error.todo or CORRECT) from error
    except (Exception, SystemExit) as error:
        raise UsageError(f"{path}{error_in_words(error)}", CORRECT) from error
    found = [value for value in vars(module).values() if isinstance(value, Scenario)]
    if not found:
        raise UsageError(f"{path} has no scenario", "put @scenario above an async function")
    for one in found:
        check(one, path)
    return found


def exists(path: Path) -> bool:
    """Whether the path is a file; False for a name that is too long."""
    try:
        return path.is_file()
    except OSError:  # A name too long for any file.
        return False


def error_in_words(error: BaseException) -> str:
    """An error in words, on one line: `, line 3: invalid syntax` or `: KeyError: 'x'`."""
    words = f": {type(error).__name__}: {error}"
    if isinstance(error, SyntaxError) and error.lineno:
        words = f", line {error.lineno}: {error.msg}"
    return " ".join(words.split())


def check(one: Scenario, path: Path) -> None:
    """Raises UsageError for a scenario whose cells can't be run, or can't be written to results.json."""
    try:
        unknown = [str(name) for name in every_transport(one) if name not in transports()]
        silent = [name for name in one.intervals if name in transports() and not transports()[name].POLLS]
        if silent:
            raise UsageError(f"intervals for {silent[0]!r}, which does not poll")
        if not unknown:
            survives_json((one.repeat, one.differing), tuple[int, int])
            survives_json(one.claims, tuple[Claim, ...])
            for case in one.cases.values():
                survives_json(case, type(case))
            engines = dict.fromkeys(["", *(name for claim in one.claims for name in claim.engines)])
            for breadth in ("quick", "main", "all"):
                for cell in cells(one, Choice(engines=tuple(engines), repeat=1, breadth=breadth)):
                    survives_json(cell, Cell)
    except Exception as error:  # a scenario file may pass anything to @scenario
        raise UsageError(f"{path}: no cells can be made of {one.name}{error_in_words(error)}", CORRECT) from error
    if unknown:
        near = suggestion(unknown[0], transports())
        raise UsageError(f"{path}: {one.name} uses the unknown transport {unknown[0]!r}", near)


def every_transport(one: Scenario) -> list[str]:
    """The transports of a scenario and of its cases."""
    return [*one.transports, *(case.transport for case in one.cases.values() if case.transport)]


def survives_json(value: object, kind: Any) -> None:
    """Raises an exception for a value that JSON can't hold, or that comes back as another type."""
    msgspec.json.decode(msgspec.json.encode(value), type=kind)


def load(folder: Path) -> dict[str, Scenario]:
    """Every scenario in a folder, by name. Raises UsageError, with both files, if two have the same name."""
    catalogue: dict[str, Scenario] = {}
    for path in sorted(folder.glob("*.py")):
        for one in load_file(path):
            add(one, catalogue)
    if not catalogue:
        raise UsageError(f"no scenario in {folder}", "a scenario is a Python file with a function under @scenario")
    return catalogue


def choose(catalogue: dict[str, Scenario], names: Sequence[str], quick: bool = False) -> list[Scenario]:
    """The scenarios with these names: names in the catalogue, former names, or paths of files. Without names: the whole
    catalogue but for what must be asked for, or with `quick` only scenarios for a first look. A name also chooses the scenarios
    that are `named_by` it. Raises UsageError for an unknown name."""
    former = {alias: one.name for one in catalogue.values() for alias in one.aliases}
    chosen: dict[str, Scenario] = {}
    for name in dict.fromkeys(names):
        if not name.endswith(".py"):
            add(catalogue[known(former.get(name, name), catalogue, "scenario")], chosen)
            for one in catalogue.values():
                if name in one.named_by:
                    add(one, chosen)
            continue
        for one in load_file(Path(name)):
            one.source = name
            add(one, chosen)
    return list(chosen.values()) or [one for one in catalogue.values() if one.first_look or not (quick or one.named_by)]


def add(one: Scenario, catalogue: dict[str, Scenario]) -> None:
    """Add a scenario to the catalogue. Raises UsageError if another file has a scenario of the same name."""
    if one.name in catalogue:
        if catalogue[one.name].path == one.path:
            return  # Named twice, by its name and by a former one.
        files = f"{catalogue[one.name].path} and {one.path}"
        raise UsageError(f"two scenarios are named {one.name!r}: in {files}", "rename one of them")
    catalogue[one.name] = one


def known(name: str, names: Iterable[str], kind: str) -> str:
    """The name itself, if it is one of `names`. Else raises UsageError, with the most similar name."""
    names = list(names)
    if name not in names:
        raise UsageError(f"unknown {kind} {name!r}", suggestion(name, names))
    return name


def suggestion(name: str, names: Iterable[str]) -> str:
    """`did you mean …?`, with all known names."""
    names = list(names)
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    return f"did you mean {near[0]!r}? Known are {', '.join(names)}" if near else f"known are {', '.join(names)}"


def case_names(scenarios: Iterable[Scenario]) -> list[str]:
    """The names of every case of these scenarios."""
    return list(dict.fromkeys(name for one in scenarios for name in one.cases if name))


def selected(scenarios: Sequence[Scenario], choice: Choice) -> list[Cell]:
    """The cells of a run, in their order: engine by engine; what `--quick` measures first, for the first screen of the report
    that fills; cells with many hosts last, because their browser is started with other options; and first all first repeats,
    then all second ones. Raises UsageError if no cell is left."""
    found = [cell for one in scenarios for cell in cells(one, choice)]
    if choice.of("interval_ms") and not any(cell.interval_ms for cell in found):
        raise UsageError("--interval was given, but none of these cells polls", "add: delivery --transport polling")
    if not found:
        raise UsageError(
            "no cell is left: no scenario has this combination of protocol, transport, opening, route and case",
            f"run: seventh-tab list {' '.join(one.name for one in scenarios[:1])}",
        )
    first = {one.name for one in scenarios if one.first_look}
    engines = (*choice.engines, PLAIN_CLIENT)
    return sorted(
        found, key=lambda one: (engines.index(one.engine), one.scenario not in first, one.opening == "hosts", one.repeat)
    )
