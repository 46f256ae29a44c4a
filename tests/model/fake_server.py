"""Stands in for the vLLM process where only its life cycle is tested: the same argument, socket and door.

What it does is in the model's name: `fine`, `dies` (at once, with a last word), `slow` (never ready).
"""

import socket
import subprocess
import sys
import time

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from coterie.model.serving.door import Door
from coterie.model.serving.options import Launch


class Engine:
    """Tells whose kernels run, as vLLM's workers do."""

    async def collective_rpc(self, method: str) -> list[str]:
        """Two workers that agree."""
        assert method == "coterie_kernels"
        return ["vllm", "vllm"]


async def answer(request: Request) -> PlainTextResponse:
    """Healthy; a POST is work."""
    return PlainTextResponse("ok")


def main() -> None:
    """Serve on the inherited socket, with a child that ignores SIGTERM."""
    launch = Launch.loads(sys.argv[1])
    print("the fake server starts", flush=True)
    if launch.name == "dies":
        sys.exit("no room for the weights")
    stubborn = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)"
    subprocess.Popen([sys.executable, "-c", stubborn])
    if launch.name == "slow":
        time.sleep(60)
    app = Starlette(routes=[Route("/health", answer), Route("/work", answer, methods=["POST"])])
    app.state.engine_client = Engine()
    door = Door(app)

    async def entrance(scope: Scope, receive: Receive, send: Send) -> None:
        """As vLLM's own app does before its middleware."""
        await door({**scope, "app": app}, receive, send)

    uvicorn.Server(uvicorn.Config(entrance, log_level="warning")).run(sockets=[socket.socket(fileno=launch.socket_fd)])


main()
