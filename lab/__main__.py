"""`python -m lab` is `seventh-tab`."""

from lab.cli import main

main(prog_name="seventh-tab")
