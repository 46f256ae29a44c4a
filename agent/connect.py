"""Connecting to the model: one handed over, any OpenAI-compatible server, or the local server, started if need be."""

from dataclasses import dataclass

from coterie.agent.settings import Settings
from coterie.agent.trace import Trace, Waiting
from coterie.memory.records import ModelRef
from coterie.model.chat import ChatModel
from coterie.model.client import Client
from coterie.tools.threads import run_in_thread


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
    """A server somebody else runs; without a model name, the first one it offers."""
    name = settings.model
    if "model" not in settings.model_fields_set:
        offered = await Client(base_url, name, settings.api_key, settings.model_timeout_s).served()
        name = offered[0].name if offered else name
    client = Client(base_url, name, settings.api_key, settings.model_timeout_s)
    return Connected(client, ModelRef(name, base_url=client.base_url))


async def _local(settings: Settings, trace: Trace) -> Connected:
    from coterie.model.serving import ensure_server

    await trace.emit(Waiting(f"waiting for the model server ({settings.model})"))
    info = await run_in_thread(lambda: ensure_server(settings.model), "ensure-server")
    client = Client(info.url, info.model, timeout_s=settings.model_timeout_s, engine="vllm")
    return Connected(client, ModelRef(info.model, info.weights_sha256, info.kernels, client.base_url))
