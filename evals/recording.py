"""Model calls of the agents here, as the episode keeps them; our loop records its own."""

from collections.abc import Sequence
from dataclasses import asdict

from coterie.memory.records import ModelCall, Purpose, now
from coterie.model.chat import Completion, JsonSchema, Message, Sampling


def recorded(
    purpose: Purpose,
    step_id: int,
    messages: Sequence[Message],
    schema: JsonSchema | None,
    sampling: Sampling,
    completion: Completion,
) -> ModelCall:
    """One completion with all that is needed to reproduce it."""
    return ModelCall(
        model_call_id=f"model-{step_id}-{purpose}",
        purpose=purpose,
        messages=tuple({"role": m["role"], "content": m["content"]} for m in messages),
        completion=completion.text,
        step_id=step_id,
        sampling=asdict(sampling),
        schema=schema,
        finish_reason=completion.finish_reason,
        prompt_tokens=completion.prompt_tokens,
        completion_tokens=completion.completion_tokens,
        prompt_token_ids=completion.prompt_token_ids,
        token_ids=completion.token_ids,
        logprobs=completion.logprobs,
        routed_experts=completion.routed_experts,
        wall_s=completion.wall_s,
        timestamp=now(),
    )
