"""What the tool tests share: a workspace with tables in it, and a way to run a built-in tool by name."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from coterie.tools import Registry, ToolContext, ToolResult, builtin_tools

Run = Callable[..., Awaitable[ToolResult]]

ORDERS = """Order ID,customer,qty,unit price,status,date
A-1,C1,2,19.99,late,2025-01-03
A-2,C2,1,5.10,ok,2025-01-04
A-3,C1,10,0.10,late,
A-4,C3,3,0.20,ok,2025-02-01
"""
CUSTOMERS = '[{"id": "C1", "name": "Ada", "zip": "00123"}, {"id": "C2", "name": "Bo", "zip": "12345"}]'


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """A folder with orders.csv and customers.json."""
    folder = tmp_path / "workspace"
    folder.mkdir()
    (folder / "orders.csv").write_text(ORDERS)
    (folder / "customers.json").write_text(CUSTOMERS)
    return folder


@pytest.fixture
def run(workspace: Path) -> Run:
    """Run a built-in tool by name in the workspace."""
    registry = Registry(builtin_tools(ToolContext(workspace)))

    async def run_tool(name: str, **arguments: Any) -> ToolResult:
        return await registry.get(name)(arguments)

    return run_tool
