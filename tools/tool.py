"""`@tool`: a typed Python function becomes something a model can be offered and an agent can call.

    @tool(effect="read")
    def order_status(order_id: str) -> dict[str, str]:
        '''Look up an order by its id.'''

The name, the description and the argument descriptions come from the function and its docstring (Google,
NumPy or reST style) or from `Annotated[..., "text"]`; the JSON Schema from its types.
"""

import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, overload

from pydantic import BaseModel, JsonValue

from coterie.model.chat import JsonSchema, ToolCard
from coterie.tools.arguments import validate
from coterie.tools.call import call_once
from coterie.tools.errors import DefinitionError
from coterie.tools.result import ToolResult
from coterie.tools.signature import read_signature, where, written
from coterie.tools.spec import DEFAULT_TIMEOUT_S, Body, Effect, ToolSpec
from coterie.tools.threads import run_in_thread
from coterie.tools.values import to_json

Function = Callable[..., Any]

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,63}")


@dataclass(frozen=True)
class Tool:
    """A tool: its spec and what runs behind it. `execute` runs it under approval, time limit and ledger."""

    spec: ToolSpec
    body: Body = field(repr=False)
    function: Function | None = field(default=None, repr=False)

    @property
    def name(self) -> str:
        """The name the model calls it by."""
        return self.spec.name

    def card(self) -> ToolCard:
        """What a prompt needs of the tool."""
        return ToolCard(self.spec.name, self.spec.description, self.spec.parameters)

    async def __call__(self, arguments: Mapping[str, Any]) -> ToolResult:
        """Run it at once: validated, timed and captured, but without approval, ledger and truncation."""
        return await call_once(self.spec, self.body, arguments)


@dataclass(frozen=True)
class FunctionBody:
    """A Python function; a sync one runs in its own thread (see `coterie.tools.threads` for what can be stopped)."""

    name: str
    function: Function
    model: type[BaseModel]
    parameters: JsonSchema
    positional: tuple[str, ...] = ()

    def check(self, arguments: object) -> dict[str, Any]:
        """See `Body.check`."""
        return validate(self.name, self.model, self.parameters, arguments)

    async def run(self, checked: dict[str, Any]) -> JsonValue:
        """See `Body.run`; the result is made JSON in the same thread, under the same time limit."""
        arguments = dict(checked)
        leading = [arguments.pop(name) for name in self.positional]
        if _is_async(self.function):
            return to_json(self.name, await self.function(*leading, **arguments))
        return await run_in_thread(
            lambda: to_json(self.name, self.function(*leading, **arguments)), f"tool-{self.name}"
        )


_problems: ContextVar[list[str] | None] = ContextVar("definition_problems", default=None)


@overload
def tool(function: Function, /) -> Tool: ...


@overload
def tool(
    *,
    name: str | None = None,
    description: str | None = None,
    effect: Effect = "write",
    idempotent: bool = False,
    timeout_s: float = DEFAULT_TIMEOUT_S,
) -> Callable[[Function], Tool]: ...


def tool(
    function: Function | None = None,
    /,
    *,
    name: str | None = None,
    description: str | None = None,
    effect: Effect = "write",
    idempotent: bool = False,
    timeout_s: float = DEFAULT_TIMEOUT_S,
) -> Tool | Callable[[Function], Tool]:
    """Make a tool of a typed function, sync or async; DefinitionError says what is wrong with it and where.

    `effect`, `idempotent` and `timeout_s` are as in `ToolSpec`; the safe defaults are a write that must not be
    repeated. An async function runs on the event loop and must not block it.
    """

    def decorate(target: Function) -> Tool:
        try:
            return _defined(target, name, description, effect, idempotent, timeout_s)
        except DefinitionError as error:
            collected = _problems.get()
            if collected is None:
                raise
            collected.extend(str(error).splitlines())
            return target  # type: ignore[return-value]  # only `collected_problems` sees it

    return decorate if function is None else decorate(function)


@contextmanager
def collected_problems() -> Iterator[list[str]]:
    """While open, `@tool` writes definition problems into the list instead of raising the first one."""
    problems: list[str] = []
    token = _problems.set(problems)
    try:
        yield problems
    finally:
        _problems.reset(token)


def _defined(
    function: Function, name: str | None, description: str | None, effect: Effect, idempotent: bool, timeout_s: float
) -> Tool:
    named = name or str(getattr(written(function), "__name__", type(function).__name__))
    place = f"tool {named!r} ({where(function)})"
    if not _NAME.fullmatch(named):
        raise DefinitionError(
            f"{place}: a tool's name has 1 to 64 letters, digits, '_', '-' or '.'; give @tool(name=...)"
        )
    if effect not in ("read", "write", "dangerous"):
        raise DefinitionError(f"{place}: effect {effect!r} is not one of 'read', 'write', 'dangerous'")
    if timeout_s <= 0:
        raise DefinitionError(f"{place}: timeout_s must be above 0, not {timeout_s!r}")
    if inspect.isasyncgenfunction(function):
        raise DefinitionError(f"{place}: an async generator has no one result; return a list instead of yielding")
    signature = read_signature(function)
    spec = ToolSpec(
        name=named,
        description=description or signature.description or named.replace("_", " "),
        parameters=signature.parameters,
        returns=signature.returns,
        effect=effect,
        idempotent=idempotent,
        timeout_s=timeout_s,
        source=where(function),
    )
    body = FunctionBody(named, function, signature.model, signature.parameters, _positional(function))
    return Tool(spec, body, function)


def _is_async(function: Function) -> bool:
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(getattr(function, "__call__", None))  # noqa: B004


def _positional(function: Function) -> tuple[str, ...]:
    parameters = inspect.signature(function).parameters.values()
    return tuple(parameter.name for parameter in parameters if parameter.kind is parameter.POSITIONAL_ONLY)
