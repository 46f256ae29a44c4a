"""Adds to a chat completion which experts fired, fetched from the worker that ran it.

An ASGI `send` that holds the answer back until it is whole. An answer that is no chat completion (an error, a
stream) passes as it came; so does one whose request the worker did not trace.
"""

import json
import uuid
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from coterie.model.kernels.vllm_trace import ASKS

Scope = MutableMapping[str, Any]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

HEADER = b"x-coterie-routes"
REQUEST_ID = b"x-request-id"
JSON = b"application/json"


def asked(scope: Scope) -> bool:
    """Whether the request wants to know."""
    return bool(scope["path"].endswith("/chat/completions")) and any(name == HEADER for name, _ in scope["headers"])


class Added:
    """Gives the request an id of ours, by which vLLM's worker will know it, and completes the answer."""

    def __init__(self, scope: Scope, send: Send) -> None:
        name = f"{ASKS}{uuid.uuid4().hex}"
        others = [pair for pair in scope["headers"] if pair[0] != REQUEST_ID]
        scope["headers"] = [*others, (REQUEST_ID, name.encode())]
        self._request = f"chatcmpl-{name}"
        self._engine = scope["app"].state.engine_client
        self._send = send
        self._start: MutableMapping[str, Any] | None = None
        self._body = bytearray()

    async def __call__(self, message: MutableMapping[str, Any]) -> None:
        """Takes one ASGI message of the answer."""
        if message["type"] == "http.response.start" and _is_json(message):
            self._start = message
        elif self._start is None or message["type"] != "http.response.body":
            await self._send(message)
        else:
            self._body += message.get("body", b"")
            if not message.get("more_body"):
                await self._finish(self._start)

    async def _finish(self, start: MutableMapping[str, Any]) -> None:
        body = await self._completed(bytes(self._body))
        headers = [pair for pair in start["headers"] if pair[0].lower() != b"content-length"]
        await self._send({**start, "headers": [*headers, (b"content-length", str(len(body)).encode())]})
        await self._send({"type": "http.response.body", "body": body})

    async def _completed(self, body: bytes) -> bytes:
        found = await self._engine.collective_rpc("coterie_routes", args=(self._request,))
        routes = next((each for each in found if each is not None), None)
        if routes is None:
            return body
        answer = json.loads(body)
        if answer is None:  # what vLLM says to a client that has hung up
            return body
        answer["choices"][0]["routed_experts"] = routes
        return json.dumps(answer, ensure_ascii=False, separators=(",", ":")).encode()


def _is_json(start: MutableMapping[str, Any]) -> bool:
    kinds = [value for name, value in start["headers"] if name.lower() == b"content-type"]
    return start["status"] == 200 and bool(kinds) and kinds[0].startswith(JSON)
