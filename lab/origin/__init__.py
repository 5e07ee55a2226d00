"""The origin: the server that browsers talk to, in a process of its own (trio and Hypercorn; never Playwright).

It has a door for each protocol (two of each, and the control door), one ASGI app behind all of them, and writes what it saw to
its standard output: the ledger. The driver starts it, reads the ledger, and changes it over HTTP (`lab/origin/control.py`).
"""
