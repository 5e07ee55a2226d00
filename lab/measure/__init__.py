"""Stage 2: a cell becomes an observation. Asyncio; it knows the browser by its contract and the origin by its client.

Start reading at observe.py. A cell's clients are opened by openers.py, and found to be live or held back by settling.py; then
release.py proves what they waited for. One file a kind of question, named as in every room.
"""
