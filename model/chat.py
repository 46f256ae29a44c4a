"""Chat types: what the rest of Coterie knows of a language model.

Plain data, no engine: every package may import this module, none needs torch for it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, TypedDict

Role = Literal["system", "user", "assistant"]
JsonSchema = dict[str, Any]


class Message(TypedDict):
    """One turn of a chat."""

    role: Role
    content: str


@dataclass(frozen=True)
class ToolCard:
    """What a prompt shows of a tool; `parameters` is the JSON Schema of its arguments (an object)."""

    name: str
    description: str
    parameters: JsonSchema


@dataclass(frozen=True)
class Sampling:
    """How a completion is drawn; temperature 0 is greedy."""

    temperature: float = 0.0
    top_p: float = 1.0
    max_tokens: int = 512
    seed: int = 0


@dataclass(frozen=True)
class Completion:
    """One answer of a model, with what is needed to reproduce and to price it.

    Token ids, log-probabilities (of the chosen tokens, natural log) and the routed-experts summary
    are None where the server does not report them.
    """

    text: str
    prompt_tokens: int
    completion_tokens: int
    finish_reason: str
    wall_s: float = 0.0
    token_ids: tuple[int, ...] | None = None
    prompt_token_ids: tuple[int, ...] | None = None
    logprobs: tuple[float, ...] | None = None
    routed_experts: Mapping[str, Any] | None = field(default=None)


class ChatModel(Protocol):
    """Anything that completes a chat, constrained to a JSON Schema when one is given."""

    @property
    def name(self) -> str:
        """The model's name as the server knows it."""
        ...

    async def complete(self, messages: Sequence[Message], schema: JsonSchema | None, sampling: Sampling) -> Completion:
        """Complete the chat; errors are those of `coterie.model.errors`."""
        ...
