"""Who may run what: the approval policies behind `--approve auto|ask|deny`.

An approver sees the tool's spec and the validated arguments, just before the intent is written. What a tool
returned or memory recalled cannot change its answer: only the spec and the person decide.
"""

from collections.abc import Awaitable, Callable, Collection
from typing import Any, Literal

from coterie.tools.spec import ToolSpec

Policy = Literal["auto", "ask", "deny"]
Approver = Callable[[ToolSpec, dict[str, Any]], Awaitable[bool]]


def approver(policy: Policy, ask: Approver | None = None, allowed: Collection[str] = ()) -> Approver:
    """The approver of a policy; tools named in `allowed` always may run.

    auto: read and write run, dangerous is refused. ask: read runs, the rest is put to `ask`. deny: only read runs.
    """
    if policy == "ask" and ask is None:
        raise ValueError("policy 'ask' needs somebody to ask: pass ask=, or use 'auto' or 'deny'")

    async def approve(spec: ToolSpec, arguments: dict[str, Any]) -> bool:
        if spec.effect == "read" or spec.name in allowed:
            return True
        if policy == "ask" and ask is not None:
            return await ask(spec, arguments)
        return policy == "auto" and spec.effect == "write"

    return approve
