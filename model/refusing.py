"""Whether to refuse, where a plan and a refusal are about as likely.

A plan for a task that no tool fits does something that nobody asked for; a refusal of a task that a tool fits costs a
question. So a plan of our weights counts only where it is likelier than a refusal by a margin. The nearer the nearest
tool is to the task, as the prompt tells it, the narrower the margin: what the weights say and what the sentence encoder
says are two witnesses. Both were chosen for each model on requests that its training had not seen
(`python -m coterie.evals.refusals`; docs/experiments.md, 29, 33 and 40).
"""

from collections.abc import Sequence
from dataclasses import replace
from math import expm1, log

from coterie.model import protocol
from coterie.model.chat import ChatModel, Completion, JsonSchema, Message, Sampling
from coterie.model.config import Margin

DECIDING_TOKEN = 1
"""Of a plan and of a refusal: both begin with `{"`, and with the next token they part."""


class Refusing:
    """A chat model that refuses where its plan is not likelier than a refusal by the margin, and plans where it is.

    What may come out otherwise than it was written is asked for once more so; both completions are in the usage of
    what is returned.
    """

    def __init__(self, model: ChatModel, margin: Margin) -> None:
        self._model, self._margin = model, margin
        self.name = model.name

    async def complete(self, messages: Sequence[Message], schema: JsonSchema | None, sampling: Sampling) -> Completion:
        """See `ChatModel`."""
        first = await self._model.complete(messages, schema, sampling)
        said, kinds = deciding(first), (schema or {}).get("anyOf", ())
        if said is None or protocol.refusal_schema() not in kinds:
            return first
        margin = self._margin.at(protocol.nearness_in(messages[-1]["content"]))
        kept_by = -margin if is_refusal(first) else margin
        if said - the_rest(said) >= kept_by:
            return first
        other = next(kind for kind in kinds if (kind == protocol.refusal_schema()) != is_refusal(first))
        second = await self._model.complete(messages, other, sampling)
        other_said = deciding(second)
        kept = first if other_said is None or said - other_said >= kept_by else second
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
    """The log-probability of everything else together, which the other kind cannot exceed."""
    return log(-expm1(min(logprob, -1e-9)))
