"""A real HTTP server on loopback that answers like a chat server, well or badly, as its model name says."""

import asyncio
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

FITTING = '{"note": "fine", "verdict": "done"}'
SPELT = '{"note": " fine", "verdict": " done"}'
TOO_LONG = (
    "This model's maximum context length is 512 tokens. However, your prompt contains at least 900 input tokens, "
    "which exceeds this limit even without any output tokens."
)


class Disconnect(Response):
    """Closes the connection in the middle of the body."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(b"content-length", b"1000"), (b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b'{"choices": ', "more_body": True})


class ActingUp:
    """The app's state: what was asked, and how often it must still break before it behaves."""

    def __init__(self) -> None:
        self.bodies: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.cancelled = threading.Event()
        self.breaks_left = 0
        self.app = Starlette(
            routes=[
                Route("/v1/models", self.models),
                Route("/v1/chat/completions", self.chat, methods=["POST"]),
            ]
        )

    async def models(self, _: Request) -> Response:
        data = [{"id": "good", "owned_by": "somebody", "max_model_len": 512}, {"id": "hang", "owned_by": "somebody"}]
        return JSONResponse({"object": "list", "data": data})

    async def chat(self, request: Request) -> Response:
        body = json.loads(await request.body())
        self.bodies.append(body)
        self.headers.append(dict(request.headers))
        if body["model"] == "flaky" and self.breaks_left > 0:
            self.breaks_left -= 1
            return Disconnect()
        return await self.answer(body["model"], request)

    async def answer(self, model: str, request: Request) -> Response:
        match model:
            case "hang":
                return await self.hang(request)
            case "disconnect":
                return Disconnect()
            case "broken":
                return PlainTextResponse("Internal Server Error", 500)
            case "busy":
                return JSONResponse({"error": {"message": "overloaded"}}, 503)
            case "html":
                return PlainTextResponse("<html>a router's login page</html>")
            case "list":
                return JSONResponse([1, 2])
            case "shapeless":
                return JSONResponse({"choices": []})
            case "locked":
                return JSONResponse({"error": {"message": "no key"}}, 401)
            case "unknown":
                return JSONResponse({"error": {"message": "The model `unknown` does not exist."}}, 404)
            case "small":
                return JSONResponse({"error": {"message": TOO_LONG, "code": 400}}, 400)
            case "strict":
                return JSONResponse({"error": {"message": "bad schema"}}, 400)
            case "chatty":
                return JSONResponse(said_chat("Sure! Here is the JSON you asked for."))
            case "wrong":
                return JSONResponse(said_chat('{"note": 3, "verdict": "perhaps"}'))
            case "cut":
                return JSONResponse(said_chat('{"note": "half of i', finish="length"))
            case "coterie":
                return JSONResponse(said_chat(SPELT))
        return JSONResponse(said_chat(FITTING))

    async def hang(self, request: Request) -> Response:
        while not await request.is_disconnected():
            await asyncio.sleep(0.01)
        self.cancelled.set()
        return PlainTextResponse("too late")


def said_chat(text: str, finish: str = "stop") -> dict[str, Any]:
    """A response with only OpenAI's own fields."""
    return {
        "choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": finish}],
        "usage": {"prompt_tokens": 11, "completion_tokens": 7},
    }


@contextmanager
def served(app: Starlette) -> Iterator[str]:
    """The base URL of the app, listening on a free port of its own."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = uvicorn.Config(app, log_level="critical", lifespan="off", timeout_graceful_shutdown=1)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[listener])))
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
        finally:
            server.should_exit = True
            thread.join(10)
