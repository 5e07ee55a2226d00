"""The versions that are installed, against those that the lab asks for and those that it was tested with."""

from __future__ import annotations

import importlib.metadata
import platform
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from lab.doctor.machine import Checked

NAME = "seventh-tab"
WHAT = "packages"
MEND = "install the lab anew, or run it by nox, which installs what is locked"
OTHERWISE = {
    "hypercorn": "the origin refuses to start: it rests on private parts of one version",
    "playwright": "it may not drive the browsers (1.65 can't drive Firefox)",
}
REFUSED = frozenset({"hypercorn"})  # By lab/origin/hypercorn_shim.py.
LOCKED = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)==([^\s;\\]+)", re.MULTILINE)


def examined() -> list[Checked]:
    """What the installed lab's own metadata asks for (so it is there in a wheel too), and what the lock beside it says."""
    try:
        lab = importlib.metadata.distribution(NAME)
    except importlib.metadata.PackageNotFoundError:
        return [Checked("Seventh Tab", "not installed", "no run starts", "in its folder: python3 -m pip install .", fails=True)]
    return [python(platform.python_version(), lab.metadata["Requires-Python"] or ""), *packages(lab.requires or (), locked())]


def python(found: str, asked: str) -> Checked:
    if SpecifierSet(asked).contains(found, prereleases=True):
        return Checked("Python", found)
    return Checked(
        "Python", found, f"the lab asks for {asked}, and uses what others lack", "run it with such a Python", fails=True
    )


def packages(asked: Sequence[str], lock: Mapping[str, set[str]]) -> list[Checked]:
    """One for each that is not as asked; where all are, one about the lock. `asked` are Requires-Dist, of which extras
    are no run's affair; `lock` has the versions of each package that may be there (it is for every system)."""
    wanted = [one for one in map(Requirement, asked) if one.marker is None or one.marker.evaluate({"extra": ""})]
    there = {canonicalize_name(one.name): installed(one.name) for one in wanted}
    wrong = [bad for one in wanted if (bad := against(one, there[canonicalize_name(one.name)]))]
    if wrong:
        return wrong
    others = [f"{name} {version}" for name, version in there.items() if version not in lock.get(name, {version})]
    if others:
        return [Checked(WHAT, ", ".join(others), "other versions than the locked ones were not tested together", MEND)]
    return [Checked(WHAT, f"{len(wanted)} as the lab asks for{', and as locked' if lock else ''}")]


def against(asked: Requirement, version: str | None) -> Checked | None:
    """None when it is what was asked for."""
    name = canonicalize_name(asked.name)
    if version is None:
        return Checked(WHAT, f"{name}: none", f"the lab asks for {asked}: no run starts", MEND, fails=True)
    if asked.specifier.contains(version, prereleases=True):
        return None
    why = f"the lab asks for {asked}: {OTHERWISE.get(name, 'it was not tested with this one')}"
    return Checked(WHAT, f"{name} {version}", why, MEND, fails=name in REFUSED)


def installed(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def locked() -> dict[str, set[str]]:
    """Name to versions; empty where there is no lock, as beside an installed wheel."""
    lock = Path(__file__).resolve().parent.parent / "requirements.lock"
    if not lock.is_file() or not lock.with_name("noxfile.py").is_file():
        return {}
    found: dict[str, set[str]] = {}
    for name, version in LOCKED.findall(lock.read_text(encoding="utf-8")):
        found.setdefault(canonicalize_name(name), set()).add(version)
    return found
