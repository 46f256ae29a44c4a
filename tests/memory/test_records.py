"""Records: JSON and back, and the faces that commands print."""

import json
from dataclasses import replace
from typing import Any, get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.memory.fakes import episode

from coterie.memory.records import (
    Episode,
    EpisodeSummary,
    Failure,
    MemoryRead,
    Metrics,
    ModelCall,
    ModelRef,
    Observation,
    ObservationResult,
    Outcome,
    Plan,
    PlanStep,
    RecordError,
    Status,
    Step,
    Task,
    ToolCall,
    Usage,
    now,
)

texts = st.text(st.characters(codec=None), max_size=20)
maybe = st.none() | texts
counts = st.integers(0, 10**9)
seconds = st.floats(0, 1e6)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
objects = st.dictionaries(texts, json_values, max_size=3)


def tuples(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(strategy, max_size=3).map(tuple)


tasks = st.builds(Task, texts, maybe, maybe, tuples(texts))
plan_steps = st.builds(
    PlanStep, texts, tuples(texts), tuples(counts), st.none() | counts, st.sampled_from(["pending", "done", "failed"])
)
plans = st.builds(Plan, tuples(plan_steps), maybe, counts)
calls = st.builds(ToolCall, texts, texts, objects)
results = st.builds(ObservationResult, maybe, texts, json_values, st.booleans(), maybe, st.booleans(), maybe, seconds)
steps = st.builds(
    Step,
    counts,
    texts,
    tuples(calls),
    st.none() | st.builds(Observation, tuples(results)),
    st.none() | st.builds(Metrics, counts, counts, seconds),
    maybe,
    st.none() | plans,
    st.none() | counts,
    maybe,
    maybe,
    maybe,
)
model_calls = st.builds(
    ModelCall,
    texts,
    st.sampled_from(["plan", "act", "judge", "replan", "answer"]),
    tuples(st.dictionaries(texts, texts, max_size=2)),
    texts,
    st.none() | counts,
    sampling=objects,
    schema=st.none() | objects,
    token_ids=st.none() | tuples(counts),
    logprobs=st.none() | tuples(st.floats(-100, 0)),
    routed_experts=st.none() | objects,
)
episodes = st.builds(
    Episode,
    texts,
    tasks,
    st.builds(ModelRef, texts, maybe, maybe, maybe),
    st.none() | st.builds(Outcome, st.sampled_from(get_args(Status)), maybe, maybe, maybe),
    plans,
    tuples(steps),
    st.builds(Usage, counts, counts, counts, seconds, counts),
    tuples(model_calls),
    tuples(st.builds(MemoryRead, texts, texts, tuples(objects), st.none() | counts, maybe)),
    objects,
    maybe,
    st.none() | counts,
    maybe,
    maybe,
)
failures = st.builds(
    Failure, texts, texts, texts, texts, st.none() | counts, maybe, maybe, st.booleans(), tuples(objects), maybe
)


unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # of a busy machine


@unhurried
@given(episodes)
def test_an_episode_comes_back_equal(record: Episode) -> None:
    assert Episode.from_json(json.loads(json.dumps(record.to_json()))) == record


@unhurried
@given(failures)
def test_a_failure_comes_back_equal(record: Failure) -> None:
    assert Failure.from_json(json.loads(json.dumps(record.to_json()))) == record


@unhurried
@given(episodes)
def test_the_short_face_leaves_out_model_calls_alone(record: Episode) -> None:
    assert Episode.from_json(record.to_json(full=False)) == replace(record, model_calls=())


def test_the_face_of_an_episode() -> None:
    face = episode().to_json()
    assert {"id", "task", "outcome", "plan", "steps", "usage", "model"} <= face.keys()
    assert isinstance(face["task"], str)
    assert isinstance(face["plan"], list)
    assert {"status", "answer", "error"} <= face["outcome"].keys()
    assert {"step_id", "node", "tool_calls", "observation", "metrics"} <= face["steps"][0].keys()
    assert face["steps"][0]["tool_calls"][0].keys() == {"tool_call_id", "function_name", "arguments"}
    assert {"prompt_tokens", "completion_tokens", "tool_calls", "wall_s"} <= face["usage"].keys()
    assert {"name", "weights_sha256", "kernels"} <= face["model"].keys()


def test_the_face_of_a_list_line() -> None:
    line = EpisodeSummary("ep-1", "t", "running", now(), 0, 0.0).to_json()
    assert line.keys() == {"id", "task", "status", "started_at", "tool_calls", "wall_s"}


def test_what_a_newer_version_added_is_left_out() -> None:
    assert Task.from_json({"text": "a", "mood": "bright"}) == Task("a")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"id": 3, "task": "t", "model": {"name": "m"}}, "id: Input should be a valid string, got '3'"),
        ({"id": "ep-1", "task": "t"}, "model: Field required"),
        ({"id": "ep-1", "task": "t", "model": {"name": "m"}, "outcome": {"status": "good"}}, "outcome.status"),
    ],
)
def test_wrong_json_is_named(data: dict[str, Any], message: str) -> None:
    with pytest.raises(RecordError, match=r"not an? Episode record") as raised:
        Episode.from_json(data)
    assert message in str(raised.value)


def test_times_sort_as_text() -> None:
    times = [now() for _ in range(50)]
    assert times == sorted(times)
    assert all(len(time) == len(times[0]) for time in times)
