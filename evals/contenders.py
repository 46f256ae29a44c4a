"""The agents that `coterie eval run` can score, by name.

loop        our loop, with its memory, ledger and checkpoints
caller      plan and act only, for function-calling suites
single      one loop without plan and judgement: the baseline, on the same model
reference   the suite's own solutions: checks a suite and the harness, needs no model
empty       does nothing: what it passes, the suite gives away
langchain   LangChain's create_agent with its SQLite checkpointer, on the same model (optional packages)
smolagents  its ToolCallingAgent, on the same model (optional package)
random      calls random tools with arguments that fit their schemas: the score of chance
"""

from typing import Literal, get_args

from coterie.agent.connect import connect
from coterie.agent.settings import Settings
from coterie.agent.trace import Trace
from coterie.evals.agents import Agent, Replay
from coterie.evals.foreign import MODULES, require_framework
from coterie.evals.function_caller import CallerSettings, FunctionCaller
from coterie.evals.langchain_agent import langchain_agent
from coterie.evals.located import SuiteError
from coterie.evals.ours import OurLoop
from coterie.evals.random_agent import RandomTools, empty_agent
from coterie.evals.selftest import solutions_of
from coterie.evals.single_loop import LoopSettings, SingleLoop
from coterie.evals.smolagents_agent import smolagents_agent
from coterie.evals.suite import Suite
from coterie.evals.trial import cannot_do
from coterie.memory.store import Store
from coterie.tools.registry import SentenceEncoder

Contender = Literal["loop", "caller", "single", "reference", "empty", "random", "langchain", "smolagents"]
CONTENDERS: tuple[Contender, ...] = get_args(Contender)


def usual(suite: Suite) -> Contender:
    """What a suite is scored with when nothing is said: function-calling suites have nothing to observe."""
    return "caller" if suite.name == "bfcl" else "loop"


async def contender(name: Contender, suite: Suite, settings: Settings, store: Store, grammar: bool = True) -> Agent:
    """The agent of this name, its model server found or started. Raises SuiteError where the suite is not for it."""
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
    connected = await connect(settings, None, Trace())
    sampling = LoopSettings(settings.temperature, settings.max_completion_tokens)
    if name == "loop":
        return OurLoop(settings, store, connected)
    if name == "single":
        return SingleLoop(connected, sampling)
    if name == "langchain":
        return langchain_agent(connected, sampling)
    if name == "smolagents":
        return smolagents_agent(connected, sampling)
    return FunctionCaller(connected.model, _caller_settings(settings, grammar), _encoder(), connected.ref)


def _caller_settings(settings: Settings, grammar: bool) -> CallerSettings:
    return CallerSettings(
        tool_choice=settings.tool_choice,
        num_candidates=settings.num_candidates,
        candidate_margin=settings.candidate_margin,
        num_tools_shown=settings.num_tools_shown,
        show_relevance=settings.show_relevance,
        ground_arguments=settings.ground_arguments,
        check_coverage=settings.check_coverage,
        grammar=grammar,
        max_completion_tokens=settings.max_completion_tokens,
        temperature=settings.temperature,
    )


def _encoder() -> SentenceEncoder:
    from coterie.model.encoder import Encoder

    return Encoder.load()
