"""`python -m lab` is `seventh-tab`."""

from lab.cli.main import main

main(prog_name="seventh-tab")
