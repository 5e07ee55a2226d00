"""The installed versions, compared with those that the lab requires and those that it was tested with."""

from __future__ import annotations

import importlib.metadata
import platform
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from lab.doctor.machine import Check
from lab.paths import checkout

NAME = "seventh-tab"
ROW = "packages"
FIX = "install the lab again, or run it through nox, which installs the locked versions"
CONSEQUENCES = {
    "hypercorn": "the origin refuses to start: it relies on private parts of one version",
    "playwright": "it may not drive the browsers (1.65 can't drive Firefox)",
}
"""What happens with another version of a package."""
REFUSED = frozenset({"hypercorn"})
"""Packages whose other versions lab/origin/hypercorn_patches refuses."""
LOCKED = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)==([^\s;\\]+)", re.MULTILINE)


def checks() -> list[Check]:
    """Checks of Python and of the packages, by the metadata of the installed lab (a wheel has it too) and by the lock file."""
    try:
        lab = importlib.metadata.distribution(NAME)
    except importlib.metadata.PackageNotFoundError:
        fix = "in its folder: python3 -m pip install ."
        return [Check("Seventh Tab", "not installed", "no run starts", fix, fails=True)]
    return [
        python(platform.python_version(), lab.metadata["Requires-Python"] or ""),
        *packages(lab.requires or (), locked(checkout())),
    ]


def python(found: str, required: str) -> Check:
    """Whether a version of Python satisfies the requirement."""
    if SpecifierSet(required).contains(found, prereleases=True):
        return Check("Python", found)
    return Check("Python", found, f"the lab requires {required}", "run it with such a Python", fails=True)


def packages(required: Sequence[str], lock: Mapping[str, set[str]]) -> list[Check]:
    """One check per unsatisfied requirement; if all are met, one about the lock file.

    `required` are lines of Requires-Dist; extras are ignored. `lock` has the locked versions of each package: several, because
    it is for every system."""
    wanted = [one for one in map(Requirement, required) if one.marker is None or one.marker.evaluate({"extra": ""})]
    versions = {canonicalize_name(one.name): installed(one.name) for one in wanted}
    unsatisfied = [check for one in wanted if (check := against(one, versions[canonicalize_name(one.name)]))]
    if unsatisfied:
        return unsatisfied
    others = [f"{name} {version}" for name, version in versions.items() if version not in lock.get(name, {version})]
    if others:
        return [Check(ROW, ", ".join(others), "not the locked versions, which were tested together", FIX)]
    return [Check(ROW, f"{len(wanted)} as the lab requires{', and as locked' if lock else ''}")]


def against(required: Requirement, version: str | None) -> Check | None:
    """The problem of an installed version (None: not installed); None if there is no problem."""
    name = canonicalize_name(required.name)
    if version is None:
        return Check(ROW, f"{name}: none", f"the lab requires {required}: no run starts", FIX, fails=True)
    if required.specifier.contains(version, prereleases=True):
        return None
    problem = f"the lab requires {required}: {CONSEQUENCES.get(name, 'it was not tested with this version')}"
    return Check(ROW, f"{name} {version}", problem, FIX, fails=name in REFUSED)


def installed(name: str) -> str | None:
    """The installed version of a package, if there is one."""
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def locked(root: Path | None) -> dict[str, set[str]]:
    """The versions in the lock file of a checkout, by package; empty without a lock file, as in an installed wheel."""
    lock = root / "requirements.lock" if root else None
    if lock is None or not lock.is_file():
        return {}
    found: dict[str, set[str]] = {}
    for name, version in LOCKED.findall(lock.read_text(encoding="utf-8")):
        found.setdefault(canonicalize_name(name), set()).add(version)
    return found
