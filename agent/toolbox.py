"""The tools of one run: those that come with Coterie, the ones given, those of files, modules and MCP servers."""

from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from coterie.tools.load import load_tools
from coterie.tools.mcp import connect_mcp

from coterie.agent.remembering import Remembering
from coterie.agent.settings import Settings
from coterie.agent.trace import Trace, Waiting
from coterie.memory.store import Store
from coterie.tools.builtin import ToolContext, builtin_tools
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
        for loaded in load_tools(ref):
            registry.add(loaded)
    for server in settings.mcp:
        await trace.emit(Waiting(f"connecting to the tool server {server}"))
        for remote in await stack.enter_async_context(connect_mcp(server)):
            registry.add(remote)
    if settings.builtin_tools:
        memory = Remembering(store, settings.namespace) if settings.memory else None
        context = ToolContext(workspace, settings.allow_network, memory=memory)
        for builtin in builtin_tools(context):
            if builtin.name not in registry:  # a person's tool takes the place of ours
                registry.add(builtin)
    return registry
