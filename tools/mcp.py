"""Tools of an MCP server, over stdio (a command) or streamable HTTP (a URL), as ordinary tools.

The server lists its tools once, on connecting; each call goes to the open session. What the server says about
its tools (descriptions, annotations) is a hint from outside: it can make a tool need more approval, and "read
only" is believed only to the extent that the person chose the server. Source: the Model Context Protocol,
through its Python SDK.
"""

import asyncio
import os
import re
import shlex
import threading
from collections.abc import AsyncIterator, Collection, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TextIO

from pydantic import JsonValue

from coterie.model.chat import JsonSchema
from coterie.tools.arguments import validate_by_schema
from coterie.tools.capture import Printed
from coterie.tools.errors import ToolError, ToolUnavailable
from coterie.tools.schema import RecursiveSchemaError, self_contained
from coterie.tools.spec import DEFAULT_TIMEOUT_S, Effect, ToolSpec
from coterie.tools.tool import Tool

if TYPE_CHECKING:
    from mcp import Client, StdioServerParameters
    from mcp.types import CallToolResult
    from mcp.types import Tool as RemoteTool

_CONNECT_S = 30.0
_CLOSE_S = 10.0
_SAID_CHARS = 500
_MAX_PAGES = 100
_Opened = tuple["Client", "list[RemoteTool]"]
_ASSIGNMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*=")


@asynccontextmanager
async def connect_mcp(
    target: str, *, taken: Collection[str] = (), timeout_s: float = DEFAULT_TIMEOUT_S, connect_s: float = _CONNECT_S
) -> AsyncIterator[list[Tool]]:
    """The tools of an MCP server for as long as the context is open.

    `target` is a URL (`http://...`), or a command line with `NAME=value` settings in front if it needs any.
    A tool whose name is in `taken` gets the server's name as a prefix.
    ToolUnavailable if the server does not start, does not answer or is no MCP server.
    """
    opened: asyncio.Future[_Opened] = asyncio.get_running_loop().create_future()
    closing = asyncio.Event()
    session = asyncio.create_task(_session(target, _server(target), opened, closing))
    try:
        client, listed = await _within(opened, target, connect_s)
        name = client.server_info.name if client.server_info else "mcp"
        yield [_tool(client, target, _prefix(name), remote, taken, timeout_s) for remote in listed]
    finally:
        closing.set()
        if not opened.done() or opened.cancelled() or opened.exception():
            session.cancel()
        await asyncio.wait({session}, timeout=_CLOSE_S)


async def _session(
    target: str, server: "str | StdioServerParameters", opened: "asyncio.Future[_Opened]", closing: asyncio.Event
) -> None:
    """Hold the connection, in a task of its own: its cancel scopes must not reach into the caller's."""
    from mcp import Client
    from mcp.client.stdio import stdio_client

    with _listening() as (errlog, said):
        try:
            async with Client(server if isinstance(server, str) else stdio_client(server, errlog)) as client:
                opened.set_result((client, await _listed(client, target)))
                await closing.wait()
        except ToolUnavailable as error:
            _fail(opened, error)
        except Exception as error:
            words = f"; it said: {str(said).strip()[-_SAID_CHARS:]}" if str(said).strip() else ""
            _fail(opened, ToolUnavailable(f"MCP server {target!r} cannot be used: {_innermost(error)}{words}"))


@contextmanager
def _listening() -> Iterator[tuple[TextIO, Printed]]:
    """A stream for a server's stderr, and what it wrote there, bounded: it may not disturb our terminal."""
    reading, writing = os.pipe()
    said = Printed()

    def listen() -> None:
        with open(reading, encoding="utf-8", errors="replace") as lines:
            for line in lines:
                said.write(line)

    threading.Thread(target=listen, name="mcp-stderr", daemon=True).start()
    with open(writing, "w", encoding="utf-8") as errlog:
        yield errlog, said


def _fail(opened: "asyncio.Future[_Opened]", error: ToolUnavailable) -> None:
    if not opened.done():  # later on every call says itself that the server is gone
        opened.set_exception(error)


async def _within(opened: "asyncio.Future[_Opened]", target: str, connect_s: float) -> "_Opened":
    try:
        async with asyncio.timeout(connect_s):
            return await opened
    except TimeoutError:
        raise ToolUnavailable(f"MCP server {target!r} did not answer within {connect_s:g} s") from None


def _server(target: str) -> "str | StdioServerParameters":
    from mcp import StdioServerParameters

    if target.startswith(("http://", "https://")):
        return target
    try:
        words = shlex.split(target)
    except ValueError as error:
        raise ToolUnavailable(f"MCP command {target!r} cannot be read: {error}") from None
    settings = {}
    while words and _ASSIGNMENT.match(words[0]):
        name, _, value = words.pop(0).partition("=")
        settings[name] = value
    if not words:
        raise ToolUnavailable(f"MCP server {target!r} is neither a command nor a URL")
    return StdioServerParameters(command=words[0], args=words[1:], env=settings or None)


async def _listed(client: "Client", target: str) -> "list[RemoteTool]":
    tools: list[RemoteTool] = []
    cursor: str | None = None
    for _ in range(_MAX_PAGES):
        try:
            page = await client.list_tools(cursor=cursor)
        except Exception as error:
            raise ToolUnavailable(f"MCP server {target!r} cannot list its tools: {_innermost(error)}") from error
        tools += page.tools
        cursor = page.next_cursor
        if not cursor:
            return tools
    raise ToolUnavailable(f"MCP server {target!r} lists its tools on more than {_MAX_PAGES} pages")


def _tool(
    client: "Client", target: str, prefix: str, remote: "RemoteTool", taken: Collection[str], timeout_s: float
) -> Tool:
    name = f"{prefix}_{remote.name}" if remote.name in taken else remote.name
    spec = ToolSpec(
        name=name,
        description=remote.description or remote.title or remote.name.replace("_", " "),
        parameters=_parameters(remote.input_schema),
        returns=remote.output_schema,
        effect=_effect(remote),
        idempotent=bool(remote.annotations and remote.annotations.idempotent_hint),
        timeout_s=timeout_s,
        source=f"mcp:{target}",
    )
    return Tool(spec, _RemoteBody(client, target, remote.name, spec))


def _parameters(schema: Mapping[str, Any]) -> JsonSchema:
    try:
        inlined = self_contained(schema)
    except RecursiveSchemaError:
        return dict(schema)  # it still validates; only a grammar cannot use it
    return {"type": "object", "properties": {}, **inlined}


def _effect(remote: "RemoteTool") -> Effect:
    hints = remote.annotations
    if hints is None:
        return "write"
    if hints.read_only_hint:
        return "read"
    return "dangerous" if hints.destructive_hint else "write"


@dataclass(frozen=True)
class _RemoteBody:
    client: "Client" = field(repr=False)
    target: str
    remote_name: str
    spec: ToolSpec

    def check(self, arguments: object) -> dict[str, Any]:
        """See `Body.check`; by the JSON Schema the server gave."""
        return validate_by_schema(self.spec.name, self.spec.parameters, arguments)

    async def run(self, checked: dict[str, Any]) -> JsonValue:
        """See `Body.run`; an error result of the server is a ToolError, a lost server ToolUnavailable."""
        import anyio
        from mcp import MCPError

        try:
            result = await self.client.call_tool(self.remote_name, checked)
        except MCPError as error:
            if _is_gone(error):
                raise ToolUnavailable(f"MCP server {self.target!r} is gone: {error}") from error
            raise ToolError(f"MCP server {self.target!r} refused: {error}") from error
        except (OSError, RuntimeError, anyio.ClosedResourceError, anyio.BrokenResourceError) as error:
            raise ToolUnavailable(f"MCP server {self.target!r} is gone: {_innermost(error)}") from error
        if result.is_error:
            raise ToolError(_text(result) or f"{self.spec.name} failed without saying why")
        return _data(result)


def _is_gone(error: Any) -> bool:
    from mcp.types import CONNECTION_CLOSED

    return bool(error.error.code == CONNECTION_CLOSED)


def _data(result: "CallToolResult") -> JsonValue:
    structured: JsonValue = result.structured_content
    if isinstance(structured, dict):
        return structured["result"] if list(structured) == ["result"] else structured
    return _text(result)


def _text(result: "CallToolResult") -> str:
    return "\n".join(_block_text(block) for block in result.content)


def _block_text(block: Any) -> str:
    if block.type == "text":
        return str(block.text)
    if block.type == "resource" and hasattr(block.resource, "text"):
        return str(block.resource.text)
    where = getattr(block, "uri", "") or getattr(getattr(block, "resource", None), "uri", "")
    return f"[{block.type}{f' {where}' if where else ''}: not shown]"


def _prefix(server: str) -> str:
    return re.sub(r"\W+", "_", server).strip("_").lower() or "mcp"


def _innermost(error: BaseException) -> str:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
