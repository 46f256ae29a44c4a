"""Templates: how the tasks of the `work` suite were written, a family of alike tasks at a time.

`python -m coterie.evals.templates` writes `suites/work/*/*.jsonl` from them and says how many there are; the files are
committed, and a test keeps the two alike. Each family lies wholly in one split, `public/` or `sealed/`; what both draw
on lies beside these, and in `worlds/` for each environment.
"""
