"""What a record answers in place of the world: the model's completions, the tools' results, what memory said.

The loop asks for them in the order in which it did then, each with the step it is for. Where it asks for something
else, `Drift` names the first difference; where the record has no answer, as after a kill, `RecordEnds`.
"""

import re
from collections import defaultdict, deque
from collections.abc import Sequence
from contextvars import ContextVar
from dataclasses import asdict, dataclass
from typing import Any

from coterie.agent.deps import Recalled
from coterie.agent.errors import AgentError
from coterie.agent.state import CallState
from coterie.agent.trace import Event, ModelAsked
from coterie.memory.records import Episode, ModelCall, ObservationResult, encode
from coterie.model.chat import Completion, JsonSchema, Message, Sampling
from coterie.model.errors import MalformedCompletion
from coterie.model.protocol import dumps
from coterie.tools.registry import Registry
from coterie.tools.result import ToolResult
from coterie.tools.spec import ToolSpec
from coterie.tools.tool import Tool

SHOWN_CHARS = 60
PLAN_STEP = 2
"""The first that shows the tools."""
_MALFORMED = re.compile(rf"{MalformedCompletion.__name__}: (.*?what was asked for: (.*); it began .*)", re.DOTALL)


def apart(first: Any, second: Any) -> tuple[str, str]:
    """Two values as text, each from a little before where they part, so that long ones show their difference."""
    texts = [value if isinstance(value, str) else dumps(value) for value in (first, second)]
    at = next((i for i, (a, b) in enumerate(zip(*texts, strict=False)) if a != b), min(map(len, texts)))
    start = max(0, at - SHOWN_CHARS // 2) if max(map(len, texts)) > SHOWN_CHARS else 0
    one, other = (
        ("…" if start else "") + text[start : start + SHOWN_CHARS] + ("…" if len(text) > start + SHOWN_CHARS else "")
        for text in texts
    )
    return one, other


class Drift(AgentError):
    """The loop did something else than the record has. `field` is the first thing that differs at `step_id`."""

    def __init__(self, step_id: int, field: str, recorded: Any, now: Any) -> None:
        was, is_now = apart(recorded, now)
        self.step_id, self.field, self.recorded, self.now = step_id, field, was, is_now
        super().__init__(f"step {step_id}, {field}: recorded {was!r}, now {is_now!r}")


class RecordEnds(AgentError):
    """The record has no more: the run was cut off here, or ended by its clock."""

    def __init__(self, step_id: int, what: str) -> None:
        self.step_id = step_id
        super().__init__(f"the record ends at step {step_id}: it has no {what}")


@dataclass(frozen=True)
class Remembered:
    """A recalled line as the record has it; see `coterie.agent.deps.Recalled`."""

    text: str
    kind: str
    source_id: str
    score: float
    why: str


class Recording:
    """An episode's answers, each given once; `calls` and `results` count them.

    Questions must be as they were; with `same_sampling` false but for seed and temperature.
    """

    def __init__(self, episode: Episode, same_sampling: bool = True) -> None:
        self._episode, self._same_sampling = episode, same_sampling
        self._completions: dict[tuple[int | None, str], deque[ModelCall]] = defaultdict(deque)
        for call in episode.model_calls:
            if call.error is None or _MALFORMED.match(call.error):
                self._completions[call.step_id, call.purpose].append(call)
        self._steps = {step.step_id: step for step in episode.steps}
        self.calls = self.results = 0

    def completion(
        self, purpose: str, step_id: int, messages: Sequence[Message], schema: JsonSchema | None, sampling: Sampling
    ) -> Completion:
        """What the model wrote then. Raises MalformedCompletion where it did, Drift and RecordEnds."""
        waiting = self._completions[step_id, purpose]
        if not waiting:
            raise RecordEnds(step_id, f"{purpose} turn")
        recorded = waiting.popleft()
        _require_same_question(step_id, recorded, messages, schema)
        if self._same_sampling and dict(recorded.sampling) != asdict(sampling):
            raise Drift(step_id, f"{recorded.model_call_id}, sampling", dict(recorded.sampling), asdict(sampling))
        self.calls += 1
        written = _completion(recorded)
        if recorded.error and (malformed := _MALFORMED.match(recorded.error)):
            error = MalformedCompletion(written, malformed[2])
            error.args = (malformed[1],)
            raise error
        return written

    def result(self, call: CallState) -> ToolResult:
        """What the call gave then."""
        step = self._steps.get(call["step_id"])
        if step is None or not step.tool_calls or step.observation is None:
            raise RecordEnds(call["step_id"], f"result of {call['name']}")
        then = step.tool_calls[0]
        now = {"function_name": call["name"], "arguments": call["arguments"]}
        for field, recorded in (("function_name", then.function_name), ("arguments", encode(then.arguments))):
            if recorded != now[field]:
                raise Drift(call["step_id"], field, recorded, now[field])
        self.results += 1
        return _result(step.observation.results[0])

    async def recall(self, query: str) -> Sequence[Recalled]:
        """What memory said of the task."""
        return [Remembered(**hit) for read in self._episode.memory_reads[:1] for hit in read.hits]


class RecordedModel:
    """A chat model that writes what the record has; `note_asking` tells it what it is asked for."""

    def __init__(self, recording: Recording, name: str) -> None:
        self._recording = recording
        self.name = name

    async def complete(self, messages: Sequence[Message], schema: JsonSchema | None, sampling: Sampling) -> Completion:
        """See `ChatModel`."""
        return self._recording.completion(*asked_for(), messages, schema, sampling)


_asking: ContextVar[tuple[str, int]] = ContextVar("asking")


def note_asking(event: Event) -> None:
    """A listener: what the model is about to be asked for, in the task that asks."""
    if isinstance(event, ModelAsked):
        _asking.set((event.purpose, event.step_id))


def asked_for() -> tuple[str, int]:
    """The purpose and the step of the completion that this task asks for."""
    return _asking.get()


class _Absent:
    """Behind a tool that is known by its description alone: a replay takes results from the record."""

    def check(self, arguments: object) -> dict[str, Any]:
        """See `Body.check`."""
        raise AssertionError("a replay runs no tool")

    async def run(self, checked: dict[str, Any]) -> Any:
        """See `Body.run`."""
        raise AssertionError("a replay runs no tool")


def recorded_tools(episode: Episode) -> Registry | None:
    """The tools as the episode describes them; None for one from before episodes did."""
    described = episode.config.get("tools", ())
    if not all("parameters" in tool for tool in described):
        return None
    specs = [
        ToolSpec(t["name"], t["description"], t["parameters"], effect=t["effect"], source=t["source"])
        for t in described
    ]
    return Registry(Tool(spec, _Absent()) for spec in specs)


def tool_drift(episode: Episode, tools: Registry) -> Drift | None:
    """The first tool of the episode that is not here, or that says something else of itself by now."""
    for then in episode.config.get("tools", ()):
        if then["name"] not in tools:
            return Drift(PLAN_STEP, f"tool {then['name']}", then["digest"], "not here")
        if (digest := tools.get(then["name"]).spec.digest) != then["digest"]:
            return Drift(PLAN_STEP, f"tool {then['name']}", then["digest"], digest)
    return None


def _require_same_question(
    step_id: int, recorded: ModelCall, messages: Sequence[Message], schema: JsonSchema | None
) -> None:
    name = recorded.model_call_id
    for i, (then, now) in enumerate(zip(recorded.messages, messages, strict=False)):
        if dict(then) != now:
            raise Drift(step_id, f"{name}, message {i + 1} ({now['role']})", then.get("content"), now["content"])
    if len(recorded.messages) != len(messages):
        raise Drift(step_id, f"{name}, number of messages", len(recorded.messages), len(messages))
    if encode(recorded.schema) != schema:
        raise Drift(step_id, f"{name}, schema", encode(recorded.schema), schema)


def _completion(call: ModelCall) -> Completion:
    return Completion(
        call.completion,
        call.prompt_tokens,
        call.completion_tokens,
        call.finish_reason or "stop",
        token_ids=call.token_ids,
        prompt_token_ids=call.prompt_token_ids,
        logprobs=call.logprobs,
        routed_experts=call.routed_experts,
    )


def _result(seen: ObservationResult) -> ToolResult:
    kind: Any = seen.error_kind
    return ToolResult(seen.content, seen.data, seen.is_error, kind, seen.truncated, seen.wall_s)
