"""A tool file as a person writes one, for the command line tests."""

import os
import subprocess

from coterie.tools import ToolError, tool


@tool(effect="read")
def order_status(order_id: str) -> dict[str, str]:
    """Look up an order by its id."""
    if order_id != "A-17":
        raise ToolError(f"no order {order_id!r}; there is 'A-17'")
    return {"id": order_id, "status": "late"}


@tool(effect="read")
def count_orders() -> int:
    """Count the orders, with a program that writes to stdout and a library that does."""
    os.write(1, b"straight to the descriptor\n")
    subprocess.run(["echo", "from a child process"], check=True)
    print("printed")
    return 3
