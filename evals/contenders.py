"""The agents that `coterie eval run` can score, by name.

loop        our loop, with its memory, ledger and checkpoints
caller      plan and act only, for function-calling suites
single      one loop without plan and judgement: the baseline, on the same model
reference   the suite's own solutions: checks a suite and the harness, needs no model
empty       does nothing: what it passes, the suite gives away
langchain   LangChain's create_agent with its SQLite checkpointer, on the same model (optional packages)
smolagents  its ToolCallingAgent, on the same model (optional package)
random      calls random tools with arguments that fit their schemas: the score of chance

`file.py:Class` or `package.module:Class` is an agent of the user's own: see `coterie.evals.own_agent`.
"""

import asyncio

from coterie.agent.connect import Connected, connect
from coterie.agent.errors import UsageError
from coterie.agent.remembering import require_memories
from coterie.agent.settings import Settings
from coterie.agent.trace import Trace
from coterie.evals.agents import Agent, Replay
from coterie.evals.foreign import MODULES, require_framework
from coterie.evals.function_caller import CallerSettings, FunctionCaller
from coterie.evals.langchain_agent import langchain_agent
from coterie.evals.located import SuiteError
from coterie.evals.ours import OurLoop
from coterie.evals.own_agent import everywhere, is_own, own_agent
from coterie.evals.random_agent import RandomTools, empty_agent
from coterie.evals.selftest import solutions_of
from coterie.evals.single_loop import LoopSettings, SingleLoop
from coterie.evals.smolagents_agent import smolagents_agent
from coterie.evals.suite import Suite
from coterie.evals.trial import cannot_do
from coterie.memory.store import Store

CONTENDERS = ("loop", "caller", "single", "reference", "empty", "random", "langchain", "smolagents")


def checked(name: str) -> str:
    """The name as it is kept with a run, understood from any folder. UsageError where it can be no agent's."""
    if name in CONTENDERS:
        return name
    if is_own(name):
        return everywhere(name)
    raise UsageError(f"unknown agent {name!r}; have {', '.join(CONTENDERS)}, or give yours as file.py:Class")


def usual(suite: Suite) -> str:
    """What a suite is scored with when nothing is said: function-calling suites have nothing to observe."""
    return "caller" if suite.name == "bfcl" else "loop"


async def contender(name: str, suite: Suite, settings: Settings, store: Store, grammar: bool = True) -> Agent:
    """The agent of this name, its model server found or started. Raises SuiteError where the suite is not for it.

    UsageError and LoadError say what is wrong with an agent of the user's own.
    """
    if is_own(name):
        return await own_agent(name, settings)
    if name == "reference":
        solutions = solutions_of(suite)
        return Replay(lambda task: solutions[task.name or ""], "reference")
    if name == "empty":
        return empty_agent()
    if name == "random":
        return RandomTools()
    if name in MODULES:
        require_framework(name)
    if name == "caller" and (reason := next(filter(None, (cannot_do(FunctionCaller, t) for t in suite.tasks)), None)):
        raise SuiteError(reason)
    if name == "loop":
        await asyncio.to_thread(require_memories, store, settings.recall_from)
    connected = await connect(settings, None, Trace())
    sampling = LoopSettings(settings.temperature, settings.top_p, settings.max_completion_tokens, settings.memory)
    if name == "loop":
        return OurLoop(settings, store, connected)
    if name == "single":
        return SingleLoop(connected, sampling)
    if name == "langchain":
        return langchain_agent(connected, sampling)
    if name == "smolagents":
        return smolagents_agent(connected, sampling)
    return _caller(settings, connected, grammar)


def _caller(settings: Settings, connected: Connected, grammar: bool) -> FunctionCaller:
    from coterie.model.encoder import tool_encoder

    (_, plain), (_, chosen) = tool_encoder("plain"), tool_encoder(settings.tool_encoder)
    return FunctionCaller(connected.model, _caller_settings(settings, grammar), plain, connected.ref, chosen)


def _caller_settings(settings: Settings, grammar: bool) -> CallerSettings:
    return CallerSettings(
        tool_choice=settings.tool_choice,
        num_candidates=settings.num_candidates,
        candidate_margin=settings.candidate_margin,
        num_tools_shown=settings.num_tools_shown,
        show_relevance=settings.show_relevance,
        ground_arguments=settings.ground_arguments,
        name_options=settings.name_options,
        check_coverage=settings.check_coverage,
        grammar=grammar,
        max_completion_tokens=settings.max_completion_tokens,
        temperature=settings.temperature,
        top_p=settings.top_p,
    )
