"""The plain client: it asks one URL on sockets, `ssl` and `h2`, and records what libraries for HTTP hide.

Start reading at ask.py.
"""
