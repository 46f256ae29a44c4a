"""The server's own process: `python -m coterie.model.serving.launch JSON`, started by `lifecycle`.

vLLM's OpenAI server, brought up quicker: its command imports vLLM three times in three processes one after the
other; here it is imported once and the engine is forked from it (`coterie serve bench --cold` times the start). Written
against the launcher functions of vLLM 0.32.
"""

import ctypes
import gc
import os
import signal
import socket
import sys
from typing import Any

from coterie.model.serving.options import Launch

PR_SET_PDEATHSIG = 1


def main() -> None:
    """Serve until told to stop."""
    launch = Launch.loads(sys.argv[1])
    import_less()
    os.register_at_fork(after_in_child=die_with_parent)
    import uvloop

    uvloop.run(serve(launch))


async def serve(launch: Launch) -> None:
    """Build the engine in a child process, then answer requests on the socket that was handed over."""
    from vllm.engine.arg_utils import AsyncEngineArgs
    from vllm.entrypoints.launchers.api_server.entry import build_and_serve
    from vllm.platforms import current_platform
    from vllm.usage.usage_lib import UsageContext
    from vllm.v1.engine.async_llm import AsyncLLM

    from coterie.model.serving.arguments import parse

    signal.signal(signal.SIGTERM, _interrupt)
    args = parse(launch)
    listener = socket.socket(fileno=launch.socket_fd)
    engine_args = AsyncEngineArgs.from_cli_args(args)
    if current_platform.is_cpu():
        import_model(launch.source)
    config = engine_args.create_engine_config(usage_context=UsageContext.OPENAI_API_SERVER)
    if current_platform.is_cpu():
        os.environ["VLLM_WORKER_MULTIPROC_METHOD"] = "fork"
    gc.freeze()
    gc.enable()
    engine: Any = AsyncLLM.from_vllm_config(config, disable_log_stats=engine_args.disable_log_stats)
    try:
        closing = await build_and_serve(engine, f"http://127.0.0.1:{launch.port}", listener, args)
    finally:
        engine.shutdown(timeout=config.shutdown_timeout)
    await closing
    listener.close()


def import_less() -> None:
    """Import vLLM without the garbage collector and without filters for audio, which take much of the time.

    vLLM runs without `scipy.signal` (audio input then is refused); the collector is on again before serving.
    """
    gc.disable()
    sys.modules["scipy.signal"] = None  # type: ignore[assignment]


def import_model(source: str) -> None:
    """Import the model's class before the engine is forked; else vLLM starts another Python just to look at it."""
    from vllm.model_executor.models.registry import ModelRegistry
    from vllm.transformers_utils.config import get_config

    for architecture in get_config(source, trust_remote_code=False).architectures or ():
        if architecture in ModelRegistry.models:
            ModelRegistry.register_model(architecture, ModelRegistry.models[architecture].load_model_cls())


def die_with_parent() -> None:
    """Have the kernel kill this child when the server's main process dies, however it dies (Linux)."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _interrupt(*_: object) -> None:
    """SIGTERM before the server has its own handlers."""
    raise KeyboardInterrupt


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(143)
