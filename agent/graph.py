"""The loop, on one page.

    recall -> plan -> act -> observe -> judge -> (act | replan | finish)
                 \\-> finish (refusal)    replan -> (act | finish)

Each node is a function of the state (plain data) and the run's dependencies; it returns what it changes.
LangGraph checkpoints the state after every node, before the next one starts.
"""

from collections.abc import Awaitable, Callable
from functools import cache
from typing import Any, Protocol

from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.runtime import Runtime

from coterie.agent.deps import Deps
from coterie.agent.nodes.act import act
from coterie.agent.nodes.finish import finish
from coterie.agent.nodes.judge import judge
from coterie.agent.nodes.observe import observe
from coterie.agent.nodes.plan import plan
from coterie.agent.nodes.recall import recall
from coterie.agent.nodes.replan import replan
from coterie.agent.route import after_judge, after_plan
from coterie.agent.state import State, state_hash
from coterie.agent.trace import NodeDone

Loop = CompiledStateGraph[State, Deps, State, State]
Node = Callable[[State, Deps], Awaitable[dict[str, Any]]]

WAVE_NODES = ("act", "observe", "judge")


def build(checkpointer: BaseCheckpointSaver[Any] | None = None) -> Loop:
    """The loop over a checkpointer; compiled once, for a copy costs a hundredth."""
    return _compiled().copy({"checkpointer": checkpointer})


@cache
def _compiled() -> Loop:
    graph = StateGraph(State, context_schema=Deps)
    nodes: tuple[Node, ...] = (recall, plan, act, observe, judge, replan, finish)
    for node in nodes:
        graph.add_node(node.__name__, _traced(node))
    graph.add_edge(START, "recall")
    graph.add_edge("recall", "plan")
    graph.add_conditional_edges("plan", _in_the_loop(after_plan), ["act", "finish"])
    graph.add_edge("act", "observe")
    graph.add_edge("observe", "judge")
    graph.add_conditional_edges("judge", _in_the_loop(after_judge), ["act", "replan", "finish"])
    graph.add_conditional_edges("replan", _in_the_loop(after_plan), ["act", "finish"])
    graph.add_edge("finish", END)
    return graph.compile()


def _in_the_loop(route: Callable[[State], str]) -> Callable[[State], Awaitable[str]]:
    """The route as a coroutine: LangGraph sends a plain function to a thread, which takes longer than the function."""

    async def chosen(state: State) -> str:
        return route(state)

    return chosen


class Traced(Protocol):
    """A node as LangGraph calls it."""

    async def __call__(self, state: State, *, runtime: Runtime[Deps]) -> dict[str, Any]: ...


def _traced(node: Node) -> Traced:
    """The node, announcing its end with the hash of the state it leaves."""
    name = node.__name__

    async def run(state: State, *, runtime: Runtime[Deps]) -> dict[str, Any]:
        changed = await node(state, runtime.context)
        left: State = {**state, **changed}  # type: ignore[typeddict-item]  # a node changes only keys it knows
        step_ids = [call["step_id"] for call in left["wave"]] if name in WAVE_NODES else [state["next_step_id"]]
        await runtime.context.trace.emit(NodeDone(name, step_ids, state_hash(left)))
        return changed

    return run
