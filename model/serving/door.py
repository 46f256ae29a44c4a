"""The ASGI layer in front of vLLM's API: says what is served by which kernels, and stops the server when idle.

`GET /coterie` answers `{"kernels", "idle_s"}`. A request that generates keeps the server awake; looking does not.
A chat completion asked for with the header `X-Coterie-Routes` also says which experts fired.
"""

import asyncio
import json
import os
import signal
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from coterie.model.serving import routes
from coterie.model.serving.routes import Scope, Send

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

IDLE_STOP_VARIABLE = "COTERIE_IDLE_STOP_S"


class Door:
    """Wraps the server's app; `VLLM --middleware` makes it."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._open = 0
        self._last = time.monotonic()
        self._watch: asyncio.Task[None] | None = None
        self._kernels: str | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Count, answer for ourselves, or pass on."""
        if scope["type"] == "lifespan":
            self._start_watch()
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif scope["path"] == "/coterie":
            await self._answer(scope, send)
        elif scope["method"] == "POST":
            await self._counted(scope, receive, send if not routes.asked(scope) else routes.Added(scope, send))
        else:
            await self._app(scope, receive, send)

    async def _counted(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._open += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._open -= 1
            self._last = time.monotonic()

    async def _answer(self, scope: Scope, send: Send) -> None:
        if self._kernels is None:  # what was loaded stays
            found = await scope["app"].state.engine_client.collective_rpc("coterie_kernels")
            self._kernels = "; ".join(dict.fromkeys(found))
        body = json.dumps({"kernels": self._kernels, "idle_s": round(self.idle_s(), 3)}).encode()
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    def idle_s(self) -> float:
        """Seconds since the last generating request ended; 0 while one runs."""
        return 0.0 if self._open else time.monotonic() - self._last

    def _start_watch(self) -> None:
        limit_s = float(os.environ.get(IDLE_STOP_VARIABLE, 0))
        if limit_s > 0 and self._watch is None:
            self._watch = asyncio.get_running_loop().create_task(self._stop_when_idle(limit_s))

    async def _stop_when_idle(self, limit_s: float) -> None:
        while (idle_s := self.idle_s()) < limit_s:
            await asyncio.sleep(max(limit_s - idle_s, 0.1))
        os.kill(os.getpid(), signal.SIGTERM)
