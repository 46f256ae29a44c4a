"""An agent of the user's own: `--agent file.py:Class` or `--agent package.module:Class`, a class or a function.

It is called with nothing or, where it takes a parameter, with the model of the run (`Connected`), whose server is then
found or started. What it makes follows `coterie.evals.agents.Agent`; docs/agents.md shows two.
"""

import inspect
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from coterie.agent.connect import connect
from coterie.agent.errors import UsageError
from coterie.agent.settings import Settings
from coterie.agent.trace import Trace
from coterie.evals.agents import Agent
from coterie.evals.code import digest, local
from coterie.memory.records import ModelRef
from coterie.tools.load import load_module


def is_own(name: str) -> bool:
    """Whether the name of an agent says where its code is."""
    return ":" in name


def everywhere(name: str) -> str:
    """The name as it is understood from any folder."""
    where, _, attribute = name.rpartition(":")
    return f"{Path(where).expanduser().resolve()}:{attribute}" if where.endswith(".py") else name


async def own_agent(name: str, settings: Settings) -> Agent:
    """The agent. Raises UsageError or LoadError saying what is wrong with its file, its class or what that makes."""
    maker = _maker(name)
    given = [await connect(settings, None, Trace())] if _takes_the_model(maker, name) else []
    try:
        agent: Agent = maker(*given)
    except Exception as error:  # whatever the user's code raises is told to the user
        raise UsageError(f"the agent {name!r} cannot be made: {type(error).__name__}: {error}") from error
    if faults := list(_faults(agent)):
        raise UsageError(f"{name!r} makes no agent: {'; '.join(faults)}; see docs/agents.md")
    return agent


def own_digest(name: str) -> str:
    """Changes with the code of the agent and of the local modules that it imports."""
    where = name.rpartition(":")[0]
    return digest(local([Path(where if where.endswith(".py") else inspect.getfile(load_module(where)))]))


def _maker(name: str) -> Callable[..., Any]:
    where, _, attribute = name.rpartition(":")
    module = load_module(where)
    maker: object = getattr(module, attribute, None)
    if callable(maker):
        return maker
    have = [key for key, value in vars(module).items() if callable(value) and value.__module__ == module.__name__]
    raise UsageError(f"{where} has no class or function {attribute!r}; have {', '.join(have) or 'none'}")


def _takes_the_model(maker: Callable[..., Any], name: str) -> bool:
    needed = [
        parameter
        for parameter in inspect.signature(maker).parameters.values()
        if parameter.default is parameter.empty
        and parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
    ]
    if len(needed) > 1 or any(parameter.kind is parameter.KEYWORD_ONLY for parameter in needed):
        wants = ", ".join(parameter.name for parameter in needed)
        raise UsageError(f"{name!r} needs {wants}; an agent is made with nothing, or with one argument: the model")
    return bool(needed)


def _faults(agent: Agent) -> Iterator[str]:
    """What it lacks of the protocol, one line each."""
    if not isinstance(getattr(agent, "model", None), ModelRef):
        yield "its `model` is no coterie.memory.records.ModelRef"
    settings = getattr(agent, "settings", None)
    if not callable(settings) or not _is_plain(settings):
        yield "`settings()` gives no dict of plain JSON"
    run = getattr(agent, "run", None)
    if not inspect.iscoroutinefunction(run) or len(inspect.signature(run).parameters) != 1:
        yield "it has no `async def run(self, assignment)`"


def _is_plain(settings: Callable[[], object]) -> bool:
    try:
        given = settings()
        return isinstance(given, dict) and bool(json.dumps(given))
    except (TypeError, ValueError):
        return False
