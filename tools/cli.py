"""`coterie tools`: list, show, call and check the tools an agent would have.

Results on stdout (one JSON object with --json), messages on stderr. Exit 0 ok, 1 the tool failed or the file has
problems, 2 usage, 3 a tool server is unavailable.
"""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from coterie.model.errors import SettingsFileError
from coterie.model.location import PREFIX, Switch, switch
from coterie.model.telling import INFRASTRUCTURE, INTERRUPTED, USAGE, fail
from coterie.tools.advice import advice
from coterie.tools.approve import approver
from coterie.tools.builtin import Recalled, ToolContext, builtin_tools
from coterie.tools.capture import clean_stdout
from coterie.tools.errors import DefinitionError, ToolError, ToolUnavailable, UnknownToolError
from coterie.tools.execute import execute
from coterie.tools.ledger import CallKey, MemoryLedger
from coterie.tools.load import check_tools, load_tools
from coterie.tools.mcp import connect_mcp
from coterie.tools.registry import Registry
from coterie.tools.result import ToolResult
from coterie.tools.spec import ToolSpec
from coterie.tools.workspace import WorkspaceError

app = typer.Typer(
    help="The tools an agent can use.", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False
)

Refs = Annotated[list[str] | None, typer.Option("--tools", help="A .py file, a module, or coterie.tools for plug-ins.")]
Servers = Annotated[list[str] | None, typer.Option("--mcp", help="Command or URL of an MCP server.")]
Workspace = Annotated[Path, typer.Option("--workspace", help="The folder that file tools work in.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]
T = TypeVar("T")


@app.command("list")
def list_tools(tools: Refs = None, mcp: Servers = None, workspace: Workspace = Path(), as_json: AsJson = False) -> None:
    """List the built-in tools and those of files, modules and MCP servers; what a run would not offer says so."""
    specs = _run(_with_registry(tools, mcp, workspace, _specs))
    off = _off()
    if as_json:
        fields = ("name", "description", "effect", "source")
        faces = [{field: getattr(spec, field) for field in fields} for spec in specs]
        _print_json({"tools": [face | {"off_unless": off.get(face["name"])} for face in faces]})
        return
    width = max((len(spec.name) for spec in specs), default=0)
    for spec in specs:
        mark = f" (off unless {off[spec.name]})" if spec.name in off else ""
        typer.echo(f"{spec.name:<{width}}  {spec.effect:<9}  {spec.description.splitlines()[0]}{mark}")


@app.command()
def show(
    name: str, tools: Refs = None, mcp: Servers = None, workspace: Workspace = Path(), as_json: AsJson = False
) -> None:
    """Show what a tool does and what it takes."""
    specs = {spec.name: spec for spec in _run(_with_registry(tools, mcp, workspace, _specs, name))}
    spec = specs[name]
    if as_json:
        _print_json(asdict(spec))
        return
    typer.echo(f"{spec.name} ({spec.effect}, {spec.source})\n{spec.description}\n")
    for argument, schema in spec.parameters.get("properties", {}).items():
        typer.echo(_argument_line(spec, argument, schema))


@app.command()
def call(
    name: str,
    arguments: Annotated[list[str] | None, typer.Argument(help="NAME=VALUE, or one JSON object.")] = None,
    tools: Refs = None,
    mcp: Servers = None,
    workspace: Workspace = Path(),
    yes: Annotated[bool, typer.Option("--yes", help="Run it even if it is dangerous.")] = False,
    as_json: AsJson = False,
) -> None:
    """Call a tool and print its result."""
    given = _arguments(arguments or [])

    async def called(registry: Registry) -> ToolResult:
        approve = approver("auto", allowed=[name] if yes else [])
        key = CallKey.of("cli", 1, name, given)
        limit = sys.maxsize
        return await execute(
            registry.get(name), given, approve=approve, ledger=MemoryLedger(), key=key, max_chars=limit
        )

    with clean_stdout():
        result = _run(_with_registry(tools, mcp, workspace, called))
    _print_result(result, as_json)
    raise typer.Exit(1 if result.is_error else 0)


@app.command()
def check(refs: Annotated[list[str], typer.Argument(help="Tool files or modules.")], as_json: AsJson = False) -> None:
    """Check tool files: print every problem, and on stderr what would make the tools easier to use."""
    checked = {ref: check_tools(ref) for ref in refs}
    problems = [f"{ref}: {problem}" for ref, (_, found) in checked.items() for problem in found]
    right = [tool for tools, _ in checked.values() for tool in tools]
    names = [tool.name for tool in right]
    hints = [line for tool in right for line in advice(tool)]
    problems += [f"two tools are called {name!r}" for name in sorted({name for name in names if names.count(name) > 1})]
    if as_json:
        _print_json({"ok": not problems, "tools": names, "problems": problems, "advice": hints})
    else:
        for line in hints:
            typer.echo(line, err=True)
        for line in problems or [f"{len(names)} right: {', '.join(names)}"]:
            typer.echo(line)
    raise typer.Exit(1 if problems else 0)


async def _with_registry(
    refs: list[str] | None,
    servers: list[str] | None,
    workspace: Path,
    use: Callable[[Registry], Awaitable[T]],
    wanted: str = "",
) -> T:
    async with _registry(refs or [], servers or [], workspace) as registry:
        if wanted:
            registry.get(wanted)
        return await use(registry)


@asynccontextmanager
async def _registry(refs: list[str], servers: list[str], workspace: Path) -> AsyncIterator[Registry]:
    registry = Registry(builtin_tools(ToolContext(workspace, allow_network=True, memory=_OfRuns())))
    for ref in refs:
        for tool in load_tools(ref):
            registry.add(tool)
    async with AsyncExitStack() as stack:
        for server in servers:
            for tool in await stack.enter_async_context(connect_mcp(server, taken=registry.names())):
                registry.add(tool)
        yield registry


class _OfRuns:
    """The memory, where no run has opened it: its tools can be looked at."""

    def remember(self, text: str) -> str:
        """Never here."""
        raise ToolError("only a run has its memory open; use: coterie memory add")

    def recall(self, query: str, k: int) -> Sequence[Recalled]:
        """Never here."""
        raise ToolError("only a run has its memory open; use: coterie memory search")


def _off() -> dict[str, str]:
    """The built-in tools that a run with these settings does not offer, and the variable that turns each on."""
    switches: dict[str, Switch] = {"http_fetch": "allow_network", "remember": "memory", "recall": "memory"}
    try:
        return {tool: f"{PREFIX}{name.upper()}=true" for tool, name in switches.items() if not switch(name)}
    except SettingsFileError as error:
        fail(str(error), USAGE)


async def _specs(registry: Registry) -> list[ToolSpec]:
    return [tool.spec for tool in registry]


def _run(work: Coroutine[Any, Any, T]) -> T:
    try:
        return asyncio.run(work)
    except ToolUnavailable as error:
        fail(str(error), INFRASTRUCTURE)
    except (DefinitionError, UnknownToolError, WorkspaceError) as error:
        fail(str(error), USAGE)
    except KeyboardInterrupt:
        fail("interrupted", INTERRUPTED)


def _arguments(given: list[str]) -> dict[str, Any]:
    if len(given) == 1 and given[0].lstrip().startswith("{"):
        try:
            loaded: dict[str, Any] = json.loads(given[0])
        except ValueError as error:
            raise typer.BadParameter(f"not valid JSON: {error}") from None
        return loaded
    wrong = [each for each in given if "=" not in each]
    if wrong:
        raise typer.BadParameter(f"{wrong[0]!r} is neither NAME=VALUE nor a JSON object")
    return {name: _opened(value) for name, _, value in (each.partition("=") for each in given)}


def _opened(value: str) -> Any:
    """Lists, objects and the JSON constants are read as JSON; all else stays text, which the tool's types convert."""
    if value in ("true", "false", "null") or value[:1] in ("[", "{"):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


def _argument_line(spec: ToolSpec, name: str, schema: dict[str, Any]) -> str:
    kind = schema.get("type") or " or ".join(str(option.get("type", "?")) for option in schema.get("anyOf", [{}]))
    choices = f" {schema['enum']}" if "enum" in schema else ""
    needed = "" if name in spec.parameters.get("required", []) else f" (optional, {json.dumps(schema.get('default'))})"
    return f"  {name}: {kind}{choices}{needed}  {schema.get('description', '')}".rstrip()


def _print_result(result: ToolResult, as_json: bool) -> None:
    if as_json:
        _print_json(result.to_json())
        return
    if result.printed and result.text != result.printed.strip():
        typer.echo(result.printed.rstrip(), err=True)
    hint = " (--yes runs it)" if result.error_kind == "refused" else ""
    typer.echo(f"{result.text}{hint}", err=result.is_error)


def _print_json(value: object) -> None:
    typer.echo(json.dumps(value, ensure_ascii=False))
