"""LangChain's `create_agent` as a contender: ChatOpenAI, its own loop and prompts, and the SQLite checkpointer on.

A trial is a thread of its checkpointer, so earlier sessions and earlier turns are in its chat. What differs from how
its users run it is the endpoint: `coterie.evals.gateway` writes tools and calls in our model's prompt format, holds
turns to a grammar, and decides sampling and limits. Nothing is streamed, and nothing is retried.
"""

from importlib.metadata import version
from typing import Any

import httpx

from coterie.agent.connect import Connected
from coterie.evals.foreign import Bench, ForeignAgent
from coterie.evals.single_loop import LoopSettings
from coterie.tools import Tool

_RECURSION_LIMIT = 10_000  # the gateway ends a trial at its limits


def langchain_agent(connected: Connected, sampling: LoopSettings) -> ForeignAgent:
    """The contender."""
    packages = ("langchain", "langchain-openai", "langgraph", "langgraph-checkpoint-sqlite")
    return ForeignAgent("langchain", _run, connected, {name: version(name) for name in packages}, sampling)


async def _run(bench: Bench) -> str:
    from langchain.agents import create_agent
    from langchain_openai import ChatOpenAI
    from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver
    from pydantic import SecretStr

    database = bench.assignment.workspace.with_name("langgraph.sqlite")
    async with (
        httpx.AsyncClient(trust_env=False, timeout=None) as http,
        AsyncSqliteSaver.from_conn_string(str(database)) as checkpointer,
    ):
        model = ChatOpenAI(
            model=bench.gateway.chat.name,
            base_url=bench.gateway.url,
            api_key=SecretStr("none"),
            max_retries=0,
            http_async_client=http,
        )
        agent = create_agent(model, [_tool(bench, tool) for tool in bench.tools], checkpointer=checkpointer)
        state = await agent.ainvoke(
            {"messages": [{"role": "user", "content": bench.assignment.task.text}]},
            {"configurable": {"thread_id": _thread(bench)}, "recursion_limit": _RECURSION_LIMIT},
        )
    return str(state["messages"][-1].text)


def _thread(bench: Bench) -> str:
    """One for the trial; without memory one for each session, whose turns are named `session@2` and so on."""
    session = (bench.assignment.task.name or "").partition("@")[0]
    return bench.assignment.namespace if bench.memory else f"{bench.assignment.namespace}/{session}"


def _tool(bench: Bench, tool: Tool) -> Any:
    from langchain_core.tools import StructuredTool

    async def call(**arguments: Any) -> str:
        return await bench.call(tool.name, arguments)

    return StructuredTool(
        name=tool.name, description=tool.spec.description, args_schema=tool.spec.parameters, coroutine=call
    )
