"""smolagents' `ToolCallingAgent` as a contender, on its OpenAIModel.

It answers through a tool of its own, `final_answer`, which is no tool call of the trial. It keeps nothing between
runs, so earlier sessions and earlier turns are told in the task.
"""

import asyncio
import re
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

import httpx

from coterie.agent.connect import Connected
from coterie.evals.agents import transcript
from coterie.evals.foreign import Bench, ForeignAgent
from coterie.evals.single_loop import LoopSettings
from coterie.model.chat import JsonSchema
from coterie.tools import Tool
from coterie.tools.threads import run_in_thread

_MOST_STEPS = 10_000  # the gateway ends a trial at its limits


def smolagents_agent(connected: Connected, sampling: LoopSettings) -> ForeignAgent:
    """The contender."""
    return ForeignAgent("smolagents", _run, connected, {"smolagents": version("smolagents")}, sampling)


async def _run(bench: Bench) -> str:
    """The framework is synchronous: it runs in a thread, which is left behind when it hangs; its tools run here."""
    loop = asyncio.get_running_loop()

    def call(name: str, arguments: dict[str, Any]) -> str:
        return asyncio.run_coroutine_threadsafe(bench.call(name, arguments), loop).result()

    return await run_in_thread(lambda: _answer(bench, call), "smolagents")


def _answer(bench: Bench, call: Callable[[str, dict[str, Any]], str]) -> str:
    from smolagents import LogLevel, OpenAIModel, ToolCallingAgent

    with httpx.Client(trust_env=False, timeout=None) as http:
        model = OpenAIModel(
            bench.gateway.chat.name,
            api_base=bench.gateway.url,
            api_key="none",
            client_kwargs={"max_retries": 0, "http_client": http},
        )
        agent = ToolCallingAgent(
            [_tool(tool, call) for tool in bench.tools],
            model,
            max_steps=_MOST_STEPS,
            verbosity_level=LogLevel.OFF,
            max_tool_threads=1,
        )
        told = bench.assignment.told_all() if bench.memory else bench.assignment
        return str(agent.run(transcript(told)))


def _tool(tool: Tool, call: Callable[[str, dict[str, Any]], str]) -> Any:
    import smolagents

    class Wrapped(smolagents.Tool):  # type: ignore[misc]
        name = re.sub(r"\W", "_", tool.name)  # it takes Python names only
        description = tool.spec.description
        inputs = _inputs(tool.spec.parameters)
        output_type = "string"
        skip_forward_signature_validation = True

        def forward(self, **arguments: Any) -> str:
            return call(tool.name, arguments)

    return Wrapped()


def _inputs(parameters: JsonSchema) -> dict[str, Any]:
    """The arguments in the framework's own form: each has a type and a description, an optional one is nullable."""
    required = parameters.get("required", ())
    return {
        name: {**schema, "type": schema.get("type", "any"), "description": schema.get("description", name)}
        | ({} if name in required else {"nullable": True})
        for name, schema in parameters.get("properties", {}).items()
    }
