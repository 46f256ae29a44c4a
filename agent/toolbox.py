"""The tools of one run: those that come with Coterie, the ones given, those of files, modules and MCP servers."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from coterie.agent.remembering import Remembering
from coterie.agent.settings import Settings
from coterie.agent.trace import Trace, Waiting
from coterie.memory.store import Store
from coterie.tools.builtin import ToolContext, builtin_tools
from coterie.tools.load import load_tools
from coterie.tools.mcp import connect_mcp
from coterie.tools.registry import Registry
from coterie.tools.tool import Tool, tool


async def collect(
    settings: Settings,
    functions: Sequence[Tool | Callable[..., Any]],
    workspace: Path,
    store: Store,
    stack: AsyncExitStack,
    trace: Trace,
) -> Registry:
    """All tools by name; MCP connections stay open as long as the stack. Raises the tools' DefinitionError."""
    registry = Registry()
    for given in functions:
        registry.add(given if isinstance(given, Tool) else tool(given))
    for ref in settings.tools:
        for loaded in await asyncio.to_thread(load_tools, ref):
            registry.add(loaded)
    for server in settings.mcp:
        for remote in await _connected(server, registry.names(), stack, trace):
            registry.add(remote)
    if settings.builtin_tools:
        memory = Remembering(store, settings.namespace, settings.recall_from) if settings.memory else None
        for builtin in builtin_tools(ToolContext(workspace, settings.allow_network, memory=memory)):
            if builtin.name not in registry:  # a person's tool takes the place of ours
                registry.add(builtin)
    return registry


async def _connected(server: str, taken: Sequence[str], stack: AsyncExitStack, trace: Trace) -> Sequence[Tool]:
    await trace.emit(Waiting(f"connecting to the tool server {server}"))
    return await stack.enter_async_context(connect_mcp(server, taken=taken))
