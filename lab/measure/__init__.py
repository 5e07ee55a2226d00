"""Stage 2: measure a cell, and return an observation. Asyncio; it knows a browser by its contract and the origin by its client.

Start reading at observe.py. openers.py opens a cell's clients; settling.py finds out which are live and which are held back;
release.py proves what the others wait for. Each kind of question has a file, with the same name as in every folder.
"""
