"""Writes the tables of the `work` suite, and says how much there is: `python -m coterie.evals.templates`."""

from coterie.evals.templates.write import SPLITS, summary, write_all

if __name__ == "__main__":
    write_all()
    for split in SPLITS:
        print(summary(split))
