"""The tools offered for a step in training, as the runtime's retrieval would offer them.

The runtime ranks by sentence encoder; running it for every training step would cost more than the training
data is worth, so word overlap stands in, and the right tool is lifted as often as the encoder finds it first.
"""

import math
import random
import re

from coterie.model.chat import ToolCard
from coterie.model.training.data.trajectory import StepRecord, Trajectory

OFFERED = 3
# How often the right tool comes first, second or third among the offered.
FIRST, SECOND = 0.75, 0.17
_WORD = re.compile(r"[a-z]+|[0-9]+")


def offer(run: Trajectory, rng: random.Random) -> None:
    """Set every step's candidates: the right tool, those it was tried with, and its nearest rivals."""
    for step in run.steps:
        tried = [attempt.tool for attempt in step.attempts if attempt.tool and attempt.tool != step.tool]
        rivals = sorted(
            (card for card in run.tools if card.name != step.tool and card.name not in tried),
            key=lambda card: -_overlap(step.planned.do, card),
        )
        room = rng.choices([OFFERED, 2, 4], [0.8, 0.1, 0.1])[0] - 1 - len(tried)
        others = tried + [card.name for card in rivals[: max(room, 0)]]
        step.candidates = _placed(step, others, rng)


def _placed(step: StepRecord, others: list[str], rng: random.Random) -> list[str]:
    draw = rng.random()
    place = 0 if draw < FIRST else 1 if draw < FIRST + SECOND else 2
    return [*others[:place], step.tool, *others[place:]]


def _overlap(do: str, card: ToolCard) -> float:
    wanted, offered = _words(do), _words(f"{card.name} {card.description}")
    return len(wanted & offered) / (1 + math.sqrt(len(offered)))


def _words(text: str) -> set[str]:
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])|_", " ", text).lower()
    return {word.removesuffix("s") for word in _WORD.findall(spaced)}
