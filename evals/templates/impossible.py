"""Tasks for which an environment has no tool: the agent must say so and change nothing."""

from collections.abc import Callable
from random import Random

from coterie.evals.templates.family import Family, Parts, Split, refusal
from coterie.evals.templates.words import CITIES, IMPOSSIBLE


def impossible(split: Split, setup: Callable[[Random], Parts], near_miss: Parts) -> Family:
    """The family of refusals, for any environment; the near miss makes a call all the same."""

    def draw(random: Random) -> Parts:
        a, b = random.sample(CITIES, 2)
        return {
            "task": random.choice(IMPOSSIBLE[split]).format(a=a, b=b),
            "setup": setup(random),
            "expect": {"refuse": True},
            "reference": refusal("I have no tool for that."),
            "near_misses": [near_miss],
        }

    return Family("impossible", 2, split, ("refusal",), draw)
