"""Paths and file names on which two folders of lab/, or both processes, must agree. Standard library only."""

from __future__ import annotations

from pathlib import Path

PACKAGE = Path(__file__).resolve().parent

REPORTS = Path("reports")
"""Where runs are kept unless `--out` says otherwise, relative to the working directory."""

RESULTS = "results.json"
OBSERVATIONS = "observations.jsonl"
REPORT = "index.html"
"""Files in a run's folder."""

LATEST = "latest"
"""The link beside the runs that points to the last one."""

LOOPBACK = "127.0.0.1"
"""The address that everything listens on by default."""

CHAIN, KEY, AUTHORITY = "chain.pem", "key.pem", "ca.pem"
"""Files in the folder of a run's certificates: the leaf with its chain, its private key, the authority's certificate."""


def checkout(package: Path = PACKAGE) -> Path | None:
    """The root of the git checkout that the package runs from; None when it was installed from a wheel."""
    root = package.parent
    return root if (root / "noxfile.py").is_file() and (root / "scenarios").is_dir() else None
