"""Tasks for which an environment has no tool: the agent must say so and change nothing."""

from collections.abc import Callable, Sequence
from random import Random

from coterie.evals.templates.family import Family, Parts, refusal
from coterie.evals.templates.words import CITIES


def impossible(wishes: Sequence[str], setup: Callable[[Random], Parts], near_miss: Parts) -> Family:
    """The family of refusals, for any environment; the near miss makes a call all the same."""

    def draw(random: Random) -> Parts:
        a, b = random.sample(CITIES, 2)
        return {
            "task": random.choice(wishes).format(a=a, b=b),
            "setup": setup(random),
            "expect": {"refuse": True},
            "reference": refusal("I have no tool for that."),
            "near_misses": [near_miss],
        }

    return Family("impossible", 2, ("refusal",), draw)
