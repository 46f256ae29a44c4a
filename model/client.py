"""The client: completes chats on any OpenAI-compatible server, and asks more of our own.

The only way in which the rest of Coterie reaches a model. Schemas become grammars (`response_format`);
a vLLM server is also asked for token ids and the log-probabilities of the chosen tokens.
Wire format: OpenAI chat completions, with vLLM 0.32's extra fields.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal
from urllib.parse import urlsplit

import httpx

from coterie.model.chat import Completion, JsonSchema, Message, Sampling
from coterie.model.errors import (
    ModelNotFound,
    RequestRefused,
    ServerTimeout,
    ServerUnavailable,
    UnexpectedResponse,
)
from coterie.model.spelling import is_learned_by, read_back, spell_chat, spell_schema
from coterie.model.structured import require_schema
from coterie.model.wire import as_completion, as_error

Engine = Literal["vllm", "other"]
BACKOFF_S = (0.2, 0.6, 1.8)
CONNECT_TIMEOUT_S = 5.0
ROUTES = {"X-Coterie-Routes": "summary"}
"""Asks our server which experts fired; nobody else knows the header."""


@dataclass(frozen=True)
class Served:
    """A model a server offers; `max_tokens` is its context length where the server says so."""

    name: str
    engine: Engine
    max_tokens: int | None


class Client:
    """A chat model behind a URL such as `http://127.0.0.1:8000/v1`.

    A URL without a path gets `/v1`. `engine` is found out from the server's model list when not given.
    A connection that cannot be made or breaks, and a server that says "not now", are tried again after each
    pause of `backoff_s`; a slow or a failed answer is not.
    """

    def __init__(
        self,
        base_url: str,
        model: str,
        api_key: str | None = None,
        timeout_s: float = 120.0,
        engine: Engine | None = None,
        backoff_s: Sequence[float] = BACKOFF_S,
    ) -> None:
        if urlsplit(base_url).scheme not in ("http", "https"):
            raise ValueError(f"base_url {base_url!r} is not an http(s) URL, such as http://127.0.0.1:8000/v1")
        self.base_url = base_url.rstrip("/") if urlsplit(base_url).path.strip("/") else base_url.rstrip("/") + "/v1"
        self.name = model
        self.timeout_s = timeout_s
        self._key = api_key
        self._engine = engine
        self._backoff_s = tuple(backoff_s)

    async def complete(self, messages: Sequence[Message], schema: JsonSchema | None, sampling: Sampling) -> Completion:
        """Complete the chat; raises the errors of `coterie.model.errors`."""
        if self._engine is None:
            self._engine = await self._find_engine()
        ours = is_learned_by(self.name)
        spelt = (spell_chat(messages), schema and spell_schema(schema)) if ours else (messages, schema)
        body = request_body(self.name, *spelt, sampling, self._engine)
        started = time.perf_counter()
        try:
            data = await self._ask("POST", "/chat/completions", body)
        except ModelNotFound:
            raise ModelNotFound(self.name, self.base_url, [m.name for m in await self.served()]) from None
        completion = as_completion(data, f"{self.base_url}/chat/completions", time.perf_counter() - started)
        if ours:
            completion = replace(completion, text=read_back(completion.text))
        return require_schema(completion, schema)

    async def served(self) -> list[Served]:
        """The models the server offers."""
        listing = (await self._ask("GET", "/models")).get("data")
        if not isinstance(listing, list):
            raise UnexpectedResponse(f"{self.base_url}/models", repr(listing))
        return [
            Served(str(m.get("id")), "vllm" if m.get("owned_by") == "vllm" else "other", m.get("max_model_len"))
            for m in listing
            if isinstance(m, dict)
        ]

    async def _find_engine(self) -> Engine:
        """A server without a model list is nobody we know."""
        try:
            offered = await self.served()
        except (UnexpectedResponse, ModelNotFound, RequestRefused):
            return "other"
        return offered[0].engine if offered else "other"

    async def _ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """One request and its JSON answer; tries again where no answer came."""
        for pause_s in (*self._backoff_s, None):
            try:
                return await self._ask_once(method, path, body)
            except ServerUnavailable as error:
                if pause_s is None or not error.passing:
                    raise
                await asyncio.sleep(pause_s)
        raise AssertionError("the last attempt returns or raises")

    async def _ask_once(self, method: str, path: str, body: Mapping[str, Any] | None) -> dict[str, Any]:
        url = self.base_url + path
        try:
            async with asyncio.timeout(self.timeout_s), self._connection() as http:
                response = await http.request(method, url, json=body, headers=ROUTES)
        except (TimeoutError, httpx.ReadTimeout):
            raise ServerTimeout(self.base_url, self.timeout_s) from None
        except httpx.HTTPError as error:
            raise ServerUnavailable(self.base_url, str(error) or type(error).__name__) from None
        if response.status_code != 200:
            raise as_error(response.status_code, response.text, url, self.name)
        return _json_object(response, url)

    def _connection(self) -> httpx.AsyncClient:
        """One connection per request: a loopback connect is far below a decode step, and nothing is left open."""
        encrypted = self.base_url.startswith("https:")
        return httpx.AsyncClient(
            headers={"Authorization": f"Bearer {self._key}"} if self._key else None,
            timeout=httpx.Timeout(self.timeout_s, connect=min(CONNECT_TIMEOUT_S, self.timeout_s)),
            trust_env=not is_loopback(self.base_url),
            verify=encrypted,
        )


def is_loopback(url: str) -> bool:
    """Whether the URL names this machine, which no proxy can reach for us."""
    host = urlsplit(url).hostname or ""
    return host in ("localhost", "::1") or host.startswith("127.")


def request_body(
    model: str, messages: Sequence[Message], schema: JsonSchema | None, sampling: Sampling, engine: Engine
) -> dict[str, Any]:
    """The request as JSON: OpenAI's fields, and vLLM's where they are understood."""
    body: dict[str, Any] = {
        "model": model,
        "messages": [dict(message) for message in messages],
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "max_tokens": sampling.max_tokens,
        "seed": sampling.seed,
    }
    if schema is not None:
        body["response_format"] = {"type": "json_schema", "json_schema": {"name": "turn", "schema": schema}}
    if engine == "vllm":
        body |= {"return_token_ids": True, "logprobs": True, "top_logprobs": 0}
    return body


def _json_object(response: httpx.Response, url: str) -> dict[str, Any]:
    try:
        data = response.json()
    except ValueError:
        raise UnexpectedResponse(url, response.text) from None
    if not isinstance(data, dict):
        raise UnexpectedResponse(url, response.text)
    return data
