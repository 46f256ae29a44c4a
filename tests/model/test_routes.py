"""The routing trace without a server: what the worker keeps, and how it gets into an answer."""

import json
from collections.abc import MutableMapping
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from coterie.model.kernels import vllm_trace
from coterie.model.kernels.vllm_trace import ASKS, Routes, RouteTrace
from coterie.model.serving import routes
from coterie.model.wire import as_completion

LAYERS, EXPERTS = 2, 4


def step(trace: RouteTrace, chosen: list[list[int]], tokens: list[tuple[str, int, int, int]]) -> None:
    """One step in which every layer chooses `chosen`, [tokens, top_k]."""
    trace.begin()
    for _ in range(LAYERS):
        trace.add(torch.tensor(chosen, dtype=torch.int32), EXPERTS)
    trace.end([(f"chatcmpl-{ASKS}{name}", *rest) for name, *rest in tokens])


def take(trace: RouteTrace, name: str) -> Routes | None:
    """The routes of the request that `step` called by this name."""
    return trace.take(f"chatcmpl-{ASKS}{name}")


def test_choices_are_filed_by_request_and_counted_from_the_last_prompt_token() -> None:
    trace = RouteTrace()
    step(trace, [[0, 1], [1, 2], [3, 0]], [("a-1f", 0, 2, 2), ("b-2e", 5, 1, 6)])
    step(trace, [[2, 3]], [("a-1f", 2, 1, 2)])
    found = take(trace, "a")
    assert found is not None
    summary = found.summary()
    assert summary["tokens"] == 2, "the last prompt token and the one written after it"
    assert summary["counts"] == [[0, 1, 2, 1]] * LAYERS
    assert (summary["first"], summary["top_k"]) == (0, 2)
    other = take(trace, "b")
    assert other is not None
    assert other.summary()["counts"] == [[1, 0, 0, 1]] * LAYERS
    assert take(trace, "a") is None, "told once"


def test_two_runs_with_the_same_choices_have_the_same_hash_and_others_do_not() -> None:
    hashes = []
    for last in (1, 1, 2):
        trace = RouteTrace()
        step(trace, [[0, 3], [0, last]], [("a", 0, 2, 1)])
        found = take(trace, "a")
        assert found is not None
        hashes.append(found.summary()["sha256"])
    assert hashes[0] == hashes[1] != hashes[2]


@pytest.mark.parametrize("again_from", [0, 1, 2])
def test_what_a_preempted_request_computes_again_counts_once(again_from: int) -> None:
    chosen = [[0, 1], [1, 2], [3, 0], [2, 1]]
    whole, preempted = RouteTrace(), RouteTrace()
    step(whole, chosen, [("a", 0, 4, 2)])
    step(preempted, chosen[1:3], [("a", 1, 2, 2)])  # the first from the prefix cache, later perhaps no longer in it
    for at in range(again_from, 4):
        step(preempted, [chosen[at]], [("a", at, 1, 2)])
    found, expected = take(preempted, "a"), take(whole, "a")
    assert found is not None
    assert expected is not None
    assert found.summary()["counts"] == expected.summary()["counts"]
    if again_from == 0:
        assert found.summary() == expected.summary()


def test_the_oldest_requests_are_forgotten_first() -> None:
    trace = RouteTrace(max_bytes=40)
    for name in "abc":
        step(trace, [[0, 1], [2, 3]], [(name, 0, 2, 1)])
    assert take(trace, "a") is None
    assert take(trace, "c") is not None


def test_of_two_requests_the_one_that_asked_is_kept() -> None:
    trace = RouteTrace()
    trace.begin()
    trace.add(torch.tensor([[0, 1], [2, 3]], dtype=torch.int32), EXPERTS)
    trace.end([("chatcmpl-plain", 0, 1, 1), (f"chatcmpl-{ASKS}a", 0, 1, 1)])
    found = take(trace, "a")
    assert found is not None
    assert found.summary()["counts"] == [[0, 0, 1, 1]]
    assert trace.take("chatcmpl-plain") is None


@pytest.mark.parametrize(("request_id", "collected"), [(f"chatcmpl-{ASKS}a", True), ("chatcmpl-a", False)])
def test_a_step_in_which_nobody_asks_is_left_alone(request_id: str, collected: bool) -> None:
    seen: list[bool] = []

    class GPUModelRunner:
        def __init__(self) -> None:
            self.input_batch = SimpleNamespace(req_ids=[request_id], num_computed_tokens_cpu=[0])
            self.requests = {request_id: SimpleNamespace(num_prompt_tokens=1)}

        def execute_model(self, scheduler_output: Any) -> None:
            seen.append(vllm_trace.trace.open)

    runner = SimpleNamespace(GPUModelRunner=GPUModelRunner)
    vllm_trace.watch_steps(runner)  # type: ignore[arg-type]
    GPUModelRunner().execute_model(SimpleNamespace(num_scheduled_tokens={request_id: 1}))
    assert seen == [collected]
    assert not vllm_trace.trace.open


def test_outside_a_step_nothing_is_collected() -> None:
    trace = RouteTrace()
    assert not trace.open
    step(trace, [[0, 1]], [("a", 0, 1, 1)])
    assert not trace.open


class Engine:
    """The call to the worker, answered at once."""

    def __init__(self, answer: dict[str, Any] | None) -> None:
        self.answer = answer
        self.asked: list[str] = []

    async def collective_rpc(self, method: str, args: tuple[str, ...]) -> list[Any]:
        assert method == "coterie_routes"
        self.asked += args
        return [self.answer]


async def through(engine: Engine, status: int, kind: bytes, parts: list[bytes]) -> tuple[list[Any], dict[str, Any]]:
    """The messages that come out of `Added` when the server answers with `parts`."""
    scope: MutableMapping[str, Any] = {
        "path": "/v1/chat/completions",
        "headers": [(routes.HEADER, b"summary"), (routes.REQUEST_ID, b"the caller's")],
        "app": SimpleNamespace(state=SimpleNamespace(engine_client=engine)),
    }
    assert routes.asked(scope)
    sent: list[Any] = []

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    added = routes.Added(scope, send)
    headers = [(b"content-type", kind), (b"content-length", str(sum(map(len, parts))).encode())]
    await added({"type": "http.response.start", "status": status, "headers": headers})
    for i, part in enumerate(parts):
        await added({"type": "http.response.body", "body": part, "more_body": i < len(parts) - 1})
    return sent, dict(scope["headers"])


ANSWER = {"choices": [{"message": {"content": "é"}, "finish_reason": "stop"}], "usage": {"prompt_tokens": 3}}


@pytest.mark.parametrize("cut", [0, 20])
async def test_an_answer_is_completed_with_the_routes_of_its_own_request(cut: int) -> None:
    engine = Engine({"tokens": 1, "top_k": 2, "counts": [[1, 1]], "first": 0, "sha256": "x"})
    body = json.dumps(ANSWER, ensure_ascii=False).encode()
    (start, whole), headers = await through(engine, 200, b"application/json", [body[:cut], body[cut:]])
    assert engine.asked == [f"chatcmpl-{headers[routes.REQUEST_ID].decode()}"]
    assert dict(start["headers"])[b"content-length"] == str(len(whole["body"])).encode()
    completion = as_completion(json.loads(whole["body"]), "url", 0.1)
    assert (completion.text, completion.routed_experts) == ("é", engine.answer)


async def test_without_a_trace_the_answer_stays_as_it_was() -> None:
    body = json.dumps(ANSWER).encode()
    (_, whole), _ = await through(Engine(None), 200, b"application/json", [body])
    assert whole["body"] == body


async def test_the_answer_to_a_client_that_hung_up_passes() -> None:
    (_, whole), _ = await through(Engine({"tokens": 1}), 200, b"application/json", [b"null"])
    assert whole["body"] == b"null"


@pytest.mark.parametrize(("status", "kind"), [(400, b"application/json"), (200, b"text/event-stream")])
async def test_errors_and_streams_pass_at_once(status: int, kind: bytes) -> None:
    sent, _ = await through(Engine({}), status, kind, [b"one", b"two"])
    assert [message.get("body") for message in sent] == [None, b"one", b"two"]
