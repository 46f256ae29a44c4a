"""Connecting to the model: one handed over, any OpenAI-compatible server, or the local server, started if need be."""

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from coterie.agent.settings import Settings, data_home
from coterie.agent.trace import Trace, Waiting
from coterie.memory.records import ModelRef
from coterie.model.chat import ChatModel, Sampling
from coterie.model.client import Client
from coterie.model.config import model_of
from coterie.model.errors import ModelNotFound, RequestRefused, UnexpectedResponse
from coterie.model.refusing import Refusing
from coterie.tools.threads import run_in_thread

if TYPE_CHECKING:
    from coterie.model.serving import ServerInfo

SAY_EVERY_S = 5.0


@dataclass(frozen=True)
class Connected:
    """A model that answers, and what the episode says of it."""

    model: ChatModel
    ref: ModelRef


async def connect(settings: Settings, given: "ChatModel | Connected | None", trace: Trace) -> Connected:
    """The model of a run. Raises ModelError where none can be had."""
    if isinstance(given, Connected):
        return given
    if given is not None:
        return Connected(given, ModelRef(given.name))
    if settings.base_url is not None:
        return await _foreign(settings, settings.base_url)
    return await _local(settings, trace)


async def _foreign(settings: Settings, base_url: str) -> Connected:
    """A server somebody else runs; without a model name, the first one it offers.

    One that it does not offer may be another name of one: a completion of one token finds out.
    """
    name, named = settings.model, "model" in settings.model_fields_set
    offered = await _offered(Client(base_url, name, settings.api_key, settings.model_timeout_s), required=not named)
    if not named and offered:
        name = offered[0]
    client = Client(base_url, name, settings.api_key, settings.model_timeout_s)
    if name not in offered:
        await client.complete([{"role": "user", "content": "Hello"}], None, Sampling(max_tokens=1))
    return Connected(_careful(client, settings), ModelRef(name, base_url=client.base_url))


async def _offered(client: Client, required: bool) -> list[str]:
    """The models a server lists; not all servers do."""
    try:
        return [model.name for model in await client.served()]
    except (UnexpectedResponse, ModelNotFound, RequestRefused):
        if required:
            raise
        return []


async def _local(settings: Settings, trace: Trace) -> Connected:
    from coterie.model.serving import ensure_server

    def start() -> "ServerInfo":
        return ensure_server(settings.model, home=data_home(settings), say=say)

    say = _Said(trace, asyncio.get_running_loop())
    info = await run_in_thread(start, "model-server")
    client = Client(info.url, info.model, timeout_s=settings.model_timeout_s, engine="vllm")
    ref = ModelRef(info.model, info.weights_sha256, info.kernels, client.base_url)
    return Connected(_careful(client, settings), ref)


def _careful(client: Client, settings: Settings) -> ChatModel:
    """The model, which refuses where it is unsure, if it is one of ours: the margins were chosen for them."""
    ours = model_of(client.name)
    if ours is None:
        return client
    return Refusing(client, ours.refusal_margin if settings.refusal_margin is None else settings.refusal_margin)


def local_server(settings: Settings, model: ModelRef) -> "ServerInfo | None":
    """The local server, where it is the one that this model answers from."""
    from coterie.model.serving import status

    info = status(data_home(settings)) if model.base_url else None
    return info if info and info.url == model.base_url else None


class _Said:
    """What the starting server says, from its thread into the trace: the first words, then now and then."""

    def __init__(self, trace: Trace, loop: asyncio.AbstractEventLoop) -> None:
        self._trace, self._loop = trace, loop
        self._next = 0.0

    def __call__(self, what: str) -> None:
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + SAY_EVERY_S
            asyncio.run_coroutine_threadsafe(self._trace.emit(Waiting(what)), self._loop)
