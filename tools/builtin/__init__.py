"""The tools that come with Coterie, bound to one workspace.

Their names, descriptions and arguments are part of what the model is trained on: a change is a CHANGELOG line.
"""

from dataclasses import replace

from coterie.tools.builtin.calculate import calculate
from coterie.tools.builtin.context import Limits, MemoryAccess, Recalled, ToolContext
from coterie.tools.builtin.dates import Dates
from coterie.tools.builtin.files import Files
from coterie.tools.builtin.memory import Memory
from coterie.tools.builtin.python import Python
from coterie.tools.builtin.tables import Tables
from coterie.tools.tool import Tool, tool
from coterie.tools.workspace import Workspace

__all__ = ["Limits", "MemoryAccess", "Recalled", "ToolContext", "builtin_tools"]


def builtin_tools(context: ToolContext) -> list[Tool]:
    """The built-in tools for this context; WorkspaceError if its folder cannot be used.

    http_fetch is there only if the network is allowed, remember and recall only if there is a memory.
    """
    workspace = Workspace(context.workspace, context.limits.max_file_bytes)
    tools = Files(workspace).tools() + Tables(workspace, context.limits).tools()
    tools += [tool(effect="read")(calculate), *Dates(context.clock).tools()]
    tools += Python(workspace, context.limits.sandbox).tools()
    if context.memory is not None:
        tools += Memory(context.memory).tools()
    if context.allow_network:
        from coterie.tools.builtin.web import Web  # brings an HTTP client that most runs do without

        tools += Web(context.limits, context.allow_private_addresses).tools()
    return [replace(each, spec=replace(each.spec, source="built in")) for each in tools]
