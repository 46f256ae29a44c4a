"""Templates: how the tasks of the `work` suite were written, a family of alike tasks at a time.

`python -m coterie.evals.templates` writes `suites/work/*.jsonl` from them; the files are committed, and a test
keeps the two alike. Each family lies wholly in one split.
"""
