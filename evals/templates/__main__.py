"""Writes the tables of the `work` suite: `python -m coterie.evals.templates`."""

from coterie.evals.templates.write import write_all

if __name__ == "__main__":
    write_all()
