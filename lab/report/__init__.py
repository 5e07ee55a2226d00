"""The report: results → HTML, terminal, Markdown, JUnit. It never starts a browser and never uses the network.

Rules. A report is a function of `Results` alone: the same results give the same bytes. What was measured is put into tables of
raw values once (lab/report/tables.py), and each medium draws these. How a question is told is in the file of its name, and
`sections.CHAPTERS` has a row for each. What the kinds of verdict are called, and how they look, is in lab/model/verdict.py.
"""
