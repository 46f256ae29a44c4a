"""Our loop as an agent that can be scored: the same code that `coterie run` runs, one episode a session."""

from collections.abc import Mapping
from dataclasses import asdict, replace

from pydantic import JsonValue

from coterie.agent.connect import Connected
from coterie.agent.run import Agent as Loop
from coterie.agent.settings import Settings
from coterie.evals.agents import Assignment, InfrastructureFailure, transcript
from coterie.memory.records import Episode, ModelRef
from coterie.memory.store import Store
from coterie.model.errors import ModelError

_SCORED_ON = ("temperature", "top_p", "max_completion_tokens", "memory", "num_recalled", "max_retries", "max_replans")
_CHOSEN_BY = (
    "max_parallel",
    "num_tools_shown",
    "tool_choice",
    "num_candidates",
    "candidate_margin",
    "show_relevance",
    "ground_arguments",
    "check_coverage",
    "max_result_chars",
)


class OurLoop:
    """Each assignment is an episode in the store, in the assignment's namespace; a turn's task has those before it."""

    converses = True

    def __init__(self, settings: Settings, store: Store, connected: Connected) -> None:
        self._settings, self._store, self._connected = settings, store, connected
        self.model: ModelRef = connected.ref

    def settings(self) -> Mapping[str, JsonValue]:
        """The settings that a score depends on."""
        return {name: getattr(self._settings, name) for name in (*_SCORED_ON, *_CHOSEN_BY)}

    async def run(self, assignment: Assignment) -> Episode:
        """See `Agent.run`."""
        mine = {
            "home": self._store.home,
            "workspace": assignment.workspace,
            "namespace": assignment.namespace,
            "seed": assignment.seed,
            "builtin_tools": False,
            "tools": (),
            "mcp": (),
            "approve": "auto",
            **asdict(assignment.limits),
        }
        assignment.workspace.mkdir(parents=True, exist_ok=True)
        settings = self._settings.model_copy(update=mine)
        loop = Loop(tools=assignment.tools, settings=settings, model=self._connected, store=self._store)
        try:
            return await loop.arun(replace(assignment.task, text=transcript(assignment)))
        except ModelError as error:
            raise InfrastructureFailure(str(error)) from error
