"""The tools offered in training by the runtime's own retrieval: nearest to the task for its plan, to a step for a call.

Where retrieval misses the right tool of a step, or one that it was tried with, they take the last places.
"""

import random
from collections.abc import Sequence
from typing import Any

from coterie.model.relevance import Relevance, SentenceEncoder, matches, meaning, parts_of, rank
from coterie.model.training.data.trajectory import Trajectory

OFFERED = {3: 0.8, 2: 0.1, 4: 0.1}


class Shortlist:
    """Fills what a run's prompts say about which tools are near."""

    def __init__(self, encoder: SentenceEncoder) -> None:
        self._encoder = encoder
        self._rows: dict[str, Any] = {}
        self._relevance = Relevance()

    def offer(self, run: Trajectory, rng: random.Random) -> None:
        """Set the tools nearest to the task, and every step's candidates."""
        parts = parts_of(run.task)
        self.encode([*map(meaning, run.tools), *parts, *(step.planned.do for step in run.steps)])
        run.nearest = matches(rank(run.tools, self._scores(part, run)) for part in parts)
        for step in run.steps:
            [count] = rng.choices(list(OFFERED), list(OFFERED.values()))
            near = [card.name for card, _ in rank(run.tools, self._scores(step.planned.do, run))]
            needed = {step.tool, *(attempt.tool for attempt in step.attempts if attempt.tool)}
            kept = needed | set([name for name in near if name not in needed][: max(count - len(needed), 0)])
            first = [name for name in near[:count] if name in kept]
            step.candidates = first + [name for name in near if name in kept and name not in first]

    def encode(self, texts: Sequence[str]) -> Any:
        """Rows of texts, each encoded once; a run's texts in one batch are three times as fast."""
        if missing := [text for text in dict.fromkeys(texts) if text not in self._rows]:
            self._rows.update(zip(missing, self._encoder.encode(missing), strict=True))
        return [self._rows[text] for text in texts]

    def _scores(self, text: str, run: Trajectory) -> list[float]:
        return self._relevance.scores(text, run.tools, self)
