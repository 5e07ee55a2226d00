"""The origin: the server that browsers talk to, in a process of its own (trio and Hypercorn; never Playwright).

It has two doors (ports) for each protocol and the control door, with one ASGI app behind all of them. It writes what it saw to
its standard output: the ledger. The driver starts it, reads the ledger, and sends it requests over HTTP
(`lab/origin/control.py`).
"""
