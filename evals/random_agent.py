"""The floor of every suite: an agent that calls tools at random, and those that do nothing and say little.

What they pass, a suite gives away. The random agent is no straw man: its calls fit the tools' schemas, its texts are
words of the task, and its answer is what its last call returned.
"""

import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from pydantic import JsonValue

from coterie.evals.agents import Assignment, Replay
from coterie.evals.suite import Call, Solution
from coterie.memory.records import Episode, ModelRef
from coterie.model.chat import JsonSchema

MAX_CALLS = 6
CLAIM = "Done."
_NEAR = 100
_OPTIONAL_GIVEN = 0.5


def empty_agent() -> Replay:
    """Does nothing and says nothing, and calls that a success."""
    return Replay(lambda task: Solution(), "empty")


def claiming_agent() -> Replay:
    """Does nothing and always says "Done."."""
    return Replay(lambda task: Solution(answer=CLAIM), "done")


def echoing_agent() -> Replay:
    """Does nothing and answers with what it was told."""
    return Replay(lambda task: Solution(answer=task.text), "echo")


class RandomTools:
    """One to `MAX_CALLS` calls of random tools; the same for the same task and seed."""

    model = ModelRef("random")
    converses = True

    def settings(self) -> Mapping[str, JsonValue]:
        """How many calls it makes at most."""
        return {"max_calls": MAX_CALLS}

    async def run(self, assignment: Assignment) -> Episode:
        """See `Agent.run`."""
        draw = random.Random(f"{assignment.seed}/{assignment.task.text}")
        words = re.findall(r"[\w@.:/-]*\w", assignment.task.text) or ["something"]
        calls = [random_call(assignment, words, draw) for _ in range(draw.randint(1, MAX_CALLS))]
        made = Replay(lambda task: Solution(calls=calls if assignment.tools else []), self.model.name)
        episode = await made.run(assignment)
        return _answering(episode)


def random_call(assignment: Assignment, words: Sequence[str], draw: random.Random) -> Call:
    """A call of one of the tools, with arguments that its schema allows."""
    card = draw.choice(assignment.tools).card()
    arguments = random_value(card.parameters, words, draw)
    return Call(tool=card.name, arguments=arguments if isinstance(arguments, dict) else {})


def random_value(schema: JsonSchema, words: Sequence[str], draw: random.Random) -> Any:
    """A value that fits the schema; texts are made of `words`. Keywords that no tool of ours uses are left out."""
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return draw.choice(schema["enum"])
    if choices := schema.get("anyOf") or schema.get("oneOf"):
        return random_value(draw.choice(choices), words, draw)
    kind = schema.get("type", "string")
    match draw.choice(kind) if isinstance(kind, list) else kind:
        case "object":
            return _object(schema, words, draw)
        case "array":
            low = schema.get("minItems", 0)
            items = range(draw.randint(low, schema.get("maxItems", max(low, 3))))
            return [random_value(schema.get("items", {}), words, draw) for _ in items]
        case "integer":
            return draw.randint(*_bounds(schema))
        case "number":
            return round(draw.uniform(*_bounds(schema)), 2)
        case "boolean":
            return draw.random() < 0.5
        case "null":
            return None
    return _text(schema, words, draw)


def _object(schema: JsonSchema, words: Sequence[str], draw: random.Random) -> dict[str, Any]:
    required = schema.get("required", ())
    return {
        name: random_value(part, words, draw)
        for name, part in schema.get("properties", {}).items()
        if name in required or draw.random() < _OPTIONAL_GIVEN
    }


def _bounds(schema: JsonSchema) -> tuple[int, int]:
    low = int(schema.get("minimum", schema.get("exclusiveMinimum", -1) + 1))
    return low, int(schema.get("maximum", schema.get("exclusiveMaximum", max(low, 0) + _NEAR + 1) - 1))


def _text(schema: JsonSchema, words: Sequence[str], draw: random.Random) -> str:
    if schema.get("format") == "date":
        return f"{draw.randint(2024, 2027)}-{draw.randint(1, 12):02}-{draw.randint(1, 28):02}"
    text = draw.choice(words)
    while len(text) < schema.get("minLength", 0):
        text += f" {draw.choice(words)}"
    return text[: schema.get("maxLength")]


def _answering(episode: Episode) -> Episode:
    observation = episode.steps[-1].observation if episode.steps else None
    answer = observation.results[-1].content if observation else "Done."
    assert episode.outcome is not None
    return replace(episode, outcome=replace(episode.outcome, answer=answer))
