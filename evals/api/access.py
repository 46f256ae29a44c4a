"""Who may ask: holders of the token, under a name that the server is known by.

Whoever may start a run may run tools on this machine, so even on the loopback every request needs the token: other
users of the machine can reach a port there, and so can any page in the person's browser. A page elsewhere could have
its own name point here (DNS rebinding); the Host header gives that away.
"""

import secrets
from hmac import compare_digest

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from coterie.evals.api.faults import answer

_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
_PAGES = "/pages/"
SAFE_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
"""Nothing from elsewhere runs in our pages, no other shows them in a frame, and no answer stays on the disk."""
_OPEN = frozenset({"/", "/health", "/openapi.json"})
"""What tells nothing of the person's: the empty page, whether the server lives, and what can be asked."""


def new_token() -> str:
    """A token nobody guesses."""
    return secrets.token_urlsafe(24)


class RequireToken:
    """ASGI middleware: 401 without `Authorization: Bearer TOKEN`."""

    def __init__(self, app: ASGIApp, token: str) -> None:
        self._app, self._token = app, token.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what may pass."""
        if scope["type"] != "http" or self._is_open(scope["path"]) or self._is_known(Headers(scope=scope)):
            await self._app(scope, receive, send)
            return
        message = "no valid token; send the one that `coterie ui` printed as: Authorization: Bearer TOKEN"
        await answer(401, "access", message, {"WWW-Authenticate": "Bearer"})(scope, receive, send)

    def _is_open(self, path: str) -> bool:
        return path in _OPEN or path.startswith(_PAGES)

    def _is_known(self, headers: Headers) -> bool:
        kind, _, given = headers.get("authorization", "").partition(" ")
        return kind.lower() == "bearer" and compare_digest(given.strip().encode(), self._token)


class Hardened:
    """ASGI middleware: every answer with `SAFE_HEADERS`."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, and add to what comes back."""

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(SAFE_HEADERS)
            await send(message)

        await self._app(scope, receive, with_headers)


def hosts(host: str) -> list[str]:
    """The names under which a server bound to `host` is asked; any, where it listens to the network."""
    return [*_LOOPBACK] if host in ("127.0.0.1", "localhost", "::1") else ["*"]
