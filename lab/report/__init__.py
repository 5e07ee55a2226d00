"""Stage 5: the report. It turns results into HTML, terminal output, Markdown and JUnit, without a browser or the network.

Rules.
1. A report is a function of `Results` alone: the same results give the same bytes. (The page of a run that goes on says so.)
2. Measured values are put into tables of raw values once (lab/report/tables.py), and each medium draws these tables.
3. Each kind of question has a file of its name with its tables and sentences, and a row in `sections.CHAPTERS`.

The labels and colours of verdicts are in lab/model/verdict.py.
"""
