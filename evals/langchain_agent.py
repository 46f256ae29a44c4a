"""LangChain's `create_agent` as a contender, as its users run it: ChatOpenAI, and the SQLite checkpointer on.

A trial is a thread of its checkpointer, so earlier sessions and earlier turns are in its chat.
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
            {"configurable": {"thread_id": bench.assignment.namespace}, "recursion_limit": _RECURSION_LIMIT},
        )
    return str(state["messages"][-1].text)


def _tool(bench: Bench, tool: Tool) -> Any:
    from langchain_core.tools import StructuredTool

    async def call(**arguments: Any) -> str:
        return await bench.call(tool.name, arguments)

    return StructuredTool(
        name=tool.name, description=tool.spec.description, args_schema=tool.spec.parameters, coroutine=call
    )
