"""Tools: what an agent can do, from a typed Python function or an MCP server to a checked, recorded result.

In the flow: the planner sees `ToolCard`s, the act node calls `execute`, the result is observed and recorded.
"""

from coterie.tools.errors import ToolError
from coterie.tools.ledger import CallKey, Ledger, MemoryLedger, Prior
from coterie.tools.result import ToolResult

__all__ = ["CallKey", "Ledger", "MemoryLedger", "Prior", "ToolError", "ToolResult"]
