"""A model that replays given answers: the same face as the real one, for tests of everything around it."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from coterie.model.chat import Completion, JsonSchema, Message, Sampling
from coterie.model.structured import require_schema

Line = str | Completion | Exception | Callable[[Sequence[Message]], str]


class ScriptEnded(AssertionError):
    """The model was asked more often than its script has lines."""


@dataclass(frozen=True)
class Asked:
    """One call the scripted model received."""

    messages: tuple[Message, ...]
    schema: JsonSchema | None
    sampling: Sampling


@dataclass
class ScriptedModel:
    """Says its lines in order: a text, a whole completion, an error to raise, or a function of the chat.

    Texts are held against the schema like a real server's, so a script that no model could say fails.
    """

    lines: Iterable[Line]
    name: str = "scripted"
    asked: list[Asked] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._next = iter(self.lines)

    async def complete(self, messages: Sequence[Message], schema: JsonSchema | None, sampling: Sampling) -> Completion:
        """The next line, as a completion."""
        self.asked.append(Asked(tuple(messages), schema, sampling))
        line = next(self._next, None)
        if line is None:
            raise ScriptEnded(f"call {len(self.asked)} has no line in the script; last turn: {messages[-1]!r}")
        if isinstance(line, Exception):
            raise line
        if isinstance(line, Completion):
            return require_schema(line, schema)
        text = line if isinstance(line, str) else line(messages)
        return require_schema(_completion(text, messages), schema)


def _completion(text: str, messages: Sequence[Message]) -> Completion:
    """Token counts are characters / 4, near enough for budgets."""
    prompt_chars = sum(len(message["content"]) for message in messages)
    return Completion(text, 1 + prompt_chars // 4, 1 + len(text) // 4, finish_reason="stop")
