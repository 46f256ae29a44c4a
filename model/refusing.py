"""Whether to refuse, where a plan is hardly likelier than a refusal.

A plan for a task that no tool fits does something that nobody asked for; a refusal of a task that a tool fits costs a
question. So a plan of our weights counts only where it is likelier than a refusal by a margin. How wide that is was
chosen for each model on requests that its training had not seen (docs/experiments.md, 29 and 33). How near the tools
are to the task is not weighed: it tells more of such requests, and fewer of others (`python -m coterie.evals.refusals`;
docs/experiments.md, 40).
"""

from collections.abc import Sequence
from dataclasses import replace
from math import expm1, log

from coterie.model.chat import ChatModel, Completion, JsonSchema, Message, Sampling
from coterie.model.protocol import refusal_schema

DECIDING_TOKEN = 1
"""Of a plan and of a refusal: both begin with `{"`, and with the next token they part."""


class Refusing:
    """A chat model that refuses where its plan is not likelier than a refusal by `margin` nats.

    What may be left to refusals is asked for once more as one; both completions are in the usage of what is returned.
    """

    def __init__(self, model: ChatModel, margin: float) -> None:
        self._model, self._margin = model, margin
        self.name = model.name

    async def complete(self, messages: Sequence[Message], schema: JsonSchema | None, sampling: Sampling) -> Completion:
        """See `ChatModel`."""
        first = await self._model.complete(messages, schema, sampling)
        plan = deciding(first)
        if schema is None or refusal_schema() not in schema.get("anyOf", ()) or plan is None:
            return first
        if is_refusal(first) or the_rest(plan) - plan <= -self._margin:
            return first
        second = await self._model.complete(messages, refusal_schema(), sampling)
        refusal = deciding(second)
        kept = second if refusal is not None and refusal - plan > -self._margin else first
        return replace(
            kept,
            prompt_tokens=first.prompt_tokens + second.prompt_tokens,
            completion_tokens=first.completion_tokens + second.completion_tokens,
            wall_s=first.wall_s + second.wall_s,
        )


def is_refusal(written: Completion) -> bool:
    """Whether it is a refusal, and no plan."""
    return written.text.startswith('{"refuse')


def deciding(written: Completion) -> float | None:
    """The log-probability of the token that made it a plan or a refusal; None where the server does not say."""
    said = written.logprobs or ()
    return said[DECIDING_TOKEN] if len(said) > DECIDING_TOKEN else None


def the_rest(logprob: float) -> float:
    """The log-probability of everything else together, which a refusal cannot exceed."""
    return log(-expm1(min(logprob, -1e-9)))
