"""Scorers: from the state before and after a trial, and its episode, to a verdict with reasons."""

from coterie.evals.scorers.answer import states
from coterie.evals.scorers.state import Difference, compare
from coterie.evals.scorers.verdict import Verdict, judge

__all__ = ["Difference", "Verdict", "compare", "judge", "states"]
