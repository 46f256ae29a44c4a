"""Records: the plain data of a run, from the task to the failure log.

The agent writes them as it goes, the store keeps them, evals and replay read them back. Field names
follow ATIF (Agent Trajectory Interchange Format): step_id, tool_calls, tool_call_id, function_name,
arguments, observation, metrics. `to_json()` gives the JSON faces that the commands print, `from_json()`
validates and reads them back; both know nothing of a database.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import UTC, datetime
from typing import Any, Literal, Self, TypeVar

JsonObject = dict[str, Any]
T = TypeVar("T")

Status = Literal["success", "failed", "limit", "cancelled", "infrastructure"]
Purpose = Literal["plan", "act", "judge", "replan", "answer"]
PlanStepStatus = Literal["pending", "done", "failed", "skipped"]


class RecordError(ValueError):
    """JSON that is not the record it was read as; says which field is wrong."""


class Record:
    """What every record can do: become JSON, and come back from it."""

    def to_json(self) -> JsonObject:
        """Plain JSON data: lists for tuples, dicts for records and mappings."""
        encoded: JsonObject = encode(self)
        return encoded

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Validate and build; fields this version does not know are left out. Raises RecordError."""
        return _decode(cls, data)


@dataclass(frozen=True)
class Task(Record):
    """What the user asked for."""

    text: str
    name: str | None = None
    """The task's name in its suite or example folder; None for a task typed by a person."""
    workspace: str | None = None
    tags: tuple[str, ...] = ()


@dataclass(frozen=True)
class PlanStep(Record):
    """One planned step: the capability it needs; the tool is chosen when it runs."""

    do: str
    known: tuple[str, ...] = ()
    """Argument values known before the step runs."""
    needs: tuple[int, ...] = ()
    """Numbers of the steps whose results this one needs."""
    number: int | None = None
    status: PlanStepStatus = "pending"


@dataclass(frozen=True)
class Plan(Record):
    """The steps in force, or a refusal; `revision` counts replans from 0."""

    steps: tuple[PlanStep, ...] = ()
    refusal: str | None = None
    revision: int = 0


@dataclass(frozen=True)
class ToolCall(Record):
    """One call as it was made, arguments validated."""

    tool_call_id: str
    function_name: str
    arguments: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class ObservationResult(Record):
    """What one call returned, as the model saw it (`content`) and as data."""

    source_call_id: str | None
    content: str
    data: Any = None
    is_error: bool = False
    error_kind: str | None = None
    truncated: bool = False
    full_path: str | None = None
    """Where the untruncated text lies, relative to the data home when it is inside it."""
    wall_s: float = 0.0


@dataclass(frozen=True)
class Observation(Record):
    """What the environment answered in one step, one result per call."""

    results: tuple[ObservationResult, ...] = ()


@dataclass(frozen=True)
class Metrics(Record):
    """What one step cost."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    wall_s: float = 0.0


@dataclass(frozen=True)
class Step(Record):
    """One pass through a node of the graph."""

    step_id: int
    """From 1, in the order of execution."""
    node: str
    tool_calls: tuple[ToolCall, ...] = ()
    observation: Observation | None = None
    metrics: Metrics | None = None
    message: str | None = None
    """What the model said here: the verdict's note, the answer, the refusal."""
    plan: Plan | None = None
    """The plan as this step left it, when it changed it."""
    plan_step: int | None = None
    """Number of the planned step that this one works on."""
    verdict: str | None = None
    state_hash: str | None = None
    """Hash of the graph state after the step; replay must reach the same."""
    timestamp: str | None = None


@dataclass(frozen=True)
class ModelCall(Record):
    """One completion with all that is needed to reproduce it."""

    model_call_id: str
    purpose: Purpose
    messages: tuple[Mapping[str, str], ...] = ()
    completion: str = ""
    step_id: int | None = None
    prompt: str | None = None
    """The rendered prompt, where the model was asked without chat messages."""
    sampling: Mapping[str, Any] = field(default_factory=dict)
    """temperature, top_p, max_tokens, seed."""
    schema: Mapping[str, Any] | None = None
    """The JSON Schema the completion was held to."""
    finish_reason: str | None = None
    prompt_tokens: int = 0
    completion_tokens: int = 0
    prompt_token_ids: tuple[int, ...] | None = None
    token_ids: tuple[int, ...] | None = None
    logprobs: tuple[float, ...] | None = None
    """Natural log-probabilities of the chosen tokens."""
    routed_experts: Mapping[str, Any] | None = None
    """Which experts fired, a summary per layer."""
    error: str | None = None
    wall_s: float = 0.0
    timestamp: str | None = None

    @property
    def seed(self) -> int | None:
        """The sampling seed, None when the call had none."""
        seed = self.sampling.get("seed")
        return seed if isinstance(seed, int) else None


@dataclass(frozen=True)
class MemoryRead(Record):
    """One recall: what was asked, and the hits with their reasons (text, kind, source_id, score, why)."""

    query: str
    namespace: str = "default"
    hits: tuple[Mapping[str, Any], ...] = ()
    step_id: int | None = None
    timestamp: str | None = None


@dataclass(frozen=True)
class Outcome(Record):
    """How an episode ended."""

    status: Status
    answer: str | None = None
    error: str | None = None
    cause: str | None = None
    """The typed reason of an end that is no success: the limit reached, the error's class."""


@dataclass(frozen=True)
class Usage(Record):
    """What an episode cost in all."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    tool_calls: int = 0
    wall_s: float = 0.0
    model_calls: int = 0


@dataclass(frozen=True)
class ModelRef(Record):
    """Which model ran: its name, the hash of its weights and the kernels, where they are known."""

    name: str
    weights_sha256: str | None = None
    kernels: str | None = None
    base_url: str | None = None


@dataclass(frozen=True)
class Episode(Record):
    """A whole run. `outcome` is None while it runs, or when it was killed."""

    id: str
    task: Task
    model: ModelRef
    outcome: Outcome | None = None
    plan: Plan = field(default_factory=Plan)
    steps: tuple[Step, ...] = ()
    usage: Usage = field(default_factory=Usage)
    model_calls: tuple[ModelCall, ...] = ()
    memory_reads: tuple[MemoryRead, ...] = ()
    config: Mapping[str, Any] = field(default_factory=dict)
    """Settings, tools and seed the run was started with."""
    parent: str | None = None
    """The episode this one replays or forks."""
    parent_step: int | None = None
    started_at: str | None = None
    finished_at: str | None = None

    @property
    def status(self) -> str:
        """The outcome's status, or "running"."""
        return self.outcome.status if self.outcome else "running"

    def results(self) -> list[ObservationResult]:
        """What every tool call returned, in order."""
        return [result for step in self.steps if step.observation for result in step.observation.results]

    def to_json(self, *, full: bool = True) -> JsonObject:
        """The face of `run` and `episodes show`; `full=False` leaves the model calls out."""
        data = super().to_json()
        task, plan = data.pop("task"), data.pop("plan")
        face = {"id": data.pop("id"), "task": task.pop("text"), "outcome": data.pop("outcome"), "plan": plan["steps"]}
        rest = {"task_origin": task, "refusal": plan["refusal"], "plan_revision": plan["revision"]}
        if not full:
            del data["model_calls"]
        return face | data | rest

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read the face back; what `full=False` left out is empty."""
        rest = dict(data)
        task = {"text": rest.get("task"), **(rest.pop("task_origin", None) or {})}
        plan = {"steps": rest.get("plan", []), "refusal": rest.pop("refusal", None)}
        plan["revision"] = rest.pop("plan_revision", 0)
        return _decode(cls, rest | {"task": task, "plan": plan})


@dataclass(frozen=True)
class EpisodeSummary(Record):
    """One line of `episodes list`."""

    id: str
    task: str
    status: str
    started_at: str
    tool_calls: int
    wall_s: float


@dataclass(frozen=True)
class Failure(Record):
    """One entry of the failure log: what went wrong, where, and why by the taxonomy."""

    episode_id: str
    cause: str
    message: str
    id: str = ""
    """`fail-...`; given by the store when it is left empty."""
    step_id: int | None = None
    tool: str | None = None
    mast: str | None = None
    """The MAST failure mode the cause maps to, such as FM-1.3."""
    decisive: bool = False
    """Whether this is the step that sank the episode, found by re-execution."""
    signals: tuple[Mapping[str, Any], ...] = ()
    """The observations that led to the cause."""
    created_at: str | None = None


def now() -> str:
    """The time as the records hold it: UTC, ISO 8601, microseconds, so that text order is time order."""
    return datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


_PLAIN = frozenset({str, int, float, bool, type(None)})


def encode(value: Any) -> Any:
    """Any record, or structure of records, as plain JSON data."""
    if value.__class__ in _PLAIN:
        return value
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: encode(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): encode(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [item if item.__class__ in _PLAIN else encode(item) for item in value]
    return value


_adapters: dict[type[Any], Any] = {}


def _decode(cls: type[T], data: Mapping[str, Any]) -> T:
    from pydantic import TypeAdapter, ValidationError  # here: reading is rare, pydantic costs start-up time

    if cls not in _adapters:
        _adapters[cls] = TypeAdapter(cls)
    try:
        record: T = _adapters[cls].validate_python(data)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the whole"
        message = f"not a {cls.__name__} record: {where}: {first['msg']}, got {str(first['input'])[:120]!r}"
        raise RecordError(message) from None
    return record
