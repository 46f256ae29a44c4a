"""`/status` and `/tools`: what this server works with; `/v1`: the model server itself, passed through.

A client of the OpenAI API that is pointed at `/v1`, with the token as its key, talks to the model behind the agents.
"""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import StreamingResponse
from starlette.background import BackgroundTask

from coterie.agent.settings import Settings, data_home
from coterie.agent.toolbox import collect
from coterie.agent.trace import Trace
from coterie.evals.api.context import Context
from coterie.model.serving import status as server_status

_PASSED = frozenset({"content-type", "accept"})


def router(context: Context) -> APIRouter:
    """The routes."""
    routes = APIRouter(tags=["model"])
    settings = context.settings

    @routes.get("/health")
    def health() -> dict[str, bool]:
        """Whether this server lives."""
        return {"ok": True}

    @routes.get("/status")
    def status() -> dict[str, Any]:
        """What this server works with, and which runs are going on here."""
        info = server_status(data_home(settings)) if settings.base_url is None else None
        return {
            "version": version("coterie"),
            "model": settings.model,
            "base_url": settings.base_url,
            "server": info and {"url": info.url, "model": info.model, "kernels": info.kernels, "pid": info.pid},
            "approve": settings.approve,
            "memory": settings.memory,
            "workspace": settings.workspace and str(settings.workspace),
            "at_work": context.runs.at_work(),
        }

    @routes.get("/tools")
    async def tools() -> dict[str, Any]:
        """The tools that a run begun here is offered."""
        async with AsyncExitStack() as stack:
            folder = Path(stack.enter_context(TemporaryDirectory(prefix="coterie-tools-")))
            registry = await collect(settings, (), folder, context.store, stack, Trace())
            return {"tools": [asdict(tool.spec) for tool in registry]}

    @routes.api_route("/v1/{path:path}", methods=["GET", "POST"], include_in_schema=False)
    async def pass_through(path: str, request: Request) -> StreamingResponse:
        """The model server's own answer, as it comes."""
        url, key = _upstream(settings)
        headers = {name: value for name, value in request.headers.items() if name in _PASSED}
        if key:
            headers["authorization"] = f"Bearer {key}"
        client = httpx.AsyncClient(timeout=settings.model_timeout_s)
        sent = client.build_request(
            request.method, f"{url}/{path}", params=request.query_params, headers=headers, content=await request.body()
        )
        try:
            answer = await client.send(sent, stream=True)
        except httpx.HTTPError as error:
            await client.aclose()
            raise HTTPException(503, f"the model server at {url} does not answer: {error}") from None

        async def body() -> AsyncIterator[bytes]:
            async for chunk in answer.aiter_bytes():
                yield chunk

        async def close() -> None:
            await answer.aclose()
            await client.aclose()

        kind = answer.headers.get("content-type")
        return StreamingResponse(body(), answer.status_code, media_type=kind, background=BackgroundTask(close))

    return routes


def _upstream(settings: Settings) -> tuple[str, str | None]:
    """The base URL of the model's server and its key; 503 where none runs."""
    if settings.base_url is not None:
        return settings.base_url.rstrip("/"), settings.api_key
    info = server_status(data_home(settings))
    if info is None or info.kernels is None:
        raise HTTPException(503, "no model server runs; a run starts one, or: coterie serve start")
    return info.url.rstrip("/"), None
