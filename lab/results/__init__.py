"""Stage 4: results. What a run leaves in its folder, and how it is read again.

observations.jsonl has what was seen: one line for each cell, appended when the cell ends. results.json has what that means. It
is a function of the observations, written once at the end of the run, and it is the only source of every report.
"""
