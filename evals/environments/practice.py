"""The worlds the model is trained in, to be worked in: tasks for practice, never for a score.

Setup: `{"template": "orders.tell", "seed": 17}`. State: the world's data. What an agent does well here becomes training
data (`coterie eval export RUN --format chats`), so no claim about a model may rest on these tasks.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import JsonValue

from coterie.evals.environment import State
from coterie.model.chat import ToolCard
from coterie.model.training.data.environments.practice import Practice, practice
from coterie.model.training.data.registry import catalog
from coterie.tools import Tool, ToolError
from coterie.tools.arguments import validate_by_schema
from coterie.tools.spec import Effect, ToolSpec


class PracticeWorld:
    """One task of a training template; see `coterie.evals.environment.Environment`."""

    def __init__(self, folder: Path) -> None:
        self._task: Practice | None = None

    def reset(self, setup: Mapping[str, JsonValue]) -> None:
        """Make the task of this template and seed anew."""
        template, seed = catalog().templates.get(str(setup.get("template"))), setup.get("seed")
        if template is None or not isinstance(seed, int):
            raise ValueError(f"a practice world is set up with a template of the training data and a seed, got {setup}")
        self._task = practice(template, seed)

    def state(self) -> State:
        """The world's data."""
        assert self._task is not None, "reset comes first"
        return self._task.state()

    def tools(self) -> list[Tool]:
        """The tools of the task, with others of its world."""
        assert self._task is not None, "reset comes first"
        specs = [_spec(self._task, card) for card in self._task.cards]
        return [Tool(spec, _Body(self._task, spec)) for spec in specs]


def _spec(task: Practice, card: ToolCard) -> ToolSpec:
    effect: Effect = "write" if task.writes(card.name) else "read"
    return ToolSpec(card.name, card.description, card.parameters, effect=effect, source="practice")


class _Body:
    def __init__(self, task: Practice, spec: ToolSpec) -> None:
        self._task, self._spec = task, spec

    def check(self, arguments: object) -> dict[str, Any]:
        """See `coterie.tools.spec.Body`."""
        return validate_by_schema(self._spec.name, self._spec.parameters, arguments)

    async def run(self, checked: dict[str, Any]) -> JsonValue:
        """See `coterie.tools.spec.Body`."""
        try:
            performed = self._task.perform(self._spec.name, checked)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ToolError(f"{self._spec.name} cannot be called with {checked}: {error}") from None
        if performed.is_error:
            raise ToolError(performed.text)
        return performed.text
