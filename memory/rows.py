"""Between records and rows: what goes into a column, what into a body, and back.

Results are kept once, in tool_calls: a step's body names its calls, and refers to a result by its call's id.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from coterie.memory.records import (
    Episode,
    Failure,
    JsonObject,
    MemoryRead,
    ModelCall,
    ModelRef,
    Observation,
    ObservationResult,
    Outcome,
    Plan,
    Step,
    Task,
    ToolCall,
    Usage,
    now,
)
from coterie.memory.redact import Redactor
from coterie.memory.tables import EpisodeRow, FailureRow, MemoryReadRow, ModelCallRow, StepRow, ToolCallRow

_IN_COLUMNS = (
    *("model_call_id", "step_id", "purpose", "completion", "finish_reason", "prompt_tokens", "completion_tokens"),
    *("error", "wall_s", "timestamp"),
)


def step_values(episode_id: str, step: JsonObject) -> JsonObject:
    """The columns of a step given as (redacted) JSON."""
    metrics = step["metrics"] or {}
    calls = [call["tool_call_id"] for call in step["tool_calls"]]
    observation = step["observation"]
    if observation is not None:
        observation = {"results": [_refer(result, calls) for result in observation["results"]]}
    columns = {name: step[name] for name in ("step_id", "node", "plan_step", "verdict", "message", "state_hash")}
    return columns | {
        "episode_id": episode_id,
        "prompt_tokens": metrics.get("prompt_tokens"),
        "completion_tokens": metrics.get("completion_tokens"),
        "wall_s": metrics.get("wall_s"),
        "timestamp": step["timestamp"] or now(),
        "body": step | {"tool_calls": calls, "observation": observation},
    }


def _refer(result: JsonObject, calls: Sequence[str]) -> JsonObject:
    call = result["source_call_id"]
    return {"source_call_id": call} if call in calls else result


def call_values(episode_id: str, step_id: int, call: JsonObject, result: JsonObject | None) -> JsonObject:
    """The columns of a tool call and its result, given as (redacted) JSON."""
    return {
        "episode_id": episode_id,
        "tool_call_id": call["tool_call_id"],
        "step_id": step_id,
        "function_name": call["function_name"],
        "arguments": call["arguments"],
        "result": result,
        "is_error": result and result["is_error"],
        "error_kind": result and result["error_kind"],
        "wall_s": result and result["wall_s"],
        "timestamp": now(),
    }


def model_call_values(episode_id: str, call: ModelCall, redactor: Redactor) -> JsonObject:
    """The columns of a model call; token ids of a text that held a secret are left out, they would spell it."""
    plain = call.to_json()
    data = redactor.data(plain)
    if data["completion"] != plain["completion"]:
        data["token_ids"] = None
    if data["messages"] != plain["messages"] or data["prompt"] != plain["prompt"]:
        data["prompt_token_ids"] = None
    columns = {name: data[name] for name in _IN_COLUMNS}
    return columns | {"episode_id": episode_id, "seed": call.seed, "body": data}


def model_call(row: ModelCallRow) -> ModelCall:
    """The call as it was recorded."""
    return ModelCall.from_json(row.body)


def failure_row(failure: JsonObject) -> FailureRow:
    """The row of a failure given as (redacted) JSON."""
    return FailureRow(**failure)


def failure(row: FailureRow) -> Failure:
    """The failure as it was logged."""
    return Failure.from_json({name: getattr(row, name) for name in Failure.__dataclass_fields__})


def memory_read(row: MemoryReadRow) -> MemoryRead:
    """The recall as it was recorded."""
    return MemoryRead(row.query, row.namespace, tuple(row.hits), row.step_id, row.timestamp)


def steps(step_rows: Iterable[StepRow], call_rows: Iterable[ToolCallRow]) -> tuple[Step, ...]:
    """The steps with their calls; calls whose step was never written (a kill) make a step of their own."""
    by_step: dict[int, dict[str, ToolCallRow]] = defaultdict(dict)
    for row in call_rows:
        by_step[row.step_id][row.tool_call_id] = row
    found = {row.step_id: _step(row.body, by_step.pop(row.step_id, {})) for row in step_rows}
    for step_id, calls in by_step.items():
        found[step_id] = _step(Step(step_id, "act").to_json(), calls)
    return tuple(found[step_id] for step_id in sorted(found))


def _step(body: JsonObject, calls: Mapping[str, ToolCallRow]) -> Step:
    named = [calls[name] for name in body["tool_calls"] if name in calls]
    later = [row for name, row in calls.items() if name not in body["tool_calls"]]
    tool_calls = [ToolCall(row.tool_call_id, row.function_name, row.arguments).to_json() for row in named + later]
    results = None
    if body["observation"] is not None:
        results = [_resolve(result, calls) for result in body["observation"]["results"]]
    results = (results or []) + [row.result for row in later if row.result] if results or later else results
    observation = None if results is None or (not results and body["observation"] is None) else {"results": results}
    return Step.from_json(body | {"tool_calls": tool_calls, "observation": observation})


def _resolve(result: JsonObject, calls: Mapping[str, ToolCallRow]) -> JsonObject:
    if len(result) > 1:
        return result
    stored = calls[result["source_call_id"]].result
    resolved: JsonObject = stored if stored else ObservationResult(result["source_call_id"], "").to_json()
    return resolved


def episode(
    row: EpisodeRow,
    its_steps: tuple[Step, ...],
    its_calls: tuple[ModelCall, ...],
    its_reads: tuple[MemoryRead, ...],
) -> Episode:
    """The whole episode."""
    return Episode(
        id=row.id,
        task=Task.from_json(row.task_record),
        model=ModelRef(row.model_name, row.weights_sha256, row.kernels, row.base_url),
        outcome=Outcome.from_json(row.outcome) if row.outcome else None,
        plan=Plan.from_json(row.plan),
        steps=its_steps,
        usage=_usage(row) or usage_of(its_steps, its_calls),
        model_calls=its_calls,
        memory_reads=its_reads,
        config=row.config,
        parent=row.parent,
        parent_step=row.parent_step,
        started_at=row.started_at,
        finished_at=row.finished_at,
    )


def _usage(row: EpisodeRow) -> Usage | None:
    if row.wall_s is None:
        return None
    counts: Any = (row.prompt_tokens, row.completion_tokens, row.tool_calls, row.wall_s, row.model_calls)
    return Usage(*counts)


def usage_of(its_steps: Iterable[Step], its_calls: Sequence[ModelCall]) -> Usage:
    """What was spent so far, summed from the records of an episode that was not finished."""
    listed = list(its_steps)
    return Usage(
        prompt_tokens=sum(call.prompt_tokens for call in its_calls),
        completion_tokens=sum(call.completion_tokens for call in its_calls),
        tool_calls=sum(len(step.tool_calls) for step in listed),
        wall_s=sum(call.wall_s for call in its_calls) + sum(_tool_seconds(step.observation) for step in listed),
        model_calls=len(its_calls),
    )


def _tool_seconds(observation: Observation | None) -> float:
    return sum(result.wall_s for result in observation.results) if observation else 0.0
