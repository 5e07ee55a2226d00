"""Results: what a run leaves in its folder, and how it is read again.

observations.jsonl has what was seen, a line a cell, appended as each cell ends. results.json has what it means: it is a
function of the observations, written once at the end, and the only source of every report.
"""
