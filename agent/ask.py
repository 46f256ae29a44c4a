"""One typed turn of the model: budget, completion, trace, parse; one retry with the reason if it is malformed.

Our own server enforces the schema as a grammar, so there a malformed turn means a completion cut off by
its token limit; other servers may write anything.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import TypeVar

from coterie.agent.deps import Deps
from coterie.agent.errors import TurnError
from coterie.agent.state import Signal
from coterie.agent.trace import ModelAnswered, ModelAsked, SignalRaised
from coterie.memory.records import ModelCall, Purpose, now
from coterie.model.chat import Completion, JsonSchema, Message
from coterie.model.errors import MalformedCompletion
from coterie.model.protocol import MalformedTurn

Turn = TypeVar("Turn")
SHOWN_OF_MALFORMED = 400


class _Rejected(Exception):
    """A malformed turn: what was written, and what is wrong with it."""

    def __init__(self, written: str, reason: str) -> None:
        self.written, self.reason = written[:SHOWN_OF_MALFORMED], reason[:SHOWN_OF_MALFORMED]
        super().__init__(reason)


async def ask(
    deps: Deps,
    purpose: Purpose,
    step_id: int,
    messages: Sequence[Message],
    schema: JsonSchema,
    parse: Callable[[str], Turn],
) -> Turn:
    """The model's turn after `messages`. Raises TurnError, LimitReached and the errors of `coterie.model.errors`."""
    try:
        return parse_turn(await _complete(deps, purpose, step_id, messages, schema), parse)
    except (_Rejected, MalformedCompletion) as error:
        await deps.trace.emit(SignalRaised(_signal(purpose, step_id, error)))
        corrected = [*messages, *_correction(error)]
    try:
        return parse_turn(await _complete(deps, purpose, step_id, corrected, schema), parse)
    except (_Rejected, MalformedCompletion) as error:
        raise TurnError(f"the model's {purpose} turn was malformed twice: {error}") from error


def parse_turn(completion: Completion, parse: Callable[[str], Turn]) -> Turn:
    """The parsed turn; a rejection names the token limit where that is what cut it off."""
    try:
        return parse(completion.text)
    except MalformedTurn as error:
        cut = f"cut off after {completion.completion_tokens} tokens: " if completion.finish_reason == "length" else ""
        raise _Rejected(completion.text, f"{cut}{error}") from None


async def _complete(
    deps: Deps, purpose: Purpose, step_id: int, messages: Sequence[Message], schema: JsonSchema
) -> Completion:
    reserved = deps.budget.reserve_tokens(messages, deps.sampling.max_tokens)
    deps.asked[step_id, purpose] += 1
    model_call_id = f"model-{step_id}-{purpose}-{deps.asked[step_id, purpose]}"
    await deps.trace.emit(ModelAsked(purpose, step_id))
    started, completion, failure = time.monotonic(), None, "cancelled"
    try:
        completion = await deps.model.complete(messages, schema, deps.sampling)
        return completion
    except Exception as error:
        failure = f"{type(error).__name__}: {error}"
        raise
    finally:
        deps.budget.settle(reserved, completion)
        record = ModelCall(
            model_call_id=model_call_id,
            purpose=purpose,
            step_id=step_id,
            messages=tuple(dict(message) for message in messages),  # type: ignore[arg-type]
            sampling=asdict(deps.sampling),
            schema=schema,
            wall_s=round(time.monotonic() - started, 4),
            timestamp=now(),
            **(_answered(completion) if completion else {"error": failure}),
        )
        await deps.trace.emit(ModelAnswered(record, deps.budget.spent()))


def _answered(completion: Completion) -> dict[str, object]:
    return {
        "completion": completion.text,
        "finish_reason": completion.finish_reason,
        "prompt_tokens": completion.prompt_tokens,
        "completion_tokens": completion.completion_tokens,
        "prompt_token_ids": completion.prompt_token_ids,
        "token_ids": completion.token_ids,
        "logprobs": completion.logprobs,
        "routed_experts": completion.routed_experts,
    }


def _signal(purpose: Purpose, step_id: int, error: Exception) -> Signal:
    return {"kind": "malformed_turn", "step_id": step_id, "detail": f"{purpose}: {error}"[:SHOWN_OF_MALFORMED]}


def _correction(error: Exception) -> list[Message]:
    written = error.written if isinstance(error, _Rejected) else ""
    reason = (error.why if isinstance(error, MalformedCompletion) else str(error))[:SHOWN_OF_MALFORMED]
    return [
        {"role": "assistant", "content": written or "(nothing)"},
        {"role": "user", "content": f"That turn was not valid: {reason}\nWrite it again, valid and shorter."},
    ]
