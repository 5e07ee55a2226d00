"""How the tests load the pytest plugin, where the package is installed and where it is not."""

from __future__ import annotations

from importlib.metadata import entry_points

INSTALLED = bool(entry_points(group="pytest11", name="seventh_tab"))

OPTIONS = () if INSTALLED else ("-p", "lab.pytest_plugin")
"""Options of pytest: a plugin that is installed is loaded by itself, and may not be loaded twice."""
