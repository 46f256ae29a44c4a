"""Tools: what an agent can do, from a typed Python function or an MCP server to a checked, recorded result.

In the flow: the planner sees `ToolCard`s, the act node calls `execute`, the result is observed and recorded.
"""

from coterie.tools.approve import Approver, Policy, approver
from coterie.tools.builtin import Limits, MemoryAccess, Recalled, ToolContext, builtin_tools
from coterie.tools.errors import (
    ArgumentError,
    DefinitionError,
    DuplicateToolError,
    LoadError,
    ToolError,
    ToolUnavailable,
    UnknownToolError,
)
from coterie.tools.execute import Doubt, DoubtResolver, execute
from coterie.tools.ledger import CallKey, Ledger, MemoryLedger, Prior
from coterie.tools.load import check_tools, load_tools
from coterie.tools.mcp import connect_mcp
from coterie.tools.registry import Registry, SentenceEncoder
from coterie.tools.result import ErrorKind, ToolResult
from coterie.tools.sandbox import SandboxLimits
from coterie.tools.spec import Effect, ToolSpec
from coterie.tools.tool import Tool, tool
from coterie.tools.workspace import Workspace, WorkspaceError

__all__ = [
    "Approver",
    "ArgumentError",
    "CallKey",
    "DefinitionError",
    "Doubt",
    "DoubtResolver",
    "DuplicateToolError",
    "Effect",
    "ErrorKind",
    "Ledger",
    "Limits",
    "LoadError",
    "MemoryAccess",
    "MemoryLedger",
    "Policy",
    "Prior",
    "Recalled",
    "Registry",
    "SandboxLimits",
    "SentenceEncoder",
    "Tool",
    "ToolContext",
    "ToolError",
    "ToolResult",
    "ToolSpec",
    "ToolUnavailable",
    "UnknownToolError",
    "Workspace",
    "WorkspaceError",
    "approver",
    "builtin_tools",
    "check_tools",
    "connect_mcp",
    "execute",
    "load_tools",
    "tool",
]
