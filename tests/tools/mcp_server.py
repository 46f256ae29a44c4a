"""A real MCP server for the tests, written with the official SDK: `mcp_server.py stdio|http PORT|paged`."""

import asyncio
import os
import sys
from typing import Any

from mcp.server import Server
from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import ListToolsResult, PaginatedRequestParams, Tool, ToolAnnotations
from pydantic import BaseModel

server = MCPServer("Test Shop", log_level="ERROR")


class Order(BaseModel):
    order_id: str
    lines: list[str] = []


@server.tool(annotations=ToolAnnotations(read_only_hint=True))
def add(a: int, b: int = 1) -> int:
    """Add two numbers."""
    return a + b


@server.tool(annotations=ToolAnnotations(destructive_hint=True))
def place(order: Order) -> dict[str, Any]:
    """Place an order."""
    return {"placed": order.order_id, "home": os.environ.get("SHOP_HOME")}


@server.tool()
def fail(reason: str) -> str:
    """Fail with a reason."""
    raise ToolError(reason)


@server.tool()
async def sleep(seconds: float) -> str:
    """Answer late."""
    await asyncio.sleep(seconds)
    return "awake"


@server.tool()
def die() -> str:
    """End the server."""
    os._exit(7)


async def list_paged(context: Any, params: PaginatedRequestParams | None) -> ListToolsResult:
    page = int((params.cursor if params else None) or 0)
    schema = {"type": "object", "properties": {}}
    tools = [Tool(name=f"tool_{page}_{number}", input_schema=schema) for number in range(2)]
    return ListToolsResult(tools=tools, next_cursor=str(page + 1) if page < 2 else None)


async def run_paged() -> None:
    from mcp.server.stdio import stdio_server

    paged = Server("paged", on_list_tools=list_paged)
    async with stdio_server() as (read, write):
        await paged.run(read, write, paged.create_initialization_options())


if __name__ == "__main__":
    if sys.argv[1] == "paged":
        asyncio.run(run_paged())
    elif sys.argv[1] == "http":
        server.run("streamable-http", host="127.0.0.1", port=int(sys.argv[2]))
    else:
        server.run("stdio")
