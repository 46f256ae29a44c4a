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

from coterie.model.serving.door import Door
from coterie.model.serving.options import Launch


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
    app = Door(Starlette(routes=[Route("/health", answer), Route("/work", answer, methods=["POST"])]))
    uvicorn.Server(uvicorn.Config(app, log_level="warning")).run(sockets=[socket.socket(fileno=launch.socket_fd)])


main()
