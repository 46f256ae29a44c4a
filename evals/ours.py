"""Our loop as an agent that can be scored: the same code that `coterie run` runs, one episode a session."""

from collections.abc import Mapping
from dataclasses import asdict, fields, replace

from pydantic import JsonValue

from coterie.agent.connect import Connected
from coterie.agent.run import Agent as Loop
from coterie.agent.settings import MACHINE, Settings
from coterie.evals.agents import Assignment, InfrastructureFailure, Limits, transcript
from coterie.memory.records import Episode, ModelRef
from coterie.memory.store import Store
from coterie.model.errors import ModelError

_TOLD_ELSEWHERE = frozenset({"model", "base_url", "seed", *(field.name for field in fields(Limits))})
"""Settings that the run's header has under names of their own."""
OF_A_TRIAL = {"builtin_tools": False, "tools": (), "mcp": (), "approve": "auto", "allow_network": False}
"""Settings that are the same in every trial, whatever is set: the environment's tools are all there are."""


class OurLoop:
    """Each assignment is an episode in the store, in the assignment's namespace; a turn's task has those before it."""

    converses = True

    def __init__(self, settings: Settings, store: Store, connected: Connected) -> None:
        self._settings, self._store, self._connected = settings, store, connected
        self.model: ModelRef = connected.ref

    def settings(self) -> Mapping[str, JsonValue]:
        """Every setting that a score can depend on."""
        left_out = {*MACHINE, *_TOLD_ELSEWHERE, *OF_A_TRIAL, "namespace"}
        return self._settings.model_dump(mode="json", exclude=left_out)

    async def run(self, assignment: Assignment) -> Episode:
        """See `Agent.run`."""
        mine = {
            "home": self._store.home,
            "workspace": assignment.workspace,
            "namespace": assignment.namespace,
            "seed": assignment.seed,
            **OF_A_TRIAL,
            **asdict(assignment.limits),
        }
        assignment.workspace.mkdir(parents=True, exist_ok=True)
        settings = self._settings.model_copy(update=mine)
        loop = Loop(tools=assignment.tools, settings=settings, model=self._connected, store=self._store)
        try:
            return await loop.arun(replace(assignment.task, text=transcript(assignment)))
        except ModelError as error:
            raise InfrastructureFailure(str(error)) from error
