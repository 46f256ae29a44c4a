"""Serving the app on a socket of ours, until somebody stops it."""

import socket
import webbrowser

import uvicorn

from coterie.agent.errors import UsageError
from coterie.agent.settings import Settings
from coterie.evals.api.app import build
from coterie.memory.store import Store

GRACE_S = 3
"""For answers under way, such as streams of events, which end with it."""


def bound(host: str, port: int) -> socket.socket:
    """A listening socket. Raises UsageError where the address cannot be had."""
    try:
        family, _, _, _, where = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        return socket.create_server((where[0], where[1]), family=family)
    except OSError as error:
        raise UsageError(
            f"{host}:{port} cannot be listened on: {error.strerror or error}; choose another with --host and --port "
            "(--port 0 takes a free one)"
        ) from None


def address(listener: socket.socket, token: str) -> str:
    """What a person opens: the token stands behind the #, which no browser sends and no log keeps."""
    host, port = listener.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    return f"http://{shown}:{port}/#token={token}"


def serve(
    settings: Settings, store: Store, token: str, listener: socket.socket, host: str, opened: str | None = None
) -> None:
    """Serve until Ctrl-C or SIGTERM; `opened` is shown in the person's browser."""
    config = uvicorn.Config(
        build(settings, store, token, host), log_level="warning", ws="none", timeout_graceful_shutdown=GRACE_S
    )
    if opened:
        webbrowser.open(opened)
    uvicorn.Server(config).run([listener])
