"""The client against a real HTTP server on loopback, in good and bad moods."""

import asyncio
import base64
import io
import time
from collections.abc import Iterator
from typing import Any

import httpx
import numpy as np
import pytest
from tests.model.acting_up import FITTING, ActingUp, served

from coterie.model.chat import ChatModel, Completion, Message, Sampling
from coterie.model.client import Client, is_loopback, request_body
from coterie.model.errors import (
    AccessDenied,
    ContextOverflow,
    MalformedCompletion,
    ModelError,
    ModelNotFound,
    RequestRefused,
    ServerTimeout,
    ServerUnavailable,
    UnexpectedResponse,
)
from coterie.model.protocol import verdict_schema
from coterie.model.scripted import Line, ScriptedModel, ScriptEnded
from coterie.model.wire import as_completion, as_error

CHAT: list[Message] = [{"role": "user", "content": "Judge."}]
NO_PAUSE = (0.0, 0.0)


@pytest.fixture(scope="module")
def server() -> Iterator[tuple[ActingUp, str]]:
    acting_up = ActingUp()
    with served(acting_up.app) as url:
        yield acting_up, url


async def ask(url: str, model: str, timeout_s: float = 5.0, schema: dict[str, Any] | None = None) -> Completion:
    client: ChatModel = Client(url, model, timeout_s=timeout_s, backoff_s=NO_PAUSE)
    return await client.complete(CHAT, schema, Sampling(max_tokens=32))


async def test_completes_a_chat_with_what_the_server_reports(server: tuple[ActingUp, str]) -> None:
    acting_up, url = server
    completion = await ask(url, "good", schema=verdict_schema())
    assert completion.text == FITTING
    assert (completion.prompt_tokens, completion.completion_tokens, completion.finish_reason) == (11, 7, "stop")
    assert completion.wall_s > 0
    assert completion.token_ids is None
    body = acting_up.bodies[-1]
    assert body["messages"] == CHAT
    assert body["response_format"]["json_schema"]["schema"] == verdict_schema()
    assert "return_token_ids" not in body, "only vLLM understands it"


async def test_our_weights_read_and_write_as_they_were_taught_and_nobody_sees_it(server: tuple[ActingUp, str]) -> None:
    acting_up, url = server
    quoted: list[Message] = [{"role": "user", "content": 'Known: ["kettle"]'}]
    completion = await Client(url, "coterie").complete(quoted, verdict_schema(["done", "retry"]), Sampling())
    assert completion.text == FITTING
    body = acting_up.bodies[-1]
    assert body["messages"] == [{"role": "user", "content": 'Known: [" kettle"]'}]
    asked_for = body["response_format"]["json_schema"]["schema"]
    assert asked_for["properties"]["verdict"] == {"enum": [" done", " retry"]}
    assert quoted == [{"role": "user", "content": 'Known: ["kettle"]'}]


@pytest.mark.parametrize(
    ("model", "error"),
    [
        ("broken", ServerUnavailable),
        ("busy", ServerUnavailable),
        ("disconnect", ServerUnavailable),
        ("html", UnexpectedResponse),
        ("list", UnexpectedResponse),
        ("shapeless", UnexpectedResponse),
        ("locked", AccessDenied),
        ("unknown", ModelNotFound),
        ("strict", RequestRefused),
        ("small", ContextOverflow),
        ("chatty", MalformedCompletion),
        ("wrong", MalformedCompletion),
        ("cut", MalformedCompletion),
    ],
)
async def test_every_failure_has_its_own_error(
    server: tuple[ActingUp, str], model: str, error: type[ModelError]
) -> None:
    with pytest.raises(error):
        await ask(server[1], model, schema=verdict_schema())


async def test_errors_carry_numbers_names_and_the_malformed_text(server: tuple[ActingUp, str]) -> None:
    with pytest.raises(ContextOverflow) as overflow:
        await ask(server[1], "small")
    assert (overflow.value.limit, overflow.value.needed) == (512, 900)
    with pytest.raises(ModelNotFound, match="it serves good, hang"):
        await ask(server[1], "unknown")
    with pytest.raises(MalformedCompletion, match="cut off by max_tokens") as cut:
        await ask(server[1], "cut", schema=verdict_schema())
    assert cut.value.completion.text.startswith('{"note"')
    with pytest.raises(MalformedCompletion, match="note"):
        await ask(server[1], "wrong", schema=verdict_schema())


async def test_only_lost_connections_are_tried_again(server: tuple[ActingUp, str]) -> None:
    acting_up, url = server
    acting_up.breaks_left = 2
    before = len(acting_up.bodies)
    assert (await ask(url, "flaky")).text == FITTING
    assert len(acting_up.bodies) == before + 3
    with pytest.raises(ServerUnavailable, match="HTTP 500"):
        await ask(url, "broken")
    assert len(acting_up.bodies) == before + 4, "an answer, even a bad one, is not asked for again"


async def test_a_hanging_server_is_a_timeout_and_a_cancelled_request_reaches_it(server: tuple[ActingUp, str]) -> None:
    acting_up, url = server
    started = time.perf_counter()
    with pytest.raises(ServerTimeout, match=r"within 0\.2 s"):
        await ask(url, "hang", timeout_s=0.2)
    assert time.perf_counter() - started < 2
    acting_up.cancelled.clear()
    task = asyncio.create_task(ask(url, "hang", timeout_s=30))
    await asyncio.sleep(0.1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await asyncio.to_thread(acting_up.cancelled.wait, 5)


async def test_nobody_listening_is_unavailable_and_says_the_way_out() -> None:
    with pytest.raises(ServerUnavailable, match="coterie serve"):
        await ask("http://127.0.0.1:9", "good")


def test_a_client_works_in_one_event_loop_after_another(server: tuple[ActingUp, str]) -> None:
    client = Client(server[1], "good", api_key="sesame")
    for _ in range(2):
        assert asyncio.run(client.complete(CHAT, None, Sampling())).text == FITTING
    assert server[0].headers[-1]["authorization"] == "Bearer sesame"


async def test_base_url_is_checked_and_completed(server: tuple[ActingUp, str]) -> None:
    root = server[1].removesuffix("/v1")
    assert [m.name for m in await Client(root, "good").served()] == ["good", "hang"]
    with pytest.raises(ValueError, match=r"127\.0\.0\.1:8000"):
        Client("127.0.0.1:8000", "good")


def test_our_own_engine_is_asked_for_token_ids_and_log_probabilities() -> None:
    body = request_body("ours", CHAT, None, Sampling(), "vllm")
    assert (body["return_token_ids"], body["logprobs"], body["top_logprobs"]) == (True, True, 0)
    assert "response_format" not in body


def test_vllm_fields_are_read() -> None:
    rows = np.zeros((5, 2, 2), dtype=np.uint8)  # 4 prompt tokens, 2 written: 5 forward passes
    rows[3:, 0] = [1, 3]
    buffer = io.BytesIO()
    np.save(buffer, rows)
    choice = {
        "message": {"content": "ab"},
        "finish_reason": "stop",
        "token_ids": [7, 8],
        "logprobs": {"content": [{"token": "a", "logprob": -0.5}, {"token": "b", "logprob": -0.25}]},
        "routed_experts": base64.b64encode(buffer.getvalue()).decode(),
    }
    usage = {"prompt_tokens": 4, "completion_tokens": 2}
    completion = as_completion({"choices": [choice], "usage": usage, "prompt_token_ids": [1, 2, 3, 4]}, "url", 0.1)
    assert completion.token_ids == (7, 8)
    assert completion.prompt_token_ids == (1, 2, 3, 4)
    assert completion.logprobs == (-0.5, -0.25)
    assert completion.routed_experts is not None
    assert completion.routed_experts["counts"] == [[0, 2, 0, 2], [4, 0, 0, 0]]
    assert completion.routed_experts["tokens"] == 2


def test_openai_and_vllm_words_for_a_full_context() -> None:
    said = "This model's maximum context length is 4097 tokens, however you requested 5000 tokens"
    body = httpx.Response(400, json={"error": {"message": said, "code": "context_length_exceeded"}}).text
    error = as_error(400, body, "url", "m")
    assert isinstance(error, ContextOverflow)
    assert (error.limit, error.needed) == (4097, 5000)


@pytest.mark.parametrize(("url", "here"), [("http://localhost:1/v1", True), ("https://api.example.com/v1", False)])
def test_loopback_is_recognised(url: str, here: bool) -> None:
    assert is_loopback(url) is here


async def test_the_scripted_model_replays_lines_errors_and_functions_of_the_chat() -> None:
    lines: list[Line] = [FITTING, ServerUnavailable("u", "gone"), lambda messages: messages[-1]["content"], "not json"]
    model = ScriptedModel(lines)
    assert (await model.complete(CHAT, verdict_schema(), Sampling())).text == FITTING
    with pytest.raises(ServerUnavailable):
        await model.complete(CHAT, None, Sampling())
    assert (await model.complete(CHAT, None, Sampling())).text == "Judge."
    with pytest.raises(MalformedCompletion):
        await model.complete(CHAT, verdict_schema(), Sampling())
    with pytest.raises(ScriptEnded, match="call 5"):
        await model.complete(CHAT, None, Sampling())
    assert len(model.asked) == 5


def test_a_lone_surrogate_in_a_completion_is_replaced() -> None:
    completion = as_completion({"choices": [{"message": {"content": "a\ud800b"}}]}, "url", 0.1)
    assert completion.text == "a?b"
